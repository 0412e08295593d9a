//! Webhooks (reference/whatsapp.md 7.4): one event a body, signed with SHA-512 when the channel has a key.

use super::answer::bare;
use super::{inbound, session};
use crate::domain::event::{ProviderEvent, StatusEvent, What};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::state::Status;
use crate::provider::{ChannelConfig, WebhookError, WebhookRequest, chat_id, json, mac};
use serde_json::Value;

const SIGNATURE: &str = "x-webhook-hmac";
const REQUEST_ID: &str = "x-webhook-request-id";

fn header<'a>(request: &'a WebhookRequest<'_>, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The signature over the raw body; without a key only the address proves the caller.
pub(super) fn verify(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
    let key = channel.secret("hmac_key");
    if key.is_empty() || request.method.eq_ignore_ascii_case("GET") {
        return Ok(());
    }
    let told = header(request, SIGNATURE).unwrap_or_default().to_ascii_lowercase();
    if mac::same(&key, mac::sha512_hex(&key, request.body), &told) { Ok(()) } else { Err(WebhookError::Forged) }
}

/// The event of a body.
pub(super) fn read(request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
    let body: Value = json::parse(request.body)?;
    if !body.is_object() {
        return Err(WebhookError::Unparsable("not an object".to_owned()));
    }
    let kind = json::at(&body, "event").unwrap_or_else(|| "unknown".to_owned());
    let payload = body.get("payload").unwrap_or(&Value::Null);
    let sender = json::at(&body, "session");
    let at = json::moment(payload.get("timestamp")).or_else(|| json::moment(body.get("timestamp"))).unwrap_or(0);
    let what = match kind.as_str() {
        "message" | "message.reaction" | "message.revoked" | "message.edited" | "poll.vote" => {
            inbound::read(&kind, payload).map(|message| What::Message(Box::new(message)))
        }
        "message.ack" => status(payload).map(What::Status),
        "session.status" => session::changed(&body).map(What::Account),
        // `message.any` is never asked for; calls, groups, labels and whatever comes next.
        _ => None,
    };
    let label = || match json::first(payload, &["status", "ackName"]) {
        Some(word) => format!("{kind}:{word}"),
        None => kind.clone(),
    };
    let key = key(request, &kind, sender.as_deref(), payload, &body);
    let raw = if matches!(what, Some(What::Message(_))) { Value::Null } else { body.clone() };
    Ok(vec![ProviderEvent { key, sender, at, what: what.unwrap_or_else(|| What::Other { label: label() }), raw }])
}

/// The gateway's own id of the delivery repeats with it; else what the event says names it.
fn key(request: &WebhookRequest<'_>, kind: &str, sender: Option<&str>, payload: &Value, body: &Value) -> String {
    if let Some(id) = header(request, REQUEST_ID).filter(|id| !id.is_empty()) {
        return format!("r:{id}");
    }
    match json::at(payload, "id") {
        Some(id) => format!("{}:{kind}:{id}:{}", sender.unwrap_or_default(), json::at(payload, "ack").unwrap_or_default()),
        None => json::content_key(kind, body),
    }
}

fn status(payload: &Value) -> Option<StatusEvent> {
    // Acknowledgements of what the client sent are about reading it here.
    if payload.get("fromMe").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let id = bare(&json::at(payload, "id")?);
    let ack = payload.get("ack").and_then(json::number);
    let status = match json::at(payload, "ackName").as_deref() {
        Some("ERROR") => Status::Failed,
        Some("PENDING") => Status::Accepted,
        Some("SERVER") => Status::Sent,
        Some("DEVICE") => Status::Delivered,
        Some("READ") => Status::Read,
        Some("PLAYED") => Status::Played,
        _ => match ack? {
            ack if ack < 0.0 => Status::Failed,
            ack if ack < 1.0 => Status::Accepted,
            ack if ack < 2.0 => Status::Sent,
            ack if ack < 3.0 => Status::Delivered,
            ack if ack < 4.0 => Status::Read,
            _ => Status::Played,
        },
    };
    let chat = json::first(payload, &["to", "from"]).unwrap_or_default();
    let error = (status == Status::Failed)
        .then(|| ProviderError::new(ErrorClass::Unknown, Some("-1".to_owned()), "WhatsApp did not take the message"));
    Some(StatusEvent {
        ids: vec![id.clone()],
        provider_id: Some(id.clone()),
        wa_id: Some(id),
        own_tag: None,
        status,
        identity: chat_id::identity(&chat, None),
        error,
        cost: None,
    })
}
