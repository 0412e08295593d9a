//! Addresses, keys and the sender's name.

use crate::domain::http::{HttpRequest, Method};
use crate::domain::secret::Secret;
use crate::provider::ChannelConfig;
use base64::Engine as _;

const API: &str = "https://api.twilio.com";
const CONTENT: &str = "https://content.twilio.com";

/// Whom messages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sender {
    /// A WhatsApp number, digits.
    Number(String),
    /// A messaging service, `MG…`.
    Service(String),
}

impl Sender {
    /// Reads `whatsapp:+1415…`, `+1 415 …`, digits, or `MG…`.
    pub(super) fn of(channel: &ChannelConfig) -> Self {
        let told = channel.text("sender").trim();
        if told.starts_with("MG") {
            return Self::Service(told.to_owned());
        }
        Self::Number(told.chars().filter(char::is_ascii_digit).collect())
    }

    /// The name under which events are routed.
    pub(super) fn name(self) -> String {
        match self {
            Self::Number(name) | Self::Service(name) => name,
        }
    }
}

/// A request of the messaging API.
pub(super) fn api(channel: &ChannelConfig, method: Method, path: &[&str]) -> HttpRequest {
    request(channel, base(channel, API), method, path)
}

/// A request of the content API; `TWILIO_URL` stands for both hosts.
pub(super) fn content(channel: &ChannelConfig, method: Method, path: &[&str]) -> HttpRequest {
    let base = base(channel, API);
    request(channel, if base == API { CONTENT } else { base }, method, path)
}

/// The request for a client's file: with the account's key at the vendor's own address, and nowhere else.
pub(super) fn file(channel: &ChannelConfig, source: &str) -> HttpRequest {
    let base = base(channel, API);
    let own = source.strip_prefix(API).or_else(|| source.strip_prefix(base)).filter(|rest| rest.starts_with('/'));
    match own {
        Some(path) => {
            let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            request(channel, base, Method::Get, &parts)
        }
        None => HttpRequest::new(Method::Get, source),
    }
}

fn base<'a>(channel: &'a ChannelConfig, vendor: &'a str) -> &'a str {
    Some(channel.base("TWILIO_URL")).filter(|base| !base.is_empty()).unwrap_or(vendor)
}

fn request(channel: &ChannelConfig, base: &str, method: Method, path: &[&str]) -> HttpRequest {
    let url = match url::Url::parse(base) {
        Ok(mut url) => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(path);
            }
            url.to_string()
        }
        // Not an address: the request fails in the guard, which says so.
        Err(_) => base.to_owned(),
    };
    let mut request = HttpRequest::new(method, url);
    let pair = format!("{}:{}", channel.text("account_sid"), channel.secret("auth_token").expose());
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    request.secret_headers.push(("authorization".to_owned(), Secret::new(basic)));
    request
}
