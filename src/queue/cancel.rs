//! Jobs taken back, pulled forward, or raised from the dead by key or portal; each one statement in the caller's transaction.

use super::Lane;
use super::enqueue::hint;
use crate::db::bulk::{Cell, Kind, list, one_of};
use crate::db::store::dead;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{ConnectionTrait as _, Statement, Value};

/// Cancels ready jobs of a portal by key (one statement); returns how many. A running job has to look for itself before it sends.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn cancel(tx: &Tx, portal: &str, key: &str) -> DbResult<u64> {
    let sql = "DELETE FROM job WHERE state = 'ready' AND portal = $1 AND cancel_key = $2";
    run(tx, sql, vec![Value::from(portal), Value::from(key)]).await
}

/// Removes every ready job of a portal (uninstall); returns how many.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn cancel_portal(tx: &Tx, portal: &str) -> DbResult<u64> {
    run(tx, "DELETE FROM job WHERE state = 'ready' AND portal = $1", vec![Value::from(portal)]).await
}

/// Pulls a portal's ready jobs of some lanes forward to now (its outbox after the authorization came back); returns how many moved.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn hasten(tx: &Tx, portal: &str, lanes: &[Lane], now: Ms) -> DbResult<u64> {
    let backend = tx.get_database_backend();
    let lane = one_of(backend, "lane", 3, Kind::Int);
    let sql = format!("UPDATE job SET run_at = $1 WHERE state = 'ready' AND portal = $2 AND {lane} AND run_at > $1");
    let lanes = list(backend, lanes.iter().map(|lane| Cell::Int(lane.number())));
    let moved = run(tx, &sql, vec![Value::from(now), Value::from(portal), lanes]).await?;
    if moved > 0 {
        hint(tx, std::iter::once(portal)).await?;
    }
    Ok(moved)
}

/// Pulls forward to now the ready `Deliver` jobs of messages that a channel holds; returns how many moved.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn release_held(tx: &Tx, portal: &str, channel_id: &str, now: Ms) -> DbResult<u64> {
    let sql = "UPDATE job SET run_at = $1 WHERE state = 'ready' AND portal = $2 AND kind = 'deliver' AND run_at > $1 \
               AND EXISTS (SELECT 1 FROM message AS held WHERE held.id = job.idem_key AND held.portal = $2 \
               AND held.channel_id = $3 AND held.status = 'held')";
    let moved = run(tx, sql, vec![Value::from(now), Value::from(portal), Value::from(channel_id)]).await?;
    if moved > 0 {
        hint(tx, std::iter::once(portal)).await?;
    }
    Ok(moved)
}

/// Dead jobs back to ready with fresh attempts; all portals when `portal` is `None`. A dead job whose key has a ready one, or a newer
/// dead one, is dropped instead. Returns how many are ready now.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn redrive(tx: &Tx, portal: Option<&str>, now: Ms) -> DbResult<u64> {
    let (and, bound) = portal.map_or(("", Vec::new()), |portal| (" AND job.portal = $1", vec![Value::from(portal)]));
    let twins = format!(
        "DELETE FROM job WHERE state = 'dead' AND idem_key IS NOT NULL{and} AND EXISTS (SELECT 1 FROM job AS twin \
         WHERE twin.portal = job.portal AND twin.kind = job.kind AND twin.idem_key = job.idem_key \
         AND (twin.state = 'ready' OR (twin.state = 'dead' AND twin.id > job.id)))"
    );
    run(tx, &twins, bound.clone()).await?;
    dead::revive_calls(&**tx, portal).await?;
    let n = bound.len() + 1;
    let raise =
        format!("UPDATE job SET state = 'ready', run_at = ${n}, attempt = 0, lost = 0, updated_at = ${n} WHERE state = 'dead'{and}");
    let mut values = bound;
    values.push(Value::from(now));
    let raised = run(tx, &raise, values).await?;
    if raised > 0 {
        // Of all portals somebody else's may be among them.
        match portal {
            Some(portal) => hint(tx, std::iter::once(portal)).await?,
            None => super::enqueue::hint_all(tx).await?,
        }
    }
    Ok(raised)
}

async fn run(tx: &Tx, sql: &str, values: Vec<Value>) -> DbResult<u64> {
    Ok(tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.rows_affected())
}
