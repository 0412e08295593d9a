//! `POST /wa/api/v1/template/msg` and its partner twin (reference 4.4).
//!
//! The form is refused at once; what only the template knows (count, content, state) is refused by a `failed` callback.

use super::super::message::{Button, ButtonKind, Content, MediaLink};
use super::super::server::{Answer, Call};
use super::super::state::{Accepting, State};
use super::app::App;
use super::codes::{self, Trouble};
use super::envelope::{self, PartnerLimit};
use super::form::{Fields, Form, Refusal};
use super::template::Template;
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

/// Takes a template message of a self-serve key.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn send(state: &mut State, call: &Call, now: Ms) -> Result<Answer, Refusal> {
    let form = Form::read(call)?;
    let (app, to) = envelope::self_serve(state, call, &form, now)?;
    take(state, &app, to, &form, now)
}

/// Takes a template message of a partner.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn send_by_partner(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Ordinary, now)?;
    let form = Form::read(call)?;
    let to = envelope::partner_form(&app, &form)?;
    envelope::send_rate(state, &app, now)?;
    take(state, &app, to, &form, now)
}

fn take(state: &mut State, app: &App, to: String, form: &Form, now: Ms) -> Result<Answer, Refusal> {
    let wanted = form.object("template")?;
    let fields = Fields::new(&wanted, "template");
    let id = fields.text("id", 100)?;
    let params = params(&wanted)?;
    let extra = form.find("message").filter(|raw| !raw.is_empty()).map(|_| form.object("message")).transpose()?;
    let extra = extra.as_ref().map(extra_of).transpose()?;
    let template = app.template(id);
    let trouble = codes::general(state, app, &to, true, now)
        .or_else(|| if template.is_none() { Some(Trouble::TemplateUnknown) } else { None })
        .or_else(|| template.and_then(|template| check(template, &params, extra.as_ref())))
        .or_else(|| template.and_then(|template| codes::marketing(state, &to, &template.category)));
    let mut content =
        template.map_or_else(|| Content { kind: "template".to_owned(), ..Content::default() }, |template| content(template, &params));
    content.media = extra.as_ref().and_then(|extra| extra.link.clone());
    for (index, payload) in extra.iter().flat_map(|extra| &extra.postbacks) {
        if let Some(button) = content.buttons.iter_mut().find(|button| button.index == *index) {
            button.postback = Some(payload.clone());
        }
    }
    let failure = trouble.map(|trouble| codes::failure(app, trouble));
    let body = json!({"template": wanted, "message": extra.map(|extra| extra.raw)});
    let accepted = state.accept(Accepting { account: app.name.clone(), to, content, body, failure }, now);
    Ok(Answer::json(202, &json!({"status": "submitted", "messageId": accepted.provider_id})))
}

fn params(template: &Map<String, Value>) -> Result<Vec<&str>, Refusal> {
    match template.get("params") {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().ok_or_else(|| Refusal::bad("Invalid template: params must be strings"))).collect()
        }
        Some(_) => Err(Refusal::bad("Invalid template: params array expected")),
    }
}

/// The `message` beside a template: a header file, a place, or quick-reply payloads.
struct Extra {
    kind: String,
    link: Option<MediaLink>,
    postbacks: Vec<(usize, String)>,
    raw: Value,
}

fn extra_of(message: &Map<String, Value>) -> Result<Extra, Refusal> {
    let fields = Fields::new(message, "message");
    let kind = fields.text("type", 20)?;
    let mut link = None;
    match kind {
        "image" | "video" | "document" | "gif" => {
            let media = fields.object(kind)?;
            match (media.get("link").is_some(), media.get("id").is_some()) {
                (true, false) => link = Some(MediaLink::at(kind, media.url("link")?)),
                (false, true) => link = Some(MediaLink::uploaded(kind, media.text("id", 500)?)),
                _ => return Err(media.wrong("link", "or id expected, not both")),
            }
        }
        "location" => {
            let place = fields.object("location")?;
            place.degrees("latitude", 90.0)?;
            place.degrees("longitude", 180.0)?;
        }
        "carousel" => drop(fields.objects("cards", 2, 10)?),
        "text" => {}
        _ => return Err(Refusal::bad("Invalid message type")),
    }
    Ok(Extra { kind: kind.to_owned(), link, postbacks: postbacks(&fields)?, raw: Value::Object(message.clone()) })
}

fn postbacks(fields: &Fields<'_>) -> Result<Vec<(usize, String)>, Refusal> {
    if fields.get("postbackTexts").is_none() {
        return Ok(Vec::new());
    }
    let read = |item: &Fields<'_>| -> Result<(usize, String), Refusal> {
        let index = item.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
        Ok((index.ok_or_else(|| item.wrong("index", "number expected"))?, item.text("text", 256)?.to_owned()))
    };
    fields.objects("postbackTexts", 1, 10)?.iter().map(read).collect()
}

/// What the template itself does not allow.
fn check(template: &Template, params: &[&str], extra: Option<&Extra>) -> Option<Trouble> {
    if template.parameter_format == "NAMED" {
        return Some(Trouble::ParameterFormat);
    }
    let header = template.template_type.to_ascii_lowercase();
    let given = extra.map(|extra| extra.kind.as_str()).unwrap_or("text");
    let header_missing = matches!(header.as_str(), "image" | "video" | "document" | "gif" | "location" | "carousel") && given != header;
    let header_unwanted = header == "text" && given != "text";
    let stray =
        |index: &usize| template.buttons.get(*index).and_then(|button| button.get("type")).and_then(Value::as_str) != Some("QUICK_REPLY");
    let button_stray = extra.is_some_and(|extra| extra.postbacks.iter().any(|(index, _)| stray(index)));
    let wrong_shape = (header_missing || header_unwanted || button_stray).then_some(Trouble::ParameterFormat);
    template.check_status().or(wrong_shape).or_else(|| template.check_params(params))
}

fn content(template: &Template, params: &[&str]) -> Content {
    let quick = |(index, button): (usize, &Value)| {
        (button.get("type").and_then(Value::as_str) == Some("QUICK_REPLY")).then(|| Button {
            title: button.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
            postback: None,
            description: None,
            index,
            kind: ButtonKind::Template,
            request_id: None,
        })
    };
    Content {
        kind: "template".to_owned(),
        text: template.fill(params),
        buttons: template.buttons.iter().enumerate().filter_map(quick).collect(),
        template: Some(template.element_name.clone()),
        category: Some(template.category.clone()),
        ..Content::default()
    }
}

/// The content of a template message, for the V3 shape.
pub(super) fn content_of(template: &Template, params: &[&str]) -> Content {
    content(template, params)
}
