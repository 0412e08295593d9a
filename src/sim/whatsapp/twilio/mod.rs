//! Twilio's messaging and content APIs (reference/whatsapp.md 8): basic auth, forms, codes of its own, signed callbacks.

pub(super) mod events;
mod send;

use super::delivery::{Callback, Proof};
use super::dialect::{Dialect, Fresh, Seed};
use super::gupshup::template::{Template, placeholders};
use super::inbound::InboundMessage;
use super::line::{Line, Vendor};
use super::media;
use super::message::{Message, Status};
use super::server::{Answer, Call};
use super::signature::{Signed, mac};
use super::state::{Shared, State};
use crate::domain::clock::Ms;
use base64::Engine as _;
use futures::future::LocalBoxFuture;
use hmac::Hmac;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A refused request.
pub(super) struct Refused {
    status: u16,
    code: u32,
    words: &'static str,
}

impl Refused {
    pub(super) fn new(status: u16, code: u32, words: &'static str) -> Self {
        Self { status, code, words }
    }

    fn answer(&self) -> Answer {
        let more = format!("https://www.twilio.com/docs/errors/{}", self.code);
        Answer::json(self.status, &json!({"code": self.code, "message": self.words, "more_info": more, "status": self.status}))
    }
}

/// Answers a path of `api.twilio.com` or `content.twilio.com`; `None` = not one of theirs.
fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    let now = shared.now();
    let parts = call.parts();
    let mut state = shared.lock();
    let told = match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["2010-04-01", "Accounts", sid, "Messages.json"]) => send::send(&mut state, call, sid, now),
        ("GET", ["2010-04-01", "Accounts", sid, "Messages", _, "Media", id]) => {
            account(&state, call, Some(sid)).map(|_| media::answer(&state, id.strip_prefix("ME").unwrap_or_default()))
        }
        ("GET", ["v1", "ContentAndApprovals"]) => contents(&state, call),
        (_, ["2010-04-01", ..] | ["v1", "Content" | "ContentAndApprovals", ..]) => {
            Err(Refused::new(404, 20_404, "The requested resource was not found"))
        }
        _ => return None,
    };
    Some(told.unwrap_or_else(|refused| refused.answer()))
}

/// The account of the basic auth pair.
///
/// # Errors
/// 20003.
pub(super) fn account(state: &State, call: &Call, sid: Option<&str>) -> Result<Line, Refused> {
    let encoded = call.header("authorization").strip_prefix("Basic ").unwrap_or_default();
    let pair = base64::engine::general_purpose::STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.unwrap_or_default();
    let (user, token) = pair.split_once(':').unwrap_or_default();
    let found = state.lines.iter().find(|line| line.vendor == Vendor::Twilio && line.id == user && line.key == token);
    let found = found.filter(|line| sid.is_none_or(|sid| sid == line.id));
    found.cloned().ok_or_else(|| Refused::new(401, 20_003, "Authenticate"))
}

/// `GET /v1/ContentAndApprovals`.
fn contents(state: &State, call: &Call) -> Result<Answer, Refused> {
    let line = account(state, call, None)?;
    let size = call.query("PageSize").map_or(Ok(50), str::parse::<usize>).map_err(|_| Refused::new(400, 20_001, "Invalid PageSize"))?;
    let from = match call.query("PageToken") {
        None => 0,
        Some(token) => {
            let at = token.strip_prefix("PT").and_then(|at| at.parse::<usize>().ok());
            at.ok_or_else(|| Refused::new(400, 20_001, "Invalid PageToken"))?
        }
    };
    let to = from.saturating_add(size.clamp(1, 1_000)).min(line.templates.len());
    let rows: Vec<Value> = line.templates.iter().take(to).skip(from).map(row).collect();
    let next = (to < line.templates.len())
        .then(|| format!("https://content.twilio.com/v1/ContentAndApprovals?PageSize={size}&Page=1&PageToken=PT{to}"));
    Ok(Answer::json(200, &json!({"contents": rows, "meta": {"page": 0, "page_size": size, "next_page_url": next, "key": "contents"}})))
}

fn row(template: &Template) -> Value {
    let variables: Map<String, Value> = variables(template).into_iter().map(|key| (key, json!("x"))).collect();
    let actions: Vec<Value> = template
        .buttons
        .iter()
        .map(|button| json!({"type": button["type"], "title": button["text"], "id": button["text"], "url": button["url"]}))
        .collect();
    let kind = if actions.is_empty() { "twilio/text" } else { "twilio/quick-reply" };
    let content = if actions.is_empty() { json!({"body": template.body}) } else { json!({"body": template.body, "actions": actions}) };
    json!({"sid": template.id, "friendly_name": template.element_name, "language": template.language_code, "variables": variables,
        "types": {kind: content}, "approval_requests": {"name": template.element_name, "category": template.category,
            "status": template.status.to_ascii_lowercase(), "rejection_reason": template.reason.as_deref().unwrap_or_default()}})
}

/// All variables of a content: body and addresses share one list.
pub(super) fn variables(template: &Template) -> Vec<String> {
    let mut keys: Vec<String> = placeholders(&template.body).into_iter().map(str::to_owned).collect();
    for button in &template.buttons {
        for key in placeholders(button["url"].as_str().unwrap_or_default()) {
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
    }
    keys
}

/// The dialect.
pub(super) struct Words;

impl Dialect for Words {
    fn fresh(&self, seed: &Seed) -> Fresh {
        Fresh { id: format!("AC{}", seed.part(0, 32)), ..Fresh::default() }
    }

    fn answer<'a>(&'a self, shared: &'a Shared, call: &'a Call) -> LocalBoxFuture<'a, Option<Answer>> {
        Box::pin(std::future::ready(answer(shared, call)))
    }

    fn status(&self, state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
        events::status(state, line, message, status, now);
    }

    fn inbound(&self, state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
        events::inbound(state, line, inbound, now);
    }

    fn template_id(&self, digest: &str) -> String {
        format!("HX{}", digest.get(..32).unwrap_or_default())
    }

    fn lost_file(&self) -> (u32, &'static str) {
        (63_019, "Media failed to download")
    }

    fn proof(&self, line: &Line) -> Proof {
        Proof::Key { vendor: line.vendor, key: line.key.clone() }
    }

    /// A form with `X-Twilio-Signature` over the address and the sorted fields (reference 8.3).
    fn sign(&self, callback: &Callback, key: &str) -> Signed {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields: BTreeMap<String, String> =
            callback.body.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect();
        let mut signed = callback.url.clone();
        for (name, value) in &fields {
            signed.push_str(name);
            signed.push_str(value);
        }
        let hash = base64::engine::general_purpose::STANDARD.encode(mac::<Hmac<sha1::Sha1>>(key, signed.as_bytes()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        Signed { bytes: body.into_bytes(), content_type: "application/x-www-form-urlencoded", headers: vec![("X-Twilio-Signature", hash)] }
    }
}
