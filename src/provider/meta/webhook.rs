//! Webhooks of the Cloud API (reference/whatsapp.md 5.12): the address's own proof by GET, the signature over raw bytes by POST.

use super::file;
use crate::domain::event::{AccountEvent, ProviderEvent, What};
use crate::domain::outcome::ErrorClass;
use crate::provider::meta_shape::webhook::{self, Dialect};
use crate::provider::{ChannelConfig, HookAnswer, WebhookError, WebhookRequest, json, mac};
use serde_json::Value;

const SIGNATURE: &str = "x-hub-signature-256";

/// GET: the verify token. POST: `sha256=HMAC(app_secret, raw body)`.
pub(super) fn verify(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
    let proven = if request.method.eq_ignore_ascii_case("POST") {
        let told = request.headers.iter().find(|(name, _)| name == SIGNATURE).map(|(_, value)| value.trim());
        let told = told.and_then(|value| value.strip_prefix("sha256=")).unwrap_or_default();
        let key = channel.secret("app_secret");
        mac::same(&key, mac::sha256_hex(&key, request.body), &told.to_ascii_lowercase())
    } else {
        let subscribes = query(request, "hub.mode").is_some_and(|mode| mode == "subscribe");
        subscribes && query(request, "hub.verify_token").is_some_and(|told| channel.secret("verify_token").matches(&told))
    };
    if proven { Ok(()) } else { Err(WebhookError::Forged) }
}

/// The raw challenge of a verification.
pub(super) fn challenge(request: &WebhookRequest<'_>) -> HookAnswer {
    match query(request, "hub.challenge").filter(|_| !request.method.eq_ignore_ascii_case("POST")) {
        Some(body) => HookAnswer { content_type: "text/plain", body },
        None => HookAnswer::default(),
    }
}

fn query(request: &WebhookRequest<'_>, name: &str) -> Option<String> {
    let (_, query) = request.url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// All events of a body.
pub(super) fn read(channel: &ChannelConfig, body: &[u8]) -> Result<Vec<ProviderEvent>, WebhookError> {
    let body: Value = json::parse(body)?;
    if !body.is_object() {
        return Err(WebhookError::Unparsable("not an object".to_owned()));
    }
    // News of templates and of the account name no number: those of a foreign account are not this channel's.
    let own = channel.text("waba_id");
    let sender = |metadata: &Value, entry: &Value| {
        json::at(metadata, "phone_number_id").or_else(|| json::at(entry, "id").filter(|id| !own.is_empty() && id != own && id != "0"))
    };
    let class = |code: &str| webhook::class_of(code).unwrap_or(ErrorClass::Unknown);
    let mut events = webhook::read(&body, &Dialect { sender: &sender, class: &class });
    file::by_id(&mut events);
    account(&mut events);
    Ok(events)
}

/// What is told of the account itself (`account_update`, 5.13) changes the channel; words that nobody knows are kept as they are.
fn account(events: &mut [ProviderEvent]) {
    for event in events {
        let What::Other { label } = &event.what else { continue };
        let Some(word) = label.strip_prefix("account_update:") else { continue };
        let value = event.raw.get("value").unwrap_or(&Value::Null);
        let ban = value.get("ban_info").and_then(|ban| json::at(ban, "waba_ban_state")).unwrap_or_default();
        let state = match (word, ban.as_str()) {
            (_, "DISABLE") => "blocked",
            (_, "SCHEDULE_FOR_DISABLE") | ("ACCOUNT_RESTRICTION" | "ACCOUNT_VIOLATION", _) => "limited",
            (_, "REINSTATE") => "connected",
            ("ACCOUNT_DELETED" | "PARTNER_REMOVED", _) => "disconnected",
            _ => continue,
        };
        let reason = if ban.is_empty() { word.to_owned() } else { format!("{word} {ban}") };
        event.what = What::Account(AccountEvent { state: state.to_owned(), reason, phone: None });
    }
}
