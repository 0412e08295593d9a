//! Erases a person.

use super::{phone_digits, portal_row};
use crate::flow::erase::{self, Who};
use crate::web::body::Incoming;
use crate::web::operator::Operator;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Fewer digits name nobody in particular.
const SHORTEST_PHONE: usize = 7;

/// Exactly one of both.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Phone with country code, however it is written.
    #[validate(length(max = 60))]
    phone: Option<String>,
    /// Business-scoped user id.
    #[validate(length(max = 200))]
    bsuid: Option<String>,
}

/// How much was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct EraseReport {
    conversations: u64,
    messages: u64,
    calls: u64,
    inbox_events: u64,
    files: u64,
}

/// Erases what is stored about a person in a portal: texts, identities, raw events, parameters, files. Journal rows stay, blanked.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/erase", tag = "operating", params(("member_id" = String, Path)), request_body = EraseRequest,
    responses((status = 200, body = EraseReport), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn person(_: Operator, state: Data<State>, path: Path<String>, payload: Incoming) -> Result<Json<EraseReport>, Problem> {
    let request: EraseRequest = body::json(payload).await?;
    let portal = portal_row(&state, &path).await?;
    let wrong = |field: &str, reason: &str| Problem::new(Code::BodyInvalid).with("field", field).with("reason", reason);
    let who = match (request.phone, request.bsuid) {
        (Some(phone), None) => {
            let phone = phone_digits(&portal, &phone);
            if phone.len() < SHORTEST_PHONE {
                return Err(wrong("phone", "not a whole number with country code"));
            }
            Who { phone: Some(phone), bsuid: None }
        }
        (None, Some(bsuid)) if bsuid.trim().len() >= SHORTEST_PHONE => Who { phone: None, bsuid: Some(bsuid.trim().to_owned()) },
        (None, Some(_)) => return Err(wrong("bsuid", "too short")),
        _ => return Err(wrong("phone", "give exactly one of phone and bsuid")),
    };
    let done = erase::person(&state.ctx, &portal.member_id, &who).await?;
    Ok(Json(EraseReport {
        conversations: done.conversations,
        messages: done.messages,
        calls: done.calls,
        inbox_events: done.inbox_events,
        files: done.files,
    }))
}
