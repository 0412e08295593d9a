//! Messages with their tries and the reports about them.

use super::{Document, given, stored, text_at, time};
use crate::db::entity::{attempt, message, message_event};
use crate::domain::clock::iso;
use crate::domain::message_error::MessageError;
use crate::flow::close_unknown::CLOSED_AT;
use crate::flow::results::error_text;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// A message, in or out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// Ours.
    id: String,
    /// `out` or `in`.
    direction: String,
    channel_id: String,
    portal: String,
    conversation_id: String,
    /// Word of reference/whatsapp.md 1.
    kind: String,
    text: Option<String>,
    caption: Option<String>,
    /// `{kind, mime, file_name, url, size, provider_id}`.
    #[schema(value_type = Option<Object>)]
    media: Value,
    /// `{latitude, longitude, name, address}`.
    #[schema(value_type = Option<Object>)]
    location: Value,
    /// `[{name, phones[], emails[], company}]`.
    #[schema(value_type = Option<Vec<Object>>)]
    contacts: Value,
    reply: Option<Reply>,
    reaction: Option<Reaction>,
    /// Former wordings of a message that the client has changed, oldest first; `text` and `caption` are the present ones.
    edits: Option<Vec<Wording>>,
    /// Since when a changed message has its present wording.
    edited_at: Option<String>,
    template: Option<TemplateUse>,
    /// `{phone, bsuid, lid, username, display_name, group}`.
    #[schema(value_type = Object)]
    identity: Value,
    provider_id: Option<String>,
    /// Status word.
    status: String,
    /// A held message leaves at this moment, where one is known.
    held_until: Option<String>,
    /// `{code, class, provider_code, text, retryable}`.
    #[schema(value_type = Option<Object>)]
    error: Value,
    /// What went wrong and what to do about it, in the reader's language.
    advice: Option<String>,
    #[serde(skip)]
    reason: Option<MessageError>,
    /// When somebody closed an unknown outcome.
    closed_at: Option<String>,
    cost: Option<Cost>,
    call_id: Option<String>,
    document: Option<Document>,
    times: Times,
}

/// An answer to one of our messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reply {
    id: Option<String>,
    title: Option<String>,
    to_message_id: Option<String>,
}

/// A reaction; an empty emoji takes it back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reaction {
    emoji: String,
    to_message_id: Option<String>,
}

/// What a message said before the client changed it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wording {
    text: Option<String>,
    caption: Option<String>,
    /// Since when it said so.
    at: Option<String>,
}

/// The template that was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateUse {
    name: String,
    language: String,
    category: String,
    /// Values in the order of the placeholders.
    params: Vec<String>,
}

/// What it cost, as far as the provider told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cost {
    amount: Option<String>,
    currency: Option<String>,
    source: Option<String>,
}

/// First moment of each step.
#[derive(Debug, Serialize, ToSchema)]
pub struct Times {
    queued: Option<String>,
    sending: Option<String>,
    accepted: Option<String>,
    sent: Option<String>,
    delivered: Option<String>,
    read: Option<String>,
    failed: Option<String>,
    received: Option<String>,
}

impl From<message::Model> for Message {
    fn from(row: message::Model) -> Self {
        let content = stored(Some(&row.content));
        let out = row.direction == "out";
        let template = (row.kind == "template").then(|| TemplateUse::read(&content)).flatten();
        let text = if out { Some(row.rendered_text).filter(|text| !text.is_empty()) } else { text_at(&content, "text") };
        let reaction = content
            .get("reaction")
            .and_then(Value::as_str)
            .map(|emoji| Reaction { emoji: emoji.to_owned(), to_message_id: row.reply_to.clone() });
        let replied = reaction.is_none() && (row.reply_id.is_some() || row.reply_title.is_some() || row.reply_to.is_some());
        Self {
            text,
            caption: text_at(&content, "caption"),
            media: media(&content, template.is_some()),
            location: place(&content),
            contacts: cards(&content),
            reply: replied.then_some(Reply { id: row.reply_id, title: row.reply_title, to_message_id: row.reply_to }),
            reaction,
            edits: edits(&content),
            edited_at: time(content.get("edited_at").and_then(Value::as_i64)),
            template,
            identity: identity(&stored(Some(&row.identity))),
            provider_id: row.provider_id.or(row.wa_id),
            held_until: held_until(&row.status, row.error.as_deref()),
            closed_at: closed_at(&row.status, row.error.as_deref()),
            error: error(row.error.as_deref()),
            advice: None,
            reason: MessageError::read(row.error.as_deref()),
            cost: row.cost_source.is_some().then_some(Cost {
                amount: row.cost_amount,
                currency: row.cost_currency,
                source: row.cost_source,
            }),
            document: row.document_id.map(|id| Document { kind: row.document_entity, id, found_by: text_at(&content, "found_by") }),
            times: Times {
                queued: time(row.queued_at),
                sending: time(row.sending_at),
                accepted: time(row.accepted_at),
                sent: time(row.sent_at),
                delivered: time(row.delivered_at),
                read: time(row.read_at),
                failed: time(row.failed_at),
                received: time(row.received_at),
            },
            id: row.id,
            direction: row.direction,
            channel_id: row.channel_id,
            portal: row.portal,
            conversation_id: row.conversation_id,
            kind: row.kind,
            status: row.status,
            call_id: row.call_id,
        }
    }
}

impl Message {
    /// With words for the reader.
    pub(in crate::web::api) fn told_in(mut self, lang: &str) -> Self {
        self.advice = self.reason.as_ref().map(|reason| error_text(lang, reason));
        self
    }
}

