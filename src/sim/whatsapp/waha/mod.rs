//! A WAHA gateway (reference/whatsapp.md 7): sessions, sends that need a working one, callbacks signed with the session's key.

pub(super) mod events;

use super::delivery::{Callback, Proof};
use super::dialect::{Dialect, Fresh, Seed};
use super::green_api::destination;
use super::gupshup::form::{Fields, Refusal};
use super::inbound::InboundMessage;
use super::line::{Line, Vendor};
use super::media;
use super::message::{Content, MediaLink, Message, Status};
use super::server::{Answer, Call};
use super::signature::{Signed, mac};
use super::state::{Accepting, Shared, State};
use crate::domain::clock::Ms;
use base64::Engine as _;
use futures::future::LocalBoxFuture;
use hmac::Hmac;
use serde_json::{Map, Value, json};

/// A refused request: status and body.
struct Refused(u16, Value);

impl Refused {
    fn new(status: u16, message: &str) -> Self {
        Self(status, json!({"statusCode": status, "message": message}))
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(400, refusal.told().1)
    }
}

/// Answers a path under `/api/`; `None` = no such path.
fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    let parts = call.parts();
    let ["api", path @ ..] = parts.as_slice() else { return None };
    let now = shared.now();
    let mut state = shared.lock();
    let told = act(&mut state, call, path, now);
    Some(told.unwrap_or_else(|Refused(status, body)| Answer::json(status, &body)))
}

fn act(state: &mut State, call: &Call, path: &[&str], now: Ms) -> Result<Answer, Refused> {
    let key = call.header("x-api-key");
    if !state.lines.iter().any(|line| line.vendor == Vendor::Waha && line.key == key) {
        return Err(Refused::new(401, "Unauthorized"));
    }
    match (call.method.as_str(), path) {
        ("GET", ["sessions", name]) => Ok(Answer::json(200, &shown(&session(state, key, name)?))),
        ("PUT", ["sessions", name]) => {
            let line = session(state, key, name)?;
            configure(state, &line, &body(call)?)
        }
        ("GET", ["files", _, id]) => Ok(media::answer(state, id)),
        ("POST", ["sessions", name, verb @ ("start" | "restart" | "logout")]) => {
            let line = session(state, key, name)?;
            Ok(turn(state, &line, verb, now))
        }
        ("GET", [name, "auth", "qr"]) => picture(&session(state, key, name)?, call),
        ("POST", [name, "auth", "request-code"]) => {
            let line = waiting(session(state, key, name)?)?;
            let body = body(call)?;
            destination(&format!("{}@c.us", Fields::new(&body, "body").text("phoneNumber", 20)?))?;
            Ok(Answer::json(201, &json!({"code": format!("{}-{}", line.key.get(3..7).unwrap_or("ABCD"), "EFGH").to_uppercase()})))
        }
        ("GET", ["contacts", "check-exists"]) => {
            let line = working(session(state, key, call.query("session").unwrap_or_default())?)?;
            let phone = call.query("phone").unwrap_or_default();
            let digits = destination(&format!("{phone}@c.us"))?;
            let exists = state.addressee(&digits).on_whatsapp && line.state == "WORKING";
            let told =
                if exists { json!({"numberExists": true, "chatId": format!("{digits}@c.us")}) } else { json!({"numberExists": false}) };
            Ok(Answer::json(200, &told))
        }
        ("GET", ["version"]) => Ok(Answer::json(200, &json!({"version": "2026.8.1", "engine": "NOWEB", "tier": "PLUS", "browser": null}))),
        ("POST" | "PUT", [method]) => send(state, call, key, method, now),
        _ => Err(Refused::new(404, "Not Found")),
    }
}

fn session(state: &State, key: &str, name: &str) -> Result<Line, Refused> {
    let found = state.lines.iter().find(|line| line.vendor == Vendor::Waha && line.key == key && line.id == name);
    found.cloned().ok_or_else(|| Refused::new(404, "Session not found"))
}

