//! Addresses and keys of both of Gupshup's APIs, and the requests that are neither sends nor lists.

use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::secret::Secret;
use crate::provider::ChannelConfig;

/// The partner API's app and token, when both are known.
pub(super) fn partner(channel: &ChannelConfig) -> Option<(String, Secret)> {
    let token = channel.secret("partner_token");
    let app_id = channel.text("app_id");
    (!token.is_empty() && !app_id.is_empty()).then(|| (app_id.to_owned(), token))
}

/// A self-serve request under `GUPSHUP_URL`.
pub(super) fn own(channel: &ChannelConfig, method: Method, path: &[&str]) -> HttpRequest {
    let mut request = HttpRequest::new(method, join(channel.base("GUPSHUP_URL"), "https://api.gupshup.io", path));
    request.secret_headers.push(("apikey".to_owned(), channel.secret("api_key")));
    request
}

/// A partner request under `GUPSHUP_PARTNER_URL`: `/partner/app/{appId}/…`.
pub(super) fn partnered(channel: &ChannelConfig, (app_id, token): &(String, Secret), method: Method, path: &[&str]) -> HttpRequest {
    let mut whole = vec!["partner", "app", app_id.as_str()];
    whole.extend_from_slice(path);
    let mut request = HttpRequest::new(method, join(channel.base("GUPSHUP_PARTNER_URL"), "https://partner.gupshup.io", &whole));
    request.secret_headers.push(("authorization".to_owned(), token.clone()));
    request
}

/// Base and path, each segment encoded: names of apps are free text.
fn join(base: &str, vendor: &str, path: &[&str]) -> String {
    let base = if base.is_empty() { vendor } else { base };
    match url::Url::parse(base) {
        Ok(mut url) => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(path);
            }
            url.to_string()
        }
        // Not an address: the request fails in the guard, which says so.
        Err(_) => base.to_owned(),
    }
}

/// Puts a number on the opt-in list (4.8).
pub(super) fn opt_in(channel: &ChannelConfig, phone: &str) -> HttpRequest {
    let mut request = own(channel, Method::Post, &["sm", "api", "v1", "app", "opt", "in", channel.text("app_name")]);
    request.body = Body::Form(vec![("user".to_owned(), phone.to_owned())]);
    request
}
