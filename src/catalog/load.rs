//! Embedded `activities/*.toml` → checked specs. Every mistake is one sentence that names the file and the key.

use super::file::{CommonFile, OptionsEntry, PropertyEntry, ResultEntry, RobotFile};
use super::mapping::Mapping;
use super::operation::{OnMissing, Operation};
use super::pattern::Scene;
use super::spec::{Documents, Options, Property, ResultField, RobotSpec, Type};
use super::{LANGUAGES, Words, read};
use crate::domain::refusal::Code;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const COMMON: &str = "_common.toml";
/// The group whose presence makes a robot a sending one.
const SENDING: &str = "sending";
/// Properties that the rendering itself reads.
const SWITCHES: [&str; 2] = ["expressions", "on_missing"];
/// Silently shadowed by Bitrix24 (reference/bitrix24.md B.1).
const RESERVED: [&str; 8] =
    ["Title", "UseSubscription", "IsTimeout", "AuthUserId", "SetStatusMessage", "StatusMessage", "TimeoutDuration", "TimeoutDurationType"];
/// Not documented by the vendor; longer codes are not risked.
const CODE_CHARS: usize = 50;

#[derive(rust_embed::RustEmbed)]
#[folder = "activities/"]
struct Files;

/// Name → text of the embedded files, in the order of names.
pub(super) fn embedded() -> Result<BTreeMap<String, String>, String> {
    let read = |name: std::borrow::Cow<'static, str>| {
        let file = Files::get(&name).ok_or_else(|| format!("activities/{name}: cannot be read"))?;
        let text = String::from_utf8(file.data.into_owned()).map_err(|_| format!("activities/{name}: is not UTF-8"))?;
        Ok((name.into_owned(), text))
    };
    Files::iter().filter(|name| name.ends_with(".toml")).map(read).collect()
}

/// Reads all files.
pub(super) fn all(files: &BTreeMap<String, String>) -> Result<(Vec<RobotSpec>, Documents), String> {
    let common = files.get(COMMON).ok_or_else(|| format!("activities/{COMMON}: is missing"))?;
    let common: CommonFile = parse(COMMON, common)?;
    let mut specs = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| *name != COMMON) {
        let said = |error: String| format!("activities/{name}: {error}");
        let code = name.strip_suffix(".toml").unwrap_or(name);
        let spec = robot(code, parse(name, text)?, &common).map_err(said)?;
        specs.push(spec);
    }
    let mut codes = BTreeSet::new();
    for spec in &specs {
        if !codes.insert(spec.code.to_lowercase()) {
            return Err(format!("activities/{}.toml: another file differs only by case", spec.code));
        }
    }
    Ok((specs, common.documents))
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    let reader = toml::de::Deserializer::new(text);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let message = inner.message().lines().map(str::trim).collect::<Vec<_>>().join(", ");
        let line = text.get(..inner.span().map_or(0, |span| span.start)).unwrap_or_default().matches('\n').count() + 1;
        let place = if path == "." { format!("line {line}") } else { path };
        format!("activities/{name}: {place}: {message}")
    })
}

fn robot(code: &str, file: RobotFile, common: &CommonFile) -> Result<RobotSpec, String> {
    let sane = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if code.is_empty() || code.len() + super::spec::ACTIVITY_SUFFIX.len() > CODE_CHARS || !code.chars().all(sane) {
        return Err(format!("the file's name is the CODE: letters, digits, \".\", \"_\", \"-\", at most {CODE_CHARS} with \".activity\""));
    }
    let sends = file.properties.iter().any(|entry| entry.group.as_deref() == Some(SENDING));
    let properties = properties(&file.properties, common)?;
    let results = results(&file.results, common)?;
    check_ids("property", properties.iter().map(|property| property.id.as_str()))?;
    check_ids("result", results.iter().map(|result| result.id.as_str()))?;
    let mapping = Mapping::read(&toml::Value::Table(file.map), &common.maps).map_err(|error| format!("[map]: {error}"))?;
    let spec =
        RobotSpec { code: code.to_owned(), available: file.available, sends, properties, results, operation: file.operation, mapping };
    check_mapping(&spec)?;
    Ok(spec)
}

