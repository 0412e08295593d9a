//! Callbacks: forms signed over their address (reference 8.3). Statuses go to the message's own address, messages to the sender's.

use super::super::delivery::Callback;
use super::super::gupshup::events::file_of;
use super::super::inbound::{Inbound, InboundMessage};
use super::super::line::{Line, proof, publish, publish_at};
use super::super::message::{Message, Status};
use super::super::state::State;
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// `SM` and 32 hex digits, which follow from the network's own id.
pub(super) fn sid(provider_id: &str) -> String {
    format!("SM{}", provider_id.replace('-', ""))
}

/// Words a step of an outgoing message.
pub(in crate::sim::whatsapp) fn status(state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
    let word = match status {
        Status::Accepted | Status::Deleted => return,
        Status::Enqueued => "sending",
        Status::Failed => "undelivered",
        other => other.word(),
    };
    let address = state.callbacks.get(&message.wamid).cloned().unwrap_or_else(|| line.hook.clone());
    let mut body = json!({"MessageSid": sid(&message.provider_id), "SmsSid": sid(&message.provider_id), "MessageStatus": word, "SmsStatus": word,
        "To": format!("whatsapp:+{}", message.to), "From": format!("whatsapp:+{}", line.phone), "AccountSid": line.id,
        "ChannelPrefix": "whatsapp", "ApiVersion": "2010-04-01"});
    if let (Some(failure), Some(fields)) = (message.failure.as_ref().filter(|_| status == Status::Failed), body.as_object_mut()) {
        fields.insert("ErrorCode".to_owned(), json!(failure.code.to_string()));
        fields.insert("ChannelStatusMessage".to_owned(), json!(failure.reason));
    }
    let callback = Callback {
        event: status.word().to_owned(),
        account: line.name.clone(),
        url: String::new(),
        headers: Vec::new(),
        wamid: Some(message.wamid.clone()),
        body,
        proof: proof(line),
        failures: 0,
        touched: false,
    };
    publish_at(state, line, &address, callback, now);
}

/// Words a person's message.
pub(in crate::sim::whatsapp) fn inbound(state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
    let person = state.person(&inbound.phone).clone();
    // Behind the account's own key.
    let file = file_of(state, inbound).map(|(url, mime)| {
        let id = url.rsplit('/').next().unwrap_or_default();
        (format!("{}/2010-04-01/Accounts/{}/Messages/MM0/Media/ME{id}", state.base, line.id), mime)
    });
    let answered = inbound.context.as_deref().and_then(|wamid| state.message(wamid)).map(|message| sid(&message.provider_id));
    let number: String = inbound.wamid.bytes().rev().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mut body = json!({"MessageSid": format!("SM{number}"), "SmsSid": format!("SM{number}"), "SmsStatus": "received", "AccountSid": line.id,
        "From": format!("whatsapp:+{}", person.phone), "To": format!("whatsapp:+{}", line.phone), "WaId": person.phone,
        "ProfileName": person.name.clone().unwrap_or_default(), "NumSegments": "1", "ApiVersion": "2010-04-01", "NumMedia": "0", "Body": ""});
    if let Some(fields) = body.as_object_mut() {
        for (name, value) in said(inbound, file) {
            fields.insert(name.to_owned(), value);
        }
        if let Some(sid) = answered {
            fields.insert("OriginalRepliedMessageSid".to_owned(), json!(sid));
            fields.insert("OriginalRepliedMessageSender".to_owned(), json!(format!("whatsapp:+{}", line.phone)));
        }
    }
    publish(state, line, "message", Some(&inbound.wamid), proof(line), body, now);
}

fn said(inbound: &InboundMessage, file: Option<(String, String)>) -> Vec<(&'static str, Value)> {
    match &inbound.content {
        Inbound::Text { text } => vec![("MessageType", json!("text")), ("Body", json!(text))],
        Inbound::Media { media, caption, .. } => {
            let (url, mime) = file.unwrap_or_default();
            let kind = if media == "file" { "document" } else { media };
            vec![
                ("MessageType", json!(kind)),
                ("NumMedia", json!("1")),
                ("MediaUrl0", json!(url)),
                ("MediaContentType0", json!(mime)),
                ("Body", json!(caption.clone().unwrap_or_default())),
            ]
        }
        Inbound::Location { latitude, longitude, name, address } => vec![
            ("MessageType", json!("location")),
            ("Latitude", json!(latitude.to_string())),
            ("Longitude", json!(longitude.to_string())),
            ("Label", json!(name.clone().unwrap_or_default())),
            ("Address", json!(address.clone().unwrap_or_default())),
        ],
        Inbound::Contact { .. } => {
            vec![("MessageType", json!("contacts")), ("NumMedia", json!("1")), ("MediaContentType0", json!("text/vcard"))]
        }
        Inbound::ButtonReply { title, postback, .. } | Inbound::TemplateButton { text: title, payload: postback } => vec![
            ("MessageType", json!("button")),
            ("Body", json!(title)),
            ("ButtonText", json!(title)),
            ("ButtonPayload", json!(postback.clone().unwrap_or_else(|| title.clone()))),
        ],
        Inbound::ListReply { title, description, postback, .. } => vec![
            ("MessageType", json!("interactive")),
            ("Body", json!(title)),
            ("ListId", json!(postback.clone().unwrap_or_default())),
            ("ListTitle", json!(title)),
            ("ListDescription", json!(description.clone().unwrap_or_default())),
        ],
        Inbound::Reaction { emoji, .. } => vec![("MessageType", json!("reaction")), ("Body", json!(emoji))],
        Inbound::Order { .. } => vec![("MessageType", json!("order"))],
        Inbound::FlowReply { response } => vec![("MessageType", json!("interactive")), ("InteractiveData", json!(response.to_string()))],
        Inbound::Unknown { type_word, .. } => vec![("MessageType", json!(type_word))],
    }
}
