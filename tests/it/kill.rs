//! The real binary is killed at random moments under load, in real time, and nothing is lost and nothing is sent twice.
//!
//! Robot calls come all the time and the network reports statuses all the time; the process dies by SIGKILL, also while it starts.
//! The seed is printed; `COURIER24_TEST_SEED` plays it again.

use crate::support::database::TestDb;
use crate::support::town::http;
use courier24::domain::clock::SystemClock;
use courier24::sim::caller::Caller;
use courier24::sim::portal::{Document, Portal, PortalConfig, StepState};
use courier24::sim::whatsapp::gupshup::app::App;
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::{Config, Network, Pace, Status};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const OPERATOR: &str = "operator-token-of-the-kill-test-0123456789";
const APP: &str = "TorgBot";
/// After a restart every accepted call moves within this time.
const MOVES_WITHIN: Duration = Duration::from_secs(10);

/// Small, fast, and the same for the same seed.
struct Dice(u64);

impl Dice {
    fn thrown() -> Self {
        let told = std::env::var("COURIER24_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = told.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |since| u64::from(since.subsec_nanos()) | 1));
        println!("COURIER24_TEST_SEED={seed}");
        Self(seed)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (most - least + 1)
    }
}

/// The service as a child process.
struct Service {
    test: TestDb,
    settings: Vec<(&'static str, String)>,
    origin: String,
    child: Option<Child>,
}

impl Service {
    fn new(test: TestDb, portal: &Portal, network: &Network) -> Self {
        test.db.release_lock();
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (client_id, client_secret) = portal.app_keys();
        let settings = vec![
            ("DATABASE_URL", test.url.clone()),
            ("LISTEN", listen.clone()),
            ("PUBLIC_URL", format!("http://{listen}")),
            ("MASTER_KEY", "a".repeat(42) + "A="),
            ("OPERATOR_TOKEN", OPERATOR.to_owned()),
            ("BITRIX_CLIENT_ID", client_id.to_owned()),
            ("BITRIX_CLIENT_SECRET", client_secret.to_owned()),
            ("BITRIX_AUTH_HOSTS", portal.auth().origin()),
            ("BITRIX_RATE", "50".to_owned()),
            ("BITRIX_BURST", "1000".to_owned()),
            ("GUPSHUP_URL", network.gupshup_url()),
            ("GUPSHUP_PARTNER_URL", network.gupshup_partner_url()),
            ("ALLOW_PRIVATE_NETWORK", "true".to_owned()),
            ("MEDIA_DIR", test.folder().join("media").display().to_string()),
            ("LOG", "warn".to_owned()),
        ];
        Self { test, settings, origin: format!("http://{listen}"), child: None }
    }

    fn start(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.test.folder().join("service.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_courier24"));
        command.arg("serve").current_dir(self.test.folder()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COURIER24_")) {
            command.env_remove(name);
        }
        for (name, value) in &self.settings {
            command.env(format!("COURIER24_{name}"), value);
        }
        self.child = Some(command.spawn().unwrap());
    }

