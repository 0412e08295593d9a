//! `POST /{phone_number_id}/messages` (reference 5.2–5.4, 5.14).
//!
//! What only WhatsApp finds out (no account, closed window, marketing limits) comes by webhook after a 200; what the platform itself
//! sees (parameters, templates, own number) is refused at once.

use super::super::gupshup::codes::{self, Trouble};
use super::super::gupshup::form::Fields;
use super::super::gupshup::v3_content::{self, V3Content};
use super::super::server::{Answer, Call};
use super::super::state::{Accepting, State};
use super::{GraphError, Told, json_body, owned};
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// Takes a message, or refuses.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn send(state: &mut State, call: &Call, id: &str, now: Ms) -> Told {
    let line = owned(state, call, |line| line.id == id)?;
    let body = json_body(call)?;
    let fields = Fields::new(&body, "body");
    let bad = |refusal: super::super::gupshup::form::Refusal| GraphError::new(400, 131_009, refusal.told().1);
    if fields.text("messaging_product", 40).map_err(bad)? != "whatsapp" {
        return Err(GraphError::new(400, 100, "The parameter messaging_product is required"));
    }
    if body.get("status").is_some() {
        let wamid = fields.text("message_id", 1_000).map_err(bad)?.to_owned();
        if body.get("status").and_then(Value::as_str) != Some("read") {
            return Err(GraphError::new(400, 131_009, "status is not one of read"));
        }
        let typing = body.get("typing_indicator");
        if typing.is_some_and(|told| told.get("type").and_then(Value::as_str) != Some("text")) {
            return Err(GraphError::new(400, 131_009, "typing_indicator.type is not one of text"));
        }
        if !state.inbound.iter().any(|message| message.account == line.name && message.wamid == wamid) {
            return Err(GraphError::new(400, 131_009, "message_id is no message of this number"));
        }
        state.marked_read(&line.name, wamid);
        return Ok(Answer::json(200, &json!({"success": true})));
    }
    fields.optional("biz_opaque_callback_data", 512).map_err(bad)?;
    let (input, to) = recipient(&fields)?;
    let app = line.hosted();
    let V3Content { mut content, trouble } = v3_content::read(&app, &fields).map_err(bad)?;
    if let Some(trouble) = trouble.filter(|_| content.kind == "template") {
        return Err(at_once(&app, trouble));
    }
    if to == line.phone {
        return Err(GraphError::new(400, 131_021, "Sender and recipient cannot be the same number"));
    }
    let category = content.category.clone().unwrap_or_default();
    if category == "AUTHENTICATION" && to.contains('.') {
        return Err(at_once(&app, Trouble::BsuidUnsupported));
    }
    content.raw = Value::Object(body.clone());
    let template = content.kind == "template";
    let trouble = codes::general(state, &app, &to, template, now).or_else(|| codes::marketing(state, &to, &category));
    let failure = trouble.map(|trouble| codes::failure(&app, trouble));
    let accepted = state.accept(Accepting { account: line.name, to: to.clone(), content, body: without_tag(&body), failure }, now);
    tag(state, &accepted.wamid, &body);
    let mut told = json!({"id": accepted.wamid});
    if template {
        told = json!({"id": accepted.wamid, "message_status": "accepted"});
    }
    let contact = if to.contains('.') { json!({"input": input, "user_id": to}) } else { json!({"input": input, "wa_id": to}) };
    Ok(Answer::json(200, &json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [told]})))
}

/// The same message under another tag is the same message twice.
fn without_tag(body: &serde_json::Map<String, Value>) -> Value {
    let mut body = body.clone();
    body.shift_remove("biz_opaque_callback_data");
    Value::Object(body)
}

fn tag(state: &mut State, wamid: &str, body: &serde_json::Map<String, Value>) {
    if let Some(tag) = body.get("biz_opaque_callback_data").and_then(Value::as_str) {
        state.tags.insert(wamid.to_owned(), tag.to_owned());
    }
}

fn at_once(app: &super::super::gupshup::app::App, trouble: Trouble) -> GraphError {
    let failure = codes::failure(app, trouble);
    GraphError::new(if failure.code == 132_001 { 404 } else { 400 }, failure.code, failure.reason)
}

/// `to` wins over `recipient`.
fn recipient(fields: &Fields<'_>) -> Result<(String, String), GraphError> {
    let wrong = |words: &str| GraphError::new(400, 131_009, words);
    if fields.optional("recipient_type", 20).map_err(|_| wrong("recipient_type"))?.is_some_and(|kind| kind != "individual") {
        return Err(wrong("recipient_type is not one of individual, group"));
    }
    if let Some(to) = fields.optional("to", 40).map_err(|_| wrong("to must be a string"))? {
        let digits: String = to.chars().filter(char::is_ascii_digit).collect();
        let readable = to.chars().all(|symbol| symbol.is_ascii_digit() || "+-() ".contains(symbol));
        let formed = readable && (7..=15).contains(&digits.len());
        return formed.then(|| (to.to_owned(), digits)).ok_or_else(|| wrong("to is not a phone number"));
    }
    let bsuid = fields.optional("recipient", 140).map_err(|_| wrong("recipient must be a string"))?;
    let bsuid = bsuid.ok_or_else(|| GraphError::new(400, 131_008, "The parameter to is required"))?;
    let formed = bsuid.split_once('.').is_some_and(|(country, rest)| country.len() == 2 && !rest.is_empty());
    formed.then(|| (bsuid.to_owned(), bsuid.to_owned())).ok_or_else(|| wrong("recipient is not a user id"))
}
