//! The mapping of an operation's fields: Handlebars over `properties` (and facts), checked when the file is loaded.
//!
//! A mapping that is one path and nothing else keeps the value's type, so lists stay lists and switches stay switches;
//! any other mapping gives text. Lists inside a list of mappings are joined.

use super::operation::OnMissing;
use super::pattern::{FACT_ROOTS, Fault, PROPERTIES_ROOT, Pattern, Scene};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Deepest table: `@name` inside `@name` would otherwise never end.
const DEPTH: usize = 4;

/// One field's mapping.
#[derive(Debug, Clone)]
pub(super) enum Mapping {
    Fixed(Value),
    Pattern(Box<Pattern>),
    List(Vec<Mapping>),
    Table(Vec<(String, Mapping)>),
}

impl Mapping {
    /// Reads a TOML value; `maps` are the common ones that `@name` stands for.
    pub(super) fn read(value: &toml::Value, maps: &BTreeMap<String, toml::Value>) -> Result<Self, String> {
        Self::read_at(value, maps, 0)
    }

    fn read_at(value: &toml::Value, maps: &BTreeMap<String, toml::Value>, depth: usize) -> Result<Self, String> {
        if depth > DEPTH {
            return Err("the mapping nests too deep".to_owned());
        }
        match value {
            toml::Value::String(text) => match text.strip_prefix('@') {
                Some(name) => {
                    let common = maps.get(name).ok_or_else(|| format!("there is no common map \"@{name}\""))?;
                    Self::read_at(common, maps, depth + 1)
                }
                None => Self::pattern(text),
            },
            toml::Value::Array(items) => {
                Ok(Self::List(items.iter().map(|item| Self::read_at(item, maps, depth + 1)).collect::<Result<_, _>>()?))
            }
            toml::Value::Table(table) => {
                let fields = table.iter().map(|(key, value)| {
                    let field = Self::read_at(value, maps, depth + 1).map_err(|error| format!("{key}: {error}"))?;
                    Ok((key.clone(), field))
                });
                Ok(Self::Table(fields.collect::<Result<_, String>>()?))
            }
            toml::Value::Integer(number) => Ok(Self::Fixed(Value::from(*number))),
            toml::Value::Boolean(truth) => Ok(Self::Fixed(Value::from(*truth))),
            toml::Value::Float(_) | toml::Value::Datetime(_) => Err(format!("{value} is no mapping: text, number or switch expected")),
        }
    }

    fn pattern(text: &str) -> Result<Self, String> {
        if !text.contains("{{") {
            return Ok(Self::Fixed(Value::from(text)));
        }
        let pattern = Pattern::compile_mapping(text).map_err(|fault| format!("\"{text}\": {fault:?}"))?;
        Ok(Self::Pattern(Box::new(pattern)))
    }

    /// Fact roots that the mapping names.
    pub(super) fn fact_roots(&self, into: &mut BTreeSet<&'static str>) {
        match self {
            Self::Fixed(_) => {}
            Self::Pattern(pattern) => into.extend(FACT_ROOTS.iter().filter(|root| pattern.roots().contains(**root))),
            Self::List(items) => items.iter().for_each(|item| item.fact_roots(into)),
            Self::Table(fields) => fields.iter().for_each(|(_, field)| field.fact_roots(into)),
        }
    }

    /// Properties that the mapping names with a bare path.
    pub(super) fn properties<'a>(&'a self, into: &mut Vec<&'a str>) {
        match self {
            Self::Fixed(_) => {}
            Self::Pattern(pattern) => match pattern.whole_path() {
                Some([root, id, ..]) if root == PROPERTIES_ROOT => into.push(id),
                _ => {}
            },
            Self::List(items) => items.iter().for_each(|item| item.properties(into)),
            Self::Table(fields) => fields.iter().for_each(|(_, field)| field.properties(into)),
        }
    }

    /// The field's value.
    pub(super) fn value(&self, scene: &Scene, on_missing: OnMissing) -> Result<Value, Fault> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Pattern(pattern) => match pattern.whole_path().and_then(|path| scene.at(path)) {
                Some(value) => Ok(value.clone()),
                None => pattern.render(scene, on_missing).map(Value::String),
            },
            Self::List(items) => {
                let mut all = Vec::new();
                for item in items {
                    match item.value(scene, on_missing)? {
                        Value::Array(inner) => all.extend(inner),
                        one => all.push(one),
                    }
                }
                Ok(Value::Array(all))
            }
            Self::Table(fields) => {
                let fields = fields.iter().map(|(key, field)| Ok((key.clone(), field.value(scene, on_missing)?)));
                fields.collect::<Result<Map<_, _>, Fault>>().map(Value::Object)
            }
        }
    }
}
