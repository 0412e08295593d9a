//! Enqueue, claim, finish. SIGNATURES ARE FIXED, bodies to be written by the queue owner.

use super::{Claimed, Group, NewJob};
use crate::db::{Conn, Db, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::ids::Ids;

/// Why a finish did not count.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// Another worker holds the job now; nothing of this transaction may be committed.
    #[error("lease lost")]
    LeaseLost,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
}

/// Stores jobs inside the caller's transaction (one statement). Returns how many were new.
pub async fn enqueue(_tx: &Tx, _ids: &dyn Ids, _now: Ms, _jobs: &[NewJob]) -> DbResult<u64> {
    todo!()
}

/// Claims due jobs fairly: portals take turns, at most `Lane::group_size` of one portal and lane in a group.
pub async fn claim(_db: &Db, _ids: &dyn Ids, _shards: &[i64], _now: Ms, _lease_ms: Ms, _limit: u64) -> DbResult<Vec<Group>> {
    todo!()
}

/// Removes finished jobs inside the transaction that did their work.
///
/// # Errors
/// [`FinishError::LeaseLost`] when any of them is no longer under its lease: the caller must drop the transaction.
pub async fn complete(_tx: &Tx, _jobs: &[&Claimed]) -> Result<(), FinishError> {
    todo!()
}

/// Puts a job back for later. `counted` = this try was a failure (attempt + 1 was already taken at claim; false gives it back).
pub async fn release(_tx: &Tx, _job: &Claimed, _run_at: Ms, _error: Option<&str>, _counted: bool) -> Result<(), FinishError> {
    todo!()
}

/// Buries a job in `dead`.
pub async fn bury(_tx: &Tx, _job: &Claimed, _error: &str) -> Result<(), FinishError> {
    todo!()
}

/// Lengthens leases of running jobs (heartbeat); returns how many are still ours.
pub async fn extend(_db: &Db, _lease_ids: &[String], _lease_until: Ms) -> DbResult<u64> {
    todo!()
}

/// Cancels ready jobs of a portal by key (one statement); returns how many.
pub async fn cancel(_tx: &Tx, _portal: &str, _key: &str) -> DbResult<u64> {
    todo!()
}

/// Removes every ready job of a portal (uninstall); returns how many.
pub async fn cancel_portal(_tx: &Tx, _portal: &str) -> DbResult<u64> {
    todo!()
}

/// Dead jobs back to ready with fresh attempts; all portals when `portal` is `None`.
pub async fn redrive(_tx: &Tx, _portal: Option<&str>, _now: Ms) -> DbResult<u64> {
    todo!()
}

/// When the next ready job is due, for the timer's sleep.
pub async fn next_due(_db: &impl Conn) -> DbResult<Option<Ms>> {
    todo!()
}
