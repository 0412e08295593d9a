//! The seam between the core and the vendors' words: one arm a dialect. The only core file that names `gupshup` functions,
//! together with `state` (its accounts) and `network` (handles for tests).

use super::gupshup;
use super::inbound::InboundMessage;
use super::message::{Failure, Message, Status};
use super::person::Person;
use super::server::{Answer, Call};
use super::state::{Shared, State};
use super::wire::MediaProblem;
use crate::domain::clock::Ms;

/// Answers a vendor's path; `None` = no dialect knows it.
pub(super) async fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    gupshup::answer(shared, call).await
}

/// Words a step of a message.
pub(super) fn tell_status(state: &mut State, message: &Message, status: Status, now: Ms) {
    gupshup::events::status(state, message, status, now);
}

/// Words a person's message.
pub(super) fn tell_inbound(state: &mut State, inbound: &InboundMessage, now: Ms) {
    gupshup::events::inbound(state, inbound, now);
}

/// Words a person's marketing preference.
pub(super) fn tell_preference(state: &mut State, person: &Person, stop: bool, now: Ms) {
    gupshup::events::preference(state, person, stop, now);
}

/// The failure of a message whose file cannot be had.
pub(super) fn media_failure(state: &State, account: &str, problem: MediaProblem) -> Failure {
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
