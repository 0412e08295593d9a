//! The opt-in list and read marks of the self-serve API (reference 4.5, 4.8).

use super::super::server::{Answer, Call};
use super::super::state::State;
use super::app::OptIn;
use super::envelope;
use super::events;
use super::form::{Form, Refusal};
use super::success;
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// `POST …/app/opt/in/{appName}` and `…/opt/out/…`, form `user`.
///
/// # Errors
/// 401, 400, 415.
pub(super) fn mark(state: &mut State, call: &Call, name: &str, opted_in: bool, now: Ms) -> Result<Answer, Refusal> {
    let form = Form::read(call)?;
    let key = envelope::own_app(state, call, |app| app.name == name)?.api_key.clone();
    let phone = envelope::destination(form.text("user")).map_err(|_| Refusal::bad("Invalid user"))?;
    if let Some(app) = state.apps.iter_mut().find(|app| app.name == name && app.api_key == key) {
        app.opt_ins.insert(phone.clone(), OptIn { opted_in, source: "API".to_owned(), at: now });
    }
    let word = if opted_in { "opted-in" } else { "opted-out" };
    events::other(state, name, "OTHERS", "user-event", &json!({"phone": phone, "type": word}), now);
    Ok(success())
}

/// `GET /sm/api/v1/users/{appName}`.
///
/// # Errors
/// 401, 400.
pub(super) fn list(state: &mut State, call: &Call, name: &str) -> Result<Answer, Refusal> {
    let app = envelope::own_app(state, call, |app| app.name == name)?;
    let row = |(phone, opt_in): (&String, &OptIn)| -> Value {
        json!({"phoneCode": phone, "optinStatus": if opt_in.opted_in { "OPT_IN" } else { "OPT_OUT" }, "optinSource": opt_in.source,
            "optinTimeStamp": opt_in.at, "lastMessageTimeStamp": state.last_inbound(name, phone)})
    };
    let users: Vec<Value> = app.opt_ins.iter().map(row).collect();
    Ok(Answer::json(200, &json!({"status": "success", "users": users})))
}

/// `PUT /wa/app/{appId}/msg/{msgId}/read`; the id is an inbound wamid of this app.
///
/// # Errors
/// 401, 400.
pub(super) fn mark_read(state: &mut State, call: &Call, app_id: &str, wamid: &str) -> Result<Answer, Refusal> {
    let name = envelope::own_app(state, call, |app| app.app_id == app_id)?.name.clone();
    note_read(state, &name, wamid)
}

/// Notes a read mark of an inbound message.
///
/// # Errors
/// 400 for an id that is no inbound message of this app.
pub(super) fn note_read(state: &mut State, account: &str, wamid: &str) -> Result<Answer, Refusal> {
    let decoded: String = form_urlencoded::parse(wamid.replace('+', "%2B").as_bytes()).map(|(key, _)| key.into_owned()).collect();
    let wamid = if state.inbound.iter().any(|message| message.wamid == wamid) { wamid.to_owned() } else { decoded };
    if !state.inbound.iter().any(|message| message.account == account && message.wamid == wamid) {
        return Err(Refusal::bad("Invalid Message Id"));
    }
    if let Some(app) = state.apps.iter_mut().find(|app| app.name == account) {
        app.marked_read.push(wamid);
    }
    Ok(success())
}
