//! Webhook bodies → events. V2 envelopes one by one (reference/whatsapp.md 4.11), V3 in Meta's shape (4.12); whatever is unknown is kept.

use super::{errors, inbound};
use crate::domain::clock::Ms;
use crate::domain::event::{ConsentEvent, CostReport, LimitEvent, ProviderEvent, StatusEvent, TemplateEvent, What};
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::state::Status;
use crate::provider::meta_shape::webhook::{self, Dialect};
use crate::provider::{ChannelConfig, WebhookError, json};
use serde_json::Value;

/// Reads a body of either version.
pub(super) fn read(channel: &ChannelConfig, body: &[u8]) -> Result<Vec<ProviderEvent>, WebhookError> {
    let body: Value = serde_json::from_slice(body).map_err(|error| WebhookError::Unparsable(error.classify_word()))?;
    match &body {
        Value::Object(_) => Ok(read_object(channel, &body)),
        Value::Array(items) => Ok(items.iter().filter(|item| item.is_object()).flat_map(|item| read_object(channel, item)).collect()),
        _ => Err(WebhookError::Unparsable("not an object".to_owned())),
    }
}

trait ClassifyWord {
    fn classify_word(&self) -> String;
}

impl ClassifyWord for serde_json::Error {
    /// What is wrong and where, without a piece of the body.
    fn classify_word(&self) -> String {
        format!("{:?} error in line {} column {}", self.classify(), self.line(), self.column())
    }
}

fn read_object(channel: &ChannelConfig, body: &Value) -> Vec<ProviderEvent> {
    if body.get("entry").is_some() {
        let app = json::at(body, "gs_app_id");
        let sender = |metadata: &Value| v3_sender(channel, app.as_deref(), metadata);
        return webhook::read(body, &Dialect { sender: &sender, class: &errors::class });
    }
    vec![read_v2(channel, body)]
}

/// The app's name for any of its names; an app that is not this channel's keeps what was told.
fn named(channel: &ChannelConfig, told: &str) -> String {
    let own = told == channel.text("app_name") || (!told.is_empty() && told == channel.text("app_id"));
    if own { channel.text("app_name").to_owned() } else { told.to_owned() }
}

/// V3 names the app by id, which a channel may not know; then the number decides.
fn v3_sender(channel: &ChannelConfig, app: Option<&str>, metadata: &Value) -> Option<String> {
    match app.filter(|_| !channel.text("app_id").is_empty()) {
        Some(app) => Some(named(channel, app)),
        None => {
            let number = json::at(metadata, "display_phone_number")?;
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            Some(if digits == channel.text("source") { channel.text("app_name").to_owned() } else { digits })
        }
    }
}

fn read_v2(channel: &ChannelConfig, body: &Value) -> ProviderEvent {
    let sender = json::at(body, "app").map(|app| named(channel, &app));
    let arrived = json::moment(body.get("timestamp")).unwrap_or(0);
    let payload = body.get("payload").unwrap_or(&Value::Null);
    let event = |key, at, what, raw: &Value| ProviderEvent { key, sender: sender.clone(), at, what, raw: raw.clone() };
    let kind = json::at(body, "type").unwrap_or_else(|| "unknown".to_owned());
    match kind.as_str() {
        "message" if payload.is_object() => {
            let read = inbound::read(payload);
            // A change may come under the id of the message that it changes.
            let named = json::at(payload, "id").filter(|_| !read.amends());
            let key = named.map_or_else(|| json::content_key("message", body), |id| format!("m:{id}"));
            event(key, arrived, What::Message(Box::new(read)), &Value::Null)
        }
        "message-event" => match status(payload) {
            Some((key, status)) => {
                let told = payload.get("payload").and_then(|inner| json::moment(inner.get("ts")));
                event(key, told.unwrap_or(arrived), What::Status(status), body)
            }
            None => other(event, "message-event", payload, arrived, body),
        },
        "template-event" => match template(payload) {
            Some(read) => event(json::content_key("template-event", body), arrived, What::Template(read), body),
            None => other(event, "template-event", payload, arrived, body),
        },
        "user-event" => match opt_in_list(payload) {
            Some(read) => event(json::content_key("user-event", body), arrived, What::Consent(read), body),
            None => other(event, "user-event", payload, arrived, body),
        },
        "account-event" => match tier(payload) {
            Some(read) => event(json::content_key("account-event", body), arrived, What::Limit(read), body),
            None => other(event, "account-event", payload, arrived, body),
        },
        // Sandbox, billing-event, platform-event, and whatever comes next.
        other_kind => other(event, other_kind, payload, arrived, body),
    }
}

