//! Ticks of the whole installation, by cron expressions in UTC. They only look and store jobs; the work itself runs as jobs.
//!
//! The owner of shard 0 runs them. When each ran last is kept in `meta`, so a tick missed while nothing ran is made up once.

use crate::db::store::meta;
use crate::db::{DbError, DbResult};
use crate::domain::clock::Ms;
use crate::flow::{self, Ctx};
use cron::Schedule;
use futures::future::BoxFuture;
use std::str::FromStr as _;
use std::time::Duration;
use tokio::sync::watch;

/// Between looks at the clock.
const LOOK: Duration = Duration::from_secs(1);

struct Tick {
    /// Key in `meta`, behind `tick.`.
    name: &'static str,
    /// Second, minute, hour, day of month, month, day of week.
    cron: &'static str,
    run: for<'a> fn(&'a Ctx) -> BoxFuture<'a, DbResult<()>>,
}

const TICKS: [Tick; 2] = [
    Tick { name: "tick.alarm", cron: "0 * * * * *", run: |ctx| Box::pin(flow::alarm::tick(ctx)) },
    // Its jobs run a day later each; looked at by the hour so that a new portal has its own soon.
    Tick { name: "tick.purge", cron: "0 15 * * * *", run: |ctx| Box::pin(flow::purge::tick(ctx)) },
];

/// Looks every second while this process leads; never ends.
pub(super) async fn run(ctx: &Ctx, leads: watch::Receiver<bool>) {
    let mut next = Ms::MIN;
    loop {
        tokio::time::sleep(LOOK).await;
        if !*leads.borrow() {
            // Whoever leads next begins with what is stored.
            next = Ms::MIN;
            continue;
        }
        if ctx.clock.now() < next {
            continue;
        }
        match tick(ctx).await {
            Ok(due) => next = due,
            Err(error) => tracing::error!(error = %error, "scheduler tick failed"),
        }
    }
}

/// Runs every tick that is due; returns when the next one is.
///
/// # Errors
/// [`DbError`] of the first tick that failed; it is due again at the next look.
pub(super) async fn tick(ctx: &Ctx) -> DbResult<Ms> {
    let mut next = Ms::MAX;
    for tick in &TICKS {
        let now = ctx.clock.now();
        let last = meta::find(ctx.db.read(), tick.name).await?.and_then(|at| at.parse::<Ms>().ok());
        // A clock set back must not silence a tick until the old time comes again.
        let due = last.filter(|last| *last <= now).map_or(Ok(now), |last| next_after(tick.cron, last))?;
        if due <= now {
            (tick.run)(ctx).await?;
            let tx = ctx.db.begin().await?;
            meta::put(&*tx, tick.name, &now.to_string()).await?;
            tx.commit("schedule.tick").await?;
            next = next.min(next_after(tick.cron, now)?);
        } else {
            next = next.min(due);
        }
    }
    Ok(next)
}

/// First moment of a cron expression after `at`.
fn next_after(expression: &str, at: Ms) -> DbResult<Ms> {
    let wrong = || DbError::Corrupt(format!("cron expression {expression}"));
    let schedule = Schedule::from_str(expression).map_err(|_| wrong())?;
    let at = chrono::DateTime::from_timestamp_millis(at).ok_or_else(wrong)?;
    schedule.after(&at).next().map(|next| next.timestamp_millis()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{DAY, MINUTE};

    #[test]
    fn every_expression_names_its_next_moment() {
        // 2025-06-15T15:06:40Z
        let at = 1_750_000_000_000;
        let next: Vec<Ms> = TICKS.iter().map(|tick| next_after(tick.cron, at).unwrap() - at).collect();
        assert_eq!(next, [20_000, 8 * MINUTE + 20_000]);
        let daily = next_after("0 30 3 * * *", at).unwrap();
        assert_eq!(next_after("0 30 3 * * *", daily).unwrap(), daily + DAY);
        assert!(next_after("nonsense", at).is_err());
    }
}
