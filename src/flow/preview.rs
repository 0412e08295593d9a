//! What a robot's settings would send: the same rendering and the same template matching as `run_call`, without a message.
//!
//! `{=Document:FIELD}` is filled from a card that the viewer may read, else from the labels that the page knows. What would be refused
//! is listed with the refusal's own words, and the rest is shown all the same, so that a half-filled form has a preview.

use super::Ctx;
use super::card::Card;
use super::content;
use super::desk::{Desk, Sender};
use crate::catalog::operation::{Operation, SendCommon, TemplateChoice};
use crate::catalog::template_params::{self, MatchedParams};
use crate::catalog::{RenderInput, is_skip};
use crate::db::DbResult;
use crate::db::entity::template;
use crate::domain::refusal::{Code, Refusal};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is to be shown.
#[derive(Debug)]
pub struct Asked<'a> {
    /// CODE of the robot.
    pub code: &'a str,
    /// Properties as the form has them.
    pub properties: &'a Map<String, Value>,
    /// A document to fill them from.
    pub card: Option<&'a Card>,
    /// Names of document fields, shown where no document is given.
    pub labels: &'a BTreeMap<String, String>,
}

/// Bytes that fields may add to all properties of a form, and characters that one shows: a message has 4096 (reference/whatsapp.md 4).
const MOST_FILLED: usize = 64 * 1024;
const MOST_SHOWN: usize = 4096;

