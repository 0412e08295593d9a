//! Reading answers: `{"sid","status"}` of a message, `{"code","message","status"}` of a refusal (reference/whatsapp.md 8.2).

use super::errors;
use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::provider::ending::{self, Reading};
use crate::provider::json;
use serde_json::Value;

/// How a send ended.
pub(super) fn read_send(answer: &HttpResponse) -> SendOutcome {
    let body = answer.json().unwrap_or(Value::Null);
    let failed = json::at(&body, "status").is_some_and(|status| matches!(status.as_str(), "failed" | "undelivered" | "canceled"));
    if answer.is_success() && failed && json::at(&body, "error_code").is_some() {
        return SendOutcome::Rejected(of(&body, "error_code", "error_message", answer.status));
    }
    let own = json::at(&body, "code").is_some() && json::at(&body, "message").is_some();
    ending::of(answer, Reading { id: json::at(&body, "sid").map(|sid| (sid, None)), error: refusal(answer), own })
}

/// The refusal that an answer states.
pub(super) fn refusal(answer: &HttpResponse) -> ProviderError {
    of(&answer.json().unwrap_or(Value::Null), "code", "message", answer.status)
}

fn of(body: &Value, code: &str, words: &str, status: u16) -> ProviderError {
    let code = json::at(body, code);
    let known = code.as_deref().and_then(errors::class);
    let class = match known {
        Some(class) => class,
        None if matches!(status, 200..=299) => ErrorClass::Unknown,
        None => ending::class_by_status(status),
    };
    let words = json::at(body, words).unwrap_or_else(|| format!("HTTP {status}"));
    ProviderError::new(class, code.or_else(|| Some(status.to_string())), words)
}
