//! What follows when messages moved: answers, deal fields, timeline, deadlines. One function for every mover.
//!
//! The status merge itself is the mover's business; nothing here moves a message or performs HTTP. A call's answer is given once:
//! `answer::put_many` keeps the first, so the order of deliver, receive and deadline does not matter.

use super::portal_view::PortalView;
use super::results::{self, WindowView};
use super::{Ctx, arrival, consent, follow_up, free_entry, reach, waits};
use crate::catalog::operation::Operation;
use crate::db::entity::{conversation, message, robot_call};
use crate::db::store::write_back::Target;
use crate::db::store::{self, call};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::message_error::MessageError;
use crate::domain::refusal::Code;
use crate::domain::state::Status;
use crate::queue::{self, Job, NewJob};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// A message that has just been moved inside the caller's transaction.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The row as it is now, after the move.
    pub message: message::Model,
    /// The status it had before.
    pub before: Status,
}

impl Moved {
    /// The first time that there is something to show: before, it had not left.
    pub(super) fn is_first_settlement(&self) -> bool {
        matches!(self.before, Status::Queued | Status::Held | Status::Sending)
    }

    fn status(&self) -> DbResult<Status> {
        self.message.state()
    }
}

/// Key of a call's `Deadline` job.
pub fn deadline_key(call_id: &str) -> String {
    format!("deadline:{call_id}")
}

/// Stores everything that follows from these moves, in the caller's transaction and a handful of statements for all of them:
/// answers whose `wait_for` is reached (and their deadline's end), `write_fields`, timeline entries and their updates.
///
/// Callers: `flow/deliver` (the send settled), `flow/receive` (a later status). After the commit: `ctx.wake.notify_waiters()`.
///
/// # Errors
/// The database's; the caller drops the transaction.
pub async fn after_status(tx: &Tx, ctx: &Ctx, portal: &str, moved: &[Moved], now: Ms) -> DbResult<()> {
    let mut unordered: Vec<&Moved> = moved.iter().filter(|one| one.message.direction == "in").collect();
    let mut real: Vec<&Moved> = Vec::new();
    for one in moved {
        // On the wire, held, or back in the queue: nothing to tell yet.
        let shown = !matches!(one.status()?, Status::Queued | Status::Held | Status::Sending);
        if shown && one.message.direction == "out" {
            real.push(one);
        }
    }
    if real.is_empty() {
        return arrival::show_unordered(tx, ctx, portal, &unordered, now).await;
    }
    correct_windows(tx, portal, &real, now).await?;
    free_entry::begin(tx, portal, &real, now).await?;
    arrival::after_status(tx, ctx, portal, &real, now).await?;
    // What a refusal says about the person, and about the day's places.
    consent::learn_from_failures(tx, ctx, portal, &real, now).await?;
    reach::give_back(tx, portal, &real, now).await?;
    let calls = Calls::load(tx, portal, &real).await?;
    let ordered = |one: &&Moved| one.message.call_id.as_ref().is_some_and(|id| calls.by_id.contains_key(id));
    unordered.extend(real.iter().copied().filter(|one| !ordered(one)));
    arrival::show_unordered(tx, ctx, portal, &unordered, now).await?;
    if calls.by_id.is_empty() {
        return Ok(());
    }
    let Some(view) = PortalView::find(&**tx, portal).await? else {
        return Ok(());
    };
    let mut jobs = answer_reached(tx, &view, &calls, now).await?;
    jobs.extend(write_fields(tx, ctx, &view, &calls, &real, now).await?);
    jobs.extend(show_in_timeline(tx, ctx, portal, &calls, &real, now).await?);
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(())
}

/// The provider is the judge of windows: when it says "closed", the stored end is wrong.
async fn correct_windows(tx: &Tx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<()> {
    for one in moved.iter().filter(|one| one.message.status == Status::Failed.as_str()) {
        let error = MessageError::read(one.message.error.as_deref());
        if error.is_some_and(|error| error.code == Code::WindowClosed && error.class.is_some()) {
            store::conversation::close_window(tx, portal, &one.message.conversation_id, now).await?;
        }
    }
    Ok(())
}

/// A call with the rows its results are made of.
#[derive(Debug)]
pub(super) struct CallView {
    pub(super) row: robot_call::Model,
    pub(super) operation: Operation,
    /// In sending order.
    pub(super) messages: Vec<message::Model>,
    pub(super) window: WindowView,
}

impl CallView {
    pub(super) fn results(&self, view: &PortalView, now: Ms) -> Map<String, Value> {
        let mut messages: Vec<&message::Model> = self.messages.iter().collect();
        if matches!(self.operation, Operation::FollowUp(_)) {
            // One that repeats shows its latest message.
            messages = messages.split_off(messages.len().saturating_sub(1));
        }
        let mut out = results::of_messages(view, &messages, self.window, now);
        if matches!(self.operation, Operation::FollowUp(_)) {
            follow_up::add_results(&self.row, &mut out);
        }
        results::blank(&self.operation, &mut out);
        out
    }

    fn reached(&self) -> bool {
        if self.operation.reply_wait().is_some() {
            // It waits for the client; only a message that nobody can reply to ends it here.
            return self.messages.iter().all(|m| Status::parse(&m.status).is_some_and(results::over));
        }
        let wait_for = self.operation.send().map(|send| send.wait_for).unwrap_or_default();
        self.messages.iter().all(|m| Status::parse(&m.status).is_some_and(|status| results::reached(wait_for, status)))
    }
}

/// Calls with their messages, in a fixed number of statements.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) by_id: BTreeMap<String, CallView>,
}

