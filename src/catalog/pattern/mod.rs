//! Patterns: Handlebars strings made harmless (DESIGN.md 4 "Patterns").
//!
//! `source` proves a string before the parser sees it, `rules` allows only paths into listed roots, `if`, `unless` and
//! the listed helpers, `engine` renders in strict mode without escaping, within limits of size and work, and `cache` keeps
//! what was compiled. A value is never looked at as a pattern again: there is exactly one pass, over the pattern's own text.

mod cache;
mod dates;
mod engine;
mod helpers;
mod rules;
mod source;

pub use cache::PatternCache;
pub use engine::Scene;
pub use helpers::NAMES as HELPERS;

use super::operation::OnMissing;
use handlebars::Template;
use std::collections::BTreeSet;

/// Roots of CRM facts that a pattern may name.
pub const FACT_ROOTS: [&str; 7] = ["deal", "contact", "company", "lead", "item", "responsible", "portal"];

/// Root of a call's own properties; allowed in mappings of `activities/*.toml` only.
pub const PROPERTIES_ROOT: &str = "properties";

/// Largest pattern, bytes.
pub const PATTERN_BYTES: usize = 16 * 1024;

/// Largest result, bytes.
pub const RESULT_BYTES: usize = 64 * 1024;

/// Why a pattern gave no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The pattern itself is wrong.
    Invalid {
        /// Line and column, from 1.
        at: Option<(usize, usize)>,
        /// What is wrong.
        reason: Reason,
    },
    /// A value is absent, null or blank and `on_missing` is not `empty`.
    Missing {
        /// The path as written.
        path: String,
    },
    /// The result is above [`RESULT_BYTES`].
    TooLong,
}

/// What is wrong with a pattern: a word for the locales (`pattern-<word>`) and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `syntax too_large too_deep too_much_work construct unknown_helper unknown_root whole_object arguments value zone stored`.
    pub word: &'static str,
    /// The name, path or value in question; may be empty.
    pub item: String,
}

impl Fault {
    /// A wrong pattern without a position.
    pub fn invalid(word: &'static str, item: impl Into<String>) -> Self {
        Self::Invalid { at: None, reason: Reason { word, item: item.into() } }
    }

    /// The same fault with a position, unless it has one.
    #[must_use]
    fn located(self, place: Option<(usize, usize)>) -> Self {
        match self {
            Self::Invalid { at: None, reason } => Self::Invalid { at: place, reason },
            other => other,
        }
    }
}

/// A checked, parsed pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    template: Template,
    roots: BTreeSet<&'static str>,
    /// Segments, when the pattern is nothing but one path: such a mapping keeps the value's type.
    whole_path: Option<Vec<String>>,
}

impl Pattern {
    /// Parses and checks a pattern of a portal: only [`FACT_ROOTS`].
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the position.
    pub fn compile(text: &str) -> Result<Self, Fault> {
        Self::with_roots(text, &FACT_ROOTS)
    }

    /// Parses and checks a mapping of `activities/*.toml`: facts and `properties`.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the position.
    pub fn compile_mapping(text: &str) -> Result<Self, Fault> {
        let mut roots = FACT_ROOTS.to_vec();
        roots.push(PROPERTIES_ROOT);
        Self::with_roots(text, &roots)
    }

    fn with_roots(text: &str, allowed: &[&'static str]) -> Result<Self, Fault> {
        let proven = source::prove(text)?;
        let template = engine::parse(&proven.text)?;
        let checked = rules::check(template, allowed, proven.stand_in)?;
        Ok(Self { template: checked.template, roots: checked.roots, whole_path: checked.whole_path })
    }

    /// Roots that the pattern names.
    pub fn roots(&self) -> &BTreeSet<&'static str> {
        &self.roots
    }

    /// Segments, when the pattern is exactly one path.
    pub fn whole_path(&self) -> Option<&[String]> {
        self.whole_path.as_deref()
    }

    /// Renders once. With `on_missing = skip` a missing value is a fault as with `fail`; the caller decides.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn render(&self, scene: &Scene, on_missing: OnMissing) -> Result<String, Fault> {
        engine::render(&self.template, scene, on_missing)
    }
}

#[cfg(test)]
mod tests;
