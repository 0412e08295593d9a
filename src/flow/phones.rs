//! Whom a call is for: typed numbers, else those of the document, normalised and chosen by `phone_choice`.
//!
//! Deal and smart process → contact, then company; lead, contact and company → their own. MOBILE before WORK before any other, never
//! a fax (reference/bitrix24.md E.2). A known user is addressed by the number WhatsApp itself uses for them.

use super::desk::Sender;
use super::facts::Facts;
use super::portal_view::PortalView;
use crate::bitrix::crm;
use crate::catalog::operation::PhoneChoice;
use crate::db::entity::conversation;
use crate::db::store::conversation::Key;
use crate::domain::consent::Standing;
use crate::domain::identity::Identity;
use crate::domain::phone;
use crate::domain::refusal::{Code, Refusal};
use std::collections::HashMap;

/// Most recipients of one call (ROBOTS.md, `phone_choice=all`).
pub(super) const MOST: usize = 10;

/// Stands before a business-scoped id among numbers.
pub(super) const BSUID: &str = "bsuid:";

/// Numbers a call may be for, best first, without repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    /// Whom.
    pub(super) people: Vec<Identity>,
    /// Where they were found: `phone`, or the root of the facts.
    pub(super) source: String,
    /// Texts that are no numbers.
    pub(super) invalid: Vec<String>,
}

/// Finds the numbers.
///
/// # Errors
/// `phone_missing` when there is none at all, `phone_invalid` when there are only unusable ones.
pub(super) fn candidates(typed: &[String], facts: &Facts, portal: &PortalView) -> Result<Candidates, Refusal> {
    let typed: Vec<String> = typed.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
    if !typed.is_empty() {
        let found = read(&typed, "phone", portal);
        return if found.people.is_empty() { Err(invalid(&found)) } else { Ok(found) };
    }
    let mut unusable: Option<Candidates> = None;
    let roots: &[&str] = if matches!(facts.own, "lead" | "contact" | "company") { &[facts.own] } else { &["contact", "company"] };
    for root in roots {
        let Some(item) = facts.item(root) else {
            continue;
        };
        let found = read(&crm::phones(item), root, portal);
        if !found.people.is_empty() {
            return Ok(found);
        }
        if !found.invalid.is_empty() {
            unusable.get_or_insert(found);
        }
    }
    Err(unusable.map_or_else(|| missing(facts), |found| invalid(&found)))
}

/// More than [`MOST`] people at once: nobody is left out silently.
///
/// # Errors
/// `property_invalid`.
pub(super) fn not_too_many(recipients: &[Recipient]) -> Result<(), Refusal> {
    if recipients.len() > MOST { Err(too_many(recipients.len())) } else { Ok(()) }
}

/// The same as a refusal.
pub(super) fn too_many(count: usize) -> Refusal {
    Refusal::new(Code::PropertyInvalid, format!("{count} numbers, at most {MOST}"))
        .with("name", "phone")
        .with("value", count.to_string())
        .with("hint_key", "hint-too-many-phones")
        .with("most", MOST.to_string())
}

fn missing(facts: &Facts) -> Refusal {
    let rule = match facts.missing.iter().next() {
        Some((root, error)) => format!("no phone: {root} could not be read ({error})"),
        None => "no phone given and none in the document".to_owned(),
    };
    Refusal::new(Code::PhoneMissing, rule)
}

fn invalid(found: &Candidates) -> Refusal {
    let value: String = found.invalid.first().map(|text| text.chars().take(60).collect()).unwrap_or_default();
    Refusal::new(Code::PhoneInvalid, format!("no usable number in {}", found.source)).with("value", value)
}

