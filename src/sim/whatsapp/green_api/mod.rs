//! Green-API (reference/whatsapp.md 6): methods under an instance and its token, a queue that takes whatever is well-formed.

pub(super) mod events;

use super::dialect::{Dialect, Fresh, Seed};
use super::gupshup::form::{Fields, Refusal};
use super::inbound::InboundMessage;
use super::line::{Line, Vendor};
use super::message::{Content, Failure, MediaLink, Message, Status};
use super::server::{Answer, Call};
use super::state::{Accepting, Shared, State};
use crate::domain::clock::Ms;
use base64::Engine as _;
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value, json};

/// A refused request: status and message.
struct Refused(u16, String);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(400, format!("Validation failed. Details: {}", refusal.told().1))
    }
}

/// Answers `/waInstance{id}/{method}/{token}`; `None` = no such path.
fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    let parts = call.parts();
    let (instance, method, token) = match parts.as_slice() {
        [first, method, token] => (first.strip_prefix("waInstance")?, *method, *token),
        _ => return None,
    };
    let now = shared.now();
    let mut state = shared.lock();
    let told = act(&mut state, call, instance, method, token, now);
    Some(told.unwrap_or_else(|Refused(status, message)| {
        if status == 401 {
            return Answer { status, headers: Vec::new(), content_type: "text/plain".to_owned(), body: bytes::Bytes::new() };
        }
        Answer::json(status, &json!({"statusCode": status, "timestamp": now, "path": call.path, "message": message}))
    }))
}

fn act(state: &mut State, call: &Call, instance: &str, method: &str, token: &str, now: Ms) -> Result<Answer, Refused> {
    let line = state.lines.iter().find(|line| line.vendor == Vendor::GreenApi && line.id == instance).cloned();
    let line = line.ok_or_else(|| Refused(403, "Forbidden".to_owned()))?;
    if line.key != token {
        return Err(Refused(401, String::new()));
    }
    match (call.method.as_str(), method) {
        ("GET", "getStateInstance") => Ok(Answer::json(200, &json!({"stateInstance": line.state}))),
        ("GET", "getWaSettings") => {
            let paired = line.state == "authorized" || line.state == "yellowCard";
            let phone = if paired { line.phone.as_str() } else { "" };
            Ok(Answer::json(200, &json!({"avatar": "", "phone": phone, "stateInstance": line.state, "deviceId": ""})))
        }
        ("GET", "getSettings") => {
            let mut settings: Map<String, Value> = line.settings.clone().into_iter().collect();
            settings.insert("webhookUrl".to_owned(), json!(line.hook));
            settings.entry("webhookUrlToken").or_insert_with(|| json!(""));
            Ok(Answer::json(200, &Value::Object(settings)))
        }
        ("GET", "qr") => Ok(Answer::json(
            200,
            &match line.state.as_str() {
                "notAuthorized" => {
                    let picture = base64::engine::general_purpose::STANDARD.encode(format!("\u{89}PNG scan me {}", line.name));
                    json!({"type": "qrCode", "message": picture})
                }
                "authorized" | "yellowCard" => json!({"type": "alreadyLogged", "message": "instance account already authorized"}),
                _ => json!({"type": "error", "message": "try later"}),
            },
        )),
        ("POST", "getAuthorizationCode") => {
            number(&body(call)?)?;
            let waits = line.state == "notAuthorized";
            Ok(Answer::json(200, &if waits { json!({"status": true, "code": "ABCD1234"}) } else { json!({"status": false, "code": ""}) }))
        }
        ("GET", "logout") => {
            if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
                "notAuthorized".clone_into(&mut own.state);
            }
            if let Some(changed) = state.line(&line.name).cloned() {
                events::state(state, &changed, now);
            }
            Ok(Answer::json(200, &json!({"isLogout": true})))
        }
        ("POST", "checkWhatsapp") => {
            let digits = number(&body(call)?)?;
            let exists = state.addressee(&digits).on_whatsapp;
            Ok(Answer::json(200, &json!({"existsWhatsapp": exists, "chatId": exists.then(|| events::chat(&digits))})))
        }
        ("POST", "downloadFile") => {
            let body = body(call)?;
            let fields = Fields::new(&body, "body");
            let (chat, id) = (destination(fields.text("chatId", 100)?)?, fields.text("idMessage", 100)?);
            let found = state.inbound.iter().find(|message| message.phone == chat && events::inbound_id(&message.wamid) == id);
            let wamid =
                found.map(|message| hex::encode(message.wamid.as_bytes())).ok_or_else(|| Refused(400, "message not found".to_owned()))?;
            Ok(Answer::json(200, &json!({"downloadUrl": format!("{}/files/{wamid}", state.base)})))
        }
        ("POST", "readChat") => {
            let body = body(call)?;
            let fields = Fields::new(&body, "body");
            let (chat, id) = (destination(fields.text("chatId", 100)?)?, fields.optional("idMessage", 100)?.map(str::to_owned));
            let known = |message: &&InboundMessage| message.account == line.name && message.phone == chat;
            let read =
                state.inbound.iter().filter(known).find(|message| id.as_ref().is_none_or(|id| events::inbound_id(&message.wamid) == *id));
            let wamid = read.map(|message| message.wamid.clone()).ok_or_else(|| Refused(400, "message not found".to_owned()))?;
            state.marked_read(&line.name, wamid);
            Ok(Answer::json(200, &json!({"setRead": true})))
        }
        ("POST", "setSettings") => configure(state, &line, &body(call)?),
        ("POST", method @ ("sendMessage" | "sendFileByUrl" | "sendLocation" | "sendContact")) => send(state, &line, method, call, now),
        ("POST", "sendButtons" | "sendTemplateButtons" | "sendListMessage" | "sendTemplate") => Err(Refused(403, "Forbidden".to_owned())),
        _ => Err(Refused(404, "Not Found".to_owned())),
    }
}

