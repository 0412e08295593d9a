//! An application on a database of its own, in virtual time, without anything running by itself.

use super::database::TestDb;
use courier24::app::{App, Parts};
use courier24::config::{Config, Roles};
use courier24::db::Db;
use courier24::domain::clock::{ManualClock, Ms};
use courier24::domain::secret::Secret;
use std::path::PathBuf;
use std::sync::Arc;

/// First moment of every story.
pub(crate) const START: Ms = 1_750_000_000_000;

pub(crate) fn config(url: &str, media: PathBuf) -> Config {
    Config {
        database_url: url.to_owned(),
        public_url: "https://courier.example".to_owned(),
        master_key: Secret::new("a".repeat(42) + "A="),
        media_dir: media,
        ..Config::default()
    }
}

/// Builds over a database that nobody else has locked.
pub(crate) async fn build(test: &TestDb, clock: &Arc<ManualClock>) -> App {
    test.db.release_lock();
    let parts = Parts {
        clock: Arc::<ManualClock>::clone(clock),
        listener: Some(std::net::TcpListener::bind("127.0.0.1:0").unwrap()),
        roles: Some(Roles { web: true, worker: false }),
        max_connections: 6,
        ..Parts::default()
    };
    App::build(config(&test.url, test.folder().join("media")), parts).await.unwrap()
}

/// A number out of the database.
pub(crate) async fn number(db: &Db, sql: &str) -> i64 {
    use sea_orm::ConnectionTrait as _;
    let statement = sea_orm::Statement::from_string(db.read().get_database_backend(), sql);
    db.read().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}
