//! Webhooks: a batch of beams under a seal, which is a keyed hash over the moment of sealing and the raw body.

use super::{answer, letters, station};
use crate::domain::clock::Ms;
use crate::domain::event::{ProviderEvent, StatusEvent, What};
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::state::Status;
use crate::provider::{ChannelConfig, WebhookError, WebhookRequest, json, mac};
use serde_json::Value;

const SEAL: &str = "x-heliograph-seal";

/// `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`. How old it is does not matter here: a beam counts once by its id.
pub(super) fn verify(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
    let told = request.headers.iter().find(|(name, _)| name == SEAL).map(|(_, value)| value.as_str()).unwrap_or_default();
    let part = |name: &str| told.split(',').filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name);
    let (Some((_, moment)), Some((_, seal))) = (part("t"), part("v1")) else { return Err(WebhookError::Forged) };
    let mut sealed = format!("{moment}.").into_bytes();
    sealed.extend_from_slice(request.body);
    let key = channel.secret("seal_key");
    if mac::same(&key, mac::sha256_hex(&key, &sealed), &seal.to_ascii_lowercase()) { Ok(()) } else { Err(WebhookError::Forged) }
}

/// The events of a body.
pub(super) fn read(body: &[u8]) -> Result<Vec<ProviderEvent>, WebhookError> {
    let body: Value = json::parse(body)?;
    if !body.get("beams").is_some_and(Value::is_array) {
        return Err(WebhookError::Unparsable("no beams".to_owned()));
    }
    let sender = json::at(&body, "station");
    Ok(json::items(&body, "beams").iter().map(|beam| event(sender.clone(), beam)).collect())
}

fn event(sender: Option<String>, beam: &Value) -> ProviderEvent {
    let word = json::at(beam, "what").unwrap_or_else(|| "unknown".to_owned());
    let known = match word.as_str() {
        "letter" => letters::read(beam).map(|letter| What::Message(Box::new(letter))),
        "dispatch" => status(beam).map(What::Status),
        "lamp" => station::changed(beam).map(What::Account),
        _ => None,
    };
    let label = || json::first(beam, &["light", "lamp"]).map_or_else(|| word.clone(), |told| format!("{word}:{told}"));
    let key = json::at(beam, "beam").unwrap_or_else(|| json::content_key(&word, beam));
    // A letter carries itself.
    let raw = if matches!(known, Some(What::Message(_))) { Value::Null } else { beam.clone() };
    ProviderEvent { key, sender, at: moment(beam), what: known.unwrap_or_else(|| What::Other { label: label() }), raw }
}

/// Told as `2026-10-03T08:00:00Z`.
fn moment(beam: &Value) -> Ms {
    let told = json::at(beam, "at").and_then(|at| chrono::DateTime::parse_from_rfc3339(&at).ok());
    told.map_or(0, |at| at.timestamp_millis())
}

fn status(beam: &Value) -> Option<StatusEvent> {
    let id = json::at(beam, "dispatch")?;
    let status = match json::at(beam, "light")?.as_str() {
        "posted" => Status::Accepted,
        "aloft" => Status::Sent,
        "landed" => Status::Delivered,
        "seen" => Status::Read,
        "heard" => Status::Played,
        "lost" => Status::Failed,
        _ => return None,
    };
    let to = beam.get("to").unwrap_or(&Value::Null);
    let lost = || ProviderError::new(ErrorClass::Unknown, None, "the dispatch was lost");
    Some(StatusEvent {
        ids: vec![id.clone()],
        provider_id: Some(id),
        wa_id: None,
        own_tag: json::at(beam, "ref"),
        status,
        identity: Identity {
            phone: json::at(to, "tel").and_then(|tel| json::digits(&tel)),
            group: json::at(to, "room"),
            ..Identity::default()
        },
        error: (status == Status::Failed).then(|| beam.get("fault").and_then(answer::fault).unwrap_or_else(lost)),
        cost: None,
    })
}
