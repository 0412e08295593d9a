//! Free-form kinds in Meta's shape (reference/whatsapp.md 5.3), beside text and templates. Absent parts are left out, never null.

use super::body::link;
use crate::domain::content::{
    ButtonsContent, Card, Content, HeaderValue, LinkContent, ListContent, MediaContent, MediaKind, Place, Row, Section,
};
use serde_json::{Map, Value, json};

/// `type` and the object under its name.
pub(super) fn typed(content: &Content) -> (&'static str, Value) {
    match content {
        Content::Text { body, preview_link } => ("text", json!({"preview_url": preview_link, "body": body})),
        Content::Template(template) => ("template", super::body::template(template)),
        Content::Image(file) => ("image", media(file)),
        Content::Video(file) => ("video", media(file)),
        Content::Audio(file) | Content::Voice(file) => ("audio", media(file)),
        Content::Document(file) => ("document", media(file)),
        Content::Sticker(file) => ("sticker", media(file)),
        Content::Buttons(buttons) => ("interactive", reply_buttons(buttons)),
        Content::List(list) => ("interactive", rows(list)),
        Content::CtaUrl(target) => ("interactive", cta_url(target)),
        Content::Location(point) => ("location", place(point)),
        Content::LocationRequest { body } => {
            ("interactive", json!({"type": "location_request_message", "body": {"text": body}, "action": {"name": "send_location"}}))
        }
        Content::Contacts { cards } => ("contacts", cards.iter().map(card).collect()),
        Content::Reaction { to_message_id, emoji } => ("reaction", json!({"message_id": to_message_id, "emoji": emoji})),
    }
}

/// An object of what is there.
fn object<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Value {
    Value::Object(crate::provider::json::object(pairs))
}

fn text(text: &Option<String>) -> Option<Value> {
    text.as_deref().map(Value::from)
}

fn media(file: &MediaContent) -> Value {
    let mut object = link(&file.media);
    if let Value::Object(fields) = &mut object {
        if let Some(caption) = file.caption.as_deref().filter(|_| file.media.media_kind.takes_caption()) {
            fields.insert("caption".to_owned(), json!(caption));
        }
        if file.media.media_kind == MediaKind::Voice {
            fields.insert("voice".to_owned(), json!(true));
        }
    }
    object
}

/// A point; numbers, as the vendor's own samples have them.
pub(in crate::provider) fn place(place: &Place) -> Value {
    object([
        ("latitude", Some(json!(place.latitude))),
        ("longitude", Some(json!(place.longitude))),
        ("name", text(&place.name)),
        ("address", text(&place.address)),
    ])
}

fn interactive(kind: &str, header: Option<Value>, body: &str, footer: &Option<String>, action: Value) -> Value {
    object([
        ("type", Some(json!(kind))),
        ("header", header),
        ("body", Some(json!({"text": body}))),
        ("footer", footer.as_deref().map(|footer| json!({"text": footer}))),
        ("action", Some(action)),
    ])
}

fn text_header(header: &Option<String>) -> Option<Value> {
    header.as_deref().map(|text| json!({"type": "text", "text": text}))
}

fn reply_buttons(content: &ButtonsContent) -> Value {
    let header = content.header.as_ref().map(|header| match header {
        HeaderValue::Text { value } => json!({"type": "text", "text": value}),
        HeaderValue::Media(media) => {
            let kind = media.media_kind.as_str();
            let mut header = Map::from_iter([("type".to_owned(), json!(kind))]);
            header.insert(kind.to_owned(), link(media));
            Value::Object(header)
        }
        HeaderValue::Location(point) => json!({"type": "location", "location": place(point)}),
    });
    let buttons: Vec<Value> =
        content.buttons.iter().map(|button| json!({"type": "reply", "reply": {"id": button.id, "title": button.title}})).collect();
    interactive("button", header, &content.body, &content.footer, json!({"buttons": buttons}))
}

fn rows(content: &ListContent) -> Value {
    let row = |row: &Row| object([("id", Some(json!(row.id))), ("title", Some(json!(row.title))), ("description", text(&row.description))]);
    let section = |section: &Section| object([("title", text(&section.title)), ("rows", Some(section.rows.iter().map(row).collect()))]);
    let sections: Vec<Value> = content.sections.iter().map(section).collect();
    let action = json!({"button": content.button, "sections": sections});
    interactive("list", text_header(&content.header), &content.body, &content.footer, action)
}

fn cta_url(content: &LinkContent) -> Value {
    let action = json!({"name": "cta_url", "parameters": {"display_text": content.title, "url": content.url}});
    interactive("cta_url", text_header(&content.header), &content.body, &content.footer, action)
}

fn card(card: &Card) -> Value {
    let name = object([
        ("formatted_name", Some(json!(card.name.formatted))),
        ("first_name", text(&card.name.first)),
        ("middle_name", text(&card.name.middle)),
        ("last_name", text(&card.name.last)),
    ]);
    let phones: Vec<Value> = card
        .phones
        .iter()
        .map(|phone| object([("phone", Some(json!(phone.phone))), ("type", Some(json!(phone.kind))), ("wa_id", text(&phone.wa_id))]))
        .collect();
    let emails: Vec<Value> = card.emails.iter().map(|email| json!({"email": email.email, "type": email.kind})).collect();
    let org = object([("company", text(&card.company)), ("title", text(&card.position))]);
    object([
        ("name", Some(name)),
        ("phones", (!phones.is_empty()).then_some(Value::Array(phones))),
        ("emails", (!emails.is_empty()).then_some(Value::Array(emails))),
        ("org", (card.company.is_some() || card.position.is_some()).then_some(org)),
    ])
}
