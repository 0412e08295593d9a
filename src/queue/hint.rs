//! PostgreSQL's LISTEN as a hint that another replica stored work for us. The poll stays the truth: a lost hint costs a second.

use super::enqueue::HINT;
use crate::db::{Db, DbError, DbResult};
use sqlx::postgres::PgListener;

/// An open LISTEN connection.
#[derive(Debug)]
pub struct Hints(PgListener);

impl Hints {
    /// Begins to listen; `None` on SQLite, where all work is stored by this process.
    ///
    /// # Errors
    /// [`DbError`] when no connection is to be had.
    pub async fn open(db: &Db) -> DbResult<Option<Self>> {
        let Some(pool) = db.postgres_pool() else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
        listener.listen(HINT).await.map_err(failed)?;
        Ok(Some(Self(listener)))
    }

    /// Waits for the next hint; reconnects by itself once.
    ///
    /// # Errors
    /// [`DbError`] when the connection is gone: open a new one.
    pub async fn next(&mut self) -> DbResult<()> {
        self.0.recv().await.map(drop).map_err(failed)
    }
}

fn failed(error: sqlx::Error) -> DbError {
    DbError::Failed(error.to_string())
}
