//! `POST /partner/app/{appId}/v3/message`: Meta's bodies in JSON (reference 4.3, 5.2–5.4).

use super::super::server::{Answer, Call};
use super::super::state::{Accepting, State};
use super::app::App;
use super::codes::{self, Trouble};
use super::envelope::{self, PartnerLimit};
use super::form::{Fields, Refusal};
use super::opt_in;
use super::v3_content::{self, V3Content};
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

/// Takes a V3 message, or refuses.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn send(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Ordinary, now)?;
    let body = json_body(call)?;
    let fields = Fields::new(&body, "body");
    if fields.text("messaging_product", 40)? != "whatsapp" {
        return Err(fields.wrong("messaging_product", "unknown"));
    }
    if body.get("status").and_then(Value::as_str) == Some("read") {
        return opt_in::note_read(state, &app.name, fields.text("message_id", 1_000)?)
            .map(|_| Answer::json(200, &json!({"success": true})));
    }
    envelope::send_rate(state, &app, now)?;
    let to = recipient(&app, &fields)?;
    let V3Content { mut content, trouble } = v3_content::read(&app, &fields)?;
    content.raw = Value::Object(body.clone());
    let template = content.kind == "template";
    let category = content.category.clone().unwrap_or_default();
    let trouble = codes::general(state, &app, &to, template, now)
        .or(trouble)
        .or_else(|| code_to_bsuid(&to, &category))
        .or_else(|| codes::marketing(state, &to, &category));
    let failure = trouble.map(|trouble| codes::failure(&app, trouble));
    let input = to.clone();
    let accepted = state.accept(Accepting { account: app.name, to, content, body: Value::Object(body), failure }, now);
    let contact = if input.contains('.') { json!({"input": input, "user_id": input}) } else { json!({"input": input, "wa_id": input}) };
    Ok(Answer::json(200, &json!({"messages": [{"id": accepted.provider_id}], "messaging_product": "whatsapp", "contacts": [contact]})))
}

/// One-time codes need a phone.
fn code_to_bsuid(to: &str, category: &str) -> Option<Trouble> {
    (category == "AUTHENTICATION" && to.contains('.')).then_some(Trouble::BsuidUnsupported)
}

fn json_body(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let kind = call.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/json" {
        return Err(Refusal::new(415, "Unsupported Media Type"));
    }
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Refusal::bad("Invalid JSON")),
    }
}

/// `to` wins over `recipient`; a BSUID needs the app's flag.
fn recipient(app: &App, fields: &Fields<'_>) -> Result<String, Refusal> {
    if fields.optional("recipient_type", 20)?.is_some_and(|kind| kind != "individual") {
        return Err(fields.wrong("recipient_type", "unknown"));
    }
    if let Some(to) = fields.optional("to", 40)? {
        return envelope::destination(to.trim_start_matches('+'));
    }
    let bsuid = fields.text("recipient", 140)?;
    let formed = bsuid.split_once('.').is_some_and(|(country, rest)| country.len() == 2 && !rest.is_empty());
    if formed && app.bsuid_v3 { Ok(bsuid.to_owned()) } else { Err(fields.wrong("recipient", "not supported")) }
}
