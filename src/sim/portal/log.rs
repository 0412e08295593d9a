//! What the portal saw of us: every REST request with its commands, for tests of rates and of single calls.

use crate::domain::clock::Ms;
use serde_json::{Map, Value};

/// One command of a request; a plain request has exactly one.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct CommandRecord {
    /// REST method.
    pub method: String,
    /// Parameters without `auth`.
    pub params: Map<String, Value>,
    /// `error` of its answer; `None` on success.
    pub error: Option<String>,
}

/// One HTTP request; a batch counts once.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RequestRecord {
    /// When, by the clock.
    pub at: Ms,
    /// Outer method.
    pub method: String,
    /// HTTP status; 0 when the connection was cut or nothing was answered.
    pub status: u16,
    /// `error` of the outer answer; empty on success.
    pub code: String,
    /// Whose token, when it was a good one.
    pub user: Option<i64>,
    /// The commands, or the one call.
    pub commands: Vec<CommandRecord>,
}

/// Highest number of requests inside any one second.
pub(crate) fn max_per_second(requests: &[RequestRecord]) -> usize {
    let mut start = 0;
    let mut highest = 0;
    for (end, request) in requests.iter().enumerate() {
        while requests.get(start).is_some_and(|first| first.at + 1_000 <= request.at) {
            start += 1;
        }
        highest = highest.max(end + 1 - start);
    }
    highest
}
