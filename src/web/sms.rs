//! `POST /b24/sms/{secret}`: the message-service provider. No sender is registered yet, so no address was given out.

use super::problem::{Code, Problem};
use actix_web::HttpResponse;

/// Always unknown.
pub(super) async fn unknown() -> Result<HttpResponse, Problem> {
    std::future::ready(Err(Problem::new(Code::RouteUnknown))).await
}
