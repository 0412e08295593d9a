//! Erases a person by phone or BSUID: conversations, texts, identities, raw events, parameters of calls, files.
//!
//! Journal rows stay as proof that something was sent, with "erased" where something personal stood. Running it twice does no
//! harm; what arrives while it runs is found by the next run.

use super::Ctx;
use crate::db::DbResult;
use crate::db::entity::{inbox_event, robot_call, write_back};
use crate::db::store::erase as store;
use crate::domain::person::Person;
use crate::domain::phone::variants;
use serde_json::Value;
use std::collections::BTreeSet;

/// Keys of stored JSON whose text is personal whatever it says.
const PERSONAL_KEYS: &[&str] = &[
    "recipient",
    "rendered_text",
    "text",
    "body",
    "caption",
    "reply_text",
    "reply_title",
    "phone",
    "phones",
    "params",
    "display_name",
    "username",
];

/// Whom to erase.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// Digits with country code.
    pub phone: Option<String>,
    /// Business-scoped user id.
    pub bsuid: Option<String>,
}

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Conversations removed.
    pub conversations: u64,
    /// Messages blanked.
    pub messages: u64,
    /// Robot calls blanked.
    pub calls: u64,
    /// Raw events blanked.
    pub inbox_events: u64,
    /// Files removed.
    pub files: u64,
}

/// What was found about somebody.
struct Found {
    person: Person,
    conversations: Vec<String>,
    messages: Vec<String>,
    errors: Vec<(String, String)>,
    calls: Vec<robot_call::Model>,
    call_ids: Vec<String>,
    inbox: Vec<String>,
    media: Vec<crate::db::entity::media::Model>,
}

/// Erases one person of one portal.
///
/// # Errors
/// The database failed; nothing was changed.
pub async fn person(ctx: &Ctx, portal: &str, who: &Who) -> DbResult<Erased> {
    let found = find(ctx, portal, who).await?;
    // Files go first: a crash in between leaves rows that point to nothing, and the next run removes those.
    for file in &found.media {
        super::purge::remove_file(ctx, &file.path).await;
    }
    let hashes: Vec<String> = found.media.iter().map(|file| file.token_hash.clone()).collect();
    let answers = store::answers(ctx.db.read(), portal, &found.call_ids).await?;
    let write_backs = store::write_backs(ctx.db.read(), portal, &found.call_ids, &found.messages).await?;
    let now = ctx.clock.now();

    let tx = ctx.db.begin().await?;
    let messages = store::blank_messages(&*tx, portal, &found.messages).await?;
    for (id, error) in &found.errors {
        let scrubbed = scrubbed(&found.person, Some(error), &[]).unwrap_or_else(|| store::ERASED_JSON.to_owned());
        store::put_error(&*tx, portal, id, &scrubbed).await?;
    }
    let recipients: Vec<String> = found.person.phones.iter().chain(&found.person.others).cloned().collect();
    store::blank_follow_ups(&*tx, portal, &recipients, now).await?;
    let calls = store::blank_calls(&*tx, portal, &found.call_ids).await?;
    for call in &found.calls {
        if let Some(decision) = scrubbed(&found.person, call.decision.as_deref(), &[]) {
            store::put_decision(&*tx, portal, &call.id, &decision).await?;
        }
    }
    for answer in &answers {
        if let Some(values) = scrubbed(&found.person, Some(&answer.return_values), PERSONAL_KEYS) {
            store::put_answer(&*tx, portal, &answer.call_id, &values).await?;
        }
    }
    for write_back in &write_backs {
        store::put_write_back(&*tx, portal, &write_back.id, &payload(&found.person, write_back)).await?;
    }
    for id in &found.inbox {
        store::blank_inbox(&*tx, portal, id, now).await?;
    }
    let conversations = store::remove_conversations(&*tx, portal, &found.conversations).await?;
    store::remove_opt_in_marks(&*tx, portal, &found.person.phones).await?;
    super::consent::forget(&tx, &ctx.sealer, portal, &found.person, now).await?;
    store::remove_places(&*tx, portal, &found.person.phones, &found.person.others).await?;
    let files = crate::db::store::purge::forget_media(&*tx, portal, &hashes).await?;
    tx.commit("erase.person").await?;

    let inbox_events = u64::try_from(found.inbox.len()).unwrap_or(u64::MAX);
    tracing::info!(portal.id = portal, messages, calls, inbox_events, conversations, files, "person erased");
    Ok(Erased { conversations, messages, calls, inbox_events, files })
}

