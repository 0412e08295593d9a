//! What is secret stays out of logs, errors, the API, metrics and the database; whose number it was stays out of logs and metrics.

use crate::support::binary::{KEY, Serving, until};
use crate::support::story::{Engine, Place};
use crate::support::town::{APP, CLIENT, OPERATOR, http, send};
use courier24::domain::clock::SystemClock;
use courier24::sim::portal::{Document, Fault, Portal, PortalConfig, StepState};
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::{Config as NetworkConfig, Network};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use std::sync::Arc;

const SAYING: &str = "Тайное слово 7391";

/// Everything the database holds, as bytes of its files or as text of its rows.
async fn dump(url: &str) -> Vec<u8> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut all = std::fs::read(path).unwrap();
        all.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        return all;
    }
    let mut db = sqlx::PgConnection::connect(url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let mut all = Vec::new();
    for table in sqlx::query(tables).fetch_all(&mut db).await.unwrap() {
        let rows = format!("SELECT t::text FROM {} t", table.get::<String, _>(0));
        for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut db).await.unwrap() {
            all.extend(row.get::<String, _>(0).into_bytes());
        }
    }
    all
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

struct World {
    portal: Portal,
    network: Network,
    serving: Serving,
    /// Name and value of each secret.
    secrets: Vec<(&'static str, String)>,
}

/// Installed with a pair that the test knows, and with a connected channel.
async fn world(place: &Place, folder: &std::path::Path) -> World {
    courier24::sim::install_tls();
    let portal = Portal::start(Arc::new(SystemClock), PortalConfig::default()).unwrap();
    let app = courier24::sim::whatsapp::gupshup::app::App::new(APP).with_templates([Template::new(
        "order_ready",
        "ru",
        "Здравствуйте, {{1}}! Заказ {{2}} готов.",
    )
    .category("UTILITY")]);
    let network = Network::start(Arc::new(SystemClock), NetworkConfig { apps: vec![app], ..NetworkConfig::default() }).unwrap();
    let (id, secret) = portal.app_keys();
    let (origin, gupshup, partner) = (portal.auth().origin(), network.gupshup_url(), network.gupshup_partner_url());
    let settings = [
        ("DATABASE_URL", place.url.as_str()),
        ("BITRIX_CLIENT_ID", id),
        ("BITRIX_CLIENT_SECRET", secret),
        ("BITRIX_AUTH_HOSTS", &origin),
        ("GUPSHUP_URL", &gupshup),
        ("GUPSHUP_PARTNER_URL", &partner),
        ("LOG", "courier24=trace,info"),
        ("LOG_FORMAT", "json"),
    ];
    let serving = Serving::start(folder, &[], &settings).await;
    let application_token = portal.install_app();
    let pair = portal.tokens(1);
    let frame = portal.frame(&serving.url("/b24/install")).forged("AUTH_ID", &pair.access).forged("REFRESH_ID", &pair.refresh);
    assert_eq!(frame.open().await.unwrap().status, 200);
    portal.finish_install();
    until("robots appear", async || portal.robot("send_template.activity").is_some()).await;
    let app = network.app(APP).settings();
    let body = json!({"kind": "gupshup", "name": "Магазин", "settings": {"app_name": app.name, "app_id": app.app_id, "source": app.source,
        "api_key": app.api_key, "partner_token": app.partner_token}});
    let channels = format!("/api/v1/portals/{}/channels", portal.member_id());
    let (status, made) = serving.api("POST", &channels, Some(body)).await;
    assert!((200..300).contains(&status), "{made}");
    let hook = made["webhook_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let secrets = vec![
        ("application token", application_token),
        ("access token", pair.access),
        ("refresh token", pair.refresh),
        ("client secret", secret.to_owned()),
        ("api key", app.api_key),
        ("partner token", app.partner_token),
        ("hook secret", hook),
        ("operator token", OPERATOR.to_owned()),
        ("master key", KEY.to_owned()),
    ];
    until("the channel is connected", async || serving.api("GET", &channels, None).await.1["items"][0]["state"] == "connected").await;
    World { portal, network, serving, secrets }
}

/// A delivered message, an answer, and every kind of refusal.
async fn lives_through_a_day(world: &World) {
    let World { portal, network, serving, .. } = world;
    portal.contact(9).name("Анна", "Ким").phone("+7 916 000-00-01");
    portal.deal(512).title("Заказ 118").contact(9).responsible(1).stage("NEW");
    let step = portal
        .fires(
            "send_template",
            Document::deal(512),
            json!({"template": "order_ready:ru", "params": [SAYING, "118"], "wait_for": "delivered"}),
        )
        .await
        .unwrap();
    until("delivered", async || {
        network.deliver_events().await;
        portal.step(step).unwrap().state == StepState::Answered
    })
    .await;
    network.fault_next("/msg", courier24::sim::whatsapp::Fault::internal_error());
    portal.fault("bizproc.event.send", 1, Fault::internal());
    let again = portal.fires("send_template", Document::deal(512), json!({"template": "order_ready:ru", "params": ["А"]})).await.unwrap();
    until("refused", async || portal.step(again).unwrap().state == StepState::Answered).await;
    for frame in [
        portal.frame(&serving.url("/b24/install")).by(5),
        portal.frame(&serving.url("/b24/install")).forged("member_id", "x"),
        portal.frame(&serving.url("/b24/app")),
        portal.frame(&serving.url("/b24/app")).forged("AUTH_ID", "nonsense"),
    ] {
        frame.open().await.unwrap();
    }
    let secret = |name: &str| world.secrets.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let broken = send(http().post(serving.url(&format!("/hooks/gupshup/ch_none/{}", secret("hook secret")))).body("{broken")).await;
    assert_eq!(broken.status(), 404);
    let wrong = json!({"kind": "gupshup", "name": "x", "settings": {"api_key": secret("api key"), "surprise": secret("partner token")}});
    let (status, told) = serving.api("POST", &format!("/api/v1/portals/{}/channels", portal.member_id()), Some(wrong)).await;
    assert!((400..500).contains(&status), "{told}");
    assert!(!told.to_string().contains("sk_"), "an error repeats no secret: {told}");
}

async fn everything_shown(world: &World) -> String {
    let mut all = String::new();
    let base = format!("/api/v1/portals/{}", world.portal.member_id());
    for what in ["calls", "messages", "conversations", "inbox", "channels", "robots", "settings", "jobs"] {
        let (_, list) = world.serving.api("GET", &format!("{base}/{what}"), None).await;
        all += &list.to_string();
        for item in list["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str()) {
            let (_, one) = world.serving.api("GET", &format!("{base}/{what}/{item}"), None).await;
            all += &one.to_string();
        }
    }
    for path in ["/api/v1/portals", "/openapi.json", "/api/v1/channel-kinds", "/health/ready"] {
        all += &world.serving.api("GET", path, None).await.1.to_string();
    }
    all
}

async fn nothing_leaks(engine: Engine) {
    let Some(place) = Place::fresh(engine).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let world = world(&place, folder.path()).await;
    lives_through_a_day(&world).await;
    let shown = everything_shown(&world).await;
    let (_, metrics) = world.serving.api("GET", "/metrics", None).await;
    let metrics = metrics.to_string();
    let log = world.serving.log();
    let stored = dump(&place.url).await;
    assert!(log.lines().count() > 10 && log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "one JSON object a line");
    for (name, secret) in &world.secrets {
        assert!(!holds(log.as_bytes(), secret), "the log tells the {name}: {}", log.lines().find(|line| line.contains(secret)).unwrap());
        assert!(!holds(&stored, secret), "the database holds the {name}");
        assert!(!metrics.contains(secret), "metrics tell the {name}");
        // The operator gives the webhook's address to the provider.
        assert!(*name == "hook secret" || !shown.contains(secret), "the API shows the {name}");
    }
    for (name, word) in [("phone", CLIENT), ("phone without a country", "9160000001"), ("name", "Анна"), ("text", SAYING)] {
        assert!(!holds(log.as_bytes(), word), "the log tells a {name}: {}", log.lines().find(|line| line.contains(word)).unwrap());
        assert!(!metrics.contains(word), "metrics tell a {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_leaks_on_sqlite() {
    nothing_leaks(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_leaks_on_postgres() {
    nothing_leaks(Engine::Postgres).await;
}
