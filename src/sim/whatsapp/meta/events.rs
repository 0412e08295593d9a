//! Callbacks of the Cloud API: the shape that Gupshup's V3 passes on, without Gupshup's own additions (reference 5.13).

use super::super::gupshup::events::{InboundNews, file_of};
use super::super::gupshup::events_v3;
use super::super::inbound::InboundMessage;
use super::super::line::{Line, proof, publish};
use super::super::message::{Message, Status};
use super::super::state::State;
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// Words a step of an outgoing message. Meta tells nothing between acceptance and `sent`.
pub(in crate::sim::whatsapp) fn status(state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
    if matches!(status, Status::Enqueued | Status::Accepted) {
        return;
    }
    let person = state.addressee(&message.to);
    let mut body = events_v3::status(&line.hosted(), message, &person, status, now);
    if let (Some(tag), Some(row)) = (state.tags.get(&message.wamid), body.pointer_mut("/entry/0/changes/0/value/statuses/0"))
        && let Some(row) = row.as_object_mut()
    {
        row.insert("biz_opaque_callback_data".to_owned(), json!(tag));
    }
    strip(&mut body);
    publish(state, line, status.word(), Some(&message.wamid), proof(line), body, now);
}

/// Words a person's message.
pub(in crate::sim::whatsapp) fn inbound(state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
    let person = state.person(&inbound.phone).clone();
    let file = file_of(state, inbound);
    let news = InboundNews { inbound, person: &person, file, provider_id: None };
    let mut body = events_v3::inbound(&line.hosted(), &news);
    strip(&mut body);
    // A file is told by its id alone.
    if let Some(message) = body.pointer_mut("/entry/0/changes/0/value/messages/0").and_then(Value::as_object_mut) {
        message.values_mut().filter_map(Value::as_object_mut).filter(|part| part.contains_key("mime_type")).for_each(|part| {
            part.shift_remove("url");
        });
    }
    publish(state, line, "message", Some(&inbound.wamid), proof(line), body, now);
}

/// Takes out what only Gupshup says.
fn strip(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with("gs_"));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
