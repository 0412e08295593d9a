//! A client's letter → ours.

use super::station::FILE;
use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::provider::{json, vcard};
use serde_json::{Value, json as make};

/// Reads a beam about a letter; `None` when it names none.
pub(super) fn read(beam: &Value) -> Option<InboundMessage> {
    let part = |name: &str| beam.get(name).unwrap_or(&Value::Null);
    let said = part("say");
    let mut read = InboundMessage {
        wa_id: json::at(beam, "letter")?,
        identity: Identity {
            phone: json::at(part("from"), "tel").and_then(|tel| json::digits(&tel)),
            display_name: json::at(part("from"), "name"),
            group: json::at(part("room"), "id"),
            ..Identity::default()
        },
        context_ids: json::at(beam, "on").into_iter().collect(),
        raw: beam.clone(),
        ..InboundMessage::default()
    };
    let word = json::at(said, "as").unwrap_or_default();
    let kind = match word.as_str() {
        "words" => "text",
        "picture" => "image",
        "film" => "video",
        "sound" | "voice" => "audio",
        "paper" => "document",
        "sticker" => "sticker",
        "choice" => "button_reply",
        "menu-choice" => "list_reply",
        "place" => "location",
        "cards" => "contacts",
        "mark" => "reaction",
        _ => "unknown",
    };
    kind.clone_into(&mut read.kind);
    match kind {
        "text" => read.text = json::at(said, "words"),
        "image" | "video" | "audio" | "document" | "sticker" => {
            read.caption = json::at(said, "under");
            read.media = Some(media(kind, said));
        }
        "button_reply" | "list_reply" => {
            read.reply_id = json::at(said, "key");
            read.reply_title = json::at(said, "label");
            read.text.clone_from(&read.reply_title);
        }
        "location" => read.location = Some(place(said)),
        "contacts" => read.contacts = Some(json::items(said, "cards").iter().filter_map(json::text).map(|card| shown(&card)).collect()),
        "reaction" => {
            read.reaction = Some(json::at(said, "emoji").unwrap_or_default());
            read.context_ids = json::at(said, "on").into_iter().collect();
        }
        _ => {}
    }
    Some(read)
}

/// A file of the station is told by its id.
fn media(kind: &str, said: &Value) -> Value {
    let id = json::at(said, "file").unwrap_or_default();
    make!({"kind": kind, "mime": json::at(said, "mime"), "file_name": json::at(said, "name"), "url": format!("{FILE}{id}"),
        "size": said.get("bytes").and_then(json::number), "provider_id": id, "voice": json::at(said, "as").as_deref() == Some("voice")})
}

fn place(said: &Value) -> Value {
    let degrees = |index: usize| json::items(said, "at").get(index).and_then(json::number);
    make!({"latitude": degrees(0), "longitude": degrees(1), "name": json::at(said, "name"), "address": json::at(said, "street")})
}

fn shown(card: &str) -> Value {
    let field = |name: &str| vcard::values(card, name);
    make!({"name": field("FN").first(), "phones": vcard::phones(card), "emails": field("EMAIL"), "company": field("ORG").first()})
}
