//! Events of the portal's queue: installs, updates, removal, payment; anything else that is proven is kept.
//!
//! The proof is the `application_token`, for installs and updates the four proofs of `flow/install`. Events come once, so what cannot
//! be proven at this moment for want of an answer is refused as unavailable, never taken on trust.

use super::adopt::{self, Doubt, Shown};
use super::install::{self, InstallRefusal, Installed};
use super::portal_cache::PortalFacts;
use super::portal_state::{self, Subject};
use super::{Ctx, JobError, Leftover, follow_up, register, token};
use crate::bitrix::inbound::PortalEvent;
use crate::db::store::portal as portals;
use crate::db::store::portal::PortalStatus;
use crate::db::store::portal_event as store;
use crate::db::{DbError, DbResult, Tx};
use crate::domain::clock::Ms;
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::json;

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EventRefusal {
    /// Unknown portal or wrong `application_token`: 403.
    #[error("forged")]
    Forged,
    /// The tokens of an install or update were not proven.
    #[error(transparent)]
    Install(#[from] InstallRefusal),
    /// Not committed: 503.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl EventRefusal {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forged => "event_forged",
            Self::Install(refusal) => refusal.code(),
            Self::Db(_) => "not_committed",
        }
    }

    /// HTTP status.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Forged => 403,
            Self::Install(refusal) => refusal.http_status(),
            Self::Db(_) => 503,
        }
    }
}

/// What became of an event; all of them are committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Tokens stored, registration on its way.
    Installed(Installed),
    /// The application is removed.
    Removed,
    /// Kept, its job on the way if it has one.
    Kept,
    /// Believed only as a hint: the portal is asked.
    Hint,
}

/// Takes one event.
///
/// # Errors
/// [`EventRefusal`]; nothing is stored then.
pub async fn take(ctx: &Ctx, event: &PortalEvent) -> Result<Taken, EventRefusal> {
    match event.event.as_str() {
        "ONAPPINSTALL" => Ok(Taken::Installed(install::seed(ctx, &event.sender, &event.text("LANGUAGE_ID"), "ONAPPINSTALL").await?)),
        "ONAPPUPDATE" => update(ctx, event).await,
        "ONAPPUNINSTALL" => uninstall(ctx, event).await,
        "ONAPPPAYMENT" => payment(ctx, event).await,
        _ => {
            let facts = proven(ctx, event).await?;
            if facts.status == PortalStatus::Uninstalled {
                return Err(EventRefusal::Forged);
            }
            match follow_up::event::document_of(event) {
                // One look-up; only what concerns somebody leaves a job behind.
                Some(document) => follow_up::event::happened(ctx, &event.sender.member_id, &document).await?,
                None => keep(ctx, event, None).await?,
            }
            if facts.status == PortalStatus::AuthLost && !event.sender.refresh_token.is_empty() {
                // A verified event with a pair brings an administrator's authorization back; an employee's changes nothing.
                let _ = install::seed(ctx, &event.sender, "", "event with tokens").await;
            }
            Ok(Taken::Kept)
        }
    }
}

async fn proven(ctx: &Ctx, event: &PortalEvent) -> Result<std::sync::Arc<PortalFacts>, EventRefusal> {
    let sender = &event.sender;
    let shown = Shown { member_id: &sender.member_id, application_token: &sender.application_token, access_token: &sender.access_token };
    match adopt::prove(ctx, shown).await {
        Ok(proven) if proven.told => Ok(proven.facts),
        Ok(_) | Err(Doubt::Forged) => Err(EventRefusal::Forged),
        Err(Doubt::Unavailable(why)) => Err(InstallRefusal::Unavailable(why).into()),
        Err(Doubt::Db(error)) => Err(error.into()),
    }
}

async fn update(ctx: &Ctx, event: &PortalEvent) -> Result<Taken, EventRefusal> {
    match install::seed(ctx, &event.sender, &event.text("LANGUAGE_ID"), "ONAPPUPDATE").await {
        Ok(installed) => Ok(Taken::Installed(installed)),
        // No answer about the tokens, but the sender is known: register with the tokens we have, and do not lose the event.
        Err(InstallRefusal::Unavailable(why)) => match proven(ctx, event).await {
            Ok(facts) if facts.status != PortalStatus::Uninstalled => {
                keep(ctx, event, Some(why)).await?;
                Ok(Taken::Kept)
            }
            _ => Err(InstallRefusal::Unavailable(why).into()),
        },
        Err(refusal) => Err(refusal.into()),
    }
}

