//! Jobs whose worker is gone come back: expired leases, leases of an earlier boot, of a shard taken over, of a worker that stops.

use super::Job;
use crate::db::bulk::{Cell, Kind, list, one_of};
use crate::db::store::dead;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};

/// A job that was under way at so many deaths of its process is taken for their cause and buried.
pub const MOST_LOST: i64 = 100;

/// Which leases end.
#[derive(Debug, Clone, Copy)]
pub enum Lost<'a> {
    /// Those whose time has passed.
    Expired,
    /// All: on SQLite nobody else can be alive at start.
    Boot,
    /// Those in shards just taken over from another replica.
    Shards(&'a [i64]),
    /// These, given back by their own worker.
    Given(&'a [String]),
}

/// Ends leases: the jobs are ready at once and the try is not counted (their handlers did not fail). Returns how many came back.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails; `Duplicate` when a job with the same key became ready at this very moment (try again).
pub async fn reclaim(tx: &Tx, lost: Lost<'_>, now: Ms) -> DbResult<u64> {
    let backend = tx.get_database_backend();
    let (which, bound) = condition(backend, lost, now);
    bury_killers(tx, &which, &bound).await?;
    // While a job ran, a newer one with its key may have become ready, or was claimed and lost as well: one of each key comes back.
    let twins = format!(
        "DELETE FROM job WHERE {which} AND idem_key IS NOT NULL AND EXISTS (SELECT 1 FROM job AS twin WHERE twin.portal = job.portal \
         AND twin.kind = job.kind AND twin.idem_key = job.idem_key \
         AND (twin.state = 'ready' OR (twin.state = 'running' AND twin.id > job.id AND {})))",
        which.replace("job.", "twin.")
    );
    tx.execute_raw(Statement::from_sql_and_values(backend, twins, bound.clone())).await?;
    let counted = if matches!(lost, Lost::Given(_)) { "lost" } else { "lost + 1" };
    let back = format!(
        "UPDATE job SET state = 'ready', attempt = attempt - 1, lost = {counted}, lease_id = NULL, lease_until = NULL WHERE {which}"
    );
    Ok(tx.execute_raw(Statement::from_sql_and_values(backend, back, bound)).await?.rows_affected())
}

/// The range over `lease_until` leads through the small index of running jobs.
fn condition(backend: DbBackend, lost: Lost<'_>, now: Ms) -> (String, Vec<Value>) {
    let running = "job.state = 'running' AND job.lease_until";
    match lost {
        Lost::Expired => (format!("{running} < $1"), vec![Value::from(now)]),
        Lost::Boot => (format!("{running} >= 0"), Vec::new()),
        Lost::Shards(shards) => (
            format!("{running} >= 0 AND {}", one_of(backend, "job.shard", 1, Kind::Int)),
            vec![list(backend, shards.iter().map(|shard| Cell::Int(*shard)))],
        ),
        Lost::Given(leases) => (
            format!("{running} >= 0 AND {}", one_of(backend, "job.lease_id", 1, Kind::Text)),
            vec![list(backend, leases.iter().map(Cell::from))],
        ),
    }
}

async fn bury_killers(tx: &Tx, which: &str, bound: &[Value]) -> DbResult<()> {
    let sql = format!(
        "UPDATE job SET state = 'dead', last_error = 'its process died {MOST_LOST} times while it was under way', lease_id = NULL, \
         lease_until = NULL WHERE {which} AND job.lost >= {MOST_LOST} RETURNING portal, payload"
    );
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, bound.to_vec())).await?;
    for row in &rows {
        let portal: String = row.try_get_by_index(0)?;
        let payload: String = row.try_get_by_index(1)?;
        if let Ok(Job::RunCall { call_id }) = serde_json::from_str(&payload) {
            dead::mark_call(&**tx, &portal, &call_id).await?;
        }
    }
    Ok(())
}