/// Groups put in their places.
fn properties(entries: &[PropertyEntry], common: &CommonFile) -> Result<Vec<Property>, String> {
    let mut out = Vec::new();
    for entry in entries {
        match &entry.group {
            None => out.push(property(entry)?),
            Some(name) => {
                let group = common.properties.get(name).ok_or_else(|| format!("there is no group of properties \"{name}\""))?;
                for entry in group {
                    out.push(property(entry)?);
                }
            }
        }
    }
    Ok(out)
}

fn results(entries: &[ResultEntry], common: &CommonFile) -> Result<Vec<ResultField>, String> {
    let one = |entry: &ResultEntry| match (&entry.id, entry.kind) {
        (Some(id), Some(kind)) => Ok(ResultField { id: id.clone(), kind, multiple: entry.multiple }),
        _ => Err("a result needs \"id\" and \"type\"".to_owned()),
    };
    let mut out = Vec::new();
    for entry in entries {
        match &entry.group {
            None => out.push(one(entry)?),
            Some(name) => {
                let group = common.results.get(name).ok_or_else(|| format!("there is no group of results \"{name}\""))?;
                out.extend(group.iter().map(one).collect::<Result<Vec<_>, _>>()?);
            }
        }
    }
    Ok(out)
}

fn property(entry: &PropertyEntry) -> Result<Property, String> {
    let (Some(id), Some(kind)) = (&entry.id, entry.kind) else { return Err("a property needs \"id\" and \"type\"".to_owned()) };
    let said = |error: &str| Err(format!("property \"{id}\": {error}"));
    let options = match (&entry.options, kind) {
        (None, Type::Select) => return said("a select needs \"options\""),
        (Some(_), other) if other != Type::Select => return said("only a select has \"options\""),
        (None, _) => Options::None,
        (Some(OptionsEntry::Keys(keys)), _) if !keys.is_empty() => Options::Keys(keys.clone()),
        (Some(OptionsEntry::Source(source)), _) if source == "channels" => Options::Channels,
        (Some(_), _) => return said("\"options\" is a list of keys or \"channels\""),
    };
    if (entry.min.is_some() || entry.max.is_some()) && kind != Type::Int {
        return said("only an int has \"min\" and \"max\"");
    }
    if (entry.max_chars.is_some() || entry.pattern == Some(true) || entry.assignments) && !kind.is_text() {
        return said("only a string or text has \"max_chars\", \"pattern\" and \"assignments\"");
    }
    if (entry.keep_blanks || entry.assignments) && !entry.multiple {
        return said("\"keep_blanks\" and \"assignments\" need \"multiple = true\"");
    }
    let mut property = Property {
        id: id.clone(),
        kind,
        multiple: entry.multiple,
        required: entry.required,
        options,
        default: Value::Null,
        min: entry.min,
        max: entry.max,
        max_chars: entry.max_chars,
        pattern: entry.pattern.unwrap_or(kind.is_text() && !entry.assignments),
        keep_blanks: entry.keep_blanks,
        assignments: entry.assignments,
        from_document: entry.from_document,
        blank: entry.blank.unwrap_or(Code::PropertyInvalid),
    };
    property.default = default(&property, entry.default.as_ref())?;
    Ok(property)
}

/// The default as a call would give it: typed and within limits.
fn default(property: &Property, given: Option<&toml::Value>) -> Result<Value, String> {
    let needs_one = matches!(property.kind, Type::Bool | Type::Int) || matches!(property.options, Options::Keys(_));
    let Some(given) = given else {
        return if needs_one && !property.required {
            Err(format!("property \"{}\": a bool, int or select needs \"default\" unless it is required", property.id))
        } else {
            Ok(Value::Null)
        };
    };
    let raw = serde_json::to_value(given).map_err(|error| format!("property \"{}\": default: {error}", property.id))?;
    let typed = read::read(property, Some(&raw), |_, _, _| None);
    typed.map_err(|mistake| format!("property \"{}\": default \"{}\" is not a valid {}", property.id, mistake.value, mistake.word))
}

