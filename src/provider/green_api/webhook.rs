//! Webhooks (reference/whatsapp.md 6.7): one event a body, proven by the token that the instance was given.
//!
//! The vendor keeps its queue strictly in order and repeats a refused event for a day: whatever can be parsed is taken.

use super::{inbound, instance};
use crate::domain::clock::Ms;
use crate::domain::event::{ProviderEvent, StatusEvent, What};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::state::Status;
use crate::provider::{ChannelConfig, WebhookError, WebhookRequest, chat_id, json};
use serde_json::Value;

/// The header carries the token behind `Bearer`, or as typed when it was typed with a scheme of its own.
pub(super) fn verify(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
    let token = channel.secret("webhook_token");
    let told = request.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.trim()).unwrap_or_default();
    let bearer = told.strip_prefix("Bearer ").unwrap_or_default();
    if token.matches(told) || token.matches(bearer.trim()) { Ok(()) } else { Err(WebhookError::Forged) }
}

/// The event of a body.
pub(super) fn read(body: &[u8]) -> Result<Vec<ProviderEvent>, WebhookError> {
    let body: Value = json::parse(body)?;
    if !body.is_object() {
        return Err(WebhookError::Unparsable("not an object".to_owned()));
    }
    let kind = json::at(&body, "typeWebhook").unwrap_or_else(|| "unknown".to_owned());
    let sender = body.get("instanceData").and_then(|instance| json::at(instance, "idInstance"));
    let at = json::moment(body.get("timestamp")).unwrap_or(0);
    let event = |key: String, what: What, raw: Value| ProviderEvent { key, sender: sender.clone(), at, what, raw };
    let id = json::at(&body, "idMessage");
    let read = match (kind.as_str(), &id) {
        ("incomingMessageReceived", Some(id)) if !chat_id::is_broadcast(&inbound::chat(&body)) => {
            let read = inbound::read(&body, id);
            event(
                format!("{}:{}:{kind}:{}", sender.clone().unwrap_or_default(), read.wa_id, inbound::type_word(&body)),
                What::Message(Box::new(read)),
                Value::Null,
            )
        }
        ("outgoingMessageStatus", Some(id)) => match status(&body, id) {
            Some((word, read)) => {
                event(format!("{}:{id}:{kind}:{word}", sender.clone().unwrap_or_default()), What::Status(read), body.clone())
            }
            None => other(&kind, &body, sender.clone(), at),
        },
        ("stateInstanceChanged", _) => match instance::changed(&body) {
            Some(told) => event(json::content_key(&kind, &body), What::Account(told), body.clone()),
            None => other(&kind, &body, sender.clone(), at),
        },
        // Typed on the phone or sent by our own API, calls, blocks, quota, and whatever comes next.
        _ => other(&kind, &body, sender.clone(), at),
    };
    Ok(vec![read])
}

fn other(kind: &str, body: &Value, sender: Option<String>, at: Ms) -> ProviderEvent {
    let label = match json::first(body, &["stateInstance", "status"]) {
        Some(word) => format!("{kind}:{word}"),
        None => kind.to_owned(),
    };
    ProviderEvent { key: json::content_key(&label, body), sender, at, what: What::Other { label }, raw: body.clone() }
}

fn status(body: &Value, id: &str) -> Option<(String, StatusEvent)> {
    let word = json::at(body, "status")?;
    let (status, class) = match word.as_str() {
        "sent" => (Status::Sent, None),
        "delivered" => (Status::Delivered, None),
        "read" => (Status::Read, None),
        "failed" => (Status::Failed, Some(ErrorClass::Unknown)),
        "noAccount" => (Status::Failed, Some(ErrorClass::BadRecipient)),
        "notInGroup" => (Status::Failed, Some(ErrorClass::Payload)),
        // The whole number is limited, not only this message.
        "yellowCard" => (Status::Failed, Some(ErrorClass::Policy)),
        _ => return None,
    };
    let words = json::at(body, "description").unwrap_or_else(|| word.clone());
    let error = class.map(|class| ProviderError::new(class, Some(word.clone()), words));
    let read = StatusEvent {
        ids: vec![id.to_owned()],
        provider_id: Some(id.to_owned()),
        wa_id: Some(id.to_owned()),
        own_tag: None,
        status,
        identity: chat_id::identity(&json::at(body, "chatId").unwrap_or_default(), None),
        error,
        cost: None,
    };
    Some((word, read))
}
