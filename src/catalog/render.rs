//! A call's properties, facts and patterns → one typed operation, or the refusal that the process is told.

use super::operation::{OnMissing, Operation};
use super::pattern::{FACT_ROOTS, Fault, HELPERS, Pattern, PatternCache, Scene};
use super::spec::{Property, RobotSpec, label};
use super::{RenderInput, Rendered, Words, read, write_fields};
use crate::domain::blank::is_blank;
use crate::domain::refusal::{Code, Refusal};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Argument that marks a missing value whose robot says `on_missing = skip`.
const SKIP: &str = "on_missing";
/// A property value that names a stored pattern.
const STORED: &str = "pattern:";

/// Whether a refusal of [`super::Catalog::render`] means "do not send, status `skipped`" instead of a failure.
pub fn is_skip(refusal: &Refusal) -> bool {
    refusal.code == Code::ValueMissing && refusal.args.get(SKIP).is_some_and(|word| word == "skip")
}

/// One rendering.
pub(super) struct Rendering<'a> {
    pub(super) patterns: &'a PatternCache,
    pub(super) words: Words,
    pub(super) spec: &'a RobotSpec,
    pub(super) input: &'a RenderInput<'a>,
}

impl Rendering<'_> {
    pub(super) fn run(&self) -> Result<Rendered, Refusal> {
        let mut params = Map::new();
        for property in &self.spec.properties {
            let raw = read::raw(self.input.properties, &property.id);
            let value = read::read(property, raw, self.words).map_err(|mistake| self.unreadable(property, mistake))?;
            params.insert(property.id.clone(), value);
        }
        let on_missing = on_missing(&params);
        let mut scene = Scene::new(&with_aliases(self.input.facts), self.input.lang, self.input.time_zone, self.input.region);
        let expressions = params.get("expressions").and_then(Value::as_bool).unwrap_or(false);
        for property in &self.spec.properties {
            let Some(value) = params.get_mut(&property.id) else { continue };
            if expressions && property.pattern {
                self.expand(property, value, &scene, on_missing)?;
            }
            self.check(property, value)?;
        }
        scene = scene.with_properties(params.clone());
        let fields = self.spec.mapping.value(&scene, on_missing).map_err(|fault| self.faulty("[map]", None, fault, on_missing))?;
        let operation = Operation::from_fields(&self.spec.operation, fields).map_err(|error| {
            // The loader proved the mapping on defaults; only a value of an unforeseen shape can end here.
            Refusal::new(Code::PropertyInvalid, format!("operation {}: {error}", self.spec.operation)).with("name", self.spec.code.clone())
        })?;
        if let Some(id) = operation.lacking() {
            return Err(self.invalid(id, "", "required", BTreeMap::new()));
        }
        Ok(Rendered { operation, params })
    }

    /// Renders a property's text or items in place.
    fn expand(&self, property: &Property, value: &mut Value, scene: &Scene, on_missing: OnMissing) -> Result<(), Refusal> {
        let texts: Vec<&mut Value> = match value {
            Value::Array(items) => items.iter_mut().collect(),
            other => vec![other],
        };
        for text in texts {
            let Value::String(source) = text else { continue };
            let stored = Some(self.input.stored_patterns);
            let rendered = match pattern_of(self.patterns, source, stored) {
                None => continue,
                Some(Err(fault)) => Err(fault),
                Some(Ok(pattern)) => pattern.render(scene, on_missing),
            };
            *text = Value::String(rendered.map_err(|fault| self.faulty(&property.id, Some(property), fault, on_missing))?);
        }
        Ok(())
    }

    /// Blank, length, assignments: on what the property says after rendering.
    fn check(&self, property: &Property, value: &mut Value) -> Result<(), Refusal> {
        let blank = match &*value {
            Value::String(text) => is_blank(text),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if property.required && blank {
            return Err(match property.blank {
                Code::PropertyInvalid => self.invalid(&property.id, "", "required", BTreeMap::new()),
                code => Refusal::new(code, format!("property {} is blank", property.id)).with("field", self.label(&property.id)),
            });
        }
        if let Some(limit) = property.max_chars {
            let longest = strings(value).map(|text| text.chars().count()).max().unwrap_or(0);
            if longest > limit {
                return Err(self.too_long(property, limit, &longest.to_string()));
            }
        }
        if property.assignments {
            let items: Vec<String> = strings(value).map(str::to_owned).collect();
            let pairs = write_fields::parse(&items, &self.spec.results).map_err(|mistake| {
                let ids = self.spec.results.iter().map(|result| result.id.as_str()).collect::<Vec<_>>().join(", ");
                self.invalid(&property.id, &mistake.item, mistake.word, BTreeMap::from([("results".to_owned(), ids)]))
                    .with("item", mistake.item)
            })?;
            *value = pairs.into_iter().map(|(field, result)| Value::from(vec![field, result])).collect();
        }
        Ok(())
    }

    fn unreadable(&self, property: &Property, mistake: read::Mistake) -> Refusal {
        self.invalid(&property.id, &mistake.value, mistake.word, mistake.args)
    }

    /// `property_invalid` with the property's label and id, the value and the key of a hint with its arguments.
    fn invalid(&self, id: &str, value: &str, word: &str, args: BTreeMap<String, String>) -> Refusal {
        let refusal = Refusal::new(Code::PropertyInvalid, format!("property {id}: {word}"));
        let refusal = refusal.with("name", self.label(id)).with("value", value).with("hint_key", format!("hint-{word}"));
        args.into_iter().fold(refusal, |refusal, (name, value)| refusal.with(&name, value))
    }

    fn too_long(&self, property: &Property, limit: usize, length: &str) -> Refusal {
        Refusal::new(Code::TextTooLong, format!("property {}: {length} of at most {limit} characters", property.id))
            .with("field", self.label(&property.id))
            .with("limit", limit.to_string())
            .with("value", length)
    }

    fn faulty(&self, id: &str, property: Option<&Property>, fault: Fault, on_missing: OnMissing) -> Refusal {
        match fault {
            Fault::Missing { path } => {
                let refusal = Refusal::new(Code::ValueMissing, format!("property {id}: {path} has no value"))
                    .with("name", path)
                    .with("field", self.label(id));
                if on_missing == OnMissing::Skip { refusal.with(SKIP, "skip") } else { refusal }
            }
            Fault::TooLong => {
                let limit = property.and_then(|property| property.max_chars).unwrap_or(super::pattern::RESULT_BYTES);
                Refusal::new(
                    Code::TextTooLong,
                    format!("property {id}: the pattern's result is above {} bytes", super::pattern::RESULT_BYTES),
                )
                .with("field", self.label(id))
                .with("limit", limit.to_string())
                .with("value", format!("> {limit}"))
            }
            Fault::Invalid { at, reason } => {
                let (line, column) = at.unwrap_or((1, 1));
                Refusal::new(Code::PatternInvalid, format!("property {id}, {line}:{column}: {} {}", reason.word, reason.item))
                    .with("name", self.label(id))
                    .with("line", line.to_string())
                    .with("column", column.to_string())
                    .with("reason_key", format!("pattern-{}", reason.word))
                    .with("item", reason.item)
                    .with("allowed", format!("{}; if, unless, {}", FACT_ROOTS.join(", "), HELPERS.join(", ")))
            }
        }
    }

    fn label(&self, id: &str) -> String {
        label(self.words, &self.spec.code, self.input.lang, id)
    }
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Value::Array(items) => (None, items.as_slice()),
        other => (other.as_str(), [].as_slice()),
    };
    one.into_iter().chain(many.iter().filter_map(Value::as_str))
}

