//! Reads a request's body with a cap and a time limit.
//!
//! A declared length above the cap is refused before anything is read. A body that turns out too large is read away up to a bound before the answer leaves, because a peer that is cut off while it
//! writes would see a broken connection instead of the 413.

use super::problem::{Code, Problem};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// Robot calls, events and pages.
pub(super) const PORTAL_CAP: usize = 8 * 1024 * 1024;
/// Provider webhooks.
pub(super) const HOOK_CAP: usize = 4 * 1024 * 1024;
/// The operator API.
pub(super) const API_CAP: usize = 1024 * 1024;
/// Read away at most this much of a body that is refused.
const READ_AWAY: usize = 64 * 1024 * 1024;
/// A whole body arrives within this time; real time, because it is about a connection and not about our decisions.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Nesting of a JSON body.
const JSON_DEPTH: usize = 32;

/// A body that has not been read yet, with the length its head declares.
pub(crate) struct Incoming {
    declared: Option<u64>,
    payload: Payload,
}

impl FromRequest for Incoming {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        ready(Ok(Self { declared: length, payload: payload.take() }))
    }
}

/// The whole body.
///
/// # Errors
/// `body_too_large`, `body_incomplete`.
pub(super) async fn read(body: Incoming, cap: usize) -> Result<Bytes, Problem> {
    let cap_bytes = u64::try_from(cap).unwrap_or(u64::MAX);
    if body.declared.is_some_and(|length| length > cap_bytes) {
        return Err(too_large(cap));
    }
    match tokio::time::timeout(TIME_LIMIT, collect(body.payload, cap)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Problem::new(Code::BodyIncomplete)),
    }
}

/// The body piece by piece, for what does not fit into memory; `None` = it broke off. The caller holds it to a cap and a time.
///
/// # Errors
/// `body_too_large` when its head declares more than `cap_bytes`.
pub(super) fn pieces(body: Incoming, cap_bytes: u64) -> Result<impl Stream<Item = Option<Bytes>> + Unpin, Problem> {
    if body.declared.is_some_and(|length| length > cap_bytes) {
        return Err(Problem::new(Code::BodyTooLarge).with("limit", (cap_bytes / 1024).to_string()));
    }
    Ok(body.payload.map(Result::ok))
}

async fn collect(mut payload: Payload, cap: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BodyIncomplete))?;
        seen = seen.saturating_add(chunk.len());
        if seen > READ_AWAY {
            break;
        }
        if seen <= cap {
            body.extend_from_slice(&chunk);
        } else {
            body.clear();
        }
    }
    if seen > cap { Err(too_large(cap)) } else { Ok(body.freeze()) }
}

fn too_large(cap: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).with("limit", (cap / 1024).to_string())
}

/// Whether a text of the document holds U+0000, which databases refuse: its escape, with no backslash before that makes it plain.
fn has_nul(body: &[u8]) -> bool {
    const ESCAPE: &[u8] = b"\\u0000";
    let written = |at: usize| {
        let before = body.get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count().is_multiple_of(2)
    };
    body.windows(ESCAPE.len()).enumerate().any(|(at, window)| window == ESCAPE && written(at))
}

/// A JSON body as `T`, within the lengths and ranges that `T` declares; the problem names the field.
///
/// # Errors
/// `body_invalid`, and those of [`read`].
pub(super) async fn json<T: DeserializeOwned + Validate>(body: Incoming) -> Result<T, Problem> {
    let body = read(body, API_CAP).await?;
    let invalid = |field: String, reason: &str| Problem::new(Code::BodyInvalid).with("field", field).with("reason", reason);
    if depth(&body) > JSON_DEPTH {
        return Err(invalid(".".to_owned(), "nested too deep"));
    }
    if has_nul(&body) {
        return Err(invalid(".".to_owned(), "U+0000 is no character of a text"));
    }
    let mut reader = serde_json::Deserializer::from_slice(&body);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        // Position and kind only: the rest of the sentence may repeat a secret that was sent.
        let reason = reason_of(error.inner());
        invalid(field, &reason)
    })?;
    reader.end().map_err(|_| invalid(".".to_owned(), "something follows the document"))?;
    value.validate().map_err(|errors| {
        let (field, reason) = first_mistake(&errors);
        invalid(field, &reason)
    })?;
    Ok(value)
}

/// The first field, in the order of names, that does not keep to its bounds, and which bounds: never the value itself.
fn first_mistake(errors: &ValidationErrors) -> (String, String) {
    let fields: BTreeMap<_, _> = errors.errors().iter().collect();
    let Some((field, kind)) = fields.into_iter().next() else { return (".".to_owned(), "out of bounds".to_owned()) };
    let (path, error) = match kind {
        ValidationErrorsKind::Field(list) => (field.to_string(), list.first()),
        ValidationErrorsKind::Struct(inner) => return below(field, first_mistake(inner)),
        ValidationErrorsKind::List(items) => match items.iter().next() {
            Some((at, inner)) => return below(&format!("{field}[{at}]"), first_mistake(inner)),
            None => (field.to_string(), None),
        },
    };
    let bounds: BTreeMap<_, _> = error.map(|error| error.params.iter().collect()).unwrap_or_default();
    let bounds: Vec<String> =
        bounds.into_iter().filter(|(name, _)| *name != "value").map(|(name, bound)| format!("{name} {bound}")).collect();
    (path, format!("{}: {}", error.map_or("out of bounds", |error| &error.code), bounds.join(", ")))
}

fn below(field: &str, (path, reason): (String, String)) -> (String, String) {
    (format!("{field}.{path}"), reason)
}

fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    for known in ["missing field `", "unknown field `"] {
        if let Some(rest) = text.strip_prefix(known) {
            let name: String = rest.chars().take_while(|c| *c != '`').take(60).collect();
            return format!("{}{name}`", known);
        }
    }
    match error.classify() {
        serde_json::error::Category::Data => "wrong type".to_owned(),
        _ => format!("not JSON at line {} column {}", error.line(), error.column()),
    }
}

/// Deepest nesting of arrays and objects outside of strings.
pub(super) fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json {
        match (in_text, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (true, false, b'"') => in_text = false,
            (false, _, b'"') => in_text = true,
            (false, _, b'{' | b'[') => {
                now += 1;
                most = most.max(now);
            }
            (false, _, b'}' | b']') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_ignores_brackets_in_texts() {
        for (json, expected) in [("{}", 1), (r#"{"a":[{"b":1}]}"#, 3), (r#"{"a":"[[[[\"[["}"#, 1), ("1", 0), ("]]]]", 0)] {
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
        }
    }
}
