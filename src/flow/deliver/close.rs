//! Stores what attempts came to: message, attempt, channel, and everything that follows, one transaction for each chunk of answers.
//!
//! The provider has answered: what it said must not be lost. A database that fails is asked again at once; a lost lease means that
//! somebody already called the message Unknown, and then the answer settles it after all, without the job.

use super::wire::Sent;
use crate::db::Tx;
use crate::db::entity::message;
use crate::db::store::attempt::{self, Closed};
use crate::db::store::channel::When;
use crate::db::store::message::{self as messages, Move};
use crate::domain::clock::{DAY, Ms};
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::domain::state::Status;
use crate::flow::channel::note_state;
use crate::flow::ending::{self, ChannelNews, Next, Settled, Try};
use crate::flow::settle::{self, Moved};
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed};
use std::collections::{BTreeMap, HashMap};

/// How often a transaction is tried before the jobs are given back (their messages then end as Unknown).
const TRIES: usize = 3;

/// A message waits that long for a provider that does not answer; then it would be stale.
const HELD_AT_MOST: Ms = 7 * DAY;

/// Settles a chunk of answers.
pub(super) async fn settle(ctx: &Ctx, portal: &str, sent: Vec<Sent>) -> Leftover {
    let verdicts: Vec<Settled> = sent.iter().map(|one| resting(ctx, one, ending::settle(&one.outcome, tried(one)))).collect();
    let chunk: Vec<(&Sent, &Settled)> = sent.iter().zip(&verdicts).collect();
    for one in &chunk {
        if let Some(ChannelNews::Busy(_)) = one.1.channel {
            ctx.pace.slow_down(&one.0.ready.message.channel_id, ctx.clock.now());
        }
    }
    let mut leftover = Leftover::new();
    match persist(ctx, portal, &chunk).await {
        Ok(()) => chunk.iter().for_each(|one| leftover.extend(next(ctx, one))),
        Err(_) if chunk.len() > 1 => {
            for one in &chunk {
                leftover.extend(alone(ctx, portal, one).await);
            }
        }
        Err(error) => {
            for one in &chunk {
                leftover.extend(rescue(ctx, portal, one, error.clone()).await);
            }
        }
    }
    leftover
}

/// Told to the channel's breaker. While that is open, what certainly was not sent waits without using up its tries.
fn resting(ctx: &Ctx, sent: &Sent, settled: Settled) -> Settled {
    let (channel_id, now) = (sent.ready.message.channel_id.as_str(), ctx.clock.now());
    let unsent = match &sent.outcome {
        SendOutcome::Retry { error, .. } if error.class == ErrorClass::Transient => true,
        SendOutcome::Unknown { .. } => false,
        SendOutcome::Accepted { .. } | SendOutcome::Rejected(_) | SendOutcome::Retry { .. } => {
            // What we refused ourselves says nothing of the provider.
            if sent.http_status.is_some() {
                ctx.pace.breakers.answered(channel_id);
            }
            return settled;
        }
    };
    let pause = ctx.pace.breakers.failed(channel_id, &sent.ready.message.id, now);
    match pause.filter(|_| unsent && now.saturating_sub(sent.ready.message.created_at) < HELD_AT_MOST) {
        Some(pause) => Settled { status: Status::Held, next: Next::Hold(pause), ..settled },
        None => settled,
    }
}

fn tried(sent: &Sent) -> Try {
    let ready = &sent.ready;
    // A job given back by a failing database has fewer tries left than the message knows of.
    let number = ready.number.max(ready.job.attempt);
    let seed = ready.message.id.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Try { number, most: ready.job.max_attempts, free_form: ready.message.kind != "template", seed }
}

/// What the worker does with the job.
fn next(ctx: &Ctx, (sent, settled): &(&Sent, &Settled)) -> Option<(Claimed, JobError)> {
    let why = || settled.error.as_ref().map(|error| error.text.clone()).unwrap_or_default();
    let error = match settled.next {
        Next::Complete => return None,
        Next::Again(after_ms) => JobError::Retry { after_ms: Some(after_ms), why: why() },
        Next::Hold(after_ms) => JobError::Defer { at: ctx.clock.now().saturating_add(after_ms), why: why() },
    };
    Some((sent.ready.job.clone(), error))
}

async fn alone(ctx: &Ctx, portal: &str, one: &(&Sent, &Settled)) -> Option<(Claimed, JobError)> {
    match persist(ctx, portal, std::slice::from_ref(one)).await {
        Ok(()) => next(ctx, one),
        Err(error) => rescue(ctx, portal, one, error).await,
    }
}

/// The job is somebody else's, or the database fails: the answer is stored without it, if it can be.
async fn rescue(ctx: &Ctx, portal: &str, one: &(&Sent, &Settled), error: JobError) -> Option<(Claimed, JobError)> {
    if error == JobError::LeaseLost
        && let Err(error) = store(ctx, portal, std::slice::from_ref(one), false).await
    {
        tracing::error!(message.id = one.0.ready.message.id, ?error, "a provider's answer could not be stored");
    }
    Some((one.0.ready.job.clone(), error))
}

async fn persist(ctx: &Ctx, portal: &str, chunk: &[(&Sent, &Settled)]) -> Result<(), JobError> {
    let mut result = store(ctx, portal, chunk, true).await;
    for _ in 1..TRIES {
        match &result {
            Err(JobError::Retry { .. }) => result = store(ctx, portal, chunk, true).await,
            _ => break,
        }
    }
    result
}

