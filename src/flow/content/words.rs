//! Refusals of the kinds in the portal's words: which field, which limit, what to do.

use crate::domain::refusal::{Code, Refusal};
use crate::i18n;
use std::collections::BTreeMap;

/// A field of this robot as its form names it, with the id that scripts know; the id alone when it is no field.
pub(in crate::flow) fn field_label(code: &str, lang: &str, id: &str) -> String {
    let none = BTreeMap::new();
    let keys = [format!("property-{code}-{id}-name"), format!("property-{id}-name")];
    let own = |lang: &str| keys.iter().find_map(|key| i18n::find(lang, key, &none));
    own(lang).or_else(|| own("en")).map_or_else(|| id.to_owned(), |label| format!("{label} ({id})"))
}

/// The robot whose fields are named, and the language they are named in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    /// CODE of the robot.
    pub(super) code: &'a str,
    /// The portal's language.
    pub(super) lang: &'a str,
}

impl Form<'_> {
    /// The field as the form names it, with the id that scripts know.
    pub(super) fn label(&self, id: &str) -> String {
        field_label(self.code, self.lang, id)
    }

    /// A field and the item of it that is meant.
    fn place(&self, id: &str, item: &str) -> String {
        if item.is_empty() { self.label(id) } else { format!("{}: {}", self.label(id), short(item)) }
    }

    /// `property_invalid` with a hint.
    pub(super) fn invalid(&self, id: &str, value: &str, hint: &str) -> Refusal {
        Refusal::new(Code::PropertyInvalid, format!("property {id}: {hint}"))
            .with("name", self.label(id))
            .with("value", short(value))
            .with("hint_key", hint)
    }

    /// `text_empty`.
    pub(super) fn empty(&self, id: &str, item: &str) -> Refusal {
        Refusal::new(Code::TextEmpty, format!("property {id} has a blank title")).with("field", self.place(id, item))
    }

    /// `text_too_long` when it is; `item` tells which part of the field.
    pub(super) fn check(&self, id: &str, item: &str, text: &str, limit: usize) -> Result<(), Refusal> {
        let length = text.chars().count();
        if length <= limit {
            return Ok(());
        }
        Err(Refusal::new(Code::TextTooLong, format!("property {id}: {length} of at most {limit} characters"))
            .with("field", self.place(id, item))
            .with("limit", limit.to_string())
            .with("value", length.to_string()))
    }

    /// `duplicate_ids`.
    pub(super) fn twice(&self, id: &str, item: &str) -> Refusal {
        Refusal::new(Code::DuplicateIds, format!("property {id} has an id or title twice"))
            .with("item", short(item))
            .with("field", self.label(id))
    }

    /// `too_many_buttons`, `too_many_rows`.
    pub(super) fn too_many(&self, code: Code, count: usize, limit: usize) -> Refusal {
        Refusal::new(code, format!("{count} of at most {limit}")).with("value", count.to_string()).with("limit", limit.to_string())
    }
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    let text = text.trim();
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
