//! `activities/*.toml` → typed specs; patterns (Handlebars) → typed operations. Pure: no HTTP, no database.
//! SIGNATURES ARE FIXED (may grow), bodies to be written by the catalog owner.

pub mod operation;

use crate::domain::refusal::Refusal;
use operation::Operation;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// All robots known to this binary.
#[derive(Debug)]
pub struct Catalog {}

/// What a call is rendered from.
#[derive(Debug)]
pub struct RenderInput<'a> {
    /// Properties as received (keys compared without case).
    pub properties: &'a Map<String, Value>,
    /// CRM facts by root: `{"deal": {...}, "contact": {...}, …}`; a root that was not needed is absent.
    pub facts: &'a Value,
    /// Stored patterns of the portal by name (`pattern:NAME`).
    pub stored_patterns: &'a Map<String, Value>,
    /// Portal language, `ru` or `en`.
    pub lang: &'a str,
    /// IANA time zone of the portal for date helpers.
    pub time_zone: &'a str,
    /// Default region for phones, `RU`.
    pub region: &'a str,
}

/// A typed operation and what the journal shows.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// What to do.
    pub operation: Operation,
    /// Parameters as rendered, for `calls/{id}`.
    pub params: Map<String, Value>,
}

/// A robot's spec as registration and pages need it.
#[derive(Debug, Clone)]
pub struct RobotSpec {
    /// CODE of the robot; the activity is CODE + `.activity`.
    pub code: String,
    /// Registered and shown only when true.
    pub available: bool,
    /// Whether it sends (has the common sending properties and results).
    pub sends: bool,
}

impl Catalog {
    /// Reads and checks the embedded files.
    ///
    /// # Errors
    /// A sentence naming the file and the mistake.
    pub fn load() -> Result<Self, String> {
        todo!()
    }

    /// By CODE, with or without `.activity`.
    pub fn find(&self, _code: &str) -> Option<&RobotSpec> {
        todo!()
    }

    /// Available specs in file order.
    pub fn robots(&self) -> Vec<&RobotSpec> {
        todo!()
    }

    /// `bizproc.robot.add` / `bizproc.activity.add` parameters of a spec, without auth and AUTH_USER_ID:
    /// CODE, HANDLER, USE_SUBSCRIPTION, NAME, DESCRIPTION, PROPERTIES, RETURN_PROPERTIES, FILTER.
    /// `channels` = (id, label) options of the `channel` select, the first being the empty "default channel: NAME".
    pub fn registration(&self, _spec: &RobotSpec, _activity: bool, _handler: &str, _channels: &[(String, String)]) -> Value {
        todo!()
    }

    /// Roots of CRM facts that this call's patterns name (`deal`, `contact`, `company`, `lead`, `item`, `responsible`, `portal`),
    /// plus what an empty `phone` needs.
    pub fn needed_facts(&self, _spec: &RobotSpec, _properties: &Map<String, Value>, _document_entity: &str) -> BTreeSet<&'static str> {
        todo!()
    }

    /// Renders a call.
    ///
    /// # Errors
    /// `property_invalid`, `pattern_invalid`, `value_missing`, `text_empty`, `text_too_long`.
    pub fn render(&self, _spec: &RobotSpec, _input: &RenderInput<'_>) -> Result<Rendered, Refusal> {
        todo!()
    }
}
