//! RETURN_VALUES in the words of ROBOTS.md. Pure: rows in, values out.
//!
//! Every result of the robot is present in every answer, empty when there is nothing to say, so that a process never reads the
//! value of an earlier round. Moments are ISO 8601 with the portal's offset; texts are in the portal's language.

use super::portal_view::PortalView;
use crate::catalog::operation::{Operation, WaitFor};
use crate::db::entity::{conversation, message};
use crate::domain::clock::Ms;
use crate::domain::consent::Choice;
use crate::domain::content::{Content, MediaKind};
use crate::domain::message_error::MessageError;
use crate::domain::outcome::ProviderError;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::domain::window;
use crate::i18n;
use crate::provider::advice;
use chrono::{SecondsFormat, TimeZone as _};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Common results that change while a message is on its way; the others are final from the first write.
const MOVING: [&str; 9] = ["status", "ok", "error_code", "error_text", "cost", "currency", "window_open", "window_until", "category"];

/// Whether this result may differ after a later status.
pub fn moves(result_id: &str) -> bool {
    MOVING.contains(&result_id)
}

/// What a window looks like to a process.
#[derive(Debug, Clone, Copy)]
pub struct WindowView {
    /// Windows exist on this channel.
    pub official: bool,
    /// The stored end.
    pub until: Option<Ms>,
}

impl WindowView {
    /// Of a conversation that may not exist yet.
    pub fn of(official: bool, conversation: Option<&conversation::Model>) -> Self {
        Self { official, until: conversation.and_then(|row| row.window_until) }
    }

    /// Whether free text may be sent now.
    pub fn open(self, now: Ms) -> bool {
        !self.official || window::is_open(self.until, now)
    }
}

/// The word of the process for a stored status (ROBOTS.md, common results).
pub fn word(status: Status) -> &'static str {
    match status {
        Status::Sending => Status::Queued.as_str(),
        // A user who removed the message had it.
        Status::Deleted => Status::Delivered.as_str(),
        Status::Played => Status::Read.as_str(),
        other => other.as_str(),
    }
}

/// Whether a message has gone as far as the process waits for, or ended for good.
pub fn reached(wait_for: WaitFor, status: Status) -> bool {
    let wanted = match wait_for {
        WaitFor::None => return true,
        WaitFor::Accepted => 1,
        WaitFor::Delivered => 3,
        WaitFor::Read => 4,
    };
    over(status) || status.rank().is_some_and(|rank| rank >= wanted)
}

/// Ended without being on its way to the user.
pub(super) fn over(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Unknown | Status::Skipped | Status::Cancelled | Status::Deleted)
}

/// How far a status is, for "the least advanced" of several.
fn advance(status: Status) -> u8 {
    match status {
        Status::Failed => 0,
        Status::Cancelled => 1,
        Status::Skipped => 2,
        Status::Unknown => 3,
        Status::Held => 4,
        Status::Queued => 5,
        Status::Sending => 6,
        other => 10 + other.rank().unwrap_or(10),
    }
}

/// A moment as Bitrix24 reads it.
pub fn moment(portal: &PortalView, at: Option<Ms>) -> String {
    let stamp = at.and_then(|at| portal.time_zone.timestamp_millis_opt(at).single());
    stamp.map(|stamp| stamp.to_rfc3339_opts(SecondsFormat::Secs, false)).unwrap_or_default()
}

fn yes(claim: bool) -> &'static str {
    if claim { "Y" } else { "N" }
}

/// Results of a call whose messages exist, in sending order.
pub fn of_messages(portal: &PortalView, messages: &[&message::Model], window: WindowView, now: Ms) -> Map<String, Value> {
    let state = |m: &&message::Model| Status::parse(&m.status).unwrap_or(Status::Unknown);
    let statuses: Vec<Status> = messages.iter().map(state).collect();
    let least = statuses.iter().copied().min_by_key(|status| advance(*status)).unwrap_or(Status::Unknown);
    let joined = |value: fn(&message::Model) -> &str| messages.iter().map(|m| value(m)).collect::<Vec<_>>().join(",");
    let trouble = messages.iter().zip(&statuses).find(|(_, status)| over(**status) && **status != Status::Deleted);
    let error = trouble.and_then(|(m, _)| MessageError::read(m.error.as_deref()));
    let (cost, currency) = cost(messages);
    let mut out = Map::new();
    put(&mut out, "status", word(least));
    put(&mut out, "ok", yes(statuses.iter().any(|status| !over(*status) || *status == Status::Deleted)));
    put(&mut out, "message_id", joined(|m| &m.id));
    put(&mut out, "recipient", joined(|m| &m.recipient));
    // All of a call leave through one channel: the one it names, or the one that stands in for it.
    put(&mut out, "channel_id", messages.first().map_or("", |m| m.channel_id.as_str()));
    put(&mut out, "error_code", error.as_ref().map_or("", |error| error.code.as_str()));
    put(&mut out, "error_text", error.as_ref().map(|error| error_text(portal.lang, error)).unwrap_or_default());
    put_window(&mut out, portal, window, now);
    put(&mut out, "rendered_text", texts(messages));
    put(&mut out, "cost", cost);
    put(&mut out, "currency", currency);
    if let Some(Content::Template(template)) = messages.first().and_then(|m| serde_json::from_str(&m.content).ok()) {
        put(&mut out, "category", template.category);
    }
    // Of one recipient: the others get the same files.
    let first = messages.first().map(|m| m.recipient.as_str());
    let mine = messages.iter().filter(|m| Some(m.recipient.as_str()) == first);
    let files: Vec<&str> = mine.map(|m| m.kind.as_str()).filter(|kind| MediaKind::parse(kind).is_some()).collect();
    if !files.is_empty() {
        put(&mut out, "media_kind", files.join(","));
    }
    out
}

