//! The instance: its addresses, its settings with our webhook, its state (reference/whatsapp.md 6.1, 6.4, 6.8).

use super::answer;
use crate::domain::event::AccountEvent;
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::{AccountState, ChannelConfig, json};
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
    if !answer.is_success() {
        return Err(answer::refusal(answer));
    }
    let body = answer.json().unwrap_or(Value::Null);
    let word = json::at(&body, "stateInstance");
    let word = word.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no state of the instance in the answer"))?;
    let phone = json::at(&body, "phone").and_then(|phone| json::digits(&phone));
    Ok(AccountState { state: channel_state(&word), reason: Some(word), phone })
}

/// The channel's state that an instance's state means (6.8).
fn channel_state(word: &str) -> Option<&'static str> {
    match word {
        "authorized" => Some("connected"),
        "notAuthorized" => Some("disconnected"),
        "blocked" => Some("blocked"),
        // Sending on would get the number banned; receiving still works.
        "yellowCard" => Some("paused"),
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
