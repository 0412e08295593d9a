//! Stored provider events and what they were read as.

use super::{stored, text_at, time};
use crate::db::entity::inbox_event;
use crate::domain::clock::iso;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A raw provider event with what it was read as.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxEvent {
    id: String,
    channel_id: String,
    /// Dedupe key, made of the provider's own ids.
    event_key: String,
    /// Provider and WhatsApp ids that the event names.
    provider_ids: Vec<String>,
    /// `status message template other`.
    label: String,
    /// `stored done orphan unrouted`.
    state: String,
    /// The event as read, with its raw part.
    #[schema(value_type = Object)]
    body: Value,
    /// What it did.
    #[schema(value_type = Option<Object>)]
    read_as: Value,
    received_at: String,
    processed_at: Option<String>,
}

impl From<inbox_event::Model> for InboxEvent {
    fn from(row: inbox_event::Model) -> Self {
        let body = stored(Some(&row.body));
        Self {
            provider_ids: provider_ids(&body),
            body,
            read_as: stored(row.read_as.as_deref()),
            received_at: iso(row.received_at),
            processed_at: time(row.processed_at),
            id: row.id,
            channel_id: row.channel_id,
            event_key: row.event_key,
            label: row.label,
            state: row.state,
        }
    }
}

fn provider_ids(body: &Value) -> Vec<String> {
    let event = body.get("what").or_else(|| body.get("event")).unwrap_or(body);
    let mut ids: Vec<String> = Vec::new();
    let listed = event.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    ids.extend(listed);
    for key in ["provider_id", "wa_id"] {
        ids.extend(text_at(event, key));
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}
