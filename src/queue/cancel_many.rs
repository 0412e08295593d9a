//! Cancels many jobs by their keys in one statement: a settled group ends as many deadlines.

use crate::db::bulk::{Cell, Kind, list, one_of};
use crate::db::{DbResult, Tx};
use sea_orm::{ConnectionTrait as _, Statement, Value};

/// Cancels ready jobs of a portal by any of these keys; returns how many.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn cancel_many(tx: &Tx, portal: &str, keys: &[String]) -> DbResult<u64> {
    if keys.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    // The state stands in the text: a bound one would not be known to match the partial index.
    let sql = format!(
        "DELETE FROM job WHERE state = 'ready' AND cancel_key IS NOT NULL AND portal = $1 AND {}",
        one_of(backend, "cancel_key", 2, Kind::Text)
    );
    let values = [Value::from(portal), list(backend, keys.iter().map(Cell::from))];
    Ok(tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected())
}
