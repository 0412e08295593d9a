//! Twilio's codes as data (reference/whatsapp.md 8.4).

use crate::domain::outcome::ErrorClass;

const CODES: [(i64, ErrorClass); 45] = [
    (20_003, ErrorClass::Auth),
    (20_404, ErrorClass::Payload),
    (20_429, ErrorClass::RateLimit),
    (20_500, ErrorClass::Transient),
    (21_211, ErrorClass::BadRecipient),
    (21_606, ErrorClass::Payload),
    (21_610, ErrorClass::OptedOut),
    (21_614, ErrorClass::BadRecipient),
    (21_617, ErrorClass::Payload),
    (21_655, ErrorClass::Template),
    (21_656, ErrorClass::Template),
    (21_910, ErrorClass::Payload),
    (30_001, ErrorClass::RateLimit),
    (63_001, ErrorClass::Permission),
    (63_002, ErrorClass::Permission),
    (63_003, ErrorClass::BadRecipient),
    (63_005, ErrorClass::Payload),
    (63_007, ErrorClass::Payload),
    (63_010, ErrorClass::Transient),
    (63_012, ErrorClass::Transient),
    (63_013, ErrorClass::Policy),
    (63_014, ErrorClass::OptedOut),
    (63_016, ErrorClass::WindowClosed),
    (63_018, ErrorClass::RateLimit),
    (63_019, ErrorClass::Media),
    (63_020, ErrorClass::Policy),
    (63_021, ErrorClass::Payload),
    (63_023, ErrorClass::Transient),
    (63_024, ErrorClass::BadRecipient),
    (63_027, ErrorClass::Template),
    (63_028, ErrorClass::Template),
    (63_029, ErrorClass::Template),
    (63_030, ErrorClass::Payload),
    (63_031, ErrorClass::BadRecipient),
    (63_032, ErrorClass::MarketingCap),
    (63_033, ErrorClass::OptedOut),
    (63_038, ErrorClass::RateLimit),
    (63_040, ErrorClass::Template),
    (63_041, ErrorClass::Template),
    (63_042, ErrorClass::Template),
    (63_049, ErrorClass::MarketingCap),
    (63_051, ErrorClass::Policy),
    (63_062, ErrorClass::Policy),
    (21_602, ErrorClass::Payload),
    (21_603, ErrorClass::Payload),
];

/// The class of a code; `None` for one that is not in the table.
pub(super) fn class(code: &str) -> Option<ErrorClass> {
    let code: i64 = code.trim().parse().ok()?;
    CODES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class)
}
