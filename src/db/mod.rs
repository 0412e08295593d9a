//! The only place that names sea_orm: connections, migrations, sealing, entities and store functions.
//!
//! Writes go through [`Db::begin`] and [`Tx::commit`], which names its crash point. On SQLite there is one writer
//! connection (`BEGIN IMMEDIATE`) and a separate read pool, so nothing may be awaited inside a transaction that itself
//! writes, and no transaction ever spans an HTTP call.

pub mod connect;
pub mod crypto;
pub mod entity;
pub mod migrate;
pub mod store;

use crate::domain::crash::{Crash, Moment};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::ops::Deref;
use std::sync::Arc;

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
}

impl Db {
    /// Puts together what `connect` opened.
    pub fn new(writer: DatabaseConnection, reader: DatabaseConnection, engine: Engine, crash: Arc<Crash>) -> Self {
        Self { writer, reader, engine, crash }
    }

    /// Pool for reads outside a transaction.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Which engine runs.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The crash points of this application.
    pub fn crash(&self) -> &Arc<Crash> {
        &self.crash
    }

    /// Starts a write transaction. On SQLite it waits for the one writer connection.
    ///
    /// # Errors
    /// [`DbError::Failed`] when the database cannot be reached.
    pub async fn begin(&self) -> DbResult<Tx> {
        let inner = match self.engine {
            Engine::Sqlite => {
                self.writer
                    .begin_with_options(TransactionOptions {
                        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                        ..TransactionOptions::default()
                    })
                    .await?
            }
            Engine::Postgres => self.writer.begin().await?,
        };
        Ok(Tx { inner, crash: Arc::clone(&self.crash) })
    }
}

/// A write transaction. Dropped without commit it is rolled back.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    crash: Arc<Crash>,
}

impl Tx {
    /// Commits; `point` names this site for the crash tests (`tests/it/crash.rs` reads the names from source).
    ///
    /// # Errors
    /// [`DbError::Failed`] when the commit did not happen.
    pub async fn commit(self, point: &'static str) -> DbResult<()> {
        self.crash.reach(point, Moment::Before).await;
        self.inner.commit().await?;
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
