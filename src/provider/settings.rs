//! A channel's settings as typed by an administrator, checked against what its provider takes.

use super::{Provider, SettingField, SettingsError};
use crate::domain::schedule::QuietHours;
use crate::domain::secret::Secret;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Settings of our own that every channel has, whatever its provider.
const OWN: [SettingField; 3] = [
    // Id or name of the channel that sends while this one cannot.
    SettingField::new("failover", "text", false),
    // Messages a second: vendors name figures that an operator may know better.
    SettingField::new("rate", "number", false),
    // `21:00-09:00`, or `off`; empty = as the portal.
    SettingField::new("quiet_hours", "quiet_hours", false),
];

const DAILY_LIMIT: SettingField = SettingField::new("daily_limit", "count", false);
const ON_LIMIT: SettingField = SettingField::choice("on_limit", &["hold", "refuse"]);

/// Settings of our own where windows are: the daily limit of new people (reference/whatsapp.md 2.6); channels of one business share a
/// portfolio.
const OFFICIAL: [SettingField; 3] = [SettingField::new("portfolio", "text", false), DAILY_LIMIT, ON_LIMIT];

/// Settings of our own for phones behind gateways (reference/whatsapp.md 6.9): first messages to strangers, and all messages of a day.
const GATEWAY: [SettingField; 4] = [
    // A number with a history needs no warming up.
    SettingField::choice("warm_up", &["on", "off"]),
    DAILY_LIMIT,
    SettingField::new("daily_cap", "count", false),
    ON_LIMIT,
];

/// Whether clients are shown that their message was read, where the provider can; where it can show that an answer is written, that too.
const READS: [SettingField; 1] = [SettingField::choice("mark_read", &["off", "read"])];
const TYPES: [SettingField; 1] = [SettingField::choice("mark_read", &["off", "read", "typing"])];

/// The fields of a channel: its provider's, then our own.
pub fn fields_of(provider: &dyn Provider) -> impl Iterator<Item = &'static SettingField> {
    provider.setting_fields().iter().chain(own_fields(provider))
}

/// Fields that mean the same at every provider; their words do not name one.
pub fn own_fields(provider: &dyn Provider) -> impl Iterator<Item = &'static SettingField> {
    let limits: &'static [SettingField] = if provider.capabilities().official { &OFFICIAL } else { &GATEWAY };
    let marks: &'static [SettingField] = match provider.capabilities() {
        known if known.typing => &TYPES,
        known if known.marks_read => &READS,
        _ => &[],
    };
    limits.iter().chain(marks).chain(&OWN)
}

/// Most characters of one setting.
const LONGEST: usize = 2_000;
/// Greatest `number`; the smallest is 1.
const MOST: u32 = 1_000;

/// Plain settings and secrets, checked.
pub type Checked = (Map<String, Value>, BTreeMap<String, Secret>);

/// Checks settings. `creating` demands what is required and fills defaults; otherwise only what is given is checked, and an optional
/// value given as `null` or `""` comes back as `Null` (an empty secret) to be removed.
///
/// # Errors
/// The first field that is wrong, with a stable reason word.
pub fn check_settings(provider: &dyn Provider, settings: &Value, creating: bool) -> Result<Checked, SettingsError> {
    let empty = Map::new();
    let given = match settings {
        Value::Object(given) => given,
        Value::Null => &empty,
        _ => return Err(wrong("settings", "not_text")),
    };
    if let Some(unknown) = given.keys().find(|name| !fields_of(provider).any(|field| field.name == name.as_str())) {
        return Err(wrong(unknown, "unknown_field"));
    }
    let (mut public, mut secrets) = (Map::new(), BTreeMap::new());
    for field in fields_of(provider) {
        let told = given.get(field.name);
        if told.is_none() && !creating {
            continue;
        }
        let value = checked(field, told.unwrap_or(&Value::Null))?;
        match (field.kind, value) {
            ("secret", value) if value.is_some() || !creating => {
                secrets.insert(field.name.to_owned(), Secret::new(value.unwrap_or_default()));
            }
            ("secret", _) => {}
            (_, Some(text)) => {
                public.insert(field.name.to_owned(), Value::String(text));
            }
            (_, None) if creating => {}
            (_, None) => {
                public.insert(field.name.to_owned(), Value::Null);
            }
        }
    }
    Ok((public, secrets))
}

fn wrong(field: &str, reason: &'static str) -> SettingsError {
    SettingsError { field: field.to_owned(), reason }
}

