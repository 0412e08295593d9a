//! Opens the database: one SQLite file for one process, or a PostgreSQL server for many.
//!
//! A mistyped address never creates an empty database: a file is made only when asked for. On SQLite all writes go through one
//! connection with `synchronous=FULL` (a commit answered with 200 survives a power cut), reads through a pool that cannot write.

use super::lock::{LockError, ProcessLock};
use super::{BUSY, Db, DbError, Engine};
use crate::domain::crash::Crash;
use sea_orm::{SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

/// A crowd's groups read side by side; one more must not stand in line behind them all.
const READERS: u32 = 8;
/// Prepared statements kept by a connection: claims and inserts come in a few dozen sizes.
const STATEMENTS: usize = 400;
/// Pages of WAL between checkpoints (16 MB): the same hot pages are then written back once instead of four times.
const CHECKPOINT_PAGES: &str = "4000";

/// What the opener is going to do with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Serve, migrate: on SQLite nobody else may.
    Exclusive,
    /// One short command beside a running service: `redrive`, `reseal`, `backup`.
    Guest,
}

/// What to open.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// `sqlite://path` or `postgres://…`.
    pub url: String,
    /// Make a missing SQLite file.
    pub create: bool,
    /// What for.
    pub access: Access,
    /// Connections to PostgreSQL.
    pub max_connections: u32,
}

impl OpenOptions {
    /// Exclusive, not creating, 16 connections.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), create: false, access: Access::Exclusive, max_connections: 16 }
    }
}

/// Why the database did not open; each is a sentence for the operator and says what to do. Never contains the address (passwords).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither engine.
    #[error("DATABASE_URL must be sqlite://<path of a file> or postgres://<user>:<password>@<host>/<database>")]
    Address,
    /// A SQLite file that is not there.
    #[error(
        "the database file {} does not exist; create it with `courier24 migrate --create` or correct DATABASE_URL",
        .0.display()
    )]
    Missing(PathBuf),
    /// The operating system's lock is held.
    #[error(
        "another courier24 process is using {}; SQLite serves one process: stop the other one, or use PostgreSQL to run several",
        .0.display()
    )]
    InUse(PathBuf),
    /// The folder or lock file cannot be written.
    #[error("cannot use {}: {reason}", .path.display())]
    File {
        /// What.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The engine refused.
    #[error("cannot open the database: {0}")]
    Refused(String),
}

impl From<OpenError> for DbError {
    fn from(error: OpenError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Opens a database; migrations are a separate step (`migrate::up`).
///
/// # Errors
/// [`OpenError`], a sentence for the operator.
pub async fn open(options: &OpenOptions, crash: Arc<Crash>) -> Result<Db, OpenError> {
    if options.url.starts_with("sqlite:") {
        open_sqlite(options, crash).await
    } else if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
        open_postgres(options, crash).await
    } else {
        Err(OpenError::Address)
    }
}

async fn open_sqlite(options: &OpenOptions, crash: Arc<Crash>) -> Result<Db, OpenError> {
    // A memory database would be another one for each connection of the read pool.
    if options.url.contains(":memory:") || options.url.contains("mode=memory") {
        return Err(OpenError::Address);
    }
    let base = SqliteConnectOptions::from_str(&options.url).map_err(|_| OpenError::Address)?;
    let path = base.get_filename().to_path_buf();
    if path.as_os_str().is_empty() {
        return Err(OpenError::Address);
    }
    if !path.exists() {
        if !options.create {
            return Err(OpenError::Missing(path));
        }
        create_file(&path)?;
    }
    let lock = match options.access {
        Access::Guest => None,
        Access::Exclusive => Some(lock_beside(&path)?),
    };
    let base = base
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging();
    // The writer opens first: it turns WAL on, which a reader could not.
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(BUSY)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(base.clone().pragma("wal_autocheckpoint", CHECKPOINT_PAGES))
        .await
        .map_err(refused)?;
    let reader = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(BUSY)
        .max_lifetime(None)
        .connect_with(base.pragma("query_only", "on"))
        .await
        .map_err(refused)?;
    let (writer, reader) = (SqlxSqliteConnector::from_sqlx_sqlite_pool(writer), SqlxSqliteConnector::from_sqlx_sqlite_pool(reader));
    Ok(Db::new(writer, reader, Engine::Sqlite, crash).locked_by(lock))
}

async fn open_postgres(options: &OpenOptions, crash: Arc<Crash>) -> Result<Db, OpenError> {
    let connect = PgConnectOptions::from_str(&options.url)
        .map_err(|_| OpenError::Address)?
        .application_name("courier24")
        // A server tuned for speed must not take back what was answered with 200.
        .options([("synchronous_commit", "on"), ("lock_timeout", "10000"), ("idle_in_transaction_session_timeout", "60000")])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections.max(2))
        .acquire_timeout(BUSY)
        .connect_with(connect)
        .await
        .map_err(refused)?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Db::new(connection.clone(), connection, Engine::Postgres, crash))
}

fn create_file(path: &Path) -> Result<(), OpenError> {
    let failed = |error: std::io::Error| OpenError::File { path: path.to_path_buf(), reason: error.to_string() };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Texts and phones of clients: for the service's own user only.
        new.mode(0o600);
    }
    new.open(path).map(drop).map_err(failed)
}

fn lock_beside(path: &Path) -> Result<ProcessLock, OpenError> {
    ProcessLock::take(path).map_err(|error| match error {
        LockError::Held => OpenError::InUse(path.to_path_buf()),
        LockError::Failed(error) => OpenError::File { path: path.to_path_buf(), reason: error.to_string() },
    })
}

fn refused(error: sqlx::Error) -> OpenError {
    OpenError::Refused(error.to_string())
}
