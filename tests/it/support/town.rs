//! A town: one portal (or more), one WhatsApp network, one application between them, one clock for all. Stories are told in it.

use super::database::scratch;
use super::story::{Engine, Place};
use courier24::app::{App, Parts};
use courier24::config::{Config, Roles};
use courier24::domain::clock::{Clock as _, ManualClock, Ms};
use courier24::domain::crash::Crash;
use courier24::domain::secret::Secret;
use courier24::flow::{Ctx, register};
use courier24::outbound::OutboundSettings;
use courier24::sim::portal::{Portal, PortalConfig, StepId};
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::{Config as NetworkConfig, Network};
use courier24::worker;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// 2026-11-22 10:00 in Moscow: a working day in no special season.
pub(crate) const MORNING: Ms = 1_795_330_800_000;
pub(crate) const OPERATOR: &str = "operator-token-of-the-stories-0123456789";
pub(crate) const CLIENT: &str = "79160000001";
pub(crate) const APP: &str = "TorgBot";

pub(crate) struct Town {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) portal: Portal,
    /// Other portals with the same application.
    pub(crate) neighbours: Vec<Portal>,
    pub(crate) network: Network,
    pub(crate) place: Place,
    pub(crate) crash: Arc<Crash>,
    pub(crate) channel: String,
    pub(crate) hold_sends: bool,
    /// Offer the pages, whether they were built or not.
    pub(crate) pages: bool,
    /// What the operator changed in the settings before the next start.
    pub(crate) adjust: fn(&mut Config),
    /// Real time for a whole exchange of the application: short for stories with hangs, long where a slow machine must not show.
    pub(crate) patience: Duration,
    running: Option<Running>,
    port: u16,
    folder: tempfile::TempDir,
    key: String,
}

/// A process.
pub(crate) struct Running {
    pub(crate) ctx: Ctx,
    task: tokio::task::JoinHandle<()>,
    port: u16,
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Templates that the stories' WhatsApp account has.
fn templates() -> Vec<Template> {
    vec![
        Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов.").category("UTILITY").footer("Магазин"),
        Template::new("promo", "ru", "Скидка {{1}} для вас").category("MARKETING").quick_reply("Не интересно"),
        Template::new("paused", "ru", "Привет, {{1}}").category("UTILITY").status("PAUSED"),
        Template::new("track", "ru", "Заказ {{1}} в пути")
            .category("UTILITY")
            .header_text("Заказ {{1}}")
            .url_button("Отследить", "https://example.org/t/{{1}}"),
    ]
}

impl Town {
    /// Simulators and the application; nothing installed.
    pub(crate) async fn built(engine: Engine) -> Option<Self> {
        Self::with(engine, PortalConfig::default()).await
    }

    pub(crate) async fn with(engine: Engine, portal: PortalConfig) -> Option<Self> {
        let mut town = Self::prepared(engine, portal).await?;
        town.start().await;
        Some(town)
    }

    /// The simulators and an empty database; the application has not been started yet.
    pub(crate) async fn prepared(engine: Engine, portal: PortalConfig) -> Option<Self> {
        let place = Place::fresh(engine).await?;
        courier24::sim::install_tls();
        let clock = Arc::new(ManualClock::starting_at(MORNING));
        let portal = Portal::start(clock.clone(), portal).unwrap();
        let app = courier24::sim::whatsapp::gupshup::app::App::new(APP).with_templates(templates());
        let network = Network::start(clock.clone(), NetworkConfig { apps: vec![app], ..NetworkConfig::default() }).unwrap();
        Some(Self {
            clock,
            portal,
            neighbours: Vec::new(),
            network,
            place,
            crash: Arc::new(Crash::default()),
            channel: String::new(),
            hold_sends: false,
            pages: false,
            adjust: |_| (),
            patience: Duration::from_millis(700),
            running: None,
            port: 0,
            folder: scratch(),
            key: base64_key(),
        })
    }

    /// The ordinary start of a story: installed, robots registered, one connected channel, templates known.
    pub(crate) async fn open(engine: Engine) -> Option<Self> {
        Self::open_with(engine, PortalConfig::default()).await
    }

    pub(crate) async fn open_with(engine: Engine, portal: PortalConfig) -> Option<Self> {
        let mut town = Self::with(engine, portal).await?;
        town.install().await;
        town.connect_channel().await;
        town.furnish();
        Some(town)
    }

    /// The same some minutes later: the portal's request budget, which the registration used up, is full again.
    pub(crate) async fn rested(engine: Engine) -> Option<Self> {
        let town = Self::open(engine).await?;
        town.pass(2 * 60_000).await;
        Some(town)
    }

