//! What a timeline entry says: pure functions from a message to `crm.activity.configurable.*` parameters or a comment.
//!
//! Words come from `locales`; limits of LayoutDto are those of reference/bitrix24.md E.5.

use crate::db::entity::message;
use crate::domain::document::CrmItem;
use crate::domain::message_error::MessageError;
use crate::domain::state::Status;
use crate::flow::results;
use crate::i18n;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Originator of everything this application creates in CRM.
pub(super) const ORIGINATOR: &str = "courier24";

fn word(lang: &str, key: &str, args: &[(&str, &str)]) -> String {
    let args: BTreeMap<String, String> = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    i18n::text(lang, key, &args)
}

/// Tag type of a status (warning success failure primary secondary).
fn tag_type(status: &str) -> &'static str {
    match status {
        "delivered" | "read" | "played" => "success",
        "failed" => "failure",
        "unknown" | "held" => "warning",
        "accepted" | "sent" | "sending" => "primary",
        _ => "secondary",
    }
}

fn reason(lang: &str, row: &message::Model) -> Option<String> {
    let error = MessageError::read(row.error.as_deref())?;
    Some(results::error_text(lang, &error)).filter(|text| !text.is_empty())
}

fn text_block(value: &str) -> Value {
    json!({"type": "text", "properties": {"value": value, "multiline": true}})
}

fn titled(title: &str, value: &str) -> Value {
    json!({"type": "withTitle", "properties": {"title": title, "inline": true, "block": {"type": "text", "properties": {"value": value}}}})
}

/// LayoutDto that shows the message and its present status.
pub(super) fn layout(lang: &str, row: &message::Model, channel: &str) -> Value {
    if row.direction == "in" {
        return inbound(lang, row, channel);
    }
    let status = word(lang, &format!("status-{}", row.status), &[]);
    let mut blocks = serde_json::Map::new();
    blocks.insert("text".to_owned(), text_block(if row.rendered_text.is_empty() { "—" } else { &row.rendered_text }));
    blocks.insert("recipient".to_owned(), titled(&word(lang, "timeline-recipient", &[]), &row.recipient));
    if !channel.is_empty() {
        blocks.insert("channel".to_owned(), titled(&word(lang, "timeline-channel", &[]), channel));
    }
    if let Some(text) = reason(lang, row) {
        blocks.insert("reason".to_owned(), titled(&word(lang, "timeline-reason", &[]), &text));
    }
    json!({
        "icon": {"code": "info"},
        "header": {
            "title": word(lang, "timeline-title", &[("status", &status)]),
            "tags": {"status": {"type": tag_type(&row.status), "title": status}},
        },
        "body": {"logo": {"code": "document"}, "blocks": blocks},
    })
}

/// LayoutDto of a client's message.
fn inbound(lang: &str, row: &message::Model, channel: &str) -> Value {
    let mut blocks = serde_json::Map::new();
    blocks.insert("text".to_owned(), text_block(&said(lang, row)));
    blocks.insert("sender".to_owned(), titled(&word(lang, "timeline-from", &[]), &sender(row)));
    if !channel.is_empty() {
        blocks.insert("channel".to_owned(), titled(&word(lang, "timeline-channel", &[]), channel));
    }
    json!({
        "icon": {"code": "info"},
        "header": {
            "title": word(lang, "timeline-title-in", &[]),
            "tags": tags(lang, row),
        },
        "body": {"logo": {"code": "document"}, "blocks": blocks},
    })
}

/// Its kind, and what the client did to it since.
fn tags(lang: &str, row: &message::Model) -> Value {
    let mut tags = json!({"kind": {"type": "primary", "title": kind(lang, row)}});
    if let (Some(title), Some(tags)) = (amended(lang, row), tags.as_object_mut()) {
        tags.insert("amended".to_owned(), json!({"type": "warning", "title": title}));
    }
    tags
}

fn amended(lang: &str, row: &message::Model) -> Option<String> {
    let content: Value = serde_json::from_str(&row.content).unwrap_or_default();
    if row.status == Status::Deleted.as_str() {
        return Some(word(lang, "timeline-deleted", &[]));
    }
    content.get("edits").is_some().then(|| word(lang, "timeline-edited", &[]))
}

fn kind(lang: &str, row: &message::Model) -> String {
    let key = format!("kind-{}", row.kind);
    Some(word(lang, &key, &[])).filter(|text| *text != key).unwrap_or_else(|| row.kind.clone())
}

/// The words of a client's message, or what it is when it has none.
fn said(lang: &str, row: &message::Model) -> String {
    let content: Value = serde_json::from_str(&row.content).unwrap_or_default();
    if let Some(emoji) = content.get("reaction").and_then(Value::as_str) {
        return word(lang, "timeline-reaction", &[("text", emoji)]);
    }
    let file = content.pointer("/media/file_name").and_then(Value::as_str).filter(|name| !name.is_empty());
    match (row.rendered_text.trim(), file) {
        ("", Some(name)) => name.to_owned(),
        ("", None) => kind(lang, row),
        (text, Some(name)) => format!("{text}\n{name}"),
        (text, None) => text.to_owned(),
    }
}

fn sender(row: &message::Model) -> String {
    let identity: Value = serde_json::from_str(&row.identity).unwrap_or_default();
    let name = identity.get("display_name").and_then(Value::as_str).filter(|name| !name.is_empty());
    name.map_or_else(|| row.recipient.clone(), |name| format!("{name}, {}", row.recipient))
}

/// `crm.activity.configurable.add` parameters.
pub(super) fn activity(lang: &str, row: &message::Model, channel: &str, item: CrmItem) -> Value {
    json!({
        "ownerTypeId": item.entity_type_id,
        "ownerId": item.id,
        "fields": {"typeId": "CONFIGURABLE", "completed": true, "isIncomingChannel": if row.direction == "in" { "Y" } else { "N" }, "originatorId": ORIGINATOR, "originId": row.id},
        "layout": layout(lang, row, channel),
    })
}

/// The words by which our comment is found again: unique to the message, short for the eye.
pub(super) fn marker(message_id: &str) -> String {
    let tail: String = message_id.chars().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect();
    format!("№ {tail}")
}

/// Text of a timeline comment, where the portal lacks configurable activities.
pub(super) fn comment(lang: &str, row: &message::Model) -> String {
    if row.direction == "in" {
        let from = format!("{}: {}", word(lang, "timeline-from", &[]), sender(row));
        let title = word(lang, "timeline-title-in", &[]);
        let title = amended(lang, row).map_or_else(|| title.clone(), |amended| format!("{title} ({amended})"));
        return [title, said(lang, row), from, marker(&row.id)].join("\n");
    }
    let status = word(lang, &format!("status-{}", row.status), &[]);
    let mut lines = vec![word(lang, "timeline-title", &[("status", &status)]), row.rendered_text.clone()];
    lines.push(format!("{}: {}", word(lang, "timeline-recipient", &[]), row.recipient));
    if let Some(text) = reason(lang, row) {
        lines.push(format!("{}: {text}", word(lang, "timeline-reason", &[])));
    }
    lines.push(marker(&row.id));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
