//! Follow-ups: messages to be sent later unless the client replies, the document moves on or ends, or the client opts out first.
//!
//! A robot call arms rows (`arm`), their jobs fire them (`fire`) and hand over to `deliver`; `heard` is what a client's message does to
//! them, `document` what CRM does, `bind` asks the portal for CRM events only while somebody needs them, `before_wire` looks once more
//! when a message was held on its way. A stop committed before a message is marked `sending` wins, whatever the order of everything else.

pub mod api;
pub mod arm;
pub mod before_wire;
pub mod bind;
pub mod document;
pub mod event;
pub mod fire;
mod letter;
mod plan;

pub(super) use bind::{ask_for as ask_for_events, look_if_idle};
pub(super) use event::end_of as end_event;

use super::portal_view::PortalView;
use super::settle::{self, Moved};
use super::{Ctx, outgoing, results};
use crate::catalog::operation::{FollowUp, Operation};
use crate::db::entity::{conversation, follow_up as row, message, robot_call};
use crate::db::store::follow_up_stop::{self, Cause, Stopped, Way, Whose};
use crate::db::store::{call as calls, conversation as conversations, follow_up as store, message as messages};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, SECOND, iso};
use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::domain::phone;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::queue::{self, Job, NewJob};
use arm::Armed;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// CODE of the robot.
pub const ROBOT: &str = "follow_up";

/// Why a follow-up ended without being sent; stable words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The client wrote.
    Reply,
    /// The document is in another stage.
    StageChange,
    /// The document was won or lost.
    WonLost,
    /// The client opted out.
    OptOut,
    /// The document does not exist any more.
    DocumentGone,
    /// A robot or a person ended it.
    Cancelled,
    /// The same was armed again.
    Rearmed,
    /// Its moment passed while nothing could be sent.
    Late,
    /// A rule refused it; the error says which.
    Refused,
}

impl Reason {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::StageChange => "stage_change",
            Self::WonLost => "won_lost",
            Self::OptOut => "opt_out",
            Self::DocumentGone => "document_gone",
            Self::Cancelled => "cancelled",
            Self::Rearmed => "rearmed",
            Self::Late => "late",
            Self::Refused => "refused",
        }
    }

    fn cause(self) -> Cause {
        match self {
            Self::Reply => Cause::Reply,
            Self::OptOut => Cause::OptOut,
            _ => Cause::Decision,
        }
    }

    fn state(self) -> &'static str {
        match self {
            Self::Cancelled | Self::Rearmed => store::state::CANCELLED,
            Self::Late | Self::Refused => store::state::SKIPPED,
            _ => store::state::STOPPED,
        }
    }
}

/// Ends the follow-ups to a person that this reason may end, with messages that have not left; returns how many. In the caller's
/// transaction: whoever stores an opt-out calls this beside it.
///
/// # Errors
/// The database's; the caller drops the transaction.
pub async fn stop(tx: &Tx, ctx: &Ctx, portal: &str, who: &Identity, reason: Reason, now: Ms) -> DbResult<u64> {
    let recipients = recipients(who);
    let whose = Whose { recipients: Some(&recipients), ..Whose::default() };
    let stopped = end(tx, ctx, portal, &whose, reason, now).await?;
    Ok(u64::try_from(stopped.follow_ups.len()).unwrap_or(u64::MAX))
}

/// Every way in which a follow-up's row may name this person.
fn recipients(who: &Identity) -> Vec<String> {
    let mut all: Vec<String> = who.phone.iter().flat_map(|digits| phone::variants(digits).into_iter().chain([digits.clone()])).collect();
    all.extend([&who.bsuid, &who.lid, &who.group].into_iter().flatten().cloned());
    all.sort_unstable();
    all.dedup();
    all
}

/// Ends follow-ups, their jobs, and the messages made for them; everybody who shows their state learns it.
async fn end(tx: &Tx, ctx: &Ctx, portal: &str, whose: &Whose<'_>, reason: Reason, now: Ms) -> DbResult<Stopped> {
    let way = Way { cause: reason.cause(), state: reason.state(), reason: reason.as_str(), error: None };
    let stopped = follow_up_stop::stop(tx, portal, whose, way, now).await?;
    if stopped.follow_ups.is_empty() {
        return Ok(stopped);
    }
    let keys: Vec<String> = stopped.follow_ups.iter().map(|id| job_key(id)).collect();
    let sends = stopped.messages.iter().map(|id| outgoing::send_key(id));
    queue::cancel_many(tx, portal, &keys.into_iter().chain(sends).collect::<Vec<_>>()).await?;
    let moved: Vec<Moved> = messages::list(&**tx, portal, &stopped.messages)
        .await?
        .into_iter()
        .map(|message| Moved { message, before: Status::Queued })
        .collect();
    settle::after_status(tx, ctx, portal, &moved, now).await?;
    tell_ended(tx, ctx, portal, &stopped.follow_ups, Status::Cancelled, now).await?;
    bind::look_if_idle(tx, ctx, portal, now).await?;
    metrics::counter!("courier24_follow_ups_ended_total", "reason" => reason.as_str())
        .increment(u64::try_from(stopped.follow_ups.len()).unwrap_or_default());
    Ok(stopped)
}

