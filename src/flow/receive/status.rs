//! One status report: find its message, merge, and let `settle::after_status` decide what follows.

use super::{Done, adopt};
use crate::db::Tx;
use crate::db::entity::{inbox_event, message as message_row};
use crate::db::store::message_event::{self, Report};
use crate::db::store::message;
use crate::domain::clock::Ms;
use crate::domain::event::StatusEvent;
use crate::domain::state::Status;
use crate::flow::settle;
use crate::flow::{Ctx, JobError};
use serde_json::json;

pub(super) async fn merge(ctx: &Ctx, tx: &Tx, row: &inbox_event::Model, at: Ms, event: &StatusEvent) -> Result<Done, JobError> {
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
    let moved = message::report(tx, &found, new, at, event, now).await?;
    if applied {
        settle::after_status(ctx, tx, &moved, old, new).await?;
    }
    Ok(Done::Merged(json!({"message_id": found.id, "from": old.as_str(), "to": new.as_str(), "applied": applied})))
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
