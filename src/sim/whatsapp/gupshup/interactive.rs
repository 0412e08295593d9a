//! Buttons, lists and links of a session send (reference 4.2; limits of 5.3).

use super::super::message::{Button, ButtonKind, Content, MediaLink};
use super::content::{CAPTION_LIMIT, TEXT_LIMIT};
use super::form::{Fields, Refusal};
use std::collections::BTreeSet;

/// Up to three reply buttons under a text or a file.
pub(super) fn quick_reply(fields: &Fields<'_>) -> Result<Content, Refusal> {
    let request_id = fields.optional("msgid", 256)?;
    let body = fields.object("content")?;
    let media = match body.text("type", 20)? {
        "text" => None,
        kind @ ("image" | "video") => Some(MediaLink::at(kind, body.url("url")?)),
        "file" => {
            body.text("filename", 240)?;
            Some(MediaLink::at("document", body.url("url")?))
        }
        _ => return Err(body.wrong("type", "unknown")),
    };
    let text = body.text("text", CAPTION_LIMIT)?.to_owned();
    // A file is a header already.
    if body.optional("header", 60)?.is_some() && media.is_some() {
        return Err(body.wrong("header", "not allowed beside a file"));
    }
    body.optional("caption", 60)?;
    let options = fields.objects("options", 1, 3)?;
    let buttons =
        options.iter().enumerate().map(|(index, option)| button(option, index, &REPLY, request_id)).collect::<Result<Vec<_>, _>>()?;
    distinct(fields, "options", &buttons)?;
    distinct_ids(fields, "options", &buttons)?;
    Ok(Content { kind: "buttons".to_owned(), text, media, buttons, ..Content::default() })
}

/// Up to ten rows in up to ten sections.
pub(super) fn list(fields: &Fields<'_>) -> Result<Content, Refusal> {
    let request_id = fields.optional("msgid", 256)?;
    fields.optional("title", 60)?;
    fields.optional("footer", 60)?;
    let text = fields.text("body", TEXT_LIMIT)?.to_owned();
    for open in fields.objects("globalButtons", 1, 1)? {
        option_type(&open)?;
        open.text("title", 20)?;
    }
    let sections = fields.objects("items", 1, 10)?;
    let mut buttons = Vec::new();
    for section in &sections {
        if sections.len() > 1 {
            section.text("title", 24)?;
        }
        section.optional("title", 24)?;
        section.optional("subtitle", 24)?;
        for row in section.objects("options", 1, 10)? {
            let index = buttons.len();
            buttons.push(button(&row, index, &ROW, request_id)?);
        }
    }
    if buttons.len() > 10 {
        return Err(fields.wrong("items", "more than 10 options"));
    }
    distinct_ids(fields, "items", &buttons)?;
    Ok(Content { kind: "list".to_owned(), text, buttons, ..Content::default() })
}

/// One button that opens an address.
pub(super) fn cta_url(fields: &Fields<'_>) -> Result<Content, Refusal> {
    let text = fields.text("body", CAPTION_LIMIT)?.to_owned();
    fields.text("display_text", 20)?;
    fields.url("url")?;
    fields.optional("footer", 60)?;
    if fields.get("header").is_some() {
        let header = fields.object("header")?;
        if header.text("type", 20)? != "text" {
            return Err(header.wrong("type", "unknown"));
        }
        header.text("text", 60)?;
    }
    Ok(Content { kind: "cta_url".to_owned(), text, ..Content::default() })
}

/// Limits of something that can be pressed (reference 5.3).
struct Limits {
    kind: ButtonKind,
    title: usize,
    postback: usize,
}

const REPLY: Limits = Limits { kind: ButtonKind::Reply, title: 20, postback: 256 };
const ROW: Limits = Limits { kind: ButtonKind::Row, title: 24, postback: 200 };

fn button(option: &Fields<'_>, index: usize, limits: &Limits, request_id: Option<&str>) -> Result<Button, Refusal> {
    option_type(option)?;
    Ok(Button {
        title: option.text("title", limits.title)?.to_owned(),
        postback: option.optional("postbackText", limits.postback)?.map(str::to_owned),
        description: option.optional("description", 72)?.map(str::to_owned),
        index,
        kind: limits.kind,
        request_id: request_id.map(str::to_owned),
    })
}

fn option_type(option: &Fields<'_>) -> Result<(), Refusal> {
    if option.text("type", 20)? == "text" { Ok(()) } else { Err(option.wrong("type", "unknown")) }
}

/// Titles have to differ.
pub(super) fn distinct(fields: &Fields<'_>, name: &str, buttons: &[Button]) -> Result<(), Refusal> {
    let titles: BTreeSet<&str> = buttons.iter().map(|button| button.title.as_str()).collect();
    if titles.len() == buttons.len() { Ok(()) } else { Err(fields.wrong(name, "with equal titles")) }
}

/// What comes back has to tell which one was pressed.
pub(super) fn distinct_ids(fields: &Fields<'_>, name: &str, buttons: &[Button]) -> Result<(), Refusal> {
    let told: Vec<&str> = buttons.iter().filter_map(|button| button.postback.as_deref()).collect();
    let padded = told.iter().any(|id| id.trim() != *id);
    let ids: BTreeSet<&str> = told.iter().copied().collect();
    if padded || ids.len() < told.len() { Err(fields.wrong(name, "with equal or padded ids")) } else { Ok(()) }
}
