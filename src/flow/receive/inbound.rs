//! A user's message: conversation, window, the message row, the wait it answers, and what was held for it.
//!
//! The document it belongs to is known here when a wait takes it or when it answers a message of ours; otherwise the portal is asked
//! (`flow/find_document`), and so is the provider for its file (`flow/fetch_media`). Each is a job of its own.

use super::{amend, heard, people};
use crate::db::Tx;
use crate::db::entity::{conversation as conversation_row, inbox_event, message as message_row};
use crate::db::store::portal::PortalStatus;
use crate::db::store::wait;
use crate::db::store::{conversation, message};
use crate::domain::clock::{MINUTE, Ms, SECOND};
use crate::domain::event::InboundMessage;
use crate::domain::state::Status;
use crate::domain::window;
use crate::flow::consent::{Heard, Said};
use crate::flow::portal_view::PortalView;
use crate::flow::waits::{self, Read};
use crate::flow::{Ctx, JobError, arrival, follow_up, outgoing, window_timer};
use crate::queue::{self, Job, NewJob};
use serde_json::{Value, json};

/// How long an answer waits for the send it answers to be settled: only its id is missing.
pub(super) const PATIENCE: Ms = MINUTE;

/// What became of an event.
pub(super) enum Merged {
    /// It is stored; what was done.
    Done(Value),
    /// It answers a message whose id is not known yet: come again.
    Early(Ms),
}

/// Stores the message and opens the window; returns what was done.
pub(super) async fn merge(ctx: &Ctx, tx: &Tx, row: &inbox_event::Model, at: Ms, inbound: &InboundMessage) -> Result<Merged, JobError> {
    let now = ctx.clock.now();
    let portal = row.portal.as_str();
    if inbound.identity.keys().is_empty() {
        return Ok(Merged::Done(json!({"kept": "no identity"})));
    }
    let twice = message::list_by_wire_ids(&**tx, portal, &row.channel_id, std::slice::from_ref(&inbound.wa_id)).await?;
    if !inbound.amends() && twice.iter().any(|have| have.direction == "in") {
        return Ok(Merged::Done(json!({"duplicate": inbound.wa_id})));
    }
    if let Some(merged) = amend::merge(ctx, tx, row, at, inbound).await? {
        return Ok(merged);
    }
    let answered = message::list_by_wire_ids(&**tx, portal, &row.channel_id, &inbound.context_ids).await?;
    if answered.is_empty() && !inbound.context_ids.is_empty() && !inbound.amends() && is_early(tx, row, inbound, now).await? {
        return Ok(Merged::Early(now + SECOND));
    }
    people::recognise(tx, portal, &row.channel_id, &inbound.identity, now).await?;
    people::unite(tx, portal, &row.channel_id, &inbound.identity, now).await?;
    let wanted = [(row.channel_id.clone(), inbound.identity.clone())];
    let talks = conversation::find_or_create_many(tx, portal, ctx.ids.as_ref(), &wanted, now).await?;
    let (Some(talk), Some(view)) = (talks.into_iter().next(), PortalView::find(&**tx, portal).await?) else {
        return Ok(Merged::Done(json!({"kept": "no conversation"})));
    };
    // A kind that opens nothing, and a message a day old, leave the window as it is.
    let opened = if inbound.opens_window() { window::extend(None, at, now) } else { None };
    if inbound.identity.group.is_some() || inbound.opens_window() || inbound.is_reply() {
        let note = conversation::Inbound { id: talk.id.clone(), at, window_until: opened, referral: inbound.referral };
        conversation::note_inbound(tx, portal, &[note], now).await?;
    } else {
        wait::lock_conversations(tx, portal, std::slice::from_ref(&talk.id)).await?;
    }
    follow_up::heard(tx, ctx, &talk, (inbound, at), now).await?;
    if let Some(until) = opened {
        window_timer::start(tx, ctx, &talk, until, now).await?;
    }
    let mut told = json!({"conversation_id": talk.id, "window_until": opened.map(crate::domain::clock::iso)});
    let stored = store(ctx, tx, &view, (row, &talk, at), inbound, answered.first(), &mut told).await?;
    let released = if window::is_open(opened, now) { release_held(ctx, tx, &talk.id, portal, now).await? } else { 0 };
    if let Some(moved_to) = &inbound.moved_to {
        people::renumber(tx, portal, &talk, moved_to, at, now).await?;
        add(&mut told, "moved", json!(true));
    }
    add(&mut told, "message_id", json!(stored));
    add(&mut told, "released", json!(released));
    Ok(Merged::Done(told))
}

