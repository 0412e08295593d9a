//! A client changes or takes back what was written: the kept message changes with it, with its former wording beside it. Nothing else
//! follows. It is no new message: no window, no wait, no trigger and no automatic reply hears of it; only the timeline shows it.

use super::inbound::{Merged, PATIENCE};
use crate::db::Tx;
use crate::db::entity::{inbox_event, message as message_row};
use crate::db::store::message::{self, Move};
use crate::db::store::message_event::{self, Report};
use crate::db::store::write_back;
use crate::domain::clock::{Ms, SECOND};
use crate::domain::event::InboundMessage;
use crate::domain::state::Status;
use crate::flow::{Ctx, JobError};
use crate::queue::{self, Job, NewJob};
use serde_json::{Value, json};

/// Applies it to the kept message; `None` = there is none to apply it to, and it is kept as a message of its own.
pub(super) async fn merge(
    ctx: &Ctx,
    tx: &Tx,
    row: &inbox_event::Model,
    at: Ms,
    inbound: &InboundMessage,
) -> Result<Option<Merged>, JobError> {
    if !inbound.amends() {
        return Ok(None);
    }
    let now = ctx.clock.now();
    let portal = row.portal.as_str();
    let named = message::list_by_wire_ids(&**tx, portal, &row.channel_id, &inbound.context_ids).await?;
    let Some(kept) = named.into_iter().find(|message| message.direction == "in") else {
        // It may have overtaken the message it is about.
        let early = !inbound.context_ids.is_empty() && now < row.received_at.saturating_add(PATIENCE);
        return Ok(early.then(|| Merged::Early(now + SECOND)));
    };
    // Whoever reads or takes the message at this moment is waited for.
    crate::db::store::wait::lock_messages(tx, portal, std::slice::from_ref(&kept.id)).await?;
    let Some(kept) = message::find(&**tx, portal, &kept.id).await? else { return Ok(None) };
    let applied = match inbound.kind.as_str() {
        "deleted" => take_back(ctx, tx, &kept, at, now).await?,
        _ => rewrite(tx, &kept, at, inbound).await?,
    };
    if applied {
        show(ctx, tx, portal, &kept.id, now).await?;
    }
    let read_as: Value = json!({"message_id": kept.id, inbound.kind.as_str(): applied});
    Ok(Some(Merged::Done(read_as)))
}

async fn take_back(ctx: &Ctx, tx: &Tx, kept: &message_row::Model, at: Ms, now: Ms) -> Result<bool, JobError> {
    if kept.state()? == Status::Deleted {
        return Ok(false);
    }
    let step = Move::new(kept, Status::Deleted, at)?;
    message::move_many(tx, &kept.portal, std::slice::from_ref(&step)).await?;
    let report = Report {
        id: ctx.ids.id("ev", now),
        message_id: kept.id.clone(),
        status: Status::Deleted.as_str().to_owned(),
        provider_at: Some(at),
        applied: true,
        error: None,
    };
    message_event::insert_many(tx, &kept.portal, &[report], now).await?;
    Ok(true)
}

async fn rewrite(tx: &Tx, kept: &message_row::Model, at: Ms, inbound: &InboundMessage) -> Result<bool, JobError> {
    // What was erased stays erased.
    let Ok(mut content) = serde_json::from_str::<InboundMessage>(&kept.content) else { return Ok(false) };
    if kept.state()? == Status::Deleted || !content.rewrite(inbound, kept.sent_at.unwrap_or(kept.created_at), at) {
        return Ok(false);
    }
    let text = content.words().to_owned();
    message::amend(tx, &kept.portal, &kept.id, &json!(content).to_string(), &text).await?;
    Ok(true)
}

/// The timeline's entry follows, where there is one; one that is being made shows the newest wording anyway.
pub(super) async fn show(ctx: &Ctx, tx: &Tx, portal: &str, message_id: &str, now: Ms) -> Result<(), JobError> {
    let entries = write_back::timeline_of(&**tx, portal, &[message_id.to_owned()]).await?;
    let update = |id: String| NewJob::at(portal, Job::Update { write_back_id: id.clone() }, now).once(id);
    let jobs: Vec<NewJob> = entries.into_iter().map(|entry| update(entry.id)).collect();
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(())
}
