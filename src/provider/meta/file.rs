//! Files of clients (reference/whatsapp.md 5.5): told by id, found by asking for an address that lives five minutes and wants the token.

use super::{access, answer};
use crate::domain::event::{ProviderEvent, What};
use crate::domain::http::{HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::secret::Secret;
use crate::provider::{ChannelConfig, FileAsk, json};
use serde_json::Value;

/// Before a file's id, where an address stands at other providers.
const BY_ID: &str = "media:";

/// An address told in a webhook may be over before we look: the id leads to a fresh one.
pub(super) fn by_id(events: &mut [ProviderEvent]) {
    for event in events {
        let What::Message(message) = &mut event.what else { continue };
        let Some(media) = message.media.as_mut().and_then(Value::as_object_mut) else { continue };
        if let Some(id) = media.get("provider_id").and_then(Value::as_str).map(str::to_owned) {
            media.insert("url".to_owned(), Value::String(format!("{BY_ID}{id}")));
        }
    }
}

/// How it is fetched.
pub(super) fn build(channel: &ChannelConfig, source: &str) -> FileAsk {
    match source.strip_prefix(BY_ID) {
        Some(id) => {
            let mut request = access::request(channel, Method::Get, &[id]);
            request.query.push(("phone_number_id".to_owned(), channel.text("phone_number_id").to_owned()));
            FileAsk::Address(request)
        }
        None => FileAsk::File(HttpRequest::new(Method::Get, source)),
    }
}

/// The request for the file itself; the token goes along, and is dropped by redirects to another host.
pub(super) fn read_address(channel: &ChannelConfig, answer: &HttpResponse) -> Result<HttpRequest, ProviderError> {
    let url = json::at(&json::answered(answer, answer::refusal)?, "url");
    let url = url.ok_or_else(|| ProviderError::new(ErrorClass::Transient, None, "no address of the file in the answer"))?;
    let mut request = HttpRequest::new(Method::Get, url);
    let bearer = format!("Bearer {}", channel.secret("access_token").expose());
    request.secret_headers.push(("authorization".to_owned(), Secret::new(bearer)));
    Ok(request)
}
