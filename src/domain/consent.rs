//! What a person agreed to, and the words by which people say it. Pure.
//!
//! Two scopes stand side by side: `marketing` blocks templates of that category only, `all` blocks everything. The person is one for the
//! whole portal, whatever the channel. A word counts only when it is the whole message: "стоп, подождите" is a conversation.

use super::clock::Ms;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The category that the scope `marketing` is about.
pub const MARKETING: &str = "MARKETING";

/// What a consent is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Templates of the category MARKETING.
    #[default]
    Marketing,
    /// Every message.
    All,
}

impl Scope {
    /// The word of robots, API and database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::All => "all",
        }
    }
}

/// What is done to a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The person agrees.
    OptIn,
    /// The person refuses.
    OptOut,
}

impl Action {
    /// The word of robots, API and database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptIn => "opt_in",
            Self::OptOut => "opt_out",
        }
    }
}

/// Where a person stands in one scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Nothing was said.
    #[default]
    Unknown,
    /// Agreed.
    OptedIn,
    /// Refused.
    OptedOut,
}

impl Choice {
    /// The word of results, API and database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::OptedIn => "opted_in",
            Self::OptedOut => "opted_out",
        }
    }

    /// Reads the stored word; a foreign one counts as a refusal: nobody is written to by mistake.
    pub fn read(word: &str) -> Self {
        match word {
            "unknown" => Self::Unknown,
            "opted_in" => Self::OptedIn,
            _ => Self::OptedOut,
        }
    }
}

impl From<Action> for Choice {
    fn from(action: Action) -> Self {
        match action {
            Action::OptIn => Self::OptedIn,
            Action::OptOut => Self::OptedOut,
        }
    }
}

/// What stands in the way of messages to one person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Marketing.
    pub marketing: Choice,
    /// Everything.
    pub everything: Choice,
    /// Meta holds marketing back until then.
    pub capped_until: Option<Ms>,
}

/// Why a message may not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// The person refused this scope.
    OptedOut(Scope),
    /// Meta held back marketing to this person; not before then.
    Capped(Ms),
}

impl Standing {
    /// What keeps a message of this template category (`None` = no template) from going now.
    pub fn barrier(self, category: Option<&str>, now: Ms) -> Option<Barrier> {
        if self.everything == Choice::OptedOut {
            return Some(Barrier::OptedOut(Scope::All));
        }
        if !category.is_some_and(|category| category.eq_ignore_ascii_case(MARKETING)) {
            return None;
        }
        if self.marketing == Choice::OptedOut {
            return Some(Barrier::OptedOut(Scope::Marketing));
        }
        self.capped_until.filter(|until| *until > now).map(Barrier::Capped)
    }

    /// Both together: what either refuses is refused, the later cap counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let stricter = |one: Choice, two: Choice| match (one, two) {
            (Choice::OptedOut, _) | (_, Choice::OptedOut) => Choice::OptedOut,
            (Choice::OptedIn, _) | (_, Choice::OptedIn) => Choice::OptedIn,
            _ => Choice::Unknown,
        };
        Self {
            marketing: stricter(self.marketing, other.marketing),
            everything: stricter(self.everything, other.everything),
            capped_until: self.capped_until.max(other.capped_until),
        }
    }

    /// Where the person stands in a scope; who refused everything refused marketing.
    pub fn choice(self, scope: Scope) -> Choice {
        match (scope, self.everything, self.marketing) {
            (Scope::All, everything, _) => everything,
            (Scope::Marketing, Choice::OptedOut, _) => Choice::OptedOut,
            (Scope::Marketing, everything, Choice::Unknown) => everything,
            (Scope::Marketing, _, marketing) => marketing,
        }
    }
}

/// Words that refuse, unless the portal has its own list.
pub const OPT_OUT_WORDS: [&str; 22] = [
    "стоп",
    "отписаться",
    "отписка",
    "отписать",
    "отпишись",
    "отпишите",
    "отпишите меня",
    "не пишите",
    "не пишите мне",
    "не писать",
    "не присылайте",
    "отказаться от рассылки",
    "stop",
    "stopall",
    "stop all",
    "stop promotions",
    "stop marketing",
    "unsubscribe",
    "opt out",
    "optout",
    "remove me",
    "do not contact",
];

/// Words that take a refusal back.
pub const OPT_IN_WORDS: [&str; 12] = [
    "старт",
    "подписаться",
    "вернуться",
    "возобновить",
    "согласен",
    "start",
    "unstop",
    "subscribe",
    "resubscribe",
    "resume",
    "opt in",
    "optin",
];

/// A text as words are compared: lower case, no punctuation, emoji or invisible signs, single spaces, `ё` as `е`.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            // Invisible: a word stays one word. Soft hyphen, zero-width signs, directions, variation selectors, combining marks.
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' => {}
            // A breve or a diaeresis that stands by itself makes a letter of its own of the one before it.
            '\u{306}' if out.ends_with('и') => {
                out.pop();
                out.push('й');
            }
            '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.push(if c == 'ё' { 'е' } else { c });
            }
            _ => gap = true,
        }
    }
    out
}

