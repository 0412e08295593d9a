//! A robot call's body as a portal's queue sends it: 2 KB of a form with brackets, the `auth` block last.

use super::load::{NUMBER, PHONE};
use crate::sim::portal::Portal;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Length of the form.
const BYTES: usize = 2_048;
/// A signature such as the portal puts behind its tokens.
const SIGNATURE: &str = "9c1185a5c5e9fc54612808977ee8f548b2258d31f2a1b3c4d5e6f708192a3b4c";

/// The event token that the request of this number carries.
pub(super) fn event_token(number: &str) -> String {
    format!("68c1f2a3b4c5d6.12345678|A12345_67890_12345_67890|{number}.{SIGNATURE}")
}

/// What the form says beyond the portal's proof.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    /// `use_subscription`.
    pub(super) waits: bool,
    /// The channel; empty = the portal's default one.
    pub(super) channel: &'a str,
}

/// The form for an installed portal; number and phone are marks for the load client.
pub(super) fn form(portal: &Portal, call: &Call<'_>) -> Result<String> {
    let proof = portal.application_token().context("the application is not installed")?;
    let (flag, tokens) = (if call.waits { "Y" } else { "N" }, portal.tokens(1));
    let mut pairs: Vec<(String, String)> = [
        ("workflow_id", "68c1f2a3b4c5d6.12345678"),
        ("code", "send_template"),
        ("document_id[0]", "crm"),
        ("document_id[1]", "CCrmDocumentDeal"),
        ("document_id[2]", "DEAL_512"),
        ("document_type[0]", "crm"),
        ("document_type[1]", "CCrmDocumentDeal"),
        ("document_type[2]", "DEAL"),
        ("event_token", &event_token(NUMBER)),
        ("properties[channel]", call.channel),
        ("properties[phone][0]", &format!("+7916{PHONE}")),
        ("properties[template]", super::world::TEMPLATE),
        ("properties[params][0]", "1=Ирина"),
        ("properties[params][1]", "2=512"),
        ("properties[wait_for]", if call.waits { "accepted" } else { "none" }),
        ("properties[wait_hours]", "24"),
        ("properties[to_timeline]", "N"),
        ("properties[expressions]", "N"),
        ("properties[on_missing]", "fail"),
        ("use_subscription", flag),
        ("timeout_duration", "0"),
        ("ts", "1795000000"),
        ("auth[access_token]", &tokens.access),
        ("auth[expires]", "1795003600"),
        ("auth[expires_in]", "3600"),
        ("auth[scope]", "crm,bizproc,placement,user_brief,im,disk"),
        ("auth[domain]", &portal.domain()),
        ("auth[server_endpoint]", &portal.auth().server_endpoint()),
        ("auth[status]", "L"),
        ("auth[client_endpoint]", &format!("{}/rest/", portal.origin())),
        ("auth[member_id]", portal.member_id()),
        ("auth[user_id]", "1"),
        ("auth[refresh_token]", &tokens.refresh),
        ("auth[application_token]", &proof),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec();
    let short = encode(&pairs).len();
    // Ignored by a template, and as long as what people write there.
    let filler = "a".repeat(BYTES.saturating_sub(short + "&document_name=".len()));
    pairs.insert(9, ("document_name".to_owned(), filler));
    Ok(encode(&pairs))
}

fn encode(pairs: &[(String, String)]) -> String {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    // The marks have to stay where the client looks for them.
    form.replace(&"%40".repeat(NUMBER.len()), NUMBER).replace(&"%23".repeat(PHONE.len()), PHONE)
}

/// Properties of the same call for a simulated portal that fires it itself; the phone's last seven digits are the number's.
pub(super) fn properties(channel: &str, number: usize) -> Value {
    json!({"channel": channel, "phone": [phone(number)], "template": super::world::TEMPLATE, "params": ["1=Ирина", "2=512"], "to_timeline": "N"})
}

/// A Russian mobile number.
pub(super) fn phone(number: usize) -> String {
    format!("7916{number:07}")
}
