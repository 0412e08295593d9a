//! CRM events are bound only while a pending follow-up or an open wait needs them: each one bound costs the portal a call for every change of every deal.
//!
//! What is bound is remembered here, so that arming asks nothing of the portal in the ordinary case. Unbinding waits some minutes, since
//! the next follow-up is seldom far. A portal that refuses to bind loses nothing but promptness: CRM is read before every send anyway.

use super::event::{self, EVENTS};
use crate::bitrix::BitrixError;
use crate::bitrix::{RestError, placement};
use crate::db::entity::follow_up as row;
use crate::db::store::portal::PortalStatus;
use crate::db::store::{event_binding, follow_up as store, wait};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::{HOUR, MINUTE, Ms, SECOND};
use crate::flow::{Ctx, JobError, Leftover};
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::Value;
use std::collections::BTreeSet;

/// At most one ready look of a portal at a time.
const KEY: &str = "bind-events";
const IDLE: &str = "bind-events-idle";
/// Events nobody needs any more stay bound this long.
const LINGER: Ms = 10 * MINUTE;

fn handler(ctx: &Ctx) -> String {
    format!("{}/b24/event", ctx.settings.public_url)
}

fn look(portal: &str, reason: &str, key: &str, at: Ms) -> NewJob {
    NewJob::at(portal, Job::BindEvents { reason: reason.to_owned() }, at).once(key)
}

/// Has the events bound that freshly armed follow-ups need, if any is not.
pub(super) async fn ask(tx: &Tx, ctx: &Ctx, portal: &str, rows: &[row::Model], now: Ms) -> DbResult<()> {
    let watched: BTreeSet<&str> = rows.iter().filter_map(|row| row.watch.as_deref()).collect();
    let wanted = EVENTS.into_iter().filter(|event| event::watched_as(event).iter().any(|word| watched.contains(word)));
    ask_for(tx, ctx, portal, &wanted.collect(), now).await
}

/// The same for any of our own.
pub(in crate::flow) async fn ask_for(tx: &Tx, ctx: &Ctx, portal: &str, wanted: &BTreeSet<&str>, now: Ms) -> DbResult<()> {
    let handler = handler(ctx);
    for event in wanted {
        if !event_binding::bound(&**tx, portal, event, &handler).await? {
            queue::enqueue(tx, ctx.ids.as_ref(), now, &[look(portal, "armed", KEY, now)]).await?;
            return Ok(());
        }
    }
    Ok(())
}

/// Looks some minutes later when an event is bound that nothing pending and nobody waiting needs.
pub(in crate::flow) async fn look_if_idle(tx: &Tx, ctx: &Ctx, portal: &str, now: Ms) -> DbResult<()> {
    for bound in event_binding::list(&**tx, portal).await? {
        let needed = match EVENTS.into_iter().find(|event| *event == bound.event) {
            Some(event) => needs(&**tx, portal, event).await?,
            None => false,
        };
        if !needed {
            queue::enqueue(tx, ctx.ids.as_ref(), now, &[look(portal, "idle", IDLE, now.saturating_add(LINGER))]).await?;
            return Ok(());
        }
    }
    Ok(())
}

/// After a registration: an update of the application took all bindings away, or our address is another one.
pub(in crate::flow) async fn look_again(tx: &Tx, ctx: &Ctx, portal: &str, now: Ms) -> DbResult<()> {
    if !needed(&**tx, portal).await?.is_empty() || !event_binding::list(&**tx, portal).await?.is_empty() {
        queue::enqueue(tx, ctx.ids.as_ref(), now, &[look(portal, "registered", KEY, now)]).await?;
    }
    Ok(())
}

async fn needs(db: &impl Conn, portal: &str, event: &'static str) -> DbResult<bool> {
    Ok(store::needs(db, portal, &event::watched_as(event)).await? || wait::needs(db, portal, event).await?)
}

async fn needed(db: &impl Conn, portal: &str) -> DbResult<Vec<&'static str>> {
    let mut needed = Vec::new();
    for event in EVENTS {
        if needs(db, portal, event).await? {
            needed.push(event);
        }
    }
    Ok(needed)
}

/// Jobs `bind_events`.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for job in group.jobs {
        if let Err(error) = bind(ctx, &job).await {
            leftover.push((job, error));
        }
    }
    leftover
}

async fn bind(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let portal = job.portal.as_str();
    match ctx.portals.fresh(portal).await?.map(|facts| facts.status) {
        Some(PortalStatus::Active) => {}
        None | Some(PortalStatus::Uninstalled) => return finish(ctx, job, None).await,
        Some(status) => {
            return Err(JobError::Defer { at: ctx.clock.now().saturating_add(HOUR), why: format!("portal {}", status.as_str()) });
        }
    }
    let needed = needed(ctx.db.read(), portal).await?;
    let ours = handler(ctx);
    let asked = [placement::event_get("events")];
    let told = ctx.bitrix.batch("follow_up.bindings", portal, &asked).await;
    let told = told.map_err(|error| JobError::from_bitrix(&error, ctx.clock.now()))?;
    let bound = match told.into_iter().next() {
        Some(Ok(list)) => placement::read_events(&list),
        Some(Err(error)) => return Err(JobError::Retry { after_ms: Some(10 * SECOND), why: error.line() }),
        None => Vec::new(),
    };
    let mut now_bound = Vec::new();
    for event in &needed {
        let there = bound.iter().any(|one| one.name == *event && one.handler == ours);
        if there || accepted(ctx, ctx.bitrix.call("follow_up.bind", portal, "event.bind", placement::event_bind(event, &ours)).await)? {
            now_bound.push(*event);
        }
    }
    let stale = bound.iter().filter(|one| EVENTS.contains(&one.name.as_str()));
    for one in stale.filter(|one| one.handler != ours || !needed.contains(&one.name.as_str())) {
        let params = placement::event_unbind(&one.name, &one.handler);
        accepted(ctx, ctx.bitrix.call("follow_up.unbind", portal, "event.unbind", params).await)?;
    }
    finish(ctx, job, Some(&now_bound)).await
}

/// Whether the portal did it; what may pass makes the job come again.
fn accepted(ctx: &Ctx, told: Result<Value, BitrixError>) -> Result<bool, JobError> {
    let refused = |error: &RestError| {
        tracing::warn!(error.code = error.code, "the portal does not bind a CRM event");
        Ok(false)
    };
    match told {
        Ok(_) => Ok(true),
        Err(BitrixError::Refused(error)) if error.says_already() => Ok(true),
        Err(BitrixError::Refused(error)) if error.temporary() => Err(JobError::Retry { after_ms: Some(10 * SECOND), why: error.line() }),
        Err(BitrixError::Refused(error)) => refused(&error),
        Err(error) => Err(JobError::from_bitrix(&error, ctx.clock.now())),
    }
}

async fn finish(ctx: &Ctx, job: &Claimed, bound: Option<&[&str]>) -> Result<(), JobError> {
    let (portal, now) = (job.portal.as_str(), ctx.clock.now());
    let tx = ctx.db.begin().await?;
    if let Some(bound) = bound {
        event_binding::put(&*tx, portal, bound, &handler(ctx), now).await?;
        // Armed or ended while the portal was asked.
        let wanted = needed(&*tx, portal).await?;
        if wanted.iter().any(|event| !bound.contains(event)) && job.attempt == 1 {
            queue::enqueue(&tx, ctx.ids.as_ref(), now, &[look(portal, "changed meanwhile", KEY, now.saturating_add(MINUTE))]).await?;
        }
    }
    queue::complete(&tx, &[job]).await?;
    tx.commit("follow_up.bound").await?;
    Ok(())
}
