//! The operator's side: refusals at start, keys, copies, alarms, health, metrics, stopping.

use crate::support::binary::{KEY, Ran, Serving, run, until};
use crate::support::story::{Engine, Place, story};
use crate::support::town::{APP, CLIENT, OPERATOR, http, send};
use courier24::domain::clock::{HOUR, MINUTE};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::time::Duration;

const OTHER_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

async fn execute(url: &str, sql: &str) {
    if url.starts_with("sqlite") {
        let mut db = sqlx::SqliteConnection::connect(url).await.unwrap();
        db.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        db.close().await.unwrap();
    } else {
        sqlx::PgConnection::connect(url).await.unwrap().execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    }
}

async fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        places.extend(Place::fresh(engine).await);
    }
    places
}

fn refused(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "{word}: {ran:?}");
    }
    assert!(!ran.err.contains("panicked") && !ran.err.contains(KEY), "{ran:?}");
}

#[test]
fn unknown_and_contradictory_settings_refuse_to_start_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("PUBLC_URL", "https://a.example")], "COURIER24_PUBLIC_URL"),
        (&[("BITRIX_RATE", "51")], "COURIER24_BITRIX_RATE"),
        (&[("BITRIX_BURST", "0")], "COURIER24_BITRIX_BURST"),
        (&[("LISTEN", "nowhere")], "COURIER24_LISTEN"),
        (&[("MASTER_KEY", "short")], "COURIER24_MASTER_KEY"),
        (&[("DATABASE_URL", "mysql://x")], "COURIER24_DATABASE_URL"),
        (&[("GUPSHUP_URL", "http://127.0.0.1:9000")], "COURIER24_GUPSHUP_URL"),
        (&[("BITRIX_AUTH_HOSTS", "http://10.0.0.1")], "COURIER24_BITRIX_AUTH_HOSTS"),
        (&[("ALLOW_PRIVATE_NETWORK", "true"), ("PUBLIC_URL", "https://a.example")], "COURIER24_ALLOW_PRIVATE_NETWORK"),
        (&[("BITRIX_CLIENT_ID", "local.1")], "COURIER24_BITRIX_CLIENT_SECRET"),
        (&[("LOG_FORMAT", "xml")], "COURIER24_LOG_FORMAT"),
    ];
    for verb in ["serve", "check"] {
        for (settings, named) in table {
            refused(&run(folder.path(), &[verb], settings), 2, &[named]);
        }
    }
    refused(&run(folder.path(), &["serve"], &[]), 2, &["COURIER24_PUBLIC_URL", "COURIER24_MASTER_KEY"]);
    std::fs::write(folder.path().join("courier24.toml"), "bitrix_speed = 3\n").unwrap();
    refused(&run(folder.path(), &["check"], &[]), 2, &["bitrix_speed", "courier24.toml"]);
    assert!(!folder.path().join("data").exists(), "nothing was opened");
}

#[test]
fn a_typo_in_the_address_of_the_database_makes_no_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("PUBLIC_URL", "https://a.example"), ("MASTER_KEY", KEY), ("DATABASE_URL", "sqlite://data/curier.db")];
    for verb in ["serve", "migrate"] {
        let ran = run(folder.path(), &[verb], &settings);
        refused(&ran, 1, &["--create"]);
        assert!(!folder.path().join("data/curier.db").exists());
    }
    let made = run(folder.path(), &["migrate", "--create"], &settings);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.out.contains("up to date"));
}

#[tokio::test]
async fn an_older_binary_refuses_a_newer_schema_with_a_sentence() {
    for place in places().await {
        let folder = tempfile::tempdir().unwrap();
        let checksum = if place.url.starts_with("sqlite") { "x'00'" } else { "'\\x00'::bytea" };
        let later = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, {checksum}, 0)"
        );
        execute(&place.url, &later).await;
        let settings = [("PUBLIC_URL", "https://a.example"), ("MASTER_KEY", KEY), ("DATABASE_URL", place.url.as_str())];
        for args in [&["serve"][..], &["serve", "--no-migrate"], &["migrate"]] {
            refused(&run(folder.path(), args, &settings), 1, &["9999", "newer release"]);
        }
    }
}

#[tokio::test]
async fn a_wrong_key_refuses_and_a_changed_one_is_resealed() {
    for place in places().await {
        let folder = tempfile::tempdir().unwrap();
        let url = ("DATABASE_URL", place.url.as_str());
        let mut serving = Serving::start(folder.path(), &[], &[url]).await;
        serving.signal("TERM");
        assert_eq!(serving.end(Duration::from_secs(20)).await, Some(0), "{}", serving.log());

        let base = [url, ("PUBLIC_URL", "https://a.example")];
        let wrong: Vec<_> = base.iter().copied().chain([("MASTER_KEY", OTHER_KEY)]).collect();
        refused(&run(folder.path(), &["serve"], &wrong), 1, &["MASTER_KEY", "reseal"]);
        let both: Vec<_> = wrong.iter().copied().chain([("MASTER_KEY_OLD", KEY)]).collect();
        let resealed = run(folder.path(), &["reseal"], &both);
        assert_eq!(resealed.code, Some(0), "{resealed:?}");
        drop(Serving::start(folder.path(), &[], &[url, ("MASTER_KEY", OTHER_KEY)]).await);
        let former: Vec<_> = base.iter().copied().chain([("MASTER_KEY", KEY)]).collect();
        refused(&run(folder.path(), &["serve"], &former), 1, &["MASTER_KEY"]);
    }
}

