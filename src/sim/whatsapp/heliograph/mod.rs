//! Heliograph, the gateway of the tests (tests/fixtures/heliograph/SOURCE.md): stations with a key, ids in headers, sealed batches.

mod events;
mod send;

use super::delivery::{Callback, Proof};
use super::dialect::{Dialect, Fresh, Seed};
use super::gupshup::form::{Fields, Refusal};
use super::inbound::InboundMessage;
use super::line::{Line, Vendor};
use super::media;
use super::message::{Message, Status};
use super::server::{Answer, Call};
use super::signature::{Signed, sha256_hex};
use super::state::{Shared, State};
use crate::domain::clock::Ms;
use base64::Engine as _;
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// A refused request: status, word, sentence.
struct Refused(u16, &'static str, String);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(400, "bad-say", refusal.told().1.to_owned())
    }
}

impl Refused {
    fn new(status: u16, word: &'static str, say: &str) -> Self {
        Self(status, word, say.to_owned())
    }
}

type Told = Result<Answer, Refused>;

/// Answers a path under `/v2/stations/`; `None` = no such path.
fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    let parts = call.parts();
    let ["v2", "stations", station, path @ ..] = parts.as_slice() else { return None };
    let now = shared.now();
    let mut state = shared.lock();
    let told = owned(&state, call, station).and_then(|line| act(&mut state, call, &line, path, now));
    Some(told.unwrap_or_else(|Refused(status, word, say)| Answer::json(status, &json!({"fault": {"word": word, "say": say}}))))
}

/// The station of the path, when the key is its own.
fn owned(state: &State, call: &Call, station: &str) -> Result<Line, Refused> {
    let told = call.header("authorization").strip_prefix("Station ").and_then(|pair| pair.split_once(':'));
    let own = |line: &&Line| line.vendor == Vendor::Heliograph && line.id == station && told == Some((station, line.key.as_str()));
    state.lines.iter().find(own).cloned().ok_or_else(|| Refused::new(401, "bad-key", "The key is not this station's"))
}

fn act(state: &mut State, call: &Call, line: &Line, path: &[&str], now: Ms) -> Told {
    match (call.method.as_str(), path) {
        ("GET", []) => Ok(Answer::json(200, &shown(line))),
        ("GET", ["mirror"]) => Ok(mirror(line)),
        ("PUT", ["mirror"]) => turn_mirror(state, line, &body(call)?),
        ("POST", ["alignment", "begin"]) => Ok(turn(state, line, "aligning", now)),
        ("POST", ["alignment"]) => align(line, &body(call)?),
        ("DELETE", ["alignment"]) => Ok(turn(state, line, "dark", now)),
        ("GET", ["tels", digits]) => {
            let exists = state.addressee(&tel(&format!("+{digits}"))?).on_whatsapp;
            Ok(Answer::json(200, &json!({"tel": format!("+{digits}"), "on_whatsapp": exists})))
        }
        ("GET", ["files", id]) => Ok(media::answer(state, id.strip_prefix("fl_").unwrap_or_default())),
        ("POST", ["letters", id, "seen"]) => seen(state, line, id, &body(call)?),
        ("POST", ["dispatches"]) => send::send(state, line, &body(call)?, now),
        _ => Err(Refused::new(404, "no-such-place", "There is nothing here")),
    }
}

fn body(call: &Call) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(body)) if call.header("content-type").starts_with("application/json") => Ok(body),
        _ => Err(Refused::new(400, "bad-say", "A JSON object is expected")),
    }
}

/// `+` and digits.
fn tel(told: &str) -> Result<String, Refusal> {
    let digits = told.strip_prefix('+').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let formed = digits.filter(|digits| (7..=15).contains(&digits.len()));
    formed.map(str::to_owned).ok_or_else(|| Refusal::bad("tel: + and 7 to 15 digits expected"))
}