/// What the client saw, once each: several recipients get the same.
fn texts(messages: &[&message::Model]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for message in messages {
        if !texts.contains(&message.rendered_text.as_str()) {
            texts.push(&message.rendered_text);
        }
    }
    texts.join("\n\n")
}

/// Results of a sending call that was refused (`failed`) or skipped before there was a message.
pub fn of_refusal(portal: &PortalView, status: Status, refusal: &Refusal, window: Option<WindowView>, now: Ms) -> Map<String, Value> {
    let mut out = Map::new();
    put(&mut out, "status", word(status));
    put(&mut out, "ok", "N");
    for empty in ["message_id", "recipient", "channel_id"] {
        put(&mut out, empty, "");
    }
    put(&mut out, "error_code", refusal.code.as_str());
    put(&mut out, "error_text", refusal_text(portal.lang, refusal));
    match window {
        Some(window) => put_window(&mut out, portal, window, now),
        None => {
            put(&mut out, "window_open", "");
            put(&mut out, "window_until", "");
        }
    }
    for empty in ["rendered_text", "cost", "currency"] {
        put(&mut out, empty, "");
    }
    out
}

/// Results of `check_window`.
pub fn of_window(portal: &PortalView, window: WindowView, now: Ms) -> Map<String, Value> {
    let mut out = well();
    put_window(&mut out, portal, window, now);
    out.insert("minutes_left".to_owned(), json!(if window.official { window::minutes_left(window.until, now) } else { 0 }));
    put(&mut out, "free_text_allowed", yes(window.open(now)));
    out
}

/// Results of `chat_link`.
pub fn of_link(link: &str, qr_url: &str) -> Map<String, Value> {
    let mut out = well();
    put(&mut out, "link", link);
    put(&mut out, "qr_url", qr_url);
    out
}

/// Results of `set_consent`.
pub fn of_consent(consent: Choice) -> Map<String, Value> {
    let mut out = well();
    put(&mut out, "consent", consent.as_str());
    out
}

/// Results of `check_number`: an answer, or `E` with the reason.
pub fn of_number(lang: &str, exists: &str, recipient: &str, reason: Option<&Refusal>) -> Map<String, Value> {
    let mut out = well();
    put(&mut out, "exists", exists);
    put(&mut out, "recipient", recipient);
    if let Some(refusal) = reason {
        put(&mut out, "ok", "N");
        put(&mut out, "error_code", refusal.code.as_str());
        put(&mut out, "error_text", refusal_text(lang, refusal));
    }
    out
}

/// Results of a robot that did what it was asked, without a message.
pub(super) fn well() -> Map<String, Value> {
    let mut out = Map::new();
    put(&mut out, "ok", "Y");
    put(&mut out, "error_code", "");
    put(&mut out, "error_text", "");
    out
}

/// The robot's own results that a refusal leaves empty.
pub fn blank(operation: &Operation, out: &mut Map<String, Value>) {
    let own: &[&str] = match operation {
        Operation::SendText { .. } | Operation::SendLink { .. } | Operation::SendContact { .. } | Operation::SendLocation { .. } => &[],
        Operation::SendButtons { .. } | Operation::SendList { .. } => &["reply_id", "reply_title", "reply_text", "timed_out"],
        Operation::SendFile { .. } => &["media_kind"],
        Operation::RequestLocation { .. } => &["latitude", "longitude", "timed_out"],
        Operation::WaitReply { .. } => &["reply_code", "reply_text", "reply_type", "reply_file", "reply_id", "attempts_used", "timed_out"],
        Operation::WaitStatus { .. } => &[],
        Operation::SendTemplate { .. } => &["category"],
        Operation::CheckWindow { .. } => &["minutes_left", "free_text_allowed", "free_entry_until"],
        Operation::ChatLink { .. } => &["link", "qr_url"],
        Operation::FollowUp(_) => &["follow_up_id", "due_at"],
        Operation::CancelFollowUps { .. } => &["cancelled"],
        Operation::SetConsent { .. } => &["consent"],
        Operation::CheckNumber { .. } => &["exists", "recipient"],
    };
    for id in own {
        out.entry(*id).or_insert_with(|| json!(""));
    }
}

