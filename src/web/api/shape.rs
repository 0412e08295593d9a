//! JSON shapes of the API, built from rows. Absent is null; times are ISO 8601 in UTC. Nothing sealed ever gets in here.

use crate::db::entity::{answer, attempt, conversation, inbox_event, job, message, message_event, robot_call, template, write_back};
use crate::domain::clock::{Ms, iso};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// ISO time or null.
pub(super) fn time(at: Option<Ms>) -> Option<String> {
    at.map(iso)
}

/// Stored JSON, or null when it is absent or unreadable.
pub(super) fn stored(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

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

/// A Bitrix24 document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Document {
    /// `CCrmDocumentDeal`, ….
    #[serde(rename = "type")]
    kind: Option<String>,
    /// `DEAL_512`.
    id: String,
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

fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn given(value: &Value, key: &str) -> Value {
    value.get(key).cloned().unwrap_or(Value::Null)
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
            location: given(&content, "location"),
            contacts: given(&content, "contacts"),
            reply: replied.then_some(Reply { id: row.reply_id, title: row.reply_title, to_message_id: row.reply_to }),
            reaction,
            template,
            identity: identity(&stored(Some(&row.identity))),
            provider_id: row.provider_id.or(row.wa_id),
            held_until: text_at(
                stored(row.error.as_deref()).get("args").filter(|_| row.status == "held").unwrap_or(&Value::Null),
                "until_at",
            ),
            error: error(row.error.as_deref()),
            cost: row.cost_source.is_some().then_some(Cost {
                amount: row.cost_amount,
                currency: row.cost_currency,
                source: row.cost_source,
            }),
            document: row.document_id.map(|id| Document { kind: row.document_entity, id }),
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
        "kind": first(&["kind", "media_kind"]),
        "mime": first(&["mime", "mime_type", "contentType"]),
        "file_name": first(&["file_name", "filename", "name"]),
        "url": first(&["url"]),
        "size": first(&["size", "size_bytes"]),
        "provider_id": first(&["provider_id", "id"]),
    })
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

/// What the process was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answer {
    /// `delivered too_late unknown refused none`.
    end: String,
    /// When it ended; null while it is none.
    at: Option<String>,
    attempts: i64,
    /// Return values.
    #[schema(value_type = Object)]
    values: Value,
    last_error: Option<String>,
    created_at: String,
    last_attempt_at: Option<String>,
}

impl From<answer::Model> for Answer {
    fn from(row: answer::Model) -> Self {
        Self {
            end: row.answer_end,
            at: time(row.ended_at),
            attempts: row.attempts,
            values: stored(Some(&row.return_values)),
            last_error: row.last_error,
            created_at: iso(row.created_at),
            last_attempt_at: time(row.last_attempt_at),
        }
    }
}

/// One thing written into CRM besides the answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct WriteBack {
    id: String,
    /// `fields timeline trigger`.
    kind: String,
    message_id: Option<String>,
    document: Document,
    #[schema(value_type = Object)]
    payload: Value,
    /// `pending done failed`.
    state: String,
    /// Id of what was created there.
    external_id: Option<String>,
    external_kind: Option<String>,
    /// Status last shown in the timeline.
    shown: Option<String>,
    attempts: i64,
    last_error: Option<String>,
    at: String,
    updated_at: String,
    done_at: Option<String>,
}

impl From<write_back::Model> for WriteBack {
    fn from(row: write_back::Model) -> Self {
        Self {
            document: Document { kind: Some(row.document_entity), id: row.document_id },
            payload: stored(Some(&row.payload)),
            at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            done_at: time(row.done_at),
            id: row.id,
            kind: row.kind,
            message_id: row.message_id,
            state: row.state,
            external_id: row.external_id,
            external_kind: row.external_kind,
            shown: row.shown,
            attempts: row.attempts,
            last_error: row.last_error,
        }
    }
}

/// A robot call in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    id: String,
    portal: String,
    /// CODE as called.
    code: String,
    /// `accepted waiting answered done refused dead`.
    state: String,
    document: Document,
    document_module: String,
    workflow_id: String,
    event_token: String,
    /// Who the step ran as.
    user_id: Option<String>,
    use_subscription: bool,
    timeout_seconds: i64,
    wait_for: Option<String>,
    deadline_at: Option<String>,
    /// The portal's clock.
    portal_at: Option<String>,
    accepted_at: String,
    decided_at: Option<String>,
    finished_at: Option<String>,
    request_id: Option<String>,
    /// `{verdict, rule, code, text, at}`.
    #[schema(value_type = Option<Object>)]
    decision: Value,
}

/// Everything known of a robot call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    call: Call,
    /// Properties as received.
    #[schema(value_type = Object)]
    input: Value,
    /// The typed operation.
    #[schema(value_type = Option<Object>)]
    operation: Value,
    /// CRM facts read.
    #[schema(value_type = Option<Object>)]
    facts: Value,
    /// Parameters as rendered.
    #[schema(value_type = Option<Object>)]
    params: Value,
    /// The first message; all of them are in `message_ids`.
    message_id: Option<String>,
    message_ids: Vec<String>,
    messages: Vec<Message>,
    attempts: Vec<Attempt>,
    statuses: Vec<StatusReport>,
    answer: Answer,
    write_backs: Vec<WriteBack>,
}

