//! Gives a client's message to the wait it answers, if there is one: judged, noted, answered or asked again.

use super::ask;
use super::choose::{Candidate, choose};
use super::values::{self, Reading};
use super::{answer_as, heard, operation};
use crate::catalog::operation::Operation;
use crate::db::entity::{message, robot_call};
use crate::db::store::wait::{self, state};
use crate::db::store::{self};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, iso};
use crate::domain::event::{InboundMessage, TakenBy};
use crate::domain::expected::{Expected, Heard, Scene, Verdict};
use crate::domain::trigger::Trigger;
use crate::flow::portal_view::PortalView;
use crate::flow::trigger::{self, Firing};
use crate::flow::{Ctx, arrival};
use crate::queue::NewJob;
use chrono::TimeZone as _;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A client's message on its way in.
#[derive(Debug, Clone, Copy)]
pub(in crate::flow) struct Read<'a> {
    /// Its row; it may not be stored yet.
    pub(in crate::flow) row: &'a message::Model,
    /// What it says.
    pub(in crate::flow) inbound: &'a InboundMessage,
    /// The message of ours that it answers.
    pub(in crate::flow) answered: Option<&'a message::Model>,
}

/// A wait took the message.
#[derive(Debug)]
pub(in crate::flow) struct Taken {
    /// The waiting call.
    pub(in crate::flow) call: robot_call::Model,
    /// By which rule, and how it was judged.
    pub(in crate::flow) by: TakenBy,
    /// What goes on from here.
    pub(in crate::flow) jobs: Vec<NewJob>,
}

impl Taken {
    /// The message's content with the note of who took it.
    pub(in crate::flow) fn note(&self, inbound: &InboundMessage) -> Value {
        json!(InboundMessage { taken: Some(self.by.clone()), ..inbound.clone() })
    }
}

/// Whether a live wait names exactly this word as an answer (`stop=стоп`): then the word is said to the question and to nobody else.
/// A pattern, or a wait for anything at all, names no word.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn expects(tx: &Tx, view: &PortalView, read: &Read<'_>, now: Ms) -> DbResult<bool> {
    if !read.inbound.is_reply() {
        return Ok(false);
    }
    let candidates = candidates(tx, view, &read.row.conversation_id).await?;
    let Some((candidate, _)) = choose(&candidates, read.inbound, read.answered) else { return Ok(false) };
    let Operation::WaitReply { expected, .. } = &candidate.operation else { return Ok(false) };
    let Verdict::Is { code, .. } = judge(view, candidate, read.inbound, now) else { return Ok(false) };
    Ok(expected.iter().any(|item| item.split_once('=').is_some_and(|(name, _)| name.trim() == code)))
}

/// Looks for the wait and does all that follows. The conversation's row has been touched in this transaction before.
pub(in crate::flow) async fn take(tx: &Tx, ctx: &Ctx, view: &PortalView, read: &Read<'_>, now: Ms) -> DbResult<Option<Taken>> {
    if !read.inbound.is_reply() {
        return Ok(None);
    }
    let candidates = candidates(tx, view, &read.row.conversation_id).await?;
    let Some((candidate, rule)) = choose(&candidates, read.inbound, read.answered) else { return Ok(None) };
    let wait = &candidate.wait;
    let attempts = wait.attempts + 1;
    let judged = judge(view, candidate, read.inbound, now);
    let ends = matches!(judged, Verdict::Is { .. }) || attempts >= wait.most;
    let code = match &judged {
        Verdict::Is { code, .. } => code.clone(),
        Verdict::Ambiguous | Verdict::Not => String::new(),
    };
    let replies =
        noted(&wait.replies, json!({"message_id": read.row.id, "at": iso(now), "rule": rule, "verdict": judged.word(), "code": code}));
    let to = if ends { state::ANSWERED } else { state::OPEN };
    if !wait::read_reply(tx, &view.id, wait, &replies, to, now).await? {
        // Its deadline, or another message, was a moment faster.
        return Ok(None);
    }
    let by = TakenBy { call_id: candidate.call.id.clone(), rule: rule.to_owned(), verdict: judged.word().to_owned() };
    let mut jobs = Vec::new();
    if ends {
        let value = if let Verdict::Is { value, .. } = judged { value } else { None };
        let file = arrival::file_url(ctx, view, read.inbound, &read.row.id).unwrap_or_default();
        let reading = Reading { code, value, file, attempts };
        let values = values::answered(tx, view, candidate, read.inbound, &reading, now).await?;
        jobs.extend(answer_as(tx, ctx, view, (&candidate.call, &candidate.operation), values, now).await?);
        if !heard(&candidate.call) {
            jobs.extend(
                fire(
                    tx,
                    ctx,
                    view,
                    (&candidate.call.document_entity, &candidate.call.document_id),
                    (read.row, Some(&candidate.call.id)),
                    now,
                )
                .await?,
            );
        }
    } else {
        jobs.extend(ask::again(tx, ctx, view, candidate, &read.row.conversation_id, now).await?);
    }
    Ok(Some(Taken { call: candidate.call.clone(), by, jobs }))
}

