//! A waiting call's time has come: its process is answered with the state reached. The message itself goes on.

use super::portal_view::PortalView;
use super::settle::{self, CallView, Calls};
use super::{Ctx, JobError, Leftover, waits};
use crate::db::store::call;
use crate::queue::{self, Claimed, Group, Job};
use std::collections::HashMap;

/// Answers the overdue calls of one portal.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let jobs: Vec<&Claimed> = group.jobs.iter().collect();
    let leftover = match answer(ctx, &group.portal, &jobs).await {
        Ok(()) => Leftover::new(),
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    };
    ctx.wake.notify_waiters();
    leftover
}

async fn answer(ctx: &Ctx, portal: &str, jobs: &[&Claimed]) -> Result<(), JobError> {
    let id = |job: &&Claimed| match &job.job {
        Job::Deadline { call_id } => Some(call_id.clone()),
        _ => None,
    };
    let ids: Vec<String> = jobs.iter().filter_map(id).collect();
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    if let Some(view) = PortalView::find(&*tx, portal).await? {
        let timed_out = waits::time_out(&tx, ctx, &view, &ids, now).await?;
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &timed_out).await?;
        let calls = Calls::read(&tx, portal, &ids, &HashMap::new()).await?;
        let waiting: Vec<&CallView> = calls.by_id.values().filter(|call| call.row.state == call::state::WAITING).collect();
        let follow_up = settle::end_waits(&tx, ctx, &view, &waiting, now).await?;
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &follow_up).await?;
    }
    queue::complete(&tx, jobs).await?;
    tx.commit("deadline.answered").await?;
    Ok(())
}
