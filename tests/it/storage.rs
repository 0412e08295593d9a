//! Opening, locking, migrating, sealing, copying.

use crate::support::database::TestDb;
use courier24::db::backup::{BackupError, backup};
use courier24::db::canary::{KeyError, unlock};
use courier24::db::connect::{Access, OpenError, OpenOptions, open};
use courier24::db::crypto::{Place, Sealer};
use courier24::db::migrate::{self, SchemaError};
use courier24::db::reseal::reseal;
use courier24::domain::crash::Crash;
use courier24::domain::ids::RandomIds;
use courier24::domain::secret::Secret;
use sea_orm::ConnectionTrait as _;
use std::sync::Arc;

fn crash() -> Arc<Crash> {
    Arc::new(Crash::default())
}

fn key(letter: char) -> Secret {
    Secret::new(letter.to_string().repeat(42) + "A=")
}

#[tokio::test]
async fn a_mistyped_path_is_told_and_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("typo.db");
    let refused = open(&OpenOptions::new(format!("sqlite://{}", path.display())), crash()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Missing(_)));
    assert!(refused.to_string().contains("migrate --create"));
    assert!(!path.exists());
    for wrong in ["mysql://x", "sqlite::memory:", "sqlite://", "data.db", ""] {
        assert!(matches!(open(&OpenOptions::new(wrong), crash()).await.unwrap_err(), OpenError::Address), "{wrong}");
    }
}

#[tokio::test]
async fn a_second_process_is_refused_and_a_guest_is_not() {
    let test = TestDb::sqlite().await;
    let again = OpenOptions::new(test.url.clone());
    assert!(matches!(open(&again, crash()).await.unwrap_err(), OpenError::InUse(_)));
    let guest = open(&OpenOptions { access: Access::Guest, ..again.clone() }, crash()).await.unwrap();
    guest.close().await;
    assert!(matches!(open(&again, crash()).await.unwrap_err(), OpenError::InUse(_)), "a guest that leaves frees nothing");
    test.db.release_lock();
    open(&again, crash()).await.unwrap();
}

#[tokio::test]
async fn commits_are_durable_and_readers_cannot_write() {
    let test = TestDb::sqlite().await;
    let tx = test.db.begin().await.unwrap();
    for (pragma, expected) in [("synchronous", 2), ("foreign_keys", 1)] {
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, format!("PRAGMA {pragma}"));
        let value: i32 = tx.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        assert_eq!(value, expected, "{pragma}");
    }
    drop(tx);
    test.db.read().execute_unprepared("DELETE FROM job").await.unwrap_err();
}

async fn newer_schema_is_refused(test: &TestDb) {
    migrate::up(&test.db).await.unwrap();
    migrate::check(&test.db).await.unwrap();
    let tx = test.db.begin().await.unwrap();
    tx.execute_unprepared(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) SELECT 9999, 'later', success, checksum, 1 \
         FROM _sqlx_migrations WHERE version = 1",
    )
    .await
    .unwrap();
    tx.commit("test").await.unwrap();
    for refused in [migrate::up(&test.db).await.unwrap_err(), migrate::check(&test.db).await.unwrap_err()] {
        assert!(matches!(refused, SchemaError::Newer { found: 9999, .. }), "{refused}");
        assert!(refused.to_string().contains("newer release"));
    }
}

#[tokio::test]
async fn an_older_binary_refuses_a_newer_schema() {
    newer_schema_is_refused(&TestDb::sqlite().await).await;
    if let Some(test) = TestDb::postgres().await {
        newer_schema_is_refused(&test).await;
    }
}

#[tokio::test]
async fn an_empty_database_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("deep/er/new.db").display());
    let db = open(&OpenOptions { create: true, ..OpenOptions::new(url) }, crash()).await.unwrap();
    assert!(matches!(migrate::check(&db).await.unwrap_err(), SchemaError::Pending(1..)));
}

