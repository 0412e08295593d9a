//! Bodies of V3 messages, kind by kind (reference 5.3, 5.4).

use super::super::message::{Button, ButtonKind, Content, MediaLink};
use super::app::App;
use super::codes::Trouble;
use super::content::{CAPTION_LIMIT, TEXT_LIMIT, card_name, card_numbers};
use super::form::{Fields, Refusal};
use super::interactive;
use super::template::{Template, takes_value};
use super::template_message;
use serde_json::Value;

/// What was understood, and what WhatsApp will find wrong later.
pub(super) struct V3Content {
    /// The content.
    pub(super) content: Content,
    /// Trouble only the template knows.
    pub(super) trouble: Option<Trouble>,
}

/// Reads a V3 body strictly.
///
/// # Errors
/// 400 that names the field.
pub(super) fn read(app: &App, fields: &Fields<'_>) -> Result<V3Content, Refusal> {
    let kind = fields.text("type", 40)?;
    let content = match kind {
        "text" => plain("text", fields.object("text")?.text("body", TEXT_LIMIT)?),
        "image" | "video" | "audio" | "document" | "sticker" => media(fields, kind)?,
        "location" => {
            let place = fields.object("location")?;
            place.degrees("latitude", 90.0)?;
            place.degrees("longitude", 180.0)?;
            place.optional("address", 1_000)?;
            plain("location", place.optional("name", 1_000)?.unwrap_or_default())
        }
        "contacts" => {
            let cards = fields.objects("contacts", 1, 5)?;
            let read = |card: &Fields<'_>| {
                card_numbers(card)?;
                card_name(card, "formatted_name", ["first_name", "last_name", "middle_name"]).map(str::to_owned)
            };
            let names = cards.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            plain("contacts", &names.join(", "))
        }
        "reaction" => {
            let reaction = fields.object("reaction")?;
            reaction.text("message_id", 1_000)?;
            plain("reaction", reaction.optional("emoji", 16)?.unwrap_or_default())
        }
        "interactive" => interactive(fields)?,
        "template" => return template(app, fields),
        _ => return Err(fields.wrong("type", "unknown")),
    };
    if fields.get("context").is_some() {
        fields.object("context")?.text("message_id", 1_000)?;
    }
    Ok(V3Content { content, trouble: None })
}

fn plain(kind: &str, text: &str) -> Content {
    Content { kind: kind.to_owned(), text: text.to_owned(), ..Content::default() }
}

fn media<'a>(fields: &Fields<'a>, kind: &'a str) -> Result<Content, Refusal> {
    let object = fields.object(kind)?;
    let link = link(&object, kind)?;
    let caption = object.optional("caption", CAPTION_LIMIT)?;
    if object.get("filename").is_some() && kind != "document" {
        return Err(object.wrong("filename", "not allowed here"));
    }
    object.optional("filename", 240)?;
    if object.get("voice").is_some_and(|voice| kind != "audio" || !voice.is_boolean()) {
        return Err(object.wrong("voice", "not allowed here"));
    }
    if caption.is_some() && matches!(kind, "audio" | "sticker") {
        return Err(object.wrong("caption", "not allowed here"));
    }
    Ok(Content { kind: kind.to_owned(), text: caption.unwrap_or_default().to_owned(), media: link, ..Content::default() })
}

/// Exactly one of `link` and `id`.
fn link(object: &Fields<'_>, kind: &str) -> Result<Option<MediaLink>, Refusal> {
    match (object.get("link").is_some(), object.get("id").is_some()) {
        (true, false) => Ok(Some(MediaLink::at(kind, object.url("link")?))),
        (false, true) => object.text("id", 500).map(|id| Some(MediaLink::uploaded(kind, id))),
        _ => Err(object.wrong("link", "or id expected, not both")),
    }
}

