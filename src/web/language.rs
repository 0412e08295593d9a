//! The language of an answer: `Accept-Language` for callers, the portal's or the viewer's for pages.

use crate::i18n::LANGUAGES;
use actix_web::HttpRequest;
use actix_web::http::header;

/// The best of our languages by the request's own weights; English when it names none of them.
pub(super) fn of(request: &HttpRequest) -> &'static str {
    let told = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    choose(told)
}

fn choose(told: &str) -> &'static str {
    let mut best = ("en", 0.0_f32);
    for range in told.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        let primary = tag.split('-').next().unwrap_or_default();
        let Some(ours) = LANGUAGES.into_iter().find(|ours| *ours == primary) else { continue };
        if weight > best.1 {
            best = (ours, weight);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn the_best_known_language_is_chosen() {
        let table = [
            ("", "en"),
            ("ru", "ru"),
            ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
            ("de,fr;q=0.9", "en"),
            ("en;q=0.3, ru;q=0.7", "ru"),
            ("ru;q=0", "en"),
            ("*", "en"),
            (";;;q=x,,", "en"),
        ];
        for (told, expected) in table {
            assert_eq!(choose(told), expected, "{told}");
        }
    }
}
