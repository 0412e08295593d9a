//! Opens waits inside the transaction that decides their calls, and looks for answers that were faster than our commit.

use super::plan::{reached, values};
use super::take::{self, Read};
use crate::catalog::operation::Operation;
use crate::db::entity::{message as message_row, robot_call};
use crate::db::store::wait::{self, NewWait, REPLY, STATUS};
use crate::db::store::{conversation, message};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::event::InboundMessage;
use crate::domain::identity::Identity;
use crate::flow::portal_view::PortalView;
use crate::flow::{Ctx, follow_up};
use crate::queue::NewJob;
use std::collections::BTreeSet;

/// A wait to open.
#[derive(Debug, Clone)]
pub(in crate::flow) struct Opening {
    /// The waiting call, as accepted.
    pub(in crate::flow) call: robot_call::Model,
    /// What it asks.
    pub(in crate::flow) operation: Operation,
    /// Empty for a status.
    pub(in crate::flow) channel_id: String,
    /// Whose answers, where no message of the call's own leads to them.
    pub(in crate::flow) people: Vec<Identity>,
    /// Conversations of its messages, or messages whose status is waited for.
    pub(in crate::flow) subjects: Vec<String>,
    /// Answers that may be read.
    pub(in crate::flow) most: i64,
    /// When it ends.
    pub(in crate::flow) deadline_at: Ms,
}

impl Opening {
    fn is_status(&self) -> bool {
        matches!(self.operation, Operation::WaitStatus { .. })
    }
}

/// Opens the waits of one portal; returns jobs. Called after their calls were decided and their messages stored.
pub(in crate::flow) async fn open(tx: &Tx, ctx: &Ctx, view: &PortalView, openings: Vec<Opening>, now: Ms) -> DbResult<Vec<NewJob>> {
    if openings.is_empty() {
        return Ok(Vec::new());
    }
    let (mut waits, mut talks, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    let mut opened: Vec<(Opening, Vec<String>)> = Vec::new();
    for opening in openings {
        let subjects = subjects(tx, ctx, view, &opening, now).await?;
        if opening.is_status() {
            statuses.extend(subjects.iter().cloned())
        } else {
            talks.extend(subjects.iter().cloned())
        }
        waits.push(NewWait {
            call_id: opening.call.id.clone(),
            kind: if opening.is_status() { STATUS } else { REPLY },
            channel_id: opening.channel_id.clone(),
            most: opening.most,
            deadline_at: opening.deadline_at,
            subjects: subjects.clone(),
            watch: follow_up::end_event(&opening.call.document_id),
            document_id: opening.call.document_id.clone(),
        });
        opened.push((opening, subjects));
    }
    wait::lock_conversations(tx, &view.id, &talks).await?;
    wait::lock_messages(tx, &view.id, &statuses).await?;
    wait::insert(tx, &view.id, &waits, now).await?;
    let needed: BTreeSet<&str> = waits.iter().filter_map(|wait| wait.watch).collect();
    follow_up::ask_for_events(tx, ctx, &view.id, &needed, now).await?;
    let mut jobs = Vec::new();
    for (opening, subjects) in opened {
        jobs.extend(match opening.is_status() {
            true => already_reached(tx, ctx, view, &opening, &subjects, now).await?,
            false => already_answered(tx, ctx, view, &opening, &subjects, now).await?,
        });
    }
    Ok(jobs)
}

async fn subjects(tx: &Tx, ctx: &Ctx, view: &PortalView, opening: &Opening, now: Ms) -> DbResult<Vec<String>> {
    let mut subjects = opening.subjects.clone();
    if !opening.people.is_empty() {
        let wanted: Vec<(String, Identity)> = opening.people.iter().map(|who| (opening.channel_id.clone(), who.clone())).collect();
        let talks = conversation::find_or_create_many(tx, &view.id, ctx.ids.as_ref(), &wanted, now).await?;
        subjects.extend(talks.into_iter().map(|talk| talk.id));
    }
    subjects.sort_unstable();
    subjects.dedup();
    Ok(subjects)
}

/// The status came while the call was being decided.
async fn already_reached(tx: &Tx, ctx: &Ctx, view: &PortalView, opening: &Opening, ids: &[String], now: Ms) -> DbResult<Vec<NewJob>> {
    let Operation::WaitStatus { wait_for, .. } = &opening.operation else { return Ok(Vec::new()) };
    let found = message::list(&**tx, &view.id, ids).await?;
    let rows: Vec<&message_row::Model> = ids.iter().filter_map(|id| found.iter().find(|row| row.id == *id)).collect();
    if rows.is_empty() || !reached(*wait_for, &rows) {
        return Ok(Vec::new());
    }
    let call_ids = [opening.call.id.clone()];
    wait::close(tx, &view.id, &call_ids, wait::state::ANSWERED, now).await?;
    super::answer_as(tx, ctx, view, (&opening.call, &opening.operation), values(&**tx, view, &rows, now).await?, now).await
}

/// The client answered between the robot's firing and our commit.
async fn already_answered(tx: &Tx, ctx: &Ctx, view: &PortalView, opening: &Opening, talks: &[String], now: Ms) -> DbResult<Vec<NewJob>> {
    let mut jobs = Vec::new();
    for row in message::list_received_since(&**tx, &view.id, talks, opening.call.accepted_at).await? {
        let Ok(inbound) = serde_json::from_str::<InboundMessage>(&row.content) else { continue };
        if inbound.taken.is_some() || !inbound.is_reply() {
            continue;
        }
        let answered = match &row.reply_to {
            Some(id) => message::find(&**tx, &view.id, id).await?,
            None => None,
        };
        let read = Read { row: &row, inbound: &inbound, answered: answered.as_ref() };
        if let Some(taken) = take::take(tx, ctx, view, &read, now).await? {
            message::put_content(tx, &view.id, &row.id, &taken.note(&inbound).to_string()).await?;
            jobs.extend(taken.jobs);
        }
    }
    Ok(jobs)
}
