//! Triggers `window_closing` and `window_closed`: once a window, for the document of its conversation, unless the client was answered.
//!
//! A timer a conversation and trigger, started by the first message of a window; when the window has grown meanwhile, the timer goes on
//! to its new end, so that a busy conversation costs one ignored insert a message.

use super::portal_view::PortalView;
use super::trigger::{self, Firing};
use super::{Ctx, JobError, Leftover};
use crate::db::entity::conversation;
use crate::db::store::{conversation as conversations, message as messages};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::trigger::Trigger;
use crate::queue::{self, Claimed, Group, Job, NewJob};
use std::collections::HashMap;

const CLOSING: &str = "window_closing";
const CLOSED: &str = "window_closed";

/// Starts the timers of a window that a message has just opened or lengthened. In the transaction that stores the message.
pub(super) async fn start(tx: &Tx, ctx: &Ctx, talk: &conversation::Model, until: Ms, now: Ms) -> DbResult<()> {
    let timer = |trigger: &str, at: Ms| {
        let job = Job::WindowTimer { conversation_id: talk.id.clone(), trigger: trigger.to_owned() };
        NewJob::at(&talk.portal, job, at.max(now)).once(format!("{trigger}:{}", talk.id))
    };
    // The first look comes early enough for every setting of the portal; it finds the exact moment itself.
    let first = until.saturating_sub(crate::domain::clock::DAY / 2).max(now);
    queue::enqueue(tx, ctx.ids.as_ref(), now, &[timer(CLOSING, first), timer(CLOSED, until)]).await?;
    Ok(())
}

/// What a look at one timer says.
enum Fate {
    Wait(Ms),
    Nothing,
    Fire(Trigger, Ms),
}

/// Works the timers of one portal.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let leftover = match work(ctx, &group.portal, &group.jobs).await {
        Ok(leftover) => leftover,
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    };
    ctx.wake.notify_waiters();
    leftover
}

fn timer(job: &Claimed) -> Option<(&String, &str)> {
    match &job.job {
        Job::WindowTimer { conversation_id, trigger } => Some((conversation_id, trigger.as_str())),
        _ => None,
    }
}

async fn work(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let ids: Vec<String> = jobs.iter().filter_map(timer).map(|(id, _)| id.clone()).collect();
    let talks: HashMap<String, conversation::Model> =
        conversations::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|talk| (talk.id.clone(), talk)).collect();
    let view = PortalView::find(ctx.db.read(), portal).await?;
    let (mut leftover, mut done, mut firing) = (Leftover::new(), Vec::new(), Vec::new());
    for job in jobs {
        let Some((talk, view, trigger)) = timer(job).and_then(|(id, trigger)| Some((talks.get(id)?, view.as_ref()?, trigger))) else {
            done.push(job);
            continue;
        };
        match fate(ctx, view, talk, trigger, now).await? {
            Fate::Wait(at) => leftover.push((job.clone(), JobError::Defer { at, why: "the window is open".to_owned() })),
            Fate::Nothing => done.push(job),
            Fate::Fire(trigger, until) => {
                firing.push((talk, trigger, until));
                done.push(job);
            }
        }
    }
    let tx = ctx.db.begin().await?;
    for (talk, trigger, until) in firing {
        fire(&tx, ctx, talk, trigger, until, now).await?;
    }
    queue::complete(&tx, &done).await?;
    tx.commit("window_timer.fired").await?;
    Ok(leftover)
}

async fn fate(ctx: &Ctx, view: &PortalView, talk: &conversation::Model, trigger: &str, now: Ms) -> DbResult<Fate> {
    let Some(until) = talk.window_until else { return Ok(Fate::Nothing) };
    let (moment, fires) = match trigger {
        CLOSING => (until.saturating_sub(view.window_closing), Trigger::WindowClosing),
        _ => (until, Trigger::WindowClosed),
    };
    if now < moment {
        return Ok(Fate::Wait(moment));
    }
    // Looked at too late (an outage): what is closed is not closing.
    if fires == Trigger::WindowClosing && now >= until {
        return Ok(Fate::Nothing);
    }
    let heard = talk.last_inbound_at.unwrap_or(until);
    let answered = messages::answered_since(ctx.db.read(), &view.id, &talk.id, heard).await?;
    Ok(if answered { Fate::Nothing } else { Fate::Fire(fires, until) })
}

/// The one place where a window's trigger is stored.
async fn fire(tx: &Tx, ctx: &Ctx, talk: &conversation::Model, trigger: Trigger, until: Ms, now: Ms) -> DbResult<()> {
    let (Some(entity), Some(document)) = (&talk.document_entity, &talk.document_id) else { return Ok(()) };
    let subject = format!("{}:{until}", talk.id);
    let firing = Firing { trigger, document_entity: entity, document_id: document, subject: &subject, call_id: None, message_id: None };
    if let Some(job) = trigger::put(tx, ctx, &talk.portal, &firing, now).await? {
        queue::enqueue(tx, ctx.ids.as_ref(), now, &[job]).await?;
    }
    Ok(())
}
