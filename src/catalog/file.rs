//! The shape of `activities/*.toml`, as written. A newcomer copies a file; unknown keys are refused by name.

use super::spec::{Documents, Type};
use crate::domain::refusal::Code;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One robot.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RobotFile {
    /// Registered and shown.
    pub(super) available: bool,
    /// Tag of the operation.
    pub(super) operation: String,
    /// In the order of the form.
    #[serde(default, rename = "property")]
    pub(super) properties: Vec<PropertyEntry>,
    /// In the order of registration.
    #[serde(default, rename = "result")]
    pub(super) results: Vec<ResultEntry>,
    /// Field of the operation → Handlebars mapping, list of mappings, table, or `@name` of a common map.
    pub(super) map: toml::Table,
}

/// `_common.toml`: what several robots share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommonFile {
    /// Document types.
    pub(super) documents: Documents,
    /// Groups of properties.
    pub(super) properties: BTreeMap<String, Vec<PropertyEntry>>,
    /// Groups of results.
    pub(super) results: BTreeMap<String, Vec<ResultEntry>>,
    /// Maps that robots name with `@`.
    pub(super) maps: BTreeMap<String, toml::Value>,
}

/// A property, or the name of a group at its place in the form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PropertyEntry {
    pub(super) group: Option<String>,
    pub(super) id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Type>,
    #[serde(default)]
    pub(super) multiple: bool,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) options: Option<OptionsEntry>,
    pub(super) default: Option<toml::Value>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) max_chars: Option<usize>,
    pub(super) pattern: Option<bool>,
    #[serde(default)]
    pub(super) keep_blanks: bool,
    #[serde(default)]
    pub(super) assignments: bool,
    #[serde(default)]
    pub(super) from_document: bool,
    pub(super) blank: Option<Code>,
}

/// `["a", "b"]` or `"channels"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OptionsEntry {
    Keys(Vec<String>),
    Source(String),
}

/// A result, or the name of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultEntry {
    pub(super) group: Option<String>,
    pub(super) id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Type>,
    #[serde(default)]
    pub(super) multiple: bool,
}
