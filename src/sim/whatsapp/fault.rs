//! Faults a test can order: of the answers to our requests, and of the callbacks to us.
//!
//! A rule is used up after `times` matches. Answers that look like the vendor's carry the vendor's body.

use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What happens to a request instead of, or around, its ordinary answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Fault {
    /// An answer without doing anything.
    Answer {
        /// HTTP status.
        status: u16,
        /// Extra headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body.
        #[serde(default)]
        body: String,
        /// Its type.
        #[serde(default = "json_type")]
        content_type: String,
    },
    /// The body is read, nothing is done, no answer ever comes.
    Hang,
    /// The connection closes before the body was read; nothing is done.
    CloseBeforeReading,
    /// The body is read, nothing is done, the connection closes.
    CloseAfterReading,
    /// The request takes effect, no answer ever comes.
    AcceptThenHang,
    /// The request takes effect, the connection closes without an answer.
    AcceptThenClose,
    /// The request takes effect, the answer breaks off in its body.
    AcceptThenCut,
    /// The request takes effect, a gateway answers 502 with HTML.
    AcceptThenBadGateway,
    /// The request takes effect, the 2xx names no id.
    AcceptWithoutId,
    /// An ordinary answer, this much real time later.
    Slow {
        /// Real milliseconds.
        ms: u64,
    },
    /// The callbacks are delivered before our request is answered.
    EventsFirst,
}

fn json_type() -> String {
    "application/json".to_owned()
}

impl Fault {
    fn vendor(status: u16, message: &str) -> Self {
        let body = json!({"status": "error", "message": message}).to_string();
        Self::Answer { status, headers: Vec::new(), body, content_type: json_type() }
    }

    fn html(status: u16, title: &str) -> Self {
        let body =
            format!("<html><head><title>{status} {title}</title></head><body><center><h1>{status} {title}</h1></center></body></html>");
        Self::Answer { status, headers: Vec::new(), body, content_type: "text/html".to_owned() }
    }

    /// 429 with the vendor's body and, when given, `Retry-After` in seconds.
    pub fn too_many_requests(retry_after: Option<u32>) -> Self {
        let mut fault = Self::vendor(429, "Too Many Requests");
        if let (Self::Answer { headers, .. }, Some(seconds)) = (&mut fault, retry_after) {
            headers.push(("Retry-After".to_owned(), seconds.to_string()));
        }
        fault
    }

    /// 500 with the vendor's own error body.
    pub fn internal_error() -> Self {
        Self::vendor(500, "Internal Server Error")
    }

    /// 503 with the vendor's own error body.
    pub fn unavailable() -> Self {
        Self::vendor(503, "Service Unavailable")
    }

    /// 502 as a gateway says it, in HTML.
    pub fn bad_gateway() -> Self {
        Self::html(502, "Bad Gateway")
    }

    /// 504 as a gateway says it, in HTML.
    pub fn gateway_timeout() -> Self {
        Self::html(504, "Gateway Timeout")
    }

    /// The word shown in observations.
    pub fn word(&self) -> String {
        match self {
            Self::Answer { status, .. } => format!("answer_{status}"),
            Self::Hang => "hang".to_owned(),
            Self::CloseBeforeReading => "close_before_reading".to_owned(),
            Self::CloseAfterReading => "close_after_reading".to_owned(),
            Self::AcceptThenHang => "accept_then_hang".to_owned(),
            Self::AcceptThenClose => "accept_then_close".to_owned(),
            Self::AcceptThenCut => "accept_then_cut".to_owned(),
            Self::AcceptThenBadGateway => "accept_then_bad_gateway".to_owned(),
            Self::AcceptWithoutId => "accept_without_id".to_owned(),
            Self::Slow { .. } => "slow".to_owned(),
            Self::EventsFirst => "events_first".to_owned(),
        }
    }
}

/// A fault, where and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Part of the path; empty = every path.
    #[serde(default)]
    pub path: String,
    /// How many requests meet it.
    #[serde(default = "once")]
    pub times: u32,
    /// How many pass before.
    #[serde(default)]
    pub skip: u32,
    /// What.
    pub fault: Fault,
}

fn once() -> u32 {
    1
}

/// What happens to a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum EventAction {
    /// Sent this many times more.
    Duplicate {
        /// Extra copies.
        copies: u32,
    },
    /// Never sent.
    Drop,
    /// Sent later.
    Delay {
        /// Milliseconds of the network's clock.
        ms: Ms,
    },
    /// All callbacks of a flush leave in reverse order.
    Reverse,
    /// Callbacks to one address leave in one body (V3 only).
    Batch,
}

/// An action on callbacks, which and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFault {
    /// `enqueued sent delivered read failed message …`; empty = every callback.
    #[serde(default)]
    pub event: String,
    /// How many callbacks (for `reverse` and `batch`: flushes) meet it.
    #[serde(default = "once")]
    pub times: u32,
    /// What.
    pub action: EventAction,
}
