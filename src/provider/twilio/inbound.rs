//! A user's message (reference/whatsapp.md 8.3) → ours.

use super::webhook::{Fields, digits};
use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::provider::meta_shape::inbound::plain_kind;
use serde_json::{Value, json};

/// Reads the fields of an incoming message.
pub(super) fn read(fields: &Fields, sid: &str) -> InboundMessage {
    let kind = kind(fields);
    let body = fields.text("Body");
    let mut read = InboundMessage {
        wa_id: sid.to_owned(),
        identity: Identity {
            phone: fields.find("From").and_then(digits).or_else(|| fields.find("WaId").and_then(digits)),
            bsuid: fields.text("ExternalUserId").or_else(|| fields.text("From").filter(|from| digits(from).is_none()).map(bare)),
            display_name: fields.text("ProfileName"),
            ..Identity::default()
        },
        kind: kind.to_owned(),
        context_ids: fields.text("OriginalRepliedMessageSid").into_iter().collect(),
        referral: fields.find("ReferralSourceId").is_some() || fields.find("ReferralSourceUrl").is_some(),
        raw: fields.raw(),
        ..InboundMessage::default()
    };
    match kind {
        "image" | "video" | "audio" | "document" | "sticker" => {
            read.caption = body;
            read.media = Some(media(fields, kind));
        }
        "contacts" => {
            read.text = body;
            read.media = Some(media(fields, "contacts"));
        }
        "location" => read.location = Some(location(fields)),
        "button" => {
            read.reply_title = fields.text("ButtonText").or_else(|| body.clone());
            read.reply_id = fields.text("ButtonPayload").or_else(|| read.reply_title.clone());
            read.text = read.reply_title.clone().or(body);
        }
        "list_reply" => {
            read.reply_id = fields.text("ListId");
            read.reply_title = fields.text("ListTitle").or_else(|| body.clone());
            read.text.clone_from(&read.reply_title);
        }
        "reaction" => read.reaction = Some(body.unwrap_or_default()),
        _ => read.text = body,
    }
    read
}

fn bare(address: String) -> String {
    address.strip_prefix("whatsapp:").map(str::to_owned).unwrap_or(address)
}

fn kind(fields: &Fields) -> &'static str {
    let file = fields.find("MediaContentType0").unwrap_or_default();
    let has_file = fields.find("NumMedia").is_some_and(|number| number != "0") || !file.is_empty();
    match fields.find("MessageType").unwrap_or_default() {
        "interactive" if fields.find("ListId").is_some() => "list_reply",
        "interactive" if fields.find("ButtonPayload").is_some() || fields.find("ButtonText").is_some() => "button",
        "interactive" => "flow_reply",
        // Older accounts tell no type.
        "" if fields.find("Latitude").is_some() => "location",
        "" if fields.find("ListId").is_some() => "list_reply",
        "" if fields.find("ButtonPayload").is_some() || fields.find("ButtonText").is_some() => "button",
        "" if has_file => by_mime(file),
        "" => "text",
        // Meta's words.
        word => plain_kind(word),
    }
}

fn by_mime(mime: &str) -> &'static str {
    match mime.split('/').next().unwrap_or_default() {
        _ if mime.starts_with("image/webp") => "sticker",
        _ if mime.starts_with("text/vcard") || mime.starts_with("text/x-vcard") => "contacts",
        "image" => "image",
        "video" => "video",
        "audio" => "audio",
        _ => "document",
    }
}

fn media(fields: &Fields, kind: &str) -> Value {
    json!({"kind": kind, "mime": fields.find("MediaContentType0"), "file_name": null, "url": fields.find("MediaUrl0"), "size": null,
        "provider_id": fields.find("MediaUrl0").and_then(|url| url.rsplit('/').next())})
}

fn location(fields: &Fields) -> Value {
    let number = |name: &str| fields.find(name).and_then(|text| text.trim().parse::<f64>().ok());
    json!({"latitude": number("Latitude"), "longitude": number("Longitude"), "name": fields.find("Label"), "address": fields.find("Address")})
}
