//! One status report: find its message, merge, and let `settle::after_status` decide what follows.

use super::{Done, adopt};
use crate::db::Tx;
use crate::db::entity::{inbox_event, message as message_row};
use crate::db::store::message_event::{self, Report};
use crate::db::store::message;
use crate::domain::clock::Ms;
use crate::domain::event::StatusEvent;
use crate::domain::state::Status;
use crate::flow::settle::Moved;
use crate::flow::{Ctx, JobError};
use serde_json::json;

pub(super) async fn merge(
    ctx: &Ctx,
    tx: &Tx,
    row: &inbox_event::Model,
    at: Ms,
    event: &StatusEvent,
    all_moved: &mut Vec<Moved>,
) -> Result<Done, JobError> {
    let Some(found) = find(ctx, tx, row, at, event).await? else {
        return Ok(Done::Homeless);
    };
    let old = Status::parse(&found.status).ok_or_else(|| JobError::Fail { why: format!("unknown status {}", found.status) })?;
    let new = old.merge(event.status);
    let applied = new != old;
    let now = ctx.clock.now();
    let report = Report {
        id: ctx.ids.id("ev", now),
        message_id: found.id.clone(),
        status: event.status.as_str().to_owned(),
        provider_at: Some(at),
        applied,
        error: event.error.as_ref().map(|error| json!(error).to_string()),
    };
    message_event::insert_many(tx, &row.portal, &[report], now).await?;
    let message = message::report(tx, &found, new, at, event, now).await?;
    note(all_moved, message, old, applied);
    Ok(Done::Merged(json!({"message_id": found.id, "from": old.as_str(), "to": new.as_str(), "applied": applied})))
}

/// A message that moves twice in one transaction counts as one move, from its first status to its last.
fn note(all_moved: &mut Vec<Moved>, message: message_row::Model, before: Status, applied: bool) {
    match all_moved.iter_mut().find(|moved| moved.message.id == message.id) {
        Some(moved) => moved.message = message,
        None if applied => all_moved.push(Moved { message, before }),
        None => {}
    }
}

/// By the ids told; else the one message to that recipient whose provider id we never learned.
async fn find(
    ctx: &Ctx,
    tx: &Tx,
    row: &inbox_event::Model,
    at: Ms,
    event: &StatusEvent,
) -> Result<Option<message_row::Model>, JobError> {
    if let Some(tag) = &event.own_tag
        && let Some(found) = message::lock(tx, &row.portal, tag).await?
        && found.channel_id == row.channel_id
    {
        return Ok(Some(found));
    }
    if let Some(found) = message::lock_by_provider_ids(tx, &row.portal, &row.channel_id, &event.ids).await? {
        return Ok(Some(found));
    }
    adopt::find(ctx, tx, row, at, event).await
}