impl Calls {
    async fn load(tx: &Tx, portal: &str, moved: &[&Moved]) -> DbResult<Self> {
        let mut ids: Vec<String> = moved.iter().filter_map(|one| one.message.call_id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let fresh: HashMap<&str, &message::Model> = moved.iter().map(|one| (one.message.id.as_str(), &one.message)).collect();
        Self::read(tx, portal, &ids, &fresh).await
    }

    /// `fresh`: messages just read or written by the caller; others of a call are read.
    pub(super) async fn read(tx: &Tx, portal: &str, ids: &[String], fresh: &HashMap<&str, &message::Model>) -> DbResult<Self> {
        let rows = call::list(&**tx, portal, ids).await?;
        let missing: Vec<String> =
            rows.iter().filter(|row| sent_ids(row).iter().any(|id| !fresh.contains_key(id.as_str()))).map(|row| row.id.clone()).collect();
        let mut others: HashMap<String, message::Model> =
            store::message::list_of_calls(&**tx, portal, &missing).await?.into_iter().map(|m| (m.id.clone(), m)).collect();
        let mut parts = Vec::new();
        for row in rows {
            let Some(operation) = row.operation.as_deref().and_then(|text| serde_json::from_str::<Operation>(text).ok()) else {
                continue;
            };
            let messages: Vec<message::Model> =
                sent_ids(&row).iter().filter_map(|id| fresh.get(id.as_str()).map(|m| (*m).clone()).or_else(|| others.remove(id))).collect();
            if !messages.is_empty() {
                parts.push((row, operation, messages));
            }
        }
        let talks: Vec<String> = parts.iter().filter_map(|(_, _, m)| m.first()).map(|m| m.conversation_id.clone()).collect();
        let talks: HashMap<String, conversation::Model> =
            store::conversation::list(&**tx, portal, &talks).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
        let by_id = parts
            .into_iter()
            .map(|(row, operation, messages)| {
                let talk = messages.first().and_then(|m| talks.get(&m.conversation_id));
                let window = WindowView::of(official(&row), talk);
                (row.id.clone(), CallView { row, operation, messages, window })
            })
            .collect();
        Ok(Self { by_id })
    }
}

/// The messages of a call in sending order, as its decision names them.
fn sent_ids(call: &robot_call::Model) -> Vec<String> {
    let named = decision(call).and_then(|decision| decision.get("messages").cloned());
    named.and_then(|ids| serde_json::from_value(ids).ok()).unwrap_or_default()
}

/// Whether windows exist on the call's channel, as decided.
fn official(call: &robot_call::Model) -> bool {
    decision(call).and_then(|decision| decision.pointer("/channel/official").and_then(Value::as_bool)).unwrap_or(true)
}

fn decision(call: &robot_call::Model) -> Option<Value> {
    call.decision.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

async fn answer_reached(tx: &Tx, view: &PortalView, calls: &Calls, now: Ms) -> DbResult<Vec<NewJob>> {
    let reached: Vec<&CallView> = calls.by_id.values().filter(|call| call.row.state == call::state::WAITING && call.reached()).collect();
    answer(tx, view, &reached, now).await
}

/// Stores the answers of these calls as they stand, ends their waits, and returns the jobs that tell their processes.
pub(super) async fn answer(tx: &Tx, view: &PortalView, calls: &[&CallView], now: Ms) -> DbResult<Vec<NewJob>> {
    let mut jobs = Vec::new();
    let (mut told, mut silent, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let answers: Vec<(String, Value)> = calls.iter().map(|call| (call.row.id.clone(), Value::Object(call.results(view, now)))).collect();
    store::answer::put_many(tx, &view.id, &answers, now).await?;
    for call in calls {
        let id = &call.row.id;
        keys.push(deadline_key(id));
        if call.row.use_subscription == "Y" {
            told.push(id.clone());
            jobs.push(answer_job(&view.id, id, now));
        } else {
            silent.push(id.clone());
        }
    }
    call::answered(tx, &view.id, &told, call::state::ANSWERED, now).await?;
    call::answered(tx, &view.id, &silent, call::state::DONE, now).await?;
    queue::cancel_many(tx, &view.id, &keys).await?;
    let replies: Vec<String> = calls.iter().filter(|call| call.operation.reply_wait().is_some()).map(|call| call.row.id.clone()).collect();
    if !replies.is_empty() {
        waits::end(tx, &view.id, &replies, now).await?;
    }
    Ok(jobs)
}

/// As [`answer`], for waits that end without a move: deal fields show the state reached as well.
pub(super) async fn end_waits(tx: &Tx, ctx: &Ctx, view: &PortalView, calls: &[&CallView], now: Ms) -> DbResult<Vec<NewJob>> {
    let mut jobs = answer(tx, view, calls, now).await?;
    for call in calls {
        if let Some(send) = call.operation.send().filter(|send| !send.write_fields.is_empty()) {
            jobs.push(put_fields(tx, ctx, &call.row, &send.write_fields, &call.results(view, now), now).await?);
        }
    }
    Ok(jobs)
}

/// The job that tells a process its answer.
pub(super) fn answer_job(portal: &str, call_id: &str, now: Ms) -> NewJob {
    NewJob::at(portal, Job::Answer { call_id: call_id.to_owned() }, now).once(call_id)
}

async fn write_fields(tx: &Tx, ctx: &Ctx, view: &PortalView, calls: &Calls, moved: &[&Moved], now: Ms) -> DbResult<Vec<NewJob>> {
    let mut jobs = Vec::new();
    for call in calls.by_id.values() {
        let Some(send) = call.operation.send().filter(|send| !send.write_fields.is_empty()) else {
            continue;
        };
        let own = moved.iter().filter(|one| one.message.call_id.as_ref() == Some(&call.row.id));
        let first = own.clone().any(|one| one.is_first_settlement());
        if first || send.write_fields.iter().any(|(_, result)| results::moves(&result.to_lowercase())) {
            jobs.push(put_fields(tx, ctx, &call.row, &send.write_fields, &call.results(view, now), now).await?);
        }
    }
    Ok(jobs)
}

/// Stores what a call's `write_fields` owe to its document, and returns the job that writes it.
pub(super) async fn put_fields(
    tx: &Tx,
    ctx: &Ctx,
    call: &robot_call::Model,
    wanted: &[(String, String)],
    values: &Map<String, Value>,
    now: Ms,
) -> DbResult<NewJob> {
    let fields: Map<String, Value> = wanted
        .iter()
        .map(|(field, result)| (field.clone(), values.get(&result.to_lowercase()).cloned().unwrap_or_else(|| Value::from(""))))
        .collect();
    let portal = &call.portal;
    let (entity, document) = (&call.document_entity, &call.document_id);
    let id = store::write_back::put_fields(tx, portal, ctx.ids.as_ref(), &call.id, entity, document, &fields, now).await?;
    let key = id.clone();
    Ok(NewJob::at(portal, Job::Update { write_back_id: id }, now).once(key))
}

/// A new entry when a message first settles; an update of it at every later move, only the newest of which is written.
async fn show_in_timeline(tx: &Tx, ctx: &Ctx, portal: &str, calls: &Calls, moved: &[&Moved], now: Ms) -> DbResult<Vec<NewJob>> {
    let (mut fresh, mut later) = (Vec::new(), Vec::new());
    for one in moved {
        let call = one.message.call_id.as_ref().and_then(|id| calls.by_id.get(id));
        let Some(call) = call.filter(|call| call.operation.send().is_some_and(|send| send.to_timeline)) else {
            continue;
        };
        if one.is_first_settlement() {
            fresh.push(Target {
                call_id: Some(&call.row.id),
                message_id: Some(&one.message.id),
                document_entity: &call.row.document_entity,
                document_id: &call.row.document_id,
            });
        } else {
            later.push(one.message.id.clone());
        }
    }
    let made = store::write_back::put_timelines(tx, portal, ctx.ids.as_ref(), &fresh, now).await?;
    let create = |id: String| NewJob::at(portal, Job::Create { write_back_id: id.clone() }, now).once(id);
    let mut jobs: Vec<NewJob> = made.into_iter().map(create).collect();
    if !later.is_empty() {
        for row in store::write_back::timeline_of(&**tx, portal, &later).await? {
            let key = row.id.clone();
            jobs.push(NewJob::at(portal, Job::Update { write_back_id: row.id }, now).once(key));
        }
    }
    Ok(jobs)
}
