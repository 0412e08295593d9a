//! Fires follow-ups whose moment has come: everything that may have changed is looked at, then the message is made.
//!
//! Order: late → moved window → a reply whose webhook raced the arming → quiet hours → CRM, read in one batch → text or template → the
//! gate. The row leaves `pending` in the transaction that stores the message, and only if it still is as it was read.

use super::document::{self, Reading};
use super::plan::{Due, Timing, shifted};
use super::{Reason, end, job, letter, moment, shift, stages_matter, talks, tell_ended};
use crate::catalog::operation::{FollowUp, OnClosedWindow};
use crate::db::entity::{conversation, follow_up as row, message};
use crate::db::store::conversation as conversations;
use crate::db::store::follow_up::{self as store, Ended, Fired, Shift, state};
use crate::db::store::follow_up_stop::Whose;
use crate::db::store::portal::PortalStatus;
use crate::db::store::{call as calls, message as messages};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{MINUTE, Ms, iso};
use crate::domain::content::Content;
use crate::domain::document::CrmItem;
use crate::domain::identity::Identity;
use crate::domain::message_error::MessageError;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::flow::consent::Standings;
use crate::flow::desk::{Desk, Sender};
use crate::flow::gate::{self, Question, Verdict};
use crate::flow::results::WindowView;
use crate::flow::template_choice::{self, Fault, Filled};
use crate::flow::{Ctx, JobError, Leftover, outgoing, quiet};
use crate::queue::{self, Claimed, Group, Job};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// What a look at one follow-up came to.
#[derive(Debug)]
enum Fate {
    /// Its moment is another one.
    Later(Shift),
    /// It ends for this reason.
    Stop(Reason),
    /// It ends unsent, with the rule that says so.
    Skip(Reason, Option<MessageError>),
    /// Its message is made.
    Fire(Box<message::Model>, Ms, Fired),
    /// Nobody can say now.
    Again(JobError),
}

/// Everything of one group that is stored together.
#[derive(Debug, Default)]
struct Plan {
    shifts: Vec<Shift>,
    stops: BTreeMap<&'static str, (Reason, Vec<String>)>,
    skips: Vec<Ended>,
    fires: Vec<(message::Model, Ms, Fired)>,
    learned: Vec<(String, String, String)>,
}

/// Fires the follow-ups of one portal.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let leftover = match fire(ctx, &group.portal, &group.jobs).await {
        Ok(leftover) => leftover,
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    };
    ctx.wake.notify_waiters();
    leftover
}

async fn fire(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let now = ctx.clock.now();
    let id = |job: &Claimed| match &job.job {
        Job::FollowUp { follow_up_id } => Some(follow_up_id.clone()),
        _ => None,
    };
    let ids: Vec<String> = jobs.iter().filter_map(id).collect();
    let mut rows: Vec<row::Model> = store::list(ctx.db.read(), portal, &ids).await?;
    rows.retain(|row| row.state == state::PENDING);
    let desk = Desk::open(&ctx.db, portal).await?.filter(|desk| desk.portal.status != PortalStatus::Uninstalled);
    let (Some(mut desk), false) = (desk, rows.is_empty()) else {
        return store_all(ctx, portal, &Plan::default(), jobs.iter().collect()).await.map(|()| Leftover::new());
    };
    let talks = talks(ctx, portal, &rows).await?;
    let mut plan = Plan::default();
    let (mut fates, mut checked): (HashMap<String, Fate>, Vec<row::Model>) = (HashMap::new(), Vec::new());
    for row in rows {
        match early(&desk, &row, talks.get(&row.conversation_id), now) {
            Some(fate) => drop(fates.insert(row.id, fate)),
            None => checked.push(row),
        }
    }
    let watched: Vec<String> = checked.iter().filter(|row| row.watch.is_some()).filter_map(|row| row.document_id.clone()).collect();
    let readings = if watched.is_empty() { HashMap::new() } else { document::read(ctx, portal, &watched).await };
    for row in checked {
        let reading = row.document_id.as_ref().filter(|_| row.watch.is_some()).and_then(|id| readings.get(id));
        let fate = match reading {
            Some(Reading::Unreadable(error)) if stages_matter(&row) => Fate::Again(error.clone()),
            Some(reading) if document::verdict(&row, reading).is_some() => {
                document::verdict(&row, reading).map_or(Fate::Stop(Reason::StageChange), Fate::Stop)
            }
            _ => make(ctx, &mut desk, &row, talks.get(&row.conversation_id)).await,
        };
        if let (None, Some(Reading::Stands(standing))) = (&row.stage, reading) {
            plan.learned.push((row.id.clone(), standing.stage.clone(), standing.moved.clone()));
        }
        fates.insert(row.id.clone(), fate);
    }
    let mut leftover = Leftover::new();
    let mut done = Vec::new();
    for job in jobs {
        match id(job).and_then(|id| fates.remove(&id).map(|fate| (id, fate))) {
            Some((_, Fate::Again(error))) => leftover.push((job.clone(), error)),
            Some((id, fate)) => {
                note(&mut plan, id, fate);
                done.push(job);
            }
            None => done.push(job),
        }
    }
    store_all(ctx, portal, &plan, done).await?;
    Ok(leftover)
}