/// One value in its canonical form; `None` = absent and optional.
fn checked(field: &SettingField, told: &Value) -> Result<Option<String>, SettingsError> {
    let text = match told {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(wrong(field.name, "not_text")),
    };
    if text.is_empty() {
        return match field.choices.first() {
            Some(default) => Ok(Some((*default).to_owned())),
            None if field.required => Err(wrong(field.name, "required")),
            None => Ok(None),
        };
    }
    if text.chars().count() > LONGEST {
        return Err(wrong(field.name, "too_long"));
    }
    match field.kind {
        "digits" => phone_digits(&text).map(Some).ok_or_else(|| wrong(field.name, "not_digits")),
        "quiet_hours" if text != "off" && QuietHours::parse(&text).is_none() => Err(wrong(field.name, "not_hh_mm_hh_mm")),
        "number" => whole(&text).map(Some).ok_or_else(|| wrong(field.name, "not_number")),
        "count" => whole_number(&text).map(Some).ok_or_else(|| wrong(field.name, "not_number")),
        "url" => origin(&text).map(Some).ok_or_else(|| wrong(field.name, "not_url")),
        "choice" if !field.choices.contains(&text.as_str()) => Err(wrong(field.name, "unknown_choice")),
        // A key with a line end or a space inside could not travel in a header.
        "secret" if text.chars().any(|symbol| symbol.is_control() || symbol.is_whitespace()) => Err(wrong(field.name, "not_text")),
        _ if text.chars().any(char::is_control) => Err(wrong(field.name, "not_text")),
        _ => Ok(Some(text)),
    }
}

/// Digits of a number as people write it, with its country code.
fn phone_digits(text: &str) -> Option<String> {
    if !text.chars().all(|symbol| symbol.is_ascii_digit() || "+-() \u{a0}".contains(symbol)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (5..=20).contains(&digits.len()).then_some(digits)
}

/// A whole number in range, as it is written canonically.
fn whole(text: &str) -> Option<String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<u32>().ok().filter(|number| digits && (1..=MOST).contains(number)).map(|number| number.to_string())
}

/// A whole number above zero.
fn whole_number(text: &str) -> Option<String> {
    let number: i64 = text.parse().ok().filter(|number| (1..=1_000_000_000).contains(number))?;
    Some(number.to_string())
}

/// An http(s) address without a trailing slash.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let usable = matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.username().is_empty() && url.password().is_none();
    usable.then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::gupshup::Gupshup;
    use serde_json::json;

    fn refused(settings: Value, creating: bool) -> (String, &'static str) {
        let error = check_settings(&Gupshup, &settings, creating).unwrap_err();
        (error.field, error.reason)
    }

    #[test]
    fn a_new_channel_has_all_that_is_required_and_the_defaults() {
        let settings = json!({"app_name": " TorgBot ", "source": "+7 (495) 123-00-00", "api_key": "k"});
        let (public, secrets) = check_settings(&Gupshup, &settings, true).unwrap();
        assert_eq!(
            Value::Object(public),
            json!({"app_name": "TorgBot", "source": "74951230000", "on_limit": "hold", "mark_opt_in": "on_consent", "mark_read": "off"})
        );
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["api_key"]);
        assert_eq!(refused(json!({"source": "7495", "api_key": "k"}), true), ("app_name".to_owned(), "required"));
        assert_eq!(refused(json!({"app_name": "a", "source": "x", "api_key": "k"}), true), ("source".to_owned(), "not_digits"));
        assert_eq!(
            refused(json!({"app_name": "a", "source": 74951230000_i64, "api_key": "a\nb"}), true),
            ("api_key".to_owned(), "not_text")
        );
    }

    #[test]
    fn a_rate_is_a_whole_number_from_1_to_1000() {
        let rate = |value: Value| check_settings(&Gupshup, &json!({"rate": value}), false).map(|(public, _)| public["rate"].clone());
        for (given, kept) in
            [(json!("20"), json!("20")), (json!(1), json!("1")), (json!(" 0080 "), json!("80")), (json!(1000), json!("1000"))]
        {
            assert_eq!(rate(given.clone()).unwrap(), kept, "{given}");
        }
        for given in [json!("0"), json!(1001), json!("-5"), json!("2.5"), json!("+5"), json!("ten"), json!("99999999999")] {
            assert_eq!(rate(given.clone()).unwrap_err(), SettingsError { field: "rate".to_owned(), reason: "not_number" }, "{given}");
        }
        assert_eq!(rate(Value::Null).unwrap(), Value::Null, "removed: the start value again");
    }

    #[test]
    fn a_change_checks_only_what_is_given() {
        let (public, secrets) = check_settings(&Gupshup, &json!({"app_id": "", "partner_token": null}), false).unwrap();
        assert_eq!(Value::Object(public), json!({"app_id": null}));
        assert!(secrets.get("partner_token").is_some_and(Secret::is_empty));
        assert_eq!(refused(json!({"api_key": ""}), false), ("api_key".to_owned(), "required"));
        assert_eq!(refused(json!({"mark_opt_in": "sometimes"}), false), ("mark_opt_in".to_owned(), "unknown_choice"));
        assert_eq!(refused(json!({"daily_limit": "0"}), false), ("daily_limit".to_owned(), "not_number"));
        assert_eq!(refused(json!({"appname": "x"}), false), ("appname".to_owned(), "unknown_field"));
        assert_eq!(refused(json!({"app_name": ["x"]}), false), ("app_name".to_owned(), "not_text"));
        assert_eq!(refused(json!({"app_name": "x".repeat(2_001)}), false), ("app_name".to_owned(), "too_long"));
    }
}
