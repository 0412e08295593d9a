//! Answers `wait_status` when its messages have gone as far as it waits for.

use super::plan::{reached, values};
use super::{answer_as, operation};
use crate::catalog::operation::Operation;
use crate::db::entity::message as message_row;
use crate::db::store::{self, call, wait};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::flow::Ctx;
use crate::flow::portal_view::PortalView;
use crate::queue::NewJob;

/// Looks for waits that these moved messages end. One look-up when there are none.
pub(in crate::flow) async fn after_status(tx: &Tx, ctx: &Ctx, portal: &str, message_ids: &[String], now: Ms) -> DbResult<Vec<NewJob>> {
    let waits = wait::open_for(&**tx, portal, wait::STATUS, message_ids).await?;
    if waits.is_empty() {
        return Ok(Vec::new());
    }
    let Some(view) = PortalView::find(&**tx, portal).await? else { return Ok(Vec::new()) };
    let mut ids: Vec<String> = waits.into_iter().map(|(wait, _)| wait.call_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut jobs = Vec::new();
    for call in call::list(&**tx, portal, &ids).await? {
        let Some(operation) = operation(&call) else { continue };
        let Operation::WaitStatus { wait_for, .. } = &operation else { continue };
        let rows = watched(tx, portal, &call.id).await?;
        let rows: Vec<&message_row::Model> = rows.iter().collect();
        if !reached(*wait_for, &rows)
            || wait::close(tx, portal, std::slice::from_ref(&call.id), wait::state::ANSWERED, now).await?.is_empty()
        {
            continue;
        }
        jobs.extend(answer_as(tx, ctx, &view, (&call, &operation), values(&**tx, &view, &rows, now).await?, now).await?);
    }
    Ok(jobs)
}

/// Messages of a status wait, in the order of their ids, which is that of sending.
pub(super) async fn watched(tx: &Tx, portal: &str, call_id: &str) -> DbResult<Vec<message_row::Model>> {
    let subjects = wait::subjects(&**tx, portal, call_id).await?;
    let mut rows = store::message::list(&**tx, portal, &subjects).await?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rows)
}
