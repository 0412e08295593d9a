//! What a client answered to buttons and lists: a press is its id; words that are a title, or its number, are a press as well. Pure.

use crate::domain::content::Button;
use crate::domain::event::InboundMessage;
use crate::domain::expected::same_words;

/// An answer to buttons or a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pressed {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// Reads an answer to these choices, numbered from 1.
pub(super) fn read(choices: &[Button], inbound: &InboundMessage) -> Pressed {
    let words = inbound.words().to_owned();
    if inbound.is_tap() {
        let title = inbound.reply_title.clone().unwrap_or_default();
        let text = if title.is_empty() { words } else { title.clone() };
        return Pressed { id: inbound.reply_id.clone().unwrap_or_default(), title, text };
    }
    let named = choices.iter().find(|choice| same_words(&words, &choice.title));
    let numbered = || choices.iter().enumerate().find(|(at, _)| same_words(&words, &(at + 1).to_string())).map(|(_, choice)| choice);
    match named.or_else(numbered) {
        Some(choice) => Pressed { id: choice.id.clone(), title: choice.title.clone(), text: words },
        None => Pressed { text: words, ..Pressed::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(inbound: InboundMessage) -> (String, String, String) {
        let choice = |id: &str, title: &str| Button { id: id.to_owned(), title: title.to_owned() };
        let read = read(&[choice("yes", "Да, удобно"), choice("no", "Нет"), choice("n3", "1")], &inbound);
        (read.id, read.title, read.text)
    }

    fn said(text: &str) -> (String, String, String) {
        answer(InboundMessage { kind: "text".to_owned(), text: Some(text.to_owned()), ..InboundMessage::default() })
    }

    #[test]
    fn words_that_are_a_choice_are_a_press() {
        let three = |id: &str, title: &str, text: &str| (id.to_owned(), title.to_owned(), text.to_owned());
        assert_eq!(said("да удобно!"), three("yes", "Да, удобно", "да удобно!"));
        assert_eq!(said("2."), three("no", "Нет", "2."));
        assert_eq!(said("1"), three("n3", "1", "1"), "a title goes before a number");
        assert_eq!(said("может быть"), three("", "", "может быть"));
        let tap = InboundMessage {
            kind: "button_reply".to_owned(),
            reply_id: Some("yes".to_owned()),
            reply_title: Some("Да, удобно".to_owned()),
            ..InboundMessage::default()
        };
        assert_eq!(answer(tap), three("yes", "Да, удобно", "Да, удобно"));
    }
}
