//! Account endpoints of the partner portal: login, app token, BSUID flags (reference 3.3, 4.1).

use super::super::plan::Step;
use super::super::server::{Answer, Call};
use super::super::state::State;
use super::envelope::{self, PartnerLimit};
use super::form::{Form, Refusal};
use super::{opt_in, success};
use crate::domain::clock::{DAY, MINUTE, Ms};
use serde_json::json;

/// The one partner account of the simulated portal.
const EMAIL: &str = "partner@example.org";
const PASSWORD: &str = "simulated-secret";
const PARTNER_JWT: &str = "simulated.partner.jwt";

/// `POST /partner/account/login`, form `email`, `password`.
///
/// # Errors
/// 415, 401.
pub(super) fn login(_state: &State, call: &Call) -> Result<Answer, Refusal> {
    let form = Form::read(call)?;
    if form.text("email") != EMAIL || form.text("password") != PASSWORD {
        return Err(Refusal::new(401, "Invalid credentials"));
    }
    Ok(Answer::json(200, &json!({"token": PARTNER_JWT})))
}

/// `GET /partner/app/{appId}/token` with the partner's own token.
///
/// # Errors
/// 401, 400, 429 over 10 a minute.
pub(super) fn token(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    if call.header("authorization") != PARTNER_JWT && call.header("token") != PARTNER_JWT {
        return Err(Refusal::new(401, "Unauthorized"));
    }
    let app = state.apps.iter().find(|app| app.app_id == app_id).cloned().ok_or_else(|| Refusal::bad("Invalid App Details"))?;
    if app.partner_limits {
        envelope::limited(state, &app.name, "partner.app_token", 10, MINUTE, now)?;
    }
    Ok(Answer::json(
        200,
        &json!({"status": "success", "token": {"token": app.partner_token, "authoriserId": "a-1", "requestorId": "r-1", "createdOn": now,
            "modifiedOn": now, "expiresOn": now.saturating_add(DAY), "active": true}}),
    ))
}

/// `PUT /partner/app/{appId}/config/bsuid`: at least one flag; what was parked for want of it is delivered.
///
/// # Errors
/// 401, 415, 400, 429.
pub(super) fn bsuid(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Token, now)?;
    let form = Form::read(call)?;
    let flag = |name: &str| match form.find(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Refusal::bad(format!("Invalid {name}"))),
    };
    let (v2, v3) = (flag("enableBSUID")?, flag("enableBSUIDV3")?);
    if v2.is_none() && v3.is_none() {
        return Err(Refusal::bad("enableBSUID or enableBSUIDV3 is required"));
    }
    if let Some(own) = state.apps.iter_mut().find(|own| own.app_id == app_id) {
        own.bsuid_v2 = v2.unwrap_or(own.bsuid_v2);
        own.bsuid_v3 = v3.unwrap_or(own.bsuid_v3);
    }
    let parked = std::mem::take(&mut state.parked);
    for message in parked {
        if message.account == app.name {
            state.schedule(now, Step::Inbound(Box::new(message)));
        } else {
            state.parked.push(message);
        }
    }
    Ok(success())
}

/// `PUT /partner/app/{appId}/msg/{msgId}/read`.
///
/// # Errors
/// 401, 400, 429.
pub(super) fn mark_read(state: &mut State, call: &Call, app_id: &str, wamid: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Ordinary, now)?;
    opt_in::note_read(state, &app.name, wamid)
}

/// What a test signs in with.
#[cfg(test)]
pub(super) fn credentials() -> (&'static str, &'static str) {
    (EMAIL, PASSWORD)
}
