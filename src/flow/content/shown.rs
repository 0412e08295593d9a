//! A content as people read it afterwards: `rendered_text`, the timeline, the API. Pure.

use crate::domain::content::{Card, Content, HeaderValue, MediaContent, Place, Section};
use crate::i18n;
use std::collections::BTreeMap;

/// The text; paragraphs where the client sees parts.
pub(in crate::flow) fn text(lang: &str, content: &Content) -> String {
    let mut parts: Vec<String> = Vec::new();
    match content {
        Content::Text { body, .. } => parts.push(body.clone()),
        // The template's own text is made where its pattern is known.
        Content::Template(_) => {}
        Content::Image(file) | Content::Video(file) | Content::Audio(file) | Content::Voice(file) | Content::Document(file) => {
            parts.extend(of_file(lang, content.kind(), file));
        }
        Content::Sticker(_) => parts.push(i18n::word(lang, "shown-sticker")),
        Content::Buttons(buttons) => {
            parts.extend(buttons.header.as_ref().map(|header| of_header(lang, header)));
            parts.push(buttons.body.clone());
            parts.extend(buttons.footer.clone());
            parts.push(buttons.buttons.iter().map(|button| format!("▸ {}", button.title)).collect::<Vec<_>>().join("\n"));
        }
        Content::List(list) => {
            parts.extend(list.header.clone());
            parts.push(list.body.clone());
            parts.extend(list.footer.clone());
            parts.push(format!("▾ {}", list.button));
            parts.extend(list.sections.iter().map(of_section));
        }
        Content::CtaUrl(link) => {
            parts.extend(link.header.clone());
            parts.push(link.body.clone());
            parts.extend(link.footer.clone());
            parts.push(format!("▸ {}: {}", link.title, link.url));
        }
        Content::Location(place) => parts.push(of_place(place)),
        Content::LocationRequest { body } => parts.extend([body.clone(), format!("▸ {}", i18n::word(lang, "shown-location_request"))]),
        Content::Contacts { cards } => parts.extend(cards.iter().map(of_card)),
        Content::Reaction { emoji, .. } => parts.push(emoji.clone()),
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn named(lang: &str, name: Option<&str>) -> String {
    i18n::text(lang, "shown-file", &BTreeMap::from([("name".to_owned(), name.unwrap_or("…").to_owned())]))
}

fn of_file(lang: &str, kind: &str, file: &MediaContent) -> Vec<String> {
    let name = if kind == "voice" { i18n::word(lang, "shown-voice") } else { named(lang, file.media.file_name.as_deref()) };
    file.caption.clone().into_iter().chain([name]).collect()
}

fn of_header(lang: &str, header: &HeaderValue) -> String {
    match header {
        HeaderValue::Text { value } => value.clone(),
        HeaderValue::Media(media) => named(lang, media.file_name.as_deref()),
        HeaderValue::Location(place) => of_place(place),
    }
}

fn of_section(section: &Section) -> String {
    let rows = section.rows.iter().map(|row| match &row.description {
        Some(description) => format!("▸ {} — {description}", row.title),
        None => format!("▸ {}", row.title),
    });
    section.title.clone().into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn of_place(place: &Place) -> String {
    let parts = [place.name.clone(), place.address.clone(), Some(format!("📍 {}", place.coordinates()))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn of_card(card: &Card) -> String {
    let first = format!("👤 {}", card.name.formatted);
    let numbers = card.phones.iter().map(|phone| phone.phone.clone());
    let rest = card.company.clone().into_iter().chain(card.position.clone()).chain(numbers);
    [first].into_iter().chain(rest).chain(card.emails.iter().map(|email| email.email.clone())).collect::<Vec<_>>().join("\n")
}
