//! A user's message: conversation, window, the message row, and what was held for it.

use crate::db::Tx;
use crate::db::entity::inbox_event;
use crate::db::store::message::{self, Inbound};
use crate::db::store::conversation;
use crate::domain::clock::Ms;
use crate::domain::event::InboundMessage;
use crate::domain::window;
use crate::flow::{Ctx, JobError};
use crate::queue::{self, Job, NewJob};
use serde_json::{Value, json};

pub(super) async fn merge(
    ctx: &Ctx,
    tx: &Tx,
    row: &inbox_event::Model,
    at: Ms,
    inbound: &InboundMessage,
) -> Result<Value, JobError> {
    let now = ctx.clock.now();
    if inbound.identity.keys().is_empty() {
        return Ok(json!({"kept": "no identity"}));
    }
    let talk = conversation::find_or_create(tx, &row.portal, ctx.ids.as_ref(), &row.channel_id, &inbound.identity, now).await?;
    let answered = message::lock_by_provider_ids(tx, &row.portal, &row.channel_id, &inbound.context_ids).await?;
    let stored = message::insert_inbound(
        tx,
        &row.portal,
        ctx.ids.as_ref(),
        &Inbound { channel_id: &row.channel_id, conversation: &talk, message: inbound, at, reply_to: answered.as_ref() },
        now,
    )
    .await?;
    let Some(message_id) = stored else {
        return Ok(json!({"duplicate": inbound.wa_id}));
    };
    let window_until = if inbound.opens_window() { window::extend(talk.window_until, at, now) } else { talk.window_until };
    conversation::note_inbound(tx, &row.portal, &talk, window_until, at, inbound.referral.then_some(at), now).await?;
    let released = if window::is_open(window_until, now) { release_held(ctx, tx, &talk.id, &row.portal, now).await? } else { 0 };
    Ok(json!({"message_id": message_id, "conversation_id": talk.id, "window_until": window_until, "released": released}))
}

/// Messages held until the client writes leave now; everything is checked again when they do.
async fn release_held(ctx: &Ctx, tx: &Tx, conversation_id: &str, portal: &str, now: Ms) -> Result<u64, JobError> {
    let held = message::list_held(tx, portal, conversation_id).await?;
    let mut jobs = Vec::new();
    for message_id in held {
        queue::cancel(tx, portal, &format!("deliver:{message_id}")).await?;
        let key = format!("deliver:{message_id}");
        jobs.push(NewJob::at(portal, Job::Deliver { message_id: message_id.clone() }, now).once(message_id).cancelled_by(key));
    }
    Ok(queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?)
}
