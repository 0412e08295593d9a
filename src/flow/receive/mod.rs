//! Merges stored webhook events: statuses move messages forward, a user's message opens the window.
//!
//! Events come twice, in any order and before our own commit. A status that finds no message waits up to ten minutes (it may
//! have beaten the answer to our send), then is kept as an orphan. Rows are locked before they are read, in id order.

mod adopt;
mod inbound;
mod status;

use super::settle::{self, Moved};
use super::{Ctx, JobError, Leftover};
use crate::db::Tx;
use crate::db::entity::inbox_event;
use crate::db::store::{inbox, template};
use crate::domain::clock::{MINUTE, Ms, SECOND};
use crate::domain::event::{ProviderEvent, TemplateEvent, What};
use crate::queue::{self, Claimed, Group, Job};
use serde_json::{Value, json};
use std::collections::HashMap;

/// How long a status may wait for its message.
const ORPHAN_AFTER: Ms = 10 * MINUTE;

/// What an event came to.
enum Done {
    /// Merged: what it did, for `inbox_event.read_as`.
    Merged(Value),
    /// No such message (yet).
    Homeless,
}

/// Merges the events of one portal, oldest first: all in one commit, or one by one when one of them breaks.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let ids: Vec<String> = group.jobs.iter().filter_map(inbox_id).collect();
    let rows: HashMap<String, inbox_event::Model> = match inbox::list(ctx.db.read(), &group.portal, &ids).await {
        Ok(rows) => rows.into_iter().map(|row| (row.id.clone(), row)).collect(),
        Err(error) => {
            let error = JobError::from(error);
            return group.jobs.into_iter().map(|job| (job, error.clone())).collect();
        }
    };
    let leftover = match merge_all(ctx, &group.jobs, &rows).await {
        Ok(leftover) => leftover,
        Err(_) => one_by_one(ctx, &group.jobs, &rows).await,
    };
    ctx.wake.notify_one();
    leftover
}

async fn one_by_one(ctx: &Ctx, jobs: &[Claimed], rows: &HashMap<String, inbox_event::Model>) -> Leftover {
    let mut leftover = Leftover::new();
    for job in jobs {
        match merge_all(ctx, std::slice::from_ref(job), rows).await {
            Ok(left) => leftover.extend(left),
            Err(error) => leftover.push((job.clone(), error)),
        }
    }
    leftover
}

async fn merge_all(ctx: &Ctx, jobs: &[Claimed], rows: &HashMap<String, inbox_event::Model>) -> Result<Leftover, JobError> {
    let mut leftover = Leftover::new();
    let mut finished = Vec::new();
    let mut moved: Vec<Moved> = Vec::new();
    let tx = ctx.db.begin().await?;
    for job in jobs {
        let row = inbox_id(job).and_then(|id| rows.get(&id)).filter(|row| row.state == "stored");
        match row {
            None => finished.push(job),
            Some(row) => match merge(ctx, &tx, row, &mut moved).await? {
                None => finished.push(job),
                Some(at) => leftover.push((job.clone(), JobError::Defer { at, why: "status of a message not known yet".to_owned() })),
            },
        }
    }
    if let Some(job) = jobs.first() {
        settle::after_status(&tx, ctx, &job.portal, &moved, ctx.clock.now()).await?;
    }
    queue::complete(&tx, &finished).await?;
    tx.commit("receive.merged").await?;
    Ok(leftover)
}

fn inbox_id(job: &Claimed) -> Option<String> {
    match &job.job {
        Job::Receive { inbox_id } => Some(inbox_id.clone()),
        _ => None,
    }
}

/// Merges one event; a moment = its message is not known yet, look again then.
async fn merge(ctx: &Ctx, tx: &Tx, row: &inbox_event::Model, moved: &mut Vec<Moved>) -> Result<Option<Ms>, JobError> {
    let now = ctx.clock.now();
    let event: ProviderEvent =
        serde_json::from_str(&row.body).map_err(|error| JobError::Fail { why: format!("stored event unreadable: {error}") })?;
    let done = match &event.what {
        What::Status(status) => status::merge(ctx, tx, row, event.at, status, moved).await?,
        What::Message(message) => Done::Merged(inbound::merge(ctx, tx, row, event.at, message).await?),
        What::Template(change) => Done::Merged(template_changed(tx, row, change, now).await?),
        What::Other { label } => Done::Merged(json!({"kept": label})),
    };
    let (state, read_as) = match done {
        Done::Merged(read_as) => ("done", read_as),
        Done::Homeless if now < row.received_at + ORPHAN_AFTER => return Ok(Some(now + wait(now - row.received_at))),
        Done::Homeless => ("orphan", json!({"orphan": "no message with these ids"})),
    };
    inbox::finish(tx, &row.portal, &row.id, state, &read_as, now).await?;
    Ok(None)
}

/// A status that beat our commit finds its message within a second; later looks are rarer.
fn wait(age: Ms) -> Ms {
    (age / 2).clamp(SECOND / 2, MINUTE)
}

async fn template_changed(tx: &Tx, row: &inbox_event::Model, change: &TemplateEvent, now: Ms) -> Result<Value, JobError> {
    let changed = template::apply_event(tx, &row.portal, &row.channel_id, change, now).await?;
    Ok(json!({"templates_changed": changed}))
}