/// The bubble.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preview {
    /// `text`, `template`, or the operation's word for what has no bubble.
    pub kind: String,
    /// Channel it would leave through.
    pub channel: Option<(String, String)>,
    /// Kind of the header's file: `image`, `video`, `document`.
    pub media: Option<String>,
    /// What stands where the file will stand.
    pub media_source: Option<String>,
    /// Header as text.
    pub header: Option<String>,
    /// Text as the client will read it.
    pub body: String,
    /// Small print.
    pub footer: Option<String>,
    /// Titles of buttons.
    pub buttons: Vec<(String, String)>,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`.
    pub category: Option<String>,
    /// Unicode scalar values of the body.
    pub length: usize,
    /// Whether a free-form text needs an open window.
    pub needs_window: bool,
    /// What would be refused.
    pub problems: Vec<Refusal>,
}

/// Shows what would be sent; `None` when there is no such portal.
///
/// # Errors
/// The database failed.
pub async fn show(ctx: &Ctx, portal: &str, asked: &Asked<'_>) -> DbResult<Option<Preview>> {
    let Some(mut desk) = Desk::open(&ctx.db, portal).await? else { return Ok(None) };
    let Some(spec) = ctx.catalog.find(asked.code) else {
        let refusal = Refusal::new(Code::RobotUnknown, "no such robot").with("name", asked.code);
        return Ok(Some(Preview { problems: vec![refusal], ..Preview::default() }));
    };
    let mut left = MOST_FILLED;
    let properties: Map<String, Value> =
        asked.properties.iter().map(|(name, value)| (name.clone(), filled(value, asked, &mut left))).collect();
    let mut facts = asked.card.map(|card| card.items.clone()).unwrap_or_default();
    facts.insert("portal".to_owned(), json!({"domain": desk.portal.domain, "member_id": desk.portal.id, "lang": desk.portal.lang}));
    let facts = Value::Object(facts);
    let input = RenderInput {
        properties: &properties,
        facts: &facts,
        stored_patterns: &desk.portal.patterns,
        lang: desk.portal.lang,
        time_zone: desk.portal.time_zone.name(),
        region: &desk.portal.region,
    };
    match ctx.catalog.render(spec, &input) {
        Ok(rendered) => bubble(ctx, &mut desk, asked.code, &rendered.operation).await.map(Some),
        Err(refusal) if is_skip(&refusal) => Ok(Some(Preview { problems: vec![refusal], ..Preview::default() })),
        Err(refusal) => {
            // The form is not complete: what there is of the text or template is shown beside the reason.
            let mut preview = partial(ctx, &mut desk, &properties).await?;
            preview.problems.insert(0, refusal);
            Ok(Some(preview))
        }
    }
}

async fn bubble(ctx: &Ctx, desk: &mut Desk, code: &str, operation: &Operation) -> DbResult<Preview> {
    match operation {
        Operation::SendText { send, text, .. } => {
            let mut preview = Preview { kind: "text".to_owned(), body: text.clone(), length: text.chars().count(), ..Preview::default() };
            if let Some(sender) = resolved(desk, &send.channel, &mut preview) {
                preview.needs_window = sender.capabilities().official;
            }
            Ok(preview)
        }
        Operation::SendTemplate { send, template } => {
            let mut preview = Preview { kind: "template".to_owned(), ..Preview::default() };
            if let Some(sender) = resolved(desk, &send.channel, &mut preview) {
                template_bubble(ctx, desk, &sender, (send, template), &mut preview).await?;
            }
            Ok(preview)
        }
        Operation::SendButtons { send, header, text, footer, .. }
        | Operation::SendList { send, header, text, footer, .. }
        | Operation::SendLink { send, header, text, footer, .. } => {
            let mut preview = Preview { body: text.clone(), length: text.chars().count(), ..Preview::default() };
            "text".clone_into(&mut preview.kind);
            preview.header = Some(header.trim().to_owned()).filter(|header| !header.is_empty());
            preview.footer = Some(footer.trim().to_owned()).filter(|footer| !footer.is_empty());
            match content::titles(code, desk.portal.lang, operation) {
                Ok(titles) => preview.buttons = titles,
                Err(refusal) => preview.problems.push(refusal),
            }
            if let Some(sender) = resolved(desk, &send.channel, &mut preview) {
                preview.needs_window = sender.capabilities().official;
            }
            Ok(preview)
        }
        other => Ok(Preview { kind: word_of(other), ..Preview::default() }),
    }
}

fn word_of(operation: &Operation) -> String {
    let tagged = serde_json::to_value(operation).unwrap_or_default();
    tagged.get("operation").and_then(Value::as_str).unwrap_or_default().to_owned()
}

async fn partial(ctx: &Ctx, desk: &mut Desk, properties: &Map<String, Value>) -> DbResult<Preview> {
    let text = |name: &str| properties.get(name).map(joined).unwrap_or_default();
    let mut preview = Preview::default();
    let Some(sender) = resolved(desk, &text("channel"), &mut preview) else { return Ok(preview) };
    if !text("template").trim().is_empty() {
        let list = |name: &str| match properties.get(name) {
            Some(Value::Array(items)) => items.iter().map(joined).collect(),
            Some(Value::String(text)) => vec![text.clone()],
            _ => Vec::new(),
        };
        let choice = TemplateChoice {
            template: text("template"),
            params: list("params"),
            header: text("header"),
            button_params: list("button_params"),
        };
        preview.kind = "template".to_owned();
        template_bubble(ctx, desk, &sender, (&SendCommon::default(), &choice), &mut preview).await?;
        // The first reason stands already; matching only repeats it.
        preview.problems.clear();
    } else if properties.contains_key("text") {
        preview.kind = "text".to_owned();
        preview.body = text("text");
        preview.length = preview.body.chars().count();
        preview.needs_window = sender.capabilities().official;
    }
    Ok(preview)
}

fn joined(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(joined).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn resolved(desk: &Desk, channel: &str, preview: &mut Preview) -> Option<Sender> {
    match desk.resolve(channel) {
        Ok(sender) => {
            preview.channel = Some((sender.row.id.clone(), sender.row.name.clone()));
            Some(sender)
        }
        Err(refusal) => {
            preview.problems.push(refusal);
            None
        }
    }
}

async fn template_bubble(
    ctx: &Ctx,
    desk: &mut Desk,
    sender: &Sender,
    (send, choice): (&SendCommon, &TemplateChoice),
    preview: &mut Preview,
) -> DbResult<()> {
    let found = desk.template(&ctx.db, &sender.row.id, &choice.template).await?;
    let Some(row) = found else {
        preview.problems.push(Refusal::new(Code::TemplateNotFound, "not synced").with("name", choice.template.trim()));
        return Ok(());
    };
    let shown = format!("{}:{}", row.name, row.language);
    if row.vanished_at.is_some() {
        preview.problems.push(Refusal::new(Code::TemplateNotFound, "vanished").with("name", shown.clone()));
    } else if row.status != "APPROVED" {
        let refusal = Refusal::new(Code::TemplateNotApproved, format!("template status {}", row.status));
        preview.problems.push(refusal.with("name", shown).with("value", row.status.clone()));
    }
    let values = values(&row, choice, send, &desk.portal.filler, &mut preview.problems);
    let header_value = template_params::one_line(&choice.header);
    match row.header_kind.as_deref() {
        Some("text") => {
            let text = row.header_text.clone().unwrap_or_default();
            let value = Some(header_value.as_str()).filter(|value| !value.is_empty());
            preview.header = Some(template_params::rendered_text(Some((&text, value)), "", &[], None));
        }
        Some(kind) => {
            preview.media = Some(kind.to_owned());
            preview.media_source = Some(choice.header.trim().to_owned()).filter(|source| !source.is_empty());
            if preview.media_source.is_none() && matches!(kind, "image" | "video" | "document") {
                preview.problems.push(Refusal::new(Code::ValueMissing, "header file").with("name", "header"));
            }
        }
        None => {}
    }
    preview.body = template_params::rendered_text(None, &row.body, &values, None);
    preview.length = preview.body.chars().count();
    preview.footer = row.footer.clone().filter(|footer| !footer.is_empty());
    preview.buttons = buttons(&row);
    preview.category = Some(row.category.clone());
    Ok(())
}

/// Values as they will be sent; when they would be refused, those that are there.
fn values(
    row: &template::Model,
    choice: &TemplateChoice,
    send: &SendCommon,
    filler: &str,
    problems: &mut Vec<Refusal>,
) -> Vec<(String, String)> {
    let keys: Vec<String> = serde_json::from_str(&row.param_keys).unwrap_or_default();
    let buttons: Value = serde_json::from_str(&row.buttons).unwrap_or_default();
    if let Err(refusal) = template_params::match_buttons(&buttons, &choice.button_params, send.on_missing, filler) {
        problems.push(refusal);
    }
    match template_params::match_params(&keys, &choice.params, send.on_missing, filler) {
        Ok(MatchedParams::Filled(values)) => return values,
        Ok(MatchedParams::Skip(key)) => problems.push(Refusal::new(Code::ValueMissing, "on_missing = skip").with("name", key)),
        Err(refusal) => problems.push(refusal),
    }
    let told = |key: &String| {
        let start = format!("{key}=");
        let value = choice.params.iter().find_map(|item| item.strip_prefix(&start)).map(template_params::one_line);
        value.filter(|value| !value.is_empty()).map(|value| (key.clone(), value))
    };
    keys.iter().filter_map(told).collect()
}

fn buttons(row: &template::Model) -> Vec<(String, String)> {
    let stored: Value = serde_json::from_str(&row.buttons).unwrap_or_default();
    let text = |button: &Value, key: &str| button.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = stored.as_array().cloned().unwrap_or_default();
    list.iter().map(|button| (text(button, "type").to_lowercase(), text(button, "text"))).collect()
}

/// A property with its document fields filled; `left` = bytes that fields may still add to all properties together.
fn filled(value: &Value, asked: &Asked<'_>, left: &mut usize) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, asked, left)),
        Value::Array(items) => Value::Array(items.iter().map(|item| filled(item, asked, left)).collect()),
        other => other.clone(),
    }
}

fn fill(text: &str, asked: &Asked<'_>, left: &mut usize) -> String {
    const START: &str = "{=Document:";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        out.push_str(before);
        // Nothing behind this closes, or all that fields may add was added: the rest stays as it is written.
        let Some((name, tail)) = after.split_once('}').filter(|_| *left > 0) else {
            out.push_str(START);
            out.push_str(after);
            return out;
        };
        // ` > modifier` is Bitrix24's formatting; the bubble shows the plain value.
        let bare = name.split('>').next().unwrap_or(name).trim();
        let shown = match asked.card.and_then(|card| card.field(bare)) {
            Some(value) => value,
            None => format!("«{}»", asked.labels.get(bare).map_or(bare, String::as_str)),
        };
        let shown: String = shown.chars().take(MOST_SHOWN).collect();
        *left = left.saturating_sub(shown.len());
        out.push_str(&shown);
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_a_document_show_their_labels() {
        let labels = BTreeMap::from([("TITLE".to_owned(), "Название".to_owned())]);
        let properties = Map::new();
        let asked = Asked { code: "send_text", properties: &properties, card: None, labels: &labels };
        let table = [
            ("Заказ {=Document:TITLE} готов", "Заказ «Название» готов"),
            ("{=Document:TITLE > printable}{=Document:X}", "«Название»«X»"),
            ("{=Document:TITLE", "{=Document:TITLE"),
            ("{=Variable:a}", "{=Variable:a}"),
        ];
        for (text, shown) in table {
            assert_eq!(fill(text, &asked, &mut 1_000), shown, "{text}");
        }
    }

    #[test]
    fn a_hostile_form_makes_no_more_text_than_a_message_has() {
        let labels = BTreeMap::from([("X".to_owned(), "ы".repeat(500_000))]);
        let properties = Map::new();
        let asked = Asked { code: "send_text", properties: &properties, card: None, labels: &labels };
        let (mut left, many) = (MOST_FILLED, "{=Document:X}".repeat(38_000));
        let text = filled(&json!([many.as_str(), many.as_str()]), &asked, &mut left).to_string();
        assert!(text.len() < 2 * many.len() + 2 * MOST_FILLED, "{}", text.len());
        let open = "{=Document:".repeat(95_000);
        assert_eq!(fill(&open, &asked, &mut 1_000), open);
    }
}
