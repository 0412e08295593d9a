//! The `message` of a session send, kind by kind (reference 4.2).

use super::super::message::{Content, MediaLink};
use super::form::{Fields, Refusal};
use super::interactive;
use serde_json::{Map, Value};

/// Longest text, in Unicode scalar values.
pub(super) const TEXT_LIMIT: usize = 4_096;
/// Longest caption.
pub(super) const CAPTION_LIMIT: usize = 1_024;

/// Reads a V1 message strictly.
///
/// # Errors
/// 400 that names the field.
pub(super) fn read(message: &Map<String, Value>) -> Result<Content, Refusal> {
    let fields = Fields::new(message, "message");
    let kind = message.get("type").and_then(Value::as_str).ok_or_else(|| Refusal::bad("Invalid message: type missing"))?;
    let mut content = match kind {
        "text" => Content { kind: "text".to_owned(), text: fields.text("text", TEXT_LIMIT)?.to_owned(), ..Content::default() },
        "image" => media(&fields, "image", "originalUrl", true)?,
        "video" => media(&fields, "video", "url", true)?,
        "audio" => media(&fields, "audio", "url", false)?,
        "file" => media(&fields, "document", "url", true)?,
        "sticker" => media(&fields, "sticker", "url", false)?,
        "location" => location(&fields)?,
        "reaction" => reaction(&fields)?,
        "quick_reply" => interactive::quick_reply(&fields)?,
        "list" => interactive::list(&fields)?,
        "cta_url" => interactive::cta_url(&fields)?,
        "contact" => contact(&fields)?,
        "product_details" => product(&fields)?,
        _ => return Err(Refusal::bad("Invalid message type")),
    };
    if message.contains_key("context") {
        fields.object("context")?.text("msgId", 1_000)?;
    }
    content.raw = Value::Object(message.clone());
    Ok(content)
}

/// A file by address, or by the id of an upload; never both, never neither.
fn media(fields: &Fields<'_>, kind: &str, address: &str, captioned: bool) -> Result<Content, Refusal> {
    let link = match (fields.get(address).is_some(), fields.get("id").is_some()) {
        (true, false) => Some(MediaLink::at(kind, fields.url(address)?)),
        (false, true) => Some(MediaLink::uploaded(kind, fields.text("id", 500)?)),
        _ => return Err(fields.wrong(address, "missing")),
    };
    if fields.get("previewUrl").is_some() {
        fields.url("previewUrl")?;
    }
    fields.optional("filename", 240)?;
    let caption = if captioned {
        fields.optional("caption", CAPTION_LIMIT)?
    } else if fields.get("caption").is_some() {
        return Err(fields.wrong("caption", "not allowed here"));
    } else {
        None
    };
    Ok(Content { kind: kind.to_owned(), text: caption.unwrap_or_default().to_owned(), media: link, ..Content::default() })
}

fn location(fields: &Fields<'_>) -> Result<Content, Refusal> {
    fields.degrees("latitude", 90.0)?;
    fields.degrees("longitude", 180.0)?;
    let name = fields.optional("name", 1_000)?.unwrap_or_default();
    fields.optional("address", 1_000)?;
    Ok(Content { kind: "location".to_owned(), text: name.to_owned(), ..Content::default() })
}

fn reaction(fields: &Fields<'_>) -> Result<Content, Refusal> {
    fields.text("msgId", 1_000)?;
    let emoji = fields.optional("emoji", 16)?.ok_or_else(|| fields.wrong("emoji", "missing"))?;
    Ok(Content { kind: "reaction".to_owned(), text: emoji.to_owned(), ..Content::default() })
}

fn contact(fields: &Fields<'_>) -> Result<Content, Refusal> {
    let card = fields.object("contact")?;
    let name = card_name(&card, "formattedName", ["firstName", "lastName", "middleName"])?;
    card_numbers(&card)?;
    Ok(Content { kind: "contacts".to_owned(), text: name.to_owned(), ..Content::default() })
}

/// The whole name of a card; at least one part has to stand beside it (reference 5.3).
pub(super) fn card_name<'a>(card: &Fields<'a>, whole: &str, parts: [&str; 3]) -> Result<&'a str, Refusal> {
    let name = card.object("name")?;
    let told = name.text(whole, 1_000)?;
    let part = parts.iter().map(|part| name.optional(part, 1_000)).collect::<Result<Vec<_>, _>>()?;
    if part.into_iter().flatten().all(|part| part.trim().is_empty()) {
        return Err(name.wrong(whole, "needs another part of the name beside it"));
    }
    Ok(told)
}

/// Numbers and addresses of a card: the words of both dialects are the same.
pub(super) fn card_numbers(card: &Fields<'_>) -> Result<(), Refusal> {
    let typed = |entry: &Fields<'_>| match entry.optional("type", 20)? {
        None | Some("HOME" | "WORK") => Ok(()),
        Some(_) => Err(entry.wrong("type", "unknown")),
    };
    if card.get("phones").is_some() {
        for phone in card.objects("phones", 1, 20)? {
            phone.text("phone", 100)?;
            typed(&phone)?;
            if phone.optional("wa_id", 20)?.is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
                return Err(phone.wrong("wa_id", "digits expected"));
            }
        }
    }
    if card.get("emails").is_some() {
        for email in card.objects("emails", 1, 20)? {
            email.text("email", 320)?;
            typed(&email)?;
        }
    }
    if card.get("org").is_some() {
        card.object("org")?.optional("company", 1_000)?;
    }
    Ok(())
}

fn product(fields: &Fields<'_>) -> Result<Content, Refusal> {
    let kind = match fields.text("subType", 40)? {
        "product" => {
            fields.text("productId", 200)?;
            fields.text("catalogId", 100)?;
            "product"
        }
        "product_list" => {
            fields.text("catalogId", 100)?;
            fields.objects("sections", 1, 10)?;
            "product_list"
        }
        "catalog_message" => "catalog",
        _ => return Err(fields.wrong("subType", "unknown")),
    };
    let text = if kind == "product" { String::new() } else { fields.object("body")?.text("text", CAPTION_LIMIT)?.to_owned() };
    Ok(Content { kind: kind.to_owned(), text, ..Content::default() })
}
