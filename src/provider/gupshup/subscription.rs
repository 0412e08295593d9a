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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;
    use std::collections::BTreeMap;

    const HOOK: &str = "https://new.example.org/hooks/gupshup/ch_1/secret";
    const FORMER: &str = "https://old.example.org/hooks/gupshup/ch_1/secret";

    fn channel(secrets: &[(&str, &str)]) -> ChannelConfig {
        ChannelConfig {
            channel_id: "ch_1".to_owned(),
            settings: json!({"app_name": "TorgBot", "app_id": "82aa"}).as_object().cloned().unwrap(),
            secrets: secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect(),
            bases: BTreeMap::from([("GUPSHUP_PARTNER_URL".to_owned(), "http://127.0.0.1:9".to_owned())]),
        }
    }

    /// Method, last part of the path and the form's `url` of what is asked after this list.
    fn asked(urls: &[(&str, &str)]) -> Vec<(Method, String, Option<String>)> {
        let rows: Vec<Value> = urls.iter().map(|(id, url)| json!({"id": id, "url": url, "active": true})).collect();
        let requests = mend(&channel(&[("partner_token", "sk_1")]), HOOK, &json!({"status": "success", "subscriptions": rows}));
        let shown = requests.into_iter().map(|request| {
            assert!(request.url.starts_with("http://127.0.0.1:9/partner/app/82aa/subscription"), "{}", request.url);
            assert_eq!(request.secret_headers, [("authorization".to_owned(), Secret::new("sk_1"))]);
            let url = match &request.body {
                Body::Form(form) => form.iter().find(|(name, _)| name == "url").map(|(_, url)| url.clone()),
                _ => None,
            };
            (request.method, request.url.rsplit('/').next().unwrap().to_owned(), url)
        });
        shown.collect()
    }

    #[test]
    fn the_list_shows_our_address_once_and_no_former_one() {
        let ours = Some(HOOK.to_owned());
        let set = |method, id: &str| (method, id.to_owned(), ours.clone());
        let gone = |id: &str| (Method::Delete, id.to_owned(), None);
        let strange = ("x", "https://crm.example.org/hooks/gupshup/ch_11/secret");
        assert_eq!(asked(&[]), [set(Method::Post, "subscription")]);
        assert_eq!(asked(&[strange]), [set(Method::Post, "subscription")], "another's stays as it is");
        assert!(asked(&[strange, ("a", HOOK)]).is_empty());
        assert_eq!(asked(&[("a", FORMER), strange]), [set(Method::Put, "a")], "moved in place");
        assert_eq!(asked(&[("a", FORMER), ("b", HOOK)]), [gone("a")]);
        assert_eq!(asked(&[("a", FORMER), ("b", "http://x/hooks/gupshup/ch_1/s")]), [set(Method::Put, "a"), gone("b")]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_an_empty_one() {
        for listed in [json!(null), json!({"status": "success"}), json!({"subscriptions": {"id": "a"}}), json!({"subscriptions": [7, {}]})]
        {
            let requests = mend(&channel(&[("partner_token", "sk_1")]), HOOK, &listed);
            assert_eq!(requests.iter().map(|request| request.method).collect::<Vec<_>>(), [Method::Post], "{listed}");
        }
    }

    #[test]
    fn without_the_partner_api_nothing_is_asked() {
        assert!(list(&channel(&[("api_key", "k")])).is_none());
        assert!(mend(&channel(&[("api_key", "k")]), HOOK, &json!({"subscriptions": []})).is_empty());
        let listing = list(&channel(&[("partner_token", "sk_1")])).unwrap();
        assert_eq!((listing.method, listing.url.as_str()), (Method::Get, "http://127.0.0.1:9/partner/app/82aa/subscription"));
    }

    #[test]
    fn a_subscription_asks_for_what_is_read_and_carries_the_header() {
        let of = |secrets: &[(&str, &str)], url: &str| form(&channel(secrets), url).into_iter().collect::<BTreeMap<_, _>>();
        let plain = of(&[], HOOK);
        assert_eq!((plain["version"].as_str(), plain["showOnUI"].as_str(), plain["url"].as_str()), ("2", "false", HOOK));
        for mode in ["MESSAGE", "ENQUEUED", "SENT", "DELIVERED", "READ", "FAILED", "TEMPLATE"] {
            assert!(plain["modes"].split(',').any(|known| known == mode), "{mode}");
        }
        assert!(!plain.contains_key("meta"));
        assert_ne!(plain["tag"], of(&[], FORMER)["tag"], "a tag is unique in an app");
        let headed = of(&[("hook_header", "w0rd")], HOOK);
        assert_eq!(serde_json::from_str::<Value>(&headed["meta"]).unwrap(), json!({"headers": {"x-courier24-hook": "w0rd"}}));
    }
}
