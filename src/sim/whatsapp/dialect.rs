//! The seam between the core and the vendors' words: one arm a dialect. The only core file that names their functions,
//! together with `state` (their accounts) and `network` (handles for tests).

use super::inbound::InboundMessage;
use super::line::Vendor;
use super::message::{Failure, Message, Status};
use super::person::Person;
use super::server::{Answer, Call};
use super::state::{Shared, State};
use super::wire::MediaProblem;
use super::{green_api, gupshup, meta, twilio, waha};
use crate::domain::clock::Ms;

/// Answers a vendor's path; `None` = no dialect knows it.
pub(super) async fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    if let Some(answer) = meta::answer(shared, call).await {
        return Some(answer);
    }
    let by_line = twilio::answer(shared, call).or_else(|| green_api::answer(shared, call)).or_else(|| waha::answer(shared, call));
    match by_line {
        Some(answer) => Some(answer),
        None => gupshup::answer(shared, call).await,
    }
}

/// Words a step of a message.
pub(super) fn tell_status(state: &mut State, message: &Message, status: Status, now: Ms) {
    match state.line(&message.account).cloned() {
        Some(line) => match line.vendor {
            Vendor::Meta => meta::events::status(state, &line, message, status, now),
            Vendor::Twilio => twilio::events::status(state, &line, message, status, now),
            Vendor::GreenApi => green_api::events::status(state, &line, message, status, now),
            Vendor::Waha => waha::events::status(state, &line, message, status, now),
        },
        None => gupshup::events::status(state, message, status, now),
    }
}

/// Words a person's message.
pub(super) fn tell_inbound(state: &mut State, inbound: &InboundMessage, now: Ms) {
    match state.line(&inbound.account).cloned() {
        Some(line) => match line.vendor {
            Vendor::Meta => meta::events::inbound(state, &line, inbound, now),
            Vendor::Twilio => twilio::events::inbound(state, &line, inbound, now),
            Vendor::GreenApi => green_api::events::inbound(state, &line, inbound, now),
            Vendor::Waha => waha::events::inbound(state, &line, inbound, now),
        },
        None => gupshup::events::inbound(state, inbound, now),
    }
}

/// Words a person's marketing preference.
pub(super) fn tell_preference(state: &mut State, person: &Person, stop: bool, now: Ms) {
    gupshup::events::preference(state, person, stop, now);
}

/// The failure of a message whose file cannot be had.
pub(super) fn media_failure(state: &State, account: &str, problem: MediaProblem) -> Failure {
    if let Some(line) = state.line(account) {
        let (code, reason) = match line.vendor {
            Vendor::Meta => (131_053, "Media upload error"),
            Vendor::Twilio => (63_019, "Media failed to download"),
            // Gateways tell no codes.
            Vendor::GreenApi | Vendor::Waha => (0, "file cannot be downloaded"),
        };
        return Failure { code, reason: reason.to_owned(), early: false };
    }
    gupshup::codes::media(state.apps.iter().find(|app| app.name == account), problem)
}

/// Whether the account uploaded a file of that kind under that id.
///
/// # Errors
/// [`MediaProblem::Unusable`].
pub(super) fn uploaded(state: &State, account: &str, kind: &str, id: &str) -> Result<(), MediaProblem> {
    let app = state.apps.iter().find(|app| app.name == account);
    let own = app.and_then(|app| app.uploads.get(id)).is_some_and(|own| own == kind);
    if own { Ok(()) } else { Err(MediaProblem::Unusable) }
}
