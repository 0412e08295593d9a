//! Who may use the operator API: whoever shows the operator's bearer token. Compared in constant time.

use super::State;
use super::problem::{Code, Problem};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// Proof, by its existence as a handler's argument, that the operator calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator;

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check(request))
    }
}

fn check(request: &HttpRequest) -> Result<Operator, Problem> {
    let Some(state) = request.app_data::<Data<State>>() else { return Err(Problem::new(Code::Internal)) };
    if state.operator_token.is_empty() {
        return Err(Problem::new(Code::ApiOff));
    }
    if bearer(request).is_some_and(|shown| state.operator_token.matches(shown)) {
        Ok(Operator)
    } else {
        Err(Problem::new(Code::Unauthorized))
    }
}

/// The token of `Authorization: Bearer …`; the scheme's name has no case.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
