//! Events and placements: what is bound to our addresses (reference/bitrix24.md G.1, J.1). Pure builders and readers.

use super::{Command, form};
use serde_json::{Value, json};

/// One binding as `event.get` or `placement.get` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Event or placement code, upper case.
    pub name: String,
    /// Address that is called.
    pub handler: String,
}

/// Lists event bindings.
pub fn event_get(key: &str) -> Command {
    Command { key: key.to_owned(), method: "event.get".to_owned(), params: json!({}) }
}

/// Parameters of `event.bind`.
pub fn event_bind(event: &str, handler: &str) -> Value {
    json!({"event": event, "handler": handler})
}

/// Parameters of `event.unbind`.
pub fn event_unbind(event: &str, handler: &str) -> Value {
    json!({"event": event, "handler": handler})
}

/// Reads `event.get`; offline bindings have no handler and are left out.
pub fn read_events(result: &Value) -> Vec<Binding> {
    bindings(result, "event")
}

/// Lists placement bindings.
pub fn placement_get(key: &str) -> Command {
    Command { key: key.to_owned(), method: "placement.get".to_owned(), params: json!({}) }
}

/// Parameters of `placement.bind`; `titles` is a `{lang: text}` map.
pub fn placement_bind(placement: &str, handler: &str, titles: &Value) -> Value {
    let lang_all: serde_json::Map<String, Value> =
        titles.as_object().map(|map| map.iter().map(|(lang, title)| (lang.clone(), json!({"TITLE": title}))).collect()).unwrap_or_default();
    json!({"PLACEMENT": placement, "HANDLER": handler, "TITLE": titles.get("en").cloned().unwrap_or(Value::Null), "LANG_ALL": lang_all})
}

/// Reads `placement.get`.
pub fn read_placements(result: &Value) -> Vec<Binding> {
    bindings(result, "placement")
}

fn bindings(result: &Value, name: &str) -> Vec<Binding> {
    form::list(result)
        .into_iter()
        .filter_map(Value::as_object)
        .map(|row| Binding { name: form::text(row, name).to_uppercase(), handler: form::text(row, "handler") })
        .filter(|binding| !binding.handler.is_empty())
        .collect()
}