fn note(plan: &mut Plan, id: String, fate: Fate) {
    match fate {
        Fate::Later(shift) => plan.shifts.push(shift),
        Fate::Stop(reason) => plan.stops.entry(reason.as_str()).or_insert_with(|| (reason, Vec::new())).1.push(id),
        Fate::Skip(reason, error) => plan.skips.push(Ended {
            id,
            state: state::SKIPPED,
            reason: reason.as_str().to_owned(),
            error: error.map(|error| error.to_json()),
        }),
        Fate::Fire(message, leaves_at, fired) => plan.fires.push((*message, leaves_at, fired)),
        Fate::Again(_) => {}
    }
}

/// What can be said without asking anybody.
fn early(desk: &Desk, row: &row::Model, talk: Option<&conversation::Model>, now: Ms) -> Option<Fate> {
    let stay = |due_at: Option<Ms>| Fate::Later(Shift { id: row.id.clone(), was: row.due_at, due_at, base_at: row.base_at });
    let due = match row.due_at {
        Some(due) if due <= now => due,
        // Moved meanwhile; its own timer comes.
        other => return Some(stay(other)),
    };
    if row.on_reply == 1 && talk.and_then(|talk| talk.last_inbound_at).is_some_and(|at| at > row.armed_at) {
        return Some(Fate::Stop(Reason::Reply));
    }
    if now.saturating_sub(due) > desk.portal.follow_up_late {
        return Some(Fate::Skip(Reason::Late, None));
    }
    let sender = desk.sender(&row.channel_id);
    shifted(row, &desk.portal, sender.as_ref().map(|sender| &sender.row), talk, now).map(Fate::Later)
}

/// The message, or why there is none.
async fn make(ctx: &Ctx, desk: &mut Desk, row: &row::Model, talk: Option<&conversation::Model>) -> Fate {
    match compose(ctx, desk, row, talk).await {
        Ok(fate) => fate,
        Err(Fault::Refused(refusal) | Fault::Skipped(refusal)) => Fate::Skip(Reason::Refused, Some(MessageError::of_refusal(&refusal))),
        Err(Fault::Later(error)) => Fate::Again(error),
    }
}

async fn compose(ctx: &Ctx, desk: &mut Desk, row: &row::Model, talk: Option<&conversation::Model>) -> Result<Fate, Fault> {
    let now = ctx.clock.now();
    let unreadable = || Refusal::new(Code::PropertyInvalid, "stored follow-up unreadable").with("name", "follow_up").with("value", "");
    let wanted: FollowUp = serde_json::from_str(&row.operation).map_err(|_| unreadable())?;
    let who: Identity = serde_json::from_str(&row.identity).map_err(|_| unreadable())?;
    let sender = desk
        .sender(&row.channel_id)
        .ok_or_else(|| Refusal::new(Code::ChannelUnavailable, "the channel was deleted").with("name", row.channel_id.clone()))?;
    let window = WindowView::of(sender.capabilities().official, talk);
    let filled = content(ctx, desk, &sender, &wanted, row, window, now).await?;
    let quiet = quiet::until(&desk.portal, &sender.row, &who, talk, Some(&filled.content), now);
    let standings = Standings::read(ctx, ctx.db.read(), &desk.portal.id, &[(who.clone(), talk)]).await;
    let standing = standings.map_err(|error| Fault::Later(error.into()))?.of(&who, talk);
    let on_closed = OnClosedWindow::Fail;
    let question = Question { portal: &desk.portal, sender: &sender, content: &filled.content, window, standing, on_closed, quiet };
    let held = match gate::check(&question, now)? {
        Verdict::HoldForQuiet(until) => {
            return Ok(Fate::Later(Shift { id: row.id.clone(), was: row.due_at, due_at: Some(until), base_at: row.base_at }));
        }
        Verdict::HoldForChannel => {
            let reason = Refusal::new(Code::ChannelUnavailable, gate::HELD_FOR_CHANNEL).with("name", sender.row.name.clone());
            Some(MessageError::of_refusal(&reason))
        }
        Verdict::Send(_) | Verdict::HoldForWindow | Verdict::Fallback => None,
    };
    let message = letter::message(ctx, row, &filled, held.as_ref(), now);
    let next = next(row, desk, &sender, now);
    let fired = Fired {
        id: row.id.clone(),
        was: row.due_at,
        message_id: message.id.clone(),
        state: if next.is_some() { state::PENDING } else { state::SENT },
        due_at: next.map_or(row.due_at, |due| due.at),
        base_at: next.map_or(row.base_at, |due| due.base),
    };
    let leaves_at = if held.is_some() { now.saturating_add(MINUTE) } else { now };
    Ok(Fate::Fire(Box::new(message), leaves_at, fired))
}