    /// Deal 512 of Anna with her phone.
    pub(crate) fn furnish(&self) {
        self.portal.contact(9).name("Анна", "Ким").phone("+7 916 000-00-01");
        self.portal.deal(512).title("Заказ 118").contact(9).amount(1500.0, "RUB").responsible(1).stage("NEW");
        self.portal.user_field(2, "UF_CRM_WA_STATUS", "string");
    }

    pub(crate) async fn install(&mut self) {
        self.portal.install_app();
        let reply = self.portal.open_installer(&self.url("/b24/install"), 1).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        self.portal.finish_install();
        self.settle().await;
    }

    /// Another portal of the same authorization server installs the application as well.
    pub(crate) async fn neighbour(&mut self) -> Portal {
        let portal = Portal::start(self.clock.clone(), PortalConfig::beside(self.portal.auth())).unwrap();
        let reply = portal.open_installer(&self.url("/b24/install"), 1).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        portal.finish_install();
        self.neighbours.push(portal.clone());
        self.settle().await;
        self.advance(60_000);
        self.settle().await;
        portal
    }

    pub(crate) async fn connect_channel(&mut self) {
        let app = self.network.app(APP).settings();
        let body = json!({"kind": "gupshup", "name": "Магазин", "settings": {
            "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key}});
        let (status, made) = self.api_post("/channels", body).await;
        assert!(status == 200 || status == 201, "{status} {made}");
        self.channel = made["id"].as_str().unwrap().to_owned();
        self.network.app(APP).set_callback(made["webhook_url"].as_str().unwrap());
        let channel = self.channel.clone();
        let (status, synced) = self.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
        assert!((200..300).contains(&status), "{status} {synced}");
        self.advance(3_000);
        self.settle().await;
        // Registration has used much of the portal's budget; the stories begin a minute later, with all of it.
        self.advance(60_000);
        self.settle().await;
    }

    /// A new process on the same database, address and clock.
    pub(crate) async fn start(&mut self) {
        let listener = listen(self.port).await;
        self.port = listener.local_addr().unwrap().port();
        self.running = Some(self.process(listener).await);
    }

    /// One more process beside the first: its own address, the same database, clock and public address. PostgreSQL only.
    pub(crate) async fn replica(&self) -> Running {
        self.process(TcpListener::bind("127.0.0.1:0").unwrap()).await
    }

    async fn process(&self, listener: TcpListener) -> Running {
        let port = listener.local_addr().unwrap().port();
        let parts = Parts {
            clock: self.clock.clone(),
            crash: self.crash.clone(),
            listener: Some(listener),
            outbound: OutboundSettings { total_timeout: self.patience, connect_timeout: self.patience, ..OutboundSettings::default() },
            roles: Some(Roles { web: true, worker: false }),
            create: true,
            hold_sends: self.hold_sends,
            pages: self.pages,
            max_connections: 8,
            ..Parts::default()
        };
        let app = App::build(self.config(), parts).await.unwrap();
        let ctx = app.ctx().clone();
        let task = tokio::spawn(async move {
            app.run_until_stopped().await.unwrap();
        });
        // The worker looks for changes when it starts; here it is worked by hand.
        register::notice_changes(&ctx).await.unwrap();
        Running { ctx, task, port }
    }

    /// The master key that a town begins with.
    pub(crate) fn key(&self) -> Secret {
        Secret::new(&self.key)
    }

    fn config(&self) -> Config {
        let (client_id, client_secret) = self.portal.app_keys();
        let mut config = Config {
            database_url: self.place.url.clone(),
            public_url: format!("http://127.0.0.1:{}", self.port),
            master_key: Secret::new(&self.key),
            operator_token: Secret::new(OPERATOR),
            bitrix_client_id: client_id.to_owned(),
            bitrix_client_secret: Secret::new(client_secret),
            bitrix_auth_hosts: vec![self.portal.auth().origin()],
            allow_private_network: true,
            media_dir: self.folder.path().join("media"),
            ..Config::default()
        };
        config.provider_bases.insert("GUPSHUP_URL".to_owned(), self.network.gupshup_url());
        config.provider_bases.insert("GUPSHUP_PARTNER_URL".to_owned(), self.network.gupshup_partner_url());
        for name in ["META_GRAPH_URL", "GREEN_API_URL", "TWILIO_URL"] {
            config.provider_bases.insert(name.to_owned(), self.network.url());
        }
        (self.adjust)(&mut config);
        config
    }

    /// The process is gone between two instructions: nothing of it runs on.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.task.abort();
            let _ = (&mut running.task).await;
            // What the kernel does at a kill: every connection to the database is cut, the process lock is free.
            let _ = tokio::time::timeout(Duration::from_secs(10), running.ctx.db.close()).await;
            running.ctx.db.release_lock();
        }
    }

    /// Killed and started again with a fresh switchboard.
    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.crash = Arc::new(Crash::default());
        self.start().await;
    }

