//! A person's hands on received messages: finding the button that was meant and turning the tap into an inbound message.

use super::inbound::Inbound;
use super::message::{Button, ButtonKind, Message, Status};
use super::person::Person;

/// The messages of an account that lie in the person's chat, newest first.
pub(super) fn chat<'a>(messages: &'a [Message], account: &'a str, person: &'a Person) -> impl Iterator<Item = &'a Message> {
    messages
        .iter()
        .rev()
        .filter(move |message| message.account == account && (message.to == person.phone || Some(&message.to) == person.bsuid.as_ref()))
        .filter(|message| matches!(message.status, Status::Sent | Status::Delivered | Status::Read))
}

/// The tap on the newest button of that title: what is sent, and the wamid it answers.
pub(super) fn tap(messages: &[Message], account: &str, person: &Person, title: &str) -> Option<(Inbound, String)> {
    let (message, button) = chat(messages, account, person)
        .find_map(|message| message.buttons.iter().find(|button| button.title == title).map(|button| (message, button)))?;
    Some((inbound(button), message.wamid.clone()))
}

fn inbound(button: &Button) -> Inbound {
    let Button { title, postback, description, index, kind, request_id } = button.clone();
    match kind {
        ButtonKind::Reply => Inbound::ButtonReply { title, index, postback, request_id },
        ButtonKind::Row => Inbound::ListReply { title, description, index, postback, request_id },
        ButtonKind::Template => Inbound::TemplateButton { text: title, payload: postback },
    }
}
