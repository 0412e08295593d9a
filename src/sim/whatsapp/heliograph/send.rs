//! `POST …/dispatches`: read strictly, taken into the network, answered with 202 and a `Location`.

use super::super::gupshup::form::{Fields, Refusal};
use super::super::line::Line;
use super::super::message::{Button, ButtonKind, Content, Failure, MediaLink};
use super::super::server::Answer;
use super::super::state::{Accepting, State};
use super::{Refused, Told, events, tel};
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

/// Takes a dispatch, or refuses.
///
/// # Errors
/// The gateway's refusal.
pub(super) fn send(state: &mut State, line: &Line, body: &Map<String, Value>, now: Ms) -> Told {
    if line.state != "lit" {
        return Err(Refused::new(409, "dark", "The lamp of this station is not lit"));
    }
    let fields = Fields::new(body, "body");
    let to = destination(fields.object("to")?)?;
    let tag = fields.text("ref", 100)?.to_owned();
    let say = fields.object("say")?;
    let kind = say.text("as", 20)?;
    if kind == "mark" {
        say.text("on", 300)?;
        say.optional("emoji", 16)?;
        return Ok(taken(line, "dp_mark"));
    }
    let content = content(say, kind)?;
    let exists = state.addressee(&to).on_whatsapp;
    let failure = (!exists).then(|| Failure { code: 0, reason: "no-such-tel".to_owned(), early: false });
    // The same dispatch under another reference is the same dispatch twice.
    let mut plain = body.clone();
    plain.shift_remove("ref");
    let accepted = state.accept(Accepting { account: line.name.clone(), to, content, body: Value::Object(plain), failure }, now);
    state.tags.insert(accepted.wamid.clone(), tag);
    Ok(taken(line, &events::dispatch_id(&accepted.provider_id)))
}

fn taken(line: &Line, id: &str) -> Answer {
    let place = format!("/v2/stations/{}/dispatches/{id}", line.id);
    Answer { headers: vec![("Location".to_owned(), place)], ..Answer::json(202, &json!({"taken": true})) }
}

/// A person by `tel`, a group by `room`.
fn destination(to: Fields<'_>) -> Result<String, Refusal> {
    match (to.optional("tel", 20)?, to.optional("room", 100)?) {
        (Some(told), None) => tel(told),
        (None, Some(room)) if !room.is_empty() && !room.contains('@') => Ok(format!("{room}@g.us")),
        _ => Err(to.wrong("tel", "or room expected, one of them")),
    }
}

fn content(say: Fields<'_>, kind: &str) -> Result<Content, Refused> {
    let plain = |kind: &str, text: &str| Content { kind: kind.to_owned(), text: text.to_owned(), ..Content::default() };
    Ok(match kind {
        "words" => plain("text", say.text("words", 4_000)?),
        "picture" | "film" | "sound" | "voice" | "paper" | "sticker" => {
            let network = match kind {
                "picture" => "image",
                "film" => "video",
                "sound" | "voice" => "audio",
                "sticker" => "sticker",
                _ => "document",
            };
            let caption = say.optional("under", 1_024)?.unwrap_or_default();
            if !caption.is_empty() && matches!(kind, "sound" | "voice" | "sticker") {
                return Err(say.wrong("under", "is not for this kind").into());
            }
            Content { media: Some(MediaLink::at(network, say.url("from")?)), ..plain(network, caption) }
        }
        "place" => {
            let at = say.get("at").and_then(Value::as_array).map(Vec::as_slice);
            let degrees = |told: &Value, bound: f64| told.as_f64().is_some_and(|told| told.abs() <= bound);
            match at {
                Some([north, east]) if degrees(north, 90.0) && degrees(east, 180.0) => {
                    plain("location", say.optional("name", 1_000)?.unwrap_or_default())
                }
                _ => return Err(say.wrong("at", "two coordinates expected").into()),
            }
        }
        "cards" => match say.get("cards").and_then(Value::as_array).map(Vec::as_slice) {
            Some(cards) if !cards.is_empty() && cards.len() <= 10 && cards.iter().all(|card| card.as_str().is_some_and(whole)) => {
                plain("contacts", "")
            }
            _ => return Err(say.wrong("cards", "1 to 10 vCards expected").into()),
        },
        "choices" => {
            Content { buttons: buttons(&say.objects("choices", 1, 3)?, ButtonKind::Reply)?, ..plain("buttons", say.text("words", 1_024)?) }
        }
        "menu" => {
            say.text("open", 20)?;
            Content { buttons: buttons(&say.objects("rows", 1, 10)?, ButtonKind::Row)?, ..plain("list", say.text("words", 1_024)?) }
        }
        _ => return Err(say.wrong("as", "unknown").into()),
    })
}

fn whole(card: &str) -> bool {
    card.starts_with("BEGIN:VCARD\r\n") && card.trim_end().ends_with("END:VCARD")
}

fn buttons(rows: &[Fields<'_>], kind: ButtonKind) -> Result<Vec<Button>, Refusal> {
    let read = |(index, row): (usize, &Fields<'_>)| {
        Ok(Button {
            title: row.text("label", 24)?.to_owned(),
            postback: Some(row.text("key", 200)?.to_owned()),
            description: row.optional("more", 72)?.map(str::to_owned),
            index,
            kind,
            request_id: None,
        })
    };
    rows.iter().enumerate().map(read).collect()
}
