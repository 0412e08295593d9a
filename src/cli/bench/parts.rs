//! The parts of the pipeline alone, each at its best: claims of full groups, rendering without a database, sends without a queue,
//! settlements of full groups. Together they bound what a pipeline made of them can do.

use super::accept::RUNS;
use super::body;
use super::commit::commit;
use super::folder::Folder;
use super::table::{Spread, float};
use crate::catalog::{Catalog, RenderInput};
use crate::db::connect::{OpenOptions, open};
use crate::db::entity::message;
use crate::db::store::attempt::{self, Closed, Opened};
use crate::db::store::message::{self as messages, Move};
use crate::db::{Db, migrate};
use crate::domain::clock::{Clock as _, Ms, SECOND, SystemClock};
use crate::domain::content::{Content, Param, TemplateContent};
use crate::domain::crash::Crash;
use crate::domain::identity::Identity;
use crate::domain::ids::{Ids as _, RandomIds};
use crate::domain::outcome::SendOutcome;
use crate::domain::secret::Secret;
use crate::domain::state::Status;
use crate::outbound::{Outbound, OutboundSettings, Peer};
use crate::provider::{ChannelConfig, Outgoing, Provider, registry};
use crate::queue::{self, Claimed, Job, NewJob};
use crate::sim::whatsapp::Network;
use crate::sim::whatsapp::gupshup::app::App;
use crate::sim::whatsapp::gupshup::template::Template;
use anyhow::{Context as _, Result, ensure};
use futures::StreamExt as _;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Messages in one run.
const MESSAGES: usize = 2_000;
const RENDERS: usize = 20_000;
/// Jobs of a full claim, messages of a full settlement.
const GROUP: usize = 100;
/// Requests on the wire at once.
const AT_ONCE: usize = 64;
const LEASE: Ms = 60 * SECOND;
const PORTALS: usize = 4;
/// No wire call of the service: no crash point of a story.
const POINT: &str = "bench";

/// Messages a second of each part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    /// Claiming.
    pub(super) claim: Spread,
    /// From properties to the provider's request.
    pub(super) render: Spread,
    /// The exchange with the provider.
    pub(super) send: Spread,
    /// Storing what came of it.
    pub(super) settle: Spread,
}

/// Measures all parts but the accept.
pub(super) async fn measure(parent: &Path, network: &Network) -> Result<Parts> {
    let folder = Folder::make(Some(parent))?;
    let url = format!("sqlite://{}", folder.path().join("parts.db").display());
    let db = open(&OpenOptions { create: true, ..OpenOptions::new(url) }, Arc::default()).await?;
    migrate::up(&db).await?;
    let wire = Wire::new(network)?;
    let (mut claim, mut render, mut send, mut settle) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        render.push(wire.render()?);
        send.push(wire.send(run).await?);
        let (claimed, settled) = stored(&db, run).await?;
        claim.push(claimed);
        settle.push(settled);
    }
    db.close().await;
    Ok(Parts { claim: Spread::of(&claim), render: Spread::of(&render), send: Spread::of(&send), settle: Spread::of(&settle) })
}

/// Rendering and sending through a channel of its own.
struct Wire {
    catalog: Catalog,
    provider: &'static dyn Provider,
    channel: ChannelConfig,
    template: TemplateContent,
    outbound: Outbound,
}

impl Wire {
    fn new(network: &Network) -> Result<Self> {
        let mut app = App::new("BenchParts");
        let provider_id = app.add_template(Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} собран и ждёт вас."));
        let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let settings: Map<String, Value> = [text("app_name", &app.name), text("source", &app.source)].into_iter().collect();
        let secrets = BTreeMap::from([("api_key".to_owned(), Secret::new(app.api_key.clone()))]);
        network.add_app(app);
        let template = TemplateContent {
            provider_id,
            name: "order_ready".to_owned(),
            language: "ru".to_owned(),
            category: "UTILITY".to_owned(),
            header: None,
            params: [("1", "Ирина"), ("2", "512")].map(|(key, value)| Param { key: key.to_owned(), value: value.to_owned() }).to_vec(),
            buttons: Vec::new(),
        };
        Ok(Self {
            catalog: Catalog::load().map_err(anyhow::Error::msg)?,
            provider: registry::find("gupshup").context("adapter")?,
            channel: ChannelConfig {
                channel_id: "ch_bench".to_owned(),
                settings,
                secrets,
                bases: BTreeMap::from([("GUPSHUP_URL".to_owned(), network.gupshup_url())]),
                webhook_url: Secret::default(),
                siblings: Vec::new(),
            },
            template,
            outbound: Outbound::new(OutboundSettings { allow_private: true, ..OutboundSettings::default() }, Arc::new(Crash::default()))?,
        })
    }

    fn outgoing(&self, number: usize) -> Outgoing {
        Outgoing {
            message_id: format!("msg_{number}"),
            to: Identity::phone(body::phone(number)),
            content: Content::Template(self.template.clone()),
        }
    }

    fn render(&self) -> Result<f64> {
        let spec = self.catalog.find("send_template").context("send_template")?;
        let (facts, patterns, properties) = (json!({}), Map::new(), body::properties("ch_bench", 1));
        let input = RenderInput {
            properties: properties.as_object().context("properties")?,
            facts: &facts,
            stored_patterns: &patterns,
            lang: "ru",
            time_zone: "Europe/Moscow",
            region: "RU",
        };
        let started = Instant::now();
        for number in 0..RENDERS {
            self.catalog.render(spec, &input).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
            self.provider.build_send(&self.channel, &self.outgoing(number)).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        }
        Ok(rate(RENDERS, started))
    }