fn on_missing(params: &Map<String, Value>) -> OnMissing {
    params.get("on_missing").and_then(|word| serde_json::from_value(word.clone()).ok()).unwrap_or_default()
}

/// The pattern that a text is or names; `None` when it is plain.
fn pattern_of(cache: &PatternCache, text: &str, stored: Option<&Map<String, Value>>) -> Option<Result<Arc<Pattern>, Fault>> {
    let Some(name) = text.trim().strip_prefix(STORED).map(str::trim) else {
        return text.contains("{{").then(|| cache.get(text));
    };
    let found = stored.and_then(|stored| stored.get(name)).and_then(|value| value.as_str().or_else(|| value.get("text")?.as_str()));
    Some(match found {
        Some(text) => cache.get(text),
        None => Err(Fault::invalid("stored", name.chars().take(60).collect::<String>())),
    })
}

/// Roots that a call needs; see [`super::Catalog::needed_facts_with`].
pub(super) fn needed_facts(
    cache: &PatternCache,
    spec: &RobotSpec,
    properties: &Map<String, Value>,
    stored: Option<&Map<String, Value>>,
    document_entity: &str,
) -> BTreeSet<&'static str> {
    let own = document_root(document_entity);
    let mut roots = BTreeSet::new();
    spec.mapping.fact_roots(&mut roots);
    // Unreadable properties are told by the rendering; here they ask for nothing.
    let value = |property: &Property| read::read(property, read::raw(properties, &property.id), |_, _, _| None).unwrap_or_default();
    let expressions = spec.property("expressions").is_some_and(|property| value(property) == Value::Bool(true));
    for property in &spec.properties {
        let value = value(property);
        if property.from_document && strings(&value).all(|text| text.trim().is_empty()) {
            roots.extend(phone_roots(own));
        }
        if !expressions || !property.pattern {
            continue;
        }
        for text in strings(&value) {
            match pattern_of(cache, text, stored) {
                Some(Ok(pattern)) => roots.extend(pattern.roots()),
                Some(Err(_)) if stored.is_none() && text.trim().starts_with(STORED) => roots.extend(FACT_ROOTS),
                Some(Err(_)) | None => {}
            }
        }
    }
    if roots.remove("item") {
        roots.insert(own);
    }
    // Client and responsible are found through the document.
    if ["contact", "company", "responsible"].iter().any(|root| roots.contains(root)) {
        roots.insert(own);
    }
    roots
}

