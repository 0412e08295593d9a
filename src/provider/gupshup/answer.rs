//! Reading answers. A send ends in one of: accepted, refused, certainly not sent (may be repeated), or nobody knows.
//!
//! The rule (DESIGN.md 4, reference/whatsapp.md 10.6): a 2xx without a readable id, 502/504/52x, and any 5xx that is not the
//! vendor's own error body are *unknown*: a gateway in between may have lost an answer to a message that went out.

use super::errors;
use crate::domain::clock::{Ms, SECOND};
use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::provider::json;
use serde_json::Value;

/// Gupshup's own spelling of Retry-After.
const OWN_RETRY_AFTER: &str = "x-rate-limit-retry-after-seconds";

/// How a send ended.
pub(super) fn read_send(answer: &HttpResponse) -> SendOutcome {
    match answer.status {
        200..=299 => accepted(answer),
        429 => SendOutcome::Retry { after_ms: retry_after(answer), error: refusal(answer) },
        500 | 503 if is_own_error(answer) => SendOutcome::Retry { after_ms: retry_after(answer), error: refusal(answer) },
        500.. => SendOutcome::Unknown { reason: format!("HTTP {} without the provider's own words", answer.status) },
        _ => {
            let error = refusal(answer);
            // A limit told with 400 (V3 passes Meta's on) is certainly not sent either.
            match error.class {
                ErrorClass::RateLimit | ErrorClass::PairLimit => SendOutcome::Retry { after_ms: retry_after(answer), error },
                _ => SendOutcome::Rejected(error),
            }
        }
    }
}

fn accepted(answer: &HttpResponse) -> SendOutcome {
    let body = answer.json().unwrap_or(Value::Null);
    let v3 = json::items(&body, "messages").first().and_then(|message| json::at(message, "id"));
    match json::at(&body, "messageId").or(v3).filter(|id| !id.trim().is_empty()) {
        Some(provider_id) => SendOutcome::Accepted { provider_id, wa_id: None },
        None => SendOutcome::Unknown { reason: format!("HTTP {} without a message id", answer.status) },
    }
}

fn retry_after(answer: &HttpResponse) -> Option<Ms> {
    let own = answer.header(OWN_RETRY_AFTER).and_then(|told| told.trim().parse::<i64>().ok());
    own.map(|seconds| seconds.clamp(0, 86_400).saturating_mul(SECOND)).or_else(|| answer.retry_after_ms(None))
}

/// Whether a body is the vendor's own error: `{"status":"error",…}` in V1, `{"error":{"code":…}}` in V3.
fn is_own_error(answer: &HttpResponse) -> bool {
    let Some(body) = answer.json() else { return false };
    let told = json::at(&body, "status").is_some_and(|status| status.eq_ignore_ascii_case("error"));
    told || body.get("error").is_some_and(|error| json::at(error, "code").is_some())
}

/// The refusal that an answer states: code and class where told, words shortened.
pub(super) fn refusal(answer: &HttpResponse) -> ProviderError {
    let body = answer.json().unwrap_or(Value::Null);
    let error = body.get("error").filter(|error| error.is_object()).unwrap_or(&body);
    let inner = error.get("message").filter(|message| message.is_object()).unwrap_or(error);
    let details = inner.get("error_data").and_then(|data| json::at(data, "details"));
    let words = details.or_else(|| json::first(inner, &["message", "reason", "details", "error", "title"])).unwrap_or_default();
    let code = json::first(inner, &["code", "errorCode"]);
    let known = code.as_deref().map(errors::class).filter(|class| *class != ErrorClass::Unknown);
    // A code of the table is exact; a bare 401 or 429 is stronger than an unknown one.
    let class = known.unwrap_or_else(|| errors::class_by_words(answer.status, &words));
    let words = if words.is_empty() { format!("HTTP {}", answer.status) } else { words };
    ProviderError::new(class, code.or_else(|| Some(answer.status.to_string())), words)
}
