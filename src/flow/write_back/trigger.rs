//! Executes triggers, many in one batch; each at most once.
//!
//! A trigger cannot be looked up afterwards, but what it does can: it moves its item. So after a try of unknown end (a kill on the wire,
//! no answer) the item is read first. Moved since the try began = it had its effect. Not moved = nothing is lost by asking again.
//! An item that does not say when it moved is not asked again.

use super::{Verdict, all, judge, judge_whole};
use crate::bitrix::{BitrixError, Command, RestError, automation};
use crate::db::entity::write_back as write_back_row;
use crate::db::store::write_back;
use crate::domain::clock::{MINUTE, Ms, SECOND};
use crate::domain::document::CrmItem;
use crate::flow::{Ctx, JobError, Leftover, register};
use crate::queue::{self, Claimed, Group, Job};
use serde_json::Value;
use std::collections::HashMap;

/// The portal's clock may be that much behind ours.
const SKEW: Ms = 2 * MINUTE;
/// A trigger that is not registered yet waits for its registration so often.
const REGISTRATIONS: i64 = 5;

/// One trigger to execute.
struct Shot {
    job: Claimed,
    row: write_back_row::Model,
    item: CrmItem,
    code: String,
}

/// What became of it.
enum Outcome {
    Done(Option<&'static str>),
    Unregistered(String),
    Not(Verdict),
}

/// Executes the triggers of one portal.
pub async fn handle_triggers(ctx: &Ctx, group: Group) -> Leftover {
    match run(ctx, &group.portal, &group.jobs).await {
        Ok(left) => left,
        Err(error) => all(&group.jobs, &error),
    }
}

async fn run(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let (shots, settled) = load(ctx, portal, jobs).await?;
    let (repeats, fresh): (Vec<&Shot>, Vec<&Shot>) = shots.iter().partition(|shot| shot.row.attempts > 0);
    let mut outcomes = look(ctx, portal, &repeats).await;
    let ready: Vec<&Shot> = fresh.into_iter().chain(repeats.into_iter().filter(|shot| !outcomes.contains_key(&shot.row.id))).collect();
    let ids: Vec<String> = ready.iter().map(|shot| shot.row.id.clone()).collect();
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &settled.iter().collect::<Vec<_>>()).await?;
    write_back::begin_trigger(&tx, portal, &ids, ctx.clock.now()).await?;
    tx.commit("trigger.begin").await?;
    outcomes.extend(execute(ctx, portal, &ready).await);
    settle(ctx, portal, &shots, outcomes).await
}

async fn load(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Shot>, Vec<Claimed>), JobError> {
    let id = |job: &Claimed| match &job.job {
        Job::Trigger { write_back_id } => Some(write_back_id.clone()),
        _ => None,
    };
    let ids: Vec<String> = jobs.iter().filter_map(id).collect();
    let mut rows: HashMap<String, write_back_row::Model> =
        write_back::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let (mut shots, mut settled) = (Vec::new(), Vec::new());
    for job in jobs {
        let row = id(job).and_then(|id| rows.remove(&id)).filter(|row| row.state == "pending");
        let parts = row.and_then(|row| {
            let payload: Value = serde_json::from_str(&row.payload).ok()?;
            let code = payload.get("trigger")?.as_str()?.to_owned();
            Some((CrmItem::parse(&row.document_id)?, code, row))
        });
        match parts {
            Some((item, code, row)) => shots.push(Shot { job: job.clone(), row, item, code }),
            None => settled.push(job.clone()),
        }
    }
    Ok((shots, settled))
}

/// Reads the items of tries that may have had their effect; those absent from the answer may be tried again.
async fn look(ctx: &Ctx, portal: &str, repeats: &[&Shot]) -> HashMap<String, Outcome> {
    let mut outcomes = HashMap::new();
    if repeats.is_empty() {
        return outcomes;
    }
    let now = ctx.clock.now();
    let commands: Vec<Command> =
        repeats.iter().enumerate().map(|(index, shot)| automation::item_get(format!("l{index}"), shot.item)).collect();
    let answers = match ctx.bitrix.batch("trigger.look", portal, &commands).await {
        Ok(answers) => answers,
        Err(error) => {
            outcomes.extend(repeats.iter().map(|shot| (shot.row.id.clone(), Outcome::Not(later(judge_whole(&error, now), now)))));
            return outcomes;
        }
    };
    for (shot, answer) in repeats.iter().zip(answers) {
        let seen = match answer {
            Ok(answer) => match moved_at(&answer) {
                Some(at) if at >= shot.row.updated_at.saturating_sub(SKEW) => {
                    Some(Outcome::Done(Some("an earlier try moved the item; not repeated")))
                }
                Some(_) => None,
                None => {
                    Some(Outcome::Not(Verdict::Failed("an earlier try may have had its effect, and the item does not tell".to_owned())))
                }
            },
            Err(error) => Some(Outcome::Not(later(judge(&error, now), now))),
        };
        outcomes.extend(seen.map(|outcome| (shot.row.id.clone(), outcome)));
    }
    outcomes
}