/// Open waits of a conversation with their calls, newest first.
async fn candidates(tx: &Tx, view: &PortalView, talk: &str) -> DbResult<Vec<Candidate>> {
    let waits = wait::open_for(&**tx, &view.id, wait::REPLY, &[talk.to_owned()]).await?;
    let ids: Vec<String> = waits.iter().map(|(wait, _)| wait.call_id.clone()).collect();
    let calls = store::call::list(&**tx, &view.id, &ids).await?;
    let calls: HashMap<&str, &robot_call::Model> = calls.iter().map(|call| (call.id.as_str(), call)).collect();
    let one = |wait: crate::db::entity::wait::Model| {
        let call = (*calls.get(wait.call_id.as_str())?).clone();
        let operation = operation(&call)?;
        Some(Candidate { wait, call, operation })
    };
    Ok(waits.into_iter().filter_map(|(wait, _)| one(wait)).collect())
}

fn judge(view: &PortalView, candidate: &Candidate, inbound: &InboundMessage, now: Ms) -> Verdict {
    let any = Verdict::Is { code: String::new(), value: None };
    let Operation::WaitReply { expected, .. } = &candidate.operation else { return any };
    // It was read when the call was decided; what cannot be read any more expects nothing in particular.
    let Ok(expected) = Expected::parse(expected) else { return any };
    let phones = card_phones(inbound);
    let heard = Heard { text: inbound.words(), reply_id: inbound.reply_id.as_deref(), phones: &phones };
    let today = view.time_zone.timestamp_millis_opt(now).single().map(|moment| moment.date_naive()).unwrap_or_default();
    expected.judge(heard, Scene { today, region: &view.region })
}

fn card_phones(inbound: &InboundMessage) -> Vec<String> {
    let cards = inbound.contacts.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let phones = cards.iter().filter_map(|card| card.get("phones")?.as_array().cloned()).flatten();
    phones.filter_map(|phone| phone.as_str().map(str::to_owned)).collect()
}

fn noted(replies: &str, reply: Value) -> Value {
    let mut all: Vec<Value> = serde_json::from_str(replies).unwrap_or_default();
    all.push(reply);
    Value::Array(all)
}

/// The triggers of a client's message in a document: it replied, and perhaps pressed. `about` = the message and the call it was for.
pub(in crate::flow) async fn fire(
    tx: &Tx,
    ctx: &Ctx,
    view: &PortalView,
    document: (&str, &str),
    about: (&message::Model, Option<&str>),
    now: Ms,
) -> DbResult<Vec<NewJob>> {
    let (message, call_id) = about;
    let pressed = matches!(message.kind.as_str(), "button" | "button_reply" | "list_reply");
    let mut jobs = Vec::new();
    for trigger in [Trigger::ClientReplied, Trigger::ButtonPressed] {
        if trigger == Trigger::ButtonPressed && !pressed {
            continue;
        }
        let firing = Firing {
            trigger,
            document_entity: document.0,
            document_id: document.1,
            subject: &message.id,
            call_id,
            message_id: Some(&message.id),
        };
        jobs.extend(trigger::put(tx, ctx, &view.id, &firing, now).await?);
    }
    Ok(jobs)
}
