//! Liveness and readiness.
//!
//! Live = the process answers. Ready = the database answers, the last robot call could be committed, and the workers of this process
//! live. A balancer takes an unready replica out; it must not be killed for that.

use super::State;
use super::problem::{Code, Problem};
use crate::db::store::health;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;
use std::sync::atomic::Ordering;

/// The process answers.
pub(super) async fn live() -> HttpResponse {
    std::future::ready(HttpResponse::Ok().json(json!({"status": "live"}))).await
}

/// Robot calls can be accepted and work goes on.
pub(super) async fn ready(state: Data<State>) -> Result<HttpResponse, Problem> {
    let not_ready = |what: &str| Err(Problem { retry_after: Some(5), ..Problem::new(Code::NotReady).with("what", what) });
    if let Err(error) = health::ping(state.ctx.db.read()).await {
        tracing::error!(error = %error, "not ready: the database does not answer");
        return not_ready("database");
    }
    if state.accept_failed.load(Ordering::Relaxed) && health::can_write(&state.ctx.db).await.is_err() {
        return not_ready("accept");
    }
    if !(state.workers_alive)() {
        return not_ready("worker");
    }
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}
