//! Settings that belong to an area of their own: words of consent, automatic replies. One struct for all readers; each key
//! is judged here before it is stored. A value of a wrong shape in the row counts as absent.

use super::Refused;
use crate::catalog::Catalog;
use crate::db::entity::channel;
use crate::domain::clock::{DAY, HOUR, Ms};
use crate::domain::consent::{Scope, Words, folded};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most words of one list.
const WORDS_MOST: usize = 100;
/// Longest word, in characters.
const WORD_MOST: usize = 60;
/// Longest automatic reply, in characters.
const REPLY_MOST: usize = 1_024;
/// A conversation is new again after that many days of silence.
const GREETING_AFTER_DAYS: i64 = 14;
/// Hours between two away messages of a conversation.
const AWAY_EVERY_HOURS: i64 = 12;
/// A text that names a stored pattern.
pub const STORED: &str = "pattern:";

/// Keys of this file, as they stand in the settings.
pub const KEYS: [&str; 6] = ["opt_out_words", "opt_in_words", "opt_out_scope", "opt_out_answer", "opt_in_answer", "automatic_replies"];

/// Automatic replies of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replies {
    /// To the first message of a conversation: a pattern, or `pattern:NAME`.
    pub greeting: Option<String>,
    /// Silence after which a conversation is new again.
    pub greeting_after: Ms,
    /// Outside working hours.
    pub away: Option<String>,
    /// Pause between two of them.
    pub away_every: Ms,
}

/// Settings of all areas.
#[derive(Debug, Clone)]
pub struct Areas {
    /// Words of consent.
    pub words: Words,
    /// What a word of refusal is about.
    pub opt_out_scope: Scope,
    /// Answer to a refusal; none unless set.
    pub opt_out_answer: Option<String>,
    /// Answer to a return; none unless set.
    pub opt_in_answer: Option<String>,
    /// By channel id.
    pub replies: BTreeMap<String, Replies>,
}

