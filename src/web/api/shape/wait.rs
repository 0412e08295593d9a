//! What a call waits for, and what it has read.

use super::{stored, text_at, time};
use crate::db::entity::wait;
use crate::domain::clock::iso;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A call's wait for a client or a status.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wait {
    /// `reply status`.
    kind: String,
    /// `open answered timed_out ended document_gone`.
    state: String,
    channel_id: Option<String>,
    /// Conversations, or messages whose status is waited for.
    watched: Vec<String>,
    /// Replies read.
    attempts_used: i64,
    /// Replies that may be read.
    attempts_allowed: i64,
    /// `[{message_id, at, rule, verdict, code}]`: by which rule each reply was this wait's, and what it was judged to be.
    #[schema(value_type = Vec<Object>)]
    replies: Value,
    /// Rule by which the last reply was this wait's: `context context_document newest`.
    rule: Option<String>,
    /// The last reply.
    message_id: Option<String>,
    opened_at: String,
    deadline_at: String,
    closed_at: Option<String>,
}

impl From<(wait::Model, Vec<String>)> for Wait {
    fn from((row, watched): (wait::Model, Vec<String>)) -> Self {
        let replies = stored(Some(&row.replies));
        let last = replies.as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
        Self {
            rule: text_at(&last, "rule"),
            message_id: text_at(&last, "message_id"),
            replies,
            watched,
            channel_id: Some(row.channel_id).filter(|id| !id.is_empty()),
            kind: row.kind,
            state: row.state,
            attempts_used: row.attempts,
            attempts_allowed: row.most,
            opened_at: iso(row.opened_at),
            deadline_at: iso(row.deadline_at),
            closed_at: time(row.closed_at),
        }
    }
}
