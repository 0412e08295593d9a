//! The Graph API as far as WhatsApp goes (reference/whatsapp.md 5): sends, templates, the number, subscriptions, upload of files.
//!
//! Bodies of sends are read by the same strict reader as those that come through Gupshup: they are one format. Refusals are Meta's.

mod account;
pub(super) mod events;
mod send;

use super::delivery::{Callback, Proof};
use super::dialect::{Dialect, Fresh, Seed};
use super::inbound::InboundMessage;
use super::line::{ACCOUNT_NEWS, Line, Vendor};
use super::message::{Message, Status};
use super::server::{Answer, Call};
use super::signature::{Signed, sha256_hex};
use super::state::{Shared, State};
use crate::domain::clock::Ms;
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value, json};

/// A refused request.
pub(super) struct GraphError {
    status: u16,
    code: u32,
    words: String,
}

impl GraphError {
    pub(super) fn new(status: u16, code: u32, words: impl Into<String>) -> Self {
        Self { status, code, words: words.into() }
    }

    fn answer(&self) -> Answer {
        let details = json!({"messaging_product": "whatsapp", "details": self.words});
        let error = json!({"message": format!("(#{}) {}", self.code, self.words), "type": "OAuthException", "code": self.code,
            "error_data": details, "fbtrace_id": "AbCdEfGh"});
        Answer::json(self.status, &json!({"error": error}))
    }
}

pub(super) type Told = Result<Answer, GraphError>;

/// Answers a path under `/v23.0/`; `None` = no Graph path.
async fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    let parts = call.parts();
    if let ["whatsapp_business", "attachments", id] = parts.as_slice() {
        let told = account::bytes(&shared.lock(), call, id);
        return Some(told.unwrap_or_else(|error| error.answer()));
    }
    let (version, path) = parts.split_first()?;
    let graph = version
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| major.parse::<u8>().is_ok() && minor.parse::<u8>().is_ok());
    if !graph {
        return None;
    }
    let now = shared.now();
    let told = match (call.method.as_str(), path) {
        ("POST", [id, "messages"]) => send::send(&mut shared.lock(), call, id, now),
        ("GET", [id, "message_templates"]) => account::templates(&shared.lock(), call, id),
        ("GET", [id, "subscribed_apps"]) => account::subscribed(&shared.lock(), call, id),
        ("POST", [id, "subscribed_apps"]) => account::subscribe(shared, call, id).await,
        ("GET", [id, "whatsapp_business_profile"]) => account::profile(&shared.lock(), call, id),
        ("POST", [id, "whatsapp_business_profile"]) => account::change_profile(&mut shared.lock(), call, id),
        ("POST", [id]) => account::configure(shared, call, id).await,
        ("GET", [id]) if shared.lock().files.contains_key(*id) => account::address(&shared.lock(), call, id),
        ("GET", [id]) => account::number(&shared.lock(), call, id),
        _ => Err(GraphError::new(400, 2500, "Unknown path components")),
    };
    Some(told.unwrap_or_else(|error| error.answer()))
}

/// The account of the token, when `wanted` describes it.
///
/// # Errors
/// 190 for a token of nobody, 100 for an object of somebody else.
pub(super) fn owned(state: &State, call: &Call, wanted: impl Fn(&Line) -> bool) -> Result<Line, GraphError> {
    let token = call.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    let mut known = state.lines.iter().filter(|line| line.vendor == Vendor::Meta && !token.is_empty() && line.key == token).peekable();
    if known.peek().is_none() {
        return Err(GraphError::new(401, 190, "Invalid OAuth access token - Cannot parse access token"));
    }
    known
        .find(|line| wanted(line))
        .cloned()
        .ok_or_else(|| GraphError::new(400, 100, "Unsupported request. Object does not exist or missing permissions"))
}

/// A JSON body.
///
/// # Errors
/// 100.
pub(super) fn json_body(call: &Call) -> Result<Map<String, Value>, GraphError> {
    let kind = call.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(body)) if kind == "application/json" => Ok(body),
        _ => Err(GraphError::new(400, 100, "Invalid parameter: JSON body expected")),
    }
}

/// The dialect.
pub(super) struct Words;

impl Dialect for Words {
    fn fresh(&self, seed: &Seed) -> Fresh {
        Fresh { id: format!("99{}", seed.number(7, 17)), account: format!("33{}", seed.number(17, 27)), state: "CONNECTED" }
    }

    fn answer<'a>(&'a self, shared: &'a Shared, call: &'a Call) -> LocalBoxFuture<'a, Option<Answer>> {
        Box::pin(answer(shared, call))
    }

    fn status(&self, state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
        events::status(state, line, message, status, now);
    }

    fn inbound(&self, state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
        events::inbound(state, line, inbound, now);
    }

    fn lost_file(&self) -> (u32, &'static str) {
        (131_053, "Media upload error")
    }

    /// News that name no number know the account's address only.
    fn address<'a>(&self, line: &'a Line, event: &str) -> &'a str {
        if line.hook.is_empty() || event == ACCOUNT_NEWS { &line.account_hook } else { &line.hook }
    }

    fn proof(&self, line: &Line) -> Proof {
        Proof::Key { vendor: line.vendor, key: line.secret.clone() }
    }

    /// `X-Hub-Signature-256` with the application's secret, over bytes in which non-ASCII is escaped (reference 5.12).
    fn sign(&self, callback: &Callback, key: &str) -> Signed {
        let bytes = escaped(&callback.body.to_string()).into_bytes();
        let hash = sha256_hex(key, &bytes);
        Signed::json(bytes, vec![("X-Hub-Signature-256", format!("sha256={hash}"))])
    }
}

/// Non-ASCII as `\u` with lower-case hex, as Meta writes it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for symbol in text.chars() {
        if symbol.is_ascii() {
            out.push(symbol);
        } else {
            let mut units = [0_u16; 2];
            for unit in symbol.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}
