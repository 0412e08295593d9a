//! What every send has around its message: key, channel, app, source, destination; and the limits of 4.9.

use super::super::server::Call;
use super::super::state::State;
use super::app::App;
use super::form::{Form, Refusal};
use crate::domain::clock::{MINUTE, Ms, SECOND};

/// Finds the app of the self-serve key.
///
/// # Errors
/// 401 for a key of nobody.
pub(super) fn known_key<'a>(state: &'a State, call: &Call) -> Result<&'a str, Refusal> {
    let key = call.header("apikey");
    let found = state.apps.iter().find(|app| !key.is_empty() && app.api_key == key);
    found.map(|app| app.api_key.as_str()).ok_or_else(|| Refusal::new(401, "Portal User Not Found With APIKey"))
}

/// The app of this key that `wanted` describes.
///
/// # Errors
/// 401 for the key, 400 `Invalid App Details` for the app.
pub(super) fn own_app<'a>(state: &'a State, call: &Call, wanted: impl Fn(&App) -> bool) -> Result<&'a App, Refusal> {
    let key = known_key(state, call)?;
    let found = state.apps.iter().find(|app| app.api_key == key && wanted(app));
    found.ok_or_else(|| Refusal::bad("Invalid App Details"))
}

/// Checks the envelope of a self-serve send; returns the app and the destination.
///
/// # Errors
/// The vendor's refusal, in the vendor's order of checks.
pub(super) fn self_serve(state: &mut State, call: &Call, form: &Form, now: Ms) -> Result<(App, String), Refusal> {
    known_key(state, call)?;
    channel(form)?;
    let (source, name) = (form.text("source"), form.text("src.name"));
    let app = own_app(state, call, |app| app.source == source && app.name == name)?.clone();
    let to = destination(form.text("destination"))?;
    send_rate(state, &app, now)?;
    Ok((app, to))
}

/// Checks the envelope of a partner's form send.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn partner_form(app: &App, form: &Form) -> Result<String, Refusal> {
    channel(form)?;
    if form.text("source") != app.source || form.text("src.name") != app.name {
        return Err(Refusal::bad("Invalid App Details"));
    }
    destination(form.text("destination"))
}

fn channel(form: &Form) -> Result<(), Refusal> {
    if form.text("channel") == "whatsapp" { Ok(()) } else { Err(Refusal::bad("Invalid Channel")) }
}

/// Digits with country code, 7 to 15 of them, no plus and no zeros in front.
///
/// # Errors
/// 400 `Invalid Destination`.
pub(super) fn destination(raw: &str) -> Result<String, Refusal> {
    let digits = raw.bytes().all(|byte| byte.is_ascii_digit()) && (7..=15).contains(&raw.len()) && !raw.starts_with('0');
    if digits { Ok(raw.to_owned()) } else { Err(Refusal::bad("Invalid Destination")) }
}

/// Keeps the send limit of the app.
///
/// # Errors
/// 429.
pub(super) fn send_rate(state: &mut State, app: &App, now: Ms) -> Result<(), Refusal> {
    match app.sends_per_second {
        Some(most) => limited(state, &app.name, "send", most, SECOND, now),
        None => Ok(()),
    }
}

/// The app behind a partner token, within the limit of this endpoint.
///
/// # Errors
/// 401 for the token, 429 over the limit.
pub(super) fn partner_app(state: &mut State, call: &Call, app_id: &str, limit: PartnerLimit, now: Ms) -> Result<App, Refusal> {
    let token = call.header("authorization");
    let found = state.apps.iter().find(|app| app.app_id == app_id && !token.is_empty() && app.partner_token == token);
    let app = found.cloned().ok_or_else(|| Refusal::new(401, "Unauthorized"))?;
    if app.partner_limits {
        let (what, most, period) = limit.figures();
        limited(state, &app.name, what, most, period, now)?;
    }
    Ok(app)
}

/// Limits of the partner API (reference 4.9).
#[derive(Debug, Clone, Copy)]
pub(super) enum PartnerLimit {
    /// 10 a second.
    Ordinary,
    /// 10 in 20 s.
    Templates,
    /// 10 a minute.
    Token,
}

impl PartnerLimit {
    fn figures(self) -> (&'static str, u32, Ms) {
        match self {
            Self::Ordinary => ("partner", 10, SECOND),
            Self::Templates => ("partner.templates", 10, 20 * SECOND),
            Self::Token => ("partner.token", 10, MINUTE),
        }
    }
}

/// Counts a request against a moving limit.
///
/// # Errors
/// 429 with the vendor's body.
pub(super) fn limited(state: &mut State, account: &str, what: &'static str, most: u32, period: Ms, now: Ms) -> Result<(), Refusal> {
    let recent = state.recent.entry((account.to_owned(), what)).or_default();
    recent.retain(|at| now.saturating_sub(*at) < period);
    if u32::try_from(recent.len()).unwrap_or(u32::MAX) >= most {
        return Err(Refusal::new(429, "Too Many Requests"));
    }
    recent.push(now);
    Ok(())
}
