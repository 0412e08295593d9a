//! Merges stored webhook events: statuses move messages forward, a user's message opens the window.
//!
//! Events come twice, in any order and before our own commit. A status that finds no message waits up to ten minutes (it may
//! have beaten the answer to our send), then is kept as an orphan. A group is merged in one transaction; when anything in it
//! was moved by somebody else meanwhile, nothing is committed and each event is merged by itself.

mod amend;
mod find;
mod heard;
mod inbound;
mod people;
mod status;

use super::{Ctx, JobError, Leftover, channel, consent, reach, settle};
use crate::db::Tx;
use crate::db::entity::inbox_event;
use crate::db::store::inbox::{self, Finished};
use crate::db::store::template;
use crate::domain::clock::{MINUTE, Ms, SECOND};
use crate::domain::event::{ProviderEvent, What};
use crate::queue::{self, Claimed, Group, Job};
use inbound::Merged;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// How long a status may wait for its message.
const ORPHAN_AFTER: Ms = 10 * MINUTE;

/// One stored event on its way through a group.
struct Incoming<'a> {
    job: &'a Claimed,
    row: &'a inbox_event::Model,
    event: ProviderEvent,
}

/// Merges the events of one portal, oldest first.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let ids: Vec<String> = group.jobs.iter().filter_map(inbox_id).collect();
    let rows: HashMap<String, inbox_event::Model> = match inbox::list(ctx.db.read(), &group.portal, &ids).await {
        Ok(rows) => rows.into_iter().map(|row| (row.id.clone(), row)).collect(),
        Err(error) => {
            let error = JobError::from(error);
            return group.jobs.into_iter().map(|job| (job, error.clone())).collect();
        }
    };
    let jobs: Vec<&Claimed> = group.jobs.iter().collect();
    let leftover = match merge_all(ctx, &group.portal, &jobs, &rows).await {
        Ok(leftover) => leftover,
        Err(_) => one_by_one(ctx, &group.portal, &jobs, &rows).await,
    };
    ctx.wake.notify_waiters();
    leftover
}

fn inbox_id(job: &Claimed) -> Option<String> {
    match &job.job {
        Job::Receive { inbox_id } => Some(inbox_id.clone()),
        _ => None,
    }
}

async fn one_by_one(ctx: &Ctx, portal: &str, jobs: &[&Claimed], rows: &HashMap<String, inbox_event::Model>) -> Leftover {
    let mut leftover = Leftover::new();
    for job in jobs {
        match merge_all(ctx, portal, &[job], rows).await {
            Ok(left) => leftover.extend(left),
            Err(error) => leftover.push(((*job).clone(), error)),
        }
    }
    leftover
}

async fn merge_all(ctx: &Ctx, portal: &str, jobs: &[&Claimed], rows: &HashMap<String, inbox_event::Model>) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let (incoming, mut finished_jobs) = read(jobs, rows)?;
    let mut plan = status::plan(ctx, portal, &incoming, now).await?;
    let mut finished: Vec<Finished> = std::mem::take(&mut plan.finished);
    let mut leftover = Leftover::new();
    for one in &plan.homeless {
        if now < one.row.received_at + ORPHAN_AFTER {
            let at = now + wait(now - one.row.received_at);
            leftover.push((one.job.clone(), JobError::Defer { at, why: "status of a message not known yet".to_owned() }));
        } else {
            finished.push(Finished { id: one.row.id.clone(), state: "orphan", read_as: json!({"orphan": "no message with these ids"}) });
            finished_jobs.push(one.job);
        }
    }
    let tx = ctx.db.begin().await?;
    let moved = status::store(&tx, portal, &plan, now).await?;
    for (channel_id, identity) in &plan.met {
        people::meet(&tx, portal, channel_id, identity, now).await?;
    }
    settle::after_status(&tx, ctx, portal, &moved, now).await?;
    for one in &incoming {
        let read_as = match &one.event.what {
            What::Status(_) => continue,
            What::Message(message) => match inbound::merge(ctx, &tx, one.row, one.event.at, message).await? {
                Merged::Done(read_as) => read_as,
                Merged::Early(at) => {
                    leftover.push((one.job.clone(), JobError::Defer { at, why: "answers a message that is on the wire".to_owned() }));
                    continue;
                }
            },
            What::Template(change) => {
                json!({"templates_changed": template::apply_event(&tx, portal, &one.row.channel_id, change, now).await?})
            }
            What::Account(told) => channel::note_account(&tx, portal, &one.row.channel_id, told, now).await?,
            What::Consent(told) => consent::told_by_provider(&tx, ctx, (portal, &one.row.channel_id), one.event.at, told).await?,
            What::Limit(told) => reach::told_by_provider(&tx, ctx, (portal, &one.row.channel_id), one.event.at, told).await?,
            What::Other { label } => json!({"kept": label}),
        };
        finished.push(Finished { id: one.row.id.clone(), state: "done", read_as });
    }
    let told: BTreeSet<&str> = incoming.iter().map(|one| one.row.channel_id.as_str()).collect();
    channel::note_proven(&tx, portal, &told, now).await?;
    let waiting: Vec<&str> = leftover.iter().map(|(job, _)| job.id.as_str()).collect();
    finished_jobs.extend(incoming.iter().map(|one| one.job).filter(|job| !waiting.contains(&job.id.as_str())));
    finish(&tx, portal, &finished, &mut finished_jobs, now).await?;
    tx.commit("receive.merged").await?;
    Ok(leftover)
}

async fn finish(tx: &Tx, portal: &str, finished: &[Finished], jobs: &mut Vec<&Claimed>, now: Ms) -> Result<(), JobError> {
    jobs.sort_by(|a, b| a.id.cmp(&b.id));
    jobs.dedup_by(|a, b| a.id == b.id);
    inbox::finish_many(tx, portal, finished, now).await?;
    queue::complete(tx, jobs).await?;
    Ok(())
}

/// Parses what is stored; jobs of rows that are gone or done already have nothing left to do.
fn read<'a>(
    jobs: &[&'a Claimed],
    rows: &'a HashMap<String, inbox_event::Model>,
) -> Result<(Vec<Incoming<'a>>, Vec<&'a Claimed>), JobError> {
    let (mut incoming, mut nothing) = (Vec::new(), Vec::new());
    for job in jobs {
        match inbox_id(job).and_then(|id| rows.get(&id)).filter(|row| row.state == "stored") {
            None => nothing.push(*job),
            Some(row) => {
                let mut event: ProviderEvent =
                    serde_json::from_str(&row.body).map_err(|error| JobError::Fail { why: format!("stored event unreadable: {error}") })?;
                if event.at <= 0 {
                    // A provider that tells no moment: that of arrival stands for it.
                    event.at = row.received_at;
                }
                incoming.push(Incoming { job, row, event });
            }
        }
    }
    Ok((incoming, nothing))
}

/// A status that beat our commit finds its message within a second; later looks are rarer.
fn wait(age: Ms) -> Ms {
    (age / 2).clamp(SECOND / 2, MINUTE)
}