async fn store(ctx: &Ctx, portal: &str, chunk: &[(&Sent, &Settled)], leased: bool) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let moved = move_all(&tx, portal, chunk, now).await?;
    let closed: Vec<Closed> = chunk.iter().map(closed).collect();
    attempt::close_many(&tx, portal, &closed, now).await?;
    note_channels(&tx, portal, chunk, now).await?;
    settle::after_status(&tx, ctx, portal, &moved, now).await?;
    if leased {
        let done = |(_, settled): &&(&Sent, &Settled)| settled.next == Next::Complete;
        let jobs: Vec<&Claimed> = chunk.iter().filter(done).map(|(sent, _)| &sent.ready.job).collect();
        queue::complete(&tx, &jobs).await?;
    }
    tx.commit("deliver.settle").await?;
    Ok(())
}

/// Moves the messages; one that a report or another worker moved meanwhile takes from the answer what is still news.
async fn move_all(tx: &Tx, portal: &str, chunk: &[(&Sent, &Settled)], now: Ms) -> Result<Vec<Moved>, JobError> {
    let mut moves = Vec::new();
    for (sent, settled) in chunk {
        moves.push(step(&sent.ready.message, sent, settled.status, settled, now)?);
    }
    let won = messages::move_many(tx, portal, &moves).await?;
    let mut out = Vec::new();
    let mut late: Vec<&(&Sent, &Settled)> = Vec::new();
    for (one, step) in chunk.iter().zip(&moves) {
        if won.contains(&step.id) {
            out.push(Moved { message: step.applied(&one.0.ready.message), before: step.from });
        } else if matches!(one.0.outcome, SendOutcome::Accepted { .. }) {
            late.push(one);
        }
    }
    if !late.is_empty() {
        out.extend(merge_late(tx, portal, &late, now).await?);
    }
    Ok(out)
}

async fn merge_late(tx: &Tx, portal: &str, late: &[&(&Sent, &Settled)], now: Ms) -> Result<Vec<Moved>, JobError> {
    let ids: Vec<String> = late.iter().map(|(sent, _)| sent.ready.message.id.clone()).collect();
    let rows: HashMap<String, message::Model> =
        messages::list(&**tx, portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut pairs = Vec::new();
    for (sent, settled) in late {
        let Some(row) = rows.get(&sent.ready.message.id) else {
            continue;
        };
        let merged = row.state()?.merge(Status::Accepted);
        let mut step = step(row, sent, merged, settled, now)?;
        if merged.as_str() == row.status {
            // Only the ids are news; what the row says about an error stays.
            step.error = row.error.as_deref().and_then(|text| serde_json::from_str(text).ok());
        }
        pairs.push((row, step));
    }
    let steps: Vec<Move> = pairs.iter().map(|(_, step)| step.clone()).collect();
    let won = messages::move_many(tx, portal, &steps).await?;
    let changed = pairs.into_iter().filter(|(_, step)| won.contains(&step.id) && step.from != step.to);
    Ok(changed.map(|(row, step)| Moved { message: step.applied(row), before: step.from }).collect())
}

fn step(row: &message::Model, sent: &Sent, to: Status, settled: &Settled, now: Ms) -> Result<Move, JobError> {
    let mut step = Move::new(row, to, now)?;
    step.error = settled.error.as_ref().map(|error| error.to_json());
    if let SendOutcome::Accepted { provider_id, wa_id } = &sent.outcome {
        step.provider_id = Some(provider_id.clone());
        step.wa_id.clone_from(wa_id);
    }
    Ok(step)
}

fn closed((sent, settled): &(&Sent, &Settled)) -> Closed {
    let told: Option<&ProviderError> = match &sent.outcome {
        SendOutcome::Rejected(error) | SendOutcome::Retry { error, .. } => Some(error),
        SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. } => None,
    };
    let reason = match &sent.outcome {
        SendOutcome::Unknown { reason } => Some(reason.clone()),
        _ => None,
    };
    let retry_after_ms = match settled.next {
        Next::Again(after_ms) | Next::Hold(after_ms) => Some(after_ms),
        Next::Complete => None,
    };
    Closed {
        message_id: sent.ready.message.id.clone(),
        number: sent.ready.number,
        outcome: settled.attempt,
        http_status: sent.http_status,
        provider_code: told.and_then(|error| error.provider_code.clone()),
        text: told.map(|error| error.text.clone()).or(reason),
        retry_after_ms,
    }
}

/// One change for each channel, the last news winning.
async fn note_channels(tx: &Tx, portal: &str, chunk: &[(&Sent, &Settled)], now: Ms) -> Result<(), JobError> {
    let mut states: BTreeMap<&str, (&'static str, &str, Ms)> = BTreeMap::new();
    let mut busy: BTreeMap<&str, Ms> = BTreeMap::new();
    for (sent, settled) in chunk {
        let channel_id = sent.ready.message.channel_id.as_str();
        match &settled.channel {
            Some(ChannelNews::State(state, why)) => {
                let left_at = sent.ready.message.sending_at.unwrap_or(now);
                states.insert(channel_id, (state, why, left_at));
            }
            Some(ChannelNews::Busy(pause)) => {
                let until = busy.entry(channel_id).or_insert(now);
                *until = (*until).max(now.saturating_add(*pause));
            }
            None => {}
        }
    }
    for (channel_id, (state, why, left_at)) in states {
        // A refusal of what left before somebody mended the channel is no news about the channel.
        note_state(tx, portal, channel_id, (state, Some(why)), When::Unchanged(left_at), now).await?;
    }
    for (channel_id, until) in busy {
        crate::db::store::channel::hold_until(tx, portal, channel_id, until, now).await?;
    }
    Ok(())
}
