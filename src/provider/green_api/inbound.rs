//! A user's message (reference/whatsapp.md 6.7) → ours.

use crate::domain::event::InboundMessage;
use crate::provider::meta_shape::inbound::location;
use crate::provider::{chat_id, json, vcard};
use serde_json::{Value, json as make};

/// Placeholders for what the gateway could not decrypt: no words of the user.
const UNREADABLE: [&str; 3] = ["{{SWE001}}", "{{SWE003}}", "{{SWE999}}"];

/// Behind the id of such a message.
pub(super) const UNREADABLE_MARK: &str = ":unreadable";

/// Before a chat and a message, where a file's address stands else.
pub(super) const BY_MESSAGE: &str = "message:";

/// The chat of an event.
pub(super) fn chat(body: &Value) -> String {
    body.get("senderData").and_then(|sender| json::at(sender, "chatId")).unwrap_or_default()
}

/// `messageData.typeMessage`.
pub(super) fn type_word(body: &Value) -> String {
    body.get("messageData").and_then(|message| json::at(message, "typeMessage")).unwrap_or_default()
}

/// Reads an `incomingMessageReceived`.
pub(super) fn read(body: &Value, id: &str) -> InboundMessage {
    let sender = body.get("senderData").unwrap_or(&Value::Null);
    let message = body.get("messageData").unwrap_or(&Value::Null);
    let part = |name: &str| message.get(name).unwrap_or(&Value::Null);
    let word = type_word(body);
    let author = json::at(sender, "sender");
    let mut identity = chat_id::identity(&chat(body), author.as_deref());
    identity.display_name = json::first(sender, &["senderName", "senderContactName", "chatName"]);
    let mut read = InboundMessage {
        wa_id: id.to_owned(),
        identity,
        kind: kind(&word).to_owned(),
        context_ids: part("quotedMessage").get("stanzaId").and_then(json::text).into_iter().collect(),
        raw: body.clone(),
        ..InboundMessage::default()
    };
    match word.as_str() {
        "textMessage" => read.text = json::at(part("textMessageData"), "textMessage"),
        "extendedTextMessage" | "quotedMessage" => {
            read.text = json::at(part("extendedTextMessageData"), "text");
            if read.context_ids.is_empty() {
                read.context_ids = json::at(part("extendedTextMessageData"), "stanzaId").into_iter().collect();
            }
        }
        "imageMessage" | "videoMessage" | "documentMessage" | "audioMessage" | "stickerMessage" => {
            let file = part("fileMessageData");
            read.caption = json::at(file, "caption");
            read.media = Some(media(&read.kind, file, (&chat(body), id)));
        }
        "locationMessage" => read.location = Some(place(part("locationMessageData"))),
        "contactMessage" => read.contacts = Some(make!([card(part("contactMessageData"))])),
        "contactsArrayMessage" => {
            let list = part("messageData");
            read.contacts = Some(json::items(list, "contacts").iter().map(card).collect());
        }
        "reactionMessage" => read.reaction = Some(json::at(part("extendedTextMessageData"), "text").unwrap_or_default()),
        "templateButtonsReplyMessage" => pressed(&mut read, part("templateButtonReplyMessage"), "selectedId", "selectedDisplayText"),
        "buttonsResponseMessage" | "interactiveButtonsResponse" => {
            pressed(&mut read, part("buttonsResponseMessage"), "selectedButtonId", "selectedButtonText");
        }
        "listResponseMessage" => pressed(&mut read, part("listResponseMessage"), "rowId", "title"),
        "editedMessage" => {
            read.text = json::first(part("editedMessageData"), &["textMessage", "caption"]);
            read.context_ids = json::at(part("editedMessageData"), "stanzaId").into_iter().collect();
        }
        "deletedMessage" => read.context_ids = json::at(part("deletedMessageData"), "stanzaId").into_iter().collect(),
        "pollUpdateMessage" => {
            read.text = votes(part("pollMessageData"));
            read.context_ids = json::at(part("pollMessageData"), "stanzaId").into_iter().collect();
        }
        _ => {}
    }
    if read.text.as_deref().is_some_and(|text| UNREADABLE.contains(&text)) {
        read.text = None;
        read.kind = "unsupported".to_owned();
        // The real message may come later under the same id (reference/whatsapp.md 6.7): this one must not pass for it.
        read.wa_id = format!("{id}{UNREADABLE_MARK}");
    }
    read
}

fn kind(word: &str) -> &'static str {
    match word {
        "textMessage" | "extendedTextMessage" | "quotedMessage" => "text",
        "imageMessage" => "image",
        "videoMessage" => "video",
        "documentMessage" => "document",
        "audioMessage" => "audio",
        "stickerMessage" => "sticker",
        "locationMessage" => "location",
        "contactMessage" | "contactsArrayMessage" => "contacts",
        "reactionMessage" => "reaction",
        "templateButtonsReplyMessage" | "buttonsResponseMessage" | "interactiveButtonsResponse" => "button_reply",
        "listResponseMessage" => "list_reply",
        "pollUpdateMessage" => "poll_vote",
        "editedMessage" => "edited",
        "deletedMessage" => "deleted",
        _ => "unknown",
    }
}

fn pressed(read: &mut InboundMessage, part: &Value, id: &str, title: &str) {
    read.reply_id = json::at(part, id);
    read.reply_title = json::at(part, title);
    read.text.clone_from(&read.reply_title);
    if let Some(stanza) = json::at(part, "stanzaId") {
        read.context_ids = vec![stanza];
    }
}

/// A file whose address is not there yet is asked for by its message.
fn media(kind: &str, file: &Value, (chat, id): (&str, &str)) -> Value {
    let url = json::at(file, "downloadUrl").unwrap_or_else(|| format!("{BY_MESSAGE}{chat}/{id}"));
    make!({"kind": kind, "mime": json::at(file, "mimeType"), "file_name": json::at(file, "fileName"), "url": url, "size": null,
        "provider_id": id})
}

fn place(part: &Value) -> Value {
    let mut point = location(part);
    if let (Some(name), Some(fields)) = (json::at(part, "nameLocation"), point.as_object_mut()) {
        fields.insert("name".to_owned(), Value::String(name));
    }
    point
}

/// Name and numbers of a vCard.
fn card(part: &Value) -> Value {
    let vcard = json::at(part, "vcard").unwrap_or_default();
    make!({"name": json::at(part, "displayName"), "phones": vcard::phones(&vcard), "emails": [], "company": null})
}

/// Options that somebody voted for.
fn votes(part: &Value) -> Option<String> {
    let chosen: Vec<String> = json::items(part, "votes")
        .iter()
        .filter(|vote| !json::items(vote, "optionVoters").is_empty())
        .filter_map(|vote| json::at(vote, "optionName"))
        .collect();
    (!chosen.is_empty()).then(|| chosen.join(", "))
}
