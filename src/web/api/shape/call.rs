//! Robot calls with everything that hangs on them.

use super::message::{Attempt, Message, StatusReport};
use super::wait::Wait;
use super::{Document, stored, time};
use crate::db::entity::{answer, robot_call, write_back};
use crate::domain::clock::iso;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

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
            document: Document { kind: Some(row.document_entity), id: row.document_id, found_by: None },
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
    /// For calls that wait for a client or a status.
    wait: Option<Wait>,
    answer: Answer,
    write_backs: Vec<WriteBack>,
}

impl CallDetail {
    /// With words for the reader.
    pub(in crate::web::api) fn told_in(mut self, lang: &str) -> Self {
        self.messages = self.messages.into_iter().map(|message| message.told_in(lang)).collect();
        self
    }

    /// What was read with the portal's own token is not an employee's to see: CRM may hide it from them.
    pub(in crate::web::api) fn without_facts(self) -> Self {
        Self { facts: Value::Null, params: Value::Null, operation: Value::Null, input: Value::Null, ..self }
    }
}

impl From<&robot_call::Model> for Call {
    fn from(row: &robot_call::Model) -> Self {
        Self {
            id: row.id.clone(),
            portal: row.portal.clone(),
            code: row.code.clone(),
            state: row.state.clone(),
            document: Document { kind: Some(row.document_entity.clone()), id: row.document_id.clone(), found_by: None },
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
            wait: story.wait.map(Wait::from),
            answer: story.answer.map_or(nothing_owed, Answer::from),
            write_backs: story.write_backs.into_iter().map(WriteBack::from).collect(),
        }
    }
}