/// The words of a portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    out: BTreeSet<String>,
    back: BTreeSet<String>,
}

impl Default for Words {
    fn default() -> Self {
        Self::new(OPT_OUT_WORDS, OPT_IN_WORDS)
    }
}

impl Words {
    /// Words that refuse and words that take it back, however they are written.
    pub fn new<O, B>(out: impl IntoIterator<Item = O>, back: impl IntoIterator<Item = B>) -> Self
    where
        O: AsRef<str>,
        B: AsRef<str>,
    {
        let set = |words: Vec<String>| words.into_iter().filter(|word| !word.is_empty()).collect();
        Self {
            out: set(out.into_iter().map(|word| folded(word.as_ref())).collect()),
            back: set(back.into_iter().map(|word| folded(word.as_ref())).collect()),
        }
    }

    /// What a whole message says about consent, if it is one of the words.
    pub fn heard(&self, text: &str) -> Option<Action> {
        // Longer than any word that a portal may set: not worth folding.
        if text.len() > 400 {
            return None;
        }
        let text = folded(text);
        if self.out.contains(&text) { Some(Action::OptOut) } else { self.back.contains(&text).then_some(Action::OptIn) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::HOUR;

    #[test]
    fn only_a_whole_message_is_a_word() {
        let words = Words::default();
        for text in [
            "стоп",
            "СТОП",
            " Стоп! ",
            "стоп.",
            "«стоп»",
            "стоп 🛑",
            "🛑стоп\n",
            "сто\u{200b}п",
            "STOP",
            "Stop!!!",
            "stop-all",
            "ОТПИСАТЬСЯ",
            "Не пишите мне",
            "не   пишите",
            "opt-out",
            "OPT OUT.",
        ] {
            assert_eq!(words.heard(text), Some(Action::OptOut), "{text}");
        }
        for text in [
            "стоп, подождите",
            "стоп машина",
            "не стоп",
            "stop it please",
            "стопп",
            "",
            "🛑",
            "!!!",
            "с т о п",
            "отписаться не хочу",
            "нет",
        ] {
            assert_eq!(words.heard(text), None, "{text}");
        }
        for text in ["START", "старт!", "Вернуться", "opt-in"] {
            assert_eq!(words.heard(text), Some(Action::OptIn), "{text}");
        }
        assert_eq!(words.heard(&"стоп ".repeat(200)), None);
    }

    #[test]
    fn a_portal_has_its_own_words_however_it_writes_them() {
        let words = Words::new(["Хватит!", "Ещё не надо", "мой  стоп"], ["Давай\u{306}те"]);
        assert_eq!(words.heard("хватит"), Some(Action::OptOut));
        assert_eq!(words.heard("еще не надо…"), Some(Action::OptOut));
        assert_eq!(words.heard("стоп"), None, "the list replaces the usual words");
        assert_eq!(words.heard("давайте"), Some(Action::OptIn));
        assert_eq!(folded("Йод и\u{306}од ЁЖ"), "йод йод еж");
    }

    #[test]
    fn marketing_blocks_marketing_and_all_blocks_everything() {
        let marketing = Standing { marketing: Choice::OptedOut, ..Standing::default() };
        let all = Standing { everything: Choice::OptedOut, ..Standing::default() };
        let capped = Standing { capped_until: Some(HOUR), ..Standing::default() };
        let table = [
            (Standing::default(), Some("MARKETING"), None),
            (marketing, Some("MARKETING"), Some(Barrier::OptedOut(Scope::Marketing))),
            (marketing, Some("marketing"), Some(Barrier::OptedOut(Scope::Marketing))),
            (marketing, Some("UTILITY"), None),
            (marketing, Some("AUTHENTICATION"), None),
            (marketing, None, None),
            (all, Some("UTILITY"), Some(Barrier::OptedOut(Scope::All))),
            (all, None, Some(Barrier::OptedOut(Scope::All))),
            (capped, Some("MARKETING"), Some(Barrier::Capped(HOUR))),
            (capped, Some("UTILITY"), None),
        ];
        for (standing, category, expected) in table {
            assert_eq!(standing.barrier(category, 1), expected, "{standing:?} {category:?}");
        }
        assert_eq!(capped.barrier(Some("MARKETING"), HOUR), None, "the time is over");
        assert_eq!(marketing.and(all).barrier(None, 1), Some(Barrier::OptedOut(Scope::All)));
        assert_eq!(all.choice(Scope::Marketing), Choice::OptedOut);
        assert_eq!(marketing.choice(Scope::All), Choice::Unknown);
    }

    #[test]
    fn the_lists_do_not_contradict_each_other() {
        let words = Words::default();
        assert!(OPT_OUT_WORDS.iter().all(|word| words.heard(word) == Some(Action::OptOut)));
        assert!(OPT_IN_WORDS.iter().all(|word| words.heard(word) == Some(Action::OptIn)));
        assert_eq!(Choice::read("nonsense"), Choice::OptedOut);
    }
}
