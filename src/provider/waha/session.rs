//! The session: its address, its configuration with our webhook, its state (reference/whatsapp.md 7.1, 7.2).

use super::answer;
use crate::domain::event::AccountEvent;
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::secret::Secret;
use crate::provider::pairing::{Ask, Stage, Told};
use crate::provider::{AccountState, ChannelConfig, NumberCheck, chat_id, json};
use serde_json::{Value, json as make};

/// Events we work with; `message.any` would tell every incoming message twice.
const EVENTS: [&str; 9] = [
    "message",
    "message.ack",
    "message.reaction",
    "message.revoked",
    "message.edited",
    "poll.vote",
    "call.received",
    "session.status",
    "state.change",
];

/// A request of the gateway.
pub(super) fn call(channel: &ChannelConfig, method: Method, path: &[&str]) -> HttpRequest {
    let base = channel.text("base_url");
    let url = match url::Url::parse(base) {
        Ok(mut url) => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().push("api").extend(path);
            }
            url.to_string()
        }
        // Not an address: the request fails in the guard, which says so.
        Err(_) => base.to_owned(),
    };
    let mut request = HttpRequest::new(method, url);
    request.secret_headers.push(("x-api-key".to_owned(), channel.secret("api_key")));
    request
}

/// Reads the session.
pub(super) fn read(channel: &ChannelConfig) -> HttpRequest {
    call(channel, Method::Get, &["sessions", channel.text("session")])
}

/// Makes the session report to us. A change replaces its whole configuration and restarts it: other hooks of the owner stay in it, a
/// former address of this channel does not.
pub(super) fn mend(channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
    let mut config = listed.get("config").filter(|config| config.is_object()).cloned().unwrap_or_else(|| make!({}));
    let hooks: Vec<Value> = json::items(&config, "webhooks").to_vec();
    let key = channel.secret("hmac_key");
    let wanted_key = Some(key.expose()).filter(|key| !key.is_empty());
    let key_of = |hook: &Value| hook.get("hmac").and_then(|hmac| json::at(hmac, "key"));
    let right = |hook: &Value| {
        let told: Vec<String> = json::items(hook, "events").iter().filter_map(json::text).collect();
        let all = told.iter().any(|event| event == "*")
            || ["message", "message.ack", "session.status"].iter().all(|event| told.iter().any(|have| have == event));
        // Some versions do not show the key; then only its owner knows.
        json::at(hook, "url").as_deref() == Some(webhook_url) && all && (key_of(hook).is_none() || key_of(hook).as_deref() == wanted_key)
    };
    if hooks.iter().any(right) {
        return Vec::new();
    }
    let ours = format!("/hooks/waha/{}/", channel.channel_id);
    let mut kept: Vec<Value> = hooks.into_iter().filter(|hook| !json::at(hook, "url").is_some_and(|url| url.contains(&ours))).collect();
    let retries = make!({"policy": "exponential", "delaySeconds": 2, "attempts": 15});
    let mut hook = make!({"url": webhook_url, "events": EVENTS, "retries": retries});
    if let (Some(key), Some(fields)) = (wanted_key, hook.as_object_mut()) {
        fields.insert("hmac".to_owned(), make!({"key": key}));
    }
    kept.push(hook);
    if let Some(fields) = config.as_object_mut() {
        fields.insert("webhooks".to_owned(), Value::Array(kept));
    }
    let mut request = call(channel, Method::Put, &["sessions", channel.text("session")]);
    request.body = Body::Json(make!({"config": config}));
    vec![request]
}

/// The state of an answer.
pub(super) fn read_state(answer: &HttpResponse) -> Result<AccountState, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let word = json::at(&body, "status");
    let word = word.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no state of the session in the answer"))?;
    Ok(AccountState {
        state: channel_state(&word),
        pairing: stage(&word),
        reason: Some(word),
        phone: body.get("me").and_then(own_phone),
        ..AccountState::default()
    })
}

/// How far the linking is in that state. The session starts anew before a code is shown and after it was scanned; what was before tells
/// which (`flow/channel/pairing`).
fn stage(word: &str) -> Option<Stage> {
    match word {
        "WORKING" => Some(Stage::Connected),
        "SCAN_QR_CODE" => Some(Stage::Waiting),
        "STARTING" => Some(Stage::Scanned),
        "STOPPED" | "FAILED" => Some(Stage::Expired),
        _ => None,
    }
}

