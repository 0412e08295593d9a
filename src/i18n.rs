//! Fluent look-up with fallback. Every word a person reads comes from `locales/{ru,en}/*.ftl`.
//!
//! The files are embedded and merged per language; a key stands once. Both languages have the same keys and arguments,
//! kept by the tests below. A text never fails: an argument that was not given shows as a dash, an unknown key as itself.

use fluent_templates::fluent_bundle::concurrent::FluentBundle;
use fluent_templates::fluent_bundle::resolver::errors::{ReferenceKind, ResolverError};
use fluent_templates::fluent_bundle::types::FluentNumber;
use fluent_templates::fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use fluent_templates::{LanguageIdentifier, langid};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The languages kept in parity.
pub const LANGUAGES: [&str; 2] = ["ru", "en"];

/// Shown for an argument that was not given.
const DASH: &str = "—";
/// Arguments that are left out instead of shown as a dash.
const OPTIONAL: [&str; 2] = ["hint", "provider_text"];
/// Second names: a moment is `until` in texts, `window_until` in results.
const ALIASES: [(&str, &str); 1] = [("until", "window_until")];

#[derive(rust_embed::RustEmbed)]
#[folder = "locales/"]
struct Files;

/// Words of the provider that the tests alone know: nothing of it is in a released binary.
#[cfg(feature = "test-provider")]
#[derive(rust_embed::RustEmbed)]
#[folder = "tests/locales/"]
struct TestFiles;

type Bundle = FluentBundle<FluentResource>;

static RU: LazyLock<Bundle> = LazyLock::new(|| bundle("ru", langid!("ru")));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle("en", langid!("en")));

/// `ru` for ru/be/kk/uk/ua/kz/by portals, `en` for all others.
pub fn language_for(lang: &str) -> &'static str {
    let primary: String = lang.trim().chars().take_while(char::is_ascii_alphabetic).collect();
    match primary.to_ascii_lowercase().as_str() {
        "ru" | "be" | "by" | "kk" | "kz" | "uk" | "ua" => "ru",
        _ => "en",
    }
}

/// The text of `key` in `lang` (fallback en, then the key itself) with arguments.
///
/// An argument `hint_key` supplies `hint` with the text of that key, so that a refusal can be stored and told later in any language.
pub fn text(lang: &str, key: &str, args: &BTreeMap<String, String>) -> String {
    let mut all = args.clone();
    for (name, inner) in args {
        if let Some(name) = name.strip_suffix("_key").filter(|name| !args.contains_key(*name)) {
            all.insert(name.to_owned(), plain(lang, inner, args));
        }
    }
    plain(lang, key, &all)
}

fn plain(lang: &str, key: &str, args: &BTreeMap<String, String>) -> String {
    find(language_for(lang), key, args).or_else(|| find("en", key, args)).unwrap_or_else(|| key.to_owned())
}

/// A text without arguments.
pub fn word(lang: &str, key: &str) -> String {
    text(lang, key, &BTreeMap::new())
}

/// The text in exactly this language of [`LANGUAGES`], without fallback.
pub fn find(lang: &str, key: &str, args: &BTreeMap<String, String>) -> Option<String> {
    let bundle = match lang {
        "ru" => &*RU,
        "en" => &*EN,
        _ => return None,
    };
    let pattern = bundle.get_message(key)?.value()?;
    let mut given: FluentArgs<'_> = args.iter().map(|(name, value)| (name.as_str(), argument(value))).collect();
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&given), &mut errors);
    if errors.is_empty() {
        return Some(text.into_owned());
    }
    for name in absent(errors) {
        let alias = ALIASES.iter().find(|(wanted, _)| *wanted == name).and_then(|(_, other)| args.get(*other));
        let shown = match alias {
            Some(value) => value,
            None if OPTIONAL.contains(&name.as_str()) => "",
            None => DASH,
        };
        given.set(name, FluentValue::from(shown));
    }
    Some(bundle.format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned())
}

/// `{lang: text}` of a key, for registration in Bitrix24.
pub fn map(key: &str) -> serde_json::Value {
    let texts = LANGUAGES.iter().map(|lang| ((*lang).to_owned(), serde_json::Value::String(word(lang, key))));
    serde_json::Value::Object(texts.collect())
}

/// File name → Fluent source of a language, for the pages: they speak from the same files.
pub fn sources(lang: &str) -> BTreeMap<String, String> {
    let sources = read::<Files>(lang);
    #[cfg(feature = "test-provider")]
    let sources = sources.into_iter().chain(read::<TestFiles>(lang)).collect();
    sources
}

fn read<F: rust_embed::RustEmbed>(lang: &str) -> BTreeMap<String, String> {
    let folder = format!("{}/", language_for(lang));
    let names = F::iter().filter(|name| name.ends_with(".ftl")).filter_map(|name| Some((name.strip_prefix(&folder)?.to_owned(), name)));
    let read =
        |(short, name): (String, std::borrow::Cow<'static, str>)| Some((short, String::from_utf8_lossy(&F::get(&name)?.data).into_owned()));
    names.filter_map(read).collect()
}

/// Reads a language's files. A broken entry is left out and shows as its key; a test keeps the files whole.
fn bundle(lang: &str, id: LanguageIdentifier) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolating marks would stand around every argument in WhatsApp and CRM texts.
    bundle.set_use_isolating(false);
    for (file, source) in sources(lang) {
        let resource = FluentResource::try_new(source).unwrap_or_else(|(partial, errors)| {
            tracing::error!(locale.file = file, locale.errors = errors.len(), "broken locale file");
            partial
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(locale.file = file, locale.errors = errors.len(), "locale keys stand twice");
        }
    }
    bundle
}

/// Plain integers are numbers for plural rules; everything else, such as `007` or a phone, stays text.
fn argument(value: &str) -> FluentValue<'_> {
    match value.parse::<u32>() {
        Ok(number) if number.to_string() == value => FluentValue::Number(FluentNumber::new(f64::from(number), Default::default())),
        _ => FluentValue::from(value),
    }
}

/// Names of variables that a text wanted and did not get.
fn absent(errors: Vec<FluentError>) -> Vec<String> {
    let named = errors.into_iter().filter_map(|error| match error {
        FluentError::ResolverError(ResolverError::Reference(ReferenceKind::Variable { id })) => Some(id),
        _ => None,
    });
    named.collect()
}

#[cfg(test)]
mod tests;