/// Reading has no effect there: what is unknown about it is simply asked again.
fn later(verdict: Verdict, now: Ms) -> Verdict {
    match verdict {
        Verdict::Unknown(why) => Verdict::Later(now + 10 * SECOND, why),
        other => other,
    }
}

/// `movedTime` of an item; ISO 8601 with offset.
fn moved_at(answer: &Value) -> Option<Ms> {
    let told = answer.get("item")?.get("movedTime")?.as_str()?;
    chrono::DateTime::parse_from_rfc3339(told).ok().map(|at| at.timestamp_millis())
}

async fn execute(ctx: &Ctx, portal: &str, ready: &[&Shot]) -> HashMap<String, Outcome> {
    if ready.is_empty() {
        return HashMap::new();
    }
    let commands: Vec<Command> =
        ready.iter().enumerate().map(|(index, shot)| automation::trigger_execute(format!("t{index}"), &shot.code, shot.item)).collect();
    let told = ctx.bitrix.batch("trigger.execute", portal, &commands).await;
    let now = ctx.clock.now();
    let read = |answer: Result<Value, RestError>| match answer {
        Ok(_) => Outcome::Done(None),
        Err(error) if automation::says_not_registered(&error.text) || automation::says_not_registered(&error.code) => {
            Outcome::Unregistered(error.line())
        }
        Err(error) => Outcome::Not(judge(&error, now)),
    };
    let outcomes: Vec<Outcome> = match told {
        Ok(answers) => answers.into_iter().map(read).collect(),
        Err(BitrixError::Refused(error)) => ready.iter().map(|_| read(Err(error.clone()))).collect(),
        Err(error) => ready.iter().map(|_| Outcome::Not(judge_whole(&error, now))).collect(),
    };
    ready.iter().map(|shot| shot.row.id.clone()).zip(outcomes).collect()
}

async fn settle(ctx: &Ctx, portal: &str, shots: &[Shot], mut outcomes: HashMap<String, Outcome>) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let (mut leftover, mut finished) = (Leftover::new(), Vec::new());
    let tx = ctx.db.begin().await?;
    for shot in shots {
        let Some(outcome) = outcomes.remove(&shot.row.id) else { continue };
        let id = &shot.row.id;
        match outcome {
            Outcome::Done(note) => {
                write_back::triggered(&tx, portal, id, note, now).await?;
                finished.push(&shot.job);
            }
            Outcome::Unregistered(why) if shot.job.attempt < REGISTRATIONS => {
                write_back::withdraw_attempt(&tx, portal, std::slice::from_ref(id), &why).await?;
                register::schedule(&tx, ctx.ids.as_ref(), portal, "trigger missing", (now, now)).await?;
                leftover.push((shot.job.clone(), JobError::Retry { after_ms: Some(MINUTE), why }));
            }
            Outcome::Unregistered(why) | Outcome::Not(Verdict::Failed(why)) => {
                write_back::failed(&tx, portal, id, &why, now).await?;
                finished.push(&shot.job);
            }
            Outcome::Not(Verdict::Unknown(why)) => leftover.push((shot.job.clone(), JobError::Retry { after_ms: None, why })),
            Outcome::Not(Verdict::Later(at, why)) => {
                // A repeat that could not be looked up is still a repeat.
                if shot.row.attempts == 0 {
                    write_back::withdraw_attempt(&tx, portal, std::slice::from_ref(id), &why).await?;
                }
                leftover.push((shot.job.clone(), JobError::Defer { at, why }));
            }
        }
    }
    queue::complete(&tx, &finished).await?;
    tx.commit("trigger.settled").await?;
    ctx.wake.notify_one();
    Ok(leftover)
}
