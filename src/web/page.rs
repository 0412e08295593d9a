//! The plain pages inside Bitrix24: a heading and sentences from `locales`, one small script of ours at most.
//!
//! Nothing of the request is shown back except the frame's id inside JSON. A page may be framed by its portal only.

use crate::i18n;
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Scripts and styles of these pages; immutable per build.
const INSTALL_JS: &str = include_str!("assets/install.js");
const PAGE_CSS: &str = include_str!("assets/page.css");

/// A page about to be written.
pub(super) struct Page<'a> {
    /// HTTP status.
    pub(super) status: u16,
    /// `ru` or `en`.
    pub(super) lang: &'a str,
    /// Locale key of the heading.
    pub(super) title: &'a str,
    /// Locale keys of the sentences.
    pub(super) sentences: &'a [&'a str],
    /// Values that the texts name.
    pub(super) args: BTreeMap<String, String>,
    /// Origin that may frame it: `https://acme.bitrix24.ru`.
    pub(super) portal: Option<String>,
    /// Data for the install script; `None` = no script.
    pub(super) boot: Option<Value>,
}

impl Page<'_> {
    /// The page as an answer.
    pub(super) fn answer(&self) -> HttpResponse {
        let title = escape(&i18n::text(self.lang, self.title, &self.args));
        let mut body = String::new();
        for key in self.sentences {
            let _ = writeln!(body, "<p>{}</p>", escape(&i18n::text(self.lang, key, &self.args)));
        }
        if let Some(boot) = &self.boot {
            let _ = write!(
                body,
                "<script type=\"application/json\" id=\"boot\">{}</script>\n<script src=\"/ui/install.js\" defer></script>\n",
                embed(boot)
            );
        }
        let html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/ui/page.css\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
            self.lang
        );
        HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK))
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, policy(self.portal.as_deref())))
            .insert_header((header::CONTENT_LANGUAGE, self.lang.to_owned()))
            .body(html)
    }
}

/// The portal's origin when its host is a plain host with an optional port. `endpoint` tells the scheme: `https://…/rest/`.
pub(super) fn portal_origin(domain: &str, endpoint: &str) -> Option<String> {
    let plain = !domain.is_empty() && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
    let scheme = if endpoint.starts_with("http://") { "http" } else { "https" };
    plain.then(|| format!("{scheme}://{domain}"))
}

/// Data for the page's script. `app_sid` comes from the browser, so only its letters and digits pass.
pub(super) fn boot(origin: &str, app_sid: &str) -> Value {
    let sid: String = app_sid.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    json!({"origin": origin, "app_sid": sid})
}

fn policy(portal: Option<&str>) -> String {
    let ancestors = portal.unwrap_or("'none'");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// JSON inside a script element: `<` would end it.
pub(super) fn embed(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// `GET /ui/install.js`
pub(super) async fn install_js() -> HttpResponse {
    asset("text/javascript; charset=utf-8", INSTALL_JS).await
}

/// `GET /ui/page.css`
pub(super) async fn page_css() -> HttpResponse {
    asset("text/css; charset=utf-8", PAGE_CSS).await
}

fn asset(kind: &'static str, text: &'static str) -> std::future::Ready<HttpResponse> {
    std::future::ready(HttpResponse::Ok().content_type(kind).insert_header((header::CACHE_CONTROL, "public, max-age=3600")).body(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_host_becomes_an_origin() {
        assert_eq!(portal_origin("acme.bitrix24.ru", "https://acme.bitrix24.ru/rest/").as_deref(), Some("https://acme.bitrix24.ru"));
        assert_eq!(portal_origin("127.0.0.1:8099", "http://127.0.0.1:8099/rest/").as_deref(), Some("http://127.0.0.1:8099"));
        for domain in ["", "a b", "a;script-src *", "a/b", "a\r\nb", "a'b"] {
            assert_eq!(portal_origin(domain, "https://x/rest/"), None, "{domain}");
        }
    }

    #[test]
    fn embedded_data_cannot_leave_its_element() {
        let text = embed(&boot("https://a</script>", "<img src=x>0f"));
        assert!(!text.contains('<') && !text.contains('>'), "{text}");
    }
}
