//! Callbacks of a session (reference 7.4).

use super::super::green_api::events::chat;
use super::super::gupshup::events::file_of;
use super::super::inbound::{Inbound, InboundMessage};
use super::super::line::{Line, proof, publish};
use super::super::message::{Message, Status};
use super::super::state::State;
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// `true_<chat>_<ID>`, which follows from the network's own id.
pub(in crate::sim::whatsapp) fn id(message: &Message) -> String {
    format!("true_{}_3EB0{}", chat(&message.to), message.provider_id.replace('-', "").to_uppercase())
}

fn envelope(line: &Line, event: &str, payload: &Value) -> Value {
    let me = if line.state == "WORKING" { json!({"id": format!("{}@c.us", line.phone), "pushName": line.name}) } else { Value::Null };
    json!({"event": event, "session": line.id, "me": me, "engine": "NOWEB", "payload": payload,
        "environment": {"version": "2026.8.1", "engine": "NOWEB", "tier": "PLUS", "browser": null}})
}

/// Words a step of an outgoing message.
pub(in crate::sim::whatsapp) fn status(state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
    let (ack, name) = match status {
        Status::Accepted | Status::Enqueued | Status::Deleted => return,
        Status::Sent => (1, "SERVER"),
        Status::Delivered => (2, "DEVICE"),
        Status::Read => (3, "READ"),
        Status::Failed => (-1, "ERROR"),
    };
    let payload = json!({"id": id(message), "from": format!("{}@c.us", line.phone), "to": chat(&message.to), "participant": null,
        "fromMe": true, "ack": ack, "ackName": name});
    publish(state, line, status.word(), Some(&message.wamid), proof(line), envelope(line, "message.ack", &payload), now);
}

/// Words a change of the session.
pub(in crate::sim::whatsapp) fn state(state: &mut State, line: &Line, now: Ms) {
    let payload = json!({"name": line.id, "status": line.state});
    publish(state, line, "state", None, proof(line), envelope(line, "session.status", &payload), now);
}

/// The gateway's id of a person's message.
pub(in crate::sim::whatsapp) fn inbound_id(inbound: &InboundMessage) -> String {
    let number: String = inbound.wamid.bytes().rev().take(12).map(|byte| format!("{byte:02X}")).collect();
    format!("false_{}@c.us_3A{number}", inbound.phone)
}

/// Words a person's message.
pub(in crate::sim::whatsapp) fn inbound(state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
    let person = state.person(&inbound.phone).clone();
    // The gateway knows itself by a name of its own network; its files want the key.
    let file = file_of(state, inbound).map(|(url, mime)| {
        let id = url.rsplit('/').next().unwrap_or_default();
        (format!("http://waha:3000/api/files/{}/{id}", line.id), mime)
    });
    let answered = inbound.context.as_deref().or(match &inbound.content {
        Inbound::Reaction { to, .. } => Some(to),
        _ => None,
    });
    let answered = answered.and_then(|wamid| state.message(wamid)).map(id);
    let from = format!("{}@c.us", person.phone);
    let mut payload = json!({"id": inbound_id(inbound), "timestamp": inbound.at.div_euclid(1_000), "from": from, "fromMe": false,
        "to": format!("{}@c.us", line.phone), "participant": null, "body": "", "hasMedia": false, "media": null, "ack": 1, "ackName": "SERVER",
        "vCards": [], "replyTo": answered.as_ref().map(|id| json!({"id": id}))});
    let mut event = "message";
    if let Some(fields) = payload.as_object_mut() {
        match &inbound.content {
            Inbound::Text { text } => drop(fields.insert("body".to_owned(), json!(text))),
            Inbound::Media { caption, name, .. } => {
                let (url, mime) = file.unwrap_or_default();
                fields.insert("body".to_owned(), json!(caption.clone().unwrap_or_default()));
                fields.insert("hasMedia".to_owned(), json!(true));
                fields.insert("media".to_owned(), json!({"url": url, "mimetype": mime, "filename": name, "error": null}));
            }
            Inbound::Location { latitude, longitude, name, .. } => {
                let place = json!({"latitude": latitude.to_string(), "longitude": longitude.to_string(), "description": name});
                fields.insert("location".to_owned(), place);
            }
            Inbound::Contact { name, phone } => {
                let card = format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;waid={phone}:+{phone}\nEND:VCARD");
                fields.insert("vCards".to_owned(), json!([card]));
            }
            Inbound::Reaction { emoji, .. } => {
                event = "message.reaction";
                fields.insert("reaction".to_owned(), json!({"text": emoji, "messageId": answered}));
            }
            // What people press or choose comes as words here.
            Inbound::ButtonReply { title, .. } | Inbound::ListReply { title, .. } | Inbound::TemplateButton { text: title, .. } => {
                fields.insert("body".to_owned(), json!(title));
            }
            Inbound::Order { .. } | Inbound::FlowReply { .. } | Inbound::Unknown { .. } => {
                event = "engine.event";
            }
        }
    }
    publish(state, line, "message", Some(&inbound.wamid), proof(line), envelope(line, event, &payload), now);
}
