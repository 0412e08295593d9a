//! Where Meta reports to (reference/whatsapp.md 5.12): our address as an override of the business account, and of the number.
//!
//! The account's override carries template and account news, the number's own one the messages of exactly this channel: two channels of
//! one account do not take each other's messages away. Whether all is well is read from the account's list.

use super::access;
use crate::domain::http::{Body, HttpRequest, Method};
use crate::provider::{ChannelConfig, json};
use serde_json::{Value, json as make};

/// Reads which applications hear of the account, and where.
pub(super) fn list(channel: &ChannelConfig) -> HttpRequest {
    access::request(channel, Method::Get, &[channel.text("waba_id"), "subscribed_apps"])
}

/// Makes the list show our address.
pub(super) fn mend(channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
    if json::items(listed, "data").iter().any(|row| json::at(row, "override_callback_uri").as_deref() == Some(webhook_url)) {
        return Vec::new();
    }
    let target = make!({"override_callback_uri": webhook_url, "verify_token": channel.secret("verify_token").expose()});
    let mut account = access::request(channel, Method::Post, &[channel.text("waba_id"), "subscribed_apps"]);
    account.body = Body::Json(target.clone());
    let mut number = access::request(channel, Method::Post, &[channel.text("phone_number_id")]);
    number.body = Body::Json(make!({"webhook_configuration": target}));
    vec![number, account]
}
