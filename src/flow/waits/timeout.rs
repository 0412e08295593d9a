//! The end of a wait without an answer: its time passed, or its message failed. The conversation goes on.

use super::plan;
use super::status::watched;
use super::{answer_as, operation, values};
use crate::catalog::operation::Operation;
use crate::db::entity::message as message_row;
use crate::db::store::{call, wait};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::flow::Ctx;
use crate::flow::portal_view::PortalView;
use crate::queue::NewJob;

/// Answers the calls among these whose wait is still open: `timed_out`, or the status reached. Returns jobs.
pub(in crate::flow) async fn time_out(tx: &Tx, ctx: &Ctx, view: &PortalView, call_ids: &[String], now: Ms) -> DbResult<Vec<NewJob>> {
    unanswered(tx, ctx, view, (call_ids, wait::state::TIMED_OUT), now).await
}

/// The documents of these calls were deleted: should a process still be there, it goes on as if nobody had answered.
pub(in crate::flow) async fn document_gone(tx: &Tx, ctx: &Ctx, view: &PortalView, call_ids: &[String], now: Ms) -> DbResult<Vec<NewJob>> {
    unanswered(tx, ctx, view, (call_ids, wait::state::DOCUMENT_GONE), now).await
}

async fn unanswered(tx: &Tx, ctx: &Ctx, view: &PortalView, (call_ids, to): (&[String], &'static str), now: Ms) -> DbResult<Vec<NewJob>> {
    let closed = wait::close(tx, &view.id, call_ids, to, now).await?;
    let mut jobs = Vec::new();
    if closed.is_empty() {
        return Ok(jobs);
    }
    let waits = wait::of_calls(&**tx, &view.id, &closed).await?;
    for call in call::list(&**tx, &view.id, &closed).await? {
        let Some(operation) = operation(&call) else { continue };
        let attempts = waits.iter().find(|wait| wait.call_id == call.id).map_or(0, |wait| wait.attempts);
        let values = if matches!(operation, Operation::WaitStatus { .. }) {
            let rows = watched(tx, &view.id, &call.id).await?;
            plan::values(&**tx, view, &rows.iter().collect::<Vec<&message_row::Model>>(), now).await?
        } else {
            values::timed_out(tx, view, &call, &operation, attempts, now).await?
        };
        jobs.extend(answer_as(tx, ctx, view, (&call, &operation), values, now).await?);
    }
    Ok(jobs)
}

/// Closes the waits of calls that were answered otherwise: their message failed, nobody can reply to it.
pub(in crate::flow) async fn end(tx: &Tx, portal: &str, call_ids: &[String], now: Ms) -> DbResult<()> {
    wait::close(tx, portal, call_ids, wait::state::ENDED, now).await.map(drop)
}