fn interactive(fields: &Fields<'_>) -> Result<Content, Refusal> {
    let object = fields.object("interactive")?;
    let kind = object.text("type", 40)?;
    let action = object.object("action")?;
    let limit = if kind == "list" { TEXT_LIMIT } else { CAPTION_LIMIT };
    let text = object.object("body")?.text("text", limit)?;
    let media = interactive_header(&object, kind)?;
    if object.get("footer").is_some() {
        if kind == "location_request_message" {
            return Err(object.wrong("footer", "not allowed here"));
        }
        object.object("footer")?.text("text", 60)?;
    }
    let (word, buttons) = match kind {
        "button" => ("buttons", reply_buttons(&action)?),
        "list" => ("list", rows(&action)?),
        "cta_url" => {
            let link = action.object("parameters")?;
            link.text("display_text", 20)?;
            link.url("url")?;
            ("cta_url", Vec::new())
        }
        "location_request_message" if action.text("name", 40)? == "send_location" => ("location_request", Vec::new()),
        _ => return Err(object.wrong("type", "unknown")),
    };
    Ok(Content { buttons, media, ..plain(word, text) })
}

/// A text or a file above the body; a list has texts only, a location request nothing (reference 5.3).
fn interactive_header(object: &Fields<'_>, kind: &str) -> Result<Option<MediaLink>, Refusal> {
    if object.get("header").is_none() {
        return Ok(None);
    }
    let header = object.object("header")?;
    match (header.text("type", 20)?, kind) {
        (_, "location_request_message") => Err(object.wrong("header", "not allowed here")),
        ("text", _) => header.text("text", 60).map(|_| None),
        (file @ ("image" | "video" | "document"), "button" | "cta_url") => link(&header.object(file)?, file),
        _ => Err(header.wrong("type", "not allowed here")),
    }
}

fn reply_buttons(action: &Fields<'_>) -> Result<Vec<Button>, Refusal> {
    let read = |(index, item): (usize, &Fields<'_>)| {
        if item.text("type", 20)? != "reply" {
            return Err(item.wrong("type", "unknown"));
        }
        let reply = item.object("reply")?;
        button(reply.text("id", 256)?, reply.text("title", 20)?, None, index, ButtonKind::Reply)
    };
    let buttons = action.objects("buttons", 1, 3)?.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    interactive::distinct(action, "buttons", &buttons)?;
    interactive::distinct_ids(action, "buttons", &buttons)?;
    Ok(buttons)
}

fn rows(action: &Fields<'_>) -> Result<Vec<Button>, Refusal> {
    action.text("button", 20)?;
    let mut found = Vec::new();
    let sections = action.objects("sections", 1, 10)?;
    for section in &sections {
        if sections.len() > 1 {
            section.text("title", 24)?;
        }
        section.optional("title", 24)?;
        for row in section.objects("rows", 1, 10)? {
            let index = found.len();
            found.push(button(row.text("id", 200)?, row.text("title", 24)?, row.optional("description", 72)?, index, ButtonKind::Row)?);
        }
    }
    if found.len() > 10 {
        return Err(action.wrong("sections", "more than 10 rows"));
    }
    interactive::distinct_ids(action, "sections", &found)?;
    Ok(found)
}

#[expect(clippy::unnecessary_wraps, reason = "read in the middle of fallible chains")]
fn button(id: &str, title: &str, description: Option<&str>, index: usize, kind: ButtonKind) -> Result<Button, Refusal> {
    let (title, postback, description) = (title.to_owned(), Some(id.to_owned()), description.map(str::to_owned));
    Ok(Button { title, postback, description, index, kind, request_id: None })
}

fn template(app: &App, fields: &Fields<'_>) -> Result<V3Content, Refusal> {
    let object = fields.object("template")?;
    let name = object.text("name", 512)?;
    let language = object.object("language")?.text("code", 20)?;
    let given = if object.get("components").is_some() { components(&object)? } else { Given::default() };
    let found = app.templates.iter().find(|template| template.element_name == name && template.language_code == language);
    let Some(found) = found else {
        return Ok(V3Content { content: plain("template", ""), trouble: Some(Trouble::TemplateUnknown) });
    };
    let params: Vec<&str> = [&given.header, &given.body, &given.buttons].into_iter().flatten().map(String::as_str).collect();
    let trouble = found.check_status().or_else(|| shape(found, &given)).or_else(|| found.check_params(&params));
    let mut content = template_message::content_of(found, &params);
    content.media.clone_from(&given.media);
    for (index, payload) in &given.payloads {
        if let Some(button) = content.buttons.iter_mut().find(|button| button.index == *index) {
            button.postback = Some(payload.clone());
        }
    }
    Ok(V3Content { content, trouble })
}

