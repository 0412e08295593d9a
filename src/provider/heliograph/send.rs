//! Building a dispatch.

use super::station::call;
use crate::domain::content::{Content, ListContent, MediaContent, MediaKind, Place};
use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::json::object;
use crate::provider::{ChannelConfig, Outgoing};
use serde_json::{Value, json};

/// Builds the request for one message.
pub(super) fn build(channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
    let to = match (&message.to.group, &message.to.phone) {
        (Some(room), _) if !room.is_empty() => json!({"room": room}),
        (_, Some(phone)) if !phone.is_empty() => json!({"tel": format!("+{phone}")}),
        _ => return Err(ProviderError::new(ErrorClass::BadRecipient, None, "the recipient has no phone number")),
    };
    let mut request = call(channel, Method::Post, &["dispatches"]);
    request.body = Body::Json(json!({"to": to, "ref": message.message_id, "say": said(&message.content)?}));
    Ok(request)
}

fn said(content: &Content) -> Result<Value, ProviderError> {
    Ok(match content {
        Content::Text { body, preview_link } => json!({"as": "words", "words": body, "preview": preview_link}),
        Content::Image(file)
        | Content::Video(file)
        | Content::Audio(file)
        | Content::Voice(file)
        | Content::Document(file)
        | Content::Sticker(file) => media(file),
        Content::Buttons(asked) => {
            let choices: Vec<Value> = asked.buttons.iter().map(|button| json!({"key": button.id, "label": button.title})).collect();
            json!({"as": "choices", "words": asked.body, "choices": choices})
        }
        Content::List(list) => menu(list),
        Content::Location(place) => point(place),
        Content::Contacts { cards } => {
            json!({"as": "cards", "cards": cards.iter().map(|card| card.vcard()).collect::<Vec<_>>()})
        }
        Content::Reaction { to_message_id, emoji } => json!({"as": "mark", "on": to_message_id, "emoji": emoji}),
        other => return Err(ProviderError::new(ErrorClass::Payload, None, format!("Heliograph has no {}", other.kind()))),
    })
}

fn media(file: &MediaContent) -> Value {
    let word = match file.media.media_kind {
        MediaKind::Image => "picture",
        MediaKind::Video | MediaKind::Gif => "film",
        MediaKind::Audio => "sound",
        MediaKind::Voice => "voice",
        MediaKind::Document => "paper",
        MediaKind::Sticker => "sticker",
    };
    let caption = file.caption.as_deref().filter(|caption| file.media.media_kind.takes_caption() && !caption.is_empty());
    Value::Object(object([
        ("as", Some(json!(word))),
        ("from", Some(json!(file.media.link))),
        ("name", file.media.file_name.as_deref().map(Value::from)),
        ("under", caption.map(Value::from)),
    ]))
}

fn menu(list: &ListContent) -> Value {
    let rows = list.sections.iter().flat_map(|section| section.rows.iter().map(move |row| (section.title.as_deref(), row)));
    let rows: Vec<Value> = rows
        .map(|(shelf, row)| {
            Value::Object(object([
                ("key", Some(json!(row.id))),
                ("label", Some(json!(row.title))),
                ("more", row.description.as_deref().map(Value::from)),
                ("shelf", shelf.map(Value::from)),
            ]))
        })
        .collect();
    json!({"as": "menu", "words": list.body, "open": list.button, "rows": rows})
}

fn point(place: &Place) -> Value {
    Value::Object(object([
        ("as", Some(json!("place"))),
        ("at", Some(json!([place.latitude, place.longitude]))),
        ("name", place.name.as_deref().map(Value::from)),
        ("street", place.address.as_deref().map(Value::from)),
    ]))
}
