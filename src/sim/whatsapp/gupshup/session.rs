//! `POST /wa/api/v1/msg`: free-form messages (reference 4.2).

use super::super::server::{Answer, Call};
use super::super::state::{Accepting, State};
use super::form::{Form, Refusal};
use super::{codes, content, envelope};
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// Takes a session message, or refuses.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn send(state: &mut State, call: &Call, now: Ms) -> Result<Answer, Refusal> {
    let form = Form::read(call)?;
    let (app, to) = envelope::self_serve(state, call, &form, now)?;
    let message = form.object("message")?;
    let content = content::read(&message)?;
    if form.find("disablePreview").is_some_and(|value| !matches!(value, "true" | "false")) {
        return Err(Refusal::bad("Invalid disablePreview"));
    }
    let failure = codes::general(state, &app, &to, false, now).map(|trouble| codes::failure(&app, trouble));
    let body = Value::Object(message);
    let accepted = state.accept(Accepting { account: app.name, to, content, body, failure }, now);
    Ok(Answer::json(202, &json!({"status": "submitted", "messageId": accepted.provider_id})))
}
