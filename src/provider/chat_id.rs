//! Chat ids of gateways (reference/whatsapp.md 3.2): people, groups, hidden numbers; and who wrote in them.

use super::json;
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError};

/// The chat of a recipient: group before phone before hidden number.
///
/// # Errors
/// `bad_recipient` when nothing names one.
pub(super) fn of(to: &Identity) -> Result<String, ProviderError> {
    let known = |part: &Option<String>| part.clone().filter(|value| !value.is_empty());
    let with = |id: String, server: &str| if id.contains('@') { id } else { format!("{id}@{server}") };
    known(&to.group)
        .map(|group| with(group, "g.us"))
        .or_else(|| known(&to.phone).map(|phone| with(phone, "c.us")))
        .or_else(|| known(&to.lid).map(|lid| with(lid, "lid")))
        .ok_or_else(|| ProviderError::new(ErrorClass::BadRecipient, None, "the recipient has no phone number"))
}

/// Who is meant by the ids of a message: its chat, and in a group its author.
pub(super) fn identity(chat: &str, author: Option<&str>) -> Identity {
    let group = chat.ends_with("@g.us").then(|| bare(chat).to_owned());
    let person = if group.is_some() { author.unwrap_or_default() } else { chat };
    let (phone, lid) = match person.rsplit_once('@') {
        Some((id, "lid")) => (None, json::digits(id.split(':').next().unwrap_or_default())),
        Some((id, "c.us" | "s.whatsapp.net")) => (json::digits(id.split(':').next().unwrap_or_default()), None),
        Some(_) => (None, None),
        None => (json::digits(person), None),
    };
    Identity { phone, lid, group, ..Identity::default() }
}

/// Stories and channels are no conversations.
pub(super) fn is_broadcast(chat: &str) -> bool {
    chat.ends_with("@broadcast") || chat.ends_with("@newsletter")
}

/// The id without its server.
pub(super) fn bare(chat: &str) -> &str {
    chat.split('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_groups_and_hidden_numbers_are_told_apart() {
        assert_eq!(of(&Identity::phone("79160000001")).unwrap(), "79160000001@c.us");
        let group = Identity { group: Some("120363000000000001".to_owned()), phone: Some("79160000001".to_owned()), ..Identity::default() };
        assert_eq!(of(&group).unwrap(), "120363000000000001@g.us");
        assert_eq!(of(&Identity { lid: Some("99".to_owned()), ..Identity::default() }).unwrap(), "99@lid");
        assert!(of(&Identity::default()).is_err());
        assert_eq!(identity("79160000001@c.us", None), Identity::phone("79160000001"));
        assert_eq!(identity("79160000001:12@s.whatsapp.net", None), Identity::phone("79160000001"));
        assert_eq!(identity("123@lid", None), Identity { lid: Some("123".to_owned()), ..Identity::default() });
        let inside = identity("120363000000000001@g.us", Some("79160000001@c.us"));
        assert_eq!((inside.group.as_deref(), inside.phone.as_deref()), (Some("120363000000000001"), Some("79160000001")));
        assert!(is_broadcast("status@broadcast") && is_broadcast("1@newsletter") && !is_broadcast("1@c.us"));
    }
}
