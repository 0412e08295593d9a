//! The instance: its addresses, its settings with our webhook, its state (reference/whatsapp.md 6.1, 6.4, 6.8).

use super::answer;
use super::inbound::BY_MESSAGE;
use crate::domain::event::AccountEvent;
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::secret::Secret;
use crate::provider::pairing::{Ask, Stage, Told};
use crate::provider::{AccountState, ChannelConfig, FileAsk, NumberCheck, json};
use serde_json::{Map, Value, json as make};

/// `{base}/waInstance{id}/{method}/{token}`: the token is in the path, so addresses are never logged.
pub(super) fn call(channel: &ChannelConfig, method: Method, name: &str) -> HttpRequest {
    let own = channel.text("api_url");
    let base = if own.is_empty() { channel.base("GREEN_API_URL") } else { own };
    let base = if base.is_empty() { "https://api.green-api.com" } else { base };
    let instance = format!("waInstance{}", channel.text("id_instance"));
    let url = match url::Url::parse(base) {
        Ok(mut url) => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend([instance.as_str(), name, channel.secret("api_token").expose()]);
            }
            url.to_string()
        }
        // Not an address: the request fails in the guard, which says so.
        Err(_) => base.to_owned(),
    };
    HttpRequest::new(method, url)
}

/// Asks for the state.
pub(super) fn state(channel: &ChannelConfig) -> HttpRequest {
    call(channel, Method::Get, "getWaSettings")
}

/// Asks for the settings.
pub(super) fn settings(channel: &ChannelConfig) -> HttpRequest {
    call(channel, Method::Get, "getSettings")
}

/// Switches that we need.
const NOTICES: [&str; 6] =
    ["incomingWebhook", "outgoingWebhook", "outgoingMessageWebhook", "stateWebhook", "pollMessageWebhook", "deletedMessageWebhook"];

/// Makes the instance report to us. Every change restarts it for up to five minutes, so nothing is set that is right already.
pub(super) fn mend(channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
    let token = channel.secret("webhook_token");
    let is = |name: &str, wanted: &str| json::at(listed, name).as_deref() == Some(wanted);
    let token_right = is("webhookUrlToken", token.expose()) || is("webhookUrlToken", &format!("Bearer {}", token.expose()));
    if is("webhookUrl", webhook_url) && token_right && NOTICES.iter().all(|name| listed.get(*name).is_none() || is(name, "yes")) {
        return Vec::new();
    }
    let mut wanted: Map<String, Value> = NOTICES.iter().map(|name| ((*name).to_owned(), make!("yes"))).collect();
    wanted.insert("webhookUrl".to_owned(), make!(webhook_url));
    wanted.insert("webhookUrlToken".to_owned(), make!(token.expose()));
    let mut request = call(channel, Method::Post, "setSettings");
    request.body = Body::Json(Value::Object(wanted));
    vec![request]
}

/// The state of an answer.
pub(super) fn read_state(answer: &HttpResponse) -> Result<AccountState, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let word = json::at(&body, "stateInstance");
    let word = word.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no state of the instance in the answer"))?;
    let phone = json::at(&body, "phone").and_then(|phone| json::digits(&phone));
    Ok(AccountState { state: channel_state(&word), pairing: stage(&word), reason: Some(word), phone, ..AccountState::default() })
}

/// The state in which sending on would get the number banned; receiving still works.
pub(super) const YELLOW_CARD: &str = "yellowCard";

/// How far the linking is in that state. The phone has scanned when the instance starts anew.
fn stage(word: &str) -> Option<Stage> {
    match word {
        "authorized" | YELLOW_CARD | "sleepMode" => Some(Stage::Connected),
        "notAuthorized" => Some(Stage::Waiting),
        "starting" => Some(Stage::Scanned),
        "blocked" => Some(Stage::Blocked),
        _ => None,
    }
}

