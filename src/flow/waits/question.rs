//! What a client answered to buttons and lists: a press is its id; words that are a title, or its number, are a press as well. Pure.

use crate::db::entity::message;
use crate::domain::content::Content;
use crate::domain::event::InboundMessage;
use crate::domain::expected::same_words;

/// An answer to buttons or a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pressed {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// Reads an answer to these messages of the waiting call.
pub(super) fn read(messages: &[message::Model], inbound: &InboundMessage) -> Pressed {
    let words = inbound.words().to_owned();
    if inbound.is_tap() {
        let title = inbound.reply_title.clone().unwrap_or_default();
        return Pressed {
            id: inbound.reply_id.clone().unwrap_or_default(),
            text: if title.is_empty() { words } else { title.clone() },
            title,
        };
    }
    let options: Vec<(String, String)> = messages.iter().flat_map(|row| options(&row.content)).collect();
    let numbered = options.iter().enumerate().find(|(at, _)| same_words(&words, &(at + 1).to_string())).map(|(_, option)| option);
    let named = options.iter().find(|(_, title)| same_words(&words, title));
    match named.or(numbered) {
        Some((id, title)) => Pressed { id: id.clone(), title: title.clone(), text: words },
        None => Pressed { text: words, ..Pressed::default() },
    }
}

/// (id, title) of what a message offers.
fn options(content: &str) -> Vec<(String, String)> {
    match serde_json::from_str(content) {
        Ok(Content::Buttons(buttons)) => buttons.buttons.into_iter().map(|button| (button.id, button.title)).collect(),
        Ok(Content::List(list)) => list.rows().map(|row| (row.id.clone(), row.title.clone())).collect(),
        _ => Vec::new(),
    }
}
