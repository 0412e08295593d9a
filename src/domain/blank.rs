//! Whether a text shows anything at all, and texts that no database takes.
//!
//! WhatsApp refuses what nobody can see, and portals are full of it: no-break spaces of office programs, zero-width marks of messengers,
//! fillers that stand for "nothing" in nicknames. A text of these alone is as empty as none.

/// Nothing of the text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|symbol| symbol.is_whitespace() || symbol.is_control() || is_invisible(symbol))
}

/// The text without U+0000: PostgreSQL has no place for it, and nobody means it. Whatever comes from outside passes here once.
pub fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// Characters without a shape that are no white space to Unicode.
fn is_invisible(symbol: char) -> bool {
    matches!(symbol,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::is_blank;

    #[test]
    fn what_nobody_sees_is_blank() {
        for text in ["", " ", "\n\t\r", "\u{a0}", "\u{202f}\u{2009}", "\u{200b}", "\u{feff}\u{200d}", "\u{2800}", "\u{3164}", " \u{2060} "]
        {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [".", "-", "\u{200b}x", "👨‍👩‍👧", "❤️", "я", "0", "\u{a0}1"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
