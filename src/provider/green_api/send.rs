//! Building a send (reference/whatsapp.md 6.2).

use super::instance::call;
use crate::domain::content::{Card, Content, MediaContent, MediaKind, Place};
use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::json::object;
use crate::provider::{ChannelConfig, Outgoing, chat_id};
use serde_json::{Map, Value, json};

/// Builds the request for one message.
pub(super) fn build(channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
    let chat = chat_id::of(&message.to)?;
    let (method, mut body) = said(&message.content)?;
    body.insert("chatId".to_owned(), json!(chat));
    let mut request = call(channel, Method::Post, method);
    request.body = Body::Json(Value::Object(body));
    Ok(request)
}

type Said = (&'static str, Map<String, Value>);

fn said(content: &Content) -> Result<Said, ProviderError> {
    Ok(match content {
        Content::Text { body, preview_link } => {
            ("sendMessage", object([("message", Some(json!(body))), ("linkPreview", Some(json!(preview_link)))]))
        }
        Content::Image(file) | Content::Video(file) | Content::Audio(file) | Content::Voice(file) | Content::Document(file) => {
            ("sendFileByUrl", media(file))
        }
        Content::Location(place) => ("sendLocation", location(place)),
        Content::Contacts { cards } => match cards.as_slice() {
            [card] if number(card).is_some() => ("sendContact", contact(card)),
            _ => return Err(ProviderError::new(ErrorClass::Payload, None, "Green-API takes one card with a phone number")),
        },
        other => return Err(ProviderError::new(ErrorClass::Payload, None, format!("Green-API has no {}", other.kind()))),
    })
}

/// The kind follows from the name's extension, so a name always has one.
fn media(file: &MediaContent) -> Map<String, Value> {
    let media = &file.media;
    let extension = match (media.media_kind, media.mime.as_deref()) {
        (MediaKind::Voice, _) | (_, Some("audio/ogg")) => "ogg",
        (_, Some("image/png")) => "png",
        (_, Some("image/webp")) => "webp",
        (_, Some("video/3gpp")) => "3gp",
        (MediaKind::Image | MediaKind::Sticker, _) => "jpg",
        (MediaKind::Video | MediaKind::Gif, _) => "mp4",
        (MediaKind::Audio, _) => "mp3",
        (MediaKind::Document, Some("application/pdf")) => "pdf",
        (MediaKind::Document, _) => "bin",
    };
    let told = media.file_name.as_deref().filter(|name| !name.trim().is_empty());
    let name = match told {
        // A voice note is one by its extension only.
        Some(name) if media.media_kind == MediaKind::Voice && !name.to_lowercase().ends_with(".ogg") => format!("{name}.ogg"),
        Some(name) if name.contains('.') => name.to_owned(),
        Some(name) => format!("{name}.{extension}"),
        None => format!("file.{extension}"),
    };
    let caption = file.caption.as_deref().filter(|caption| media.media_kind.takes_caption() && !caption.is_empty());
    object([("urlFile", Some(json!(media.link))), ("fileName", Some(json!(name))), ("caption", caption.map(Value::from))])
}

fn location(place: &Place) -> Map<String, Value> {
    object([
        ("latitude", Some(json!(place.latitude))),
        ("longitude", Some(json!(place.longitude))),
        ("nameLocation", place.name.as_deref().map(Value::from)),
        ("address", place.address.as_deref().map(Value::from)),
    ])
}

/// The number of a card as a number, which is what the method wants.
fn number(card: &Card) -> Option<u64> {
    let phone = card.phones.first()?;
    let digits = phone.wa_id.clone().unwrap_or_else(|| phone.phone.chars().filter(char::is_ascii_digit).collect());
    digits.parse().ok()
}

fn contact(card: &Card) -> Map<String, Value> {
    let contact = object([
        ("phoneContact", number(card).map(Value::from)),
        ("firstName", Some(json!(card.name.first.as_deref().unwrap_or(&card.name.formatted)))),
        ("middleName", card.name.middle.as_deref().map(Value::from)),
        ("lastName", card.name.last.as_deref().map(Value::from)),
        ("company", card.company.as_deref().map(Value::from)),
    ]);
    object([("contact", Some(Value::Object(contact)))])
}
