//! What a process expects a client to answer, and whether an answer is it (ROBOTS.md, `wait_reply.expected`). Pure.
//!
//! Items: `code=word,word`, a word alone (its position is its code), `number`, `date`, `phone`, `yes_no`, `/regex/`, `code=/regex/`. People
//! write "(Да)", "1.", "ДА 👍" and "да нет": case, punctuation and emoji are folded, a whole answer goes before a word inside one, and
//! two readings are none.

mod fold;
mod item;
mod kinds;
mod yes_no;

pub use item::{Mistake, MistakeKind};

use chrono::NaiveDate;
use fold::{Tokens, fold};
use item::Item;

/// Words of the longest answer in which a single word still decides.
const SHORT: usize = 6;

/// Expectations of one wait, checked.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    items: Vec<Item>,
}

/// What was heard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard<'a> {
    /// Text or caption; empty for a sticker or a voice note.
    pub text: &'a str,
    /// Id behind a pressed button or chosen row.
    pub reply_id: Option<&'a str>,
    /// Numbers of a contact card.
    pub phones: &'a [String],
}

/// Where and when it was heard.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Today in the portal's time zone.
    pub today: NaiveDate,
    /// Country of phones without a code.
    pub region: &'a str,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The answer to this code; `value` = what a number, date or phone reads as.
    Is {
        /// `reply_code`.
        code: String,
        /// `1500.5`, `2026-09-21`, `79160000001`.
        value: Option<String>,
    },
    /// Two readings or more.
    Ambiguous,
    /// None of them.
    Not,
}

impl Verdict {
    /// Word of the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Is { .. } => "matched",
            Self::Ambiguous => "ambiguous",
            Self::Not => "not_expected",
        }
    }
}

impl Expected {
    /// Reads the items of the property.
    ///
    /// # Errors
    /// The first [`Mistake`].
    pub fn parse(items: &[String]) -> Result<Self, Mistake> {
        item::parse(items).map(|items| Self { items })
    }

    /// Nothing in particular: every answer is one.
    pub fn is_any(&self) -> bool {
        self.items.is_empty()
    }

    /// Judges an answer. With no expectations every answer is [`Verdict::Is`] without a code.
    pub fn judge(&self, heard: Heard<'_>, scene: Scene<'_>) -> Verdict {
        if self.is_any() {
            return Verdict::Is { code: String::new(), value: None };
        }
        if let Some(code) = heard.reply_id.and_then(|id| self.code(id)) {
            return is(code);
        }
        let tokens = fold(heard.text);
        if let Some(code) = self.whole(&tokens) {
            return is(code);
        }
        match self.worded(heard.text, &tokens) {
            Verdict::Not => self.built_in(heard, scene),
            decided => decided,
        }
    }

    /// The code that a button's id is.
    fn code(&self, id: &str) -> Option<String> {
        let id = id.trim();
        self.items.iter().flat_map(Item::codes).find(|code| code.eq_ignore_ascii_case(id)).map(str::to_owned)
    }

    /// The whole answer is one of the words.
    fn whole(&self, tokens: &Tokens) -> Option<String> {
        self.items.iter().find_map(|item| match item {
            Item::Words { code, words } => words.iter().any(|word| tokens.equal(word)).then(|| code.clone()),
            _ => None,
        })
    }

    /// Words inside a short answer, yes or no, regular expressions: one code, or ambiguous.
    fn worded(&self, text: &str, tokens: &Tokens) -> Verdict {
        let mut hits: Vec<(String, usize, usize)> = Vec::new();
        let mut unclear = false;
        for item in &self.items {
            match item {
                Item::Words { code, words } if tokens.words() <= SHORT => {
                    let found = words.iter().flat_map(|word| tokens.find(word));
                    hits.extend(found.map(|(from, to)| (code.clone(), from, to)));
                }
                Item::YesNo => match yes_no::judge(text, tokens) {
                    Some(yes_no::Side::Yes) => hits.push(("yes".to_owned(), 0, usize::MAX)),
                    Some(yes_no::Side::No) => hits.push(("no".to_owned(), 0, usize::MAX)),
                    Some(yes_no::Side::Both) => unclear = true,
                    None => {}
                },
                Item::Pattern { code, regex } if kinds::pattern(regex, text) => hits.push((code.clone(), 0, usize::MAX)),
                _ => {}
            }
        }
        // "тёмно-синий" is not "синий" as well: a hit inside a longer one of another word does not count.
        let inside = |one: &(String, usize, usize)| {
            hits.iter().any(|other| {
                other.2 != usize::MAX && one.2 != usize::MAX && other.1 <= one.1 && one.2 <= other.2 && other.2 - other.1 > one.2 - one.1
            })
        };
        let mut codes: Vec<&String> = hits.iter().filter(|hit| !inside(hit)).map(|hit| &hit.0).collect();
        codes.dedup();
        codes.sort();
        codes.dedup();
        match codes.as_slice() {
            [one] if !unclear => is((*one).clone()),
            [] if !unclear => Verdict::Not,
            _ => Verdict::Ambiguous,
        }
    }

    /// Dates, phones and numbers, in the order of the items.
    fn built_in(&self, heard: Heard<'_>, scene: Scene<'_>) -> Verdict {
        let mut unclear = false;
        for item in &self.items {
            let (name, found) = match item {
                Item::Number => ("number", kinds::numbers(heard.text)),
                Item::Date => ("date", kinds::dates(heard.text, scene.today)),
                Item::Phone => ("phone", kinds::phones(heard.text, heard.phones, scene.region)),
                Item::Words { .. } | Item::Pattern { .. } | Item::YesNo => continue,
            };
            match found.as_slice() {
                [] => {}
                [one] => return Verdict::Is { code: name.to_owned(), value: Some(one.clone()) },
                _ => unclear = true,
            }
        }
        if unclear { Verdict::Ambiguous } else { Verdict::Not }
    }
}

/// Whether a text is this word or phrase, as [`Expected::judge`] compares them.
pub fn same_words(text: &str, word: &str) -> bool {
    fold(text).equal(&fold(word))
}

fn is(code: String) -> Verdict {
    Verdict::Is { code, value: None }
}

#[cfg(test)]
mod tests;
