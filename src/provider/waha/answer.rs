//! Reading answers (reference/whatsapp.md 7.1, 7.3): an engine-shaped message, or an error with a status and words.

use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::provider::ending::{self, Reading};
use crate::provider::json;
use serde_json::Value;

/// How a send ended.
pub(super) fn read_send(answer: &HttpResponse) -> SendOutcome {
    let body = answer.json().unwrap_or(Value::Null);
    let own = json::first(&body, &["statusCode", "message", "error"]).is_some() || body.get("exception").is_some();
    let id = message_id(&body).map(|id| (id.clone(), Some(id)));
    ending::of(answer, Reading { id, error: refusal(answer), own })
}

/// The bare id of a message, whatever the engine made of it.
fn message_id(body: &Value) -> Option<String> {
    let id = body.get("id").filter(|id| !id.is_null());
    let told = match id {
        Some(Value::Object(id)) => id.get("_serialized").or_else(|| id.get("id")).and_then(json::text),
        Some(other) => json::text(other),
        None => body.get("key").and_then(|key| json::at(key, "id")),
    };
    told.map(|id| bare(&id))
}

/// `<fromMe>_<chat>_<ID>` and in groups `…_<participant>`: the third part is WhatsApp's own.
pub(super) fn bare(id: &str) -> String {
    let parts: Vec<&str> = id.split('_').collect();
    match parts.as_slice() {
        ["true" | "false", _, id, ..] if !id.is_empty() => (*id).to_owned(),
        _ => id.to_owned(),
    }
}

/// The refusal that an answer states.
pub(super) fn refusal(answer: &HttpResponse) -> ProviderError {
    let body = answer.json().unwrap_or(Value::Null);
    let thrown = body.get("exception").and_then(|exception| json::at(exception, "message"));
    let words = thrown.or_else(|| json::first(&body, &["message", "error"])).unwrap_or_else(|| format!("HTTP {}", answer.status));
    let not_working = json::at(&body, "expected").is_some()
        || (json::at(&body, "status").is_some_and(|status| status.chars().all(|c| c.is_ascii_uppercase() || c == '_')));
    let class = match answer.status {
        // A session that does not work, else an engine or tier that lacks the kind.
        422 if not_working => ErrorClass::Session,
        404 if words.to_lowercase().contains("session") => ErrorClass::Session,
        status => ending::class_by_status(status),
    };
    ProviderError::new(class, Some(answer.status.to_string()), words)
}
