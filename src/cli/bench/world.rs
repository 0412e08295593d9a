//! A service with everything around it: simulated portals, a simulated WhatsApp network, channels and templates, set up as people do it.

use super::folder::Folder;
use super::process::Settings;
use super::service::Service;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::ids::{Ids as _, RandomIds};
use crate::sim::portal::{AuthServer, Bucket, Document, Portal, PortalConfig};
use crate::sim::whatsapp::gupshup::app::{App, Subscription};
use crate::sim::whatsapp::gupshup::template::Template;
use crate::sim::whatsapp::{Config, Network, Pace};
use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for a step of setting up.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);
/// A portal that was asked nothing for so long has nothing to be set up any more.
const QUIET: Duration = Duration::from_secs(5);
/// Calls under way at once when many are fired.
const WIDTH: usize = 48;

/// The template of all messages.
pub(super) const TEMPLATE: &str = "order_ready:ru";

/// What a world is made of.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Simulated portals.
    pub(super) portals: usize,
    /// Real time that an answer takes in the portal.
    pub(super) resume: Duration,
    /// Requests a second that portal and service agree on.
    pub(super) rate: u32,
    /// Settings beyond the usual.
    pub(super) settings: Settings,
    /// Another database than a SQLite file.
    pub(super) database: Option<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { portals: 1, resume: Duration::ZERO, rate: 2, settings: Settings::new(), database: None }
    }
}

/// The world. Everything in it ends when it is dropped.
#[derive(Debug)]
pub(super) struct World {
    /// Portals.
    pub(super) portals: Vec<Portal>,
    /// The network.
    pub(super) network: Network,
    /// The service.
    pub(super) service: Service,
    /// Removed last.
    pub(super) folder: Folder,
}

impl World {
    /// Starts the simulators; the service is not running yet.
    pub(super) fn set(parent: &Path, plan: Plan) -> Result<Self> {
        let folder = Folder::make(Some(parent))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let auth = AuthServer::start(Arc::clone(&clock))?;
        let bucket = Some(Bucket { drain_per_second: plan.rate, burst: 50 });
        let config = PortalConfig { resume: plan.resume, bucket, ..PortalConfig::beside(&auth) };
        let portals = (0..plan.portals).map(|_| Portal::start(Arc::clone(&clock), config.clone())).collect::<Result<Vec<_>, _>>()?;
        let pace = Pace { enqueued_ms: 0, sent_ms: 0, delivered_ms: 0, read_ms: 0, inbound_hold_ms: 0, retry_ms: 1_000 };
        let network = Network::start(clock, Config { pace, ..Config::default() })?;
        let service = service(&folder, &auth, &config, &network, plan)?;
        Ok(Self { portals, network, service, folder })
    }

    /// The first portal.
    pub(super) fn portal(&self) -> Result<&Portal> {
        self.portals.first().context("no portal")
    }

    /// An administrator of each portal installs the application.
    pub(super) async fn install(&self) -> Result<()> {
        for portal in &self.portals {
            let page = portal.open_installer(&format!("{}/b24/install", self.service.origin()), 1).await?;
            ensure!(page.status == 200, "POST /b24/install: {}; {}", page.status, self.service.last_lines());
            portal.finish_install();
        }
        Ok(())
    }

