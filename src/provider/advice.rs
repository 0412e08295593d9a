//! From a provider's code to the locale key that says what to do next. Texts: `locales/*/provider.ftl`.

use crate::domain::outcome::{ErrorClass, ProviderError};

/// Codes whose advice is more exact than their class's.
const BY_CODE: [(&str, &str); 22] = [
    ("1001", "advice-sandbox"),
    ("1002", "advice-not-on-whatsapp"),
    ("1003", "advice-wallet"),
    ("1004", "advice-templates-off"),
    ("1005", "advice-template-no-match"),
    ("1006", "advice-not-opted-in"),
    ("1007", "advice-not-opted-in-no-match"),
    ("1008", "advice-not-opted-in"),
    ("1010", "advice-media-url"),
    ("1011", "advice-media-size"),
    ("1012", "advice-opted-out"),
    ("4001", "advice-platform-limit"),
    ("4003", "advice-template-no-match"),
    ("4004", "advice-hosting"),
    ("4005", "advice-template-paused"),
    ("131026", "advice-not-on-whatsapp"),
    ("131042", "advice-wallet"),
    ("131049", "advice-marketing-cap"),
    ("131050", "advice-opted-out"),
    ("131053", "advice-media-url"),
    ("132015", "advice-template-paused"),
    ("132016", "advice-template-disabled"),
];

/// The locale key of what to do about an error.
pub fn key(error: &ProviderError) -> &'static str {
    let exact = error.provider_code.as_deref().and_then(|code| BY_CODE.iter().find(|(known, _)| *known == code));
    exact.map_or_else(|| by_class(error.class), |(_, key)| *key)
}

fn by_class(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Auth => "advice-class-auth",
        ErrorClass::Permission => "advice-class-permission",
        ErrorClass::RateLimit => "advice-class-rate-limit",
        ErrorClass::PairLimit => "advice-class-pair-limit",
        ErrorClass::MarketingCap => "advice-marketing-cap",
        ErrorClass::WindowClosed => "advice-class-window-closed",
        ErrorClass::OptedOut => "advice-opted-out",
        ErrorClass::BadRecipient => "advice-class-bad-recipient",
        ErrorClass::Template => "advice-class-template",
        ErrorClass::Payload => "advice-class-payload",
        ErrorClass::Media => "advice-media-url",
        ErrorClass::Billing => "advice-wallet",
        ErrorClass::Policy => "advice-class-policy",
        ErrorClass::Session => "advice-class-session",
        ErrorClass::Transient => "advice-class-transient",
        ErrorClass::Unknown => "advice-class-unknown",
    }
}
