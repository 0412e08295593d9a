//! Numbers, dates and phones inside an answer, and regular expressions over it. Each gives every different reading there is.

use super::fold::{fold, plain};
use crate::domain::phone;
use chrono::{Datelike as _, Days, NaiveDate};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Words of the longest answer in which one number is the answer.
const SHORT: usize = 6;
/// Characters of an answer that a regular expression looks at.
const LOOKED_AT: usize = 4_096;
const MONTHS: [(&str, &str); 12] = [
    ("янв", "jan"),
    ("фев", "feb"),
    ("мар", "mar"),
    ("апр", "apr"),
    ("ма", "may"),
    ("июн", "jun"),
    ("июл", "jul"),
    ("авг", "aug"),
    ("сен", "sep"),
    ("окт", "oct"),
    ("ноя", "nov"),
    ("дек", "dec"),
];

static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[-−–]?\d{1,3}(?:[ \u{a0}\u{202f}]\d{3})+(?:[.,]\d+)?|[-−–]?\d+(?:[.,]\d+)?").ok());
static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(?<y>\d{4})[-./](?<m>\d{1,2})[-./](?<d>\d{1,2})\b").ok());
static DOTTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?<d>\d{1,2})[-./](?<m>\d{1,2})(?:[-./](?<y>\d{4}|\d{2}))?\b").ok());
static WORDED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?<d>\d{1,2})(?:-?(?:го|ого|е|ое|st|nd|rd|th))?\s+(?<w>\p{L}{3,9})\.?(?:,?\s+(?<y>\d{4}))?").ok());
static ENGLISH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?<w>[a-z]{3,9})\.?\s+(?<d>\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(?<y>\d{4}))?").ok());

/// Whether an answer matches; only its beginning is looked at.
pub(super) fn pattern(regex: &Regex, text: &str) -> bool {
    let text = text.trim();
    let end = text.char_indices().nth(LOOKED_AT).map_or(text.len(), |(at, _)| at);
    !text.is_empty() && regex.is_match(text.get(..end).unwrap_or_default())
}

/// Numbers of a short answer, with a point and without blanks.
pub(super) fn numbers(text: &str) -> Vec<String> {
    let text = plain(text);
    let (Some(regex), true) = (NUMBER.as_ref(), fold(&text).words() <= SHORT) else { return Vec::new() };
    let mut found = Vec::new();
    for hit in regex.find_iter(&text) {
        let before = text.get(..hit.start()).and_then(|head| head.chars().next_back());
        if before.is_some_and(char::is_alphabetic) {
            continue;
        }
        // `10-15` is a range, not 10 and minus 15: two numbers all the same.
        let number: String = hit
            .as_str()
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| match c {
                '−' | '–' => '-',
                ',' => '.',
                other => other,
            })
            .collect();
        let number = if before.is_some_and(char::is_numeric) { number.trim_start_matches('-').to_owned() } else { number };
        push(&mut found, number);
    }
    found
}

/// Dates as ISO text. One without a year is the next of its kind.
pub(super) fn dates(text: &str, today: NaiveDate) -> Vec<String> {
    let mut text = plain(text);
    let mut found = Vec::new();
    for regex in [&ISO, &DOTTED, &WORDED, &ENGLISH] {
        let Some(regex) = regex.as_ref() else { continue };
        let read: Vec<(std::ops::Range<usize>, NaiveDate)> =
            regex.captures_iter(&text).filter_map(|hit| Some((hit.get(0)?.range(), date(&hit, today)?))).collect();
        for (range, day) in read.into_iter().rev() {
            // What one form has read is not read again by the next.
            let blank = " ".repeat(range.len());
            text.replace_range(range, &blank);
            push(&mut found, day.to_string());
        }
    }
    for token in fold(&text).list() {
        let days = match token.as_str() {
            "сегодня" | "today" => 0,
            "завтра" | "tomorrow" => 1,
            "послезавтра" => 2,
            _ => continue,
        };
        found.extend(today.checked_add_days(Days::new(days)).map(|day| day.to_string()));
    }
    found
}

fn date(hit: &Captures<'_>, today: NaiveDate) -> Option<NaiveDate> {
    let number = |name: &str| hit.name(name).and_then(|part| part.as_str().parse::<u32>().ok());
    let month = match hit.name("w") {
        Some(word) => month(&word.as_str().to_lowercase())?,
        None => number("m")?,
    };
    let day = number("d")?;
    match number("y").map(i32::try_from) {
        Some(Ok(year)) => NaiveDate::from_ymd_opt(if year < 100 { 2_000 + year } else { year }, month, day),
        Some(Err(_)) => None,
        None => (0..=8).filter_map(|more| NaiveDate::from_ymd_opt(today.year() + more, month, day)).find(|date| *date >= today),
    }
}

fn month(word: &str) -> Option<u32> {
    let named = |(russian, english): &(&str, &str)| match *russian {
        "ма" => matches!(word, "май" | "мая") || word == "may",
        other => word.starts_with(other) || word.starts_with(english),
    };
    MONTHS.iter().position(named).and_then(|at| u32::try_from(at + 1).ok())
}

/// Phones of the text, else of a contact card, as digits.
pub(super) fn phones(text: &str, card: &[String], region: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in std::iter::once(text).chain(card.iter().map(String::as_str)) {
        for digits in phone::normalise_all(part, region).into_iter().flatten() {
            push(&mut found, digits);
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn push(found: &mut Vec<String>, value: String) {
    if !found.contains(&value) {
        found.push(value);
    }
}