impl From<&robot_call::Model> for Call {
    fn from(row: &robot_call::Model) -> Self {
        Self {
            id: row.id.clone(),
            portal: row.portal.clone(),
            code: row.code.clone(),
            state: row.state.clone(),
            document: Document { kind: Some(row.document_entity.clone()), id: row.document_id.clone() },
            document_module: row.document_module.clone(),
            workflow_id: row.workflow_id.clone(),
            event_token: row.event_token.clone(),
            user_id: row.user_id.clone(),
            use_subscription: row.use_subscription == "Y",
            timeout_seconds: row.timeout_seconds,
            wait_for: row.wait_for.clone(),
            deadline_at: time(row.deadline_at),
            portal_at: time(row.portal_ts.map(crate::domain::clock::from_wire_time)),
            accepted_at: iso(row.accepted_at),
            decided_at: time(row.decided_at),
            finished_at: time(row.finished_at),
            request_id: row.request_id.clone(),
            decision: decision(row.decision.as_deref()),
        }
    }
}

/// The decision with its moment as ISO time, as everywhere.
fn decision(text: Option<&str>) -> Value {
    let mut stored = stored(text);
    if let Some(at) = stored.get("at").and_then(Value::as_i64)
        && let Some(map) = stored.as_object_mut()
    {
        map.insert("at".to_owned(), Value::String(iso(at)));
    }
    stored
}

impl From<crate::db::store::api_call::CallStory> for CallDetail {
    fn from(story: crate::db::store::api_call::CallStory) -> Self {
        let message_ids: Vec<String> = story.messages.iter().map(|message| message.id.clone()).collect();
        let nothing_owed = Answer {
            end: "none".to_owned(),
            at: None,
            attempts: 0,
            values: Value::Object(Map::new()),
            last_error: None,
            created_at: iso(story.call.accepted_at),
            last_attempt_at: None,
        };
        Self {
            call: Call::from(&story.call),
            input: stored(Some(&story.call.input)),
            operation: stored(story.call.operation.as_deref()),
            facts: stored(story.call.facts.as_deref()),
            params: stored(story.call.rendered.as_deref()),
            message_id: message_ids.first().cloned(),
            message_ids,
            messages: story.messages.into_iter().map(Message::from).collect(),
            attempts: story.attempts.into_iter().map(Attempt::from).collect(),
            statuses: story.events.into_iter().map(StatusReport::from).collect(),
            answer: story.answer.map_or(nothing_owed, Answer::from),
            write_backs: story.write_backs.into_iter().map(WriteBack::from).collect(),
        }
    }
}

/// A message with its tries and reports.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageDetail {
    #[serde(flatten)]
    pub(super) message: Message,
    pub(super) attempts: Vec<Attempt>,
    pub(super) statuses: Vec<StatusReport>,
}

/// A conversation with a WhatsApp user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    id: String,
    channel_id: String,
    /// `{phone, bsuid, lid, username, display_name, group}`.
    #[schema(value_type = Object)]
    identity: Value,
    window_until: Option<String>,
    free_entry_until: Option<String>,
    last_inbound_at: Option<String>,
    last_outbound_at: Option<String>,
    /// `{marketing, all}`: `unknown opted_in opted_out`.
    #[schema(value_type = Option<Object>)]
    pub(super) consent: Value,
    document: Option<Document>,
}

impl From<conversation::Model> for Conversation {
    fn from(row: conversation::Model) -> Self {
        Self {
            identity: json!({
                "phone": row.phone, "bsuid": row.bsuid, "lid": row.lid,
                "username": row.username, "display_name": row.display_name, "group": row.group_id,
            }),
            window_until: time(row.window_until),
            free_entry_until: time(row.free_entry_until),
            last_inbound_at: time(row.last_inbound_at),
            last_outbound_at: time(row.last_outbound_at),
            consent: Value::Null,
            document: row.document_id.map(|id| Document { kind: row.document_entity, id }),
            id: row.id,
            channel_id: row.channel_id,
        }
    }
}

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

/// A template as last synced.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    channel_id: String,
    provider_id: String,
    name: String,
    language: String,
    category: String,
    status: String,
    header_kind: Option<String>,
    header_text: Option<String>,
    body: String,
    footer: Option<String>,
    #[schema(value_type = Vec<Object>)]
    buttons: Value,
    /// Placeholder keys of the body, in order.
    #[schema(value_type = Vec<String>)]
    param_keys: Value,
    quality: Option<String>,
    reason: Option<String>,
    synced_at: String,
    /// No longer in the provider's list since then.
    vanished_at: Option<String>,
}

impl From<template::Model> for Template {
    fn from(row: template::Model) -> Self {
        Self {
            buttons: stored(Some(&row.buttons)),
            param_keys: stored(Some(&row.param_keys)),
            synced_at: iso(row.synced_at),
            vanished_at: time(row.vanished_at),
            channel_id: row.channel_id,
            provider_id: row.provider_id,
            name: row.name,
            language: row.language,
            category: row.category,
            status: row.status,
            header_kind: row.header_kind,
            header_text: row.header_text,
            body: row.body,
            footer: row.footer,
            quality: row.quality,
            reason: row.reason,
        }
    }
}

/// A job of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Job {
    id: String,
    kind: String,
    /// `ready running dead`.
    state: String,
    attempt: i64,
    max_attempts: i64,
    run_at: String,
    #[schema(value_type = Object)]
    payload: Value,
    last_error: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<job::Model> for Job {
    fn from(row: job::Model) -> Self {
        Self {
            payload: job_payload(&row.payload),
            run_at: iso(row.run_at),
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            id: row.id,
            kind: row.kind,
            state: row.state,
            attempt: row.attempt,
            max_attempts: row.max_attempts,
            last_error: row.last_error,
        }
    }
}

/// Ids only: a phone in a payload is nobody's business in a list of failures.
fn job_payload(text: &str) -> Value {
    let mut payload = stored(Some(text));
    if let Some(map) = payload.as_object_mut() {
        map.remove("phone");
        map.remove("kind");
    }
    payload
}
