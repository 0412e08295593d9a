//! Addresses and keys of both of Gupshup's APIs, and the requests that are neither sends nor lists.

use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::secret::Secret;
use crate::provider::ChannelConfig;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Header that a subscription sends back when the channel has a `hook_header` secret.
pub(super) const HOOK_HEADER: &str = "x-courier24-hook";

/// Events a subscription asks for.
const MODES: &str = "MESSAGE,ENQUEUED,SENT,DELIVERED,READ,FAILED,DELETED,TEMPLATE,ACCOUNT,BILLING,OTHERS,FLOWS_MESSAGE";

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

/// Subscribes our address and reads the list back (4.10); nothing without the partner API.
pub(super) fn subscribe(channel: &ChannelConfig, webhook_url: &str) -> Vec<HttpRequest> {
    let Some(partner) = partner(channel) else { return Vec::new() };
    let mut set = partnered(channel, &partner, Method::Post, &["subscription"]);
    // A tag is unique in an app: another address gets another one.
    let hash = hex::encode(Sha256::digest(webhook_url.as_bytes()));
    let tag = format!("courier24-{}", hash.get(..12).unwrap_or_default());
    let mut form = vec![
        ("modes".to_owned(), MODES.to_owned()),
        ("tag".to_owned(), tag),
        ("url".to_owned(), webhook_url.to_owned()),
        ("version".to_owned(), "2".to_owned()),
        ("showOnUI".to_owned(), "false".to_owned()),
    ];
    let header = channel.secret("hook_header");
    if !header.is_empty() {
        form.push(("meta".to_owned(), json!({"headers": {HOOK_HEADER: header.expose()}}).to_string()));
    }
    set.body = Body::Form(form);
    vec![set, partnered(channel, &partner, Method::Get, &["subscription"])]
}
