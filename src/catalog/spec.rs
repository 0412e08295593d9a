//! A robot as the program knows it: what its file says, checked.

use super::Words;
use super::mapping::Mapping;
use crate::domain::refusal::Code;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// CODE of the activity = CODE of the robot + this.
pub const ACTIVITY_SUFFIX: &str = ".activity";

/// A robot's spec as registration and pages need it.
#[derive(Debug, Clone)]
pub struct RobotSpec {
    /// CODE of the robot; the activity is CODE + `.activity`.
    pub code: String,
    /// Registered and shown only when true.
    pub available: bool,
    /// Whether it sends (has the common sending properties and results).
    pub sends: bool,
    /// Properties in the order of the step's form.
    pub properties: Vec<Property>,
    /// Results in the order of registration.
    pub results: Vec<ResultField>,
    /// `operation` tag of [`super::operation::Operation`].
    pub(super) operation: String,
    /// The operation's fields.
    pub(super) mapping: Mapping,
}

impl RobotSpec {
    /// CODE as registered.
    pub fn registered_code(&self, activity: bool) -> String {
        if activity { format!("{}{ACTIVITY_SUFFIX}", self.code) } else { self.code.clone() }
    }

    /// Locale key of the robot's name.
    pub fn name_key(&self) -> String {
        format!("robot-{}-name", self.code)
    }

    /// Locale key of the robot's description.
    pub fn description_key(&self) -> String {
        format!("robot-{}-description", self.code)
    }

    /// Locale keys of a property's word (`name` or `description`): the robot's own first, then the common one.
    pub fn property_keys(&self, id: &str, word: &str) -> [String; 2] {
        property_keys(&self.code, id, word)
    }

    /// A property by id, ignoring case.
    pub fn property(&self, id: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.id.eq_ignore_ascii_case(id))
    }
}

fn property_keys(code: &str, id: &str, word: &str) -> [String; 2] {
    [format!("property-{code}-{id}-{word}"), format!("property-{id}-{word}")]
}

/// A property as its robot's form names it, with the id that scripts know: `Hold, hours (hold_hours)`. English where a language lacks it,
/// the id alone when it is no property.
pub fn label(words: Words, code: &str, lang: &str, id: &str) -> String {
    let none = BTreeMap::new();
    let keys = property_keys(code, id, "name");
    let own = |lang: &str| keys.iter().find_map(|key| words(lang, key, &none));
    own(lang).or_else(|| own("en")).map_or_else(|| id.to_owned(), |label| format!("{label} ({id})"))
}

/// Types of properties and results, in Bitrix24's words (reference/bitrix24.md B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "Bitrix24's own words")]
pub enum Type {
    Bool,
    Date,
    Datetime,
    Double,
    File,
    Int,
    Select,
    String,
    Text,
    User,
}

impl Type {
    /// Whether values are free text, hence may be patterns.
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Text)
    }
}

/// Where the options of a select come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Options {
    /// Not a select.
    None,
    /// A closed list of keys; labels are `option-<property>-<key>`.
    Keys(Vec<String>),
    /// The portal's channels.
    Channels,
}

/// One property of a robot.
#[derive(Debug, Clone, Serialize)]
pub struct Property {
    /// Stable id.
    pub id: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// A list of values.
    pub multiple: bool,
    /// The form demands it.
    pub required: bool,
    /// Options of a select.
    pub options: Options,
    /// Value when nothing was given; typed JSON, null = nothing.
    pub default: Value,
    /// Smallest int.
    pub min: Option<i64>,
    /// Largest int.
    pub max: Option<i64>,
    /// Most Unicode scalar values of a text.
    pub max_chars: Option<usize>,
    /// Read as a pattern when `expressions` is Y.
    pub pattern: bool,
    /// Blank items of a list keep their place.
    pub keep_blanks: bool,
    /// Items are `FIELD = result_id`.
    pub assignments: bool,
    /// Empty = taken from the document's facts.
    pub from_document: bool,
    /// Refusal when a required value is blank.
    pub blank: Code,
}

/// One result of a robot.
#[derive(Debug, Clone, Serialize)]
pub struct ResultField {
    /// Stable id.
    pub id: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// A list of values.
    pub multiple: bool,
}

/// Documents a robot and an activity are offered on: Bitrix24 document types, whole or partial.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    /// For robots.
    pub robot: Vec<Vec<String>>,
    /// For activities.
    pub activity: Vec<Vec<String>>,
}
