//! The only place that names sea_orm: connections, migrations, sealing, entities and store functions.
//!
//! Writes go through [`Db::begin`] and [`Tx::commit`], which names its crash point. On SQLite there is one writer
//! connection (`BEGIN IMMEDIATE`) and a separate read pool, so nothing may be awaited inside a transaction that itself
//! writes, and no transaction ever spans an HTTP call.

pub mod backup;
pub mod bulk;
pub mod canary;
pub mod connect;
pub mod crypto;
pub mod entity;
mod lock;
pub mod migrate;
pub mod reseal;
pub mod scratch;
pub mod store;
mod turns;

use crate::domain::crash::{Crash, Moment};
use lock::ProcessLock;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use turns::{Turn, Turns};

/// Who commits what belongs to all portals.
pub const ACCEPT: &str = "accept";
/// Who claims for all portals.
pub const PUMP: &str = "pump";
const EVERYBODY: [&str; 3] = ["", ACCEPT, PUMP];
/// How long a connection waits for another one's write, and for a free place in a pool or a line.
const BUSY: Duration = Duration::from_secs(5);

/// What store functions take: a pool or a transaction.
pub trait Conn: ConnectionTrait {}
impl<T: ConnectionTrait> Conn for T {}

/// Which engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One process, one file.
    Sqlite,
    /// Many replicas.
    Postgres,
}

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row.
    #[error("already exists")]
    Duplicate,
    /// A stored value cannot be read (unknown word, broken JSON, wrong key).
    #[error("stored value unreadable: {0}")]
    Corrupt(String),
    /// Everything else: not connected, disk full, locked.
    #[error("database: {0}")]
    Failed(String),
}

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Self::Duplicate,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Result of store functions.
pub type DbResult<T> = Result<T, DbError>;

/// The database of one application: a writer and a reader.
#[derive(Debug, Clone)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    engine: Engine,
    crash: Arc<Crash>,
    lock: Option<Arc<ProcessLock>>,
    owned_shards: Arc<AtomicU64>,
    turns: Turns,
    /// For whom this handle writes; empty = for everybody.
    owner: Arc<str>,
    commits: watch::Sender<u64>,
}

impl Db {
    /// Puts together what `connect` opened.
    pub fn new(writer: DatabaseConnection, reader: DatabaseConnection, engine: Engine, crash: Arc<Crash>) -> Self {
        Self {
            writer,
            reader,
            engine,
            crash,
            lock: None,
            owned_shards: Arc::new(AtomicU64::new(0)),
            commits: watch::Sender::new(0),
            turns: Turns::default(),
            owner: Arc::default(),
        }
    }

    /// The same database for one owner's writes (a portal, the pump): owners take turns at SQLite's one writer.
    #[must_use]
    pub fn on_behalf_of(&self, owner: &str) -> Self {
        Self { owner: Arc::from(owner), ..self.clone() }
    }

    /// Whether a portal that writes far less than this one writes these seconds too: long transactions would keep it waiting. Never so on
    /// PostgreSQL, where each has connections of its own.
    pub fn delays_others(&self) -> bool {
        self.turns.lighter(&self.owner, |owner| !EVERYBODY.contains(&owner))
    }

    /// Remembers which shards' jobs this process works off, one bit each: nobody else needs a hint about those.
    pub fn set_owned_shards(&self, bits: u64) {
        self.owned_shards.store(bits, Ordering::Relaxed);
    }

    /// Keeps the process lock as long as the database is open.
    fn locked_by(mut self, lock: Option<ProcessLock>) -> Self {
        self.lock = lock.map(Arc::new);
        self
    }

    /// Frees the process lock although clones of this value may live on: the last step of a shutdown, and what a kill does.
    pub fn release_lock(&self) {
        if let Some(lock) = &self.lock {
            lock.release();
        }
    }

    /// Closes all connections (waits until borrowed ones come back) and frees the process lock.
    pub async fn close(&self) {
        // The reader first: the last connection to close is the writer, which then checkpoints the WAL.
        let _ = self.reader.close_by_ref().await;
        let _ = self.writer.close_by_ref().await;
        self.release_lock();
    }

    /// Pool for reads outside a transaction.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// PostgreSQL's own pool, for LISTEN.
    pub(crate) fn postgres_pool(&self) -> Option<&sqlx::PgPool> {
        (self.engine == Engine::Postgres).then(|| self.writer.get_postgres_connection_pool())
    }

    /// Moves with every commit of this process: a hint to look again, and only about this process.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Which engine runs.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The crash points of this application.
    pub fn crash(&self) -> &Arc<Crash> {
        &self.crash
    }

    /// Starts a write transaction. On SQLite it waits for its owner's turn at the one writer connection.
    ///
    /// # Errors
    /// [`DbError::Failed`] when the database cannot be reached, or nobody let go of it for seconds.
    pub async fn begin(&self) -> DbResult<Tx> {
        let mut turn = None;
        let inner = match self.engine {
            Engine::Sqlite => {
                let waited = tokio::time::timeout(BUSY, self.turns.take(&self.owner)).await;
                turn = Some(waited.map_err(|_| DbError::Failed(format!("no turn to write for {} s", BUSY.as_secs())))?);
                self.writer
                    .begin_with_options(TransactionOptions {
                        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                        ..TransactionOptions::default()
                    })
                    .await?
            }
            Engine::Postgres => self.writer.begin().await?,
        };
        let owned_shards = self.owned_shards.load(Ordering::Relaxed);
        Ok(Tx { inner, crash: Arc::clone(&self.crash), owned_shards, commits: self.commits.clone(), turn })
    }
}

/// A write transaction. Dropped without commit it is rolled back.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    crash: Arc<Crash>,
    owned_shards: u64,
    commits: watch::Sender<u64>,
    /// Passed on when the connection is free: fields are dropped in order.
    turn: Option<Turn>,
}

impl Tx {
    /// Bits of the shards whose jobs this process works off.
    pub fn owned_shards(&self) -> u64 {
        self.owned_shards
    }

    /// Commits; `point` names this site for the crash tests (`tests/it/crash.rs` reads the names from source).
    ///
    /// # Errors
    /// [`DbError::Failed`] when the commit did not happen.
    pub async fn commit(self, point: &'static str) -> DbResult<()> {
        self.crash.reach(point, Moment::Before).await;
        self.inner.commit().await?;
        drop(self.turn);
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
        // Read by the demo, which shows the last commit before a kill; off unless the target is named in `LOG`.
        tracing::debug!(target: "courier24::commit", { commit.point = point }, "committed");
        self.crash.reach(point, Moment::After).await;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}
