//! Starts dead jobs again, on an operator's word.

use super::Ctx;
use crate::db::DbResult;
use crate::queue;

/// All dead jobs of a portal become ready with fresh attempts; returns how many.
///
/// # Errors
/// The database failed; nothing changed.
pub async fn portal(ctx: &Ctx, portal: &str) -> DbResult<u64> {
    let tx = ctx.db.begin().await?;
    let redriven = queue::redrive(&tx, Some(portal), ctx.clock.now()).await?;
    tx.commit("redrive.portal").await?;
    ctx.wake.notify_waiters();
    tracing::info!(portal.id = portal, redriven, "dead jobs start again");
    Ok(redriven)
}
