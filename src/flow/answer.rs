//! Tells processes what became of their calls: `bizproc.event.send`, many in one batch.
//!
//! Telling has four ends (DESIGN.md 4): delivered, too late (engine error at the first attempt), unknown, refused. An attempt
//! is committed before it leaves, so that a kill on the wire is seen afterwards: it is then repeated, and an engine error on
//! a repeat means "answered before, or gone". This file never writes CRM fields: that is another job.

use super::{Ctx, JobError, Leftover, waits};
use crate::bitrix::{BitrixError, Command, RestError, TokenError};
use crate::db::entity::{answer as answer_row, robot_call};
use crate::db::store::answer::{self, End};
use crate::db::store::call;
use crate::domain::clock::{MINUTE, Ms};
use crate::queue::{self, Claimed, Group, Job};
use serde_json::{Value, json};
use std::collections::HashMap;

/// How long answers wait for an administrator or a payment before they look again.
const PAUSE: Ms = 15 * MINUTE;

/// What one result says about one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Ended(End, Option<String>),
    /// It may have had its effect: repeat.
    Repeat(String),
    /// Nothing happened there: repeat, and this was no attempt.
    Withdrawn(String),
}

/// An answer ready to leave.
struct Pending {
    job: Claimed,
    call: robot_call::Model,
    answer: answer_row::Model,
}

impl Pending {
    fn repeated(&self) -> bool {
        self.answer.attempts > 0
    }

    fn params(&self) -> Value {
        let values: Value = serde_json::from_str(&self.answer.return_values).unwrap_or_else(|_| json!({}));
        let status = values.get("status").and_then(Value::as_str).unwrap_or_default();
        let code = values.get("error_code").and_then(Value::as_str).unwrap_or_default();
        let log = format!("courier24: {status} {code}").trim().to_owned();
        json!({"EVENT_TOKEN": self.call.event_token, "RETURN_VALUES": values, "LOG_MESSAGE": log})
    }
}

/// Sends the answers of one portal, in batches as large as five seconds of the portal's time allow.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    let mut waiting = group.jobs;
    while !waiting.is_empty() {
        let size = ctx.bitrix.answer_batch_size(&group.portal).clamp(1, 50).min(waiting.len());
        let rest = waiting.split_off(size);
        let chunk = std::mem::replace(&mut waiting, rest);
        let left = match send_chunk(ctx, &group.portal, &chunk).await {
            Ok(left) => left,
            Err(error) => chunk.into_iter().map(|job| (job, error.clone())).collect(),
        };
        let stop = left.iter().find_map(|(_, error)| matches!(error, JobError::Defer { .. }).then(|| error.clone()));
        leftover.extend(left);
        if let Some(error) = stop {
            // The portal has no room now: what has not left yet waits for the same moment.
            leftover.extend(waiting.drain(..).map(|job| (job, error.clone())));
        }
    }
    leftover
}

async fn send_chunk(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let (pending, settled) = load(ctx, portal, jobs).await?;
    let call_ids: Vec<String> = pending.iter().map(|item| item.call.id.clone()).collect();
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &settled.iter().collect::<Vec<_>>()).await?;
    answer::begin_attempt(&tx, portal, &call_ids, ctx.clock.now()).await?;
    tx.commit("answer.begin").await?;
    if pending.is_empty() {
        return Ok(Leftover::new());
    }
    match transmit(ctx, portal, &pending).await {
        Ok(results) => {
            let verdicts = pending.iter().zip(&results).map(|(item, result)| judge(result, item.repeated())).collect();
            settle(ctx, portal, pending, verdicts, None).await
        }
        Err(error) => settle_whole(ctx, portal, pending, error).await,
    }
}

/// Splits jobs into answers to send and jobs with nothing (more) to tell.
async fn load(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Pending>, Vec<Claimed>), JobError> {
    let ids: Vec<String> = jobs.iter().filter_map(call_id).collect();
    let mut answers: HashMap<String, answer_row::Model> =
        answer::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.call_id.clone(), row)).collect();
    let mut calls: HashMap<String, robot_call::Model> =
        call::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut pending = Vec::new();
    let mut settled = Vec::new();
    for job in jobs {
        let id = call_id(job).unwrap_or_default();
        match (answers.remove(&id), calls.remove(&id)) {
            (Some(answer), Some(call)) if answer.answer_end == End::None.as_str() && call.use_subscription == "Y" => {
                pending.push(Pending { job: job.clone(), call, answer });
            }
            _ => settled.push(job.clone()),
        }
    }
    Ok((pending, settled))
}

fn call_id(job: &Claimed) -> Option<String> {
    match &job.job {
        Job::Answer { call_id } => Some(call_id.clone()),
        _ => None,
    }
}

async fn transmit(ctx: &Ctx, portal: &str, pending: &[Pending]) -> Result<Vec<Result<Value, RestError>>, BitrixError> {
    if let [only] = pending {
        return match ctx.bitrix.call("bitrix.event_send", portal, "bizproc.event.send", only.params()).await {
            Ok(value) => Ok(vec![Ok(value)]),
            Err(BitrixError::Refused(error)) => Ok(vec![Err(error)]),
            Err(error) => Err(error),
        };
    }
    let commands: Vec<Command> = pending
        .iter()
        .enumerate()
        .map(|(index, item)| Command { key: format!("a{index}"), method: "bizproc.event.send".to_owned(), params: item.params() })
        .collect();
    ctx.bitrix.batch("bitrix.event_send_batch", portal, &commands).await
}

