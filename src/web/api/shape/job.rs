//! Jobs of a portal.

use super::stored;
use crate::db::entity::job;
use crate::domain::clock::iso;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

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
