//! Channels against the simulated network: connecting, reading templates, opt-in, files of headers.

use crate::support::database::TestDb;
use courier24::bitrix::{Access, Bitrix, BitrixSettings, Observation, TokenError, TokenStore};
use courier24::catalog::Catalog;
use courier24::db::crypto::Sealer;
use courier24::db::store;
use courier24::db::store::portal::Install;
use courier24::domain::clock::{Clock, HOUR, ManualClock, Ms};
use courier24::domain::content::{Content, HeaderValue, MediaKind, MediaRef, TemplateContent};
use courier24::domain::crash::Crash;
use courier24::domain::document::CrmItem;
use courier24::domain::ids::{Ids, RandomIds};
use courier24::domain::refusal::Code;
use courier24::domain::secret::Secret;
use courier24::flow::accepter::Accepter;
use courier24::flow::channel::{self, ChannelChange, ChannelError, NewChannel};
use courier24::flow::media::{self, MediaFault};
use courier24::flow::pace::Pace;
use courier24::flow::portal_cache::PortalCache;
use courier24::flow::{Ctx, FlowSettings, JobError, mark_opt_in, sync_templates};
use courier24::outbound::{Outbound, OutboundSettings};
use courier24::queue::{self, Group, Job, NewJob};
use courier24::sim::whatsapp::Network;
use courier24::sim::whatsapp::config::Config;
use courier24::sim::whatsapp::fault::Fault;
use courier24::sim::whatsapp::gupshup::template::Template;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;

const PORTAL: &str = "b24member0001";
const START: Ms = 1_791_000_000_000;

#[derive(Debug)]
struct FixedToken(String);

impl TokenStore for FixedToken {
    fn access<'a>(&'a self, _portal: &'a str) -> BoxFuture<'a, Result<Access, TokenError>> {
        let access =
            Access { client_endpoint: self.0.clone(), server_endpoint: self.0.clone(), access_token: Secret::new("t0ken"), version: 1 };
        Box::pin(std::future::ready(Ok(access)))
    }
    fn access_while_paused<'a>(&'a self, portal: &'a str) -> BoxFuture<'a, Result<Access, TokenError>> {
        self.access(portal)
    }
    fn refresh<'a>(&'a self, portal: &'a str, _stale: i64) -> BoxFuture<'a, Result<Access, TokenError>> {
        self.access(portal)
    }
    fn renamed<'a>(&'a self, _portal: &'a str, _client_endpoint: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
    fn observed<'a>(&'a self, _portal: &'a str, _version: i64, _observation: Observation) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A few paths of a portal and of a file host: (path prefix, content type, body).
async fn files(answers: Vec<(&'static str, Vec<u8>)>) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let answers = answers.clone();
            tokio::spawn(async move {
                let (mut head, mut buffer) = (Vec::new(), [0_u8; 4_096]);
                while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => head.extend_from_slice(&buffer[..read]),
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                let found = answers.iter().find(|(prefix, _)| path.starts_with(prefix));
                let (status, body) = found.map_or(("404 N", &b""[..]), |(_, body)| ("200 OK", body.as_slice()));
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
            });
        }
    });
    format!("http://{address}")
}

struct Stage {
    ctx: Ctx,
    clock: Arc<ManualClock>,
    network: Network,
    _db: TestDb,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new(portal_url: &str) -> Self {
        let clock = Arc::new(ManualClock::starting_at(START));
        let network = Network::start(clock.clone(), Config::with_app("TorgBot")).unwrap();
        let db = TestDb::sqlite().await;
        let folder = tempfile::tempdir().unwrap();
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let settings = OutboundSettings { allow_private: true, total_timeout: Duration::from_secs(5), ..OutboundSettings::default() };
        let outbound = Outbound::new(settings, Arc::new(Crash::default())).unwrap();
        let bitrix = BitrixSettings { rate: 50, burst: 1_000, allow_private: true, auth_hosts: Vec::new(), shard_of: queue::shard_of };
        let tokens = Arc::new(FixedToken(format!("{portal_url}/rest/")));
        let wake = Arc::new(Notify::new());
        let sealer = Arc::new(Sealer::new(&Secret::new("A".repeat(43) + "="), &[]).unwrap());
        courier24::db::canary::unlock(&db.db, &sealer, ids.as_ref()).await.unwrap();
        let (accepter, _writer) = Accepter::start(db.db.clone(), ids.clone(), clock.clone(), wake.clone());
        let bases = [("GUPSHUP_URL", network.gupshup_url()), ("GUPSHUP_PARTNER_URL", network.gupshup_partner_url())];
        let ctx = Ctx {
            bitrix: Bitrix::new(outbound.clone(), clock.clone(), tokens, bitrix),
            catalog: Arc::new(Catalog::load().unwrap()),
            turns: Arc::default(),
            rejections: Arc::default(),
            settings: Arc::new(FlowSettings {
                public_url: "http://127.0.0.1:1".to_owned(),
                client_id: String::new(),
                client_secret: Secret::default(),
                auth_hosts: Vec::new(),
                provider_bases: bases.into_iter().map(|(name, url)| (name.to_owned(), url)).collect(),
                allow_private: true,
                media_dir: folder.path().to_owned(),
                media_max_bytes: 1_000,
                pages: false,
                hold_sends: false,
                boot_id: "boot".to_owned(),
            }),
            db: db.db.clone(),
            clock: clock.clone(),
            ids,
            outbound,
            portals: Arc::new(PortalCache::new(db.db.clone(), sealer.clone(), clock.clone())),
            sealer,
            wake,
            accepter,
            stages: Arc::default(),
            pace: Arc::new(Pace::default()),
        };
        let stage = Self { ctx, clock, network, _db: db, _folder: folder };
        stage.install(portal_url).await;
        stage
    }

