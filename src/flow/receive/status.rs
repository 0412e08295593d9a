//! Status reports: each finds its message and moves it forward; what follows is `settle::after_status`'s business.
//!
//! Planning reads; storing checks that every message still has the status it was read with.

use super::{Incoming, find};
use crate::db::Tx;
use crate::db::entity::message as message_row;
use crate::db::store::channel::When;
use crate::db::store::inbox::Finished;
use crate::db::store::message::{self, Move};
use crate::db::store::message_event::{self, Report};
use crate::domain::clock::Ms;
use crate::domain::event::{StatusEvent, What};
use crate::domain::identity::Identity;
use crate::domain::message_error::MessageError;
use crate::domain::state::Status;
use crate::flow::channel::{note_state, state_after};
use crate::flow::settle::Moved;
use crate::flow::{Ctx, JobError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// What a group of reports comes to.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// Moves in rounds: a message that moves twice appears in two of them.
    rounds: Vec<Vec<Move>>,
    reports: Vec<Report>,
    moved: Vec<Moved>,
    /// Channels that a failure says something about: empty wallet, blocked account.
    channels: BTreeMap<String, (&'static str, String, Ms)>,
    /// What each report did.
    pub(super) finished: Vec<Finished>,
    /// Users whose phone and BSUID a report told together, by channel.
    pub(super) met: Vec<(String, Identity)>,
    /// Reports whose message is not known.
    pub(super) homeless: Vec<&'a Incoming<'a>>,
}

/// One message while reports are applied to it.
struct Track {
    now: message_row::Model,
    before: Status,
    moves: usize,
}

/// Applies the reports in the order of the provider's clock to copies of their messages.
pub(super) async fn plan<'a>(ctx: &Ctx, portal: &str, incoming: &'a [Incoming<'a>], now: Ms) -> Result<Plan<'a>, JobError> {
    let mut reports: Vec<(&Incoming<'_>, &StatusEvent)> = incoming
        .iter()
        .filter_map(|one| match &one.event.what {
            What::Status(status) => Some((one, status)),
            _ => None,
        })
        .collect();
    reports.sort_by_key(|(one, _)| one.event.at);
    let mut plan = Plan::default();
    if reports.is_empty() {
        return Ok(plan);
    }
    let found = find::messages(ctx, portal, &reports).await?;
    let mut tracks: HashMap<String, Track> = HashMap::new();
    for (one, event) in reports {
        let Some(message) = found.get(&one.row.id) else {
            plan.homeless.push(one);
            continue;
        };
        if !tracks.contains_key(&message.id) {
            let track = Track { now: message.clone(), before: message.state()?, moves: 0 };
            tracks.insert(message.id.clone(), track);
        }
        if let Some(track) = tracks.get_mut(&message.id) {
            apply(ctx, &mut plan, track, one, event, now)?;
        }
    }
    plan.moved = tracks
        .into_values()
        .filter(|track| track.before.as_str() != track.now.status)
        .map(|track| Moved { message: track.now, before: track.before })
        .collect();
    plan.moved.sort_by(|a, b| a.message.id.cmp(&b.message.id));
    Ok(plan)
}

fn apply(ctx: &Ctx, plan: &mut Plan<'_>, track: &mut Track, one: &Incoming<'_>, event: &StatusEvent, now: Ms) -> Result<(), JobError> {
    let old = track.now.state()?;
    let new = old.merge(event.status);
    let applied = new != old;
    plan.reports.push(Report {
        id: ctx.ids.id("ev", now),
        message_id: track.now.id.clone(),
        status: event.status.as_str().to_owned(),
        provider_at: Some(one.event.at),
        applied,
        error: event.error.as_ref().map(|error| json!(error).to_string()),
    });
    let read_as = json!({"message_id": track.now.id, "from": old.as_str(), "to": new.as_str(), "applied": applied});
    plan.finished.push(Finished { id: one.row.id.clone(), state: "done", read_as });
    if event.identity.phone.is_some() && event.identity.bsuid.is_some() {
        plan.met.push((track.now.channel_id.clone(), event.identity.clone()));
    }
    let learns = (track.now.wa_id.is_none() && event.wa_id.is_some())
        || (track.now.provider_id.is_none() && event.provider_id.is_some())
        || event.cost.is_some()
        // A report that comes late says when, even where a later one has moved the message already.
        || message::lacks_time(&track.now, event.status);
    if !applied && !learns {
        return Ok(());
    }
    let mut step = Move::new(&track.now, new, one.event.at)?;
    step.told = event.status;
    step.provider_id.clone_from(&event.provider_id);
    step.wa_id.clone_from(&event.wa_id);
    step.cost.clone_from(&event.cost);
    if applied
        && new == Status::Failed
        && let Some(error) = &event.error
        && let Some(state) = state_after(error.class)
    {
        let left_at = track.now.sending_at.unwrap_or(one.event.at);
        plan.channels.insert(track.now.channel_id.clone(), (state, error.text.clone(), left_at));
    }
    step.error = if applied && new == Status::Failed {
        event.error.as_ref().map(|error| MessageError::of_provider(error, track.now.kind != "template").to_json())
    } else {
        kept_error(&track.now, applied)
    };
    track.now = step.applied(&track.now);
    if plan.rounds.len() <= track.moves {
        plan.rounds.push(Vec::new());
    }
    if let Some(round) = plan.rounds.get_mut(track.moves) {
        round.push(step);
    }
    track.moves += 1;
    Ok(())
}

/// A message that got further has no error any more; one that stays keeps what it had.
fn kept_error(message: &message_row::Model, applied: bool) -> Option<Value> {
    if applied { None } else { message.error.as_deref().and_then(|text| serde_json::from_str(text).ok()) }
}

/// Writes the plan; fails when a message was moved meanwhile.
pub(super) async fn store(tx: &Tx, portal: &str, plan: &Plan<'_>, now: Ms) -> Result<Vec<Moved>, JobError> {
    for round in &plan.rounds {
        let moved = message::move_many(tx, portal, round).await?;
        if moved.len() != round.len() {
            return Err(JobError::Retry { after_ms: None, why: "a message was moved meanwhile".to_owned() });
        }
    }
    // What every further message would meet as well stops the channel, as when the answer to a send says it.
    // A report about what left before somebody mended the channel does not stop it again.
    for (channel_id, (state, why, left_at)) in &plan.channels {
        note_state(tx, portal, channel_id, (state, Some(why)), When::Unchanged(*left_at), now).await?;
    }
    message_event::insert_many(tx, portal, &plan.reports, now).await?;
    Ok(plan.moved.clone())
}
