//! A user's message: conversation, window, the message row, and what was held for it.

use super::heard;
use crate::db::Tx;
use crate::db::entity::{conversation as conversation_row, inbox_event, message as message_row};
use crate::db::store::{conversation, message};
use crate::domain::clock::Ms;
use crate::domain::event::InboundMessage;
use crate::domain::state::Status;
use crate::domain::window;
use crate::flow::{Ctx, JobError};
use crate::queue::{self, Job, NewJob};
use serde_json::{Value, json};

/// Stores the message and opens the window; returns what was done.
pub(super) async fn merge(ctx: &Ctx, tx: &Tx, row: &inbox_event::Model, at: Ms, inbound: &InboundMessage) -> Result<Value, JobError> {
    let now = ctx.clock.now();
    let portal = row.portal.as_str();
    if inbound.identity.keys().is_empty() {
        return Ok(json!({"kept": "no identity"}));
    }
    let twice = message::list_by_wire_ids(&**tx, portal, &row.channel_id, std::slice::from_ref(&inbound.wa_id)).await?;
    if twice.iter().any(|have| have.direction == "in") {
        return Ok(json!({"duplicate": inbound.wa_id}));
    }
    let wanted = [(row.channel_id.clone(), inbound.identity.clone())];
    let talks = conversation::find_or_create_many(tx, portal, ctx.ids.as_ref(), &wanted, now).await?;
    let Some(talk) = talks.into_iter().next() else {
        return Ok(json!({"kept": "no conversation"}));
    };
    let answered = message::list_by_wire_ids(&**tx, portal, &row.channel_id, &inbound.context_ids).await?;
    let stored = model(ctx, row, &talk, inbound, at, answered.first(), now);
    message::insert_many(tx, portal, std::slice::from_ref(&stored)).await?;
    heard::listen(ctx, tx, &talk, &stored, inbound, at).await?;
    // A kind that opens nothing, and a message a day old, leave the window as it is.
    let opened = if inbound.opens_window() { window::extend(None, at, now) } else { None };
    let note = conversation::Inbound { id: talk.id.clone(), at, window_until: opened, referral: inbound.referral };
    conversation::note_inbound(tx, portal, &[note], now).await?;
    let released = if window::is_open(opened, now) { release_held(ctx, tx, &talk.id, portal, now).await? } else { 0 };
    Ok(
        json!({"message_id": stored.id, "conversation_id": talk.id, "window_until": opened.map(crate::domain::clock::iso), "released": released}),
    )
}

fn model(
    ctx: &Ctx,
    row: &inbox_event::Model,
    talk: &conversation_row::Model,
    inbound: &InboundMessage,
    at: Ms,
    answered: Option<&message_row::Model>,
    now: Ms,
) -> message_row::Model {
    let document = |part: fn(&message_row::Model) -> &Option<String>, own: &Option<String>| {
        answered.and_then(|message| part(message).clone()).or_else(|| own.clone())
    };
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
        content: json!(inbound).to_string(),
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
        document_entity: document(|message| &message.document_entity, &talk.document_entity),
        document_id: document(|message| &message.document_id, &talk.document_id),
        reply_id: inbound.reply_id.clone(),
        reply_title: inbound.reply_title.clone(),
        reply_to: answered.map(|message| message.id.clone()),
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
        let key = format!("deliver:{}", held.id);
        queue::cancel(tx, portal, &key).await?;
        let job = Job::Deliver { message_id: held.id.clone() };
        jobs.push(NewJob::at(portal, job, now).once(held.id).cancelled_by(key));
    }
    Ok(queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?)
}
