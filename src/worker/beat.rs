//! The heartbeat: shards renewed or taken over, leases of what is under way lengthened, leases of the dead ended; one commit.

use super::LEASE;
use crate::db::DbResult;
use crate::flow::Ctx;
use crate::queue::{self, Held, Lost};
use std::collections::BTreeSet;

/// Beats once. `busy` = shards with a group under way here.
pub(super) async fn beat(ctx: &Ctx, leases: &[String], busy: &BTreeSet<i64>) -> DbResult<Held> {
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let held = queue::hold_shards(&tx, &ctx.settings.boot_id, now, busy).await?;
    // Our own first: a clock that jumped must not take away what is under way in this process.
    queue::extend(&tx, leases, now.saturating_add(LEASE)).await?;
    let back = queue::reclaim(&tx, Lost::Expired, now).await?;
    tx.commit("worker.beat").await?;
    ctx.db.set_owned_shards(queue::shard_bits(&held.shards));
    for shard in &held.inherited {
        ctx.bitrix.start_empty(*shard);
        ctx.pace.start_empty(*shard, now);
    }
    if back + held.voided > 0 {
        tracing::warn!(jobs = back + held.voided, shards = held.taken.len(), "jobs of a dead worker are ready again");
    }
    Ok(held)
}