fn add(told: &mut Value, key: &str, value: Value) {
    if let Some(map) = told.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// The message answered is not known, but one to this user is on the wire: the provider's answer to it names it in a moment.
async fn is_early(tx: &Tx, row: &inbox_event::Model, inbound: &InboundMessage, now: Ms) -> Result<bool, JobError> {
    if now >= row.received_at.saturating_add(PATIENCE) {
        return Ok(false);
    }
    let Some(talk) = conversation::find(&**tx, &row.portal, &row.channel_id, &inbound.identity).await? else { return Ok(false) };
    let open = message::list_unidentified(&**tx, &row.portal, &talk.id).await?;
    Ok(open.iter().any(|message| message.status == Status::Sending.as_str()))
}

/// Stores the row with all that is known of it, and the jobs that find out the rest. Returns its id.
async fn store(
    ctx: &Ctx,
    tx: &Tx,
    view: &PortalView,
    (event, talk, at): (&inbox_event::Model, &conversation_row::Model, Ms),
    inbound: &InboundMessage,
    answered: Option<&message_row::Model>,
    told: &mut Value,
) -> Result<String, JobError> {
    let now = ctx.clock.now();
    let mut inbound = inbound.clone();
    let fetched = arrival::stage_file(view, &mut inbound);
    let mut row = model(ctx, event, talk, &inbound, at, now);
    row.reply_to = answered.map(|message| message.id.clone());
    if let Some(message) = answered.filter(|message| message.document_id.is_some()) {
        row.document_entity.clone_from(&message.document_entity);
        row.document_id.clone_from(&message.document_id);
        inbound.found_by = Some("context".to_owned());
    }
    let read = Read { row: &row, inbound: &inbound, answered };
    let heard = if view.status == PortalStatus::Uninstalled {
        Heard::Nothing
    } else {
        heard::listen(ctx, tx, view, &Said { talk, stored: &row, inbound: &inbound, at }, &read).await?
    };
    let taken = match heard {
        Heard::Nothing => waits::take(tx, ctx, view, &read, now).await?,
        Heard::Word(_) => None,
    };
    let mut jobs = Vec::new();
    let call_id = taken.as_ref().map(|taken| taken.call.id.clone());
    if let Some(taken) = taken {
        row.document_entity = Some(taken.call.document_entity.clone());
        row.document_id = Some(taken.call.document_id.clone());
        add(told, "wait", json!(taken.by));
        inbound.taken = Some(taken.by);
        inbound.found_by = Some("wait".to_owned());
        jobs.extend(taken.jobs);
    }
    row.content = json!(inbound).to_string();
    message::insert_many(tx, &event.portal, std::slice::from_ref(&row)).await?;
    if view.status == PortalStatus::Uninstalled {
        // Kept until the portal is forgotten; nobody there is asked or told any more.
        return Ok(row.id);
    }
    if fetched {
        jobs.push(NewJob::at(&event.portal, Job::FetchMedia { message_id: row.id.clone() }, now).once(row.id.clone()));
    }
    if call_id.is_some() {
        jobs.extend(arrival::show(tx, ctx, &event.portal, &row, call_id.as_deref(), now).await?);
    } else if inbound.is_reply() || inbound.reaction.as_deref().is_some_and(|emoji| !emoji.is_empty()) {
        jobs.push(NewJob::at(&event.portal, Job::FindDocument { message_id: row.id.clone() }, now).once(row.id.clone()));
    }
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(row.id)
}

fn model(
    ctx: &Ctx,
    row: &inbox_event::Model,
    talk: &conversation_row::Model,
    inbound: &InboundMessage,
    at: Ms,
    now: Ms,
) -> message_row::Model {
    let text = inbound.text.clone().or_else(|| inbound.caption.clone()).or_else(|| inbound.reply_title.clone()).unwrap_or_default();
    let recipient = inbound
        .identity
        .keys()
        .iter()
        .find(|(kind, _)| *kind == "phone")
        .or(inbound.identity.keys().first())
        .map(|(_, value)| (*value).to_owned());
    message_row::Model {
        id: ctx.ids.id("msg", now),
        portal: row.portal.clone(),
        channel_id: row.channel_id.clone(),
        conversation_id: talk.id.clone(),
        call_id: None,
        direction: "in".to_owned(),
        kind: inbound.kind.clone(),
        content: String::new(),
        rendered_text: text,
        identity: json!(inbound.identity).to_string(),
        recipient: recipient.unwrap_or_default(),
        provider_id: None,
        wa_id: Some(inbound.wa_id.clone()).filter(|id| !id.is_empty()),
        status: Status::Received.as_str().to_owned(),
        error: None,
        attempts: 0,
        cost_amount: None,
        cost_currency: None,
        cost_source: None,
        document_entity: talk.document_entity.clone(),
        document_id: talk.document_id.clone(),
        reply_id: inbound.reply_id.clone(),
        reply_title: inbound.reply_title.clone(),
        reply_to: None,
        created_at: now,
        queued_at: None,
        sending_at: None,
        accepted_at: None,
        sent_at: Some(at),
        delivered_at: None,
        read_at: None,
        failed_at: None,
        received_at: Some(now),
    }
}

/// Messages held until the client writes leave now; everything is checked again when they do.
async fn release_held(ctx: &Ctx, tx: &Tx, conversation_id: &str, portal: &str, now: Ms) -> Result<u64, JobError> {
    let mut jobs = Vec::new();
    for held in message::list_held(&**tx, portal, &[conversation_id.to_owned()]).await? {
        queue::cancel(tx, portal, &outgoing::send_key(&held.id)).await?;
        jobs.push(outgoing::send_job(portal, &held.id, now));
    }
    Ok(queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?)
}
