//! What follows when a client's message is known or one of ours moved: its file, its place in a timeline, triggers, waits for a status.

use super::portal_view::PortalView;
use super::settle::Moved;
use super::trigger::{self, Firing};
use super::{Ctx, follow_up, waits};
use crate::db::entity::{conversation as conversation_row, message};
use crate::db::store::conversation;
use crate::db::store::write_back::{self, Target};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::document::CrmItem;
use crate::domain::event::InboundMessage;
use crate::domain::state::Status;
use crate::domain::trigger::Trigger;
use crate::queue::{self, Job, NewJob};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The token of a client's file. Made of the message's id and the installation's key: nobody else can tell it, and it need not be stored.
pub(super) fn file_token(ctx: &Ctx, message_id: &str) -> String {
    ctx.sealer.hash("inbound file", message_id, true)
}

/// Our address of a client's file, if it is (going to be) kept.
pub(super) fn file_url(ctx: &Ctx, view: &PortalView, inbound: &InboundMessage, message_id: &str) -> Option<String> {
    let media = inbound.media.as_ref()?;
    let known = ["source_url", "url"].iter().any(|key| media.get(*key).is_some_and(Value::is_string));
    (view.keeps_media && known).then(|| format!("{}/media/{}", ctx.settings.public_url, file_token(ctx, message_id)))
}

/// Puts the provider's address of a file where the API does not show it, and says what becomes of the file. `true` = it is fetched.
pub(super) fn stage_file(view: &PortalView, inbound: &mut InboundMessage) -> bool {
    let Some(media) = inbound.media.as_mut().and_then(Value::as_object_mut) else { return false };
    let source = media.insert("url".to_owned(), Value::Null).filter(Value::is_string);
    let state = match (&source, view.keeps_media) {
        (None, _) => "no_address",
        (Some(_), false) => "not_kept",
        (Some(_), true) => "pending",
    };
    media.insert("source_url".to_owned(), source.unwrap_or(Value::Null));
    media.insert("state".to_owned(), json!(state));
    state == "pending"
}

/// Asks for a timeline entry of a client's message.
pub(super) async fn show(tx: &Tx, ctx: &Ctx, portal: &str, row: &message::Model, call_id: Option<&str>, now: Ms) -> DbResult<Vec<NewJob>> {
    let (Some(entity), Some(document)) = (&row.document_entity, &row.document_id) else { return Ok(Vec::new()) };
    if CrmItem::parse(document).is_none() {
        // A list element has no timeline.
        return Ok(Vec::new());
    }
    let target = Target { call_id, message_id: Some(&row.id), document_entity: entity, document_id: document };
    let made = write_back::put_timelines(tx, portal, ctx.ids.as_ref(), &[target], now).await?;
    Ok(made.into_iter().map(|id| NewJob::at(portal, Job::Create { write_back_id: id.clone() }, now).once(id)).collect())
}

/// The timeline of messages that no robot's text stands behind: automatic replies, questions asked again and follow-ups of pages or scripts
/// leave, a client takes a message back. A conversation with gaps misleads.
pub(super) async fn show_unordered(tx: &Tx, ctx: &Ctx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<()> {
    let (mut fresh, mut later) = (Vec::new(), Vec::new());
    for one in moved {
        if one.message.direction == "out" && one.is_first_settlement() {
            fresh.push(&one.message);
        } else {
            later.push(one.message.id.clone());
        }
    }
    let mut jobs = Vec::new();
    if !fresh.is_empty() {
        let hidden = follow_up::hidden_from_timeline(tx, portal, &fresh).await?;
        fresh.retain(|message| !hidden.contains(&message.id));
        jobs.extend(show_all(tx, ctx, portal, &fresh, now).await?);
    }
    if !later.is_empty() {
        let shown = write_back::timeline_of(&**tx, portal, &later).await?;
        jobs.extend(shown.into_iter().map(|row| NewJob::at(portal, Job::Update { write_back_id: row.id.clone() }, now).once(row.id)));
    }
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(())
}

/// Asks for their entries. A message made before its conversation had a document stands where the client's words do by now.
async fn show_all(tx: &Tx, ctx: &Ctx, portal: &str, made: &[&message::Model], now: Ms) -> DbResult<Vec<NewJob>> {
    let homeless = made.iter().filter(|message| message.document_id.is_none()).map(|message| message.conversation_id.clone());
    let homeless: Vec<String> = homeless.collect();
    let talks = if homeless.is_empty() { Vec::new() } else { conversation::list(&**tx, portal, &homeless).await? };
    let talks: HashMap<&str, &conversation_row::Model> = talks.iter().map(|talk| (talk.id.as_str(), talk)).collect();
    let places = made.iter().copied().filter_map(|message| {
        let own = message.document_entity.clone().zip(message.document_id.clone());
        let talk = talks.get(message.conversation_id.as_str());
        let (entity, document) = own.or_else(|| talk?.document_entity.clone().zip(talk?.document_id.clone()))?;
        // A list element has no timeline.
        CrmItem::parse(&document).map(|_| (message, entity, document))
    });
    let places: Vec<_> = places.collect();
    let targets: Vec<Target<'_>> = places
        .iter()
        .map(|(message, document_entity, document_id)| Target {
            call_id: message.call_id.as_deref(),
            message_id: Some(&message.id),
            document_entity,
            document_id,
        })
        .collect();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let made = write_back::put_timelines(tx, portal, ctx.ids.as_ref(), &targets, now).await?;
    Ok(made.into_iter().map(|id| NewJob::at(portal, Job::Create { write_back_id: id.clone() }, now).once(id)).collect())
}

/// After messages of ours moved: triggers of failure and reading, and waits for their status.
pub(super) async fn after_status(tx: &Tx, ctx: &Ctx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<()> {
    let mut jobs = triggers(tx, ctx, portal, moved, now).await?;
    let ids: Vec<String> = moved.iter().map(|one| one.message.id.clone()).collect();
    jobs.extend(waits::after_status(tx, ctx, portal, &ids, now).await?);
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(())
}

/// The trigger of a robot's message that got there.
fn about(one: &Moved) -> Option<(Trigger, &message::Model)> {
    let trigger = match Status::parse(&one.message.status)? {
        Status::Failed | Status::Unknown => Trigger::MessageFailed,
        Status::Read | Status::Played => Trigger::MessageRead,
        _ => return None,
    };
    one.message.call_id.is_some().then_some((trigger, &one.message))
}

async fn triggers(tx: &Tx, ctx: &Ctx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<Vec<NewJob>> {
    let told: Vec<(Trigger, &message::Model)> = moved.iter().filter_map(|one| about(one)).collect();
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let Some(view) = PortalView::find(&**tx, portal).await? else { return Ok(Vec::new()) };
    let mut jobs = Vec::new();
    for (trigger, row) in told {
        let (Some(entity), Some(document)) = (&row.document_entity, &row.document_id) else { continue };
        if trigger == Trigger::MessageRead && !view.message_read {
            continue;
        }
        let firing = Firing {
            trigger,
            document_entity: entity,
            document_id: document,
            subject: &row.id,
            call_id: row.call_id.as_deref(),
            message_id: Some(&row.id),
        };
        jobs.extend(trigger::put(tx, ctx, portal, &firing, now).await?);
    }
    Ok(jobs)
}
