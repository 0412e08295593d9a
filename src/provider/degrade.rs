//! Declared ways to say a kind that a channel lacks (reference/whatsapp.md 9): choices as numbered text, a link in the text, cards as text.
//!
//! Which kinds a channel degrades stands in its capabilities, so that people see it before they choose.

use crate::domain::content::{ButtonsContent, Card, Content, HeaderValue, LinkContent, ListContent, MediaContent};

/// The content said with text and files alone; `None` when there is no declared way.
pub(super) fn plain(content: &Content) -> Option<Content> {
    Some(match content {
        Content::Buttons(buttons) => buttons_text(buttons),
        Content::List(list) => text(list_text(list)),
        Content::CtaUrl(link) => Content::Text { body: link_text(link), preview_link: true },
        Content::LocationRequest { body } => text(body.clone()),
        Content::Contacts { cards } => text(cards.iter().map(card_text).collect::<Vec<_>>().join("\n\n")),
        Content::Sticker(file) => Content::Image(MediaContent { caption: None, ..file.clone() }),
        Content::Voice(file) => Content::Audio(file.clone()),
        Content::Text { .. }
        | Content::Template(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::Audio(_)
        | Content::Document(_)
        | Content::Location(_)
        | Content::Reaction { .. } => return None,
    })
}

fn text(body: String) -> Content {
    Content::Text { body, preview_link: false }
}

fn paragraphs(parts: [Option<&str>; 4]) -> String {
    parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn numbered<'a>(titles: impl Iterator<Item = (&'a str, Option<&'a str>)>, from: usize) -> String {
    let line = |(index, (title, more)): (usize, (&str, Option<&str>))| match more.filter(|more| !more.is_empty()) {
        Some(more) => format!("{}. {title} — {more}", index.saturating_add(from)),
        None => format!("{}. {title}", index.saturating_add(from)),
    };
    titles.enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn buttons_text(content: &ButtonsContent) -> Content {
    let choices = numbered(content.buttons.iter().map(|button| (button.title.as_str(), None)), 1);
    let footer = content.footer.as_deref();
    match &content.header {
        Some(HeaderValue::Media(media)) => {
            let caption = Some(paragraphs([Some(&content.body), Some(&choices), footer, None]));
            Content::of_media(MediaContent { media: media.clone(), caption })
        }
        Some(HeaderValue::Text { value }) => text(paragraphs([Some(value), Some(&content.body), Some(&choices), footer])),
        Some(HeaderValue::Location(_)) | None => text(paragraphs([Some(&content.body), Some(&choices), footer, None])),
    }
}

fn list_text(content: &ListContent) -> String {
    let mut parts = Vec::new();
    let mut from = 1;
    for section in &content.sections {
        let rows = numbered(section.rows.iter().map(|row| (row.title.as_str(), row.description.as_deref())), from);
        from = from.saturating_add(section.rows.len());
        parts.push(match section.title.as_deref().filter(|title| !title.is_empty()) {
            Some(title) => format!("{title}\n{rows}"),
            None => rows,
        });
    }
    paragraphs([content.header.as_deref(), Some(&content.body), Some(&parts.join("\n\n")), content.footer.as_deref()])
}

fn link_text(content: &LinkContent) -> String {
    let link = format!("{}: {}", content.title, content.url);
    paragraphs([content.header.as_deref(), Some(&content.body), Some(&link), content.footer.as_deref()])
}

/// A card as people would type it.
pub(super) fn card_text(card: &Card) -> String {
    let work = [card.position.as_deref(), card.company.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let lines = std::iter::once(card.name.formatted.clone())
        .chain(Some(work))
        .chain(card.phones.iter().map(|phone| phone.phone.clone()))
        .chain(card.emails.iter().map(|email| email.email.clone()));
    lines.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{Button, Row, Section};

    #[test]
    fn choices_become_numbers_that_run_through_all_sections() {
        let row =
            |title: &str, more: Option<&str>| Row { id: title.to_owned(), title: title.to_owned(), description: more.map(str::to_owned) };
        let list = ListContent {
            header: Some("Выбор".to_owned()),
            body: "Куда доставить?".to_owned(),
            footer: None,
            button: "Открыть".to_owned(),
            sections: vec![
                Section {
                    title: Some("Центр".to_owned()), rows: vec![row("Склад 1", Some("ул. А")), row("Склад 2", None)]
                },
                Section { title: None, rows: vec![row("Склад 3", None)] },
            ],
        };
        assert_eq!(
            plain(&Content::List(list)),
            Some(text("Выбор\n\nКуда доставить?\n\nЦентр\n1. Склад 1 — ул. А\n2. Склад 2\n\n3. Склад 3".to_owned()))
        );
        let button = |title: &str| Button { id: "x".to_owned(), title: title.to_owned() };
        let buttons = ButtonsContent {
            header: None,
            body: "Удобно?".to_owned(),
            footer: Some("до 18:00".to_owned()),
            buttons: vec![button("Да"), button("Нет")],
        };
        assert_eq!(plain(&Content::Buttons(buttons)), Some(text("Удобно?\n\n1. Да\n2. Нет\n\nдо 18:00".to_owned())));
        assert_eq!(plain(&Content::Reaction { to_message_id: "x".to_owned(), emoji: "👍".to_owned() }), None);
    }
}
