//! The helpers people need in messages. All are pure; none reads anything but its arguments and the portal's language,
//! zone and region.
//!
//! A missing value travels through nested helpers as a marker until `default` replaces it or `print` meets it, so that
//! `{{default (upper contact.name) "friend"}}` says what it seems to say.

use super::{Fault, dates, engine};
use crate::domain::money::{self, Decimal};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// The internal helper behind every printed expression.
pub(super) const PRINT: &str = "print";

/// Names that a pattern may use, besides `if` and `unless`.
pub const NAMES: [&str; 14] = [
    "money",
    "number",
    "date",
    "time",
    "datetime",
    "plural",
    "upper",
    "lower",
    "capitalize",
    "default",
    "join",
    "truncate",
    "phone",
    "trim",
];

/// How often and with which options a helper may be called.
pub(super) struct Shape {
    pub(super) arguments: RangeInclusive<usize>,
    pub(super) options: &'static [&'static str],
}

/// The shape of a helper, `None` for an unknown name.
pub(super) fn shape(name: &str) -> Option<Shape> {
    let (arguments, options): (RangeInclusive<usize>, &'static [&'static str]) = match name {
        "money" => (1..=2, &["digits"]),
        "number" => (1..=1, &["digits"]),
        "date" | "time" | "datetime" => (1..=2, &["zone"]),
        "plural" => (3..=4, &[]),
        "upper" | "lower" | "capitalize" | "phone" | "trim" => (1..=1, &[]),
        "default" => (2..=8, &[]),
        "join" | "truncate" => (1..=2, &[]),
        _ => return None,
    };
    Some(Shape { arguments, options })
}

/// What a helper knows besides its arguments.
#[derive(Debug)]
pub(super) struct Env<'a> {
    pub(super) lang: &'a str,
    pub(super) zone: &'a str,
    pub(super) region: &'a str,
    /// Missing values print as nothing.
    pub(super) empty: bool,
}

/// One argument.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    /// Path of what is absent.
    Missing(&'a str),
    /// Value and its path (empty for literals and nested helpers).
    Value(&'a Value, &'a str),
}

/// Key of the marker object; no JSON of a portal has it, since facts never come with this character in a key.
const MARK: &str = "\u{fdd0}missing";

fn missing(path: &str) -> Value {
    json!({ MARK: path })
}

impl<'a> Given<'a> {
    /// An argument; a marker of a nested helper is missing again.
    pub(super) fn of(value: &'a Value, path: &'a str) -> Self {
        match value.get(MARK).and_then(Value::as_str) {
            Some(path) => Self::Missing(path),
            None => Self::Value(value, path),
        }
    }

    /// Bytes to work on.
    pub(super) fn size(&self) -> u64 {
        fn of(value: &Value) -> usize {
            match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum::<usize>() + 1,
                _ => 1,
            }
        }
        match self {
            Self::Missing(_) => 1,
            Self::Value(value, _) => u64::try_from(of(value)).unwrap_or(u64::MAX),
        }
    }

    /// The CRM's idea of yes.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Missing(_) | Self::Value(Value::Null | Value::Bool(false), _) => false,
            Self::Value(Value::Number(number), _) => number.as_f64() != Some(0.0),
            Self::Value(Value::String(text), _) => !matches!(text.trim(), "" | "N" | "n" | "0"),
            Self::Value(Value::Array(items), _) => !items.is_empty(),
            Self::Value(Value::Bool(true) | Value::Object(_), _) => true,
        }
    }
}

/// Runs a helper. The arguments were counted when the pattern was compiled.
pub(super) fn call(name: &str, given: &[Given<'_>], options: &[(&str, Given<'_>)], env: &Env<'_>) -> Result<Value, Fault> {
    match name {
        PRINT => return print(given, env),
        "default" => return Ok(default(given)),
        _ => {}
    }
    let all = given.iter().chain(options.iter().map(|(_, value)| value));
    if let Some(path) = all.clone().find_map(|one| if let Given::Missing(path) = one { Some(*path) } else { None }) {
        return Ok(missing(path));
    }
    let call = Call { name, given, options, env };
    let text = match name {
        "money" => call.money()?,
        "number" => call.decimal(0)?.rounded(call.digits()?).grouped(env.lang),
        "date" | "time" | "datetime" => {
            dates::show(name, &call.text(0)?, call.optional(1)?.as_deref(), call.option("zone")?.as_deref(), env)?
        }
        "plural" => call.plural()?,
        "upper" => call.text(0)?.to_uppercase(),
        "lower" => call.text(0)?.to_lowercase(),
        "capitalize" => capitalize(&call.text(0)?),
        "trim" => call.text(0)?.trim().to_owned(),
        "join" => call.join()?,
        "truncate" => call.truncate()?,
        "phone" => pretty_phone(&call.text(0)?, env.region),
        _ => return Err(Fault::invalid("unknown_helper", name)),
    };
    Ok(Value::String(text))
}