/// A step of the linking; the instance is always ready for it, so a start asks nothing.
pub(super) fn build_pairing(channel: &ChannelConfig, ask: &Ask) -> Option<HttpRequest> {
    match ask {
        Ask::Start { .. } => None,
        Ask::Picture => Some(call(channel, Method::Get, "qr")),
        Ask::Code { phone } => {
            let mut request = call(channel, Method::Post, "getAuthorizationCode");
            request.body = Body::Json(make!({"phoneNumber": phone.parse::<u64>().ok()?}));
            Some(request)
        }
        Ask::Unlink => Some(call(channel, Method::Get, "logout")),
    }
}

/// What came of a step.
pub(super) fn read_pairing(ask: &Ask, answer: &HttpResponse) -> Result<Told, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let unread = || ProviderError::new(ErrorClass::Transient, None, "no code in the answer");
    match ask {
        Ask::Picture => match json::at(&body, "type").as_deref() {
            Some("qrCode") => json::at(&body, "message").map(|png| Told::Picture(Secret::new(png))).ok_or_else(unread),
            Some("alreadyLogged") => Ok(Told::Linked),
            Some("error") => Ok(Told::Expired),
            _ => Err(unread()),
        },
        Ask::Code { .. } => match (body.get("status").and_then(Value::as_bool), json::at(&body, "code")) {
            (Some(true), Some(code)) => Ok(Told::Code(Secret::new(code))),
            _ => Err(ProviderError::new(ErrorClass::Unknown, None, "the instance gave no code")),
        },
        Ask::Start { .. } | Ask::Unlink => Ok(Told::Nothing),
    }
}

/// How a client's file is fetched: its address is open, but it may have to be asked for first (6.7).
pub(super) fn build_file(channel: &ChannelConfig, source: &str) -> FileAsk {
    match source.strip_prefix(BY_MESSAGE).and_then(|rest| rest.rsplit_once('/')) {
        Some((chat, id)) => {
            let mut request = call(channel, Method::Post, "downloadFile");
            request.body = Body::Json(make!({"chatId": chat, "idMessage": id}));
            FileAsk::Address(request)
        }
        None => FileAsk::File(HttpRequest::new(Method::Get, source)),
    }
}

/// The request for the file.
pub(super) fn read_file_address(answer: &HttpResponse) -> Result<HttpRequest, ProviderError> {
    let url = json::at(&json::answered(answer, answer::refusal)?, "downloadUrl");
    let url = url.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no address of the file in the answer"))?;
    Ok(HttpRequest::new(Method::Get, url))
}

/// Asks whether a number is on WhatsApp (6.4).
pub(super) fn number_check(channel: &ChannelConfig, phone: &str) -> Option<HttpRequest> {
    let mut request = call(channel, Method::Post, "checkWhatsapp");
    request.body = Body::Json(make!({"phoneNumber": phone.parse::<u64>().ok()?}));
    Some(request)
}

/// Reads the answer.
pub(super) fn read_number_check(answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let exists = body.get("existsWhatsapp").and_then(Value::as_bool);
    let exists = exists.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no answer about the number"))?;
    Ok(NumberCheck { exists, recipient: json::at(&body, "chatId").filter(|_| exists) })
}

/// The channel's state that an instance's state means (6.8).
fn channel_state(word: &str) -> Option<&'static str> {
    match word {
        "authorized" => Some("connected"),
        "notAuthorized" => Some("disconnected"),
        "blocked" => Some("blocked"),
        YELLOW_CARD => Some("paused"),
        // Booting and a phone that is off pass by themselves, and the vendor's queue holds what is sent meanwhile.
        _ => None,
    }
}

/// A `stateInstanceChanged`; `None` for a state that changes nothing here.
pub(super) fn changed(body: &Value) -> Option<AccountEvent> {
    let reason = json::at(body, "stateInstance")?;
    let wid = body.get("instanceData").and_then(|instance| json::at(instance, "wid"));
    let phone = wid.and_then(|wid| json::digits(crate::provider::chat_id::bare(&wid)));
    Some(AccountEvent { state: channel_state(&reason)?.to_owned(), reason, phone })
}
