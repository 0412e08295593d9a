//! One item of `expected`, as a process's author writes it.

use super::fold::{Tokens, fold};
use regex::{Regex, RegexBuilder};
use std::collections::BTreeSet;

/// Items of one wait.
const ITEMS: usize = 50;
/// Words of one item.
const WORDS: usize = 100;
/// Characters of a regular expression.
const PATTERN_CHARS: usize = 500;
/// Bytes of a compiled regular expression. Matching takes time in proportion to the text, whatever the expression.
const PATTERN_BYTES: usize = 1 << 20;

/// One expectation.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// Any of these words.
    Words {
        code: String,
        words: Vec<Tokens>,
    },
    /// A text that this matches, case apart.
    Pattern {
        code: String,
        regex: Box<Regex>,
    },
    Number,
    Date,
    Phone,
    YesNo,
}

impl Item {
    /// Codes that it may answer with.
    pub(super) fn codes(&self) -> Vec<&str> {
        match self {
            Self::Words { code, .. } | Self::Pattern { code, .. } => vec![code],
            Self::YesNo => vec!["yes", "no"],
            Self::Number | Self::Date | Self::Phone => Vec::new(),
        }
    }
}

/// Why an item is no expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The item, shortened.
    pub item: String,
    /// What is wrong.
    pub kind: MistakeKind,
}

/// What is wrong with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MistakeKind {
    /// No code, or no words.
    Shape,
    /// The regular expression does not compile or is too large.
    Pattern,
    /// Too many items or words.
    TooMany,
    /// A code or a word stands twice.
    Twice,
}

/// Reads all items.
pub(super) fn parse(items: &[String]) -> Result<Vec<Item>, Mistake> {
    let given: Vec<&str> = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()).collect();
    if given.len() > ITEMS {
        return Err(mistake(given.last().copied().unwrap_or_default(), MistakeKind::TooMany));
    }
    let (mut out, mut codes, mut words) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (index, text) in given.into_iter().enumerate() {
        let item = one(text, index + 1)?;
        let twice = item.codes().into_iter().any(|code| !codes.insert(code.to_lowercase()));
        let same_word = match &item {
            Item::Words { words: own, .. } => own.iter().any(|word| !words.insert(word.text())),
            _ => false,
        };
        if twice || same_word {
            return Err(mistake(text, MistakeKind::Twice));
        }
        out.push(item);
    }
    Ok(out)
}

fn mistake(text: &str, kind: MistakeKind) -> Mistake {
    Mistake { item: text.chars().take(80).collect(), kind }
}

fn one(text: &str, position: usize) -> Result<Item, Mistake> {
    match text.to_lowercase().as_str() {
        "number" => return Ok(Item::Number),
        "date" => return Ok(Item::Date),
        "phone" => return Ok(Item::Phone),
        "yes_no" => return Ok(Item::YesNo),
        _ => {}
    }
    if let Some(source) = delimited(text) {
        return pattern(position.to_string(), source, text);
    }
    let (code, rest) = match split(text, '=') {
        Some((code, rest)) => (unescaped(code), rest),
        None => (position.to_string(), text),
    };
    let code = code.trim().to_owned();
    if code.is_empty() {
        return Err(mistake(text, MistakeKind::Shape));
    }
    if let Some(source) = delimited(rest.trim()) {
        return pattern(code, source, text);
    }
    let mut words: Vec<Tokens> = Vec::new();
    // The code itself is an answer as well: "1." to the first of several words.
    for word in list(rest).into_iter().chain([code.clone()]) {
        let tokens = fold(&word);
        if !tokens.is_empty() && !words.contains(&tokens) {
            words.push(tokens);
        }
    }
    let named = list(rest).iter().any(|word| !fold(word).is_empty());
    match (named, words.len()) {
        (false, _) => Err(mistake(text, MistakeKind::Shape)),
        (true, count) if count > WORDS => Err(mistake(text, MistakeKind::TooMany)),
        _ => Ok(Item::Words { code, words }),
    }
}

/// `/…/` or `/…/i`.
fn delimited(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('/')?;
    let inner = inner.strip_suffix("/i").or_else(|| inner.strip_suffix('/'))?;
    (!inner.is_empty()).then_some(inner)
}

fn pattern(code: String, source: &str, text: &str) -> Result<Item, Mistake> {
    if source.chars().count() > PATTERN_CHARS {
        return Err(mistake(text, MistakeKind::Pattern));
    }
    let mut builder = RegexBuilder::new(source);
    builder.case_insensitive(true).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).nest_limit(50);
    let regex = builder.build().map_err(|_| mistake(text, MistakeKind::Pattern))?;
    Ok(Item::Pattern { code, regex: Box::new(regex) })
}

/// At the first separator that no backslash stands before.
fn split(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            _ if c == separator && !escaped => return Some((text.get(..at)?, text.get(at + c.len_utf8()..)?)),
            _ => escaped = false,
        }
    }
    None
}

/// Words between commas that no backslash stands before.
fn list(text: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), text);
    while let Some((word, after)) = split(rest, ',') {
        words.push(unescaped(word));
        rest = after;
    }
    words.push(unescaped(rest));
    words
}

/// `\|`, `\#`, `\=`, `\,` and `\\` are the characters themselves.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let literal = rest.peek().copied().filter(|next| c == '\\' && matches!(next, '|' | '#' | '=' | ',' | '\\'));
        out.push(literal.unwrap_or(c));
        if literal.is_some() {
            rest.next();
        }
    }
    out
}
