//! What follows when messages moved: answers, deal fields, timeline, deadlines. One function for every mover.

use super::Ctx;
use crate::db::entity::message;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::state::Status;

/// A message that has just been moved inside the caller's transaction.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The row as it is now, after the move.
    pub message: message::Model,
    /// The status it had before.
    pub before: Status,
}

/// Stores everything that follows from these moves, in the caller's transaction and a handful of statements for all of them:
/// answers whose `wait_for` is reached (and their deadline's end), `write_fields`, timeline entries and their updates.
///
/// Callers: `flow/deliver` (the send settled), `flow/receive` (a later status), `flow/run_call`. After the commit: `ctx.wake.notify_waiters()`.
///
/// # Errors
/// The database's; the caller drops the transaction.
pub async fn after_status(_tx: &Tx, _ctx: &Ctx, _portal: &str, _moved: &[Moved], _now: Ms) -> DbResult<()> {
    todo!()
}
