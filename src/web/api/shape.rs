//! JSON shapes of the API, built from rows. Absent is null; times are ISO 8601 in UTC. Nothing sealed ever gets in here.

mod call;
mod conversation;
mod inbox;
mod job;
mod message;
mod template;
mod wait;

pub use call::{Answer, Call, CallDetail, WriteBack};
pub use conversation::Conversation;
pub use inbox::InboxEvent;
pub use job::Job;
pub use message::{Attempt, Cost, Message, MessageDetail, Reaction, Reply, StatusReport, TemplateUse, Times, Wording};
pub use template::Template;
pub use wait::Wait;

use crate::domain::clock::{Ms, iso};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// ISO time or null.
pub(super) fn time(at: Option<Ms>) -> Option<String> {
    at.map(iso)
}

/// Stored JSON, or null when it is absent or unreadable.
pub(super) fn stored(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn given(value: &Value, key: &str) -> Value {
    value.get(key).cloned().unwrap_or(Value::Null)
}

/// A Bitrix24 document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Document {
    /// `CCrmDocumentDeal`, ….
    #[serde(rename = "type")]
    kind: Option<String>,
    /// `DEAL_512`.
    id: String,
    /// How a client's message found it: `wait context conversation phone created`.
    #[serde(skip_serializing_if = "Option::is_none")]
    found_by: Option<String>,
}
