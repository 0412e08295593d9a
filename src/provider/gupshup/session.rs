//! The `message` of a free-form V1 send, kind by kind (reference/whatsapp.md 4.2). Absent parts are left out, never null.
//!
//! The vendor does not return the id of what was pressed: the postback text is the answer's identity, so our id goes there.

use crate::domain::content::{
    Button, ButtonsContent, Card, Content, HeaderValue, LinkContent, ListContent, MediaContent, MediaKind, MediaRef, Place,
};
use crate::domain::outcome::{ErrorClass, ProviderError};
use serde_json::{Map, Value, json};

/// The message; `own_id` comes back as `id` of a pressed button's event.
pub(super) fn message(own_id: &str, content: &Content) -> Result<Value, ProviderError> {
    Ok(match content {
        Content::Text { body, .. } => json!({"type": "text", "text": body}),
        Content::Image(file) => object(media(file, "image", "originalUrl")),
        Content::Video(file) => object(media(file, "video", "url")),
        Content::Audio(file) | Content::Voice(file) => object(media(file, "audio", "url")),
        Content::Document(file) => object(media(file, "file", "url")),
        Content::Sticker(file) => object(media(file, "sticker", "url")),
        Content::Buttons(buttons) => quick_reply(own_id, buttons)?,
        Content::List(rows) => list(own_id, rows),
        Content::CtaUrl(link) => cta_url(link),
        Content::Location(place) => location(place),
        Content::Contacts { cards } => match cards.as_slice() {
            [card] => json!({"type": "contact", "contact": contact(card)}),
            _ => return Err(unsaid("one contact card in a message")),
        },
        Content::Reaction { to_message_id, emoji } => json!({"type": "reaction", "msgId": to_message_id, "emoji": emoji}),
        Content::LocationRequest { .. } => return Err(unsaid("no location request without app_id and partner_token")),
        Content::Template(_) => return Err(unsaid("a template is no session message")),
    })
}

fn unsaid(what: &str) -> ProviderError {
    ProviderError::new(ErrorClass::Payload, None, what)
}

type Pairs = Vec<(&'static str, Option<Value>)>;

fn object(pairs: Pairs) -> Value {
    Value::Object(pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn text(text: &Option<String>) -> Option<Value> {
    text.as_deref().map(Value::from)
}

fn file_name(media: &MediaRef) -> Value {
    json!(media.file_name.as_deref().unwrap_or("file"))
}

fn media(file: &MediaContent, kind: &str, address: &'static str) -> Pairs {
    let media = &file.media;
    let caption = file.caption.as_deref().filter(|_| media.media_kind.takes_caption()).map(Value::from);
    vec![
        ("type", Some(json!(kind))),
        (address, Some(json!(media.link))),
        // A picture wants a smaller one beside it; where there is none it is its own.
        ("previewUrl", (kind == "image").then(|| json!(media.link))),
        ("filename", (kind == "file").then(|| file_name(media))),
        ("caption", caption),
    ]
}

fn option(button: &Button) -> Value {
    json!({"type": "text", "title": button.title, "postbackText": button.id})
}

fn quick_reply(own_id: &str, buttons: &ButtonsContent) -> Result<Value, ProviderError> {
    let mut content: Map<String, Value> = Map::new();
    match &buttons.header {
        None => {
            content.insert("type".to_owned(), json!("text"));
        }
        Some(HeaderValue::Text { value }) => {
            content.insert("type".to_owned(), json!("text"));
            content.insert("header".to_owned(), json!(value));
        }
        Some(HeaderValue::Media(media)) => {
            let kind = match media.media_kind {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Document => "file",
                other => return Err(unsaid(&format!("a header is no {}", other.as_str()))),
            };
            content.insert("type".to_owned(), json!(kind));
            content.insert("url".to_owned(), json!(media.link));
            if kind == "file" {
                content.insert("filename".to_owned(), file_name(media));
            }
        }
        Some(HeaderValue::Location(_)) => return Err(unsaid("a header is no location")),
    }
    content.insert("text".to_owned(), json!(buttons.body));
    if let Some(footer) = &buttons.footer {
        content.insert("caption".to_owned(), json!(footer));
    }
    let options: Vec<Value> = buttons.buttons.iter().map(option).collect();
    Ok(json!({"type": "quick_reply", "msgid": own_id, "content": content, "options": options}))
}

fn list(own_id: &str, list: &ListContent) -> Value {
    let row = |row: &crate::domain::content::Row| {
        object(vec![
            ("type", Some(json!("text"))),
            ("title", Some(json!(row.title))),
            ("description", text(&row.description)),
            ("postbackText", Some(json!(row.id))),
        ])
    };
    let items: Vec<Value> = list
        .sections
        .iter()
        .map(|section| {
            object(vec![
                ("title", text(&section.title)),
                ("subtitle", text(&section.title)),
                ("options", Some(section.rows.iter().map(row).collect())),
            ])
        })
        .collect();
    object(vec![
        ("type", Some(json!("list"))),
        ("title", text(&list.header)),
        ("body", Some(json!(list.body))),
        ("footer", text(&list.footer)),
        ("msgid", Some(json!(own_id))),
        ("globalButtons", Some(json!([{"type": "text", "title": list.button}]))),
        ("items", Some(Value::Array(items))),
    ])
}

fn cta_url(link: &LinkContent) -> Value {
    object(vec![
        ("type", Some(json!("cta_url"))),
        ("header", link.header.as_deref().map(|header| json!({"type": "text", "text": header}))),
        ("body", Some(json!(link.body))),
        ("footer", text(&link.footer)),
        ("display_text", Some(json!(link.title))),
        ("url", Some(json!(link.url))),
    ])
}

/// Degrees are texts in this dialect.
fn location(place: &Place) -> Value {
    object(vec![
        ("type", Some(json!("location"))),
        ("longitude", Some(json!(place.longitude.to_string()))),
        ("latitude", Some(json!(place.latitude.to_string()))),
        ("name", text(&place.name)),
        ("address", text(&place.address)),
    ])
}

/// The same card as Meta's, in camel case.
fn contact(card: &Card) -> Value {
    let phone = |phone: &crate::domain::content::CardPhone| {
        object(vec![("phone", Some(json!(phone.phone))), ("type", Some(json!(phone.kind))), ("wa_id", text(&phone.wa_id))])
    };
    let phones: Vec<Value> = card.phones.iter().map(phone).collect();
    let emails: Vec<Value> = card.emails.iter().map(|email| json!({"email": email.email, "type": email.kind})).collect();
    let name = object(vec![
        ("formattedName", Some(json!(card.name.formatted))),
        ("firstName", text(&card.name.first)),
        ("middleName", text(&card.name.middle)),
        ("lastName", text(&card.name.last)),
    ]);
    let org = object(vec![("company", text(&card.company)), ("title", text(&card.position))]);
    object(vec![
        ("name", Some(name)),
        ("phones", (!phones.is_empty()).then_some(Value::Array(phones))),
        ("emails", (!emails.is_empty()).then_some(Value::Array(emails))),
        ("org", (card.company.is_some() || card.position.is_some()).then_some(org)),
    ])
}