fn in_state(line: Line, expected: &str) -> Result<Line, Refused> {
    if line.state == expected {
        return Ok(line);
    }
    let words = format!("Session status is not as expected. Try again later or restart the session {}", line.id);
    Err(Refused(422, json!({"error": words, "session": line.id, "status": line.state, "expected": [expected]})))
}

fn working(line: Line) -> Result<Line, Refused> {
    in_state(line, "WORKING")
}

fn waiting(line: Line) -> Result<Line, Refused> {
    in_state(line, "SCAN_QR_CODE")
}

/// Starts or ends a session; a started one without a phone shows a code.
fn turn(state: &mut State, line: &Line, verb: &str, now: Ms) -> Answer {
    let word = if verb == "logout" { "STOPPED" } else { "SCAN_QR_CODE" };
    if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
        word.clone_into(&mut own.state);
    }
    let changed = state.line(&line.name).cloned().unwrap_or_else(|| line.clone());
    events::state(state, &changed, now);
    Answer::json(201, &shown(&changed))
}

/// A pixel stands for the picture.
fn picture(line: &Line, call: &Call) -> Result<Answer, Refused> {
    let line = waiting(line.clone())?;
    if call.query("format") != Some("image") || call.header("accept") != "application/json" {
        return Err(Refused::new(422, "format must be image or raw"));
    }
    let data = base64::engine::general_purpose::STANDARD.encode(format!("\u{89}PNG scan me {}", line.name));
    Ok(Answer::json(200, &json!({"mimetype": "image/png", "data": data})))
}

fn shown(line: &Line) -> Value {
    let me = if line.state == "WORKING" { json!({"id": format!("{}@c.us", line.phone), "pushName": line.name}) } else { Value::Null };
    let config = line.settings.get("config").cloned().unwrap_or_else(|| json!({}));
    json!({"name": line.id, "status": line.state, "config": config, "me": me, "engine": {"engine": "NOWEB"}})
}

fn body(call: &Call) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Refused::new(400, "Unexpected token in JSON")),
    }
}

fn configure(state: &mut State, line: &Line, told: &Map<String, Value>) -> Result<Answer, Refused> {
    let fields = Fields::new(told, "body");
    let config = fields.object("config")?;
    let hooks = if config.get("webhooks").is_some() { config.objects("webhooks", 0, 10)? } else { Vec::new() };
    for hook in &hooks {
        hook.url("url")?;
        let events = hook.get("events").and_then(Value::as_array).ok_or_else(|| hook.wrong("events", "must be an array"))?;
        if events.iter().any(|event| event == "message") && events.iter().any(|event| event == "message.any") {
            return Err(Refused::new(400, "message and message.any"));
        }
    }
    let last = hooks.last().map(|hook| {
        let key = hook.get("hmac").and_then(|hmac| hmac.get("key")).and_then(Value::as_str).unwrap_or_default();
        (hook.get("url").and_then(Value::as_str).unwrap_or_default().to_owned(), key.to_owned())
    });
    if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
        own.settings.insert("config".to_owned(), told.get("config").cloned().unwrap_or_default());
        if let Some((url, key)) = last {
            own.hook = url;
            own.secret = key;
        }
    }
    let changed = state.line(&line.name).cloned().unwrap_or_else(|| line.clone());
    Ok(Answer::json(200, &shown(&changed)))
}