async fn keys_change(test: &TestDb) {
    let old = Sealer::new(&key('a'), &[]).unwrap();
    unlock(&test.db, &old, &RandomIds).await.unwrap();
    unlock(&test.db, &old, &RandomIds).await.unwrap();
    let hash = old.hash("token", "x", true);
    let wrong = Sealer::new(&key('b'), &[]).unwrap();
    assert!(matches!(unlock(&test.db, &wrong, &RandomIds).await.unwrap_err(), KeyError::Wrong));

    let tx = test.db.begin().await.unwrap();
    for n in 0..250 {
        let (portal, id) = (format!("m{}", n % 3), format!("ch_{n:03}"));
        let place = |column| Place { table: "channel", column, portal: &portal, row: &id };
        let secrets = old.seal(place("secrets"), &Secret::new(format!("secret {n}")));
        let hook = if n == 7 { String::new() } else { old.seal(place("hook_secret"), &Secret::new(format!("hook {n}"))) };
        tx.execute_unprepared(&format!(
            "INSERT INTO channel (id, portal, kind, name, sender, settings, secrets, hook_secret, state, created_at, updated_at) \
             VALUES ('{id}', '{portal}', 'gupshup', 'n', 's', '{{}}', '{secrets}', '{hook}', 'new', 1, 1)"
        ))
        .await
        .unwrap();
    }
    tx.commit("test").await.unwrap();

    let new = Sealer::new(&key('b'), &[key('a')]).unwrap();
    unlock(&test.db, &new, &RandomIds).await.unwrap();
    assert_eq!(new.hash("token", "x", true), hash, "stored hashes survive the change");
    let done = reseal(&test.db, &new).await.unwrap();
    assert_eq!((done.changed, done.unreadable), (500, Vec::new()));
    assert_eq!(reseal(&test.db, &new).await.unwrap().changed, 0, "a second run finds nothing to do");

    let only_new = Sealer::new(&key('b'), &[]).unwrap();
    unlock(&test.db, &only_new, &RandomIds).await.unwrap();
    assert_eq!(only_new.hash("token", "x", true), hash);
    let statement =
        sea_orm::Statement::from_string(test.db.read().get_database_backend(), "SELECT hook_secret FROM channel WHERE id = 'ch_249'");
    let sealed: String = test.db.read().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    let place = Place { table: "channel", column: "hook_secret", portal: "m0", row: "ch_249" };
    assert_eq!(only_new.open(place, &sealed).unwrap().expose(), "hook 249");
    assert!(matches!(unlock(&test.db, &Sealer::new(&key('a'), &[]).unwrap(), &RandomIds).await.unwrap_err(), KeyError::Wrong));
}

#[tokio::test]
async fn a_wrong_key_refuses_to_start_and_reseal_changes_it() {
    keys_change(&TestDb::sqlite().await).await;
    if let Some(test) = TestDb::postgres().await {
        keys_change(&test).await;
    }
}

#[tokio::test]
async fn a_backup_is_whole_and_never_replaces_a_file() {
    let test = TestDb::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("copy.db");
    let open_tx = test.db.begin().await.unwrap();
    open_tx.execute_unprepared("INSERT INTO meta (key, value) VALUES ('half', 'done')").await.unwrap();
    let guest = OpenOptions { access: Access::Guest, ..OpenOptions::new(test.url.clone()) };
    let guest = open(&guest, crash()).await.unwrap();
    backup(&guest, &target).await.unwrap();
    open_tx.commit("test").await.unwrap();
    assert!(matches!(backup(&guest, &target).await.unwrap_err(), BackupError::Exists(_)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no part file stays");

    let copy = open(&OpenOptions::new(format!("sqlite://{}", target.display())), crash()).await.unwrap();
    migrate::check(&copy).await.unwrap();
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT count(*) FROM meta");
    let rows: i64 = copy.read().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert_eq!(rows, 0, "what was not committed is not in the copy");
    if let Some(test) = TestDb::postgres().await {
        assert!(matches!(backup(&test.db, &folder.path().join("pg")).await.unwrap_err(), BackupError::Postgres));
    }
}
