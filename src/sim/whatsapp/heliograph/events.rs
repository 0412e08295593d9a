//! Beams: what a station reports, in batches of one.

use super::super::gupshup::events::file_of;
use super::super::inbound::{Inbound, InboundMessage};
use super::super::line::{Line, proof, publish};
use super::super::message::{Message, Status};
use super::super::state::State;
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// The station's id of a dispatch.
pub(super) fn dispatch_id(provider_id: &str) -> String {
    format!("dp_{}", provider_id.replace('-', ""))
}

/// The station's id of a letter.
pub(super) fn letter_id(wamid: &str) -> String {
    let number: String = wamid.bytes().rev().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("lt_{number}")
}

fn moment(at: Ms) -> String {
    chrono::DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Reports one beam.
fn report(state: &mut State, line: &Line, event: &str, wamid: Option<&str>, mut beam: Value, now: Ms) {
    let number = state.next_number();
    if let Some(fields) = beam.as_object_mut() {
        fields.insert("beam".to_owned(), json!(format!("bm_{}_{number}", line.id)));
    }
    let body = json!({"station": line.id, "sealed_at": now.div_euclid(1_000), "beams": [beam]});
    publish(state, line, event, wamid, proof(line), body, now);
}

/// A person by `tel`, a group by `room`.
fn to(destination: &str) -> Value {
    match destination.strip_suffix("@g.us") {
        Some(room) => json!({"room": room}),
        None => json!({"tel": format!("+{destination}")}),
    }
}

/// Words a step of an outgoing message.
pub(super) fn status(state: &mut State, line: &Line, message: &Message, status: Status, now: Ms) {
    let light = match status {
        Status::Accepted | Status::Deleted => return,
        Status::Enqueued => "posted",
        Status::Sent => "aloft",
        Status::Delivered => "landed",
        Status::Read => "seen",
        Status::Failed => "lost",
    };
    let mut beam = json!({"what": "dispatch", "at": moment(now), "dispatch": dispatch_id(&message.provider_id), "light": light,
        "ref": state.tags.get(&message.wamid), "to": to(&message.to)});
    if let (Some(failure), Some(fields)) = (message.failure.as_ref().filter(|_| status == Status::Failed), beam.as_object_mut()) {
        let word = if failure.reason == "no-such-tel" { "no-such-tel" } else { "smoke" };
        fields.insert("fault".to_owned(), json!({"word": word, "say": failure.reason}));
    }
    report(state, line, status.word(), Some(&message.wamid), beam, now);
}

/// Words a change of the lamp.
pub(super) fn state(state: &mut State, line: &Line, now: Ms) {
    let aligned = matches!(line.state.as_str(), "lit" | "dimmed");
    let beam = json!({"what": "lamp", "at": moment(now), "lamp": line.state, "tel": aligned.then(|| format!("+{}", line.phone))});
    report(state, line, "state", None, beam, now);
}

/// Words a person's message.
pub(super) fn inbound(state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms) {
    let person = state.person(&inbound.phone).clone();
    let file = file_of(state, inbound);
    let dispatch = |state: &State, wamid: &str| state.message(wamid).map(|message| dispatch_id(&message.provider_id));
    let on = inbound.context.as_deref().and_then(|wamid| dispatch(state, wamid));
    let marked = match &inbound.content {
        Inbound::Reaction { to, .. } => dispatch(state, to),
        _ => None,
    };
    let beam = json!({"what": "letter", "at": moment(inbound.at), "letter": letter_id(&inbound.wamid), "on": on,
        "from": {"tel": format!("+{}", person.phone), "name": person.name}, "say": said(inbound, file, marked)});
    report(state, line, "message", Some(&inbound.wamid), beam, now);
}

fn said(inbound: &InboundMessage, file: Option<(String, String)>, marked: Option<String>) -> Value {
    match &inbound.content {
        Inbound::Text { text } => json!({"as": "words", "words": text}),
        Inbound::Media { media, caption, name, voice } => {
            let word = match media.as_str() {
                "image" => "picture",
                "video" => "film",
                "audio" if *voice => "voice",
                "audio" => "sound",
                "sticker" => "sticker",
                _ => "paper",
            };
            let (url, mime) = file.unwrap_or_default();
            let id = url.rsplit('/').next().unwrap_or_default();
            json!({"as": word, "file": format!("fl_{id}"), "mime": mime, "name": name, "under": caption})
        }
        Inbound::Location { latitude, longitude, name, address } => {
            json!({"as": "place", "at": [latitude, longitude], "name": name, "street": address})
        }
        Inbound::Contact { name, phone } => {
            json!({"as": "cards", "cards": [format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL;waid={phone}:+{phone}\r\nEND:VCARD")]})
        }
        Inbound::Reaction { emoji, .. } => json!({"as": "mark", "on": marked, "emoji": emoji}),
        Inbound::ButtonReply { title, postback, .. } | Inbound::TemplateButton { text: title, payload: postback } => {
            json!({"as": "choice", "key": postback, "label": title})
        }
        Inbound::ListReply { title, postback, .. } => json!({"as": "menu-choice", "key": postback, "label": title}),
        Inbound::Order { items, .. } => json!({"as": "basket", "items": items}),
        Inbound::FlowReply { response } => json!({"as": "form", "answers": response}),
        Inbound::Unknown { type_word, payload } => json!({"as": type_word, "payload": payload}),
    }
}
