//! A content as a channel can say it: as it is, degraded by a declared rule, or not at all (reference/whatsapp.md 9). Pure.
//!
//! What a channel can is data (`Capabilities`); the rules stand here once for all channels.

use crate::domain::content::{ButtonsContent, Content, HeaderValue, LinkContent, ListContent, MediaContent, MediaKind, Row};

/// What becomes of a content on a channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fit {
    /// Said as it is.
    Whole(Content),
    /// Said otherwise, by this rule.
    Degraded(Content, &'static str),
    /// Each card becomes a file, by this rule.
    CardFiles(&'static str),
    /// The channel has no way to say it.
    Unsayable,
}

/// Fits one content to the kinds that a channel has.
pub(super) fn fit(content: Content, kinds: &[&str]) -> Fit {
    let has = |kind: &str| kinds.contains(&kind);
    if has(content.kind()) {
        return Fit::Whole(content);
    }
    let text = |body: String| Content::Text { body, preview_link: true };
    match content {
        Content::List(list) if has("text") => Fit::Degraded(text(numbered_list(&list)), "list → numbered text"),
        Content::Buttons(buttons) if has("text") => buttons_as_text(buttons, &has),
        Content::CtaUrl(link) if has("text") => Fit::Degraded(text(link_text(&link)), "cta_url → text with the address"),
        Content::LocationRequest { body } if has("text") => Fit::Degraded(text(body), "location_request → text"),
        Content::Contacts { .. } if has("document") => Fit::CardFiles("contacts → vCard document"),
        Content::Sticker(file) if has("image") => Fit::Degraded(as_kind(file, MediaKind::Image), "sticker → image"),
        Content::Voice(file) if has("audio") => Fit::Degraded(as_kind(file, MediaKind::Audio), "voice → audio"),
        _ => Fit::Unsayable,
    }
}

fn as_kind(file: MediaContent, kind: MediaKind) -> Content {
    let MediaContent { mut media, caption } = file;
    media.media_kind = kind;
    Content::of_media(MediaContent { media, caption })
}

/// A file in the header keeps its place above the numbered text: as its caption.
fn buttons_as_text(buttons: ButtonsContent, has: &dyn Fn(&str) -> bool) -> Fit {
    const RULE: &str = "buttons → numbered text";
    let items = buttons.buttons.iter().enumerate().map(|(index, button)| line(index, &button.title, None));
    let items = items.collect::<Vec<_>>().join("\n");
    match buttons.header {
        Some(HeaderValue::Media(media)) if has(media.media_kind.as_str()) => {
            let caption = paragraphs([None, Some(buttons.body), Some(items), buttons.footer]);
            Fit::Degraded(Content::of_media(MediaContent { media, caption: Some(caption) }), RULE)
        }
        Some(HeaderValue::Media(_) | HeaderValue::Location(_)) => Fit::Unsayable,
        header @ (Some(HeaderValue::Text { .. }) | None) => {
            let header = header.and_then(|header| match header {
                HeaderValue::Text { value } => Some(value),
                HeaderValue::Media(_) | HeaderValue::Location(_) => None,
            });
            let body = paragraphs([header, Some(buttons.body), Some(items), buttons.footer]);
            Fit::Degraded(Content::Text { body, preview_link: true }, RULE)
        }
    }
}

/// Numbers run through all sections: the client answers with one.
fn numbered_list(list: &ListContent) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut index = 0;
    for section in &list.sections {
        lines.extend(section.title.clone());
        for Row { title, description, .. } in &section.rows {
            lines.push(line(index, title, description.as_deref()));
            index += 1;
        }
    }
    paragraphs([list.header.clone(), Some(list.body.clone()), Some(lines.join("\n")), list.footer.clone()])
}

fn link_text(link: &LinkContent) -> String {
    paragraphs([link.header.clone(), Some(link.body.clone()), Some(format!("{}: {}", link.title, link.url)), link.footer.clone()])
}

