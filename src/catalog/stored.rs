//! Patterns that stand by themselves: quick replies and automatic replies, stored here, never typed into a robot.

use super::operation::OnMissing;
use super::pattern::{FACT_ROOTS, Fault, HELPERS, Scene};
use super::{Catalog, RenderInput, render};
use crate::domain::refusal::{Code, Refusal};
use std::collections::BTreeSet;

impl Catalog {
    /// Roots of CRM facts that a pattern names.
    ///
    /// # Errors
    /// `pattern_invalid` with the position.
    pub fn roots_of(&self, text: &str) -> Result<BTreeSet<&'static str>, Refusal> {
        self.patterns.get(text).map(|pattern| pattern.roots().clone()).map_err(told)
    }

    /// A pattern's text with these facts; only facts, language, zone and region of the input are looked at.
    ///
    /// # Errors
    /// `pattern_invalid`, `value_missing` (unless `on_missing` is `empty`), `text_too_long`.
    pub fn render_stored(&self, text: &str, input: &RenderInput<'_>, on_missing: OnMissing) -> Result<String, Refusal> {
        let scene = Scene::new(&render::with_aliases(input.facts), input.lang, input.time_zone, input.region);
        self.patterns.get(text).and_then(|pattern| pattern.render(&scene, on_missing)).map_err(told)
    }
}

/// The same words as for a property of a robot.
fn told(fault: Fault) -> Refusal {
    let field = "text";
    match fault {
        Fault::Missing { path } => {
            Refusal::new(Code::ValueMissing, format!("pattern: {path} has no value")).with("name", path).with("field", field)
        }
        Fault::TooLong => Refusal::new(Code::TextTooLong, "the pattern's result is too long")
            .with("field", field)
            .with("limit", super::pattern::RESULT_BYTES.to_string())
            .with("value", format!("> {}", super::pattern::RESULT_BYTES)),
        Fault::Invalid { at, reason } => {
            let (line, column) = at.unwrap_or((1, 1));
            Refusal::new(Code::PatternInvalid, format!("pattern {line}:{column}: {} {}", reason.word, reason.item))
                .with("name", field)
                .with("line", line.to_string())
                .with("column", column.to_string())
                .with("reason_key", format!("pattern-{}", reason.word))
                .with("item", reason.item)
                .with("allowed", format!("{}; if, unless, {}", FACT_ROOTS.join(", "), HELPERS.join(", ")))
        }
    }
}
