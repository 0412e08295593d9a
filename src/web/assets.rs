//! The pages' built files, embedded from `ui/dist`: scripts and styles under hashed names, and the texts of a language.
//!
//! A tree whose pages were never built still compiles; then there are no entries, and `app` shows a sentence that says what to run.

use super::problem::{Code, Problem};
use crate::i18n;
use actix_web::http::header;
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

#[derive(rust_embed::RustEmbed)]
#[folder = "ui/dist/"]
#[allow_missing = true]
struct Dist;

/// Locale files that no page reads: the demo's narration and the messages to administrators.
const NOT_FOR_PAGES: [&str; 2] = ["demo.ftl", "alarm.ftl"];

/// One row of Vite's manifest.
#[derive(Debug, Deserialize)]
struct Chunk {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
}

/// What a page loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The module that starts it.
    pub(super) script: String,
    /// Modules it imports at once.
    pub(super) preload: Vec<String>,
    /// Styles.
    pub(super) styles: Vec<String>,
}

/// The texts of the pages in both languages with the hash that names them.
static TEXTS: LazyLock<BTreeMap<&'static str, (String, String)>> = LazyLock::new(|| {
    let of = |lang: &'static str| {
        let files = i18n::sources(lang).into_iter().filter(|(name, _)| !NOT_FOR_PAGES.contains(&name.as_str()));
        let source = files.map(|(_, source)| source).collect::<Vec<_>>().join("\n");
        let hash: String = hex::encode(Sha256::digest(source.as_bytes())).chars().take(16).collect();
        (lang, (hash, source))
    };
    i18n::LANGUAGES.into_iter().map(of).collect()
});

/// The files of a page such as `robot`; `None` when the pages were not built.
pub(super) fn entry(page: &str) -> Option<Entry> {
    let manifest = Dist::get("manifest.json")?;
    let chunks: BTreeMap<String, Chunk> = serde_json::from_slice(&manifest.data).ok()?;
    let start = chunks.get(&format!("src/pages/{page}/main.ts"))?;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<&str> = start.imports.iter().map(String::as_str).collect();
    let mut styles: Vec<String> = Vec::new();
    let mut preload: Vec<String> = Vec::new();
    while let Some(name) = waiting.pop() {
        let Some(chunk) = chunks.get(name).filter(|_| seen.insert(name)) else { continue };
        waiting.extend(chunk.imports.iter().map(String::as_str));
        preload.push(chunk.file.clone());
        styles.extend(chunk.css.iter().cloned());
    }
    styles.extend(start.css.iter().cloned());
    styles.dedup();
    Some(Entry { script: start.file.clone(), preload, styles })
}

/// Address of a language's texts; it changes with them.
pub(super) fn texts_address(lang: &str) -> String {
    let lang = i18n::language_for(lang);
    let hash = TEXTS.get(lang).map(|(hash, _)| hash.as_str()).unwrap_or_default();
    format!("/ui/texts/{lang}.{hash}.ftl")
}

/// `GET /ui/{file}`: hashed names never change their content; everything else is asked for again.
pub(super) async fn file(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, Problem> {
    std::future::ready(found(&request, &path)).await
}

fn found(request: &HttpRequest, path: &str) -> Result<HttpResponse, Problem> {
    if let Some(name) = path.strip_prefix("texts/") {
        return texts(name);
    }
    let embedded = Dist::get(path).filter(|_| !path.starts_with('.')).ok_or_else(|| Problem::new(Code::RouteUnknown))?;
    let tag = format!("\"{}\"", hex::encode(embedded.metadata.sha256_hash()));
    let told = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if told == Some(tag.as_str()) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    let life = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = match embedded.metadata.mimetype() {
        kind if kind.starts_with("text/") => format!("{kind}; charset=utf-8"),
        kind => kind.to_owned(),
    };
    let mut answer = HttpResponse::Ok();
    answer.content_type(kind).insert_header((header::CACHE_CONTROL, life)).insert_header((header::ETAG, tag));
    Ok(answer.body(Bytes::from(embedded.data.into_owned())))
}

fn texts(name: &str) -> Result<HttpResponse, Problem> {
    let lang = name.split('.').next().unwrap_or_default();
    let (hash, source) = TEXTS.get(lang).ok_or_else(|| Problem::new(Code::RouteUnknown))?;
    // An address of a former version is answered with today's texts, but not for ever.
    let life = if name == format!("{lang}.{hash}.ftl") { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").insert_header((header::CACHE_CONTROL, life)).body(source.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_texts_under_a_name_of_their_own() {
        let [ru, en] = ["ru", "en"].map(texts_address);
        assert_ne!(ru, en);
        assert!(ru.starts_with("/ui/texts/ru.") && ru.ends_with(".ftl"), "{ru}");
        assert!(texts(ru.trim_start_matches("/ui/texts/")).is_ok());
        assert!(texts("xx.1.ftl").is_err());
    }
}
