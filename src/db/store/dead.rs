//! The `dead` state of robot calls: set when the job that decides a call is buried, and taken back by a redrive; or for good when the
//! application is removed from the portal.

use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::{Statement, Value};

/// A call that will not be decided unless somebody redrives it.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn mark_call(db: &impl Conn, portal: &str, call_id: &str) -> DbResult<()> {
    let sql = "UPDATE robot_call SET state = 'dead' WHERE portal = $1 AND id = $2 AND state = 'accepted'";
    let values = [Value::from(portal), Value::from(call_id)];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Ends whatever a removed portal still waits for: calls without an answer, messages that have not left. Nobody will work on them.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn end_portal(db: &impl Conn, portal: &str, error: &str, now: Ms) -> DbResult<()> {
    let calls = "UPDATE robot_call SET state = 'dead', finished_at = $2 WHERE portal = $1 AND state IN ('accepted', 'waiting', 'answered')";
    let values = vec![Value::from(portal), Value::from(now)];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), calls, values)).await?;
    let messages = "UPDATE message SET status = 'cancelled', error = $2 WHERE portal = $1 AND direction = 'out' \
        AND status IN ('queued', 'held')";
    let values = vec![Value::from(portal), Value::from(error)];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), messages, values)).await?;
    let follow_ups = "UPDATE follow_up SET state = 'cancelled', reason = 'uninstalled', updated_at = $2, ended_at = $2 \
        WHERE portal = $1 AND state = 'pending'";
    let values = vec![Value::from(portal), Value::from(now)];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), follow_ups, values)).await?;
    let bound = "DELETE FROM event_binding WHERE portal = $1";
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), bound, [Value::from(portal)])).await?;
    Ok(())
}

/// Dead calls wait for their decision again; of all portals when `portal` is `None`.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn revive_calls(db: &impl Conn, portal: Option<&str>) -> DbResult<()> {
    let (and, values) = portal.map_or(("", Vec::new()), |portal| (" AND portal = $1", vec![Value::from(portal)]));
    let sql = format!("UPDATE robot_call SET state = 'accepted' WHERE state = 'dead' AND finished_at IS NULL{and}");
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    Ok(())
}
