//! Linking a phone to a gateway's channel: the picture or code to show, and how far it is. Pages ask once a second while they show it.

use super::{live_portal, portal_row};
use crate::domain::outcome::ErrorClass;
use crate::flow::channel::pairing::{self, PairingError};
use crate::provider::pairing::Stage;
use crate::web::body::Incoming;
use crate::web::operator::Operator;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// How a phone is to be linked.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingRequest {
    /// Number of the phone, digits with country code: then a code to type is asked for instead of a picture.
    phone: Option<String>,
}

/// How far the linking is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pairing {
    /// `waiting scanned connected expired blocked`; null while the gateway says nothing clear.
    state: Option<String>,
    /// Picture to scan, as a `data:` address; whoever scans it gets the channel. It changes about every 20 seconds.
    qr: Option<String>,
    /// Code to type on the phone.
    code: Option<String>,
    /// Number that is linked.
    phone: Option<String>,
    /// The gateway's own word of its state.
    reason: Option<String>,
}

fn shown(told: pairing::Pairing) -> HttpResponse {
    let word = |stage: Stage| serde_json::to_value(stage).ok().and_then(|word| word.as_str().map(str::to_owned));
    let pairing = Pairing {
        state: told.stage.and_then(word),
        qr: told.picture.map(|png| format!("data:image/png;base64,{}", png.expose())),
        code: told.code.map(|code| code.expose().to_owned()),
        phone: told.phone,
        reason: told.word,
    };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(pairing)
}

fn refused(error: PairingError) -> Problem {
    match error {
        PairingError::NotFound => Problem::not_found("channel"),
        PairingError::Unsupported => Problem::new(Code::PairingUnsupported),
        PairingError::Provider(error) if error.class == ErrorClass::Transient => Problem::new(Code::ProviderUnreachable),
        PairingError::Provider(error) => {
            Problem::new(Code::ProviderRefused).with("provider_code", error.provider_code.unwrap_or_default()).with("text", error.text)
        }
        PairingError::Outbound(error) => {
            tracing::warn!(error = %error, "the gateway was not reached");
            Problem::new(Code::ProviderUnreachable)
        }
        PairingError::Db(error) => error.into(),
    }
}

/// How far the linking of a phone is.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/channels/{channel_id}/pairing", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)),
    responses((status = 200, body = Pairing), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn look(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    pairing::look(&state.ctx, &portal, &channel_id).await.map(shown).map_err(refused)
}

/// Begins to link a phone.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/channels/{channel_id}/pairing", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)), request_body = PairingRequest,
    responses((status = 200, body = Pairing), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn start(
    _: Operator,
    state: Data<State>,
    path: Path<(String, String)>,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    let asked: PairingRequest = body::json(payload).await?;
    let phone = match asked.phone.as_deref().map(digits) {
        Some(None) => return Err(Problem::new(Code::SettingInvalid).with("field", "phone").with("reason", "not_digits")),
        known => known.flatten(),
    };
    let (member_id, channel_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    pairing::start(&state.ctx, &portal, &channel_id, phone.as_deref()).await.map(shown).map_err(refused)
}

/// Ends the link of the phone; the channel stops until a phone is linked again.
#[utoipa::path(delete, path = "/api/v1/portals/{member_id}/channels/{channel_id}/pairing", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)),
    responses((status = 200, body = Pairing), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn unlink(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    pairing::unlink(&state.ctx, &portal, &channel_id).await.map(shown).map_err(refused)
}

/// A number as people write it.
fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let readable = text.chars().all(|symbol| symbol.is_ascii_digit() || "+-() \u{a0}".contains(symbol));
    (readable && (7..=15).contains(&digits.len())).then_some(digits)
}
