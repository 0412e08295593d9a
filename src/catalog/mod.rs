//! `activities/*.toml` → typed specs; patterns (Handlebars) → typed operations. Pure: no HTTP, no database, no clock.
//!
//! A robot is data: properties, results, the operation's name and the mapping of properties onto its fields. Adding one
//! means one TOML file, its words in `locales/`, and, only for a new operation, a variant in `operation`.
//! Words reach this layer as a function ([`Words`]), since it may not import `i18n`; `flow/catalog` ties the two.

mod file;
mod load;
mod mapping;
pub mod operation;
pub mod pattern;
mod read;
mod registration;
mod render;
pub mod spec;
mod stored;
pub mod template_params;
mod write_fields;

pub use load::words_of;
pub use render::is_skip;
pub use spec::RobotSpec;

use crate::domain::refusal::Refusal;
use operation::Operation;
use pattern::PatternCache;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Looks a text up in exactly one language, without fallback: language, key, arguments.
pub type Words = fn(&str, &str, &BTreeMap<String, String>) -> Option<String>;

/// Languages in which every robot has its words.
pub const LANGUAGES: [&str; 2] = ["ru", "en"];

/// All robots known to this binary.
#[derive(Debug)]
pub struct Catalog {
    specs: Vec<RobotSpec>,
    documents: spec::Documents,
    words: Words,
    patterns: PatternCache,
}

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

impl Catalog {
    /// Reads and checks the embedded files; `words` serves names, labels and hints.
    ///
    /// # Errors
    /// A sentence naming the file and the mistake.
    pub fn with_words(words: Words) -> Result<Self, String> {
        let files = load::embedded()?;
        let (specs, documents) = load::all(&files)?;
        for spec in specs.iter().filter(|spec| spec.available) {
            load::check_words(spec, words)?;
        }
        Ok(Self { specs, documents, words, patterns: PatternCache::default() })
    }

    /// An available robot by CODE, with or without `.activity`, ignoring case.
    pub fn find(&self, code: &str) -> Option<&RobotSpec> {
        let bare = match code.split_at_checked(code.len().saturating_sub(spec::ACTIVITY_SUFFIX.len())) {
            Some((bare, suffix)) if suffix.eq_ignore_ascii_case(spec::ACTIVITY_SUFFIX) => bare,
            _ => code,
        };
        self.specs.iter().find(|spec| spec.available && spec.code.eq_ignore_ascii_case(bare))
    }

    /// What a call's `write_fields` ask for, as far as it can be read: of a call that is refused before it has an operation.
    pub fn legible_write_fields(&self, code: &str, properties: &Map<String, Value>) -> Vec<(String, String)> {
        let Some((spec, property)) = self.find(code).and_then(|spec| Some((spec, spec.property("write_fields")?))) else {
            return Vec::new();
        };
        let items = read::read(property, read::raw(properties, &property.id), self.words).unwrap_or_default();
        let texts: Vec<String> = items.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect();
        write_fields::legible(&texts, &spec.results)
    }

    /// Available specs in the order of their files.
    pub fn robots(&self) -> Vec<&RobotSpec> {
        self.specs.iter().filter(|spec| spec.available).collect()
    }

    /// [`Catalog::registration_in`] with Russian labels of select options.
    pub fn registration(&self, spec: &RobotSpec, activity: bool, handler: &str, channels: &[(String, String)]) -> Value {
        self.registration_in("ru", spec, activity, handler, channels)
    }

    /// `bizproc.robot.add` / `bizproc.activity.add` parameters of a spec, without auth and AUTH_USER_ID:
    /// CODE, HANDLER, USE_SUBSCRIPTION, NAME, DESCRIPTION, PROPERTIES, RETURN_PROPERTIES, FILTER (reference/bitrix24.md B.1).
    ///
    /// `channels` = (id, label) options of the `channel` select, the first being the empty "default channel: NAME".
    /// Names are `{lang: text}` maps; labels of select options are plain text there, hence `lang`, the portal's.
    pub fn registration_in(&self, lang: &str, spec: &RobotSpec, activity: bool, handler: &str, channels: &[(String, String)]) -> Value {
        registration::build(&registration::Sheet { spec, documents: &self.documents, words: self.words, lang, channels }, activity, handler)
    }

    /// [`Catalog::needed_facts_with`] for a caller without the portal's stored patterns: a property that names one
    /// then asks for every root.
    pub fn needed_facts(&self, spec: &RobotSpec, properties: &Map<String, Value>, document_entity: &str) -> BTreeSet<&'static str> {
        self.needed_facts_with(spec, properties, None, document_entity)
    }

    /// Roots of CRM facts that this call's patterns name (`deal`, `contact`, `company`, `lead`, `item`, `responsible`, `portal`),
    /// what an empty `phone` needs, and the document itself where others hang on it.
    ///
    /// `document_entity` is `document_id[1]` (`CCrmDocumentDeal`, …) or an id such as `DEAL_512`.
    pub fn needed_facts_with(
        &self,
        spec: &RobotSpec,
        properties: &Map<String, Value>,
        stored: Option<&Map<String, Value>>,
        document_entity: &str,
    ) -> BTreeSet<&'static str> {
        render::needed_facts(&self.patterns, spec, properties, stored, document_entity)
    }

    /// Renders a call. When `on_missing` is `skip` and a value is missing, the refusal answers true to [`is_skip`].
    ///
    /// # Errors
    /// `property_invalid`, `pattern_invalid`, `value_missing`, `text_empty`, `text_too_long`.
    pub fn render(&self, spec: &RobotSpec, input: &RenderInput<'_>) -> Result<Rendered, Refusal> {
        render::Rendering { patterns: &self.patterns, words: self.words, spec, input }.run()
    }
}

#[cfg(test)]
mod tests;
