//! The rules for robot properties, handlers, document types and filters, in the vendor's words (reference/bitrix24.md B.1, B.4).

use super::error::Refusal;
use super::params::{as_list, as_map, as_text, is_empty};
use serde_json::{Map, Value};

/// One property or return property.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Property {
    /// Name in `properties[…]`, case kept.
    pub id: String,
    /// `Type` in lower case; `string` when it was not told.
    pub kind: String,
    /// `Required`.
    pub required: bool,
    /// `Multiple`.
    pub multiple: bool,
    /// `Default` as told.
    pub default: Value,
    /// The whole descriptor with upper-case keys.
    pub descriptor: Map<String, Value>,
}

const TYPES: [&str; 10] = ["bool", "date", "datetime", "double", "file", "int", "select", "string", "text", "user"];

/// Silently shadowed by the portal's own fields; refused here, since no one can want that.
const RESERVED: [&str; 8] =
    ["Title", "UseSubscription", "IsTimeout", "AuthUserId", "SetStatusMessage", "StatusMessage", "TimeoutDuration", "TimeoutDurationType"];

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::bad("ERROR_ACTIVITY_VALIDATION_FAILURE", text)
}

/// http or https, and a host with a dot: `127.0.0.1` passes, `localhost` does not.
pub(crate) fn check_handler(value: &Value) -> Result<String, Refusal> {
    let text = as_text(value).unwrap_or_default();
    let wrong = || Refusal::bad("ERROR_WRONG_HANDLER_URL", "Wrong handler URL");
    let address = url::Url::parse(&text).map_err(|_| wrong())?;
    let dotted = address.host_str().is_some_and(|host| host.find('.').is_some_and(|at| at > 0));
    if !dotted {
        return Err(wrong());
    }
    if matches!(address.scheme(), "http" | "https") {
        Ok(text)
    } else {
        Err(Refusal::bad("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol"))
    }
}

/// `typed`: a `DOCUMENT_TYPE` was told, which allows types of that document.
pub(crate) fn read_properties(value: &Value, typed: bool) -> Result<Vec<Property>, Refusal> {
    if value.is_null() || value.as_str() == Some("") {
        return Ok(Vec::new());
    }
    let map = as_map(value).ok_or_else(|| invalid("Wrong properties array!"))?;
    let mut properties: Vec<Property> = Vec::with_capacity(map.len());
    for (key, descriptor) in &map {
        let taken = |name: &str| name.eq_ignore_ascii_case(key);
        if !is_property_name(key) || RESERVED.iter().any(|name| taken(name)) || properties.iter().any(|one| taken(&one.id)) {
            return Err(invalid(format!("Wrong property key ({key})!")));
        }
        properties.push(read_property(key, descriptor, typed)?);
    }
    Ok(properties)
}

fn is_property_name(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn read_property(key: &str, descriptor: &Value, typed: bool) -> Result<Property, Refusal> {
    let descriptor: Map<String, Value> =
        as_map(descriptor).unwrap_or_default().into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect();
    if descriptor.get("NAME").is_none_or(is_empty) {
        return Err(invalid(format!("Empty property NAME ({key})!")));
    }
    let kind = descriptor.get("TYPE").and_then(as_text).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "string".into());
    let lower = kind.to_lowercase();
    if !TYPES.contains(&lower.as_str()) && !(typed && (lower == "time" || kind.contains(':'))) {
        return Err(invalid(format!("Wrong property TYPE ({key})!")));
    }
    let yes = |name: &str| descriptor.get(name).and_then(as_text).as_deref() == Some("Y");
    Ok(Property {
        id: key.to_owned(),
        kind: lower,
        required: yes("REQUIRED"),
        multiple: yes("MULTIPLE"),
        default: descriptor.get("DEFAULT").cloned().unwrap_or(Value::Null),
        descriptor,
    })
}

/// Validated for activities only.
pub(crate) fn check_document_type(value: &Value) -> Result<(), Refusal> {
    let parts: Vec<String> = as_list(value).unwrap_or_default().iter().filter_map(as_text).collect();
    let known = match parts.as_slice() {
        [module, entity, kind] => {
            !entity.is_empty() && !kind.is_empty() && ["crm", "lists", "disk", "tasks", "rpa"].contains(&module.as_str())
        }
        _ => false,
    };
    if known { Ok(()) } else { Err(invalid("Wrong activity DOCUMENT_TYPE!")) }
}

/// `{INCLUDE: [rule], EXCLUDE: [rule]}`; a rule is `b24`, `box` or a (partial) document type. Empty clears.
pub(crate) fn check_filter(value: &Value) -> Result<(), Refusal> {
    let wrong = || invalid("Wrong activity FILTER!");
    if is_empty(value) {
        return Ok(());
    }
    let filter = value.as_object().ok_or_else(wrong)?;
    for (key, rules) in filter {
        if !["INCLUDE", "EXCLUDE"].contains(&key.to_uppercase().as_str()) {
            return Err(wrong());
        }
        let rules = as_list(rules).ok_or_else(wrong)?;
        let good = |rule: &Value| match rule {
            Value::String(edition) => edition == "b24" || edition == "box",
            other => as_list(other).is_some_and(|parts| (1..=3).contains(&parts.len()) && parts.iter().all(Value::is_string)),
        };
        if !rules.iter().all(good) {
            return Err(wrong());
        }
    }
    Ok(())
}
