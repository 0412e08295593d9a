//! Retention: removes what ended long ago, expired files, and everything of a portal some time after its removal.
//!
//! Works in bounded steps with a commit each, so that accepting calls never waits long. It never touches what is still owed:
//! waiting calls, unread events and messages on their way stay whatever their age.

use super::portal_state::PURGE_KEY;
use super::{Ctx, JobError, Leftover};
use crate::db::store::{api_portal, purge as store};
use crate::db::{DbError, DbResult};
use crate::domain::clock::{DAY, HOUR, Ms};
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::Value;

/// Days that ended things are kept when the portal set nothing else; more than the 30 days a status may still come.
pub const RETENTION_DAYS: i64 = 90;
/// Shortest and longest choice of a portal.
pub const RETENTION_RANGE: std::ops::RangeInclusive<i64> = 31..=3650;
/// Pause between two purges of a portal.
const EVERY: Ms = DAY;
/// Steps of one job; the rest is left to the next one, an hour later.
const STEPS: usize = 200;

/// Handles `purge` jobs.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for claimed in group.jobs {
        let result = match &claimed.job {
            Job::Purge { scope } if scope == "portal" => portal(ctx, &claimed).await,
            Job::Purge { .. } => retention(ctx, &claimed).await,
            other => Err(JobError::Fail { why: format!("purge cannot do {}", other.kind()) }),
        };
        if let Err(error) = result {
            leftover.push((claimed, error));
        }
    }
    leftover
}

/// Stores the purge jobs that are not there yet: one a day for each portal, one for each portal whose time is over.
///
/// # Errors
/// The database failed.
pub async fn tick(ctx: &Ctx) -> DbResult<()> {
    let now = ctx.clock.now();
    let live = crate::db::store::alarm::reachable_portals(ctx.db.read()).await?;
    let due = store::portals_due(ctx.db.read(), now).await?;
    let mut jobs: Vec<NewJob> = live
        .iter()
        .map(|portal| NewJob::at(&portal.member_id, Job::Purge { scope: "retention".to_owned() }, now + EVERY).once("retention"))
        .collect();
    jobs.extend(
        due.iter()
            .map(|gone| NewJob::at(&gone.member_id, Job::Purge { scope: "portal".to_owned() }, now).once("portal").cancelled_by(PURGE_KEY)),
    );
    if jobs.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    let stored = queue::enqueue(&tx, ctx.ids.as_ref(), now, &jobs).await?;
    if stored > 0 {
        tx.commit("purge.tick").await?;
        ctx.wake.notify_waiters();
    }
    Ok(())
}

/// Removes one file of the media folder; a missing one is fine.
pub(super) async fn remove_file(ctx: &Ctx, path: &str) {
    let whole = ctx.settings.media_dir.join(path);
    if let Err(error) = tokio::fs::remove_file(&whole).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(error.kind = ?error.kind(), "a media file cannot be removed");
    }
}

async fn retention(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let portal = claimed.portal.as_str();
    let Some(row) = api_portal::find(ctx.db.read(), portal).await? else { return finish(ctx, claimed).await };
    let before = now.saturating_sub(retention_days(&row.settings).saturating_mul(DAY));
    remove_media(ctx, store::expired_media(ctx.db.read(), portal, now).await?, portal).await?;
    for _ in 0..STEPS {
        let tx = ctx.db.begin().await?;
        let gone = store::retention_step(&*tx, portal, before, now).await?;
        if gone == 0 {
            drop(tx);
            return finish(ctx, claimed).await;
        }
        tx.commit("purge.retention_step").await?;
    }
    Err(JobError::Defer { at: now + HOUR, why: "more to remove than one job does".to_owned() })
}

async fn portal(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let portal = claimed.portal.as_str();
    if !store::portal_is_due(ctx.db.read(), portal, now).await? {
        return finish(ctx, claimed).await;
    }
    loop {
        let files = store::all_media(ctx.db.read(), portal).await?;
        if files.is_empty() {
            break;
        }
        remove_media(ctx, files, portal).await?;
    }
    for _ in 0..STEPS {
        let tx = ctx.db.begin().await?;
        let gone = store::portal_step(&*tx, portal, &claimed.id).await?;
        if gone == 0 {
            store::portal_end(&*tx, portal, now).await?;
            queue::complete(&tx, &[claimed]).await?;
            tx.commit("purge.portal_end").await?;
            tracing::info!(portal.id = portal, "portal purged");
            return Ok(());
        }
        tx.commit("purge.portal_step").await?;
    }
    Err(JobError::Defer { at: now + HOUR, why: "more to remove than one job does".to_owned() })
}

async fn remove_media(ctx: &Ctx, files: Vec<crate::db::entity::media::Model>, portal: &str) -> Result<(), DbError> {
    if files.is_empty() {
        return Ok(());
    }
    for file in &files {
        remove_file(ctx, &file.path).await;
    }
    let hashes: Vec<String> = files.into_iter().map(|file| file.token_hash).collect();
    let tx = ctx.db.begin().await?;
    store::forget_media(&*tx, portal, &hashes).await?;
    tx.commit("purge.media").await
}

async fn finish(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &[claimed]).await?;
    tx.commit("purge.done").await?;
    Ok(())
}

fn retention_days(settings: &str) -> i64 {
    let chosen = serde_json::from_str::<Value>(settings).ok().and_then(|settings| settings.get("retention_days")?.as_i64());
    chosen.filter(|days| RETENTION_RANGE.contains(days)).unwrap_or(RETENTION_DAYS)
}
