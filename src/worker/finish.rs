//! What becomes of jobs their handlers could not finish: back for later, or buried.

use crate::db::{DbError, DbResult};
use crate::domain::backoff;
use crate::domain::clock::Ms;
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed, FinishError, Release};
use std::time::Duration;

/// A job deferred to this very moment would be claimed again at once, for ever.
const LEAST_DEFER: Ms = 10;
/// Longest text kept as `last_error`, characters.
const WHY_CHARS: usize = 500;
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// Decided end of one job.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Back { at: Ms, counted: bool, why: String },
    Dead { why: String },
}

/// Puts back and buries. When the database refuses for some seconds the leases run out instead, which comes to the same.
pub(super) async fn apply(ctx: &Ctx, leftover: Leftover) {
    let now = ctx.clock.now();
    let ends: Vec<(Claimed, End)> =
        leftover.into_iter().filter_map(|(job, error)| decide(&job, error, now).map(|end| (job, end))).collect();
    for (job, end) in &ends {
        tell(job, end);
    }
    for attempt in 1..=TRIES {
        match store(ctx, &ends).await {
            Ok(()) => return,
            // A job with the same key was stored at this very moment: the next try sees it. It may be one of these themselves.
            Err(DbError::Duplicate) if attempt > 1 => return store_each(ctx, &ends).await,
            Err(DbError::Duplicate) => {}
            Err(error) => {
                tracing::error!(error = %error, jobs = ends.len(), "jobs were not put back");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn decide(job: &Claimed, error: JobError, now: Ms) -> Option<End> {
    match error {
        JobError::LeaseLost => None,
        JobError::Defer { at, why } => Some(End::Back { at: at.max(now.saturating_add(LEAST_DEFER)), counted: false, why }),
        JobError::Fail { why } => Some(End::Dead { why }),
        JobError::Retry { why, .. } if job.attempt >= job.max_attempts => Some(End::Dead { why }),
        JobError::Retry { after_ms, why } => {
            let tries = u32::try_from(job.attempt).unwrap_or(u32::MAX);
            let delay = backoff::jitter(backoff::delay(tries, after_ms), seed(&job.id));
            Some(End::Back { at: now.saturating_add(delay), counted: true, why })
        }
    }
}

/// Ids end in random digits, which spread the jobs of a group as well as anything.
fn seed(id: &str) -> u64 {
    id.bytes().rev().take(8).fold(0, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

fn tell(job: &Claimed, end: &End) {
    let outcome = match end {
        End::Dead { why } => {
            tracing::error!(job.id = %job.id, job.kind = job.job.kind(), job.attempt = job.attempt, portal.id = %job.portal, why = %why, "job buried");
            "dead"
        }
        End::Back { counted: true, why, .. } => {
            tracing::warn!(job.id = %job.id, job.kind = job.job.kind(), job.attempt = job.attempt, portal.id = %job.portal, why = %why, "job tried again later");
            "retried"
        }
        End::Back { counted: false, .. } => "deferred",
    };
    metrics::counter!("courier24_jobs_total", "kind" => job.job.kind(), "outcome" => outcome).increment(1);
}

async fn store_each(ctx: &Ctx, ends: &[(Claimed, End)]) {
    for end in ends {
        if let Err(error) = store(ctx, std::slice::from_ref(end)).await {
            tracing::error!(error = %error, job.id = %end.0.id, "a job was not put back; its lease will run out");
        }
    }
}

async fn store(ctx: &Ctx, ends: &[(Claimed, End)]) -> DbResult<()> {
    if ends.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    let mut releases = Vec::new();
    for (job, end) in ends {
        match end {
            End::Back { at, counted, why } => releases.push(Release { job, run_at: *at, error: Some(short(why)), counted: *counted }),
            End::Dead { why } => match queue::bury(&tx, job, short(why)).await {
                Ok(()) | Err(FinishError::LeaseLost) => {}
                Err(FinishError::Db(error)) => return Err(error),
            },
        }
    }
    queue::release_all(&tx, &releases).await?;
    tx.commit("worker.finish").await
}

fn short(why: &str) -> &str {
    why.char_indices().nth(WHY_CHARS).and_then(|(end, _)| why.get(..end)).unwrap_or(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{HOUR, SECOND};
    use crate::queue::Job;

    fn job(attempt: i64) -> Claimed {
        Claimed {
            id: "job_1".to_owned(),
            portal: "a".to_owned(),
            job: Job::Deliver { message_id: "m".to_owned() },
            attempt,
            max_attempts: 6,
            lease_id: "l".to_owned(),
            run_at: 0,
            created_at: 0,
        }
    }

    fn retry(attempt: i64, after_ms: Option<Ms>) -> Option<End> {
        decide(&job(attempt), JobError::Retry { after_ms, why: "503".to_owned() }, 1000)
    }

    #[test]
    fn a_retry_waits_longer_each_time_and_as_long_as_it_was_asked_to() {
        for (attempt, after, least) in
            [(1, None, SECOND), (3, None, 16 * SECOND), (1, Some(30 * SECOND), 30 * SECOND), (1, Some(99 * HOUR), HOUR)]
        {
            let Some(End::Back { at, counted: true, .. }) = retry(attempt, after) else { panic!("put back") };
            assert!(at - 1000 >= least && at - 1000 < least + least / 10 + 1, "{attempt} {at}");
        }
    }

    #[test]
    fn the_last_try_buries_and_a_deferral_never_does() {
        assert_eq!(retry(6, None), Some(End::Dead { why: "503".to_owned() }));
        let deferred = decide(&job(99), JobError::Defer { at: 0, why: "budget".to_owned() }, 1000);
        assert_eq!(deferred, Some(End::Back { at: 1010, counted: false, why: "budget".to_owned() }), "never at this very moment");
        assert_eq!(decide(&job(1), JobError::LeaseLost, 1000), None);
        assert_eq!(decide(&job(1), JobError::Fail { why: "no".to_owned() }, 1000), Some(End::Dead { why: "no".to_owned() }));
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        assert_eq!(short(&"я".repeat(600)).chars().count(), WHY_CHARS);
        assert_eq!(short("short"), "short");
    }
}