/// Reads one result. `repeated` = an earlier attempt may have had its effect.
fn judge(result: &Result<Value, RestError>, repeated: bool) -> Verdict {
    let error = match result {
        Ok(Value::Bool(true)) => return Verdict::Ended(End::Delivered, None),
        Ok(other) => return Verdict::Ended(End::Unknown, Some(format!("the portal answered {other} instead of true"))),
        Err(error) => error,
    };
    let text = format!("{} {}", error.code, error.text).trim().to_owned();
    match error.code.to_ascii_uppercase().as_str() {
        "ACCESS_DENIED"
        | "INSUFFICIENT_SCOPE"
        | "INVALID_CREDENTIALS"
        | "USER_ACCESS_ERROR"
        | "ERROR_METHOD_NOT_FOUND"
        | "WRONG_AUTH_TYPE" => Verdict::Ended(End::Refused, Some(text)),
        "QUERY_LIMIT_EXCEEDED" | "OPERATION_TIME_LIMIT" | "OVERLOAD_LIMIT" | "EXPIRED_TOKEN" => Verdict::Withdrawn(text),
        "INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER" => Verdict::Repeat(text),
        _ if error.status >= 500 => Verdict::Repeat(text),
        _ if repeated => Verdict::Ended(End::Unknown, Some(format!("answered before, or the process is gone: {text}"))),
        _ => Verdict::Ended(End::TooLate, Some(text)),
    }
}

/// The whole request failed.
async fn settle_whole(ctx: &Ctx, portal: &str, pending: Vec<Pending>, error: BitrixError) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let why = error.to_string();
    let (verdict, at) = match error {
        BitrixError::Budget { at } | BitrixError::Later { at, .. } => (Verdict::Withdrawn(why), at),
        BitrixError::Unknown { .. } => (Verdict::Repeat(why), now),
        BitrixError::Refused(error) => (judge(&Err(error), true), now),
        BitrixError::Token(TokenError::AuthLost | TokenError::Paused(_)) => (Verdict::Withdrawn(why), now + PAUSE),
        BitrixError::Token(TokenError::Unavailable(_)) => (Verdict::Withdrawn(why), now + MINUTE),
        BitrixError::Token(TokenError::NotInstalled) => (Verdict::Ended(End::Refused, Some(why)), now),
    };
    let verdicts = vec![verdict; pending.len()];
    settle(ctx, portal, pending, verdicts, Some(at)).await
}

/// One transaction: ends, notes, finished jobs. `later` = when withdrawn ones come again.
async fn settle(ctx: &Ctx, portal: &str, pending: Vec<Pending>, verdicts: Vec<Verdict>, later: Option<Ms>) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let mut leftover = Leftover::new();
    let mut finished: Vec<Claimed> = Vec::new();
    let (mut delivered, mut too_late): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let tx = ctx.db.begin().await?;
    for (item, verdict) in pending.into_iter().zip(verdicts) {
        let ids = [item.call.id.clone()];
        match verdict {
            Verdict::Ended(End::Delivered, _) => {
                delivered.push(item.call.id);
                finished.push(item.job);
            }
            Verdict::Ended(end, error) => {
                answer::finish(&tx, portal, &ids, end, error.as_deref(), now).await?;
                answer::close_calls(&tx, portal, &ids, now).await?;
                too_late.extend((end == End::TooLate).then(|| item.call.id.clone()));
                finished.push(item.job);
            }
            Verdict::Repeat(why) if item.job.attempt >= item.job.max_attempts => {
                answer::finish(&tx, portal, &ids, End::Unknown, Some(&why), now).await?;
                answer::close_calls(&tx, portal, &ids, now).await?;
                finished.push(item.job);
            }
            Verdict::Repeat(why) => {
                answer::note_error(&tx, portal, &ids, &why).await?;
                leftover.push((item.job, JobError::Retry { after_ms: None, why }));
            }
            Verdict::Withdrawn(why) => {
                answer::withdraw_attempt(&tx, portal, &ids, &why).await?;
                let at = later.unwrap_or(now + MINUTE / 6);
                leftover.push((item.job, JobError::Defer { at, why }));
            }
        }
    }
    if !delivered.is_empty() {
        answer::finish(&tx, portal, &delivered, End::Delivered, None, now).await?;
        answer::close_calls(&tx, portal, &delivered, now).await?;
    }
    if !too_late.is_empty() {
        let fired = waits::too_late(&tx, ctx, portal, &too_late, now).await?;
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &fired).await?;
    }
    queue::complete(&tx, &finished.iter().collect::<Vec<_>>()).await?;
    tx.commit("answer.settle").await?;
    ctx.wake.notify_one();
    Ok(leftover)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, status: u16) -> Result<Value, RestError> {
        Err(RestError { status, code: code.to_owned(), text: "text".to_owned() })
    }

    #[test]
    fn an_engine_error_means_too_late_only_at_the_first_attempt() {
        assert!(matches!(judge(&refused("", 400), false), Verdict::Ended(End::TooLate, _)));
        assert!(matches!(judge(&refused("", 400), true), Verdict::Ended(End::Unknown, _)));
    }

    #[test]
    fn the_four_ends_and_the_repeats() {
        assert_eq!(judge(&Ok(Value::Bool(true)), true), Verdict::Ended(End::Delivered, None));
        assert!(matches!(judge(&refused("access_denied", 403), false), Verdict::Ended(End::Refused, _)));
        assert!(matches!(judge(&refused("QUERY_LIMIT_EXCEEDED", 503), false), Verdict::Withdrawn(_)));
        assert!(matches!(judge(&refused("INTERNAL_SERVER_ERROR", 500), false), Verdict::Repeat(_)));
        assert!(matches!(judge(&refused("", 502), false), Verdict::Repeat(_)));
    }
}
