//! A user's message in V2 (reference/whatsapp.md 4.11.1) → ours.

use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::provider::json;
use crate::provider::meta_shape::inbound::{amends, cards, location, moved_to};
use serde_json::{Value, json as make};

/// Reads the `payload` of an envelope of type `message`.
pub(super) fn read(payload: &Value) -> InboundMessage {
    let word = json::at(payload, "type").unwrap_or_default();
    let part = payload.get("payload").unwrap_or(&Value::Null);
    let context = payload.get("context").unwrap_or(&Value::Null);
    let mut read = InboundMessage {
        wa_id: json::at(payload, "id").unwrap_or_default(),
        identity: identity(payload),
        kind: kind(&word).to_owned(),
        context_ids: ids(context, &["gsId", "id"]),
        referral: payload.get("referral").or_else(|| part.get("referral")).is_some_and(Value::is_object),
        raw: payload.clone(),
        ..InboundMessage::default()
    };
    match read.kind.as_str() {
        "text" => read.text = json::at(part, "text"),
        "image" | "video" | "audio" | "document" | "sticker" => {
            read.caption = json::at(part, "caption");
            read.media = Some(media(&read.kind, part));
        }
        "location" => read.location = Some(location(part)),
        "contacts" => read.contacts = Some(cards(json::items(part, "contacts"))),
        "button_reply" => answered(&mut read, json::first(part, &["title", "reply"]), part),
        "list_reply" => answered(&mut read, json::at(part, "reply").map(without_index).or_else(|| json::at(part, "title")), part),
        "button" => answered(&mut read, json::first(part, &["text", "title"]), part),
        "reaction" => {
            read.reaction = Some(json::at(part, "emoji").unwrap_or_default());
            read.context_ids = ids(part, &["gsId", "id"]);
        }
        "order" => read.text = json::at(part, "text"),
        "edited" | "deleted" => {
            amends(part, payload, &mut read);
            if read.context_ids.is_empty() {
                // Nothing else names the message that it is about.
                read.context_ids = ids(payload, &["id"]);
            }
        }
        "flow_reply" => read.text = json::first(part, &["body", "text"]),
        "system" => {
            read.text = json::first(part, &["body", "text"]);
            read.moved_to = moved_to(part);
        }
        _ => {}
    }
    read
}

fn kind(word: &str) -> &'static str {
    match word {
        "text" => "text",
        "image" => "image",
        "video" => "video",
        "audio" | "voice" => "audio",
        "file" | "document" => "document",
        "sticker" => "sticker",
        "location" => "location",
        "contact" | "contacts" => "contacts",
        "button_reply" => "button_reply",
        "list_reply" => "list_reply",
        // Template quick replies come under both names (11, to verify live).
        "quick_reply" | "button" => "button",
        "reaction" => "reaction",
        "order" | "product_details" => "order",
        "nfm_reply" | "flow" => "flow_reply",
        "system" => "system",
        "edit" | "edited" => "edited",
        "revoke" | "revoked" | "delete" | "deleted" => "deleted",
        _ => "unsupported",
    }
}

/// An answer's identity is its postback text: Gupshup does not return the option's id.
fn answered(read: &mut InboundMessage, title: Option<String>, part: &Value) {
    read.reply_id = json::first(part, &["postbackText", "payload"]).or_else(|| title.clone());
    read.text.clone_from(&title);
    read.reply_title = title;
}

/// `reply` is the row's title with its position behind: "Склад 1 2" → "Склад 1".
fn without_index(reply: String) -> String {
    match reply.rsplit_once(' ') {
        Some((title, index)) if !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()) => title.to_owned(),
        _ => reply,
    }
}

fn ids(value: &Value, keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| json::at(value, key)).collect()
}

fn identity(payload: &Value) -> Identity {
    let sender = payload.get("sender").unwrap_or(&Value::Null);
    let told = json::at(sender, "phone").or_else(|| json::at(payload, "source"));
    let phone = told.as_deref().and_then(json::digits);
    Identity {
        // A user who hides the phone is named by the business-scoped id in the same place.
        bsuid: json::at(sender, "userId").or_else(|| told.filter(|_| phone.is_none())),
        phone,
        username: json::at(sender, "username"),
        display_name: json::at(sender, "name"),
        ..Identity::default()
    }
}

fn media(kind: &str, part: &Value) -> Value {
    make!({
        "kind": kind,
        "mime": json::at(part, "contentType"),
        "file_name": json::at(part, "name"),
        "url": json::at(part, "url"),
        "size": part.get("size").and_then(json::number),
        "provider_id": json::at(part, "id"),
    })
}