#[derive(Default)]
struct Given {
    header: Vec<String>,
    header_kind: Option<String>,
    media: Option<MediaLink>,
    body: Vec<String>,
    buttons: Vec<String>,
    payloads: Vec<(usize, String)>,
    named: bool,
    stray_button: Option<usize>,
    value_at: Vec<usize>,
}

fn components(template: &Fields<'_>) -> Result<Given, Refusal> {
    let mut given = Given::default();
    for component in template.objects("components", 0, 20)? {
        let parameters = if component.get("parameters").is_some() { component.objects("parameters", 0, 50)? } else { Vec::new() };
        match component.text("type", 40)? {
            "header" => header(&mut given, &parameters)?,
            "body" => {
                for parameter in &parameters {
                    given.named |= parameter.get("parameter_name").is_some();
                    given.body.push(raw_text(parameter, "text"));
                }
            }
            "button" => button_value(&mut given, &component, &parameters)?,
            "carousel" | "limited_time_offer" => {}
            _ => return Err(component.wrong("type", "unknown")),
        }
    }
    Ok(given)
}

fn header(given: &mut Given, parameters: &[Fields<'_>]) -> Result<(), Refusal> {
    for parameter in parameters {
        let kind = parameter.text("type", 40)?;
        given.header_kind = Some(kind.to_owned());
        match kind {
            "text" => given.header.push(raw_text(parameter, "text")),
            "image" | "video" | "document" => given.media = link(&parameter.object(kind)?, kind)?,
            "location" => drop(parameter.object("location")?.degrees("latitude", 90.0)?),
            _ => return Err(parameter.wrong("type", "unknown")),
        }
    }
    Ok(())
}

fn button_value(given: &mut Given, component: &Fields<'_>, parameters: &[Fields<'_>]) -> Result<(), Refusal> {
    let index = match component.get("index") {
        Some(Value::String(text)) => text.parse::<usize>().ok(),
        Some(Value::Number(number)) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        _ => None,
    };
    let index = index.ok_or_else(|| component.wrong("index", "number expected"))?;
    let parameter = parameters.first().ok_or_else(|| component.wrong("parameters", "missing"))?;
    match component.text("sub_type", 40)? {
        "quick_reply" => given.payloads.push((index, raw_text(parameter, "payload"))),
        "url" => {
            given.value_at.push(index);
            given.buttons.push(raw_text(parameter, "text"));
        }
        "copy_code" => {
            given.value_at.push(index);
            given.buttons.push(raw_text(parameter, "coupon_code"));
        }
        "flow" | "catalog" | "mpm" | "voice_call" => given.stray_button = Some(index),
        _ => return Err(component.wrong("sub_type", "unknown")),
    }
    Ok(())
}

/// Kinds and places of components against the template.
fn shape(template: &Template, given: &Given) -> Option<Trouble> {
    let wanted = template.template_type.to_ascii_lowercase();
    let header_wrong = match wanted.as_str() {
        "text" => given.header_kind.as_deref().is_some_and(|kind| kind != "text"),
        "image" | "video" | "document" | "location" => given.header_kind.as_deref() != Some(wanted.as_str()),
        _ => false,
    };
    let named_wrong = given.named != (template.parameter_format == "NAMED") && !given.body.is_empty();
    let quick =
        |index: usize| template.buttons.get(index).and_then(|button| button.get("type")).and_then(Value::as_str) == Some("QUICK_REPLY");
    let payload_wrong =
        given.payloads.iter().any(|(index, _)| !quick(*index)) || given.stray_button.is_some_and(|index| index >= template.buttons.len());
    let value_wrong = given.value_at.iter().any(|index| !template.buttons.get(*index).is_some_and(takes_value));
    if header_wrong || named_wrong || payload_wrong || value_wrong {
        return Some(Trouble::ParameterFormat);
    }
    let counts_wrong = given.header.len() != template.header_params()
        || given.body.len() != template.body_params()
        || given.buttons.len() != template.button_params();
    counts_wrong.then_some(Trouble::ParameterCount)
}

fn raw_text(fields: &Fields<'_>, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
