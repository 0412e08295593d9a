//! The last look, inside the transaction that marks messages as sending: consent and the daily limit.
//!
//! Consents are shared-locked first, so that a refusal committed before the mark always wins; then the portfolios are held while places
//! are taken. Whatever may not go ends or waits by a move of the same commit.

use super::Ready;
use crate::db::store::message::Move;
use crate::db::store::{consent as consents, reach as places};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, iso};
use crate::domain::message_error::MessageError;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::flow::consent::Standings;
use crate::flow::desk::Desk;
use crate::flow::reach::{self, LONGEST_WAIT, Place, Terms, Wish};
use crate::flow::results::{self, WindowView};
use crate::flow::{Ctx, auto_reply, gate};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What became of the messages that were about to leave.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// They leave.
    pub(super) goes: Vec<(Ready, Move)>,
    /// They end here.
    pub(super) ends: Vec<(Ready, Move)>,
    /// They wait until then.
    pub(super) holds: Vec<(Ready, Move, Ms)>,
}

/// Looks.
pub(super) async fn look(tx: &Tx, ctx: &Ctx, desk: &Desk, goes: Vec<(Ready, Move)>, now: Ms) -> DbResult<Looked> {
    if goes.is_empty() {
        return Ok(Looked::default());
    }
    let portal = desk.portal.id.as_str();
    consents::share(tx, portal).await?;
    let mut looked = Looked::default();
    let willing = consent(tx, ctx, desk, goes, &mut looked, now).await?;
    limit(tx, desk, willing, &mut looked, now).await?;
    // Those that had been promised a place later have it now, or need none.
    let mut settled: Vec<String> = Vec::new();
    for (ready, _) in looked.goes.iter().chain(&looked.ends) {
        if ready.before.status == Status::Held.as_str() {
            settled.push(ready.message.id.clone());
        }
    }
    places::forget_promises(tx, portal, &settled).await?;
    Ok(looked)
}

async fn consent(tx: &Tx, ctx: &Ctx, desk: &Desk, goes: Vec<(Ready, Move)>, looked: &mut Looked, now: Ms) -> DbResult<Vec<(Ready, Move)>> {
    let people: Vec<_> = goes.iter().map(|(ready, _)| (ready.to.clone(), ready.talk.as_ref())).collect();
    let standings = Standings::read(ctx, &**tx, &desk.portal.id, &people).await?;
    drop(people);
    let mut willing = Vec::new();
    let mut refused = Vec::new();
    for (ready, step) in goes {
        let standing = standings.of(&ready.to, ready.talk.as_ref());
        match gate::consent(&desk.portal, standing, gate::category(&ready.content), now) {
            None => willing.push((ready, step)),
            Some(refusal) => refused.push((ready, step, refusal)),
        }
    }
    // The answer to a refusal is the one message that it does not stop.
    let own: Vec<String> =
        refused.iter().filter(|(ready, ..)| ready.message.call_id.is_none()).map(|(ready, ..)| ready.message.id.clone()).collect();
    let talks: Vec<String> = refused.iter().map(|(ready, ..)| ready.message.conversation_id.clone()).collect();
    let answers = if own.is_empty() { HashSet::new() } else { auto_reply::opt_out_answers(&**tx, &desk.portal.id, &talks).await? };
    for (ready, step, refusal) in refused {
        if own.contains(&ready.message.id) && answers.contains(&ready.message.id) {
            willing.push((ready, step));
        } else {
            let step = ended(&ready, &refusal, now)?;
            looked.ends.push((ready, step));
        }
    }
    Ok(willing)
}

/// Takes places for people outside their windows; who is answered inside one needs none.
async fn limit(tx: &Tx, desk: &Desk, willing: Vec<(Ready, Move)>, looked: &mut Looked, now: Ms) -> DbResult<()> {
    let mut terms: HashMap<String, Terms> = HashMap::new();
    let mut asked: BTreeMap<String, Vec<(Ready, Move)>> = BTreeMap::new();
    for (ready, step) in willing {
        let official = ready.channel.provider.capabilities().official;
        if !official || WindowView::of(official, ready.talk.as_ref()).open(now) {
            looked.goes.push((ready, step));
            continue;
        }
        let own = terms.entry(ready.channel.row.id.clone()).or_insert_with(|| reach::terms(&ready.channel.row));
        asked.entry(own.portfolio.clone()).or_default().push((ready, step));
    }
    for (name, group) in asked {
        let wishes: Vec<Wish> =
            group.iter().map(|(ready, _)| Wish { person: ready.message.recipient.clone(), message_id: ready.message.id.clone() }).collect();
        // A promise that was made to one of these is asked for anew.
        let held: Vec<String> =
            group.iter().filter(|(r, _)| r.before.status == Status::Held.as_str()).map(|(r, _)| r.message.id.clone()).collect();
        places::forget_promises(tx, &desk.portal.id, &held).await?;
        let typed = reach::typed(desk.channels().iter(), &name);
        let taken = reach::take(tx, &desk.portal.id, &name, typed, &wishes, now).await?;
        let mut promised = Vec::new();
        for ((ready, step), place) in group.into_iter().zip(taken) {
            let Place::Full { next, limit } = place else {
                looked.goes.push((ready, step));
                continue;
            };
            let refuses = terms.get(&ready.channel.row.id).is_some_and(|terms| terms.refuses);
            let refusal = full(desk, next, limit, refuses);
            if refuses || next.saturating_sub(ready.message.created_at) > LONGEST_WAIT {
                let step = ended(&ready, &refusal, now)?;
                looked.ends.push((ready, step));
            } else {
                let mut step = Move::new(&ready.before, Status::Held, now)?;
                step.error = Some(MessageError::of_refusal(&refusal).to_json());
                promised.push((ready.message.id.clone(), next));
                looked.holds.push((ready, step, next));
            }
        }
        places::promise(tx, &desk.portal.id, &name, &promised).await?;
    }
    Ok(())
}

fn full(desk: &Desk, next: Ms, limit: i64, refuses: bool) -> Refusal {
    let words = if refuses { "refusal-limit_reached-daily" } else { "refusal-limit_reached-held" };
    Refusal::new(Code::LimitReached, format!("the daily limit of {limit} new people is reached; next free at {}", iso(next)))
        .with("limit", limit.to_string())
        .with("until", results::clock_text(&desk.portal, next))
        .with("until_at", iso(next))
        .with("words", words)
}

fn ended(ready: &Ready, refusal: &Refusal, now: Ms) -> DbResult<Move> {
    let mut step = Move::new(&ready.before, Status::Failed, now)?;
    step.error = Some(MessageError::of_refusal(refusal).to_json());
    Ok(step)
}
