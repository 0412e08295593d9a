//! Matching of a call's `params` with a template's placeholders, and the template's visible text (ROBOTS.md "Details").
//!
//! Items are keyed (`1=…`, `name=…`) when every one that is not blank starts with a key of this template, by position when
//! none does. A mixture is refused: guessing would send a client somebody else's number.

use super::operation::OnMissing;
use crate::domain::blank::is_blank;
use crate::domain::content::{ButtonKind, ButtonValue};
use crate::domain::refusal::{Code, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;

/// Used when the portal's filler is blank itself: WhatsApp refuses empty parameters.
const FILLER: &str = "-";

/// What became of the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchedParams {
    /// (key, value) for each placeholder, in the template's order; values are on one line and never blank.
    Filled(Vec<(String, String)>),
    /// A value is missing and `on_missing` is `skip`; names its key.
    Skip(String),
}

/// Fills the placeholders `keys` (in order of appearance) from `items`.
///
/// # Errors
/// `template_params_mismatch` naming the item, `value_missing` naming the key.
pub fn match_params(keys: &[String], items: &[String], on_missing: OnMissing, filler: &str) -> Result<MatchedParams, Refusal> {
    let keyed: Vec<Option<(usize, &str)>> = items.iter().map(|item| key_of(keys, item)).collect();
    let mut named = items.iter().zip(&keyed).enumerate().filter(|(_, (item, _))| !item.trim().is_empty());
    let Some((_, (_, first))) = named.next() else { return blank_only(keys, items, on_missing, filler) };
    if let Some((index, (item, _))) = named.find(|(_, (_, key))| key.is_some() != first.is_some()) {
        return Err(mismatch(keys, items, &place(index, item), "mixture"));
    }
    let mut values: Vec<Option<&str>> = vec![None; keys.len()];
    if first.is_some() {
        for (index, (item, key)) in items.iter().zip(&keyed).enumerate() {
            let Some((slot, value)) = key else { continue };
            match values.get_mut(*slot) {
                Some(free @ None) => *free = Some(value),
                _ => return Err(mismatch(keys, items, &place(index, item), "twice")),
            }
        }
    } else if items.len() == keys.len() {
        values = items.iter().map(|item| Some(item.as_str())).collect();
    } else {
        return Err(wrong_count(keys, items));
    }
    fill(keys, &values, on_missing, filler)
}

/// Nothing but blanks, or nothing at all.
fn blank_only(keys: &[String], items: &[String], on_missing: OnMissing, filler: &str) -> Result<MatchedParams, Refusal> {
    // Bitrix24 sends one blank item for an untouched list.
    if keys.is_empty() {
        return Ok(MatchedParams::Filled(Vec::new()));
    }
    if items.is_empty() {
        return Err(mismatch(keys, items, "—", "none"));
    }
    if items.len() != keys.len() {
        return Err(wrong_count(keys, items));
    }
    fill(keys, &vec![None; keys.len()], on_missing, filler)
}

fn fill(keys: &[String], values: &[Option<&str>], on_missing: OnMissing, filler: &str) -> Result<MatchedParams, Refusal> {
    let filler = one_line(filler);
    let filler = if is_blank(&filler) { FILLER.to_owned() } else { filler };
    let mut filled = Vec::with_capacity(keys.len());
    for (key, value) in keys.iter().zip(values) {
        let value = value.map(one_line).unwrap_or_default();
        let value = match (is_blank(&value), on_missing) {
            (false, _) => value,
            (true, OnMissing::Empty) => filler.clone(),
            (true, OnMissing::Skip) => return Ok(MatchedParams::Skip(key.clone())),
            (true, OnMissing::Fail) => {
                let rule = format!("template placeholder {key} has no value");
                return Err(Refusal::new(Code::ValueMissing, rule).with("name", key.clone()).with("field", "params"));
            }
        };
        filled.push((key.clone(), value));
    }
    Ok(MatchedParams::Filled(filled))
}

/// The slot and value of an item that starts with a key of the template; only the first `=` splits.
fn key_of<'a>(keys: &[String], item: &'a str) -> Option<(usize, &'a str)> {
    let (key, value) = item.split_once('=')?;
    keys.iter().position(|known| known == key.trim()).map(|slot| (slot, value))
}

/// Line breaks, tabs and runs of blanks become one space, the ends are bare; a single no-break space stays.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_whitespace() {
            out.push(c);
            continue;
        }
        let mut run = 1;
        while chars.next_if(|next| next.is_whitespace()).is_some() {
            run += 1;
        }
        let keeps = run == 1 && matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}');
        out.push(if keeps { c } else { ' ' });
    }
    out
}

fn wrong_count(keys: &[String], items: &[String]) -> Refusal {
    // The first item too many, else the first placeholder without one.
    let item = match (items.get(keys.len()), keys.get(items.len())) {
        (Some(extra), _) => place(keys.len(), extra),
        (None, Some(key)) => format!("{{{{{key}}}}}"),
        (None, None) => "—".to_owned(),
    };
    mismatch(keys, items, &item, "count")
}

