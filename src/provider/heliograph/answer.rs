//! Reading answers: the id of a dispatch stands in `Location`, a refusal in `fault`.

use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::provider::ending::{self, Reading};
use crate::provider::json;
use serde_json::Value;

/// The gateway's words for what is wrong.
const WORDS: [(&str, ErrorClass); 8] = [
    ("bad-key", ErrorClass::Auth),
    ("no-right", ErrorClass::Permission),
    ("too-many", ErrorClass::RateLimit),
    ("smoke", ErrorClass::Transient),
    ("no-such-tel", ErrorClass::BadRecipient),
    ("dark", ErrorClass::Session),
    ("quota", ErrorClass::Billing),
    ("bad-say", ErrorClass::Payload),
];

/// How a send ended.
pub(super) fn read_send(answer: &HttpResponse) -> SendOutcome {
    let own = answer.json().is_some_and(|body| body.get("fault").and_then(|fault| json::at(fault, "word")).is_some());
    let id = answer.header("location").and_then(|place| place.split_once("/dispatches/")).map(|(_, id)| (id.to_owned(), None));
    ending::of(answer, Reading { id, error: refusal(answer), own })
}

/// The refusal that an answer states.
pub(super) fn refusal(answer: &HttpResponse) -> ProviderError {
    let body = answer.json().unwrap_or(Value::Null);
    match body.get("fault").and_then(fault) {
        Some(told) => told,
        None => {
            let words = format!("HTTP {}", answer.status);
            ProviderError::new(ending::class_by_status(answer.status), Some(answer.status.to_string()), words)
        }
    }
}

/// A `fault` of an answer or of a beam.
pub(super) fn fault(told: &Value) -> Option<ProviderError> {
    let word = json::at(told, "word")?;
    let class = WORDS.iter().find(|(known, _)| *known == word).map_or(ErrorClass::Unknown, |(_, class)| *class);
    let words = json::at(told, "say").unwrap_or_else(|| word.clone());
    Some(ProviderError::new(class, Some(word), words))
}
