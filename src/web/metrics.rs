//! `GET /metrics` for the operator. No portal, phone or document ever becomes a label.

use super::State;
use super::operator::Operator;
use super::problem::{Code, Problem};
use actix_web::web::Data;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};

/// With the operator's token; on the address of `METRICS_LISTEN` without one.
pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    if !state.is_metrics_listener(&request) {
        Operator::extract(&request).await?;
    }
    let Some(recorder) = &state.metrics else { return Err(Problem::new(Code::Internal)) };
    recorder.run_upkeep();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(recorder.render()))
}