/// A step of the linking.
pub(super) fn build_pairing(channel: &ChannelConfig, ask: &Ask) -> Option<HttpRequest> {
    let session = channel.text("session");
    match ask {
        Ask::Start { state } => match state.as_str() {
            "STOPPED" => Some(call(channel, Method::Post, &["sessions", session, "start"])),
            "FAILED" => Some(call(channel, Method::Post, &["sessions", session, "restart"])),
            _ => None,
        },
        Ask::Picture => {
            let mut request = call(channel, Method::Get, &[session, "auth", "qr"]);
            request.query.push(("format".to_owned(), "image".to_owned()));
            request.headers.push(("accept".to_owned(), "application/json".to_owned()));
            Some(request)
        }
        Ask::Code { phone } => {
            let mut request = call(channel, Method::Post, &[session, "auth", "request-code"]);
            request.body = Body::Json(make!({"phoneNumber": phone}));
            Some(request)
        }
        Ask::Unlink => Some(call(channel, Method::Post, &["sessions", session, "logout"])),
    }
}

/// What came of a step.
pub(super) fn read_pairing(ask: &Ask, answer: &HttpResponse) -> Result<Told, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let unread = || ProviderError::new(ErrorClass::Transient, None, "no code in the answer");
    match ask {
        Ask::Picture => json::at(&body, "data").map(|png| Told::Picture(Secret::new(png))).ok_or_else(unread),
        Ask::Code { .. } => json::at(&body, "code").map(|code| Told::Code(Secret::new(code))).ok_or_else(unread),
        Ask::Start { .. } | Ask::Unlink => Ok(Told::Nothing),
    }
}

/// The request for a client's file. The gateway tells its address as it knows itself, which may be a name inside its own network: the one
/// that we know stands for it, and the key goes nowhere else.
pub(super) fn file(channel: &ChannelConfig, source: &str) -> HttpRequest {
    let told = url::Url::parse(source).ok();
    let own = url::Url::parse(channel.text("base_url")).ok();
    let path = told.as_ref().map(url::Url::path).unwrap_or_default();
    match (own, path.find("/api/files/").and_then(|at| path.get(at..))) {
        (Some(mut own), Some(path)) => {
            let whole = format!("{}{path}", own.path().trim_end_matches('/'));
            own.set_path(&whole);
            let mut request = HttpRequest::new(Method::Get, own.to_string());
            request.secret_headers.push(("x-api-key".to_owned(), channel.secret("api_key")));
            request
        }
        // Kept in some other storage: its address is open.
        _ => HttpRequest::new(Method::Get, source),
    }
}

/// Asks whether a number is on WhatsApp (7.3).
pub(super) fn number_check(channel: &ChannelConfig, phone: &str) -> HttpRequest {
    let mut request = call(channel, Method::Get, &["contacts", "check-exists"]);
    request.query.push(("phone".to_owned(), phone.to_owned()));
    request.query.push(("session".to_owned(), channel.text("session").to_owned()));
    request
}

/// Reads the answer.
pub(super) fn read_number_check(answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let exists = body.get("numberExists").and_then(Value::as_bool);
    let exists = exists.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no answer about the number"))?;
    Ok(NumberCheck { exists, recipient: json::at(&body, "chatId").filter(|_| exists) })
}

fn own_phone(me: &Value) -> Option<String> {
    chat_id::identity(&json::at(me, "id")?, None).phone
}

fn channel_state(word: &str) -> Option<&'static str> {
    match word {
        "WORKING" => Some("connected"),
        "SCAN_QR_CODE" => Some("pairing"),
        "STOPPED" | "FAILED" => Some("disconnected"),
        // STARTING passes by itself.
        _ => None,
    }
}

/// A `session.status`; `None` for a state that changes nothing here.
pub(super) fn changed(body: &Value) -> Option<AccountEvent> {
    let reason = body.get("payload").and_then(|payload| json::at(payload, "status"))?;
    Some(AccountEvent { state: channel_state(&reason)?.to_owned(), reason, phone: body.get("me").and_then(own_phone) })
}
