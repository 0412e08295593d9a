//! Where Meta reports to (reference/whatsapp.md 5.12): our address as an override of the number, and of the business account.
//!
//! The number's own override carries the messages of exactly this channel, whatever the account's is. The account has one for all its
//! numbers: the first channel of ours that set it keeps it, and news of the account reach the others from there. Meta shows the
//! account's only, so the number's is set again at every look.

use super::access;
use crate::domain::http::{Body, HttpRequest, Method};
use crate::provider::{ChannelConfig, json};
use serde_json::{Value, json as make};

/// Reads which applications hear of the account, and where.
pub(super) fn list(channel: &ChannelConfig) -> HttpRequest {
    access::request(channel, Method::Get, &[channel.text("waba_id"), "subscribed_apps"])
}

/// The number reports to us.
pub(super) fn point(channel: &ChannelConfig, webhook_url: &str) -> HttpRequest {
    let mut number = access::request(channel, Method::Post, &[channel.text("phone_number_id")]);
    number.body = Body::Json(make!({"webhook_configuration": target(channel, webhook_url)}));
    number
}

/// Makes the list show our address, unless it shows that of another channel of this account.
pub(super) fn mend(channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
    let ours = |address: String| address == webhook_url || channel.siblings.iter().any(|sibling| sibling.matches(&address));
    if json::items(listed, "data").iter().any(|row| json::at(row, "override_callback_uri").is_some_and(ours)) {
        return Vec::new();
    }
    let mut account = access::request(channel, Method::Post, &[channel.text("waba_id"), "subscribed_apps"]);
    account.body = Body::Json(target(channel, webhook_url));
    vec![account]
}

fn target(channel: &ChannelConfig, webhook_url: &str) -> Value {
    make!({"override_callback_uri": webhook_url, "verify_token": channel.secret("verify_token").expose()})
}