/// Deal fields of calls whose follow-ups ended without a message show it.
async fn tell_ended(tx: &Tx, ctx: &Ctx, portal: &str, ids: &[String], status: Status, now: Ms) -> DbResult<()> {
    let rows = store::list(&**tx, portal, ids).await?;
    let named: Vec<String> = rows.iter().filter(|row| row.message_id.is_none()).filter_map(|row| row.call_id.clone()).collect();
    if named.is_empty() {
        return Ok(());
    }
    let mut jobs = Vec::new();
    for call in calls::list(&**tx, portal, &named).await? {
        let operation = call.operation.as_deref().and_then(|text| serde_json::from_str::<Operation>(text).ok());
        let wanted = operation.as_ref().and_then(Operation::send).map(|send| send.write_fields.clone()).unwrap_or_default();
        if wanted.is_empty() {
            continue;
        }
        let mut values = Map::new();
        results::put(&mut values, "status", results::word(status));
        results::put(&mut values, "ok", "N");
        if let Some(row) = rows.iter().find(|row| row.call_id.as_ref() == Some(&call.id)) {
            results::put(&mut values, "recipient", row.recipient.clone());
        }
        add_results(&call, &mut values);
        jobs.push(settle::put_fields(tx, ctx, &call, &wanted, &values, now).await?);
    }
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(())
}

/// The results that every answer of the robot keeps: which follow-ups, and when.
pub(super) fn add_results(call: &robot_call::Model, out: &mut Map<String, Value>) {
    let decision: Value = call.decision.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    for (result, key) in [("follow_up_id", "/follow_up/follow_up_id"), ("due_at", "/follow_up/due_at")] {
        let told = decision.pointer(key).and_then(Value::as_str).unwrap_or_default();
        results::put(out, result, told);
    }
}

/// Whether CRM may end it while its document exists; then nothing is sent unless CRM was read.
fn stages_matter(row: &row::Model) -> bool {
    row.on_stage == 1 || row.on_won_lost == 1
}

fn job_key(id: &str) -> String {
    format!("follow-up:{id}")
}

/// The timer of a pending follow-up.
fn job(portal: &str, id: &str, due_at: Ms) -> NewJob {
    NewJob::at(portal, Job::FollowUp { follow_up_id: id.to_owned() }, due_at).once(id).cancelled_by(job_key(id))
}

/// What a robot call asks of follow-ups.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// Arm these.
    Arm(Vec<Armed>),
    /// End these.
    Cancel {
        /// The document.
        document_id: String,
        /// Its chain; `None` = all.
        chain: Option<String>,
        /// To these; `None` = everybody.
        recipients: Option<Vec<String>>,
    },
}

impl Order {
    /// `cancel_follow_ups`.
    ///
    /// # Errors
    /// `phone_invalid` when numbers are typed and none of them is one.
    pub(super) fn cancel(portal: &PortalView, call: &robot_call::Model, chain: &str, phones: &[String]) -> Result<Self, Refusal> {
        let typed: Vec<&String> = phones.iter().filter(|text| !text.trim().is_empty()).collect();
        let numbers = typed.iter().flat_map(|text| phone::normalise_all(text, &portal.region)).filter_map(Result::ok);
        let recipients: Vec<String> = numbers.flat_map(|digits| recipients(&Identity::phone(digits))).collect();
        if let Some(text) = typed.first().filter(|_| recipients.is_empty()) {
            let value: String = text.chars().take(60).collect();
            return Err(Refusal::new(Code::PhoneInvalid, "no usable number in phone").with("value", value));
        }
        let chain = Some(chain.trim().to_owned()).filter(|chain| !chain.is_empty());
        let recipients = (!typed.is_empty()).then_some(recipients);
        Ok(Self::Cancel { document_id: call.document_id.clone(), chain, recipients })
    }

    /// For the journal.
    pub(super) fn verdict(&self) -> &'static str {
        match self {
            Self::Arm(_) => "follow_up",
            Self::Cancel { .. } => "cancel_follow_ups",
        }
    }

    /// For the journal, and for later answers of the call.
    pub(super) fn journal(&self) -> Value {
        match self {
            Self::Arm(armed) => {
                let joined = |part: fn(&Armed) -> String| armed.iter().map(part).collect::<Vec<_>>().join(",");
                json!({
                    "follow_up_id": joined(|one| one.row.id.clone()),
                    "due_at": armed.first().map(|one| one.due_text.clone()).unwrap_or_default(),
                    "zone": armed.first().map(|one| one.row.zone.clone()),
                })
            }
            Self::Cancel { document_id, chain, .. } => json!({"document": document_id, "chain": chain}),
        }
    }
}