impl Areas {
    /// Reads the stored settings.
    pub fn read(map: &Map<String, Value>) -> Self {
        let list = |key: &str| map.get(key).and_then(texts);
        let text = |key: &str| map.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
        let words = match (list("opt_out_words"), list("opt_in_words")) {
            (None, None) => Words::default(),
            (out, back) => {
                let usual = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
                Words::new(
                    out.unwrap_or_else(|| usual(&crate::domain::consent::OPT_OUT_WORDS)),
                    back.unwrap_or_else(|| usual(&crate::domain::consent::OPT_IN_WORDS)),
                )
            }
        };
        let replies = map.get("automatic_replies").and_then(Value::as_object).into_iter().flatten();
        Self {
            words,
            opt_out_scope: if text("opt_out_scope").as_deref() == Some("all") { Scope::All } else { Scope::Marketing },
            opt_out_answer: text("opt_out_answer"),
            opt_in_answer: text("opt_in_answer"),
            replies: replies.map(|(channel, value)| (channel.clone(), replies_of(value))).collect(),
        }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array().map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn replies_of(value: &Value) -> Replies {
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let number = |key: &str, usual: i64| value.get(key).and_then(Value::as_i64).filter(|number| *number > 0).unwrap_or(usual);
    Replies {
        greeting: text("greeting"),
        greeting_after: number("greeting_after_days", GREETING_AFTER_DAYS).saturating_mul(DAY),
        away: text("away"),
        away_every: number("away_every_hours", AWAY_EVERY_HOURS).saturating_mul(HOUR),
    }
}

/// What a value is judged against.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Compiles patterns.
    pub catalog: &'a Catalog,
    /// The portal's live channels.
    pub channels: &'a [channel::Model],
    /// Settings as they are, stored patterns among them.
    pub settings: &'a Map<String, Value>,
}

/// Judges one key's new value; returns it as it is stored.
///
/// # Errors
/// [`Refused::Invalid`] with the setting and a stable word.
pub fn judge(key: &'static str, value: &Value, ground: Ground<'_>) -> Result<Value, Refused> {
    let invalid = |reason| Refused::Invalid { field: key, reason };
    match key {
        "opt_out_words" | "opt_in_words" => words(value, ground, key).map_err(invalid),
        "opt_out_scope" => match value.as_str() {
            Some("marketing" | "all") => Ok(value.clone()),
            _ => Err(invalid("not_marketing_or_all")),
        },
        "opt_out_answer" | "opt_in_answer" => {
            let text = value.as_str().ok_or_else(|| invalid("not_text"))?;
            reply(text, ground).map_err(invalid)?;
            Ok(value.clone())
        }
        "automatic_replies" => automatic(value, ground).map_err(invalid),
        _ => Err(invalid("unknown_field")),
    }
}

fn words(value: &Value, ground: Ground<'_>, key: &str) -> Result<Value, &'static str> {
    let items = value.as_array().ok_or("not_a_list_of_words")?;
    let list: Vec<&str> = items.iter().filter_map(Value::as_str).map(str::trim).collect();
    if list.len() != items.len() || list.is_empty() || list.len() > WORDS_MOST {
        return Err("not_a_list_of_words");
    }
    if list.iter().any(|word| word.chars().count() > WORD_MOST || folded(word).is_empty()) {
        return Err("word_empty_or_too_long");
    }
    // One word cannot mean both.
    let other = if key == "opt_out_words" { "opt_in_words" } else { "opt_out_words" };
    let others: BTreeSet<String> = match ground.settings.get(other).and_then(texts) {
        Some(words) => words.iter().map(|word| folded(word)).collect(),
        None if other == "opt_in_words" => crate::domain::consent::OPT_IN_WORDS.iter().map(|word| folded(word)).collect(),
        None => crate::domain::consent::OPT_OUT_WORDS.iter().map(|word| folded(word)).collect(),
    };
    if list.iter().any(|word| others.contains(&folded(word))) {
        return Err("word_in_both_lists");
    }
    Ok(json!(list))
}

fn automatic(value: &Value, ground: Ground<'_>) -> Result<Value, &'static str> {
    let channels = value.as_object().ok_or("not_by_channel")?;
    for (channel, replies) in channels {
        if !ground.channels.iter().any(|row| row.id == *channel && row.deleted_at.is_none()) {
            return Err("unknown_channel");
        }
        for (name, value) in replies.as_object().ok_or("not_by_channel")? {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("greeting" | "away", Value::String(text)) => reply(text, ground)?,
                ("greeting_after_days", value) if value.as_i64().is_some_and(|days| (1..=365).contains(&days)) => {}
                ("away_every_hours", value) if value.as_i64().is_some_and(|hours| (1..=720).contains(&hours)) => {}
                ("greeting" | "away" | "greeting_after_days" | "away_every_hours", _) => return Err("reply_wrong_value"),
                _ => return Err("reply_unknown_field"),
            }
        }
    }
    Ok(value.clone())
}

/// A text that is sent by itself: a pattern that compiles, or one that is stored.
fn reply(text: &str, ground: Ground<'_>) -> Result<(), &'static str> {
    if text.trim().is_empty() || text.chars().count() > REPLY_MOST {
        return Err("reply_empty_or_too_long");
    }
    let text = match text.trim().strip_prefix(STORED) {
        Some(name) => stored(ground.settings.get("patterns"), name).ok_or("unknown_pattern")?,
        None => text.to_owned(),
    };
    ground.catalog.roots_of(&text).map(|_| ()).map_err(|_| "pattern_invalid")
}

/// A stored pattern's text: a bare text, or an object that has one.
pub fn stored(patterns: Option<&Value>, name: &str) -> Option<String> {
    let found = patterns?.get(name.trim())?;
    found.as_str().or_else(|| found.get("text")?.as_str()).map(str::to_owned)
}

/// Settings that name a stored pattern.
pub fn users_of(settings: &Map<String, Value>, name: &str) -> Vec<&'static str> {
    let named = |value: &Value| value.as_str().and_then(|text| text.trim().strip_prefix(STORED)).is_some_and(|used| used.trim() == name);
    let inside = |value: &Value| match value {
        Value::Object(channels) => channels.values().filter_map(Value::as_object).flat_map(Map::values).any(named),
        other => named(other),
    };
    KEYS.into_iter().filter(|key| settings.get(*key).is_some_and(inside)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::Action;

    #[test]
    fn a_list_replaces_the_usual_words_and_its_absence_keeps_them() {
        let of = |settings: Value| Areas::read(settings.as_object().unwrap());
        let areas = of(json!({"opt_out_words": ["хватит"], "opt_out_scope": "all"}));
        assert_eq!(areas.words.heard("Хватит!"), Some(Action::OptOut));
        assert_eq!((areas.words.heard("стоп"), areas.words.heard("START")), (None, Some(Action::OptIn)));
        assert_eq!(areas.opt_out_scope, Scope::All);
        let usual = of(json!({"opt_out_words": "not a list"}));
        assert_eq!((usual.words.heard("стоп"), usual.opt_out_answer, usual.replies.len()), (Some(Action::OptOut), None, 0));
    }

    #[test]
    fn impossible_values_are_refused_with_a_word() {
        let catalog = Catalog::with_words(|_, _, _| Some("x".to_owned())).unwrap();
        let settings = json!({"patterns": {"hello": {"text": "Здравствуйте, {{contact.name}}"}}});
        let settings = settings.as_object().unwrap();
        let told = |key, value: Value| match judge(key, &value, Ground { catalog: &catalog, channels: &[], settings }) {
            Ok(_) => "fine".to_owned(),
            Err(refused) => refused.to_string(),
        };
        assert_eq!(told("opt_out_words", json!([])), "opt_out_words: not_a_list_of_words");
        assert_eq!(told("opt_out_words", json!(["!!!"])), "opt_out_words: word_empty_or_too_long");
        assert_eq!(told("opt_out_words", json!(["Старт"])), "opt_out_words: word_in_both_lists");
        assert_eq!(told("opt_out_words", json!(["хватит", "не надо"])), "fine");
        assert_eq!(told("opt_out_scope", json!("utility")), "opt_out_scope: not_marketing_or_all");
        assert_eq!(told("opt_out_answer", json!("pattern:hello")), "fine");
        assert_eq!(told("opt_out_answer", json!("pattern:none")), "opt_out_answer: unknown_pattern");
        assert_eq!(told("opt_out_answer", json!("{{#each x}}")), "opt_out_answer: pattern_invalid");
        assert_eq!(told("automatic_replies", json!({"ch_x": {"greeting": "Привет"}})), "automatic_replies: unknown_channel");
        assert_eq!(
            users_of(
                json!({"opt_in_answer": "pattern:hello", "automatic_replies": {"c": {"away": "pattern: hello"}}}).as_object().unwrap(),
                "hello"
            ),
            ["opt_in_answer", "automatic_replies"]
        );
    }
}
