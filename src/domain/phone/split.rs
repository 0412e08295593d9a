//! Where one number ends and the next begins, and where an extension starts.

/// Words that start an extension; what follows is dialled by a person, not by WhatsApp.
const EXTENSION_WORDS: [&str; 9] = [";ext=", "доб", "доп", "вн.", "внутр", "ext", "extension", "x", "#"];

/// Words between two numbers.
const BETWEEN: [&str; 4] = [" или ", " и ", " or ", " and "];

/// Fewest digits of a part that is a number of its own; a shorter part after a comma is an extension.
const OWN_NUMBER: usize = 7;

/// A decimal digit of any keyboard, as ASCII.
pub(super) fn digit(symbol: char) -> Option<char> {
    let base = match symbol {
        '0'..='9' => return Some(symbol),
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(symbol) - u32::from(base), 10)
}

fn digits_in(text: &str) -> usize {
    text.chars().filter(|symbol| digit(*symbol).is_some()).count()
}

/// The part before an extension marker. A marker counts only after enough digits, so "доп. тел. 8916…" keeps its number.
pub(super) fn without_extension(part: &str) -> &str {
    let lower = part.to_lowercase();
    // Lower-casing may change byte lengths of rare letters; then the text is used as it is.
    if lower.len() != part.len() {
        return part;
    }
    EXTENSION_WORDS
        .iter()
        .flat_map(|word| lower.match_indices(word).map(|(at, _)| at).collect::<Vec<_>>())
        .filter_map(|at| part.get(..at))
        .filter(|head| digits_in(head) >= OWN_NUMBER)
        .min_by_key(|head| head.len())
        .unwrap_or(part)
}

/// Parts of a text that hold one number each. A text without any number is returned whole, so that its fault can be named.
pub fn split(text: &str) -> Vec<String> {
    let mut joined = text.to_owned();
    for word in BETWEEN {
        joined = joined.replace(word, "\n");
    }
    // `;ext=` must not be torn apart at its semicolon.
    joined = joined.replace(";ext=", "#");
    let mut parts: Vec<String> = Vec::new();
    for piece in joined.split([',', ';', '/', '|', '\n', '\r', '\t']).flat_map(at_plus) {
        if digits_in(&piece) >= OWN_NUMBER {
            parts.push(piece);
        }
    }
    if parts.is_empty() { vec![text.to_owned()] } else { parts }
}

/// Cuts before each `+` that follows a whole number.
fn at_plus(piece: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut current = String::new();
    for symbol in piece.chars() {
        if symbol == '+' && digits_in(&current) >= OWN_NUMBER {
            parts.push(std::mem::take(&mut current));
        }
        current.push(symbol);
    }
    parts.push(current);
    parts
}