/// Carries an order out in the caller's transaction; returns what the process is told.
pub(super) async fn carry_out(tx: &Tx, ctx: &Ctx, portal: &PortalView, order: &Order, now: Ms) -> DbResult<Map<String, Value>> {
    match order {
        Order::Arm(armed) => {
            let rows = arm::store(tx, ctx, &portal.id, armed, now).await?;
            let mut values = results::well();
            results::put(&mut values, "status", Status::Queued.as_str());
            results::put(&mut values, "recipient", rows.iter().map(|row| row.recipient.as_str()).collect::<Vec<_>>().join(","));
            if let Some(first) = armed.first() {
                results::put_window(&mut values, portal, first.window, now);
                results::put(&mut values, "rendered_text", first.text.clone());
                results::put(&mut values, "due_at", first.due_text.clone());
            }
            results::put(&mut values, "follow_up_id", rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(","));
            for empty in ["message_id", "cost", "currency"] {
                results::put(&mut values, empty, "");
            }
            Ok(values)
        }
        Order::Cancel { document_id, chain, recipients } => {
            let whose =
                Whose { document_id: Some(document_id), chain: chain.as_deref(), recipients: recipients.as_deref(), ..Whose::default() };
            let stopped = end(tx, ctx, &portal.id, &whose, Reason::Cancelled, now).await?;
            let mut values = results::well();
            values.insert("cancelled".to_owned(), json!(stopped.follow_ups.len()));
            Ok(values)
        }
    }
}

/// What a client's message does: it ends follow-ups that a reply ends, and moves those that are counted from it. One look-up when
/// there are none. Reactions and their like are no replies. In the transaction that stores the message.
pub(super) async fn heard(tx: &Tx, ctx: &Ctx, talk: &conversation::Model, (inbound, at): (&InboundMessage, Ms), now: Ms) -> DbResult<()> {
    if !inbound.opens_window() {
        return Ok(());
    }
    let portal = talk.portal.as_str();
    let mut who = inbound.identity.clone();
    who.phone = who.phone.or_else(|| talk.phone.clone());
    who.bsuid = who.bsuid.or_else(|| talk.bsuid.clone());
    who.lid = who.lid.or_else(|| talk.lid.clone());
    let recipients = recipients(&who);
    if !store::any_pending_or_made(&**tx, portal, &recipients).await? {
        return Ok(());
    }
    // What was written before the follow-up was armed is no reply to anything it waits for. Some clocks tell whole seconds only.
    let armed_until = if at % SECOND == 0 { at + SECOND - 1 } else { at };
    let whose = Whose { recipients: Some(&recipients), armed_until: Some(armed_until), ..Whose::default() };
    end(tx, ctx, portal, &whose, Reason::Reply, now).await?;
    let left = store::pending_in(&**tx, portal, &talk.id).await?;
    if left.is_empty() {
        return Ok(());
    }
    // As it is with this message noted.
    let talk = conversations::list(&**tx, portal, std::slice::from_ref(&talk.id)).await?.into_iter().next().unwrap_or_else(|| talk.clone());
    let Some(view) = PortalView::find(&**tx, portal).await? else { return Ok(()) };
    let channels = crate::db::store::channel::list(&**tx, portal).await?;
    let channel = channels.iter().find(|channel| channel.id == talk.channel_id);
    let shifts: Vec<store::Shift> = left.iter().filter_map(|row| plan::shifted(row, &view, channel, Some(&talk), now)).collect();
    shift(tx, ctx, portal, &shifts, now).await
}

/// Moves pending follow-ups with their timers.
async fn shift(tx: &Tx, ctx: &Ctx, portal: &str, shifts: &[store::Shift], now: Ms) -> DbResult<()> {
    if shifts.is_empty() {
        return Ok(());
    }
    let moved = store::shift_many(tx, portal, shifts, now).await?;
    let keys: Vec<String> = moved.iter().map(|id| job_key(id)).collect();
    queue::cancel_many(tx, portal, &keys).await?;
    let timers = shifts.iter().filter(|shift| moved.contains(&shift.id));
    let jobs: Vec<NewJob> = timers.filter_map(|shift| Some(job(portal, &shift.id, shift.due_at?))).collect();
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    Ok(())
}

/// Conversations of follow-ups by id.
async fn talks(ctx: &Ctx, portal: &str, rows: &[row::Model]) -> DbResult<HashMap<String, conversation::Model>> {
    let ids: Vec<String> = rows.iter().map(|row| row.conversation_id.clone()).collect();
    Ok(conversations::list(ctx.db.read(), portal, &ids).await?.into_iter().map(|talk| (talk.id.clone(), talk)).collect())
}

/// Which of these messages were made for follow-ups of pages or scripts that are not to stand in the timeline.
pub(super) async fn hidden_from_timeline(tx: &Tx, portal: &str, made: &[&message::Model]) -> DbResult<HashSet<String>> {
    let ids: Vec<String> = made.iter().map(|message| message.id.clone()).collect();
    let recipients: Vec<String> = made.iter().map(|message| message.recipient.clone()).collect();
    let rows = store::of_messages(&**tx, portal, &recipients, &ids).await?;
    let hidden = |row: &row::Model| !serde_json::from_str::<FollowUp>(&row.operation).is_ok_and(|wanted| wanted.send.to_timeline);
    Ok(rows.into_iter().filter(hidden).filter_map(|row| row.message_id).collect())
}

/// For logs and journals.
fn moment(at: Option<Ms>) -> Value {
    json!(at.map(iso))
}
