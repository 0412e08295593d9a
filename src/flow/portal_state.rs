//! Changes of a portal's state, each inside the caller's transaction: lost, paused, back, removed (DESIGN.md 4).
//!
//! What follows a change travels in the same transaction: the alarm, the daily look at a paused portal, the end of its jobs.
//! Callers commit (naming the point), forget the portal in the cache and wake the workers.

use super::alarm::Kind;
use crate::db::store::portal as store;
use crate::db::store::portal::PortalStatus;
use crate::db::store::{alarm as alarms, dead};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{DAY, HOUR, Ms};
use crate::domain::ids::Ids;
use crate::domain::message_error::MessageError;
use crate::domain::refusal::{Code, Refusal};
use crate::queue::{self, Job, NewJob};

/// How long data of a removed portal is kept.
pub const RETENTION: Ms = 30 * DAY;
/// How long when the administrator asked to delete the application's data.
pub const RETENTION_CLEAN: Ms = DAY;
/// Key by which a removed portal's purge is cancelled.
pub const PURGE_KEY: &str = "portal-purge";

/// Jobs that waited for the portal and may run once it is back.
const WAITING_KINDS: [&str; 7] = ["answer", "update", "create", "run_call", "register", "notify", "portal_event"];

/// Which portal and token version a change speaks of, by whose ids and clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// Portal.
    pub(super) portal: &'a str,
    /// Version of the pair the news is about.
    pub(super) version: i64,
    /// Id source of jobs.
    pub(super) ids: &'a dyn Ids,
    /// Moment.
    pub(super) now: Ms,
}

/// Notes trouble and has administrators told, at most once an hour; the row stays when the trouble ends, so that it remembers that.
pub(super) async fn alarm(tx: &Tx, subject: Subject<'_>, kind: Kind, detail: &str) -> DbResult<()> {
    let (portal, now) = (subject.portal, subject.now);
    let told_at = alarms::find(&**tx, portal, kind.as_str()).await?.and_then(|alarm| alarm.told_at);
    alarms::raise(&**tx, portal, kind.as_str(), detail, now).await?;
    if told_at.is_none_or(|told| told <= now.saturating_sub(HOUR)) {
        let notify = NewJob::at(portal, Job::Notify { alarm: kind.as_str().to_owned() }, now).once(kind.as_str());
        queue::enqueue(tx, subject.ids, now, &[notify]).await?;
    }
    Ok(())
}

/// The pair is lost: calls go on, answers wait until an administrator opens the application. `false` = nothing to change.
pub(super) async fn lose(tx: &Tx, subject: Subject<'_>, why: &str) -> DbResult<bool> {
    let from = [PortalStatus::Active, PortalStatus::Paused];
    let to = (PortalStatus::AuthLost, Some(why));
    let changed = store::set_status(&**tx, subject.portal, subject.version, &from, to, subject.now).await?;
    if changed {
        tracing::error!(portal.id = subject.portal, why, "authorization lost");
        alarm(tx, subject, Kind::AuthLost, "").await?;
        look_again(tx, subject).await?;
    }
    Ok(changed)
}

/// Plan, payment or overload: nothing is asked of the portal until it is looked at again.
pub(super) async fn pause(tx: &Tx, subject: Subject<'_>, why: &str) -> DbResult<bool> {
    let to = (PortalStatus::Paused, Some(why));
    let changed = store::set_status(&**tx, subject.portal, subject.version, &[PortalStatus::Active], to, subject.now).await?;
    if changed {
        // No notification would pass; the operator sees it here and in the portal's status.
        tracing::error!(portal.id = subject.portal, why, "portal paused");
        look_again(tx, subject).await?;
    }
    Ok(changed)
}

/// The portal works again: what waited runs now.
pub(super) async fn back(tx: &Tx, subject: Subject<'_>) -> DbResult<bool> {
    let from = [PortalStatus::Paused, PortalStatus::AuthLost];
    let to = (PortalStatus::Active, None);
    let changed = store::set_status(&**tx, subject.portal, subject.version, &from, to, subject.now).await?;
    if changed {
        resume(tx, subject).await?;
    }
    Ok(changed)
}

/// Brings the waiting jobs of a portal that works forward.
pub(super) async fn resume(tx: &Tx, subject: Subject<'_>) -> DbResult<()> {
    store::bring_forward(&**tx, subject.portal, &WAITING_KINDS, subject.now).await?;
    Ok(())
}

/// The application was removed: jobs end, tokens are erased, data waits for its purge. A later `clean` only shortens the wait.
pub(super) async fn remove(tx: &Tx, subject: Subject<'_>, clean: bool) -> DbResult<bool> {
    let purge_at = subject.now.saturating_add(if clean { RETENTION_CLEAN } else { RETENTION });
    let changed = store::uninstall(&**tx, subject.portal, subject.version, purge_at, subject.now).await?;
    if changed {
        queue::cancel_portal(tx, subject.portal).await?;
        let gone = MessageError::of_refusal(&Refusal::new(Code::PortalPaused, "portal uninstalled").with("name", "-"));
        dead::end_portal(&**tx, subject.portal, &gone.to_json().to_string(), subject.now).await?;
        let purge = NewJob::at(subject.portal, Job::Purge { scope: "portal".to_owned() }, purge_at).once("portal").cancelled_by(PURGE_KEY);
        queue::enqueue(tx, subject.ids, subject.now, &[purge]).await?;
    }
    Ok(changed)
}

/// The next daily look at a portal that does not work.
pub(super) async fn look_again(tx: &Tx, subject: Subject<'_>) -> DbResult<()> {
    let job = Job::RefreshToken { reason: super::token::RECHECK.to_owned() };
    let job = NewJob::at(subject.portal, job, subject.now.saturating_add(DAY)).once(super::token::RECHECK);
    queue::enqueue(tx, subject.ids, subject.now, &[job]).await?;
    Ok(())
}
