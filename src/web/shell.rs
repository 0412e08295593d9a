//! The HTML around a built page: its files, and what it has to know from the start as JSON in `#boot`.
//!
//! Scripts come from here alone and none stands in the page; the kit writes inline styles, hence `unsafe-inline` for styles only.

use super::assets::{self, Entry};
use super::page::{embed, escape};
use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::Value;
use std::fmt::Write as _;

/// A page about to be written.
pub(super) struct Shell<'a> {
    /// Folder under `ui/src/pages`.
    pub(super) page: &'static str,
    /// `ru` or `en`.
    pub(super) lang: &'a str,
    /// `light`, `dark` or `system`.
    pub(super) theme: &'a str,
    /// Title of the document.
    pub(super) title: String,
    /// Origin that may frame it.
    pub(super) portal: Option<String>,
    /// What the page is started with.
    pub(super) boot: Value,
}

impl Shell<'_> {
    /// The page; `None` when the pages were not built.
    pub(super) fn answer(&self) -> Option<HttpResponse> {
        let entry = assets::entry(self.page)?;
        let answer = HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, policy(self.portal.as_deref())))
            .insert_header((header::CONTENT_LANGUAGE, self.lang.to_owned()))
            .body(self.html(&entry));
        Some(answer)
    }

    fn html(&self, entry: &Entry) -> String {
        let mut head = String::new();
        for style in &entry.styles {
            let _ = writeln!(head, "<link rel=\"stylesheet\" href=\"/ui/{style}\">");
        }
        for module in &entry.preload {
            let _ = writeln!(head, "<link rel=\"modulepreload\" href=\"/ui/{module}\">");
        }
        let texts = assets::texts_address(self.lang);
        let class = if self.theme == "dark" { " class=\"dark\"" } else { "" };
        format!(
            "<!doctype html>\n<html lang=\"{lang}\"{class}>\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<link rel=\"icon\" href=\"/ui/icon.svg\" type=\"image/svg+xml\">\n{head}\
             </head>\n<body data-texts=\"{texts}\" data-theme=\"{theme}\">\n<div id=\"app\" class=\"isolate\"></div>\n\
             <script type=\"application/json\" id=\"boot\">{boot}</script>\n<script type=\"module\" src=\"/ui/{script}\"></script>\n</body>\n</html>\n",
            lang = self.lang,
            theme = escape(self.theme),
            title = escape(&self.title),
            boot = embed(&self.boot),
            script = entry.script,
        )
    }
}

fn policy(portal: Option<&str>) -> String {
    let ancestors = portal.unwrap_or("'none'");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
}
