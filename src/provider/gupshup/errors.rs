//! Gupshup's own codes as data (reference/whatsapp.md 4.13); six-digit codes are Meta's.

use crate::domain::outcome::ErrorClass;
use crate::provider::ending;
use crate::provider::meta_shape::webhook;

const CODES: [(&str, ErrorClass); 22] = [
    ("500", ErrorClass::Transient),
    ("1001", ErrorClass::Payload),
    ("1002", ErrorClass::BadRecipient),
    ("1003", ErrorClass::Billing),
    ("1004", ErrorClass::WindowClosed),
    ("1005", ErrorClass::WindowClosed),
    ("1006", ErrorClass::OptedOut),
    ("1007", ErrorClass::WindowClosed),
    ("1008", ErrorClass::OptedOut),
    ("1010", ErrorClass::Media),
    ("1011", ErrorClass::Media),
    ("1012", ErrorClass::OptedOut),
    // Old on-premises words for "not a user we can reach".
    ("1013", ErrorClass::BadRecipient),
    ("1026", ErrorClass::BadRecipient),
    ("4001", ErrorClass::RateLimit),
    ("4002", ErrorClass::Transient),
    ("4003", ErrorClass::Template),
    ("4004", ErrorClass::Payload),
    ("4005", ErrorClass::Template),
    ("470", ErrorClass::WindowClosed),
    ("471", ErrorClass::RateLimit),
    ("472", ErrorClass::MarketingCap),
];

/// The class of a code of an event or answer.
pub(super) fn class(code: &str) -> ErrorClass {
    let own = CODES.iter().find(|(known, _)| *known == code.trim()).map(|(_, class)| *class);
    own.or_else(|| webhook::class_of(code)).unwrap_or(ErrorClass::Unknown)
}

/// The class of an answer by HTTP status and words, where it has no code (4.2).
pub(super) fn class_by_words(status: u16, words: &str) -> ErrorClass {
    let words = words.to_lowercase();
    match status {
        401..=403 | 429 | 500.. => ending::class_by_status(status),
        _ if words.contains("invalid destination") => ErrorClass::BadRecipient,
        _ if words.contains("not found with apikey") || words.contains("unauthori") => ErrorClass::Auth,
        _ if words.contains("template") => ErrorClass::Template,
        _ if words.contains("balance") || words.contains("wallet") || words.contains("billing") => ErrorClass::Billing,
        _ if words.contains("opted out") || words.contains("not opted in") => ErrorClass::OptedOut,
        _ if words.contains("too many requests") => ErrorClass::RateLimit,
        _ => ErrorClass::Payload,
    }
}
