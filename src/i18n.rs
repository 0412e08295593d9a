//! Fluent look-up with fallback. Every word a person reads comes from `locales/{ru,en}/*.ftl`.
//! BODIES to be written by the catalog owner; signatures are fixed.

use std::collections::BTreeMap;

/// The languages kept in parity.
pub const LANGUAGES: [&str; 2] = ["ru", "en"];

/// `ru` for ru/be/kk/uk/ua/kz/by portals, `en` for all others.
pub fn language_for(_lang: &str) -> &'static str {
    todo!()
}

/// The text of `key` in `lang` (fallback en, then the key itself) with arguments.
pub fn text(_lang: &str, _key: &str, _args: &BTreeMap<String, String>) -> String {
    todo!()
}

/// `{lang: text}` of a key, for registration in Bitrix24.
pub fn map(_key: &str) -> serde_json::Value {
    todo!()
}
