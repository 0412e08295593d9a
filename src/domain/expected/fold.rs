//! How people write the same word: case, ё, brackets, dots, emoji and their skins, keycaps and full-width digits.

/// A text as tokens: runs of letters and digits in lower case, and emoji, one each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    all: Vec<String>,
}

/// Folds.
pub(super) fn fold(text: &str) -> Tokens {
    let mut all = Vec::new();
    let mut run = String::new();
    for c in text.chars() {
        match symbol(c) {
            Symbol::Letter(c) => run.extend(c.to_lowercase().map(|c| if c == 'ё' { 'е' } else { c })),
            // "don't", "1️⃣", "👍🏽": nothing stands between.
            Symbol::Nothing => {}
            Symbol::Emoji(c) => {
                if !run.is_empty() {
                    all.push(std::mem::take(&mut run));
                }
                all.push(c.to_string());
            }
            Symbol::Between => {
                if !run.is_empty() {
                    all.push(std::mem::take(&mut run));
                }
            }
        }
    }
    if !run.is_empty() {
        all.push(run);
    }
    Tokens { all }
}

/// The text with plain digits and without the marks that make keycaps and skins.
pub(super) fn plain(text: &str) -> String {
    let one = |c: char| match symbol(c) {
        Symbol::Letter(c) => Some(c),
        Symbol::Nothing if !matches!(c, '\'' | '’') => None,
        _ => Some(c),
    };
    text.chars().filter_map(one).collect()
}

enum Symbol {
    Letter(char),
    Emoji(char),
    Nothing,
    Between,
}

fn symbol(c: char) -> Symbol {
    let number = u32::from(c);
    match number {
        // Full-width digits.
        0xFF10..=0xFF19 => Symbol::Letter(char::from_digit(number - 0xFF10, 10).unwrap_or(c)),
        // Joiners, variation marks, the keycap, skins, apostrophes.
        0x200B..=0x200D | 0xFE0E | 0xFE0F | 0x20E3 | 0x1F3FB..=0x1F3FF | 0x27 | 0x2019 => Symbol::Nothing,
        _ if c.is_alphanumeric() => Symbol::Letter(c),
        0x3000..=0x303F | 0xFE10..=0xFE6F | 0xFF00..=0xFFEF => Symbol::Between,
        0x2190.. => Symbol::Emoji(c),
        _ => Symbol::Between,
    }
}

fn is_emoji(token: &str) -> bool {
    token.chars().next().is_some_and(|c| matches!(symbol(c), Symbol::Emoji(_)))
}

impl Tokens {
    /// Whether there is anything.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many words, emoji apart.
    pub(super) fn words(&self) -> usize {
        self.all.iter().filter(|token| !is_emoji(token)).count()
    }

    /// All tokens.
    pub(super) fn list(&self) -> &[String] {
        &self.all
    }

    /// One text of all words, for comparison.
    pub(super) fn text(&self) -> String {
        self.all.join(" ")
    }

    /// The whole text is `word`; emoji around words do not count.
    pub(super) fn equal(&self, word: &Self) -> bool {
        if word.is_empty() {
            return false;
        }
        let bare = |tokens: &Self| tokens.all.iter().filter(|token| !is_emoji(token)).cloned().collect::<Vec<_>>();
        let worded = bare(word);
        self.all == word.all || (!worded.is_empty() && worded == word.all && bare(self) == worded)
    }

    /// Places of `word` inside, unless it is denied right before.
    pub(super) fn find(&self, word: &Self) -> Vec<(usize, usize)> {
        let length = word.all.len();
        if length == 0 {
            return Vec::new();
        }
        let denied = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| self.all.get(at));
            before.is_some_and(|token| matches!(token.as_str(), "не" | "not" | "без" | "dont"))
        };
        let places = self.all.windows(length).enumerate().filter(|(_, window)| *window == word.all.as_slice());
        places.filter(|(at, _)| !denied(*at)).map(|(at, _)| (at, at + length)).collect()
    }
}