#[tokio::test]
async fn a_signal_stops_in_order_and_the_next_start_finds_everything_free() {
    for place in places().await {
        let folder = tempfile::tempdir().unwrap();
        let url = ("DATABASE_URL", place.url.as_str());
        for signal in ["TERM", "INT"] {
            let mut serving = Serving::start(folder.path(), &[], &[url]).await;
            serving.signal(signal);
            assert_eq!(serving.end(Duration::from_secs(20)).await, Some(0), "{}", serving.log());
            assert!(serving.log().contains("stopped"), "{}", serving.log());
        }
    }
}

#[tokio::test]
async fn a_crashed_part_ends_the_process_with_a_code() {
    let place = Place::fresh(Engine::Sqlite).await.unwrap();
    execute(&place.url, "ALTER TABLE job RENAME TO job_away").await;
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::launch(folder.path(), &["--no-migrate"], &[("DATABASE_URL", place.url.as_str())]);
    assert_eq!(serving.end(Duration::from_secs(20)).await, Some(1), "{}", serving.log());
    assert!(serving.log().contains("worker"), "{}", serving.log());
}

#[tokio::test]
async fn without_a_database_it_lives_is_not_ready_and_accepts_nothing() {
    let Some(place) = Place::fresh(Engine::Postgres).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[], &[("DATABASE_URL", place.url.as_str())]).await;
    let (server, name) = place.url.rsplit_once('/').unwrap();
    let server = format!("{server}/postgres");
    execute(&server, &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    execute(&server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    until("readiness falls", async || serving.try_get("/health/ready").await.is_some_and(|(status, _)| status == 503)).await;
    assert_eq!(serving.try_get("/health/live").await.unwrap().0, 200);
    let body = "event_token=t&code=chat_link&auth[member_id]=m&auth[application_token]=x";
    let form = "application/x-www-form-urlencoded";
    let call = send(http().post(serving.url("/b24/robot")).header("content-type", form).body(body)).await;
    assert_eq!(call.status(), 503, "not committed, so not 200");
    execute(&server, &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    until("it is ready again", async || serving.try_get("/health/ready").await.is_some_and(|(status, _)| status == 200)).await;
}

story! {
    /// A copy made while it serves, started elsewhere with sending held, sends nothing; started without, what was held leaves once.
    async fn a_restored_copy_sends_nothing_until_it_may(town) {
        if town.place.url.starts_with("postgres") {
            let ran = run(std::path::Path::new("/"), &["backup", "/nowhere/x.db"], &[("DATABASE_URL", &town.place.url)]);
            refused(&ran, 1, &["pg_dump"]);
            return;
        }
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        let name = copy.display().to_string();
        let ran = run(folder.path(), &["backup", &name], &[("DATABASE_URL", &town.place.url)]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains("--hold-sends"));
        refused(&run(folder.path(), &["backup", &name], &[("DATABASE_URL", &town.place.url)]), 1, &["exists"]);

        town.kill().await;
        town.place.url = format!("sqlite://{name}");
        town.hold_sends = true;
        town.start().await;
        town.pass(10 * MINUTE).await;
        assert!(town.network.messages_to(CLIENT).is_empty(), "sending is paused");
        assert_eq!(town.api("/messages").await["items"][0]["status"], "held");
        town.hold_sends = false;
        town.restart().await;
        town.pass(5 * MINUTE).await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
        assert_eq!(town.portal.step(step).unwrap().returned["ok"], "Y");
    }
}

story! {
    /// Trouble that lasts is told to the administrator at most once an hour, by the channel's name and without anybody's number.
    async fn lasting_trouble_is_told_once_an_hour(town) {
        town.network.app(APP).change(|app| app.api_key = "sk_changed".to_owned());
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.settle().await;
        assert_eq!(town.api("/channels").await["items"][0]["state"], "auth_failed");
        for _ in 0..30 {
            town.advance(6 * MINUTE);
            town.settle().await;
        }
        let told = town.portal.notifications();
        let texts: Vec<String> = told.iter().map(|one| format!("{one:?}")).filter(|text| text.contains("Магазин")).collect();
        assert!((2..=4).contains(&texts.len()), "three hours: {texts:?}");
        assert!(texts.iter().all(|text| !text.contains(CLIENT) && !text.contains("sk_")), "{texts:?}");
        assert!(told.len() <= 9, "every kind at most once an hour: {told:?}");
        let _ = HOUR;
    }
}

story! {
    /// Metrics are the operator's, and name no portal, phone or document.
    async fn metrics_are_the_operators_and_name_nobody(town) {
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.client_writes("Привет").await;
        for request in [http().get(town.url("/metrics")), http().get(town.url("/metrics")).bearer_auth("wrong")] {
            assert_eq!(send(request).await.status(), 401);
        }
        let shown = send(http().get(town.url("/metrics")).bearer_auth(OPERATOR)).await.text().await.unwrap();
        for name in ["courier24_calls_accepted_total", "courier24_http_requests_total", "courier24_http_request_seconds"] {
            assert!(shown.contains(name), "{name}");
        }
        for secret in [town.portal.member_id(), CLIENT, "9160000001", &town.channel, "DEAL_512", &town.portal.domain()] {
            assert!(!shown.contains(secret), "{secret}");
        }
        assert_eq!(send(http().get(town.url("/health/live"))).await.status(), 200);
    }
}
