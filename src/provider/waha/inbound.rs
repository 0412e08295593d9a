//! A user's message (reference/whatsapp.md 7.4) → ours. There is no type word: the kind follows from what is there.

use super::answer::bare;
use crate::domain::event::InboundMessage;
use crate::provider::meta_shape::inbound::location;
use crate::provider::{chat_id, json, vcard};
use serde_json::{Value, json as make};

/// Reads an event about a message; `None` for what is no message of a user.
pub(super) fn read(event: &str, payload: &Value) -> Option<InboundMessage> {
    let message = match event {
        // The message as it was, or as it is now; either may be missing.
        "message.revoked" => ["before", "after"].iter().find_map(|key| payload.get(*key).filter(|part| part.is_object()))?,
        "poll.vote" => payload.get("vote").filter(|vote| vote.is_object())?,
        _ => payload,
    };
    let chat = json::at(message, "from")?;
    if chat_id::is_broadcast(&chat) || message.get("fromMe").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let id = bare(&json::at(message, "id")?);
    let mut read = InboundMessage {
        identity: chat_id::identity(&chat, json::at(message, "participant").as_deref()),
        raw: payload.clone(),
        ..InboundMessage::default()
    };
    // What is done to a message is an event of its own, with the message as its context.
    read.wa_id = match event {
        "message.revoked" => format!("{id}:revoked"),
        "message.edited" => format!("{id}:edited:{}", json::at(message, "timestamp").unwrap_or_default()),
        _ => id.clone(),
    };
    match event {
        "message.reaction" => {
            let reaction = message.get("reaction").unwrap_or(&Value::Null);
            read.kind = "reaction".to_owned();
            read.reaction = Some(json::at(reaction, "text").unwrap_or_default());
            read.context_ids = json::at(reaction, "messageId").map(|id| bare(&id)).into_iter().collect();
        }
        "message.revoked" => {
            read.kind = "deleted".to_owned();
            read.context_ids = vec![id];
        }
        "message.edited" => {
            read.kind = "edited".to_owned();
            read.text = json::at(message, "body");
            read.context_ids = vec![id];
        }
        "poll.vote" => {
            read.kind = "poll_vote".to_owned();
            let chosen: Vec<String> = json::items(message, "selectedOptions").iter().filter_map(json::text).collect();
            read.text = Some(chosen.join(", ")).filter(|text| !text.is_empty());
            read.context_ids = payload.get("poll").and_then(|poll| json::at(poll, "id")).map(|id| bare(&id)).into_iter().collect();
        }
        _ => plain(&mut read, message),
    }
    Some(read)
}

fn plain(read: &mut InboundMessage, message: &Value) {
    let body = json::at(message, "body");
    read.context_ids = message.get("replyTo").and_then(|to| json::at(to, "id")).map(|id| bare(&id)).into_iter().collect();
    let cards: Vec<String> = json::items(message, "vCards").iter().filter_map(json::text).collect();
    let place = message.get("location").filter(|place| place.is_object());
    let has_media = message.get("hasMedia").and_then(Value::as_bool).unwrap_or(false);
    let media = message.get("media").filter(|media| media.is_object());
    if let Some(place) = place {
        read.kind = "location".to_owned();
        let mut point = location(place);
        if let (Some(name), Some(fields)) = (json::at(place, "description"), point.as_object_mut()) {
            fields.insert("name".to_owned(), Value::String(name));
        }
        read.location = Some(point);
    } else if !cards.is_empty() {
        read.kind = "contacts".to_owned();
        read.contacts = Some(cards.iter().map(|card| shown(card)).collect());
    } else if let Some(media) = media {
        let mime = json::at(media, "mimetype").unwrap_or_default();
        read.kind = by_mime(&mime).to_owned();
        read.caption = body;
        let told = make!({"kind": read.kind, "mime": mime, "file_name": json::at(media, "filename"), "url": json::at(media, "url"),
            "size": null, "provider_id": read.wa_id, "voice": mime.contains("codecs=opus")});
        read.media = Some(told);
    } else if has_media {
        // A file that the gateway did not fetch: a message of the user all the same.
        read.kind = "unsupported".to_owned();
        read.caption = body;
    } else {
        read.kind = if body.is_some() { "text" } else { "unknown" }.to_owned();
        read.text = body;
    }
}

fn by_mime(mime: &str) -> &'static str {
    match mime.split('/').next().unwrap_or_default() {
        _ if mime.starts_with("image/webp") => "sticker",
        "image" => "image",
        "video" => "video",
        "audio" => "audio",
        _ => "document",
    }
}

/// Name and numbers of a vCard.
fn shown(card: &str) -> Value {
    let field = |name: &str| vcard::values(card, name);
    make!({"name": field("FN").first(), "phones": vcard::phones(card), "emails": field("EMAIL"), "company": field("ORG").first()})
}