fn read(texts: &[String], source: &str, portal: &PortalView) -> Candidates {
    let mut found = Candidates { source: source.to_owned(), ..Candidates::default() };
    for text in texts {
        if let Some(group) = text.strip_prefix("group:").map(str::trim).filter(|id| !id.is_empty()) {
            push(&mut found.people, Identity { group: Some(group.to_owned()), ..Identity::default() });
            continue;
        }
        // Pages and scripts may name somebody who hides the number.
        if let Some(id) = text.strip_prefix(BSUID).map(str::trim).filter(|id| !id.is_empty()) {
            push(&mut found.people, Identity { bsuid: Some(id.to_owned()), ..Identity::default() });
            continue;
        }
        for number in phone::normalise_all(text, &portal.region) {
            match number {
                Ok(digits) => push(&mut found.people, Identity::phone(digits)),
                Err(_) => found.invalid.push(text.clone()),
            }
        }
    }
    found
}

fn push(people: &mut Vec<Identity>, who: Identity) {
    if !people.contains(&who) {
        people.push(who);
    }
}

/// Keys under which a candidate may be known on a channel: every spelling of the number.
pub(super) fn keys(channel_id: &str, who: &Identity) -> Vec<Key> {
    let mut keys = Key::all_of(channel_id, who);
    for digits in who.phone.as_deref().map(phone::variants).unwrap_or_default() {
        let key = Key { channel_id: channel_id.to_owned(), kind: "phone".to_owned(), value: digits };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// A recipient with the conversation that is known.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    /// Whom.
    pub(super) who: Identity,
    /// What is known of the window.
    pub(super) conversation: Option<conversation::Model>,
    /// What they agreed to; filled in by who decides.
    pub(super) standing: Standing,
}

/// A group cannot be written to, or listened to, through a channel that has none.
///
/// # Errors
/// `unsupported_by_channel`.
pub(super) fn no_stray_group(sender: &Sender, recipients: &[Recipient]) -> Result<(), Refusal> {
    if sender.capabilities().groups || recipients.iter().all(|one| one.who.group.is_none()) {
        return Ok(());
    }
    let refusal = Refusal::new(Code::UnsupportedByChannel, "the channel has no groups");
    Err(refusal.with("name", sender.row.name.clone()).with("item", "group"))
}

/// A person known by an id alone cannot be written to through a channel that takes numbers only.
///
/// # Errors
/// `unsupported_by_channel`.
pub(super) fn reachable(sender: &Sender, recipients: &[Recipient]) -> Result<(), Refusal> {
    let hidden = recipients.iter().any(|one| one.who.phone.is_none() && one.who.group.is_none());
    if !hidden || !sender.provider.needs_phone() {
        return Ok(());
    }
    let refusal = Refusal::new(Code::UnsupportedByChannel, "the recipient has no phone number").with("name", sender.row.name.clone());
    Err(refusal.with("item", "bsuid").with("words", "refusal-unsupported_by_channel-no_phone"))
}

/// Chooses among the candidates; how many `all` may be is the caller's question.
pub(super) fn choose(
    candidates: &Candidates,
    choice: PhoneChoice,
    channel_id: &str,
    known: &HashMap<Key, conversation::Model>,
) -> Vec<Recipient> {
    let recipient = |who: &Identity| {
        let conversation = keys(channel_id, who).iter().find_map(|key| known.get(key)).cloned();
        // WhatsApp's own spelling of the number, where a message of theirs has told it.
        let phone = conversation.as_ref().and_then(|talk| talk.phone.clone()).or_else(|| who.phone.clone());
        Recipient { who: Identity { phone, ..who.clone() }, conversation, standing: Standing::default() }
    };
    let mut all: Vec<Recipient> = Vec::new();
    for one in candidates.people.iter().map(recipient) {
        if all.iter().all(|have| have.who != one.who) {
            all.push(one);
        }
    }
    match choice {
        PhoneChoice::FirstValid => all.truncate(1),
        PhoneChoice::LastReplied => {
            let replied = |one: &Recipient| one.conversation.as_ref().and_then(|talk| talk.last_inbound_at);
            // Stable: among people who never wrote, the first valid number.
            all.sort_by_key(|one| std::cmp::Reverse(replied(one)));
            all.truncate(1);
        }
        PhoneChoice::All => {}
    }
    all
}
