//! Reading Graph answers: `{"error":{"code",…}}` decided by its code (reference/whatsapp.md 5.14), never by title or status alone.

use crate::domain::event::LimitEvent;
use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::provider::ending::{self, Reading};
use crate::provider::meta_shape::errors;
use crate::provider::{AccountState, json};
use serde_json::{Map, Value};

/// How a send ended.
pub(super) fn read_send(answer: &HttpResponse) -> SendOutcome {
    let body = answer.json().unwrap_or(Value::Null);
    let wamid = json::items(&body, "messages").first().and_then(|message| json::at(message, "id"));
    let reading = Reading { id: wamid.map(|id| (id.clone(), Some(id))), error: refusal(answer), own: own_error(&body).is_some() };
    ending::of(answer, reading)
}

/// The vendor's own error object.
fn own_error(body: &Value) -> Option<&Value> {
    body.get("error").filter(|error| error.get("code").and_then(json::number).is_some())
}

/// The refusal that an answer states.
pub(super) fn refusal(answer: &HttpResponse) -> ProviderError {
    let body = answer.json().unwrap_or(Value::Null);
    let error = own_error(&body).unwrap_or(&Value::Null);
    let code = json::at(error, "code");
    let known = code.as_deref().and_then(|code| code.parse().ok()).and_then(errors::class);
    let passing = error.get("is_transient").and_then(Value::as_bool) == Some(true);
    let class = match known {
        // `is_transient` makes a retry of what the table calls final or does not know; a limit stays a limit.
        Some(class) if !passing || class.retryable() => class,
        _ if passing => ErrorClass::Transient,
        _ if error.is_null() => ending::class_by_status(answer.status),
        _ => match answer.status {
            401 => ErrorClass::Auth,
            429 => ErrorClass::RateLimit,
            500.. => ErrorClass::Transient,
            _ => ErrorClass::Unknown,
        },
    };
    let details = error.get("error_data").and_then(|told| json::at(told, "details"));
    let words = details.or_else(|| json::first(error, &["error_user_msg", "message", "error_user_title"]));
    let words = words.unwrap_or_else(|| format!("HTTP {}", answer.status));
    ProviderError::new(class, code.or_else(|| Some(answer.status.to_string())), words)
}

/// The number behind the channel.
pub(super) fn read_account(answer: &HttpResponse) -> Result<AccountState, ProviderError> {
    let body = json::answered(answer, refusal)?;
    let phone = json::at(&body, "display_phone_number").map(|number| number.chars().filter(char::is_ascii_digit).collect::<String>());
    let status = json::at(&body, "status").unwrap_or_default().to_uppercase();
    let state = match status.as_str() {
        "CONNECTED" => Some("connected"),
        "FLAGGED" | "RESTRICTED" => Some("limited"),
        "BANNED" => Some("blocked"),
        "DISCONNECTED" | "DELETED" | "MIGRATED" => Some("disconnected"),
        // Two enums are seen in the wild; a word that nobody knows says nothing (5.8).
        _ => None,
    };
    let reason = state.filter(|state| *state != "connected").map(|_| status.clone());
    let level = body.get("throughput").and_then(|throughput| json::at(throughput, "level"));
    let limit = json::first(&body, &["whatsapp_business_manager_messaging_limit", "messaging_limit_tier"]);
    let told = [
        ("verified_name", json::at(&body, "verified_name")),
        ("name_status", json::at(&body, "name_status")),
        ("quality", json::at(&body, "quality_rating")),
        ("limit", limit.clone()),
        ("throughput", level),
        ("status", Some(status).filter(|status| !status.is_empty())),
        ("account_mode", json::at(&body, "account_mode")),
    ];
    let health: Map<String, Value> = told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))).collect();
    Ok(AccountState {
        state,
        reason,
        phone: phone.filter(|digits| !digits.is_empty()),
        health: if health.is_empty() { Value::Null } else { Value::Object(health) },
        limit: limit.as_deref().and_then(LimitEvent::of_tier),
        pairing: None,
    })
}
