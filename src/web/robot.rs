//! `POST /b24/robot`: every robot and activity of every portal. The hottest route: parse, prove, commit, 200.

use super::body::Incoming;
use super::observe::RequestId;
use super::problem::{Code, Problem};
use super::{State, body};
use crate::bitrix::RobotCall;
use crate::db::store::portal::PortalStatus;
use crate::flow::accept_call;
use crate::flow::adopt::{self, Doubt, Shown};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

/// 200 only after the commit. Bitrix24 never repeats a call, so what a later step will refuse is taken here all the same.
pub(super) async fn call(state: Data<State>, request: HttpRequest, payload: Incoming) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload, body::PORTAL_CAP).await?;
    let call = RobotCall::parse(&bytes).map_err(|error| Problem::unparsable(&error))?;
    let shown = Shown { member_id: &call.member_id, application_token: &call.application_token, access_token: &call.access_token };
    match adopt::prove(&state.ctx, shown).await {
        Ok(proven) if proven.facts.status != PortalStatus::Uninstalled => {}
        // Not our database's fault, and a stranger can bring it about: readiness does not suffer.
        Err(Doubt::Unavailable(why)) => {
            tracing::error!(portal.id = call.member_id, why, "nobody could tell whose robot call this is");
            return Err(Problem::not_committed());
        }
        Err(Doubt::Db(_)) => {
            state.accepted(false);
            return Err(Problem::not_committed());
        }
        Ok(_) | Err(Doubt::Forged) => {
            metrics::counter!("courier24_forged_total", "route" => "robot").increment(1);
            return Err(Problem::new(Code::Forged));
        }
    }
    let request_id = Some(RequestId::of(&request).to_string());
    match accept_call::accept_request(&state.ctx, call, request_id).await {
        Ok(_) => {
            state.accepted(true);
            Ok(HttpResponse::Ok().finish())
        }
        Err(accept_refusal) => {
            tracing::error!(error = %accept_refusal, "a robot call was not committed");
            state.accepted(false);
            Err(Problem::not_committed())
        }
    }
}
