//! The station: its address and key, its lamp, its alignment to a phone, its mirror (where it reports to), its files.

use super::answer;
use crate::domain::event::AccountEvent;
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::secret::Secret;
use crate::provider::pairing::{Ask, Stage, Told};
use crate::provider::{AccountState, ChannelConfig, NumberCheck, Read, json};
use serde_json::{Value, json as make};
use sha2::{Digest as _, Sha256};

/// Before a file's id, where an address stands at other providers.
pub(super) const FILE: &str = "file:";

/// `{base}/v2/stations/{station}/{path}` with the station's key.
pub(super) fn call(channel: &ChannelConfig, method: Method, path: &[&str]) -> HttpRequest {
    let (base, station) = (channel.text("base_url"), channel.text("station"));
    let url = match url::Url::parse(base) {
        Ok(mut url) => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(["v2", "stations", station]).extend(path);
            }
            url.to_string()
        }
        // Not an address: the request fails in the guard, which says so.
        Err(_) => base.to_owned(),
    };
    let mut request = HttpRequest::new(method, url);
    let proof = format!("Station {station}:{}", channel.secret("station_key").expose());
    request.secret_headers.push(("authorization".to_owned(), Secret::new(proof)));
    request
}

/// Reads the station.
pub(super) fn read(channel: &ChannelConfig) -> HttpRequest {
    call(channel, Method::Get, &[])
}

/// Its lamp and its phone.
pub(super) fn read_state(answer: &HttpResponse) -> Result<AccountState, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let lamp = json::at(&body, "lamp");
    let lamp = lamp.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no lamp in the answer"))?;
    let phone = json::at(&body, "tel").and_then(|tel| json::digits(&tel));
    Ok(AccountState { state: channel_state(&lamp), pairing: stage(&lamp), reason: Some(lamp), phone, ..AccountState::default() })
}

/// The channel's state that a lamp means.
pub(super) fn channel_state(lamp: &str) -> Option<&'static str> {
    match lamp {
        "lit" => Some("connected"),
        "aligning" => Some("pairing"),
        "dark" => Some("disconnected"),
        "dimmed" => Some("paused"),
        "seized" => Some("blocked"),
        // Warming passes by itself.
        _ => None,
    }
}

/// How far the alignment is.
fn stage(lamp: &str) -> Option<Stage> {
    match lamp {
        "lit" | "dimmed" => Some(Stage::Connected),
        "aligning" => Some(Stage::Waiting),
        "warming" => Some(Stage::Scanned),
        "dark" => Some(Stage::Expired),
        "seized" => Some(Stage::Blocked),
        _ => None,
    }
}

/// A beam about the lamp; `None` for a lamp that changes nothing here.
pub(super) fn changed(beam: &Value) -> Option<AccountEvent> {
    let reason = json::at(beam, "lamp")?;
    let phone = json::at(beam, "tel").and_then(|tel| json::digits(&tel));
    Some(AccountEvent { state: channel_state(&reason)?.to_owned(), reason, phone })
}

/// A step of the alignment.
pub(super) fn align(channel: &ChannelConfig, ask: &Ask) -> Option<HttpRequest> {
    let by = |how: Value| {
        let mut request = call(channel, Method::Post, &["alignment"]);
        request.body = Body::Json(how);
        request
    };
    match ask {
        Ask::Start { state } if state == "dark" => Some(call(channel, Method::Post, &["alignment", "begin"])),
        Ask::Start { .. } => None,
        Ask::Picture => Some(by(make!({"by": "picture"}))),
        Ask::Code { phone } => Some(by(make!({"by": "code", "tel": format!("+{phone}")}))),
        Ask::Unlink => Some(call(channel, Method::Delete, &["alignment"])),
    }
}

/// What came of a step.
pub(super) fn aligned(ask: &Ask, answer: &HttpResponse) -> Result<Told, ProviderError> {
    let body = match json::answered(answer, answer::refusal) {
        Ok(body) => body,
        Err(error) if answer.status == 409 && error.provider_code.as_deref() == Some("lit") => return Ok(Told::Linked),
        Err(error) if answer.status == 409 && error.provider_code.as_deref() == Some("dark") => return Ok(Told::Expired),
        Err(error) => return Err(error),
    };
    let unread = || ProviderError::new(ErrorClass::Transient, None, "no code in the answer");
    match ask {
        Ask::Picture => json::at(&body, "png").map(|png| Told::Picture(Secret::new(png))).ok_or_else(unread),
        Ask::Code { .. } => json::at(&body, "code").map(|code| Told::Code(Secret::new(code))).ok_or_else(unread),
        Ask::Start { .. } | Ask::Unlink => Ok(Told::Nothing),
    }
}

/// Reads where the station reports to.
pub(super) fn mirror(channel: &ChannelConfig) -> HttpRequest {
    call(channel, Method::Get, &["mirror"])
}

/// Makes it report to us under our seal. The seal itself is never shown, but its print is.
pub(super) fn turn_mirror(channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
    let seal = channel.secret("seal_key");
    let print = hex::encode(Sha256::digest(seal.expose().as_bytes()));
    let sealed = json::at(listed, "seal_print").is_some_and(|told| told.len() >= 8 && print.starts_with(&told));
    if json::at(listed, "to").as_deref() == Some(webhook_url) && sealed {
        return Vec::new();
    }
    let mut request = call(channel, Method::Put, &["mirror"]);
    request.body = Body::Json(make!({"to": webhook_url, "seal": seal.expose()}));
    vec![request]
}

/// The request for a client's file; whatever is no file of the station is an open address.
pub(super) fn file(channel: &ChannelConfig, source: &str) -> HttpRequest {
    match source.strip_prefix(FILE) {
        Some(id) => call(channel, Method::Get, &["files", id]),
        None => HttpRequest::new(Method::Get, source),
    }
}

/// Asks whether a number is on WhatsApp.
pub(super) fn number_check(channel: &ChannelConfig, phone: &str) -> HttpRequest {
    call(channel, Method::Get, &["tels", phone])
}

/// Reads the answer.
pub(super) fn read_number_check(answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let exists = body.get("on_whatsapp").and_then(Value::as_bool);
    let exists = exists.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no answer about the number"))?;
    Ok(NumberCheck { exists, recipient: json::at(&body, "tel").filter(|_| exists) })
}

/// Shows a client that their letter was read, and that an answer is being written.
pub(super) fn seen(channel: &ChannelConfig, read: &Read<'_>) -> HttpRequest {
    let mut request = call(channel, Method::Post, &["letters", read.wa_id, "seen"]);
    request.body = Body::Json(make!({"writing": read.typing}));
    request
}
