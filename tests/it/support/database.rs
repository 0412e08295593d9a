//! A database of its own for each test: a SQLite file, and where `COURIER24_TEST_POSTGRES` names a server, a PostgreSQL database.

use courier24::db::connect::{OpenOptions, open};
use courier24::db::{Db, migrate};
use courier24::domain::crash::Crash;
use courier24::domain::ids::{Ids as _, RandomIds};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::sync::Arc;

/// A migrated database; removed when dropped (PostgreSQL ones stay with their throw-away cluster).
pub(crate) struct TestDb {
    pub(crate) db: Db,
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

impl TestDb {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::open(url, folder).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let server = std::env::var("COURIER24_TEST_POSTGRES").ok();
        // In CI a missing PostgreSQL is a failure, never a skip.
        assert!(server.is_some() || std::env::var("CI").as_deref() != Ok("true"), "CI without COURIER24_TEST_POSTGRES: run `make test`");
        let server = server?;
        let name = format!("c24_{}", &RandomIds.token()[..16]);
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Some(Self::open(format!("{base}/{name}"), tempfile::tempdir().unwrap()).await)
    }

    async fn open(url: String, folder: tempfile::TempDir) -> Self {
        let options = OpenOptions { create: true, max_connections: 6, ..OpenOptions::new(url.clone()) };
        let db = open(&options, Arc::new(Crash::default())).await.unwrap();
        migrate::up(&db).await.unwrap();
        Self { db, url, folder }
    }

    /// A folder that lives as long as the database.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Runs a test body on every engine at hand.
macro_rules! on_both_engines {
    ($(#[doc = $doc:literal])* async fn $name:ident($db:ident: &Db) $body:block) => {
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn body($db: &Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(&crate::support::database::TestDb::sqlite().await.db).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(test) = crate::support::database::TestDb::postgres().await {
                    body(&test.db).await;
                }
            }
        }
    };
}
pub(crate) use on_both_engines;

/// The same for bodies that open the database themselves.
macro_rules! on_both_databases {
    ($(#[doc = $doc:literal])* async fn $name:ident($test:ident: &TestDb) $body:block) => {
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn body($test: &crate::support::database::TestDb) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(&crate::support::database::TestDb::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(test) = crate::support::database::TestDb::postgres().await {
                    body(&test).await;
                }
            }
        }
    };
}
pub(crate) use on_both_databases;
