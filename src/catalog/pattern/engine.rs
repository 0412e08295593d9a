//! The Handlebars engine as used here: strict, unescaped, without templates, partials or built-in helpers but ours.
//!
//! A render is bounded by the result's size and by a count of characters that helpers have worked on: patterns cannot
//! loop, so this count bounds the time. The engine's parser is run behind `catch_unwind`, since a pattern comes from outside
//! and a panic there must end as a refusal, not as the end of the process.

use super::helpers;
use super::{Fault, RESULT_BYTES};
use crate::catalog::operation::OnMissing;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason, Renderable as _,
    ScopedJson, Template,
};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Most characters that the helpers of one render may work on.
const WORK: u64 = 1_000_000;
/// Where language, zone and region stand in the data; no pattern can name it, since it is no allowed root.
const ENV: &str = "_";
/// Longest text kept of one fact: more could not be printed anyway.
const FACT_BYTES: usize = RESULT_BYTES + 4;

static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    for built_in in ["each", "with", "lookup", "raw", "log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"] {
        engine.unregister_helper(built_in);
    }
    engine.register_helper("if", Box::new(Condition { positive: true }));
    engine.register_helper("unless", Box::new(Condition { positive: false }));
    for name in std::iter::once(helpers::PRINT).chain(helpers::NAMES) {
        engine.register_helper(name, Box::new(Plain(name)));
    }
    engine
});

/// Data of one render: pruned facts (and a mapping's properties), language, zone, region.
#[derive(Debug)]
pub struct Scene(Context);

impl Scene {
    /// Facts as `{root: {…}}`. Null, blank and empty values count as missing, hence are left out.
    pub fn new(facts: &Value, lang: &str, zone: &str, region: &str) -> Self {
        let mut data = match pruned(facts) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let env: [(&str, &str); 3] = [("lang", lang), ("zone", zone), ("region", region)];
        let env = env.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        data.insert(ENV.to_owned(), Value::Object(env));
        Self(Context::from(Value::Object(data)))
    }

    /// The same with a mapping's own properties, which are taken as they are, blanks included.
    #[must_use]
    pub fn with_properties(mut self, properties: Map<String, Value>) -> Self {
        if let Some(data) = self.0.data_mut().as_object_mut() {
            data.insert(super::PROPERTIES_ROOT.to_owned(), Value::Object(properties));
        }
        self
    }

    /// The value at a path.
    pub fn at(&self, path: &[String]) -> Option<&Value> {
        path.iter().try_fold(self.0.data(), |value, name| match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        })
    }
}

