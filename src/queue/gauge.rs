//! How much is waiting and for how long: numbers for `/metrics`, no names of portals.

use super::Lane;
use crate::db::bulk::{Cell, Kind, list, one_of};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::{Statement, Value};

/// Due jobs of one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The lane.
    pub lane: Lane,
    /// Jobs that could run now.
    pub due: i64,
    /// How long the oldest has been due, ms.
    pub age_ms: Ms,
}

/// Due jobs by lane, every lane named. Costs a step for each due job: ask seldom.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn depths(db: &impl Conn, now: Ms) -> DbResult<Vec<Depth>> {
    let sql = "SELECT lane, count(*), min(run_at) FROM job WHERE state = 'ready' AND run_at <= $1 GROUP BY lane";
    let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, [Value::from(now)])).await?;
    let mut depths: Vec<Depth> = Lane::ALL.into_iter().map(|lane| Depth { lane, due: 0, age_ms: 0 }).collect();
    for row in &rows {
        let lane: i64 = row.try_get_by_index(0)?;
        if let Some(depth) = depths.iter_mut().find(|depth| depth.lane.number() == lane) {
            depth.due = row.try_get_by_index(1)?;
            depth.age_ms = now.saturating_sub(row.try_get_by_index(2)?);
        }
    }
    Ok(depths)
}

/// Whether any job of these lanes is ready, due or not, or under way. One step when there is.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn unfinished(db: &impl Conn, lanes: &[Lane]) -> DbResult<bool> {
    let backend = db.get_database_backend();
    let lane = one_of(backend, "lane", 1, Kind::Int);
    let sql = format!("SELECT 1 FROM job WHERE state IN ('ready', 'running') AND {lane} LIMIT 1");
    let values = [list(backend, lanes.iter().map(|lane| Cell::Int(lane.number())))];
    Ok(db.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?.is_some())
}

/// Buried jobs of the whole installation.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn dead_count(db: &impl Conn) -> DbResult<i64> {
    let statement = Statement::from_string(db.get_database_backend(), "SELECT count(*) FROM job WHERE state = 'dead'");
    Ok(db.query_one_raw(statement).await?.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}
