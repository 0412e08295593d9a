//! Properties as received → typed values.
//!
//! Bitrix24 sends text, whatever the type: a list where one value is expected and the reverse, `Y`, `1` or a label where an
//! option's key is expected, numbers with blanks, nothing at all (reference/bitrix24.md C.9, M 6, M 17). Text is taken
//! byte-exact.

use super::LANGUAGES;
use super::Words;
use super::spec::{Options, Property, Type};
use crate::domain::money::Decimal;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// As received, shortened.
    pub(super) value: String,
    /// Word of the locales (`hint-<word>`).
    pub(super) word: &'static str,
    /// Its arguments.
    pub(super) args: BTreeMap<String, String>,
}

/// The value under `id`: the exact key first, then ignoring case.
pub(super) fn raw<'a>(properties: &'a Map<String, Value>, id: &str) -> Option<&'a Value> {
    properties.get(id).or_else(|| properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(id)).map(|(_, value)| value))
}

/// The typed value: text, list of texts, bool, number; the default when nothing was given.
pub(super) fn read(property: &Property, raw: Option<&Value>, words: Words) -> Result<Value, Mistake> {
    let mut items = raw.map(texts).unwrap_or_default();
    if property.multiple {
        if !property.keep_blanks {
            items.retain(|item| !item.trim().is_empty());
        }
        if items.is_empty() {
            return Ok(if property.default.is_null() { Value::Array(Vec::new()) } else { property.default.clone() });
        }
        let typed = items.iter().map(|item| one(property, item, words));
        return typed.collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    if property.kind.is_text() {
        let text = if items.len() > 1 { joined(&items) } else { items.pop().unwrap_or_default() };
        return Ok(if text.is_empty() && !property.default.is_null() { property.default.clone() } else { Value::String(text) });
    }
    if property.kind == Type::File {
        // The form takes one, a mapped field may hold several (reference/bitrix24.md C.9): none is dropped.
        items.retain(|item| !item.trim().is_empty());
        return Ok(Value::from(items));
    }
    match items.iter().find(|item| !item.trim().is_empty()) {
        Some(item) => one(property, item, words),
        None if property.default.is_null() => Ok(Value::String(String::new())),
        None => Ok(property.default.clone()),
    }
}

/// Bitrix24 itself writes several values of a text as a comma list.
fn joined(items: &[String]) -> String {
    items.iter().filter(|item| !item.trim().is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn texts(raw: &Value) -> Vec<String> {
    match raw {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(truth) => vec![if *truth { "Y" } else { "N" }.to_owned()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts_or_blank).collect(),
        // PHP writes a list with gaps as a map.
        Value::Object(map) => map.values().flat_map(texts_or_blank).collect(),
    }
}

/// A null inside a list keeps its place.
fn texts_or_blank(item: &Value) -> Vec<String> {
    if item.is_null() { vec![String::new()] } else { texts(item) }
}

fn one(property: &Property, item: &str, words: Words) -> Result<Value, Mistake> {
    let mistake = |word, args: &[(&str, String)]| Mistake {
        value: item.trim().chars().take(60).collect(),
        word,
        args: args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    };
    match property.kind {
        Type::String | Type::Text | Type::Date | Type::Datetime | Type::User | Type::File => Ok(Value::String(item.to_owned())),
        Type::Bool => bool_of(item).map(Value::Bool).ok_or_else(|| mistake("bool", &[])),
        Type::Double => {
            let number = Decimal::parse(item).and_then(|number| Number::from_f64(number.plain().parse().ok()?));
            number.map(Value::Number).ok_or_else(|| mistake("number", &[]))
        }
        Type::Int => {
            let (min, max) = (property.min.unwrap_or(i64::MIN), property.max.unwrap_or(i64::MAX));
            let number =
                Decimal::parse(item).filter(Decimal::is_whole).and_then(|number| number.rounded(Some(0)).plain().parse::<i64>().ok());
            let limits = || mistake("int", &[("min", min.to_string()), ("max", max.to_string())]);
            number.filter(|number| (min..=max).contains(number)).map(Value::from).ok_or_else(limits)
        }
        Type::Select => match &property.options {
            Options::Keys(keys) => {
                let key = select_key(&property.id, keys, item.trim(), words);
                key.map(|key| Value::String(key.to_owned())).ok_or_else(|| mistake("select", &[("options", keys.join(", "))]))
            }
            Options::Channels | Options::None => Ok(Value::String(item.trim().to_owned())),
        },
    }
}

/// A switch in any of the ways portals and people write it.
pub(super) fn bool_of(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "y" | "1" | "true" | "yes" | "on" | "да" => Some(true),
        "n" | "0" | "false" | "no" | "off" | "нет" => Some(false),
        _ => None,
    }
}

/// The key that was given, or whose label was given in any language.
fn select_key<'a>(id: &str, keys: &'a [String], given: &str, words: Words) -> Option<&'a str> {
    if let Some(key) = keys.iter().find(|key| key.eq_ignore_ascii_case(given)) {
        return Some(key);
    }
    let given = given.to_lowercase();
    let labelled = |key: &&String| {
        let label = |lang: &&str| words(lang, &format!("option-{id}-{key}"), &BTreeMap::new());
        LANGUAGES.iter().filter_map(label).any(|label| label.to_lowercase() == given)
    };
    keys.iter().find(labelled).map(String::as_str)
}