/// The text while it may be sent, else the template.
async fn content(
    ctx: &Ctx,
    desk: &mut Desk,
    sender: &Sender,
    wanted: &FollowUp,
    row: &row::Model,
    window: WindowView,
    now: Ms,
) -> Result<Filled, Fault> {
    let (text, template) = (!wanted.text.trim().is_empty(), !wanted.template.template.trim().is_empty());
    if text && window.open(now) {
        let content = Content::Text { body: wanted.text.clone(), preview_link: true };
        return Ok(Filled { content, text: wanted.text.clone(), degraded: None });
    }
    if template {
        let document = row.document_id.as_deref().and_then(CrmItem::parse);
        return template_choice::fill(ctx, desk, sender, document, &wanted.template, wanted.send.on_missing).await;
    }
    Err(gate::window_closed(&desk.portal, window).into())
}

/// The moment of the repeat that follows this send.
fn next(row: &row::Model, desk: &Desk, sender: &Sender, now: Ms) -> Option<Due> {
    if row.repeats_left <= 0 {
        return None;
    }
    Timing::of(row, &desk.portal, Some(&sender.row)).map(|timing| timing.repeat(now))
}

async fn store_all(ctx: &Ctx, portal: &str, plan: &Plan, done: Vec<&Claimed>) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    // First the jobs: a timer of the same follow-up may be stored anew below.
    queue::complete(&tx, &done).await?;
    store::learn_stages(&tx, portal, &plan.learned, now).await?;
    for (reason, ids) in plan.stops.values() {
        end(&tx, ctx, portal, &Whose { ids: Some(ids), ..Whose::default() }, *reason, now).await?;
    }
    shift(&tx, ctx, portal, &plan.shifts, now).await?;
    let skipped = store::end_many(&tx, portal, &plan.skips, now).await?;
    tell_ended(&tx, ctx, portal, &skipped, Status::Skipped, now).await?;
    fire_all(&tx, ctx, portal, &plan.fires, now).await?;
    if !skipped.is_empty() || !plan.fires.is_empty() {
        super::bind::look_if_idle(&tx, ctx, portal, now).await?;
    }
    tx.commit("follow_up.fired").await?;
    for ended in &plan.skips {
        tracing::info!(portal.id = portal, follow_up.id = ended.id, follow_up.reason = ended.reason, "follow-up skipped");
    }
    Ok(())
}

/// Stores the messages of follow-ups that are still as they were read.
async fn fire_all(tx: &Tx, ctx: &Ctx, portal: &str, fires: &[(message::Model, Ms, Fired)], now: Ms) -> DbResult<()> {
    if fires.is_empty() {
        return Ok(());
    }
    let wanted: Vec<Fired> = fires.iter().map(|(_, _, fired)| fired.clone()).collect();
    let won = store::fire_many(tx, portal, &wanted, now).await?;
    let won: Vec<&(message::Model, Ms, Fired)> = fires.iter().filter(|(_, _, fired)| won.contains(&fired.id)).collect();
    let rows: Vec<message::Model> = won.iter().map(|(message, _, _)| message.clone()).collect();
    messages::insert_many(tx, portal, &rows).await?;
    conversations::touch_outbound(tx, portal, &outgoing::touches(&rows), now).await?;
    let mut jobs = Vec::new();
    for (message, leaves_at, fired) in won {
        jobs.push(outgoing::send_job(portal, &message.id, *leaves_at));
        if let (state::PENDING, Some(due_at)) = (fired.state, fired.due_at) {
            jobs.push(job(portal, &fired.id, due_at));
        }
    }
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    journal(tx, portal, &rows, now).await
}

/// The calls' journals name the messages, as they do those of any send.
async fn journal(tx: &Tx, portal: &str, rows: &[message::Model], now: Ms) -> DbResult<()> {
    let ids: Vec<String> = rows.iter().filter_map(|row| row.call_id.clone()).collect();
    for call in calls::list(&**tx, portal, &ids).await? {
        let mut decision: Value = call.decision.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}));
        let own: Vec<&str> = rows.iter().filter(|row| row.call_id.as_ref() == Some(&call.id)).map(|row| row.id.as_str()).collect();
        if let Some(fields) = decision.as_object_mut() {
            let mut named = fields.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
            named.extend(own.into_iter().map(Value::from));
            fields.insert("messages".to_owned(), Value::Array(named));
            fields.insert("fired_at".to_owned(), moment(Some(now)));
        }
        calls::put_decision(tx, portal, &call.id, &decision).await?;
    }
    tracing::info!(portal.id = portal, follow_up.fired = rows.len(), at = iso(now), "follow-ups fired");
    Ok(())
}
