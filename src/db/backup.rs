//! An online copy of the SQLite database: a consistent file while the service goes on writing.
//!
//! The copy appears under its name only when it is complete and on disk, and never replaces a file. PostgreSQL has its own tools.

use super::{Db, Engine};
use sea_orm::{ConnectionTrait as _, Statement, Value};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Why there is no copy; sentences for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Not SQLite.
    #[error("`backup` copies SQLite databases; for PostgreSQL use pg_dump or your server's backups")]
    Postgres,
    /// The name is taken.
    #[error("{} exists; a backup never replaces a file: choose another name", .0.display())]
    Exists(PathBuf),
    /// The engine or the disk refused.
    #[error("the backup was not made: {0}")]
    Failed(String),
}

/// Copies the database to `target`.
///
/// # Errors
/// [`BackupError`], a sentence for the operator; then no file of that name was made.
pub async fn backup(db: &Db, target: &Path) -> Result<(), BackupError> {
    if db.engine() != Engine::Sqlite {
        return Err(BackupError::Postgres);
    }
    if target.exists() {
        return Err(BackupError::Exists(target.to_path_buf()));
    }
    let part = part_of(target);
    // A leftover of a broken run; SQLite copies only into a new file.
    let _ = std::fs::remove_file(&part);
    let copied = copy(db, &part, target).await;
    let _ = std::fs::remove_file(&part);
    copied
}

async fn copy(db: &Db, part: &Path, target: &Path) -> Result<(), BackupError> {
    let name = part.to_str().ok_or_else(|| BackupError::Failed("the file name is not UTF-8".to_owned()))?;
    let backend = db.writer.get_database_backend();
    db.writer
        .execute_raw(Statement::from_sql_and_values(backend, "VACUUM INTO $1", [Value::from(name)]))
        .await
        .map_err(|error| BackupError::Failed(error.to_string()))?;
    let failed = |error: std::io::Error| BackupError::Failed(error.to_string());
    restrict(part).map_err(failed)?;
    File::open(part).and_then(|file| file.sync_all()).map_err(failed)?;
    // A hard link fails if the name was taken meanwhile, which a rename would not.
    std::fs::hard_link(part, target).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists(target.to_path_buf()),
        _ => failed(error),
    })?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn part_of(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

#[cfg(unix)]
fn restrict(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &Path) -> std::io::Result<()> {
    Ok(())
}
