//! What the portal puts into the properties of a call: told values, defaults, `{=Document:FIELD}`, values of earlier steps.
//!
//! All registered properties are sent. A single one without a value is an empty string on current portals and absent on old
//! ones; an empty list vanishes in the encoder.

use super::document::Document;
use super::engine::{Planned, returned_by};
use super::params::as_text;
use super::robots::Robot;
use super::state::State;
use serde_json::{Map, Value};

/// The `properties` of one call.
pub(crate) fn fill(
    state: &State,
    workflow: &str,
    document: &Document,
    robot: Option<&Robot>,
    planned: &Planned,
    old: bool,
) -> Map<String, Value> {
    let Some(robot) = robot else { return planned.properties.clone() };
    let mut sent = Map::new();
    for property in &robot.properties {
        let told = planned.properties.get(&property.id).unwrap_or(&property.default);
        let value = substitute(state, workflow, document, told);
        let value = match value {
            Value::Null if old || property.multiple => Value::Null,
            Value::Null => Value::String(String::new()),
            Value::Bool(flag) if property.kind == "bool" && !old => Value::String(if flag { "Y" } else { "N" }.into()),
            other => other,
        };
        sent.insert(property.id.clone(), value);
    }
    sent
}

fn substitute(state: &State, workflow: &str, document: &Document, value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains("{=") => Value::String(replace(state, workflow, document, text)),
        Value::Array(list) => Value::Array(list.iter().map(|item| substitute(state, workflow, document, item)).collect()),
        other => other.clone(),
    }
}

fn replace(state: &State, workflow: &str, document: &Document, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{=") {
        out.push_str(before);
        let Some((expression, tail)) = after.split_once('}') else {
            out.push_str("{=");
            rest = after;
            continue;
        };
        let (source, name) = expression.split_once(':').unwrap_or((expression, ""));
        if source == "Document" {
            out.push_str(&document_value(state, document, name).unwrap_or_default());
        } else if let Some(place) = source.strip_prefix('A').and_then(|place| place.parse().ok()) {
            out.push_str(&returned_by(state, workflow, place, name).unwrap_or_default());
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn document_value(state: &State, document: &Document, name: &str) -> Option<String> {
    let (type_id, id) = document.item_key()?;
    let item = state.crm.items.get(&(type_id, id))?;
    if name == "ID" {
        return Some(id.to_string());
    }
    if name == "PHONE" || name == "CONTACT_PHONE" || name == "CONTACT.PHONE" {
        let holder =
            if name == "PHONE" { Some(item) } else { item.contacts().first().and_then(|contact| state.crm.items.get(&(3, *contact))) };
        return holder.and_then(|holder| holder.fm.iter().find(|fm| fm.type_id == "PHONE")).map(|fm| fm.value.clone());
    }
    if let Some(field) = name.strip_prefix("CONTACT.") {
        let contact = item.contacts().first().and_then(|contact| state.crm.items.get(&(3, *contact)))?;
        return contact.classic(3).get(field).and_then(as_text);
    }
    let classic = item.classic(type_id);
    classic.get(name).and_then(as_text)
}