    /// Connects this many channels to a portal, with the template synced; returns their ids.
    pub(super) async fn channels(&self, portal: &Portal, count: usize) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for number in 0..count {
            let template = Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} собран и ждёт вас.");
            let member: String = portal.member_id().chars().take(8).collect();
            let app = App::new(&format!("Bench{member}{number}")).with_templates([template]);
            let settings = json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key});
            let body = json!({"kind": "gupshup", "name": app.name, "settings": settings});
            let desk = self.network.add_app(app);
            let made = self.post(portal, "/channels", &body).await?;
            let text =
                |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("channel without {name}"));
            // Only what a measure asks for flows back: `Network::deliver_events`.
            desk.put_subscription(Subscription {
                url: text("webhook_url")?,
                modes: vec!["DELIVERED".to_owned()],
                ..Subscription::default()
            });
            ids.push(text("id")?);
        }
        for id in &ids {
            self.post(portal, &format!("/channels/{id}/templates/sync"), &json!({})).await?;
        }
        for id in &ids {
            let path = format!("/api/v1/portals/{}/channels/{id}/templates", portal.member_id());
            until("templates are synced", PATIENCE, async || {
                let list = self.service.operator.get(&path).await.ok()?;
                let approved = |row: &Value| row.get("status").and_then(Value::as_str) == Some("APPROVED");
                list.body.get("items")?.as_array()?.iter().any(approved).then_some(())
            })
            .await?;
        }
        Ok(ids)
    }

    async fn post(&self, portal: &Portal, path: &str, body: &Value) -> Result<Value> {
        let answer = self.service.operator.post(&format!("/api/v1/portals/{}{path}", portal.member_id()), body).await?;
        ensure!((200..300).contains(&answer.status), "POST {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Waits until the robots are registered and no portal is asked anything any more.
    pub(super) async fn quiet(&self) -> Result<()> {
        for portal in &self.portals {
            until("robots are registered", PATIENCE, async || {
                portal.robots().iter().any(|robot| robot.code == "send_template").then_some(())
            })
            .await?;
        }
        let count = || self.portals.iter().map(Portal::request_count).sum::<usize>();
        let (mut seen, mut since, began) = (count(), Instant::now(), Instant::now());
        while since.elapsed() < QUIET {
            ensure!(began.elapsed() < PATIENCE, "the portals are still asked after {PATIENCE:?}");
            tokio::time::sleep(LOOK).await;
            if count() != seen {
                (seen, since) = (count(), Instant::now());
            }
        }
        Ok(())
    }

    /// Fires a robot many times at once; every call is answered 200.
    pub(super) async fn fire_many(&self, portal: &Portal, count: usize, make: impl Fn(usize) -> (Document, Value)) -> Result<()> {
        let before = portal.deliveries().len();
        let mut fired = futures::stream::iter(0..count)
            .map(|index| {
                let (document, properties) = make(index);
                async move { portal.fires("send_template", document, properties).await }
            })
            .buffer_unordered(WIDTH);
        while let Some(step) = fired.next().await {
            step?;
        }
        let accepted = portal.deliveries().iter().skip(before).filter(|delivery| delivery.accepted()).count();
        ensure!(accepted == count, "{accepted} of {count} calls were answered 2xx; {}", self.service.last_lines());
        Ok(())
    }
}

fn service(folder: &Folder, auth: &AuthServer, config: &PortalConfig, network: &Network, plan: Plan) -> Result<Service> {
    let home = folder.path();
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
    let operator_token = RandomIds.token();
    let key = base64::engine::general_purpose::STANDARD.encode(hex::decode(RandomIds.token())?);
    let database = plan.database.unwrap_or_else(|| format!("sqlite://{}", home.join("courier24.db").display()));
    let mut settings = vec![
        ("DATABASE_URL", database),
        ("LISTEN", address.clone()),
        ("PUBLIC_URL", format!("http://{address}")),
        ("MASTER_KEY", key),
        ("OPERATOR_TOKEN", operator_token.clone()),
        ("BITRIX_CLIENT_ID", config.client_id.clone()),
        ("BITRIX_CLIENT_SECRET", config.client_secret.clone()),
        ("BITRIX_AUTH_HOSTS", auth.origin()),
        ("BITRIX_RATE", plan.rate.to_string()),
        ("GUPSHUP_URL", network.gupshup_url()),
        ("GUPSHUP_PARTNER_URL", network.gupshup_partner_url()),
        ("ALLOW_PRIVATE_NETWORK", "true".to_owned()),
        ("MEDIA_DIR", home.join("media").display().to_string()),
    ];
    settings.extend(plan.settings);
    Service::new(home, &address, &operator_token, settings)
}

/// Looks until `look` sees something.
///
/// # Errors
/// It did not come in time.
pub(super) async fn until<T>(what: &str, patience: Duration, look: impl AsyncFn() -> Option<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        if began.elapsed() > patience {
            bail!("not seen in {} s: {what}", patience.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}