fn shown(line: &Line) -> Value {
    let aligned = matches!(line.state.as_str(), "lit" | "dimmed");
    json!({"station": line.id, "lamp": line.state, "tel": aligned.then(|| format!("+{}", line.phone))})
}

fn mirror(line: &Line) -> Answer {
    let print: String = hex::encode(Sha256::digest(line.secret.as_bytes())).chars().take(8).collect();
    let told = if line.hook.is_empty() { json!({"to": null, "seal_print": null}) } else { json!({"to": line.hook, "seal_print": print}) };
    Answer::json(200, &told)
}

fn turn_mirror(state: &mut State, line: &Line, told: &Map<String, Value>) -> Told {
    let fields = Fields::new(told, "body");
    let (to, seal) = (fields.url("to")?, fields.text("seal", 200)?);
    if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
        to.clone_into(&mut own.hook);
        seal.clone_into(&mut own.secret);
    }
    Ok(state.line(&line.name).map_or_else(|| mirror(line), mirror))
}

/// Another lamp, which the business hears of.
fn turn(state: &mut State, line: &Line, lamp: &str, now: Ms) -> Answer {
    if let Some(own) = state.lines.iter_mut().find(|own| own.name == line.name) {
        lamp.clone_into(&mut own.state);
    }
    let changed = state.line(&line.name).cloned().unwrap_or_else(|| line.clone());
    events::state(state, &changed, now);
    Answer::json(200, &shown(&changed))
}

fn align(line: &Line, told: &Map<String, Value>) -> Told {
    match line.state.as_str() {
        "aligning" => {}
        "lit" | "dimmed" => return Err(Refused::new(409, "lit", "A phone is aligned already")),
        _ => return Err(Refused::new(409, "dark", "Begin the alignment first")),
    }
    let fields = Fields::new(told, "body");
    match fields.text("by", 10)? {
        "picture" => {
            let png = base64::engine::general_purpose::STANDARD.encode(format!("\u{89}PNG scan me {}", line.name));
            Ok(Answer::json(200, &json!({"png": png})))
        }
        "code" => {
            tel(fields.text("tel", 20)?)?;
            Ok(Answer::json(200, &json!({"code": "HELI-0GRA"})))
        }
        _ => Err(Refused::new(400, "bad-say", "by: picture or code expected")),
    }
}

fn seen(state: &mut State, line: &Line, id: &str, told: &Map<String, Value>) -> Told {
    if !told.get("writing").is_some_and(Value::is_boolean) {
        return Err(Refused::new(400, "bad-say", "writing: yes or no expected"));
    }
    let known = |letter: &&InboundMessage| letter.account == line.name && events::letter_id(&letter.wamid) == id;
    let wamid = state.inbound.iter().find(known).map(|letter| letter.wamid.clone());
    let wamid = wamid.ok_or_else(|| Refused::new(404, "no-such-letter", "There is no such letter"))?;
    state.marked_read(&line.name, wamid);
    Ok(Answer::json(200, &json!({"seen": true})))
}

/// The dialect.
pub(super) struct Words;

impl Dialect for Words {
    fn fresh(&self, seed: &Seed) -> Fresh {
        Fresh { id: format!("st_{}", seed.part(0, 12)), state: "lit", ..Fresh::default() }
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

    fn proof(&self, line: &Line) -> Proof {
        Proof::Key { vendor: line.vendor, key: line.secret.clone() }
    }

    /// `X-Heliograph-Seal`: the moment of sealing, and HMAC-SHA256 over the moment, a dot and the body.
    fn sign(&self, callback: &Callback, key: &str) -> Signed {
        let bytes = callback.body.to_string().into_bytes();
        let moment = callback.body.pointer("/sealed_at").and_then(Value::as_i64).unwrap_or_default();
        let mut sealed = format!("{moment}.").into_bytes();
        sealed.extend_from_slice(&bytes);
        Signed::json(bytes, vec![("X-Heliograph-Seal", format!("t={moment},v1={}", sha256_hex(key, &sealed)))])
    }
}