fn send(state: &mut State, call: &Call, key: &str, method: &str, now: Ms) -> Result<Answer, Refused> {
    let body = body(call)?;
    let fields = Fields::new(&body, "body");
    let line = working(session(state, key, fields.text("session", 100)?)?)?;
    if method == "sendSeen" {
        let chat = destination(fields.text("chatId", 100)?)?;
        let told = fields.optional("messageId", 300)?.map(str::to_owned);
        let named = |message: &&InboundMessage| told.as_ref().is_none_or(|told| *told == events::inbound_id(message));
        let read = state.inbound.iter().filter(|message| message.account == line.name && message.phone == chat).find(named);
        let wamid = read.map(|message| message.wamid.clone()).ok_or_else(|| Refused::new(404, "Message not found"))?;
        state.marked_read(&line.name, wamid);
        return Ok(Answer::json(201, &json!({})));
    }
    if method == "reaction" {
        fields.text("messageId", 300)?;
        fields.optional("reaction", 16)?;
        return Ok(Answer::json(200, &json!({"id": "true_0@c.us_3EB0REACTION"})));
    }
    let to = destination(fields.text("chatId", 100)?)?;
    let content = content(&fields, method)?;
    let body = Value::Object(body.clone());
    let accepted = state.accept(Accepting { account: line.name.clone(), to, content, body, failure: None }, now);
    Ok(Answer::json(201, &json!({"id": events::id(&accepted), "timestamp": now.div_euclid(1_000), "fromMe": true, "_data": {}})))
}

fn content(fields: &Fields<'_>, method: &str) -> Result<Content, Refused> {
    let plain = |kind: &str, text: &str| Content { kind: kind.to_owned(), text: text.to_owned(), ..Content::default() };
    Ok(match method {
        "sendText" => plain("text", fields.text("text", 65_536)?),
        "sendImage" | "sendFile" | "sendVideo" | "sendVoice" => {
            let kind = match method {
                "sendImage" => "image",
                "sendVideo" => "video",
                "sendVoice" => "audio",
                _ => "document",
            };
            let file = fields.object("file")?;
            let mime = file.text("mimetype", 200)?;
            if method == "sendVoice" && !mime.starts_with("audio/ogg") {
                return Err(Refused::new(422, "voice must be audio/ogg; codecs=opus"));
            }
            let caption = fields.optional("caption", 65_536)?.unwrap_or_default();
            // The web client behind a gateway makes a JPEG of a WebP before it sends it.
            let fetched = if kind == "image" && mime == "image/webp" { "sticker" } else { kind };
            Content { media: Some(MediaLink::at(fetched, file.url("url")?)), ..plain(kind, caption) }
        }
        "sendLocation" => {
            fields.degrees("latitude", 90.0)?;
            fields.degrees("longitude", 180.0)?;
            plain("location", fields.optional("title", 1_000)?.unwrap_or_default())
        }
        "sendContactVcard" => {
            for contact in fields.objects("contacts", 1, 50)? {
                contact.text("vcard", 10_000)?;
            }
            plain("contacts", "")
        }
        _ => return Err(Refused::new(404, "Cannot POST")),
    })
}

/// The dialect.
pub(super) struct Words;

impl Dialect for Words {
    fn fresh(&self, _seed: &Seed) -> Fresh {
        Fresh { id: "default".to_owned(), state: "WORKING", ..Fresh::default() }
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

    fn session(&self, state: &mut State, line: &Line, now: Ms) {
        events::state(state, line, now);
    }

    fn headers(&self, state: &mut State, line: &Line, now: Ms) -> Vec<(String, String)> {
        let number = state.next_number();
        vec![
            ("X-Webhook-Request-Id".to_owned(), format!("req-{}-{number}", line.name)),
            ("X-Webhook-Timestamp".to_owned(), now.to_string()),
        ]
    }

    /// `X-Webhook-Hmac` with the session's key, when it has one (reference 7.4).
    fn proof(&self, line: &Line) -> Proof {
        if line.secret.is_empty() { Proof::None } else { Proof::Key { vendor: line.vendor, key: line.secret.clone() } }
    }

    fn sign(&self, callback: &Callback, key: &str) -> Signed {
        let bytes = callback.body.to_string().into_bytes();
        let hash = hex::encode(mac::<Hmac<sha2::Sha512>>(key, &bytes));
        Signed::json(bytes, vec![("X-Webhook-Hmac", hash), ("X-Webhook-Hmac-Algorithm", "sha512".to_owned())])
    }
}