/// Gupshup's own list: a mark of it, not a word of the person (4.8, 4.11.3).
fn opt_in_list(payload: &Value) -> Option<ConsentEvent> {
    let words = json::at(payload, "type")?;
    let stop = match words.as_str() {
        "opted-out" => true,
        "opted-in" => false,
        _ => return None,
    };
    let phone = json::at(payload, "phone").as_deref().and_then(json::digits);
    let identity = Identity { phone, bsuid: json::at(payload, "userId"), ..Identity::default() };
    (!identity.keys().is_empty()).then_some(ConsentEvent { identity, stop, by_user: false, words })
}

fn tier(payload: &Value) -> Option<LimitEvent> {
    json::at(payload, "type").filter(|kind| kind == "tier-event")?;
    LimitEvent::of_tier(&json::at(payload, "currentLimit")?)
}

fn other(event: impl Fn(String, Ms, What, &Value) -> ProviderEvent, kind: &str, payload: &Value, at: Ms, body: &Value) -> ProviderEvent {
    let label = json::at(payload, "type").map_or_else(|| kind.to_owned(), |inner| format!("{kind}:{inner}"));
    event(json::content_key(&label, body), at, What::Other { label }, body)
}

/// A status with its dedupe key `s:{gsId|id}:{type}`; `None` for a word that is no status.
fn status(payload: &Value) -> Option<(String, StatusEvent)> {
    let word = json::at(payload, "type")?;
    let status = webhook::known_status(&word)?;
    let id = json::at(payload, "id");
    let gs_id = json::at(payload, "gsId");
    let inner = payload.get("payload").unwrap_or(&Value::Null);
    let told_wa = json::first(inner, &["whatsappMessageId"]);
    let first = gs_id.clone().or_else(|| id.clone())?;
    // `enqueued` and a failure without gsId name the message by Gupshup's id; others by WhatsApp's, beside gsId.
    let by_gs = gs_id.is_none() && id.as_deref().is_some_and(|id| !is_wa_id(id));
    let provider_id = gs_id.clone().or_else(|| id.clone().filter(|_| by_gs));
    let beside = |id: &String| gs_id.is_some() && gs_id.as_ref() != Some(id) && uuid::Uuid::try_parse(id).is_err();
    let wa_id = told_wa.or_else(|| id.clone().filter(|id| is_wa_id(id) || beside(id)));
    let mut ids: Vec<String> = Vec::new();
    for candidate in [gs_id, id, wa_id.clone()].into_iter().flatten() {
        if !ids.contains(&candidate) {
            ids.push(candidate);
        }
    }
    let destination = json::at(payload, "destination");
    let phone = destination.as_deref().and_then(json::digits);
    let identity =
        Identity { bsuid: json::at(payload, "userId").or_else(|| destination.filter(|_| phone.is_none())), phone, ..Identity::default() };
    let error = (status == Status::Failed).then(|| failure(inner));
    let read = StatusEvent { ids, provider_id, wa_id, own_tag: None, status, identity, error, cost: cost(payload) };
    Some((format!("s:{first}:{word}"), read))
}

/// WhatsApp's ids: `wamid.…` now, base64-like `ABEG…`/`gBEG…` before; Gupshup's are uuids (also seen in both fields, 4.11.2).
fn is_wa_id(id: &str) -> bool {
    id.starts_with("wamid.") || id.starts_with("ABEG") || id.starts_with("gBEG")
}

fn failure(inner: &Value) -> ProviderError {
    let code = json::at(inner, "code");
    let class = code.as_deref().map_or(ErrorClass::Unknown, errors::class);
    ProviderError::new(class, code, json::first(inner, &["reason", "message"]).unwrap_or_default())
}

fn cost(payload: &Value) -> Option<CostReport> {
    let pricing = payload.get("pricing").filter(|pricing| pricing.is_object())?;
    Some(CostReport { amount: None, currency: None, pricing_type: json::at(pricing, "type"), category: json::at(pricing, "category") })
}

fn template(payload: &Value) -> Option<TemplateEvent> {
    let upper = |text: String| text.to_uppercase();
    let category = payload.get("category").and_then(|category| json::at(category, "new").or_else(|| json::text(category)));
    let read = TemplateEvent {
        provider_id: json::at(payload, "id"),
        name: json::at(payload, "elementName"),
        language: json::at(payload, "languageCode"),
        status: json::at(payload, "status").map(|status| super::templates::status_word(&status)),
        category: category.map(upper),
        reason: json::first(payload, &["rejectedReason", "description"]),
        quality: json::at(payload, "quality").map(upper),
    };
    let named = read.provider_id.is_some() || read.name.is_some();
    let says = read.status.is_some() || read.category.is_some() || read.quality.is_some();
    (named && says).then_some(read)
}
