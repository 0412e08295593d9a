//! Whether a stored text names a person: by phone however it is written, or by another id of theirs.
//!
//! Used to erase somebody. A false hit blanks a little too much, a miss leaves personal data, so the look is generous.

use serde_json::Value;

/// Digits compared from the end: the national part, so that `8 (999) …` is found for `7999…`.
const NATIONAL_DIGITS: usize = 10;
/// Fewer digits than this name nobody in particular.
const SHORTEST: usize = 5;
/// Signs that may stand between the digits of one number, at most this many in a row.
const SEPARATORS: &[char] = &[' ', '-', '(', ')', '.', '+', '\u{a0}'];
const SEPARATORS_IN_A_ROW: usize = 3;

/// All ids under which a person is known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Digits with country code.
    pub phones: Vec<String>,
    /// BSUID, lid, username.
    pub others: Vec<String>,
}

impl Person {
    /// Whether the text names this person.
    pub fn is_named_in(&self, text: &str) -> bool {
        let others = self.others.iter().filter(|id| id.len() >= SHORTEST);
        others.into_iter().any(|id| contains_word(text, id)) || self.phone_in(text)
    }

    fn phone_in(&self, text: &str) -> bool {
        let wanted: Vec<&str> = self.phones.iter().map(|phone| national(phone)).filter(|digits| digits.len() >= SHORTEST).collect();
        !wanted.is_empty() && digit_runs(text).iter().any(|run| wanted.iter().any(|digits| run.contains(digits)))
    }

    /// `LIKE` patterns that every text naming this person matches, for a first choice in the database.
    pub fn like_patterns(&self) -> Vec<String> {
        let mut patterns: Vec<String> = self.others.iter().filter(|id| id.len() >= SHORTEST).map(|id| format!("%{id}%")).collect();
        for phone in self.phones.iter().filter(|phone| phone.len() >= SHORTEST) {
            let mut tail = phone.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev();
            if let (Some(a), Some(b), Some(c), Some(d)) = (tail.next(), tail.next(), tail.next(), tail.next()) {
                patterns.extend([
                    format!("%{a}{b}{c}{d}%"),
                    format!("%{a}{b}_{c}{d}%"),
                    format!("%{a}_{b}{c}{d}%"),
                    format!("%{a}{b}{c}_{d}%"),
                    format!("%{a}_{b}_{c}_{d}%"),
                ]);
            }
        }
        patterns
    }

    /// Replaces every text of a JSON value that names this person, or stands under one of `keys`.
    pub fn scrub(&self, value: &mut Value, keys: &[&str], replacement: &str) {
        match value {
            Value::String(text) if self.is_named_in(text) => replacement.clone_into(text),
            Value::Number(number) if self.is_named_in(&number.to_string()) => *value = Value::String(replacement.to_owned()),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub(item, keys, replacement)),
            Value::Object(map) => {
                for (key, item) in map.iter_mut() {
                    if keys.contains(&key.as_str()) && !item.is_null() {
                        *item = Value::String(replacement.to_owned());
                    } else {
                        self.scrub(item, keys, replacement);
                    }
                }
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
}

fn national(phone: &str) -> &str {
    let start = phone.len().saturating_sub(NATIONAL_DIGITS);
    phone.get(start..).unwrap_or(phone)
}

fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Runs of digits with their separators taken out.
fn digit_runs(text: &str) -> Vec<String> {
    let mut runs = Vec::new();
    let mut run = String::new();
    let mut gap = 0;
    for c in text.chars() {
        if c.is_ascii_digit() {
            run.push(c);
            gap = 0;
        } else if !run.is_empty() {
            gap += 1;
            if !SEPARATORS.contains(&c) || gap > SEPARATORS_IN_A_ROW {
                runs.push(std::mem::take(&mut run));
                gap = 0;
            }
        }
    }
    runs.push(run);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn somebody() -> Person {
        Person { phones: vec!["79991234567".into()], others: vec!["RU.7740019283746501234".into()] }
    }

    #[test]
    fn a_phone_is_found_however_it_is_written() {
        for text in ["79991234567", "+7 (999) 123-45-67", "8 999 123 45 67", r#"{"to":"79991234567@c.us"}"#, "tel:+7.999.123.45.67;"] {
            assert!(somebody().is_named_in(text), "{text}");
        }
        for text in ["", "79991234568", "9991234", "id 799912 and 34567", "7999123----4567"] {
            assert!(!somebody().is_named_in(text), "{text}");
        }
    }

    #[test]
    fn another_id_is_found_as_a_whole_word() {
        assert!(somebody().is_named_in(r#"{"user":"RU.7740019283746501234"}"#));
        assert!(!somebody().is_named_in("RU.77400192837465012345"));
    }

    #[test]
    fn what_is_found_also_matches_a_pattern() {
        let patterns = somebody().like_patterns();
        for text in ["+7 (999) 123-45-67", "8 999 1234567", "7999123 4 567"] {
            let tail: Vec<char> = text.chars().collect();
            let hit = patterns.iter().any(|pattern| {
                let inner: Vec<char> = pattern.trim_matches('%').chars().collect();
                tail.windows(inner.len()).any(|window| window.iter().zip(&inner).all(|(a, b)| *b == '_' || a == b))
            });
            assert!(hit && somebody().is_named_in(text), "{text}");
        }
    }

    #[test]
    fn scrubbing_keeps_the_shape() {
        let mut value =
            json!({"status": "read", "recipient": "79991234567", "n": 79991234567_i64, "list": ["+7 999 123-45-67", "x"], "text": "hi"});
        somebody().scrub(&mut value, &["text"], "erased");
        assert_eq!(value, json!({"status": "read", "recipient": "erased", "n": "erased", "list": ["erased", "x"], "text": "erased"}));
    }
}
