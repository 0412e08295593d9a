//! Works jobs off: claim, lease, heartbeat, dispatch, scheduler ticks.
//!
//! One pump a process claims groups and hands each to its handler in a task of its own; a heartbeat keeps their leases (and this
//! replica's shards); what a handler leaves over is put back or buried. Decisions belong to `flow`, order and leases to `queue`.

mod beat;
mod dispatch;
mod finish;
mod gauges;
mod group;
mod pump;
mod run_due;
mod schedule;

use crate::db::{DbResult, Engine};
use crate::domain::clock::{Ms, SECOND};
use crate::flow::{Ctx, Leftover};
use crate::queue::{self, Group, Hints, Lost};
use futures::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use run_due::{run_due, run_due_with};

/// How long a claim lasts without a heartbeat.
const LEASE: Ms = 10 * SECOND;
/// Workers that were silent for so long are told as dead by readiness.
const SILENCE: Duration = Duration::from_secs(30);

/// When to stop. Both are cancelled by `lifecycle`, the second some time after the first.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Claim no more, finish what is under way.
    pub soft: CancellationToken,
    /// Break off what is under way and give its leases back.
    pub hard: CancellationToken,
}

/// Whether the workers of this process live, for readiness. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// A heartbeat was committed within the last half minute.
    pub fn alive(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|last| last.elapsed() < SILENCE)
    }
}

/// What works a group off; [`run`] and [`run_due`] use the handlers of `flow`, tests of the worker their own.
pub type Handler = for<'a> fn(&'a Ctx, Group) -> BoxFuture<'a, Leftover>;

fn flow_handlers(ctx: &Ctx, group: Group) -> BoxFuture<'_, Leftover> {
    Box::pin(dispatch::dispatch(ctx, group))
}

/// Works jobs off until told to stop: at most `workers` groups at a time.
///
/// # Errors
/// As [`run_with`].
pub async fn run(ctx: Ctx, workers: usize, stop: Stop, pulse: Pulse) -> DbResult<()> {
    run_with(ctx, workers, stop, pulse, flow_handlers).await
}

/// [`run`] with another handler.
///
/// # Errors
/// [`crate::db::DbError`] only when the leases of an earlier boot cannot be ended at start; later faults of the database are waited out.
pub async fn run_with(ctx: Ctx, workers: usize, stop: Stop, pulse: Pulse, handler: Handler) -> DbResult<()> {
    end_former_leases(&ctx).await?;
    let (leader, leads) = watch::channel(false);
    let mut pump = pump::Pump::new(ctx.clone(), workers, pulse, leader, handler);
    tokio::select! {
        () = pump.run(&stop) => {}
        () = schedule::run(&ctx, leads) => {}
        () = gauges::run(&ctx) => {}
        () = listen(&ctx) => {}
    }
    Ok(())
}

/// On SQLite no other process can be alive: whatever is under a lease belonged to an earlier boot.
async fn end_former_leases(ctx: &Ctx) -> DbResult<()> {
    if ctx.db.engine() != Engine::Sqlite {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    let back = queue::reclaim(&tx, Lost::Boot, ctx.clock.now()).await?;
    tx.commit("worker.boot").await?;
    if back > 0 {
        tracing::info!(jobs = back, "jobs of an earlier boot are ready again");
    }
    Ok(())
}

/// Turns hints of other processes into wake-ups of this one; never ends.
async fn listen(ctx: &Ctx) {
    const AGAIN: Duration = Duration::from_secs(1);
    loop {
        match Hints::open(&ctx.db).await {
            Ok(None) => std::future::pending::<()>().await,
            Ok(Some(mut hints)) => {
                while hints.next().await.is_ok() {
                    ctx.wake.notify_waiters();
                }
            }
            Err(error) => tracing::warn!(error = %error, "no hints from the database; polling goes on"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}