async fn find(ctx: &Ctx, portal: &str, who: &Who) -> DbResult<Found> {
    let db = ctx.db.read();
    let mut keys = Vec::new();
    let spellings: Vec<String> = who.phone.iter().flat_map(|phone| variants(phone)).collect();
    keys.extend(spellings.iter().map(|phone| ("phone".to_owned(), phone.clone())));
    keys.extend(who.bsuid.iter().map(|bsuid| ("bsuid".to_owned(), bsuid.clone())));
    let conversations = store::conversations(db, portal, &keys).await?;
    let conversation_ids: Vec<String> = conversations.iter().map(|conversation| conversation.id.clone()).collect();

    // A person known by phone may have written under a BSUID as well: every id of their conversations counts.
    let mut person = Person { phones: spellings, others: who.bsuid.iter().cloned().collect() };
    for conversation in &conversations {
        person.phones.extend(conversation.phone.clone());
        person.others.extend(conversation.bsuid.iter().chain(&conversation.lid).chain(&conversation.username).cloned());
    }
    for key in store::keys(db, portal, &conversation_ids).await? {
        match key.kind.as_str() {
            "phone" => person.phones.push(key.value),
            "bsuid" | "lid" => person.others.push(key.value),
            // A group is not one person.
            _ => {}
        }
    }
    for ids in [&mut person.phones, &mut person.others] {
        ids.retain(|id| !id.is_empty());
        ids.sort_unstable();
        ids.dedup();
    }

    let recipients: Vec<String> = person.phones.iter().chain(&person.others).cloned().collect();
    let rows = store::messages(db, portal, &conversation_ids, &recipients).await?;
    let mut call_ids: BTreeSet<String> = rows.iter().filter_map(|(_, call_id, _)| call_id.clone()).collect();
    let errors = rows.iter().filter_map(|(id, _, error)| Some((id.clone(), error.clone()?))).collect();
    let messages: Vec<String> = rows.into_iter().map(|(id, ..)| id).collect();
    let calls = calls_naming(ctx, portal, &person).await?;
    call_ids.extend(calls.iter().map(|call| call.id.clone()));
    let inbox = inbox_naming(ctx, portal, &person).await?;
    let media = store::media(db, portal, &messages).await?;
    Ok(Found { person, conversations: conversation_ids, messages, errors, calls, call_ids: call_ids.into_iter().collect(), inbox, media })
}

async fn calls_naming(ctx: &Ctx, portal: &str, person: &Person) -> DbResult<Vec<robot_call::Model>> {
    let patterns = person.like_patterns();
    let mut named = Vec::new();
    let mut after = String::new();
    while !patterns.is_empty() {
        let rows = store::calls_like(ctx.db.read(), portal, &patterns, &after).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        named.extend(rows.into_iter().filter(|call| {
            let stored = [Some(&call.input), call.rendered.as_ref(), call.operation.as_ref(), call.facts.as_ref(), call.decision.as_ref()];
            stored.into_iter().flatten().any(|text| person.is_named_in(text))
        }));
    }
    Ok(named)
}

async fn inbox_naming(ctx: &Ctx, portal: &str, person: &Person) -> DbResult<Vec<String>> {
    let patterns = person.like_patterns();
    let mut named = Vec::new();
    let mut after = String::new();
    while !patterns.is_empty() {
        let rows: Vec<inbox_event::Model> = store::inbox_like(ctx.db.read(), portal, &patterns, &after).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        named.extend(rows.into_iter().filter(|event| person.is_named_in(&event.body)).map(|event| event.id));
    }
    Ok(named)
}

/// JSON without what names the person, or stands under one of the keys.
fn scrubbed(person: &Person, json: Option<&str>, keys: &[&str]) -> Option<String> {
    let mut value: Value = serde_json::from_str(json?).ok()?;
    person.scrub(&mut value, keys, store::ERASED);
    Some(value.to_string())
}

/// What is still owed to the process keeps its shape; what was done needs no payload any more.
fn payload(person: &Person, write_back: &write_back::Model) -> String {
    let owed = write_back.state == "pending";
    let kept = owed.then(|| scrubbed(person, Some(&write_back.payload), PERSONAL_KEYS)).flatten();
    kept.unwrap_or_else(|| store::ERASED_JSON.to_owned())
}