/// Position from 1 and the item itself, shortened.
fn place(index: usize, item: &str) -> String {
    let shown = one_line(item);
    let short: String = shown.chars().take(40).collect();
    let dots = if short.len() < shown.len() { "…" } else { "" };
    format!("{} ({short}{dots})", index + 1)
}

fn mismatch(keys: &[String], items: &[String], item: &str, word: &str) -> Refusal {
    Refusal::new(Code::TemplateParamsMismatch, format!("params: {word} at {item}; {} placeholders, {} items", keys.len(), items.len()))
        .with("item", item)
        .with("expected", keys.len().to_string())
        .with("given", items.len().to_string())
        .with("keys", keys.join(", "))
        .with("hint_key", format!("hint-params-{word}"))
}

/// Fills the buttons of a template that take a value (`index=value`, buttons counted from 0 in the template).
///
/// `buttons` is the synced list `[{"type":"URL","dynamic":true,…}, …]`. A dynamic URL and a coupon need a value; a quick reply
/// may have a payload. `Ok(None)` = a needed value is missing and `on_missing` is `skip`.
///
/// # Errors
/// `property_invalid` for an item that is no `index=value`, `template_params_mismatch` for a button that is not there or
/// stands twice, `value_missing`.
pub fn match_buttons(buttons: &Value, items: &[String], on_missing: OnMissing, filler: &str) -> Result<Option<Vec<ButtonValue>>, Refusal> {
    let slots: BTreeMap<usize, (ButtonKind, bool)> =
        buttons.as_array().into_iter().flatten().enumerate().filter_map(|(index, button)| Some((index, slot(button)?))).collect();
    let mut given: BTreeMap<usize, String> = BTreeMap::new();
    for (place_index, item) in items.iter().enumerate().filter(|(_, item)| !item.trim().is_empty()) {
        let parsed = item.split_once('=').and_then(|(index, value)| Some((index.trim().parse::<usize>().ok()?, one_line(value))));
        let Some((index, value)) = parsed else {
            let rule = format!("button_params item {} is no index=value", place_index + 1);
            return Err(Refusal::new(Code::PropertyInvalid, rule)
                .with("name", "button_params")
                .with("value", place(place_index, item))
                .with("item", place(place_index, item))
                .with("hint_key", "hint-button_params"));
        };
        let said = |word: &str| {
            Refusal::new(Code::TemplateParamsMismatch, format!("button_params item {}: {word}", place_index + 1))
                .with("item", place(place_index, item))
                .with("expected", slots.len().to_string())
                .with("given", items.len().to_string())
                .with("hint_key", format!("hint-buttons-{word}"))
        };
        if !slots.contains_key(&index) {
            return Err(said("unknown"));
        }
        if given.insert(index, value).is_some() {
            return Err(said("twice"));
        }
    }
    let mut out = Vec::new();
    for (index, (kind, needed)) in slots {
        let value = given.remove(&index).filter(|value| !value.is_empty());
        let value = match (value, needed, on_missing) {
            (Some(value), _, _) => value,
            (None, false, _) => continue,
            (None, true, OnMissing::Empty) => if filler.trim().is_empty() { FILLER } else { filler.trim() }.to_owned(),
            (None, true, OnMissing::Skip) => return Ok(None),
            (None, true, OnMissing::Fail) => {
                let rule = format!("template button {index} needs a value");
                return Err(Refusal::new(Code::ValueMissing, rule).with("name", index.to_string()).with("field", "button_params"));
            }
        };
        out.push(ButtonValue { index, kind, value });
    }
    Ok(Some(out))
}

/// What a button takes and whether it must; `None` for buttons without values.
fn slot(button: &Value) -> Option<(ButtonKind, bool)> {
    let kind = button.get("type").and_then(Value::as_str).unwrap_or_default().to_uppercase();
    match kind.as_str() {
        "URL" => button.get("dynamic").and_then(Value::as_bool).unwrap_or(false).then_some((ButtonKind::Url, true)),
        "QUICK_REPLY" => Some((ButtonKind::QuickReply, false)),
        "COPY_CODE" => Some((ButtonKind::CopyCode, true)),
        _ => None,
    }
}

/// The template as the client sees it: header, body with values, footer, each on its own paragraph.
///
/// `header` is the header's text with its value, if it has one. A value is never searched for placeholders again.
pub fn rendered_text(header: Option<(&str, Option<&str>)>, body: &str, values: &[(String, String)], footer: Option<&str>) -> String {
    let header = header.map(|(text, value)| substitute(text, |_| value.map(str::to_owned)));
    let body = substitute(body, |key| values.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()));
    let parts = [header, Some(body), footer.map(str::to_owned)];
    parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Replaces `{{key}}`; what has no value stays as it is.
fn substitute(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((key, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match value(key.trim()) {
            Some(value) => out.push_str(&value),
            None => {
                out.push_str("{{");
                out.push_str(key);
                out.push_str("}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
