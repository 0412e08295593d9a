//! Webhook values in Meta's shape (reference/whatsapp.md 4.12, 5.13): entries, changes, statuses, template news.

use super::{account, errors, inbound};
use crate::domain::event::{CostReport, ProviderEvent, StatusEvent, TemplateEvent, What};
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::state::Status;
use crate::provider::json;
use serde_json::Value;

/// What a passing-through provider adds to Meta's words.
pub(in crate::provider) struct Dialect<'a> {
    /// The sender's name for a change's `metadata`.
    pub(in crate::provider) sender: &'a dyn Fn(&Value) -> Option<String>,
    /// Class of a code, the provider's own codes included.
    pub(in crate::provider) class: &'a dyn Fn(&str) -> ErrorClass,
}

/// All events of a body; a change that is not known becomes one `Other`.
pub(in crate::provider) fn read(body: &Value, dialect: &Dialect<'_>) -> Vec<ProviderEvent> {
    let mut events = Vec::new();
    for entry in json::items(body, "entry") {
        for change in json::items(entry, "changes") {
            read_change(entry, change, dialect, &mut events);
        }
    }
    if events.is_empty() {
        events.push(other("unknown", body, None, 0));
    }
    events
}

fn read_change(entry: &Value, change: &Value, dialect: &Dialect<'_>, events: &mut Vec<ProviderEvent>) {
    let field = json::at(change, "field").unwrap_or_else(|| "unknown".to_owned());
    let value = change.get("value").unwrap_or(&Value::Null);
    let sender = (dialect.sender)(value.get("metadata").unwrap_or(&Value::Null));
    let entry_at = json::moment(entry.get("time")).unwrap_or(0);
    let before = events.len();
    match field.as_str() {
        "messages" => {
            let contacts = json::items(value, "contacts");
            events.extend(json::items(value, "statuses").iter().map(|status| read_status(status, sender.clone(), dialect)));
            events.extend(json::items(value, "messages").iter().map(|message| read_message(message, contacts, sender.clone())));
        }
        "message_template_status_update" | "template_category_update" | "message_template_quality_update" => {
            events.push(event(json::content_key(&field, change), sender.clone(), entry_at, What::Template(template(value)), change));
        }
        "user_preferences" => {
            for (at, told) in account::preferences(value) {
                let key = json::content_key(&field, &serde_json::json!([at, told]));
                events.push(event(key, sender.clone(), at.unwrap_or(entry_at), What::Consent(told), change));
            }
        }
        "phone_number_quality_update" | "business_capability_update" => {
            if let Some(limit) = account::limit(value) {
                events.push(event(json::content_key(&field, change), sender.clone(), entry_at, What::Limit(limit), change));
            }
        }
        _ => {}
    }
    if events.len() == before {
        events.push(other(&label(&field, value), change, sender, entry_at));
    }
}

/// A field's name, with the event's own where it has one.
fn label(field: &str, value: &Value) -> String {
    match json::first(value, &["type", "event"]) {
        Some(kind) => format!("{field}:{kind}"),
        None => field.to_owned(),
    }
}

fn event(key: String, sender: Option<String>, at: i64, what: What, raw: &Value) -> ProviderEvent {
    ProviderEvent { key, sender, at, what, raw: raw.clone() }
}

fn other(label: &str, raw: &Value, sender: Option<String>, at: i64) -> ProviderEvent {
    event(json::content_key(label, raw), sender, at, What::Other { label: label.to_owned() }, raw)
}

fn read_message(message: &Value, contacts: &[Value], sender: Option<String>) -> ProviderEvent {
    let at = json::moment(message.get("timestamp")).unwrap_or(0);
    let read = inbound::read(message, contacts);
    // A change may come under the id of the message that it changes.
    let named = json::at(message, "id").filter(|_| !read.amends());
    let key = named.map_or_else(|| json::content_key("message", message), |id| format!("m:{id}"));
    let what = What::Message(Box::new(read));
    ProviderEvent { key, sender, at, what, raw: Value::Null }
}

fn read_status(status: &Value, sender: Option<String>, dialect: &Dialect<'_>) -> ProviderEvent {
    let at = json::moment(status.get("timestamp")).unwrap_or(0);
    let word = json::at(status, "status").unwrap_or_default();
    let wa_id = json::at(status, "id");
    // Gupshup's id of the message; Meta itself has none.
    let provider_id = json::first(status, &["gs_id", "gsId"]);
    let ids: Vec<String> = provider_id.iter().chain(wa_id.iter()).cloned().collect();
    let known = known_status(&word).filter(|_| !ids.is_empty());
    let Some(known) = known else { return other(&format!("status:{word}"), status, sender, at) };
    let key = format!("s:{}:{word}", wa_id.as_deref().or(provider_id.as_deref()).unwrap_or_default());
    let read = StatusEvent {
        ids,
        provider_id,
        wa_id,
        own_tag: json::at(status, "biz_opaque_callback_data"),
        status: known,
        identity: Identity {
            phone: json::at(status, "recipient_id").and_then(|id| json::digits(&id)),
            bsuid: json::at(status, "recipient_user_id"),
            group: json::at(status, "group_id"),
            ..Identity::default()
        },
        error: (known == Status::Failed).then(|| error(status, dialect)),
        cost: cost(status),
    };
    event(key, sender, at, What::Status(read), status)
}

/// The words of a status in both shapes.
pub(in crate::provider) fn known_status(word: &str) -> Option<Status> {
    match word {
        "enqueued" => Some(Status::Accepted),
        "sent" => Some(Status::Sent),
        "delivered" => Some(Status::Delivered),
        "read" => Some(Status::Read),
        "played" => Some(Status::Played),
        "failed" => Some(Status::Failed),
        "deleted" => Some(Status::Deleted),
        _ => None,
    }
}

fn error(status: &Value, dialect: &Dialect<'_>) -> ProviderError {
    let first = json::items(status, "errors").first().unwrap_or(&Value::Null);
    let code = json::at(first, "code");
    let class = code.as_deref().map_or(ErrorClass::Unknown, |code| (dialect.class)(code));
    let details = first.get("error_data").and_then(|data| json::at(data, "details"));
    let words = details.or_else(|| json::first(first, &["message", "title"])).unwrap_or_default();
    ProviderError::new(class, code, words)
}

/// Class by Meta's table alone.
pub(in crate::provider) fn class_of(code: &str) -> Option<ErrorClass> {
    code.trim().parse().ok().and_then(errors::class)
}

fn cost(status: &Value) -> Option<CostReport> {
    let pricing = status.get("pricing").filter(|pricing| pricing.is_object())?;
    Some(CostReport { amount: None, currency: None, pricing_type: json::at(pricing, "type"), category: json::at(pricing, "category") })
}

fn template(value: &Value) -> TemplateEvent {
    let upper = |text: String| text.to_uppercase();
    TemplateEvent {
        // Meta's number of the row is no provider id of Gupshup's; name and language lead to it.
        provider_id: json::at(value, "gs_template_id"),
        name: json::at(value, "message_template_name"),
        language: json::at(value, "message_template_language"),
        status: json::at(value, "event").map(upper),
        category: json::at(value, "new_category").map(upper),
        reason: json::at(value, "reason").filter(|reason| reason != "NONE"),
        quality: json::at(value, "new_quality_score").map(upper),
    }
}
