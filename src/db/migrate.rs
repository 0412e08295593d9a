//! Embedded migrations: `migrations/NNNN_*.sql`, one neutral set for both engines, append-only, checked by checksum, applied under a lock.
//!
//! An older binary refuses a newer schema instead of writing rows the newer one would not understand. Never edits data.

use super::{Db, Engine};
use sea_orm::{ConnectionTrait as _, Statement};
use sqlx::migrate::{MigrateError, Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Why the schema does not fit; sentences for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Written by a later release.
    #[error(
        "the database has schema version {found}, this courier24 knows versions up to {known}: it was migrated by a newer release; \
         start that release, or restore a backup made before the update"
    )]
    Newer {
        /// Version in the database.
        found: i64,
        /// Latest version in this binary.
        known: i64,
    },
    /// A migration's text differs from the one that was applied.
    #[error("migration {0} in the database differs from the one in this binary; this is not an official courier24 build of that schema")]
    Changed(i64),
    /// `--no-migrate` and something to do.
    #[error("the database lacks {0} schema migration(s); run `courier24 migrate` first")]
    Pending(usize),
    /// The engine refused.
    #[error("the schema could not be migrated: {0}")]
    Failed(String),
}

/// Brings the schema up to this binary's version; does nothing when it is there already.
///
/// # Errors
/// [`SchemaError`], a sentence for the operator.
pub async fn up(db: &Db) -> Result<(), SchemaError> {
    let done = match db.engine() {
        Engine::Sqlite => MIGRATIONS.run(db.writer.get_sqlite_connection_pool()).await,
        Engine::Postgres => MIGRATIONS.run(db.writer.get_postgres_connection_pool()).await,
    };
    done.map_err(|error| match error {
        MigrateError::VersionMissing(found) => SchemaError::Newer { found, known: known() },
        MigrateError::VersionMismatch(version) => SchemaError::Changed(version),
        other => SchemaError::Failed(other.to_string()),
    })
}

/// Looks without changing: is the schema exactly this binary's?
///
/// # Errors
/// [`SchemaError`], a sentence for the operator.
pub async fn check(db: &Db) -> Result<(), SchemaError> {
    let applied = applied(db).await?;
    if let Some(found) = applied.iter().copied().find(|version| !MIGRATIONS.version_exists(*version)) {
        return Err(SchemaError::Newer { found, known: known() });
    }
    match MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)).count() {
        0 => Ok(()),
        missing => Err(SchemaError::Pending(missing)),
    }
}

fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

async fn applied(db: &Db) -> Result<Vec<i64>, SchemaError> {
    let failed = |error: sea_orm::DbErr| SchemaError::Failed(error.to_string());
    let backend = db.read().get_database_backend();
    let table = match db.engine() {
        Engine::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
        Engine::Postgres => {
            "SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = '_sqlx_migrations' AND schemaname = current_schema()"
        }
    };
    let table = db.read().query_one_raw(Statement::from_string(backend, table)).await.map_err(failed)?;
    if table.and_then(|row| row.try_get_by_index::<i64>(0).ok()).unwrap_or_default() == 0 {
        return Ok(Vec::new());
    }
    let rows = Statement::from_string(backend, "SELECT version FROM _sqlx_migrations WHERE success");
    let rows = db.read().query_all_raw(rows).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get_by_index::<i64>(0).map_err(failed)).collect()
}