/// `phoneNumber`: a number, not a text.
fn number(body: &Map<String, Value>) -> Result<String, Refused> {
    let told = body.get("phoneNumber").and_then(Value::as_u64).map(|number| number.to_string());
    let formed = told.filter(|digits| (7..=15).contains(&digits.len()));
    formed.ok_or_else(|| Refused(400, "Validation failed. Details: 'phoneNumber' must be a number".to_owned()))
}

fn body(call: &Call) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Refused(400, "bad request data".to_owned())),
    }
}

fn configure(state: &mut State, line: &Line, told: &Map<String, Value>) -> Result<Answer, Refused> {
    let switch = |name: &str| name.ends_with("Webhook");
    let wrong = told.iter().find(|(name, value)| switch(name) && !matches!(value.as_str(), Some("yes" | "no")));
    if let Some((name, _)) = wrong {
        return Err(Refused(400, format!("Validation failed. Details: '{name}' must be one of [yes, no]")));
    }
    if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
        for (name, value) in told {
            match (name.as_str(), value.as_str()) {
                ("webhookUrl", Some(url)) => url.clone_into(&mut own.hook),
                ("webhookUrlToken", Some(token)) => {
                    token.clone_into(&mut own.secret);
                    own.settings.insert(name.clone(), value.clone());
                }
                _ => {
                    own.settings.insert(name.clone(), value.clone());
                }
            }
        }
    }
    Ok(Answer::json(200, &json!({"saveSettings": true})))
}

fn send(state: &mut State, line: &Line, method: &str, call: &Call, now: Ms) -> Result<Answer, Refused> {
    let body = body(call)?;
    let fields = Fields::new(&body, "body");
    let to = destination(fields.text("chatId", 100)?)?;
    let content = content(&fields, method)?;
    let person = state.addressee(&to);
    let failure = if person.on_whatsapp { None } else { Some(Failure { code: 0, reason: "noAccount".to_owned(), early: false }) };
    let accepting = Accepting { account: line.name.clone(), to, content, body: Value::Object(body.clone()), failure };
    let accepted = state.accept(accepting, now);
    Ok(Answer::json(200, &json!({"idMessage": events::id(&accepted.provider_id)})))
}

/// A person by digits, a group by its whole id.
pub(super) fn destination(chat: &str) -> Result<String, Refusal> {
    match chat.split_once('@') {
        Some((digits, "c.us")) if digits.bytes().all(|byte| byte.is_ascii_digit()) && (7..=15).contains(&digits.len()) => {
            Ok(digits.to_owned())
        }
        Some((id, "g.us" | "lid")) if !id.is_empty() => Ok(chat.to_owned()),
        _ => Err(Refusal::bad("'chatId' must be a chat id")),
    }
}

fn content(fields: &Fields<'_>, method: &str) -> Result<Content, Refusal> {
    let plain = |kind: &str, text: &str| Content { kind: kind.to_owned(), text: text.to_owned(), ..Content::default() };
    Ok(match method {
        "sendMessage" => plain("text", fields.text("message", 20_000)?),
        "sendFileByUrl" => {
            let name = fields.text("fileName", 255)?;
            let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
            let kind = match extension.as_deref() {
                Some("jpg" | "jpeg" | "png") => "image",
                Some("mp4" | "3gp" | "mov") => "video",
                Some("mp3" | "wav" | "m4a" | "ogg") => "audio",
                Some(_) => "document",
                None => return Err(fields.wrong("fileName", "has no extension")),
            };
            let caption = fields.optional("caption", 20_000)?.unwrap_or_default();
            Content { media: Some(MediaLink::at(kind, fields.url("urlFile")?)), ..plain(kind, caption) }
        }
        "sendLocation" => {
            fields.degrees("latitude", 90.0)?;
            fields.degrees("longitude", 180.0)?;
            plain("location", fields.optional("nameLocation", 1_000)?.unwrap_or_default())
        }
        _ => {
            let contact = fields.object("contact")?;
            if !contact.get("phoneContact").is_some_and(Value::is_u64) {
                return Err(contact.wrong("phoneContact", "must be a number"));
            }
            plain("contacts", contact.optional("firstName", 255)?.unwrap_or_default())
        }
    })
}

/// The dialect.
pub(super) struct Words;

impl Dialect for Words {
    fn fresh(&self, seed: &Seed) -> Fresh {
        Fresh { id: format!("1103{}", seed.number(7, 13)), state: "authorized", ..Fresh::default() }
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

    /// The token that the instance was given is all the proof there is.
    fn headers(&self, _state: &mut State, line: &Line, _now: Ms) -> Vec<(String, String)> {
        if line.secret.is_empty() { Vec::new() } else { vec![("Authorization".to_owned(), format!("Bearer {}", line.secret))] }
    }
}