/// Bitrix24's rules for names: `^[A-Za-z][A-Za-z0-9_]*$`, unique ignoring case, not reserved.
fn check_ids<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !id.starts_with(|c: char| c.is_ascii_alphabetic()) || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{what} \"{id}\": an id is a letter followed by letters, digits and \"_\""));
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(id)) {
            return Err(format!("{what} \"{id}\": Bitrix24 reserves this name"));
        }
        if !seen.insert(id.to_lowercase()) {
            return Err(format!("{what} \"{id}\": the id stands twice (ids are compared ignoring case)"));
        }
    }
    Ok(())
}

/// Every property that the mapping names exists, every one that is offered is named by a bare path, and the mapped defaults make the
/// operation.
fn check_mapping(spec: &RobotSpec) -> Result<(), String> {
    let mut named = Vec::new();
    spec.mapping.properties(&mut named);
    if let Some(unknown) = named.iter().find(|id| !spec.properties.iter().any(|property| property.id == **id)) {
        return Err(format!("[map]: there is no property \"{unknown}\""));
    }
    if !spec.available {
        // The operation of a robot to come need not exist yet.
        return Ok(());
    }
    let sample: Map<String, Value> = spec.properties.iter().map(|property| (property.id.clone(), sample(property))).collect();
    let scene = Scene::new(&Value::Null, "en", "UTC", "RU").with_properties(sample);
    let fields = spec.mapping.value(&scene, OnMissing::Empty).map_err(|fault| format!("[map]: {fault:?}"))?;
    Operation::from_fields(&spec.operation, fields).map_err(|error| format!("[map]: {error}"))?;
    let read = |id: &str| SWITCHES.contains(&id) || named.contains(&id);
    match spec.properties.iter().find(|property| !read(&property.id)) {
        Some(idle) => Err(format!("[map]: property \"{}\" is offered and nothing reads it", idle.id)),
        None => Ok(()),
    }
}

fn sample(property: &Property) -> Value {
    match (&property.default, property.multiple) {
        (Value::Null, true) => Value::Array(Vec::new()),
        (Value::Null, false) if property.kind == Type::File => Value::Array(Vec::new()),
        // A required choice has no default; any of its keys is one.
        (Value::Null, false) => match &property.options {
            Options::Keys(keys) => Value::String(keys.first().cloned().unwrap_or_default()),
            Options::None | Options::Channels => Value::String(String::new()),
        },
        (default, _) => default.clone(),
    }
}

/// Locale keys that a spec needs in every language.
pub fn words_of(spec: &RobotSpec) -> Vec<[String; 2]> {
    let single = |key: String| [key.clone(), key];
    let mut keys = vec![single(spec.name_key()), single(spec.description_key())];
    for property in &spec.properties {
        keys.push(spec.property_keys(&property.id, "name"));
        if let Options::Keys(options) = &property.options {
            keys.extend(options.iter().map(|option| single(format!("option-{}-{option}", property.id))));
        }
    }
    keys.extend(
        spec.results.iter().map(|result| [format!("result-{}-{}-name", spec.code, result.id), format!("result-{}-name", result.id)]),
    );
    keys
}

/// Refuses a spec whose words are missing in a language.
pub(super) fn check_words(spec: &RobotSpec, words: Words) -> Result<(), String> {
    let none = BTreeMap::new();
    for keys in words_of(spec) {
        for lang in LANGUAGES {
            if !keys.iter().any(|key| words(lang, key, &none).is_some_and(|text| !text.trim().is_empty())) {
                let [_, key] = keys;
                return Err(format!("activities/{}.toml: locales/{lang} has no \"{key}\"", spec.code));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