fn print(given: &[Given<'_>], env: &Env<'_>) -> Result<Value, Fault> {
    match given.first() {
        None => Ok(Value::String(String::new())),
        Some(Given::Missing(_)) if env.empty => Ok(Value::String(String::new())),
        Some(Given::Missing(path)) => Err(Fault::Missing { path: (*path).to_owned() }),
        Some(Given::Value(value, path)) => {
            engine::printed(value, env.lang).map(Value::String).ok_or_else(|| Fault::invalid("whole_object", *path))
        }
    }
}

fn default(given: &[Given<'_>]) -> Value {
    let mut first = None;
    for one in given {
        match one {
            Given::Missing(path) => first = first.or(Some(*path)),
            Given::Value(Value::String(text), path) if text.trim().is_empty() => first = first.or(Some(*path)),
            Given::Value(value, _) => return (*value).clone(),
        }
    }
    // An empty literal as the last resort is a wish for nothing, not a missing value.
    match given.last() {
        Some(Given::Value(Value::String(text), "")) => Value::String(text.clone()),
        _ => missing(first.unwrap_or_default()),
    }
}

struct Call<'a> {
    name: &'a str,
    given: &'a [Given<'a>],
    options: &'a [(&'a str, Given<'a>)],
    env: &'a Env<'a>,
}

impl Call<'_> {
    fn text(&self, index: usize) -> Result<String, Fault> {
        self.given.get(index).map_or_else(|| Err(Fault::invalid("arguments", self.name)), |one| self.shown(one))
    }

    fn optional(&self, index: usize) -> Result<Option<String>, Fault> {
        self.given.get(index).map(|one| self.shown(one)).transpose()
    }

    fn option(&self, key: &str) -> Result<Option<String>, Fault> {
        self.options.iter().find(|(name, _)| *name == key).map(|(_, one)| self.shown(one)).transpose()
    }

    fn shown(&self, one: &Given<'_>) -> Result<String, Fault> {
        match one {
            Given::Missing(path) => Err(Fault::Missing { path: (*path).to_owned() }),
            Given::Value(value, path) => engine::printed(value, self.env.lang).ok_or_else(|| Fault::invalid("whole_object", *path)),
        }
    }

    fn wrong(&self, value: &str) -> Fault {
        Fault::invalid("value", format!("{}: {}", self.name, value.chars().take(40).collect::<String>()))
    }

    fn decimal(&self, index: usize) -> Result<Decimal, Fault> {
        let text = self.text(index)?;
        Decimal::parse(&text).ok_or_else(|| self.wrong(&text))
    }

    fn digits(&self) -> Result<Option<usize>, Fault> {
        let Some(text) = self.option("digits")? else { return Ok(None) };
        text.parse().ok().filter(|digits| *digits <= 10).map(Some).ok_or_else(|| self.wrong(&text))
    }

    /// Bitrix24 writes money fields as `1500.50|RUB`; a second argument wins over that currency.
    fn money(&self) -> Result<String, Fault> {
        let text = self.text(0)?;
        let (amount, own) = text.split_once('|').unwrap_or((&text, ""));
        let amount = Decimal::parse(amount).ok_or_else(|| self.wrong(&text))?;
        let currency = self.optional(1)?;
        Ok(money::money(&amount, currency.as_deref().unwrap_or(own), self.env.lang, self.digits()?))
    }

    /// Three forms follow the Russian rules (one, few, many), two the English ones (one, other).
    fn plural(&self) -> Result<String, Fault> {
        let count = self.decimal(0)?;
        let form = match (self.given.len(), count.last_two() / 10, count.last_two() % 10) {
            (3, _, _) => 1 + usize::from(!count.is_one()),
            _ if !count.is_whole() => 2,
            (_, 1, _) => 3,
            (_, _, 1) => 1,
            (_, _, 2..=4) => 2,
            _ => 3,
        };
        self.text(form)
    }

    fn join(&self) -> Result<String, Fault> {
        let separator = self.optional(1)?.unwrap_or_else(|| ", ".to_owned());
        let Some(Given::Value(Value::Array(items), path)) = self.given.first() else { return self.text(0) };
        let items: Option<Vec<String>> = items.iter().map(|item| engine::printed(item, self.env.lang)).collect();
        items.map(|items| items.join(&separator)).ok_or_else(|| Fault::invalid("whole_object", *path))
    }

    /// At most so many Unicode scalar values, the ellipsis included.
    fn truncate(&self) -> Result<String, Fault> {
        let text = self.text(0)?;
        let limit = self.optional(1)?.unwrap_or_else(|| "100".to_owned());
        let limit: usize = limit.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| self.wrong(&limit))?;
        if text.chars().count() <= limit {
            return Ok(text);
        }
        let kept: String = text.chars().take(limit - 1).collect();
        Ok(format!("{}…", kept.trim_end()))
    }
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `+7 916 123-45-67`; what is no phone number stays as it is.
fn pretty_phone(text: &str, region: &str) -> String {
    let region = region.parse::<phonenumber::country::Id>().ok();
    let parsed = phonenumber::parse(region, text).or_else(|error| {
        // CRM and providers write numbers without the plus.
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() > 10 { phonenumber::parse(None, format!("+{digits}")) } else { Err(error) }
    });
    match parsed {
        Ok(number) if number.is_valid() => number.format().mode(phonenumber::Mode::International).to_string(),
        _ => text.to_owned(),
    }
}
