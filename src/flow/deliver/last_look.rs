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
use crate::flow::reach::{self, LONGEST_WAIT, Place, Wish};
use crate::flow::results::{self, WindowView};
use crate::flow::{Ctx, auto_reply, gate};
use std::collections::{BTreeMap, HashSet};

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

/// Takes places: at official channels for people outside their windows, at phones behind gateways for strangers, and for every message of
/// the day. Who is answered needs no place among the strangers.
async fn limit(tx: &Tx, desk: &Desk, willing: Vec<(Ready, Move)>, looked: &mut Looked, now: Ms) -> DbResult<()> {
    let (mut outside, mut strangers, mut known): (Asked, Asked, Vec<(Ready, Move)>) = Default::default();
    for (ready, step) in willing {
        let official = ready.channel.provider.capabilities().official;
        if official && WindowView::of(official, ready.talk.as_ref()).open(now) {
            looked.goes.push((ready, step));
        } else if official {
            outside.entry(reach::terms(&ready.channel.row).portfolio).or_default().push((ready, step));
        } else if ready.to.group.is_none() && ready.talk.as_ref().is_none_or(|talk| talk.last_inbound_at.is_none()) {
            strangers.entry(ready.channel.row.id.clone()).or_default().push((ready, step));
        } else {
            known.push((ready, step));
        }
    }
    for (name, group) in outside {
        let typed = reach::typed(desk.channels().iter(), &name);
        let brake = Brake { name, limit: typed, words: "" };
        let goes = brake.ask(tx, desk, group, looked, now).await?;
        looked.goes.extend(goes);
    }
    for group in strangers.into_values() {
        let Some(row) = group.first().map(|(ready, _)| ready.channel.row.clone()) else { continue };
        let terms = reach::terms(&row);
        let limit = Some(reach::strangers(&row, &terms, now));
        let brake = Brake { name: terms.portfolio, limit, words: "strangers-" };
        known.extend(brake.ask(tx, desk, group, looked, now).await?);
    }
    let mut phones = Asked::new();
    for (ready, step) in known {
        phones.entry(ready.channel.row.id.clone()).or_default().push((ready, step));
    }
    for group in phones.into_values() {
        let Some(row) = group.first().map(|(ready, _)| ready.channel.row.clone()) else { continue };
        let (name, cap) = reach::cap(&row, &reach::terms(&row));
        let all: Vec<String> = group.iter().map(|(ready, _)| ready.message.id.clone()).collect();
        let goes = Brake { name, limit: Some(cap), words: "cap-" }.ask(tx, desk, group, looked, now).await?;
        // Who does not go takes no place among the strangers either.
        let stay: Vec<String> = all.into_iter().filter(|id| goes.iter().all(|(ready, _)| ready.message.id != *id)).collect();
        if !stay.is_empty() {
            places::give_back(tx, &desk.portal.id, &stay, now).await?;
        }
        looked.goes.extend(goes);
    }
    Ok(())
}

/// Messages by what they are counted under.
type Asked = BTreeMap<String, Vec<(Ready, Move)>>;

/// Something that is counted for 24 hours.
struct Brake {
    name: String,
    limit: Option<i64>,
    /// Which words of `refusal-limit_reached-…`.
    words: &'static str,
}

impl Brake {
    /// Returns what has a place; the rest waits for one or ends.
    async fn ask(&self, tx: &Tx, desk: &Desk, group: Vec<(Ready, Move)>, looked: &mut Looked, now: Ms) -> DbResult<Vec<(Ready, Move)>> {
        let portal = desk.portal.id.as_str();
        let everything = self.words == "cap-";
        let person = |ready: &Ready| if everything { ready.message.id.clone() } else { ready.message.recipient.clone() };
        let wishes: Vec<Wish> =
            group.iter().map(|(ready, _)| Wish { person: person(ready), message_id: ready.message.id.clone() }).collect();
        // A promise that was made to one of these is asked for anew.
        let held: Vec<String> =
            group.iter().filter(|(r, _)| r.before.status == Status::Held.as_str()).map(|(r, _)| r.message.id.clone()).collect();
        places::forget_promises(tx, portal, &held).await?;
        let taken = reach::take(tx, portal, &self.name, self.limit, &wishes, now).await?;
        let (mut goes, mut promised) = (Vec::new(), Vec::new());
        for ((ready, step), place) in group.into_iter().zip(taken) {
            let Place::Full { next, limit } = place else {
                goes.push((ready, step));
                continue;
            };
            let refuses = reach::terms(&ready.channel.row).refuses;
            let refusal = self.full(desk, next, limit, refuses);
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
        places::promise(tx, portal, &self.name, &promised).await?;
        Ok(goes)
    }

    fn full(&self, desk: &Desk, next: Ms, limit: i64, refuses: bool) -> Refusal {
        let words = format!("refusal-limit_reached-{}{}", self.words, if refuses { "daily" } else { "held" });
        Refusal::new(Code::LimitReached, format!("the daily limit of {limit} is reached; next free at {}", iso(next)))
            .with("limit", limit.to_string())
            .with("until", results::clock_text(&desk.portal, next))
            .with("until_at", iso(next))
            .with("words", words)
    }
}

fn ended(ready: &Ready, refusal: &Refusal, now: Ms) -> DbResult<Move> {
    let mut step = Move::new(&ready.before, Status::Failed, now)?;
    step.error = Some(MessageError::of_refusal(refusal).to_json());
    Ok(step)
}
