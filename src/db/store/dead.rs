//! The `dead` state of robot calls: set when the job that decides a call is buried, taken back by a redrive.

use crate::db::{Conn, DbResult};
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

/// Dead calls wait for their decision again; of all portals when `portal` is `None`.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn revive_calls(db: &impl Conn, portal: Option<&str>) -> DbResult<()> {
    let (and, values) = portal.map_or(("", Vec::new()), |portal| (" AND portal = $1", vec![Value::from(portal)]));
    let sql = format!("UPDATE robot_call SET state = 'accepted' WHERE state = 'dead'{and}");
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    Ok(())
}
