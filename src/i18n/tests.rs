//! The locales keep their promises: same keys and arguments in both languages, no key twice, every code and status told.

use super::*;
use crate::domain::refusal::Code;
use crate::domain::state::Status;
use std::collections::BTreeSet;

/// Key → (file, arguments), read by an own scanner, so that a parser's leniency cannot hide a mistake.
fn entries(lang: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut all = BTreeMap::new();
    for (file, source) in sources(lang) {
        for (key, body) in scan(&source) {
            let earlier = all.insert(key.clone(), (file.clone(), arguments(&body)));
            assert!(earlier.is_none(), "locales/{lang}: {key} stands twice: {file} and {earlier:?}");
        }
    }
    all
}

fn scan(source: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in source.lines() {
        let starts = line.starts_with(|c: char| c.is_ascii_alphabetic());
        match line.split_once('=') {
            Some((key, rest)) if starts => found.push((key.trim().to_owned(), rest.to_owned())),
            _ if line.starts_with([' ', '}']) => {
                if let Some((_, body)) = found.last_mut() {
                    body.push('\n');
                    body.push_str(line);
                }
            }
            _ => assert!(line.is_empty() || line.starts_with('#'), "not a Fluent line: {line}"),
        }
    }
    found
}

fn arguments(body: &str) -> BTreeSet<String> {
    let names = body.split('$').skip(1);
    names.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect()).collect()
}

/// What differs between two languages, as sentences.
fn differences(ru: &BTreeMap<String, (String, BTreeSet<String>)>, en: &BTreeMap<String, (String, BTreeSet<String>)>) -> Vec<String> {
    let keys: BTreeSet<&String> = ru.keys().chain(en.keys()).collect();
    let differ = keys.into_iter().filter_map(|key| match (ru.get(key), en.get(key)) {
        (Some((file, ru)), Some((_, en))) => (ru != en).then(|| format!("{file}: {key}: arguments {ru:?} and {en:?}")),
        (Some((file, _)), None) => Some(format!("en/{file}: {key} is missing")),
        (None, Some((file, _))) => Some(format!("ru/{file}: {key} is missing")),
        (None, None) => None,
    });
    differ.collect()
}

#[test]
fn both_languages_have_the_same_keys_and_arguments() {
    let (ru, en) = (entries("ru"), entries("en"));
    assert!(ru.len() > 150, "the locales were not found");
    assert_eq!(differences(&ru, &en), Vec::<String>::new());
    let mut broken = en.clone();
    broken.remove("refusal-phone_missing");
    broken.insert("refusal-window_closed".to_owned(), ("x.ftl".to_owned(), BTreeSet::new()));
    assert_eq!(differences(&ru, &broken).len(), 2, "the comparison must be able to fail");
}

#[test]
fn every_file_is_whole() {
    for lang in LANGUAGES {
        for (file, source) in sources(lang) {
            let keys = scan(&source).len();
            let resource = FluentResource::try_new(source).unwrap_or_else(|(_, errors)| panic!("{lang}/{file}: {errors:?}"));
            assert!(resource.entries().count() >= keys, "{lang}/{file}");
        }
        for (key, (file, _)) in entries(lang) {
            let text = find(lang, &key, &BTreeMap::new()).unwrap_or_else(|| panic!("{lang}/{file}: {key} cannot be read"));
            assert!(!text.trim().is_empty() && !text.contains("{$"), "{lang}/{file}: {key}: {text}");
        }
    }
}

#[test]
fn every_refusal_and_status_is_told() {
    let statuses =
        ["queued", "held", "sending", "accepted", "sent", "delivered", "read", "played", "failed", "unknown", "skipped", "cancelled"];
    for word in statuses.iter().chain(&["deleted", "received"]) {
        assert!(Status::parse(word).is_some(), "{word}");
    }
    let keys = Code::ALL.iter().map(|code| format!("refusal-{}", code.as_str()));
    let keys = keys.chain(statuses.iter().chain(&["deleted", "received"]).map(|word| format!("status-{word}")));
    for key in keys {
        for lang in LANGUAGES {
            assert!(find(lang, &key, &BTreeMap::new()).is_some(), "locales/{lang} has no {key}");
        }
    }
    assert_eq!(find("ru", "refusal-no_such_code", &BTreeMap::new()), None);
}

#[test]
fn a_text_falls_back_and_never_fails() {
    assert_eq!([language_for("kz"), language_for("RU-ru"), language_for("de"), language_for("")], ["ru", "ru", "en", "en"]);
    assert_eq!(text("de", "status-read", &BTreeMap::new()), find("en", "status-read", &BTreeMap::new()).unwrap());
    assert_eq!(text("ru", "no-such-key", &BTreeMap::new()), "no-such-key");
    let args = BTreeMap::from([("field".to_owned(), "Text (text)".to_owned()), ("limit".to_owned(), "4096".to_owned())]);
    let told = text("en", "refusal-text_too_long", &args);
    assert!(told.contains("Text (text)") && told.contains("4096") && told.contains(DASH), "{told}");
    assert_eq!(map("status-read")["ru"], "прочитано");
    let args = BTreeMap::from([("window_until".to_owned(), "12:00".to_owned())]);
    assert!(text("ru", "refusal-window_closed", &args).contains("12:00"));
    let args =
        BTreeMap::from([("hint_key", "hint-int"), ("min", "1"), ("max", "720")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(text("en", "refusal-property_invalid", &args).contains("from 1 to 720"));
}

#[test]
fn numbers_choose_the_plural_form() {
    let days = |lang: &str, count: &str| text(lang, "count-messages", &BTreeMap::from([("count".to_owned(), count.to_owned())]));
    assert_eq!([days("ru", "1"), days("ru", "3"), days("ru", "11")], ["1 сообщение", "3 сообщения", "11 сообщений"]);
    assert_eq!([days("en", "1"), days("en", "2")], ["1 message", "2 messages"]);
}