async fn uninstall(ctx: &Ctx, event: &PortalEvent) -> Result<Taken, EventRefusal> {
    let portal = event.sender.member_id.as_str();
    proven(ctx, event).await?;
    let now = ctx.clock.now();
    let clean = matches!(event.text("CLEAN").as_str(), "1" | "Y" | "y");
    let tx = ctx.db.begin().await?;
    // Read inside the transaction: the version must be the one that is removed.
    let row = portals::find(&*tx, portal).await?.ok_or(EventRefusal::Forged)?;
    let subject = Subject { portal, version: row.token_version, ids: &*ctx.ids, now };
    let removed_before = row.status == PortalStatus::Uninstalled.as_str();
    if !removed_before || clean {
        portal_state::remove(&tx, subject, clean).await?;
    }
    write_event(ctx, &tx, event, now).await?;
    tx.commit("event.uninstalled").await?;
    ctx.portals.forget(portal).await;
    ctx.wake.notify_waiters();
    tracing::info!(portal.id = portal, clean, "application removed");
    Ok(Taken::Removed)
}

async fn payment(ctx: &Ctx, event: &PortalEvent) -> Result<Taken, EventRefusal> {
    let portal = event.sender.member_id.as_str();
    if !event.sender.application_token.is_empty() {
        let facts = proven(ctx, event).await?;
        if facts.status == PortalStatus::Uninstalled {
            return Err(EventRefusal::Forged);
        }
        keep(ctx, event, None).await?;
        return Ok(Taken::Kept);
    }
    match ctx.portals.get(portal).await? {
        Some(facts) if facts.status != PortalStatus::Uninstalled => {}
        _ => return Err(EventRefusal::Forged),
    }
    let tx = ctx.db.begin().await?;
    ask_portal(ctx, &tx, portal, ctx.clock.now()).await?;
    tx.commit("event.hint").await?;
    ctx.wake.notify_waiters();
    Ok(Taken::Hint)
}

/// One question to the portal, however many hints came.
async fn ask_portal(ctx: &Ctx, tx: &Tx, portal: &str, now: Ms) -> DbResult<()> {
    let job = NewJob::at(portal, Job::RefreshToken { reason: token::RECHECK.to_owned() }, now).once(token::RECHECK);
    queue::enqueue(tx, &*ctx.ids, now, &[job]).await?;
    portals::bring_forward_keyed(&**tx, portal, ("refresh_token", token::RECHECK), now).await?;
    Ok(())
}

async fn write_event(ctx: &Ctx, tx: &Tx, event: &PortalEvent, now: Ms) -> DbResult<String> {
    let id = ctx.ids.id("ev", now);
    let body = json!({"data": event.data, "ts": event.ts}).to_string();
    let row = store::NewEvent { id: &id, event: &event.event, body: &body, received_at: now };
    store::insert(&**tx, &event.sender.member_id, &row).await?;
    Ok(id)
}

/// Stores a proven event; those that ask for work get their job in the same transaction.
async fn keep(ctx: &Ctx, event: &PortalEvent, note: Option<String>) -> DbResult<()> {
    let portal = event.sender.member_id.as_str();
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let event_id = write_event(ctx, &tx, event, now).await?;
    if matches!(event.event.as_str(), "ONAPPUPDATE" | "ONAPPPAYMENT") {
        let job = NewJob::at(portal, Job::PortalEvent { event_id: event_id.clone() }, now).once(event_id);
        queue::enqueue(&tx, &*ctx.ids, now, &[job]).await?;
    }
    tx.commit("event.kept").await?;
    ctx.wake.notify_waiters();
    tracing::info!(portal.id = portal, event = event.event, note, "event kept");
    Ok(())
}

/// Jobs `portal_event`: what a kept event asks for.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for job in group.jobs {
        if let Err(error) = follow(ctx, &job).await {
            leftover.push((job, error));
        }
    }
    leftover
}

async fn follow(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let event_id = match &job.job {
        Job::PortalEvent { event_id } => event_id,
        other => return Err(JobError::Fail { why: format!("not a portal event: {}", other.kind()) }),
    };
    let portal = job.portal.as_str();
    let row = store::find(ctx.db.read(), portal, event_id).await?;
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &[job]).await?;
    match row.as_ref().map(|row| row.event.as_str()) {
        Some("ONAPPUPDATE") => register::schedule(&tx, &*ctx.ids, portal, "ONAPPUPDATE", (now, now)).await?,
        Some("ONAPPPAYMENT") => ask_portal(ctx, &tx, portal, now).await?,
        _ => {}
    }
    tx.commit("event.followed").await?;
    ctx.wake.notify_waiters();
    Ok(())
}
