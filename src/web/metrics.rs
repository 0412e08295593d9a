//! `GET /metrics` for the operator, and the gauges that are counted when somebody looks.
//!
//! No portal, phone or document ever becomes a label.

use super::State;
use super::operator::Operator;
use super::problem::{Code, Problem};
use crate::db::store::api_job;
use crate::queue::Lane;
use actix_web::HttpResponse;
use actix_web::web::Data;
use std::collections::BTreeMap;

/// With the operator's token, on the service's own address.
pub(super) async fn guarded(_: Operator, state: Data<State>) -> Result<HttpResponse, Problem> {
    render(&state).await
}

/// Without a token, on the address of `METRICS_LISTEN` only.
pub(super) async fn open(state: Data<State>) -> Result<HttpResponse, Problem> {
    render(&state).await
}

async fn render(state: &State) -> Result<HttpResponse, Problem> {
    let Some(recorder) = &state.metrics else { return Err(Problem::new(Code::Internal)) };
    count_queue(state).await?;
    recorder.run_upkeep();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(recorder.render()))
}

/// Depth and age of the queue by lane and state.
async fn count_queue(state: &State) -> Result<(), Problem> {
    let now = state.ctx.clock.now();
    let mut depth: BTreeMap<(&'static str, String), i64> = BTreeMap::new();
    let mut oldest: BTreeMap<&'static str, i64> = Lane::ALL.into_iter().map(|lane| (name(lane), 0)).collect();
    for lane in Lane::ALL {
        for word in ["ready", "running", "dead"] {
            depth.insert((name(lane), word.to_owned()), 0);
        }
    }
    for backlog in api_job::backlog(state.ctx.db.read(), now).await? {
        let Some(lane) = Lane::from_number(backlog.lane) else { continue };
        let age = now.saturating_sub(backlog.oldest_run_at).max(0);
        if backlog.state == "ready" {
            let slot = oldest.entry(name(lane)).or_default();
            *slot = age.max(*slot);
        }
        *depth.entry((name(lane), backlog.state)).or_default() += backlog.jobs;
    }
    for ((lane, word), jobs) in depth {
        metrics::gauge!("courier24_queue_jobs", "lane" => lane, "state" => word).set(as_float(jobs));
    }
    for (lane, age_ms) in oldest {
        metrics::gauge!("courier24_queue_oldest_seconds", "lane" => lane).set(as_float(age_ms) / 1000.0);
    }
    Ok(())
}

/// A gauge's value; counts beyond four thousand million are shown as that.
fn as_float(value: i64) -> f64 {
    f64::from(u32::try_from(value.max(0)).unwrap_or(u32::MAX))
}

fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Answer => "answer",
        Lane::Receive => "receive",
        Lane::Deliver => "deliver",
        Lane::Run => "run",
        Lane::Update => "update",
        Lane::Create => "create",
        Lane::Sync => "sync",
        Lane::Timer => "timer",
    }
}
