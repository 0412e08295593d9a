//! Yes and no as people say them, in Russian and English.

use super::fold::Tokens;

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Yes,
    No,
    Both,
}

/// Words of the longest answer that is read as one.
const LONGEST: usize = 10;

/// A yes that contains a no; looked for first.
const YES_DESPITE: &[&str] =
    &["нет проблем", "без проблем", "не против", "не возражаю", "почему бы и нет", "no problem", "no problems", "why not"];
const YES: &[&str] = &[
    "да",
    "ага",
    "угу",
    "конечно",
    "хорошо",
    "ок",
    "окей",
    "окэй",
    "верно",
    "согласен",
    "согласна",
    "согласны",
    "подтверждаю",
    "давай",
    "давайте",
    "подходит",
    "удобно",
    "точно",
    "так точно",
    "разумеется",
    "естественно",
    "безусловно",
    "хочу",
    "хотим",
    "буду",
    "будем",
    "готов",
    "готова",
    "готовы",
    "приду",
    "придем",
    "yes",
    "yep",
    "yeah",
    "yup",
    "ok",
    "okay",
    "sure",
    "of course",
    "correct",
    "right",
    "confirm",
    "confirmed",
    "agree",
    "agreed",
    "absolutely",
    "definitely",
    "👍",
    "✅",
    "👌",
    "✔",
    "💯",
    "🆗",
];
const NO: &[&str] = &[
    "нет",
    "неа",
    "нету",
    "никак",
    "отмена",
    "отменить",
    "отменяю",
    "неудобно",
    "против",
    "отказываюсь",
    "откажусь",
    "нельзя",
    "ненадо",
    "не надо",
    "не нужно",
    "нехочу",
    "no",
    "nope",
    "nah",
    "never",
    "cancel",
    "disagree",
    "👎",
    "❌",
    "🚫",
    "✖",
    "🙅",
];
/// Single letters and signs say something only alone.
const YES_ALONE: &[&str] = &["+", "++", "y", "д"];
const NO_ALONE: &[&str] = &["-", "–", "—", "n", "н", "не", "not"];
/// What turns the yes behind it into a no.
const DENIAL: &[&str] = &["не", "not", "dont", "do not"];

/// Reads an answer; `None` = neither.
pub(super) fn judge(text: &str, tokens: &Tokens) -> Option<Side> {
    let alone = text.trim().to_lowercase();
    let only = alone.trim_matches(|c: char| matches!(c, '.' | '!' | '(' | ')' | '"'));
    for (words, side) in [(YES_ALONE, Side::Yes), (NO_ALONE, Side::No)] {
        if words.contains(&only) {
            return Some(side);
        }
    }
    if tokens.is_empty() || tokens.words() > LONGEST {
        return None;
    }
    let list = tokens.list();
    let (mut yes, mut no, mut at) = (false, false, 0);
    while at < list.len() {
        let rest = list.get(at..).unwrap_or_default();
        let (side, step) = next(rest);
        match side {
            Some(Side::Yes) => yes = true,
            Some(Side::No) => no = true,
            Some(Side::Both) | None => {}
        }
        at += step.max(1);
    }
    match (yes, no) {
        (true, true) => Some(Side::Both),
        (true, false) => Some(Side::Yes),
        (false, true) => Some(Side::No),
        (false, false) => None,
    }
}

/// What stands at the beginning, and how many tokens it takes.
fn next(rest: &[String]) -> (Option<Side>, usize) {
    if let Some(step) = starts(rest, YES_DESPITE) {
        return (Some(Side::Yes), step);
    }
    if let Some(step) = starts(rest, DENIAL)
        && let Some(denied) = rest.get(step..).and_then(|behind| starts(behind, YES))
    {
        return (Some(Side::No), step + denied);
    }
    if let Some(step) = starts(rest, NO) {
        return (Some(Side::No), step);
    }
    match starts(rest, YES) {
        Some(step) => (Some(Side::Yes), step),
        None => (None, 1),
    }
}

/// Tokens of the longest phrase that the rest begins with.
fn starts(rest: &[String], phrases: &[&str]) -> Option<usize> {
    let begins = |phrase: &&str| {
        let words: Vec<&str> = phrase.split(' ').collect();
        let same = rest.len() >= words.len() && rest.iter().zip(&words).all(|(token, word)| token == word);
        same.then_some(words.len())
    };
    phrases.iter().filter_map(begins).max()
}
