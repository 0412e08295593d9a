//! Reading answers (reference/whatsapp.md 6.2, 6.5, 6.6): `idMessage`, the quota's 466, and error texts of several shapes.

use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::provider::ending::{self, Reading};
use crate::provider::json;
use serde_json::Value;

/// How a send ended.
pub(super) fn read_send(answer: &HttpResponse) -> SendOutcome {
    let body = answer.json().unwrap_or(Value::Null);
    let id = json::at(&body, "idMessage");
    let own = json::first(&body, &["message", "statusCode"]).is_some();
    ending::of(answer, Reading { id: id.map(|id| (id.clone(), Some(id))), error: refusal(answer), own })
}

/// The refusal that an answer states.
pub(super) fn refusal(answer: &HttpResponse) -> ProviderError {
    let body = answer.json().unwrap_or(Value::Null);
    let quota =
        ["invokeStatus", "correspondentsStatus"].iter().find_map(|key| body.get(*key)).and_then(|told| json::at(told, "description"));
    let words = quota.or_else(|| json::first(&body, &["message", "description", "error"]));
    let words = words.unwrap_or_else(|| format!("HTTP {}", answer.status));
    let lower = words.to_lowercase();
    let class = match answer.status {
        // The plan's quota; it ends with the month.
        466 => ErrorClass::Billing,
        500 if lower.contains("starting") || lower.contains("not authorized") || lower.contains("notauthorized") => ErrorClass::Session,
        status => ending::class_by_status(status),
    };
    ProviderError::new(class, Some(answer.status.to_string()), words)
}