fn edits(content: &Value) -> Option<Vec<Wording>> {
    let wording = |was: &Value| Wording {
        text: text_at(was, "text"),
        caption: text_at(was, "caption"),
        at: time(was.get("at").and_then(Value::as_i64)),
    };
    content.get("edits").and_then(Value::as_array).map(|edits| edits.iter().map(wording).collect())
}

/// The moment that the reason of a held message names.
fn held_until(status: &str, error: Option<&str>) -> Option<String> {
    let reason = stored(error);
    reason.get("args").filter(|_| status == "held").and_then(|args| text_at(args, "until_at"))
}

fn closed_at(status: &str, error: Option<&str>) -> Option<String> {
    let reason = stored(error);
    reason.get("args").filter(|_| status == "unknown").and_then(|args| text_at(args, CLOSED_AT))
}

impl TemplateUse {
    fn read(content: &Value) -> Option<Self> {
        let params = content.get("params").and_then(Value::as_array).cloned().unwrap_or_default();
        Some(Self {
            name: text_at(content, "name")?,
            language: text_at(content, "language").unwrap_or_default(),
            category: text_at(content, "category").unwrap_or_default(),
            params: params.iter().map(|param| text_at(param, "value").unwrap_or_default()).collect(),
        })
    }
}

/// A message's file: its own, or the header of its template. An address of our own is never shown: it is a key to the file.
fn media(content: &Value, template: bool) -> Value {
    let header = content.get("header").filter(|header| header.get("link").is_some());
    let Some(file) = (if template { header } else { content.get("media").filter(|media| media.is_object()) }) else { return Value::Null };
    let first = |keys: &[&str]| keys.iter().map(|key| given(file, key)).find(|value| !value.is_null()).unwrap_or(Value::Null);
    json!({
        "kind": first(&["media_kind", "kind"]),
        "mime": first(&["mime", "mime_type", "contentType"]),
        "file_name": first(&["file_name", "filename", "name"]),
        "url": first(&["url"]),
        "size": first(&["size", "size_bytes"]),
        "provider_id": first(&["provider_id", "id"]),
    })
}

/// A place: told beside other things in what came in, the whole content in what went out.
fn place(content: &Value) -> Value {
    if content.get("latitude").is_none() {
        return given(content, "location");
    }
    json!({
        "latitude": given(content, "latitude"),
        "longitude": given(content, "longitude"),
        "name": given(content, "name"),
        "address": given(content, "address"),
    })
}

/// Contact cards in one shape, whichever way they went.
fn cards(content: &Value) -> Value {
    let Some(cards) = content.get("cards").and_then(Value::as_array) else { return given(content, "contacts") };
    let texts = |card: &Value, list: &str, key: &str| -> Value {
        card.get(list).and_then(Value::as_array).into_iter().flatten().map(|entry| given(entry, key)).collect()
    };
    let shown = cards.iter().map(|card| {
        json!({
            "name": card.pointer("/name/formatted"),
            "phones": texts(card, "phones", "phone"),
            "emails": texts(card, "emails", "email"),
            "company": given(card, "company"),
        })
    });
    shown.collect()
}

/// All parts, null where unknown.
fn identity(stored: &Value) -> Value {
    let keys = ["phone", "bsuid", "lid", "username", "display_name", "group"];
    Value::Object(keys.iter().map(|key| ((*key).to_owned(), given(stored, key))).collect::<Map<_, _>>())
}

fn error(text: Option<&str>) -> Value {
    let stored = stored(text);
    if !stored.is_object() {
        return Value::Null;
    }
    let keys = ["code", "class", "provider_code", "text", "retryable"];
    Value::Object(keys.iter().map(|key| ((*key).to_owned(), given(&stored, key))).collect::<Map<_, _>>())
}

/// One try to send.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempt {
    message_id: String,
    number: i64,
    started_at: String,
    finished_at: Option<String>,
    /// `sending accepted rejected retry unknown`.
    outcome: String,
    http_status: Option<i64>,
    provider_code: Option<String>,
    text: Option<String>,
    retry_after_ms: Option<i64>,
}

impl From<attempt::Model> for Attempt {
    fn from(row: attempt::Model) -> Self {
        Self {
            message_id: row.message_id,
            number: row.number,
            started_at: iso(row.started_at),
            finished_at: time(row.finished_at),
            outcome: row.outcome,
            http_status: row.http_status,
            provider_code: row.provider_code,
            text: row.text,
            retry_after_ms: row.retry_after_ms,
        }
    }
}

/// One report of a status, with both clocks.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusReport {
    message_id: String,
    status: String,
    /// The provider's clock.
    provider_at: Option<String>,
    /// Ours.
    received_at: String,
    /// Whether it moved the message.
    applied: bool,
    #[schema(value_type = Option<Object>)]
    error: Value,
}

impl From<message_event::Model> for StatusReport {
    fn from(row: message_event::Model) -> Self {
        Self {
            message_id: row.message_id,
            status: row.status,
            provider_at: time(row.provider_at),
            received_at: iso(row.received_at),
            applied: row.applied != 0,
            error: stored(row.error.as_deref()),
        }
    }
}

/// A message with its tries and reports.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageDetail {
    #[serde(flatten)]
    pub(in crate::web::api) message: Message,
    pub(in crate::web::api) attempts: Vec<Attempt>,
    pub(in crate::web::api) statuses: Vec<StatusReport>,
}
