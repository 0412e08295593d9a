//! Parameters of one REST call, whatever their encoding was, and PHP's way of looking at values.

use serde_json::{Map, Value};

/// The merged parameters of a request or of one command of a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(pub(crate) Map<String, Value>);

impl Params {
    /// Exact name: the newer methods do not forgive another case.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Any case: the older methods change the case of all keys first.
    pub(crate) fn any_case(&self, name: &str) -> Option<&Value> {
        find_any_case(&self.0, name).filter(|value| !value.is_null())
    }

    /// An integer under an exact name.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(as_int)
    }

    /// A scalar as text under any case; empty text counts as none.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        self.any_case(name).and_then(as_text).filter(|text| !text.is_empty())
    }

    /// A map under an exact name; PHP cannot tell an empty list from an empty map.
    pub(crate) fn map(&self, name: &str) -> Option<Map<String, Value>> {
        self.get(name).and_then(as_map)
    }
}

/// Looks a key up ignoring case.
pub(crate) fn find_any_case<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Numbers and numeric strings.
pub(crate) fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Scalars as PHP would print them.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "1".into() } else { String::new() }),
        _ => None,
    }
}

/// Objects, and lists as maps of their indexes.
pub(crate) fn as_map(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map.clone()),
        Value::Array(list) => Some(list.iter().enumerate().map(|(index, item)| (index.to_string(), item.clone())).collect()),
        _ => None,
    }
}

/// Lists, and maps as their values.
pub(crate) fn as_list(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(list) => Some(list.clone()),
        Value::Object(map) => Some(map.values().cloned().collect()),
        _ => None,
    }
}

/// PHP's `empty()`.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// The many ways to say yes.
pub(crate) fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().and_then(|n| match n {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }),
        Value::String(text) => match text.as_str() {
            "Y" | "y" | "1" | "true" => Some(true),
            "N" | "n" | "0" | "false" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
