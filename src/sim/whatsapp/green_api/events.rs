//! Callbacks with the instance's token (reference 6.7).

use super::super::delivery::Proof;
use super::super::gupshup::events::file_of;
use super::super::inbound::{Inbound, InboundMessage};
use super::super::line::{Line, publish};
use super::super::message::{Message, Status};
use super::super::state::State;
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// `3EB0` and upper-case hex, which follow from the network's own id.
pub(in crate::sim::whatsapp) fn id(provider_id: &str) -> String {
    format!("3EB0{}", provider_id.replace('-', "").to_uppercase())
}

/// The id of a person's message, which follows from the network's own.
pub(in crate::sim::whatsapp) fn inbound_id(wamid: &str) -> String {
    let number: String = wamid.bytes().rev().take(12).map(|byte| format!("{byte:02X}")).collect();
    format!("3A{number}")
}

/// The chat of a destination of ours.
pub(in crate::sim::whatsapp) fn chat(to: &str) -> String {
    if to.contains('@') { to.to_owned() } else { format!("{to}@c.us") }
}

fn instance(line: &Line) -> Value {
    let number: u64 = line.id.parse().unwrap_or_default();
    let wid = if line.state == "authorized" || line.state == "yellowCard" { format!("{}@c.us", line.phone) } else { String::new() };
    json!({"idInstance": number, "wid": wid, "typeInstance": "whatsapp"})
}

/// Words a step of an outgoing message.
pub(in crate::sim::whatsapp) fn status(state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
    let word = match status {
        Status::Accepted | Status::Enqueued | Status::Deleted => return,
        Status::Failed => {
            message.failure.as_ref().map_or("failed", |failure| if failure.reason == "noAccount" { "noAccount" } else { "failed" })
        }
        other => other.word(),
    };
    let body = json!({"typeWebhook": "outgoingMessageStatus", "chatId": chat(&message.to), "instanceData": instance(line),
        "timestamp": now.div_euclid(1_000), "idMessage": id(&message.provider_id), "status": word, "sendByApi": true});
    publish(state, line, status.word(), Some(&message.wamid), Proof::None, body, now);
}

/// Words a change of the instance.
pub(in crate::sim::whatsapp) fn state(state: &mut State, line: &Line, now: Ms) {
    let body = json!({"typeWebhook": "stateInstanceChanged", "instanceData": instance(line), "timestamp": now.div_euclid(1_000),
        "stateInstance": line.state});
    publish(state, line, "state", None, Proof::None, body, now);
}

/// Words a person's message.
pub(in crate::sim::whatsapp) fn inbound(state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
    let person = state.person(&inbound.phone).clone();
    let file = file_of(state, inbound);
    let context = inbound.context.as_deref().or(match &inbound.content {
        Inbound::Reaction { to, .. } => Some(to),
        _ => None,
    });
    let stanza = context.and_then(|wamid| state.message(wamid)).map(|message| id(&message.provider_id));
    let chat = format!("{}@c.us", person.phone);
    let name = person.name.clone().unwrap_or_default();
    let mut message = said(inbound, file);
    if let (Some(stanza), Some(fields)) = (stanza, message.as_object_mut()) {
        fields.insert("quotedMessage".to_owned(), json!({"stanzaId": stanza, "participant": format!("{}@c.us", line.phone)}));
    }
    let body = json!({"typeWebhook": "incomingMessageReceived", "instanceData": instance(line), "timestamp": inbound.at.div_euclid(1_000),
        "idMessage": inbound_id(&inbound.wamid), "messageData": message,
        "senderData": {"chatId": chat, "chatName": name, "sender": chat, "senderName": name, "senderContactName": ""}});
    publish(state, line, "message", Some(&inbound.wamid), Proof::None, body, now);
}

fn said(inbound: &InboundMessage, file: Option<(String, String)>) -> Value {
    let quoted = inbound.context.is_some();
    match &inbound.content {
        Inbound::Text { text } if quoted => json!({"typeMessage": "quotedMessage", "extendedTextMessageData": {"text": text}}),
        Inbound::Text { text } => json!({"typeMessage": "textMessage", "textMessageData": {"textMessage": text}}),
        Inbound::Media { media, caption, name, .. } => {
            let word = if media == "file" { "document" } else { media };
            let (url, mime) = file.unwrap_or_default();
            // Documents are not downloaded until somebody asks.
            let url = if word == "document" { String::new() } else { url };
            json!({"typeMessage": format!("{word}Message"), "fileMessageData": {"downloadUrl": url, "caption": caption.clone().unwrap_or_default(),
                "fileName": name.clone().unwrap_or_default(), "jpegThumbnail": "", "mimeType": mime, "isForwarded": false}})
        }
        Inbound::Location { latitude, longitude, name, address } => json!({"typeMessage": "locationMessage", "locationMessageData": {
            "nameLocation": name.clone().unwrap_or_default(), "address": address.clone().unwrap_or_default(), "latitude": latitude, "longitude": longitude}}),
        Inbound::Contact { name, phone } => json!({"typeMessage": "contactMessage", "contactMessageData": {"displayName": name,
            "vcard": format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;waid={phone}:+{phone}\nEND:VCARD")}}),
        Inbound::Reaction { emoji, .. } => json!({"typeMessage": "reactionMessage", "extendedTextMessageData": {"text": emoji}}),
        // What people press or choose comes as words here.
        Inbound::ButtonReply { title, .. } | Inbound::ListReply { title, .. } | Inbound::TemplateButton { text: title, .. } => {
            json!({"typeMessage": "extendedTextMessage", "extendedTextMessageData": {"text": title}})
        }
        Inbound::Order { .. } | Inbound::FlowReply { .. } => json!({"typeMessage": "orderMessage"}),
        Inbound::Unknown { type_word, payload } => json!({"typeMessage": type_word, "data": payload}),
    }
}
