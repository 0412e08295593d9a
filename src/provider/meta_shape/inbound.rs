//! A user's message in Meta's shape → ours (reference/whatsapp.md 5.13).

use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::provider::json;
use serde_json::{Value, json as make};

/// Reads one message with the contacts of its change.
pub(super) fn read(message: &Value, contacts: &[Value]) -> InboundMessage {
    let word = json::at(message, "type").unwrap_or_default();
    let part = message.get(word.as_str()).unwrap_or(&Value::Null);
    let mut read = InboundMessage {
        wa_id: json::at(message, "id").unwrap_or_default(),
        identity: identity(message, contacts),
        kind: kind(&word).to_owned(),
        context_ids: message.get("context").and_then(|context| json::at(context, "id")).into_iter().collect(),
        referral: message.get("referral").is_some_and(Value::is_object),
        raw: message.clone(),
        ..InboundMessage::default()
    };
    match word.as_str() {
        "text" => read.text = json::at(part, "body"),
        "image" | "video" | "audio" | "document" | "sticker" => {
            read.caption = json::at(part, "caption");
            read.media = Some(media(&word, part));
        }
        "location" => read.location = Some(location(part)),
        "contacts" => read.contacts = Some(cards(message.get("contacts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default())),
        "button" => {
            read.text = json::at(part, "text");
            read.reply_title = json::at(part, "text");
            read.reply_id = json::first(part, &["payload", "text"]);
        }
        "interactive" => interactive(part, &mut read),
        "reaction" => {
            read.reaction = Some(json::at(part, "emoji").unwrap_or_default());
            read.context_ids = json::at(part, "message_id").into_iter().collect();
        }
        "order" => read.text = json::at(part, "text"),
        "edit" | "edited" | "revoke" | "revoked" | "deleted" => amends(part, message, &mut read),
        "system" => {
            read.text = json::at(part, "body");
            read.moved_to = moved_to(part);
        }
        _ => {}
    }
    read
}

/// A change of an earlier message, or its end: which one, and what it says now. The new wording is a message within, or words beside.
pub(in crate::provider) fn amends(part: &Value, whole: &Value, read: &mut InboundMessage) {
    let named = |value: &Value| json::first(value, &["original_message_id", "originalMessageId", "original_id", "message_id"]);
    let beside = whole.get("context").and_then(|context| json::at(context, "id"));
    read.context_ids = named(part).or_else(|| named(whole)).or(beside).into_iter().collect();
    if read.kind == "deleted" {
        return;
    }
    let inner = part.get("message").filter(|inner| inner.is_object()).unwrap_or(part);
    let of_kind = json::at(inner, "type").and_then(|kind| inner.get(kind.as_str()).cloned()).or_else(|| inner.get("payload").cloned());
    let words = |value: &Value| json::first(value, &["body", "text", "caption"]);
    read.text = of_kind.as_ref().and_then(words).or_else(|| words(inner)).or_else(|| inner.get("text").and_then(words));
}

/// Who the sender is after a change of number (reference/whatsapp.md A.3).
pub(in crate::provider) fn moved_to(part: &Value) -> Option<Identity> {
    let changed = json::at(part, "type").is_none_or(|kind| kind.contains("changed_number"));
    let phone = json::first(part, &["wa_id", "new_wa_id"]).filter(|_| changed).and_then(|id| json::digits(&id))?;
    Some(Identity { phone: Some(phone), bsuid: json::at(part, "user_id"), ..Identity::default() })
}

/// Type words that are our own.
const PLAIN: [&str; 12] =
    ["text", "image", "video", "audio", "document", "sticker", "location", "contacts", "button", "reaction", "order", "unsupported"];

/// The kind of a type word that needs no second look; `unknown` for any other.
pub(in crate::provider) fn plain_kind(word: &str) -> &'static str {
    PLAIN.into_iter().find(|known| *known == word).unwrap_or("unknown")
}

fn kind(word: &str) -> &'static str {
    match word {
        // The first opening of a chat is no user message.
        "system" | "request_welcome" => "system",
        "edit" | "edited" => "edited",
        "revoke" | "revoked" | "deleted" => "deleted",
        other => plain_kind(other),
    }
}

fn interactive(part: &Value, read: &mut InboundMessage) {
    let word = json::at(part, "type").unwrap_or_default();
    let answer = part.get(word.as_str()).unwrap_or(&Value::Null);
    match word.as_str() {
        "button_reply" | "list_reply" => {
            read.kind = word.clone();
            read.reply_id = json::at(answer, "id");
            read.reply_title = json::at(answer, "title");
            read.text.clone_from(&read.reply_title);
        }
        "nfm_reply" => {
            let address = json::at(answer, "name").is_some_and(|name| name == "address_message");
            read.kind = if address { "address_reply" } else { "flow_reply" }.to_owned();
            read.text = json::at(answer, "body");
        }
        _ => read.kind = "unknown".to_owned(),
    }
}

fn identity(message: &Value, contacts: &[Value]) -> Identity {
    let phone = json::at(message, "from").and_then(|from| json::digits(&from));
    let bsuid = json::at(message, "from_user_id");
    let same = |contact: &&Value| {
        let wa_id = json::at(contact, "wa_id").and_then(|id| json::digits(&id));
        let user_id = json::at(contact, "user_id");
        (phone.is_some() && wa_id == phone) || (bsuid.is_some() && user_id == bsuid)
    };
    // A contact that names nobody can only be the sender; one with another id, or with an id the message lacks, is not said to be.
    let nameless = |contact: &&Value| contacts.len() == 1 && contact.get("wa_id").is_none() && contact.get("user_id").is_none();
    let contact = contacts.iter().find(same).or_else(|| contacts.first().filter(nameless));
    let profile = contact.and_then(|contact| contact.get("profile"));
    let of_contact = |key: &str| contact.and_then(|contact| json::at(contact, key));
    Identity {
        phone: phone.clone().or_else(|| of_contact("wa_id").and_then(|id| json::digits(&id))),
        bsuid: bsuid.clone().or_else(|| of_contact("user_id")),
        username: profile.and_then(|profile| json::at(profile, "username")),
        display_name: profile.and_then(|profile| json::at(profile, "name")),
        group: json::at(message, "group_id"),
        ..Identity::default()
    }
}

fn media(kind: &str, part: &Value) -> Value {
    make!({
        "kind": kind,
        "mime": json::at(part, "mime_type"),
        "file_name": json::at(part, "filename"),
        "url": json::at(part, "url"),
        "size": part.get("file_size").and_then(json::number),
        "provider_id": json::at(part, "id"),
        "voice": part.get("voice").and_then(Value::as_bool),
    })
}

/// `{latitude, longitude, name, address}`, numbers as numbers.
pub(in crate::provider) fn location(part: &Value) -> Value {
    let number = |key: &str| part.get(key).and_then(json::number);
    make!({
        "latitude": number("latitude"), "longitude": number("longitude"),
        "name": json::at(part, "name"), "address": json::at(part, "address"),
    })
}

/// Cards as `{name, phones[], emails[], company}`; both spellings of names are read.
pub(in crate::provider) fn cards(cards: &[Value]) -> Value {
    let list = |card: &Value, key: &str, value: &str| -> Vec<String> {
        json::items(card, key).iter().filter_map(|item| json::at(item, value)).collect()
    };
    let read = |card: &Value| {
        let name = card.get("name").unwrap_or(&Value::Null);
        make!({
            "name": json::first(name, &["formatted_name", "formattedName", "first_name", "firstName"]),
            "phones": list(card, "phones", "phone"),
            "emails": list(card, "emails", "email"),
            "company": card.get("org").and_then(|org| json::at(org, "company")),
        })
    };
    Value::Array(cards.iter().map(read).collect())
}
