//! A spec as parameters of `bizproc.robot.add` and `bizproc.activity.add` (reference/bitrix24.md B.1).

use super::spec::{Documents, Options, Property, ResultField, RobotSpec};
use super::{LANGUAGES, Words};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a registration is written from.
pub(super) struct Sheet<'a> {
    pub(super) spec: &'a RobotSpec,
    pub(super) documents: &'a Documents,
    pub(super) words: Words,
    pub(super) lang: &'a str,
    pub(super) channels: &'a [(String, String)],
}

/// The parameters, without auth and AUTH_USER_ID.
pub(super) fn build(sheet: &Sheet<'_>, activity: bool, handler: &str) -> Value {
    let spec = sheet.spec;
    let properties: Map<String, Value> = spec.properties.iter().map(|property| (property.id.clone(), sheet.property(property))).collect();
    let results: Map<String, Value> = spec.results.iter().map(|result| (result.id.clone(), sheet.result(result))).collect();
    json!({
        "CODE": spec.registered_code(activity),
        "HANDLER": handler,
        "USE_SUBSCRIPTION": "Y",
        "NAME": sheet.by_language(&[spec.name_key()]),
        "DESCRIPTION": sheet.by_language(&[spec.description_key()]),
        "PROPERTIES": properties,
        "RETURN_PROPERTIES": results,
        "FILTER": { "INCLUDE": if activity { &sheet.documents.activity } else { &sheet.documents.robot } },
    })
}

fn yes_no(truth: bool) -> &'static str {
    if truth { "Y" } else { "N" }
}

impl Sheet<'_> {
    /// `{lang: text}` of the first key that a language has.
    fn by_language(&self, keys: &[String]) -> Value {
        let text = |lang: &str| keys.iter().find_map(|key| (self.words)(lang, key, &BTreeMap::new()));
        Value::Object(LANGUAGES.iter().filter_map(|lang| Some(((*lang).to_owned(), Value::String(text(lang)?)))).collect())
    }

    fn property(&self, property: &Property) -> Value {
        let mut out = Map::new();
        out.insert("Name".to_owned(), self.by_language(&self.spec.property_keys(&property.id, "name")));
        let description = self.by_language(&self.spec.property_keys(&property.id, "description"));
        if description.as_object().is_some_and(|texts| !texts.is_empty()) {
            out.insert("Description".to_owned(), description);
        }
        out.insert("Type".to_owned(), json!(property.kind));
        if let Some(options) = self.options(property) {
            out.insert("Options".to_owned(), options);
        }
        out.insert("Required".to_owned(), json!(yes_no(property.required)));
        out.insert("Multiple".to_owned(), json!(yes_no(property.multiple)));
        match &property.default {
            Value::Null => {}
            Value::Bool(truth) => {
                out.insert("Default".to_owned(), json!(yes_no(*truth)));
            }
            other => {
                out.insert("Default".to_owned(), other.clone());
            }
        }
        Value::Object(out)
    }

    fn options(&self, property: &Property) -> Option<Value> {
        match &property.options {
            Options::None => None,
            Options::Keys(keys) => {
                let labels = keys.iter().map(|key| (key.clone(), Value::String(self.label(&format!("option-{}-{key}", property.id)))));
                Some(Value::Object(labels.collect()))
            }
            Options::Channels if self.channels.is_empty() => Some(json!({ "": self.label("channel-default-none") })),
            Options::Channels => Some(Value::Object(self.channels.iter().map(|(id, label)| (id.clone(), json!(label))).collect())),
        }
    }

    /// A label in the portal's language, else in English.
    fn label(&self, key: &str) -> String {
        let text = |lang| (self.words)(lang, key, &BTreeMap::new());
        text(self.lang).or_else(|| text("en")).unwrap_or_else(|| key.to_owned())
    }

    fn result(&self, result: &ResultField) -> Value {
        json!({
            "Name": self.by_language(&[format!("result-{}-{}-name", self.spec.code, result.id), format!("result-{}-name", result.id)]),
            "Type": result.kind,
            "Multiple": yes_no(result.multiple),
        })
    }
}
