//! One group under way: its handler, guarded against a panic, and its leftover.

use super::{Handler, finish};
use crate::flow::{Ctx, JobError};
use crate::queue::{Group, Lane};
use futures::FutureExt as _;
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::Instrument as _;

/// Runs a group to its end; never panics.
pub(super) async fn work(ctx: &Ctx, group: Group, handler: Handler) {
    let started = Instant::now();
    let lane = group.lane;
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    for job in &group.jobs {
        *kinds.entry(job.job.kind()).or_default() += 1;
    }
    let lease = group.jobs.first().map(|job| job.lease_id.clone()).unwrap_or_default();
    let span = tracing::info_span!("jobs", portal.id = %group.portal, lane = lane_name(lane), jobs = group.jobs.len(), lease.id = %lease);
    let copies = group.jobs.clone();
    // A handler works on its own transactions; whatever it left half done was rolled back when they were dropped.
    let handled = AssertUnwindSafe(handler(ctx, group)).catch_unwind().instrument(span.clone()).await;
    let leftover = handled.unwrap_or_else(|panic| {
        let why = format!("handler panicked: {}", words(panic.as_ref()));
        span.in_scope(|| tracing::error!(why = %why, "a handler panicked"));
        metrics::counter!("courier24_job_panics_total", "lane" => lane_name(lane)).increment(1);
        copies.into_iter().map(|job| (job, JobError::Retry { after_ms: None, why: why.clone() })).collect()
    });
    for (job, _) in &leftover {
        if let Some(count) = kinds.get_mut(job.job.kind()) {
            *count = count.saturating_sub(1);
        }
    }
    for (kind, done) in kinds {
        metrics::counter!("courier24_jobs_total", "kind" => kind, "outcome" => "done").increment(done);
    }
    metrics::histogram!("courier24_job_group_seconds", "lane" => lane_name(lane)).record(started.elapsed().as_secs_f64());
    finish::apply(ctx, leftover).instrument(span).await;
}

/// The metrics label of a lane.
pub(super) fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Answer => "answer",
        Lane::Receive => "receive",
        Lane::Deliver => "deliver",
        Lane::Run => "run",
        Lane::Update => "update",
        Lane::Create => "create",
        Lane::Sync => "sync",
        Lane::Timer => "timer",
        Lane::Fetch => "fetch",
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}