    /// SIGKILL; the kernel frees what the process held.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            assert!(child.try_wait().unwrap().is_none(), "the service ended by itself:\n{}", self.log());
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    async fn ready(&mut self) {
        let client = http();
        until("the service is ready", Duration::from_secs(30), async || {
            let child = self.child.as_mut().unwrap();
            assert!(child.try_wait().unwrap().is_none(), "the service ended by itself");
            let Ok(request) = client.get(format!("{}/health/live", self.origin)).build() else { return false };
            client_answers(&client, request).await
        })
        .await;
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.test.folder().join("service.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    async fn rows(&self, sql: &str, columns: usize) -> Vec<Vec<String>> {
        crate::crash::after::rows(&self.test.db, sql, columns).await
    }

    async fn count(&self, sql: &str) -> i64 {
        crate::support::application::number(&self.test.db, sql).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

async fn client_answers(client: &reqwest::Client, request: reqwest::Request) -> bool {
    client.execute(request).await.is_ok_and(|answer| answer.status().is_success())
}

/// Polls until it holds; real time has no other way.
async fn until(what: &str, patience: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything around the service.
struct Place {
    portal: Portal,
    network: Network,
    service: Service,
}

impl Place {
    async fn new(test: TestDb) -> Self {
        courier24::sim::install_tls();
        let clock = Arc::new(SystemClock);
        let portal = Portal::start(clock.clone(), PortalConfig::default().unlimited()).unwrap();
        let app = App::new(APP).with_templates([Template::new("order_ready", "ru", "Заказ {{1}} готов.").category("UTILITY")]);
        let pace = Pace { enqueued_ms: 30, sent_ms: 60, delivered_ms: 100, retry_ms: 300, ..Pace::default() };
        let network = Network::start(clock, Config { apps: vec![app], auto: true, pace }).unwrap();
        let service = Service::new(test, &portal, &network);
        let mut place = Self { portal, network, service };
        place.service.start();
        place.service.ready().await;
        place.settle_in().await;
        place
    }

    /// Installed, one channel, templates known.
    async fn settle_in(&mut self) {
        self.portal.install_app();
        let reply = self.portal.open_installer(&format!("{}/b24/install", self.service.origin), 1).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        self.portal.finish_install();
        let operator = Caller::new(&self.service.origin, OPERATOR).unwrap();
        let path = format!("/api/v1/portals/{}", self.portal.member_id());
        let app = self.network.app(APP).settings();
        let body = json!({"kind": "gupshup", "name": "Магазин", "settings": {
            "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key,
            // The load is three times what a channel sends by itself; here the deaths are tested, not the pace.
            "rate": 1000}});
        let made = operator.post(&format!("{path}/channels"), &body).await.unwrap();
        assert!(made.status < 300, "{made:?}");
        self.network.app(APP).set_callback(made.body["webhook_url"].as_str().unwrap());
        let templates = format!("{path}/channels/{}/templates", made.body["id"].as_str().unwrap());
        until("templates are known", Duration::from_secs(30), async || {
            operator.get(&templates).await.is_ok_and(|told| !told.body["items"].as_array().is_none_or(Vec::is_empty))
        })
        .await;
        let portal = self.portal.clone();
        until("robots stand", Duration::from_secs(30), async || portal.robot("send_template").is_some() && portal.bindings().len() == 3)
            .await;
        self.portal.contact(9).name("Анна", "Ким").phone("+7 916 000-00-01");
        self.portal.deal(512).title("Заказ 118").contact(9).stage("NEW");
    }

    /// Calls with a person of their own each, until told to stop.
    fn load(&self, stop: &Arc<AtomicBool>, fired: &Arc<AtomicU64>) -> tokio::task::JoinHandle<()> {
        let (portal, stop, fired) = (self.portal.clone(), Arc::clone(stop), Arc::clone(fired));
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let number = fired.fetch_add(1, Ordering::SeqCst);
                let wait_for = ["accepted", "delivered", "none", "delivered"][usize::try_from(number % 4).unwrap()];
                let properties = json!({
                    "template": "order_ready:ru", "params": [format!("1={number}")], "phone": [format!("+7917{number:07}")],
                    "wait_for": wait_for, "to_timeline": if number % 5 == 0 { "Y" } else { "N" },
                });
                // A process whose call nobody took goes on its own way; what counts are the calls answered 200.
                let _ = portal.fires("send_template", Document::deal(512), properties).await;
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        })
    }

    /// Calls that were accepted by now are decided within ten seconds.
    async fn every_call_moves(&mut self, since: Instant) {
        let newest = self.service.rows("SELECT COALESCE(MAX(id), '') FROM robot_call", 1).await[0][0].clone();
        let waiting = format!("SELECT count(*) FROM robot_call WHERE decided_at IS NULL AND id <= '{newest}'");
        while self.service.count(&waiting).await > 0 {
            assert!(since.elapsed() < MOVES_WITHIN, "{} calls have not moved\n{}", self.service.count(&waiting).await, self.service.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything has ended and every callback was taken.
    async fn rest(&self) {
        const OPEN: [(&str, &str); 5] = [
            ("calls", "robot_call WHERE state IN ('accepted', 'waiting')"),
            ("answers", "answer WHERE answer_end = 'none' AND call_id IN (SELECT id FROM robot_call WHERE use_subscription = 'Y')"),
            ("events", "inbox_event WHERE state = 'stored'"),
            ("messages", "message WHERE status IN ('queued', 'sending', 'accepted', 'sent')"),
            ("write-backs", "write_back WHERE state = 'pending'"),
        ];
        let started = Instant::now();
        loop {
            let mut left = BTreeMap::from([("callbacks", i64::try_from(self.network.pending_callbacks()).unwrap())]);
            for (what, rows) in OPEN {
                left.insert(what, self.service.count(&format!("SELECT count(*) FROM {rows}")).await);
            }
            if left.values().all(|count| *count == 0) {
                return;
            }
            if started.elapsed() > Duration::from_secs(75) {
                let jobs = "SELECT kind, state, CAST(run_at AS TEXT), CAST(attempt AS TEXT), COALESCE(last_error, '') FROM job ORDER BY run_at LIMIT 20";
                let messages = "SELECT id, status, CAST(attempts AS TEXT), COALESCE(provider_id, '-'), COALESCE(wa_id, '-') \
                                FROM message WHERE status IN ('queued', 'sending', 'accepted', 'sent') LIMIT 10";
                let (jobs, messages) = (self.service.rows(jobs, 5).await, self.service.rows(messages, 5).await);
                panic!("after 75 s there is still {left:?}\njobs {jobs:#?}\nmessages {messages:#?}\n{}", self.service.log());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn judge(&self, fired: u64) {
        let mut wrong: Vec<String> = Vec::new();
        let calls: BTreeMap<String, Vec<String>> = self
            .service
            .rows(
                "SELECT c.event_token, c.state, COALESCE(a.answer_end, '-'), c.id FROM robot_call c LEFT JOIN answer a ON a.call_id = c.id",
                4,
            )
            .await
            .into_iter()
            .map(|row| (row[0].clone(), row))
            .collect();
        let mut accepted = 0;
        for delivery in self.portal.deliveries().iter().filter(|delivery| delivery.kind == "robot" && delivery.accepted()) {
            accepted += 1;
            let step = self.portal.step(delivery.step.unwrap()).unwrap();
            match calls.get(&step.event_token) {
                None => wrong.push(format!("the call of step {} was answered 200 and is lost", step.id)),
                Some(row) if !matches!(row[1].as_str(), "answered" | "done") => wrong.push(format!("call {} ended as {}", row[3], row[1])),
                Some(row) if step.state == StepState::Waiting => wrong.push(format!("the process of {} hangs ({})", row[3], row[2])),
                Some(_) => {}
            }
        }
        let twice = self.network.duplicates();
        if !twice.is_empty() {
            wrong.push(format!("sent twice: {twice:?}"));
        }
        let known: BTreeMap<String, String> = self
            .service
            .rows("SELECT provider_id, status FROM message WHERE provider_id IS NOT NULL", 2)
            .await
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect();
        for real in self.network.messages() {
            let status = known.get(&real.provider_id).map(String::as_str);
            if status != Some(real.status.word()) || real.status != Status::Delivered {
                wrong.push(format!("message {} is {} there and {status:?} here", real.provider_id, real.status.word()));
            }
        }
        let mut entries: BTreeSet<String> = BTreeSet::new();
        for activity in self.portal.activities(Document::deal(512)) {
            let origin = activity.fields.get("originId").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !entries.insert(origin.clone()) {
                wrong.push(format!("message {origin} stands twice in the timeline"));
            }
        }
        let dead = self.service.rows("SELECT kind, COALESCE(last_error, '') FROM job WHERE state = 'dead'", 2).await;
        if !dead.is_empty() {
            wrong.push(format!("given up: {dead:?}"));
        }
        let unknown = self.service.count("SELECT count(*) FROM message WHERE status = 'unknown'").await;
        println!(
            "{fired} calls fired, {accepted} answered 200, {} stored, {} messages at the network, {unknown} unknown, {} entries in the timeline",
            calls.len(),
            self.network.messages().len(),
            entries.len(),
        );
        assert!(wrong.is_empty(), "{} faults:\n{}\n{}", wrong.len(), wrong.join("\n"), self.service.log());
        assert!(accepted > 100, "{accepted} calls are no load");
    }
}

/// `moments` = shortest and longest life of a process, ms; every `calm`-th life lasts until every accepted call has moved.
async fn survives(test: TestDb, kills: usize, moments: (u64, u64), calm: usize) {
    let mut dice = Dice::thrown();
    let mut place = Place::new(test).await;
    let (stop, fired) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let load = place.load(&stop, &fired);
    for kill in 1..=kills {
        tokio::time::sleep(Duration::from_millis(dice.between(moments.0, moments.1))).await;
        place.service.kill();
        place.service.start();
        let born = Instant::now();
        if kill % calm == 0 || kill == kills {
            place.service.ready().await;
            place.every_call_moves(born).await;
        }
    }
    place.service.ready().await;
    stop.store(true, Ordering::SeqCst);
    load.await.unwrap();
    place.rest().await;
    place.judge(fired.load(Ordering::SeqCst)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_sent_twice_by_fifty_kills_sqlite() {
    survives(TestDb::sqlite().await, 50, (30, 1_400), 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_sent_twice_by_eight_kills_postgres() {
    if let Some(test) = TestDb::postgres().await {
        survives(test, 8, (30, 7_000), 3).await;
    }
}
