//! Meta's error codes as data (reference/whatsapp.md 5.14). Decide on the code, never on titles.

use crate::domain::outcome::ErrorClass;

/// Single codes.
const CODES: [(i64, ErrorClass); 58] = [
    (0, ErrorClass::Auth),
    (1, ErrorClass::Transient),
    (2, ErrorClass::Transient),
    (3, ErrorClass::Permission),
    (4, ErrorClass::RateLimit),
    (10, ErrorClass::Permission),
    (33, ErrorClass::Payload),
    (100, ErrorClass::Payload),
    (190, ErrorClass::Auth),
    (368, ErrorClass::Policy),
    (80_007, ErrorClass::RateLimit),
    (130_403, ErrorClass::Policy),
    (130_429, ErrorClass::RateLimit),
    (130_472, ErrorClass::MarketingCap),
    (130_497, ErrorClass::Policy),
    (131_000, ErrorClass::Transient),
    (131_005, ErrorClass::Permission),
    (131_008, ErrorClass::Payload),
    (131_009, ErrorClass::Payload),
    (131_016, ErrorClass::Transient),
    (131_021, ErrorClass::BadRecipient),
    (131_026, ErrorClass::BadRecipient),
    (131_030, ErrorClass::BadRecipient),
    (131_031, ErrorClass::Policy),
    (131_037, ErrorClass::Policy),
    (131_042, ErrorClass::Billing),
    (131_045, ErrorClass::Permission),
    (131_047, ErrorClass::WindowClosed),
    (131_048, ErrorClass::RateLimit),
    (131_049, ErrorClass::MarketingCap),
    (131_050, ErrorClass::OptedOut),
    (131_051, ErrorClass::Payload),
    (131_052, ErrorClass::Media),
    (131_053, ErrorClass::Media),
    (131_055, ErrorClass::Payload),
    (131_056, ErrorClass::PairLimit),
    (131_057, ErrorClass::Transient),
    (131_060, ErrorClass::Unknown),
    (131_062, ErrorClass::BadRecipient),
    (132_000, ErrorClass::Template),
    (132_001, ErrorClass::Template),
    (132_005, ErrorClass::Template),
    (132_007, ErrorClass::Template),
    (132_012, ErrorClass::Template),
    (132_015, ErrorClass::Template),
    (132_016, ErrorClass::Template),
    (132_018, ErrorClass::Template),
    (132_068, ErrorClass::Template),
    (132_069, ErrorClass::RateLimit),
    (133_004, ErrorClass::Transient),
    (133_015, ErrorClass::RateLimit),
    (133_016, ErrorClass::RateLimit),
    (134_011, ErrorClass::Policy),
    (135_000, ErrorClass::Payload),
    (139_100, ErrorClass::Payload),
    (139_101, ErrorClass::Payload),
    (139_102, ErrorClass::Payload),
    (139_103, ErrorClass::Payload),
];

/// Families, looked at after the single codes.
const RANGES: [(i64, i64, ErrorClass); 3] =
    [(200, 299, ErrorClass::Permission), (133_000, 133_099, ErrorClass::Permission), (2_388_000, 2_388_999, ErrorClass::Template)];

/// The class of a code; `None` for one that is not in the table.
pub(in crate::provider) fn class(code: i64) -> Option<ErrorClass> {
    let single = CODES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class);
    single.or_else(|| RANGES.iter().find(|(from, to, _)| (*from..=*to).contains(&code)).map(|(_, _, class)| *class))
}