/// The root under which the document itself stands.
fn document_root(entity: &str) -> &'static str {
    let entity = entity.to_lowercase();
    ["deal", "lead", "contact", "company"].into_iter().find(|root| entity.contains(root)).unwrap_or("item")
}

/// Where an empty `phone` looks (ROBOTS.md, `phone`).
fn phone_roots(own: &'static str) -> Vec<&'static str> {
    match own {
        "lead" | "contact" | "company" => vec![own],
        _ => vec![own, "contact", "company"],
    }
}

/// Facts with what people look for: the document as `item`, the first phone and e-mail of `fm` by name.
pub(super) fn with_aliases(facts: &Value) -> Value {
    let Value::Object(facts) = facts else { return Value::Null };
    let mut facts = facts.clone();
    for entity in facts.values_mut().filter_map(Value::as_object_mut) {
        for (name, kind) in [("phone", "PHONE"), ("email", "EMAIL")] {
            let first =
                entity.get("fm").and_then(Value::as_array).into_iter().flatten().find(|one| one.get("typeId") == Some(&Value::from(kind)));
            let first = first.and_then(|one| one.get("value")).cloned();
            if let Some(first) = first
                && entity.get(name).is_none_or(|known| known.is_null() || known == "")
            {
                entity.insert(name.to_owned(), first);
            }
        }
    }
    if !facts.contains_key("item")
        && let Some(own) = ["deal", "lead"].iter().find_map(|root| facts.get(*root)).cloned()
    {
        facts.insert("item".to_owned(), own);
    }
    Value::Object(facts)
}