pub(super) fn put(out: &mut Map<String, Value>, id: &str, value: impl Into<String>) {
    out.insert(id.to_owned(), Value::String(value.into()));
}

pub(super) fn put_window(out: &mut Map<String, Value>, portal: &PortalView, window: WindowView, now: Ms) {
    put(out, "window_open", yes(window.open(now)));
    put(out, "window_until", if window.official { moment(portal, window.until) } else { String::new() });
}

/// The end of a free entry period that is still on; empty otherwise.
pub(super) fn put_free_entry(out: &mut Map<String, Value>, portal: &PortalView, talk: Option<&conversation::Model>, now: Ms) {
    let until = talk.and_then(|talk| talk.free_entry_until).filter(|until| *until > now);
    put(out, "free_entry_until", moment(portal, until));
}

/// The sum of what the provider reported; empty when it reported nothing.
fn cost(messages: &[&message::Model]) -> (String, String) {
    let currency = messages.iter().find_map(|m| m.cost_currency.clone()).unwrap_or_default();
    let amounts: Vec<&str> = messages.iter().filter_map(|m| m.cost_amount.as_deref()).collect();
    match amounts.as_slice() {
        [] => (String::new(), String::new()),
        [one] => ((*one).to_owned(), currency),
        several => {
            let sum: f64 = several.iter().filter_map(|amount| amount.parse::<f64>().ok()).sum();
            (format!("{sum:.6}").trim_end_matches('0').trim_end_matches('.').to_owned(), currency)
        }
    }
}

/// What went wrong and what to do, for people. `hint_key` among the arguments names a further text.
pub fn refusal_text(lang: &str, refusal: &Refusal) -> String {
    said(lang, refusal.code.as_str(), refusal.args.clone())
}

/// As [`refusal_text`], for a stored reason: the provider's own code and words are named, with what to do about them.
pub fn error_text(lang: &str, error: &MessageError) -> String {
    let mut args: BTreeMap<String, String> = error.args.clone();
    if let Some(class) = error.class {
        let told = ProviderError { class, provider_code: error.provider_code.clone(), text: error.text.clone() };
        let advice = i18n::text(lang, advice::key(&told), &args);
        args.insert("provider_code".to_owned(), error.provider_code.clone().unwrap_or_else(|| "-".to_owned()));
        args.insert("provider_text".to_owned(), [sentence(&error.text), advice].join(" ").trim().to_owned());
    }
    said(lang, error.code.as_str(), args)
}

fn said(lang: &str, code: &str, mut args: BTreeMap<String, String>) -> String {
    if let Some(key) = args.get("hint_key") {
        let hint = i18n::text(lang, key, &args);
        args.insert("hint".to_owned(), hint);
    }
    if code == Code::UnsupportedByChannel.as_str()
        && let Some(word) = args.get("item").and_then(|item| i18n::find(lang, &format!("cannot-{item}"), &args))
    {
        args.insert("item".to_owned(), word);
    }
    // Some refusals have more exact words than those of their code.
    let key = args.get("words").cloned().unwrap_or_else(|| format!("refusal-{code}"));
    i18n::text(lang, &key, &args)
}

/// A vendor's words, ended like a sentence.
fn sentence(words: &str) -> String {
    let words = words.trim();
    if words.is_empty() || words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

/// A moment for people, in the portal's time: `21.09.2026 17:30`.
pub fn clock_text(portal: &PortalView, at: Ms) -> String {
    let stamp = portal.time_zone.timestamp_millis_opt(at).single();
    stamp.map(|stamp| stamp.format("%d.%m.%Y %H:%M").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_at_its_status_or_at_any_end() {
        let table = [
            (WaitFor::Accepted, Status::Sending, false),
            (WaitFor::Accepted, Status::Held, false),
            (WaitFor::Accepted, Status::Accepted, true),
            (WaitFor::Delivered, Status::Sent, false),
            (WaitFor::Delivered, Status::Read, true),
            (WaitFor::Delivered, Status::Failed, true),
            (WaitFor::Delivered, Status::Unknown, true),
            (WaitFor::Read, Status::Delivered, false),
            (WaitFor::Read, Status::Played, true),
            (WaitFor::Read, Status::Cancelled, true),
        ];
        for (wait_for, status, expected) in table {
            assert_eq!(reached(wait_for, status), expected, "{wait_for:?} {status:?}");
        }
    }

    #[test]
    fn every_status_has_a_word_that_processes_know() {
        let known = ["queued", "held", "accepted", "sent", "delivered", "read", "failed", "skipped", "unknown", "cancelled"];
        for status in [
            Status::Queued,
            Status::Held,
            Status::Sending,
            Status::Accepted,
            Status::Sent,
            Status::Delivered,
            Status::Read,
            Status::Played,
            Status::Failed,
            Status::Unknown,
            Status::Skipped,
            Status::Cancelled,
            Status::Deleted,
        ] {
            assert!(known.contains(&word(status)), "{status:?}");
        }
    }
}