    async fn send(&self, run: usize) -> Result<f64> {
        let first = 8_000_000 + run * MESSAGES;
        let requests: Vec<_> = (first..first + MESSAGES)
            .map(|number| self.provider.build_send(&self.channel, &self.outgoing(number)))
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let started = Instant::now();
        let mut answers =
            futures::stream::iter(requests).map(|request| self.outbound.send(POINT, Peer::Provider, request)).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            let outcome = self.provider.read_send(&answer?);
            ensure!(matches!(outcome, SendOutcome::Accepted { .. }), "the provider did not accept: {outcome:?}");
        }
        Ok(rate(MESSAGES, started))
    }
}

/// Claims full groups and settles them; claims and settlements a second.
async fn stored(db: &Db, run: usize) -> Result<(f64, f64)> {
    for number in 0..PORTALS {
        fill(db, &format!("portal{number}"), run).await?;
    }
    let started = Instant::now();
    let mut groups = Vec::new();
    loop {
        let claimed = queue::claim(db, &RandomIds, &queue::all_shards(), SystemClock.now(), LEASE, 400).await?;
        if claimed.is_empty() {
            break;
        }
        groups.extend(claimed);
    }
    let claim = rate(MESSAGES, started);
    let count: usize = groups.iter().map(|group| group.jobs.len()).sum();
    ensure!(count == MESSAGES, "{count} of {MESSAGES} jobs were claimed");
    let mut chunks = Vec::new();
    for group in &groups {
        let ids: Vec<String> = group.jobs.iter().filter_map(message_id).collect();
        chunks.push((group, messages::list(db.read(), &group.portal, &ids).await?));
    }
    let started = Instant::now();
    for (group, rows) in &chunks {
        settle(db, &group.portal, &group.jobs, rows).await?;
    }
    Ok((claim, rate(MESSAGES, started)))
}

fn message_id(job: &Claimed) -> Option<String> {
    match &job.job {
        Job::Deliver { message_id } => Some(message_id.clone()),
        _ => None,
    }
}

/// Messages on the wire with their open attempts, and the jobs that move them.
async fn fill(db: &Db, portal: &str, run: usize) -> Result<()> {
    let now = SystemClock.now();
    let rows: Vec<message::Model> = (0..MESSAGES / PORTALS).map(|number| row(portal, run, number, now)).collect();
    let jobs: Vec<NewJob> = rows.iter().map(|row| NewJob::at(portal, Job::Deliver { message_id: row.id.clone() }, now)).collect();
    let attempts: Vec<Opened> =
        rows.iter().map(|row| Opened { message_id: row.id.clone(), number: 1, lease_id: "lease".to_owned() }).collect();
    let tx = db.begin().await?;
    messages::insert_many(&tx, portal, &rows).await?;
    attempt::open_many(&tx, portal, &attempts, now).await?;
    queue::enqueue(&tx, &RandomIds, now, &jobs).await?;
    Ok(commit(tx).await?)
}

fn row(portal: &str, run: usize, number: usize, now: Ms) -> message::Model {
    let to = Identity::phone(body::phone(run * MESSAGES + number));
    message::Model {
        id: RandomIds.id("msg", now),
        portal: portal.to_owned(),
        channel_id: "ch_bench".to_owned(),
        conversation_id: RandomIds.id("conv", now),
        call_id: Some(RandomIds.id("call", now)),
        direction: "out".to_owned(),
        kind: "template".to_owned(),
        content: json!({"kind": "template", "name": "order_ready", "language": "ru", "params": ["Ирина", "512"]}).to_string(),
        rendered_text: "Здравствуйте, Ирина! Заказ 512 собран и ждёт вас.".to_owned(),
        identity: json!(to).to_string(),
        recipient: to.phone.unwrap_or_default(),
        provider_id: None,
        wa_id: None,
        status: Status::Sending.as_str().to_owned(),
        error: None,
        attempts: 1,
        cost_amount: None,
        cost_currency: None,
        cost_source: None,
        document_entity: None,
        document_id: None,
        reply_id: None,
        reply_title: None,
        reply_to: None,
        created_at: now,
        queued_at: Some(now),
        sending_at: Some(now),
        accepted_at: None,
        sent_at: None,
        delivered_at: None,
        read_at: None,
        failed_at: None,
        received_at: None,
    }
}

async fn settle(db: &Db, portal: &str, jobs: &[Claimed], rows: &[message::Model]) -> Result<()> {
    let now = SystemClock.now();
    let moves: Vec<Move> = rows
        .iter()
        .map(|row| Move::new(row, Status::Accepted, now).map(|step| Move { provider_id: Some(RandomIds.id("gs", now)), ..step }))
        .collect::<Result<_, _>>()?;
    let closed: Vec<Closed> = rows
        .iter()
        .map(|row| Closed {
            message_id: row.id.clone(),
            number: 1,
            outcome: "accepted",
            http_status: Some(202),
            provider_code: None,
            text: None,
            retry_after_ms: None,
        })
        .collect();
    let tx = db.begin().await?;
    let moved = messages::move_many(&tx, portal, &moves).await?;
    ensure!(moved.len() == rows.len() && rows.len() <= GROUP, "{} of {} messages were settled", moved.len(), rows.len());
    attempt::close_many(&tx, portal, &closed, now).await?;
    queue::complete(&tx, &jobs.iter().collect::<Vec<_>>()).await?;
    Ok(commit(tx).await?)
}

fn rate(count: usize, since: Instant) -> f64 {
    float(count) / since.elapsed().as_secs_f64()
}