    /// Started again at another public address.
    pub(crate) async fn move_away(&mut self) {
        self.kill().await;
        let former = listen(self.port).await;
        self.port = 0;
        self.start().await;
        drop(former);
    }

    pub(crate) fn ctx(&self) -> &Ctx {
        &self.running.as_ref().unwrap().ctx
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where the application keeps files.
    pub(crate) fn media_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("media")
    }

    pub(crate) fn advance(&self, by: Ms) {
        self.clock.advance(by);
    }

    pub(crate) fn now(&self) -> Ms {
        self.clock.now()
    }

    pub(crate) async fn run_due(&self) -> usize {
        worker::run_due(self.ctx()).await
    }

    /// Lets everything happen that is due at this moment, on all sides, until nothing moves.
    pub(crate) async fn settle(&self) {
        for _ in 0..200 {
            self.portal.idle().await;
            for neighbour in &self.neighbours {
                neighbour.idle().await;
            }
            let ran = self.run_due().await;
            // In a task of its own: the network does not forget a callback because a story was broken off.
            let network = self.network.clone();
            let told = tokio::spawn(async move { network.deliver_events().await }).await.unwrap();
            if ran == 0 && told == 0 {
                return;
            }
        }
        panic!("the town never came to rest");
    }

    /// Passes time in steps, letting everything happen after each.
    pub(crate) async fn pass(&self, by: Ms) {
        let step = (by / 8).max(1_000).min(by);
        let mut left = by;
        while left > 0 {
            let now = step.min(left);
            self.advance(now);
            left -= now;
            self.settle().await;
        }
    }

    /// Fires a robot in deal 512.
    pub(crate) async fn fires(&self, code: &str, properties: Value) -> StepId {
        self.portal.fires(code, courier24::sim::portal::Document::deal(512), properties).await.unwrap()
    }

    /// The client's words reach us after Gupshup's five seconds.
    pub(crate) async fn client_writes(&self, text: &str) {
        self.network.user(CLIENT).writes(text);
        self.advance(5_000);
        self.settle().await;
    }

    pub(crate) async fn api(&self, path: &str) -> Value {
        let (status, body) = self.request("GET", &self.portal_path(path), None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    pub(crate) async fn api_post(&self, path: &str, body: Value) -> (u16, Value) {
        self.request("POST", &self.portal_path(path), Some(body)).await
    }

    fn portal_path(&self, path: &str) -> String {
        format!("/api/v1/portals/{}{path}", self.portal.member_id())
    }

    pub(crate) async fn request(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        ask(method, &self.url(path), body).await
    }

    /// The portal as `GET /api/v1/portals` shows it; null when it is not there.
    pub(crate) async fn shown(&self, portal: &Portal) -> Value {
        let (status, list) = self.request("GET", "/api/v1/portals", None).await;
        assert_eq!(status, 200, "{list}");
        let items = list["items"].as_array().unwrap();
        items.iter().find(|item| item["member_id"] == portal.member_id()).cloned().unwrap_or_default()
    }

    /// Everything stored about a portal itself, to be compared.
    pub(crate) async fn stored(&self, portal: &Portal) -> Option<courier24::db::entity::portal::Model> {
        courier24::db::store::portal::find(self.ctx().db.read(), portal.member_id()).await.unwrap()
    }

    /// The newest call, whole.
    pub(crate) async fn last_call(&self) -> Value {
        let calls = self.api("/calls?limit=100").await;
        let id = calls["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no calls: {calls}")).to_owned();
        self.api(&format!("/calls/{id}")).await
    }
}

/// The threads of a killed process let its port go a moment later.
async fn listen(port: u16) -> TcpListener {
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("port {port} stays taken");
}

/// One for all tests (it reads the system's certificates), which keeps no connection: each test has a runtime of its own.
pub(crate) fn http() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "the tests' own client")]
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        courier24::sim::install_tls();
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().pool_max_idle_per_host(0).build().unwrap()
    });
    CLIENT.clone()
}

#[expect(clippy::disallowed_methods, reason = "the tests' own client")]
pub(crate) async fn send(request: reqwest::RequestBuilder) -> reqwest::Response {
    request.send().await.unwrap()
}

/// The operator's request: status and body, which is text where it is not JSON.
pub(crate) async fn ask(method: &str, url: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = http().request(method.parse().unwrap(), url).bearer_auth(OPERATOR);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = send(request).await;
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn base64_key() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode([7_u8; 32])
}
