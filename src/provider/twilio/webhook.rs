//! Webhooks (reference/whatsapp.md 8.3): forms signed with SHA-1 over the exact public address and the sorted fields.

use super::access::Sender;
use super::{errors, inbound};
use crate::domain::blank::without_nul;
use crate::domain::event::{ProviderEvent, StatusEvent, What};
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::state::Status;
use crate::provider::{ChannelConfig, WebhookError, WebhookRequest, json, mac};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

const SIGNATURE: &str = "x-twilio-signature";

/// A form's fields; the first value of a name counts.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).into_owned();
        Self(pairs.map(|(name, value)| (without_nul(name), without_nul(value))).collect())
    }

    /// A field that is not empty.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The same, owned.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.find(name).map(str::to_owned)
    }

    /// Everything, for the journal.
    pub(super) fn raw(&self) -> Value {
        let pairs: Map<String, Value> = self.0.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        Value::Object(pairs)
    }
}

/// Header of a request.
fn header<'a>(request: &'a WebhookRequest<'_>, name: &str) -> &'a str {
    request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// The signature over address and fields; a JSON body is proven by its hash in the signed address.
pub(super) fn verify(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
    let key = channel.secret("auth_token");
    let mut signed = public_url(channel, request).into_bytes();
    let form = request.method.eq_ignore_ascii_case("POST") && !header(request, "content-type").starts_with("application/json");
    if form {
        // Fields by name; one that stands twice with one value counts once.
        let fields: BTreeSet<(String, String)> = Fields::read(request.body).0.into_iter().collect();
        for (name, value) in fields {
            signed.extend_from_slice(name.as_bytes());
            signed.extend_from_slice(value.as_bytes());
        }
    } else if !request.body.is_empty() {
        let told = query(request, "bodySHA256").unwrap_or_default();
        let own = crate::domain::secret::Secret::new(hex::encode(Sha256::digest(request.body)));
        if !own.matches(&told.to_ascii_lowercase()) {
            return Err(WebhookError::Forged);
        }
    }
    let told = header(request, SIGNATURE);
    if mac::same(&key, mac::sha1_base64(&key, &signed), told) { Ok(()) } else { Err(WebhookError::Forged) }
}

/// The address as Twilio was given it, with the query it was called with.
fn public_url(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> String {
    let (path, query) = request.url.split_once('?').map_or((request.url, None), |(path, query)| (path, Some(query)));
    let base = if channel.webhook_url.is_empty() { path } else { channel.webhook_url.expose() };
    query.map_or_else(|| base.to_owned(), |query| format!("{base}?{query}"))
}

fn query(request: &WebhookRequest<'_>, name: &str) -> Option<String> {
    let (_, query) = request.url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The one event of a call.
pub(super) fn read(channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
    let fields = match (request.method.eq_ignore_ascii_case("GET"), request.url.split_once('?')) {
        (true, Some((_, query))) => Fields::read(query.as_bytes()),
        (true, None) => return Ok(Vec::new()),
        (false, _) if header(request, "content-type").starts_with("application/json") => {
            return Ok(vec![other(&json::parse(request.body)?)]);
        }
        (false, _) => Fields::read(request.body),
    };
    if std::str::from_utf8(request.body).is_err() {
        return Err(WebhookError::Unparsable("not a form".to_owned()));
    }
    let Some(sid) = fields.text("MessageSid").or_else(|| fields.text("SmsSid")) else {
        if !request.method.eq_ignore_ascii_case("GET") && !request.body.contains(&b'=') {
            return Err(WebhookError::Unparsable("not a form".to_owned()));
        }
        return Ok(vec![other(&fields.raw())]);
    };
    let event = match fields.text("MessageStatus") {
        Some(word) => status(channel, request, &fields, &sid, &word),
        None => {
            let what = What::Message(Box::new(inbound::read(&fields, &sid)));
            ProviderEvent { key: format!("{sid}:in"), sender: sender(channel, &fields, "To"), at: 0, what, raw: Value::Null }
        }
    };
    Ok(vec![event])
}

fn other(raw: &Value) -> ProviderEvent {
    let label = json::first(raw, &["EventType", "type"]).unwrap_or_else(|| "unknown".to_owned());
    ProviderEvent { key: json::content_key(&label, raw), sender: None, at: 0, what: What::Other { label }, raw: raw.clone() }
}

/// The number it is for; a messaging service has many, all of them this channel's.
fn sender(channel: &ChannelConfig, fields: &Fields, name: &str) -> Option<String> {
    match Sender::of(channel) {
        Sender::Service(_) => None,
        Sender::Number(_) => digits(fields.find(name)?),
    }
}

/// `whatsapp:+7916…` → digits.
pub(super) fn digits(address: &str) -> Option<String> {
    json::digits(address.strip_prefix("whatsapp:").unwrap_or(address).trim())
}

fn status(channel: &ChannelConfig, request: &WebhookRequest<'_>, fields: &Fields, sid: &str, word: &str) -> ProviderEvent {
    let known = match word {
        "accepted" | "scheduled" | "queued" | "sending" => Some(Status::Accepted),
        "sent" => Some(Status::Sent),
        "delivered" => Some(Status::Delivered),
        "read" => Some(Status::Read),
        "failed" | "undelivered" | "canceled" => Some(Status::Failed),
        _ => None,
    };
    let key = format!("{sid}:{word}");
    let from = sender(channel, fields, "From");
    let raw = fields.raw();
    let Some(known) = known else {
        return ProviderEvent { key, sender: from, at: 0, what: What::Other { label: format!("status:{word}") }, raw };
    };
    let identity = Identity { phone: fields.find("To").and_then(digits), bsuid: fields.text("ExternalUserId"), ..Identity::default() };
    let event = StatusEvent {
        ids: vec![sid.to_owned()],
        provider_id: Some(sid.to_owned()),
        wa_id: None,
        own_tag: query(request, "message"),
        status: known,
        identity,
        error: (known == Status::Failed).then(|| failure(fields)),
        cost: None,
    };
    ProviderEvent { key, sender: from, at: 0, what: What::Status(event), raw }
}

fn failure(fields: &Fields) -> ProviderError {
    let code = fields.text("ErrorCode");
    let class = code.as_deref().and_then(errors::class).unwrap_or(ErrorClass::Unknown);
    let words = fields.text("ErrorMessage").or_else(|| fields.text("ChannelStatusMessage"));
    let words = words.unwrap_or_else(|| code.as_deref().map_or_else(|| "undelivered".to_owned(), |code| format!("Twilio error {code}")));
    ProviderError::new(class, code, words)
}
