//! Subscriptions of the partner API: where Gupshup reports to (reference/whatsapp.md 4.10). Nothing without that API.
//!
//! A channel has one subscription. Its address carries the channel's id, so a former address (the service moved) is found in the list
//! and changed in place: adding a second one would leave every event told twice, one of them into nowhere.

use super::access::{partner, partnered};
use crate::domain::http::{Body, HttpRequest, Method};
use crate::provider::ChannelConfig;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Header that a subscription sends back when the channel has a `hook_header` secret.
pub(super) const HOOK_HEADER: &str = "x-courier24-hook";

/// Events a subscription asks for.
const MODES: &str = "MESSAGE,ENQUEUED,SENT,DELIVERED,READ,FAILED,DELETED,TEMPLATE,ACCOUNT,BILLING,OTHERS,FLOWS_MESSAGE";

/// Reads the list.
pub(super) fn list(channel: &ChannelConfig) -> Option<HttpRequest> {
    Some(partnered(channel, &partner(channel)?, Method::Get, &["subscription"]))
}

/// Makes the list show our address once, and no former one of this channel.
pub(super) fn mend(channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
    let Some(partner) = partner(channel) else { return Vec::new() };
    let rows = listed.get("subscriptions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ours = format!("/hooks/gupshup/{}/", channel.channel_id);
    let mut former =
        rows.iter().filter(|row| text(row, "url") != webhook_url && text(row, "url").contains(&ours)).map(|row| text(row, "id"));
    let mut requests = Vec::new();
    if !rows.iter().any(|row| text(row, "url") == webhook_url) {
        let mut set = match former.next() {
            Some(id) => partnered(channel, &partner, Method::Put, &["subscription", &id]),
            None => partnered(channel, &partner, Method::Post, &["subscription"]),
        };
        set.body = Body::Form(form(channel, webhook_url));
        requests.push(set);
    }
    requests.extend(former.map(|id| partnered(channel, &partner, Method::Delete, &["subscription", &id])));
    requests
}

fn form(channel: &ChannelConfig, webhook_url: &str) -> Vec<(String, String)> {
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
    form
}
