//! Virtual time: works off everything that is due at the clock's present moment, in a fixed order, in the caller's task.

use super::{Handler, LEASE, beat, flow_handlers, group, schedule};
use crate::flow::Ctx;
use crate::queue::{self, Busy, ClaimRequest, Limits};
use std::collections::BTreeSet;

/// More rounds than any story needs: a handler that defers itself to the present would go on for ever.
const MOST_ROUNDS: usize = 100_000;
const ROUND_GROUPS: usize = 16;
const ROUND_JOBS: u64 = 400;

/// Runs the scheduler's ticks and all due jobs until nothing is due; returns how many jobs were handled. Groups run one after the
/// other, so a story's transcript does not depend on the machine. Faults of the database end it.
pub async fn run_due(ctx: &Ctx) -> usize {
    run_due_with(ctx, flow_handlers).await
}

/// [`run_due`] with another handler.
pub async fn run_due_with(ctx: &Ctx, handler: Handler) -> usize {
    let mut handled = 0;
    if let Err(error) = schedule::tick(ctx).await {
        tracing::error!(error = %error, "scheduler tick failed");
    }
    let mut after = String::new();
    for _ in 0..MOST_ROUNDS {
        let Ok(held) = beat::beat(ctx, &[], &BTreeSet::new()).await.inspect_err(|error| tracing::error!(error = %error, "no heartbeat"))
        else {
            return handled;
        };
        let request = ClaimRequest {
            shards: &held.shards,
            now: ctx.clock.now(),
            lease_ms: LEASE,
            groups: ROUND_GROUPS,
            jobs: ROUND_JOBS,
            busy: &Busy::default(),
            limits: Limits { portal: usize::MAX, deliver: 1 },
            after: &after,
        };
        let turn = match queue::claim_turn(&ctx.db, ctx.ids.as_ref(), &request).await {
            Ok(turn) if turn.groups.is_empty() => return handled,
            Ok(turn) => turn,
            Err(error) => {
                tracing::error!(error = %error, "no claim");
                return handled;
            }
        };
        after = turn.after;
        for claimed in turn.groups {
            handled += claimed.jobs.len();
            group::work(ctx, claimed, handler).await;
        }
    }
    tracing::error!(rounds = MOST_ROUNDS, "jobs kept coming back at the same moment");
    handled
}