fn line(index: usize, title: &str, description: Option<&str>) -> String {
    let number = index + 1;
    description.map_or_else(|| format!("{number}. {title}"), |description| format!("{number}. {title} — {description}"))
}

fn paragraphs(parts: [Option<String>; 4]) -> String {
    parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{Button, Card, MediaRef, Place, Section};

    const PLAIN: [&str; 4] = ["text", "image", "audio", "document"];

    fn file(media_kind: MediaKind) -> MediaContent {
        let media = MediaRef { media_kind, link: "https://c/x".to_owned(), file_name: None, mime: None, size_bytes: None };
        MediaContent { media, caption: None }
    }

    fn said(content: Content) -> (String, &'static str) {
        match fit(content, &PLAIN) {
            Fit::Degraded(Content::Text { body, .. }, rule) => (body, rule),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_channel_lacks_is_said_by_a_declared_rule() {
        let row = |id: &str, title: &str, description: Option<&str>| Row {
            id: id.to_owned(),
            title: title.to_owned(),
            description: description.map(str::to_owned),
        };
        let list = ListContent {
            header: Some("Выбор".to_owned()),
            body: "Куда?".to_owned(),
            footer: Some("до 18:00".to_owned()),
            button: "Открыть".to_owned(),
            sections: vec![
                Section {
                    title: Some("Центр".to_owned()), rows: vec![row("a", "Склад 1", Some("ул. А")), row("b", "Склад 2", None)]
                },
                Section { title: Some("Юг".to_owned()), rows: vec![row("c", "Склад 3", None)] },
            ],
        };
        let numbered = "Выбор\n\nКуда?\n\nЦентр\n1. Склад 1 — ул. А\n2. Склад 2\nЮг\n3. Склад 3\n\nдо 18:00";
        assert_eq!(said(Content::List(list)), (numbered.to_owned(), "list → numbered text"));
        let button = |title: &str| Button { id: title.to_owned(), title: title.to_owned() };
        let mut buttons =
            ButtonsContent {
                header: None, body: "Удобно?".to_owned(), footer: None, buttons: vec![button("Да"), button("Нет")]
            };
        assert_eq!(said(Content::Buttons(buttons.clone())).0, "Удобно?\n\n1. Да\n2. Нет");
        buttons.header = Some(HeaderValue::Media(file(MediaKind::Image).media));
        let Fit::Degraded(Content::Image(image), _) = fit(Content::Buttons(buttons), &PLAIN) else { panic!("no image") };
        assert_eq!(image.caption.as_deref(), Some("Удобно?\n\n1. Да\n2. Нет"));
        let link = LinkContent {
            header: None,
            body: "Счёт".to_owned(),
            footer: None,
            title: "Открыть".to_owned(),
            url: "https://x.org/1".to_owned(),
        };
        assert_eq!(said(Content::CtaUrl(link)).0, "Счёт\n\nОткрыть: https://x.org/1");
        assert_eq!(said(Content::LocationRequest { body: "Где вы?".to_owned() }).0, "Где вы?");
        assert_eq!(
            fit(Content::Sticker(file(MediaKind::Sticker)), &PLAIN),
            Fit::Degraded(Content::Image(file(MediaKind::Image)), "sticker → image")
        );
        assert_eq!(
            fit(Content::Voice(file(MediaKind::Voice)), &PLAIN),
            Fit::Degraded(Content::Audio(file(MediaKind::Audio)), "voice → audio")
        );
        assert_eq!(fit(Content::Contacts { cards: vec![Card::default()] }, &PLAIN), Fit::CardFiles("contacts → vCard document"));
        assert_eq!(fit(Content::Video(file(MediaKind::Video)), &PLAIN), Fit::Unsayable);
        let place = Place { latitude: 1.0, longitude: 2.0, name: None, address: None };
        assert_eq!(fit(Content::Location(place.clone()), &PLAIN), Fit::Unsayable);
        assert_eq!(fit(Content::Location(place.clone()), &["location"]), Fit::Whole(Content::Location(place)));
    }
}
