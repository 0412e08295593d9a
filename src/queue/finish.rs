//! Ends of a claimed job, each fenced by its lease: whoever lost the lease changes nothing.

use super::{Claimed, Job};
use crate::db::bulk::{Cell, Column, Kind, Rows, list, one_of};
use crate::db::store::dead;
use crate::db::{DbError, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{ConnectionTrait as _, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Why a finish did not count.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// Another worker holds the job now; nothing of this transaction may be committed.
    #[error("lease lost")]
    LeaseLost,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for FinishError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}

/// A job to put back.
#[derive(Debug)]
pub struct Release<'a> {
    /// The job.
    pub job: &'a Claimed,
    /// Not before.
    pub run_at: Ms,
    /// Why, kept as `last_error`.
    pub error: Option<&'a str>,
    /// This try was a failure; else the try taken at the claim is given back.
    pub counted: bool,
}

/// Removes finished jobs inside the transaction that did their work.
///
/// # Errors
/// [`FinishError::LeaseLost`] when any of them is no longer under its lease: the caller must drop the transaction.
pub async fn complete(tx: &Tx, jobs: &[&Claimed]) -> Result<(), FinishError> {
    let mut by_lease: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for job in jobs {
        by_lease.entry(&job.lease_id).or_default().insert(&job.id);
    }
    let backend = tx.get_database_backend();
    for (lease, ids) in by_lease {
        let sql = format!("DELETE FROM job WHERE state = 'running' AND lease_id = $1 AND {}", one_of(backend, "id", 2, Kind::Text));
        let values = [Value::from(lease), list(backend, ids.iter().map(|id| Cell::from(*id)))];
        let done = tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        if usize::try_from(done.rows_affected()).unwrap_or_default() != ids.len() {
            return Err(FinishError::LeaseLost);
        }
    }
    Ok(())
}

/// Puts a job back for later. `counted` = this try was a failure (attempt + 1 was already taken at claim; false gives it back).
///
/// # Errors
/// [`FinishError::LeaseLost`] when it is no longer under its lease.
pub async fn release(tx: &Tx, job: &Claimed, run_at: Ms, error: Option<&str>, counted: bool) -> Result<(), FinishError> {
    match release_all(tx, &[Release { job, run_at, error, counted }]).await? {
        0 => Err(FinishError::LeaseLost),
        _ => Ok(()),
    }
}

const RELEASED: &[Column] =
    &[("id", Kind::Text), ("lease_id", Kind::Text), ("run_at", Kind::Int), ("counted", Kind::Int), ("error", Kind::Text)];

/// A ready job with the same key as one of ours.
const TWIN: &str = "twin.state = 'ready' AND twin.portal = own.portal AND twin.kind = own.kind AND twin.idem_key = own.idem_key";

/// Puts many jobs back; returns how many were still ours. While a job ran, a newer one with its key may have become ready: then that one
/// stays, at the earlier of both times, and the released one goes.
///
/// # Errors
/// [`DbError`] when the database fails; [`DbError::Duplicate`] when such a twin was stored at this very moment (try again).
pub async fn release_all(tx: &Tx, jobs: &[Release<'_>]) -> DbResult<u64> {
    if jobs.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    let mut rows = Rows::new(RELEASED);
    for Release { job, run_at, error, counted } in jobs {
        rows.push(vec![(&job.id).into(), (&job.lease_id).into(), (*run_at).into(), i64::from(*counted).into(), (*error).into()]);
    }
    let (source, values) = rows.source(backend, "r", 1);
    let run = async |sql: String| -> DbResult<u64> {
        Ok(tx.execute_raw(Statement::from_sql_and_values(backend, sql, values.clone())).await?.rows_affected())
    };
    run(format!(
        "UPDATE job AS twin SET run_at = mine.run_at FROM (SELECT own.portal, own.kind, own.idem_key, r.run_at FROM {source} \
         JOIN job AS own ON own.id = r.id AND own.lease_id = r.lease_id AND own.state = 'running') AS mine \
         WHERE {} AND mine.run_at < twin.run_at",
        TWIN.replace("own.", "mine.")
    ))
    .await?;
    let dropped = run(format!(
        "DELETE FROM job WHERE id IN (SELECT own.id FROM {source} JOIN job AS own ON own.id = r.id AND own.lease_id = r.lease_id \
         AND own.state = 'running' WHERE EXISTS (SELECT 1 FROM job AS twin WHERE {TWIN}))"
    ))
    .await?;
    let released = run(format!(
        "UPDATE job SET state = 'ready', run_at = r.run_at, attempt = attempt - 1 + r.counted, last_error = COALESCE(r.error, last_error), \
         lease_id = NULL, lease_until = NULL FROM {source} WHERE job.id = r.id AND job.lease_id = r.lease_id AND job.state = 'running'"
    ))
    .await?;
    Ok(dropped + released)
}

/// Buries a job in `dead`: it comes back only by [`super::redrive`]. A robot call whose decision is buried becomes `dead` with it.
///
/// # Errors
/// [`FinishError::LeaseLost`] when it is no longer under its lease.
pub async fn bury(tx: &Tx, job: &Claimed, error: &str) -> Result<(), FinishError> {
    let sql = "UPDATE job SET state = 'dead', last_error = $1, lease_id = NULL, lease_until = NULL \
               WHERE id = $2 AND lease_id = $3 AND state = 'running'";
    let values = [Value::from(error), Value::from(job.id.as_str()), Value::from(job.lease_id.as_str())];
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    if done.rows_affected() == 0 {
        return Err(FinishError::LeaseLost);
    }
    if let Job::RunCall { call_id } = &job.job {
        dead::mark_call(&**tx, &job.portal, call_id).await?;
    }
    Ok(())
}

/// Lengthens leases of running jobs (heartbeat); returns how many jobs are still ours.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn extend(tx: &Tx, lease_ids: &[String], lease_until: Ms) -> DbResult<u64> {
    if lease_ids.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    // The range over `lease_until` leads through the small index of running jobs.
    let leases = one_of(backend, "lease_id", 2, Kind::Text);
    let sql = format!("UPDATE job SET lease_until = $1 WHERE state = 'running' AND lease_until >= 0 AND {leases}");
    let values = [Value::from(lease_until), list(backend, lease_ids.iter().map(Cell::from))];
    Ok(tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected())
}
