//! Reading loosely typed vendor JSON: numbers that may be strings, JSON inside strings, the first of several names.

use super::WebhookError;
use crate::domain::blank::without_nul;
use crate::domain::clock::{Ms, from_wire_time};
use crate::domain::http::HttpResponse;
use crate::domain::outcome::ProviderError;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A webhook's body; what is wrong with it is told without a piece of it.
pub(super) fn parse(body: &[u8]) -> Result<Value, WebhookError> {
    let mut value = serde_json::from_slice(body).map_err(|error| {
        WebhookError::Unparsable(format!("{:?} error in line {} column {}", error.classify(), error.line(), error.column()))
    })?;
    strip(&mut value);
    Ok(value)
}

/// Takes U+0000 out of every text.
fn strip(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_nul(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(fields) => fields.values_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The body of an answer that was no refusal; one without JSON reads as null.
pub(super) fn answered(answer: &HttpResponse, refusal: fn(&HttpResponse) -> ProviderError) -> Result<Value, ProviderError> {
    if answer.is_success() { Ok(answer.json().unwrap_or(Value::Null)) } else { Err(refusal(answer)) }
}

/// A non-empty string, or a number as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text at a key.
pub(super) fn at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(text)
}

/// The text at the first of several keys that has one.
pub(super) fn first(value: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| at(value, key))
}

/// A number, or a string that holds one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A moment in seconds or milliseconds, number or string.
pub(super) fn moment(value: Option<&Value>) -> Option<Ms> {
    let told = match value? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (told > 0).then(|| from_wire_time(told))
}

/// An object, or a string that holds one as JSON.
pub(super) fn nested(value: Option<&Value>) -> Value {
    let mut inner = match value {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    strip(&mut inner);
    inner
}

/// Elements of an array, none for anything else.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// An object of the pairs that have a value.
pub(super) fn object<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Only decimal digits, and at least one.
pub(super) fn digits(text: &str) -> Option<String> {
    let digits: String = text.trim_start_matches('+').to_owned();
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// A dedupe key for an event that has no id: the same bytes are the same event.
pub(super) fn content_key(label: &str, event: &Value) -> String {
    let hash = hex::encode(Sha256::digest(event.to_string().as_bytes()));
    format!("x:{label}:{}", hash.get(..32).unwrap_or_default())
}