/// A copy without what counts as missing and without the unprintable tail of huge texts.
fn pruned(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) if text.len() > FACT_BYTES => Some(Value::from(text.get(..text.floor_char_boundary(FACT_BYTES))?)),
        Value::Array(items) => {
            let kept: Vec<Value> = items.iter().filter_map(pruned).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(map) => {
            let kept: Map<String, Value> = map.iter().filter_map(|(key, value)| Some((key.clone(), pruned(value)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
    }
}

/// Parses a proven text.
pub(super) fn parse(text: &str) -> Result<Template, Fault> {
    let parsed = std::panic::catch_unwind(|| Template::compile(text)).map_err(|_| Fault::invalid("syntax", ""))?;
    parsed.map_err(|error| {
        let item = match error.reason() {
            handlebars::TemplateErrorReason::MismatchingClosedHelper(opened, closed) => format!("{{{{#{opened}}}}} … {{{{/{closed}}}}}"),
            handlebars::TemplateErrorReason::InvalidParam(parameter) => parameter.chars().take(60).collect(),
            _ => String::new(),
        };
        Fault::invalid("syntax", item).located(error.pos())
    })
}

/// Renders a checked template.
pub(super) fn render(template: &Template, scene: &Scene, on_missing: OnMissing) -> Result<String, Fault> {
    let mut out = Capped { text: String::new(), full: false };
    let mut state = RenderContext::new(None);
    if let Some(block) = state.block_mut() {
        block.set_local_var("empty", Value::Bool(on_missing == OnMissing::Empty));
        block.set_local_var("work", Value::from(0_u64));
    }
    match template.render(&ENGINE, &scene.0, &mut state, &mut out) {
        Ok(()) => Ok(out.text),
        Err(_) if out.full => Err(Fault::TooLong),
        Err(error) => {
            let place = error.line_no.zip(error.column_no);
            Err(fault_of(error.into()).located(place))
        }
    }
}

fn fault_of(reason: RenderErrorReason) -> Fault {
    match reason {
        RenderErrorReason::NestedError(inner) => match inner.downcast::<Wrapped>() {
            Ok(wrapped) => wrapped.0,
            Err(other) => Fault::invalid("value", other.to_string()),
        },
        RenderErrorReason::MissingVariable(path) => Fault::Missing { path: path.unwrap_or_default() },
        other => Fault::invalid("value", other.to_string()),
    }
}

/// A fault on its way through the engine's own error type.
#[derive(Debug, thiserror::Error)]
#[error("pattern fault")]
struct Wrapped(Fault);

fn thrown(fault: Fault) -> RenderError {
    RenderErrorReason::NestedError(Box::new(Wrapped(fault))).into()
}

struct Capped {
    text: String,
    full: bool,
}

impl Output for Capped {
    fn write(&mut self, part: &str) -> Result<(), std::io::Error> {
        if self.text.len() + part.len() > RESULT_BYTES {
            self.full = true;
            return Err(std::io::Error::other("result too large"));
        }
        self.text.push_str(part);
        Ok(())
    }
}

/// A helper that turns values into a value.
#[derive(Clone, Copy)]
struct Plain(&'static str);

impl HelperDef for Plain {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        data: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let given: Vec<helpers::Given<'_>> = call.params().iter().map(given).collect();
        let options: Vec<(&str, helpers::Given<'_>)> = call.hash().iter().map(|(key, value)| (*key, given_of(value))).collect();
        let size: u64 = given.iter().map(helpers::Given::size).sum();
        let empty = charge(state, size).map_err(thrown)?;
        let env = data.data().get(ENV);
        let word = |key: &str| env.and_then(|env| env.get(key)).and_then(Value::as_str).unwrap_or_default();
        let env = helpers::Env { lang: word("lang"), zone: word("zone"), region: word("region"), empty };
        helpers::call(self.0, &given, &options, &env).map(ScopedJson::Derived).map_err(thrown)
    }
}

fn given<'a>(parameter: &'a handlebars::PathAndJson<'_>) -> helpers::Given<'a> {
    given_of(parameter)
}

fn given_of<'a>(parameter: &'a handlebars::PathAndJson<'_>) -> helpers::Given<'a> {
    if parameter.is_value_missing() {
        return helpers::Given::Missing(parameter.relative_path().map(String::as_str).unwrap_or_default());
    }
    helpers::Given::of(parameter.value(), parameter.relative_path().map(String::as_str).unwrap_or_default())
}

/// Counts work; gives whether missing values print as nothing.
fn charge(state: &mut RenderContext<'_, '_>, size: u64) -> Result<bool, Fault> {
    let Some(block) = state.block_mut() else { return Ok(false) };
    let spent = block.get_local_var("work").and_then(Value::as_u64).unwrap_or(0) + size + 1;
    if spent > WORK {
        return Err(Fault::invalid("too_much_work", ""));
    }
    block.set_local_var("work", Value::from(spent));
    Ok(block.get_local_var("empty").and_then(Value::as_bool).unwrap_or(false))
}

/// `if` and `unless` with the CRM's idea of "no": `N`, `0`, nothing.
#[derive(Clone, Copy)]
struct Condition {
    positive: bool,
}

impl HelperDef for Condition {
    fn call<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        data: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let truth = call.param(0).is_some_and(|value| given_of(value).is_true());
        let branch = if truth == self.positive { call.template() } else { call.inverse() };
        branch.map_or(Ok(()), |branch| branch.render(engine, data, state, out))
    }
}

/// A value as a person reads it; `None` for objects.
pub(super) fn printed(value: &Value, lang: &str) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(truth) => Some(
            match (lang, truth) {
                ("ru", true) => "да",
                ("ru", false) => "нет",
                (_, true) => "yes",
                (_, false) => "no",
            }
            .to_owned(),
        ),
        Value::Number(number) => match number.as_f64() {
            // Display of a float has neither an exponent nor a trailing ".0".
            Some(float) if number.is_f64() => Some(format!("{float}")),
            _ => Some(number.to_string()),
        },
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| printed(item, lang)).collect();
            items.map(|items| items.join(", "))
        }
        Value::Object(_) => None,
    }
}