    async fn install(&self, portal_url: &str) {
        let install = Install {
            domain: portal_url.trim_start_matches("http://").to_owned(),
            client_endpoint: format!("{portal_url}/rest/"),
            server_endpoint: format!("{portal_url}/rest/"),
            application_token: Some("x".to_owned()),
            access_token: "x".to_owned(),
            refresh_token: "x".to_owned(),
            access_expires_at: START + HOUR,
            seed_hash: "x".to_owned(),
            installer_user_id: "1".to_owned(),
            lang: "ru".to_owned(),
            scope: "crm".to_owned(),
            license: None,
            app_version: None,
        };
        let tx = self.ctx.db.begin().await.unwrap();
        store::portal::save_install(&*tx, PORTAL, &install, START).await.unwrap();
        tx.commit("test.install").await.unwrap();
    }

    async fn connect(&self, extra: Value) -> String {
        let app = self.network.app("TorgBot").settings();
        let mut settings = json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key});
        settings.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let new = NewChannel { kind: "gupshup".to_owned(), name: "Sales".to_owned(), settings };
        let created = channel::create(&self.ctx, PORTAL, new).await.unwrap();
        assert!(created.webhook_url.starts_with(&format!("http://127.0.0.1:1/hooks/gupshup/{}/", created.id)));
        created.id
    }

    /// Due jobs of a kind, claimed; those of other kinds are over.
    async fn due(&self, kind: &str) -> Vec<Group> {
        let shards: Vec<i64> = (0..64).collect();
        let mut wanted = Vec::new();
        loop {
            let groups = queue::claim(&self.ctx.db, self.ctx.ids.as_ref(), &shards, self.clock.now(), 60_000, 100).await.unwrap();
            if groups.is_empty() {
                return wanted;
            }
            for group in groups {
                if group.jobs.iter().any(|job| job.job.kind() == kind) {
                    wanted.push(group);
                    continue;
                }
                let tx = self.ctx.db.begin().await.unwrap();
                queue::complete(&tx, &group.jobs.iter().collect::<Vec<_>>()).await.unwrap();
                tx.commit("test.other").await.unwrap();
            }
        }
    }

    async fn state(&self, id: &str) -> String {
        store::channel::find_any(self.ctx.db.read(), PORTAL, id).await.unwrap().unwrap().state
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connected_channel_reads_its_templates_and_marks_what_is_gone() {
    let stage = Stage::new("http://127.0.0.1:2").await;
    let desk = stage.network.app("TorgBot");
    for number in 0..230 {
        desk.add_template(Template::new(&format!("bulk_{number}"), "ru", "Здравствуйте, {{1}}!"));
    }
    let order = desk.add_template(Template::new("order_ready", "ru", "Заказ {{1}} готов").header_media("DOCUMENT"));
    let id = stage.connect(json!({})).await;
    assert_eq!(stage.state(&id).await, "new");
    for group in stage.due("sync_templates").await {
        assert_eq!(sync_templates::handle(&stage.ctx, group).await.len(), 0);
    }
    assert_eq!(stage.state(&id).await, "connected");
    let rows = store::template::list(stage.ctx.db.read(), PORTAL, &id).await.unwrap();
    assert_eq!(rows.len(), 231);
    let found = store::template::find(stage.ctx.db.read(), PORTAL, &id, "order_ready:ru").await.unwrap().unwrap();
    assert_eq!(
        (found.provider_id.as_str(), found.header_kind.as_deref(), found.param_keys.as_str()),
        (order.as_str(), Some("document"), "[\"1\"]")
    );
    desk.change(|app| app.templates.retain(|template| template.id != order));
    let synced = sync_templates::sync(&stage.ctx, PORTAL, &id).await.unwrap();
    assert_eq!((synced.total, synced.vanished), (230, 1));
    assert!(store::template::find(stage.ctx.db.read(), PORTAL, &id, "order_ready:ru").await.unwrap().is_none());
    // The next reading is a day away.
    stage.clock.advance(25 * HOUR);
    assert_eq!(stage.due("sync_templates").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_waited_for_and_a_wrong_key_stops_the_channel() {
    let stage = Stage::new("http://127.0.0.1:2").await;
    let id = stage.connect(json!({})).await;
    let group = stage.due("sync_templates").await.remove(0);
    let limited = Fault::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: r#"{"status":"error","message":"Too Many Requests"}"#.to_owned(),
        content_type: "application/json".to_owned(),
    };
    stage.network.fault_next("/template", limited);
    let leftover = sync_templates::handle(&stage.ctx, group).await;
    assert!(matches!(&leftover[0].1, JobError::Retry { after_ms: Some(7_000), .. }), "{leftover:?}");
    let wrong = json!({"api_key": "wrong"});
    channel::update(&stage.ctx, PORTAL, &id, ChannelChange { settings: Some(wrong), ..ChannelChange::default() }).await.unwrap();
    let refused = sync_templates::sync(&stage.ctx, PORTAL, &id).await;
    assert!(refused.is_err());
    assert_eq!(stage.state(&id).await, "auth_failed");
    let right = json!({"api_key": stage.network.app("TorgBot").settings().api_key});
    channel::update(&stage.ctx, PORTAL, &id, ChannelChange { settings: Some(right), ..ChannelChange::default() }).await.unwrap();
    sync_templates::sync(&stage.ctx, PORTAL, &id).await.unwrap();
    assert_eq!(stage.state(&id).await, "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_channel_registers_its_webhook() {
    let hooks = files(vec![("/hooks/", Vec::new())]).await;
    let mut stage = Stage::new("http://127.0.0.1:2").await;
    let mut settings = FlowSettings::clone(&stage.ctx.settings);
    settings.public_url = hooks;
    stage.ctx.settings = Arc::new(settings);
    let app = stage.network.app("TorgBot").settings();
    let new = NewChannel {
        kind: "gupshup".to_owned(),
        name: "Partner".to_owned(),
        settings: json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key, "partner_token": app.partner_token}),
    };
    let created = channel::create(&stage.ctx, PORTAL, new).await.unwrap();
    let group = stage.due("sync_templates").await.remove(0);
    let leftover = sync_templates::handle(&stage.ctx, group).await;
    assert!(leftover.is_empty(), "{leftover:?}");
    assert_eq!(stage.state(&created.id).await, "connected");
    assert!(stage.network.app("TorgBot").settings().subscriptions.iter().any(|own| own.url == created.webhook_url));
    let secret = created.webhook_url.rsplit('/').next().unwrap();
    assert!(channel::for_hook(&stage.ctx, "gupshup", &created.id, secret).await.unwrap().is_some());
    assert!(
        channel::for_hook(&stage.ctx, "gupshup", &created.id, &secret.replace(|c: char| c.is_ascii_digit(), "0")).await.unwrap().is_none()
    );
    assert!(channel::for_hook(&stage.ctx, "waha", &created.id, secret).await.unwrap().is_none());
    assert!(channel::for_hook(&stage.ctx, "gupshup", "ch_none", secret).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_reach_the_robots_once_and_a_deleted_channel_is_gone_from_use() {
    let stage = Stage::new("http://127.0.0.1:2").await;
    let id = stage.connect(json!({"partner_token": "sk_x"})).await;
    let change =
        ChannelChange { name: Some(" Support ".to_owned()), settings: Some(json!({"partner_token": null})), ..ChannelChange::default() };
    channel::update(&stage.ctx, PORTAL, &id, change).await.unwrap();
    let loaded = channel::load(&stage.ctx, PORTAL, &id).await.unwrap().unwrap();
    assert_eq!((loaded.row.name.as_str(), loaded.config.secret("partner_token").is_empty()), ("Support", true));
    assert!(!loaded.row.secrets.contains(loaded.config.secret("api_key").expose()));
    assert_eq!(stage.due("register").await.len(), 0, "collected for two seconds");
    stage.clock.advance(2_000);
    assert_eq!(stage.due("register").await.len(), 1);
    let rename = |name: &str| ChannelChange { name: Some(name.to_owned()), ..ChannelChange::default() };
    let refused = channel::update(&stage.ctx, PORTAL, &id, rename(" ")).await;
    assert!(matches!(refused, Err(ChannelError::Settings(error)) if error.field == "name" && error.reason == "required"));
    assert!(matches!(channel::update(&stage.ctx, "other", &id, rename("x")).await, Err(ChannelError::NotFound)));
    assert!(matches!(channel::disconnect(&stage.ctx, "other", &id).await, Err(ChannelError::NotFound)));
    channel::disconnect(&stage.ctx, PORTAL, &id).await.unwrap();
    assert!(channel::load(&stage.ctx, PORTAL, &id).await.unwrap().is_none());
    assert!(matches!(channel::disconnect(&stage.ctx, PORTAL, &id).await, Err(ChannelError::NotFound)));
    assert_eq!(store::channel::names(stage.ctx.db.read(), PORTAL).await.unwrap(), [(id, "Support".to_owned())].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_put_on_the_opt_in_list_once() {
    let stage = Stage::new("http://127.0.0.1:2").await;
    let id = stage.connect(json!({"mark_opt_in": "before_first_template"})).await;
    let loaded = channel::load(&stage.ctx, PORTAL, &id).await.unwrap().unwrap();
    let template = Content::Template(template(None));
    for _ in 0..2 {
        mark_opt_in::before_send(&stage.ctx, &loaded, "79160000001", &template).await.unwrap();
    }
    let text = Content::Text { body: "x".to_owned(), preview_link: false };
    mark_opt_in::before_send(&stage.ctx, &loaded, "79160000002", &text).await.unwrap();
    let told = || stage.network.requests().iter().filter(|request| request.path.contains("/opt/in/")).count();
    assert_eq!(told(), 1);
    assert!(stage.network.app("TorgBot").opt_ins()["79160000001"].opted_in);
    let job = mark_opt_in::on_consent(&loaded, "79160000003", stage.clock.now()).unwrap();
    let tx = stage.ctx.db.begin().await.unwrap();
    queue::enqueue(&tx, stage.ctx.ids.as_ref(), stage.clock.now(), &[job]).await.unwrap();
    tx.commit("test.consent").await.unwrap();
    for group in stage.due("mark_opt_in").await {
        assert!(mark_opt_in::handle(&stage.ctx, group).await.is_empty());
    }
    assert_eq!(told(), 2);
    assert!(store::opt_in_mark::exists(stage.ctx.db.read(), PORTAL, &id, "79160000003").await.unwrap());
}

fn template(header: Option<MediaRef>) -> TemplateContent {
    TemplateContent {
        provider_id: "t".to_owned(),
        name: "order_ready".to_owned(),
        language: "ru".to_owned(),
        category: "UTILITY".to_owned(),
        header: header.map(HeaderValue::Media),
        params: Vec::new(),
        buttons: Vec::new(),
    }
}

fn refusal(result: Result<MediaRef, MediaFault>) -> Code {
    match result {
        Err(MediaFault::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portals_file_is_copied_and_a_public_one_passes_through() {
    let pdf = b"%PDF-1.7 contents".to_vec();
    let disk =
        br#"{"result":{"ID":"7","NAME":"\u0410\u043a\u0442.pdf","DOWNLOAD_URL":"/rest/download.json?auth=t0ken&token=disk%7C7"}}"#.to_vec();
    let elsewhere =
        br#"{"result":{"ID":"8","NAME":"x.pdf","DOWNLOAD_URL":"https://evil.example.org/rest/download.json?auth=t0ken"}}"#.to_vec();
    let item = br#"{"result":{"item":{"id":5,"UF_CRM_1":[{"id":1,"url":"/bitrix/a","urlMachine":"/rest/crm.controller.item.getFile/?token=1"}]}}}"#.to_vec();
    let portal = files(vec![
        ("/rest/disk.file.get.json?id=8", elsewhere.clone()),
        ("/rest/disk.file.get", disk),
        ("/rest/crm.item.get", item),
        ("/rest/download.json", pdf.clone()),
        ("/rest/crm.controller.item.getFile", pdf.clone()),
        ("/login", b"<html><title>Login</title>".to_vec()),
    ])
    .await;
    let public = files(vec![
        ("/a.pdf", pdf.clone()),
        ("/a.html", b"<!doctype html>".to_vec()),
        ("/big.pdf", [pdf.clone(), vec![b'x'; 2_000]].concat()),
    ])
    .await;
    let stage = Stage::new(&portal).await;
    let ctx = &stage.ctx;
    let staged = media::header(ctx, PORTAL, "disk:7", MediaKind::Document).await.unwrap();
    assert_eq!((staged.file_name.as_deref(), staged.mime.as_deref()), (Some("Акт.pdf"), Some("application/pdf")));
    let token = staged.link.strip_prefix("http://127.0.0.1:1/media/").unwrap().to_owned();
    let open = media::open(ctx, &token).await.unwrap().unwrap();
    assert_eq!((std::fs::read(&open.path).unwrap(), open.size_bytes), (pdf, 17));
    assert!(!open.path.to_string_lossy().contains(&token), "the token itself is stored nowhere");
    assert!(media::open(ctx, &token.replace(|c: char| c.is_ascii_digit(), "a")).await.unwrap().is_none());
    let item = CrmItem { entity_type_id: 2, id: 5 };
    assert!(media::header_of(ctx, PORTAL, Some(item), "field:uf_crm_1", MediaKind::Document).await.unwrap().link.contains("/media/"));
    assert_eq!(refusal(media::header(ctx, PORTAL, "field:UF_CRM_1", MediaKind::Document).await), Code::MediaInvalid);
    assert_eq!(refusal(media::header_of(ctx, PORTAL, Some(item), "field:UF_CRM_2", MediaKind::Document).await), Code::MediaInvalid);
    assert_eq!(refusal(media::header(ctx, PORTAL, &format!("{portal}/login"), MediaKind::Document).await), Code::MediaInvalid);
    let passed = media::header(ctx, PORTAL, &format!("{public}/a.pdf"), MediaKind::Document).await.unwrap();
    assert_eq!((passed.link, passed.file_name.as_deref()), (format!("{public}/a.pdf"), Some("a.pdf")));
    assert_eq!(refusal(media::header(ctx, PORTAL, &format!("{public}/a.pdf"), MediaKind::Image).await), Code::MediaInvalid);
    assert_eq!(refusal(media::header(ctx, PORTAL, &format!("{public}/a.html"), MediaKind::Document).await), Code::MediaInvalid);
    assert_eq!(refusal(media::header(ctx, PORTAL, &format!("{public}/big.pdf"), MediaKind::Document).await), Code::MediaTooLarge);
    assert_eq!(refusal(media::header(ctx, PORTAL, &format!("{public}/none"), MediaKind::Document).await), Code::MediaUnreachable);
    assert_eq!(refusal(media::header(ctx, PORTAL, "http://169.254.169.254/latest", MediaKind::Document).await), Code::MediaUnreachable);
    // Kept for 48 h after an attempt, and no longer.
    let content = Content::Template(template(Some(staged)));
    let tx = ctx.db.begin().await.unwrap();
    media::keep(ctx, &tx, PORTAL, "msg_1", &content, stage.clock.now()).await.unwrap();
    tx.commit("test.attempt").await.unwrap();
    stage.clock.advance(47 * HOUR);
    assert!(media::open(ctx, &token).await.unwrap().is_some());
    stage.clock.advance(2 * HOUR);
    assert!(media::open(ctx, &token).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_channel_that_is_gone_ends_quietly() {
    let stage = Stage::new("http://127.0.0.1:2").await;
    let gone = "ch_none".to_owned();
    let jobs = [Job::SyncTemplates { channel_id: gone.clone() }, Job::MarkOptIn { channel_id: gone, phone: "79160000001".to_owned() }];
    for job in jobs {
        let kind = job.kind();
        let tx = stage.ctx.db.begin().await.unwrap();
        queue::enqueue(&tx, stage.ctx.ids.as_ref(), START, &[NewJob::at(PORTAL, job, START)]).await.unwrap();
        tx.commit("test.job").await.unwrap();
        let group = stage.due(kind).await.remove(0);
        let leftover = match kind {
            "mark_opt_in" => mark_opt_in::handle(&stage.ctx, group).await,
            _ => sync_templates::handle(&stage.ctx, group).await,
        };
        assert!(leftover.is_empty(), "{leftover:?}");
    }
    stage.clock.advance(120_000);
    assert!(stage.due("none").await.is_empty());
}
