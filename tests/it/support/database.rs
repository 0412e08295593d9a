//! A database of its own for each test: a SQLite file, and where `COURIER24_TEST_POSTGRES` names a server, a PostgreSQL database.

use courier24::db::connect::{OpenOptions, open};
use courier24::db::{Db, migrate};
use courier24::domain::crash::Crash;
use courier24::domain::ids::{Ids as _, RandomIds};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::sync::{Arc, LazyLock};

/// Least size of the memory file system that the tests' SQLite files may live in.
const ROOM_KB: u64 = 2 * 1024 * 1024;

/// A folder for what ends with a test: in memory where there is much of it, since nothing here has to outlive a power cut and a slow
/// disk would make every commit of every story wait for it. (Containers often come with 64 MB; then it is the ordinary place.)
pub(crate) fn scratch() -> tempfile::TempDir {
    static MEMORY: LazyLock<bool> = LazyLock::new(|| {
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        mounts.lines().filter(|line| line.starts_with("tmpfs /dev/shm ")).any(|line| {
            let size = line.split([' ', ',']).find_map(|word| word.strip_prefix("size=")?.strip_suffix('k')?.parse::<u64>().ok());
            size.is_some_and(|size| size >= ROOM_KB)
        })
    });
    match *MEMORY {
        true => tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

/// A migrated database; removed when dropped (PostgreSQL ones stay with their throw-away cluster).
pub(crate) struct TestDb {
    pub(crate) db: Db,
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

impl TestDb {
    pub(crate) async fn sqlite() -> Self {
        let folder = scratch();
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
        Some(Self::open(format!("{base}/{name}"), scratch()).await)
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
