//! Building a send (reference/whatsapp.md 7.3).

use super::session::call;
use crate::domain::content::{Content, MediaContent, MediaKind};
use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::json::object;
use crate::provider::{ChannelConfig, Outgoing, chat_id};
use serde_json::{Map, Value, json};

/// Builds the request for one message.
pub(super) fn build(channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
    let chat = chat_id::of(&message.to)?;
    let (path, mut body) = said(&message.content, &chat)?;
    body.insert("session".to_owned(), json!(channel.text("session")));
    let method = if path == "reaction" {
        Method::Put
    } else {
        body.insert("chatId".to_owned(), json!(chat));
        Method::Post
    };
    let mut request = call(channel, method, &[path]);
    request.body = Body::Json(Value::Object(body));
    Ok(request)
}

type Said = (&'static str, Map<String, Value>);

fn said(content: &Content, chat: &str) -> Result<Said, ProviderError> {
    Ok(match content {
        Content::Text { body, preview_link } => {
            ("sendText", object([("text", Some(json!(body))), ("linkPreview", Some(json!(preview_link)))]))
        }
        Content::Image(file) => ("sendImage", media(file)),
        Content::Video(file) => ("sendVideo", media(file)),
        Content::Voice(file) => ("sendVoice", media(file)),
        Content::Audio(file) | Content::Document(file) => ("sendFile", media(file)),
        Content::Location(place) => {
            let title = place.name.as_deref().or(place.address.as_deref());
            (
                "sendLocation",
                object([
                    ("latitude", Some(json!(place.latitude))),
                    ("longitude", Some(json!(place.longitude))),
                    ("title", title.map(Value::from)),
                ]),
            )
        }
        Content::Contacts { cards } => {
            let cards: Vec<Value> = cards.iter().map(|card| json!({"vcard": card.vcard()})).collect();
            ("sendContactVcard", object([("contacts", Some(Value::Array(cards)))]))
        }
        Content::Reaction { to_message_id, emoji } => {
            // The gateway wants its own form of the id; a bare one is of the client's message in this chat.
            let id = if to_message_id.contains('_') { to_message_id.clone() } else { format!("false_{chat}_{to_message_id}") };
            ("reaction", object([("messageId", Some(json!(id))), ("reaction", Some(json!(emoji)))]))
        }
        other => return Err(ProviderError::new(ErrorClass::Payload, None, format!("WAHA has no {}", other.kind()))),
    })
}

fn media(file: &MediaContent) -> Map<String, Value> {
    let media = &file.media;
    let mime = match (media.media_kind, media.mime.as_deref()) {
        (MediaKind::Voice, _) => "audio/ogg; codecs=opus",
        (_, Some(mime)) => mime,
        (MediaKind::Image | MediaKind::Sticker, None) => "image/jpeg",
        (MediaKind::Video | MediaKind::Gif, None) => "video/mp4",
        (MediaKind::Audio, None) => "audio/mpeg",
        (MediaKind::Document, None) => "application/octet-stream",
    };
    let told = object([
        ("mimetype", Some(json!(mime))),
        ("url", Some(json!(media.link))),
        ("filename", media.file_name.as_deref().map(Value::from)),
    ]);
    let caption = file.caption.as_deref().filter(|caption| media.media_kind.takes_caption() && !caption.is_empty());
    object([("file", Some(Value::Object(told))), ("caption", caption.map(Value::from))])
}
