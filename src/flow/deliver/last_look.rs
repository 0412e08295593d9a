//! The last look, inside the transaction that marks messages as sending: consent and the daily limit.
//!
//! Consents are shared-locked first, so that a refusal committed before the mark always wins; then the portfolios are held while places
//! are taken. Whatever may not go ends or waits by a move of the same commit.

use super::Ready;
use crate::db::entity::message;
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
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

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
    let (mut outside, mut strangers, mut known): (Asked, Asked, Vec<Bid>) = Default::default();
    let mut read: BTreeMap<String, Arc<Terms>> = BTreeMap::new();
    for (ready, step) in willing {
        let official = ready.channel.provider.capabilities().official;
        if official && WindowView::of(official, ready.talk.as_ref()).open(now) {
            looked.goes.push((ready, step));
            continue;
        }
        let row = &ready.channel.row;
        let terms = Arc::clone(read.entry(row.id.clone()).or_insert_with(|| Arc::new(reach::terms(row))));
        let stranger = ready.to.group.is_none() && ready.talk.as_ref().is_none_or(|talk| talk.last_inbound_at.is_none());
        let bid = Bid { ready, step, terms };
        if official {
            outside.entry(bid.terms.portfolio.clone()).or_default().push(bid);
        } else if stranger {
            strangers.entry(bid.channel_id().to_owned()).or_default().push(bid);
        } else {
            known.push(bid);
        }
    }
    for (name, group) in outside {
        let limit = reach::typed(desk.channels().iter(), &name);
        let goes = Brake { name, limit, counts: Counts::Outside }.ask(tx, desk, group, looked, now).await?;
        looked.goes.extend(goes.into_iter().map(Bid::won));
    }
    for group in strangers.into_values() {
        let Some(first) = group.first() else { continue };
        let limit = Some(reach::strangers(&first.ready.channel.row, &first.terms, now));
        let brake = Brake { name: first.terms.portfolio.clone(), limit, counts: Counts::Strangers };
        known.extend(brake.ask(tx, desk, group, looked, now).await?);
    }
    let mut phones = Asked::new();
    for bid in known {
        phones.entry(bid.channel_id().to_owned()).or_default().push(bid);
    }
    for group in phones.into_values() {
        let Some(first) = group.first() else { continue };
        let (name, cap) = reach::cap(&first.ready.channel.row, &first.terms);
        let all: Vec<String> = group.iter().map(|bid| bid.ready.message.id.clone()).collect();
        let goes = Brake { name, limit: Some(cap), counts: Counts::Everything }.ask(tx, desk, group, looked, now).await?;
        // Who does not go takes no place among the strangers either.
        let stay: Vec<String> = all.into_iter().filter(|id| goes.iter().all(|bid| bid.ready.message.id != *id)).collect();
        if !stay.is_empty() {
            places::give_back(tx, &desk.portal.id, &stay, now).await?;
        }
        looked.goes.extend(goes.into_iter().map(Bid::won));
    }
    Ok(())
}

/// A message that asks for a place.
struct Bid {
    ready: Ready,
    step: Move,
    /// Its channel's, read once for all of its messages.
    terms: Arc<Terms>,
}

impl Bid {
    fn channel_id(&self) -> &str {
        &self.ready.channel.row.id
    }

    fn won(self) -> (Ready, Move) {
        (self.ready, self.step)
    }
}

/// Messages by what they are counted under.
type Asked = BTreeMap<String, Vec<Bid>>;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// People outside their windows.
    Outside,
    /// People who never wrote to the phone.
    Strangers,
    /// Every message of the phone.
    Everything,
}

impl Counts {
    /// Part of the locale key of the refusal.
    fn words(self) -> &'static str {
        match self {
            Self::Outside => "",
            Self::Strangers => "strangers-",
            Self::Everything => "cap-",
        }
    }
}

/// Something that is counted for 24 hours.
struct Brake {
    name: String,
    limit: Option<i64>,
    counts: Counts,
}

impl Brake {
    /// Returns what has a place; the rest waits for one or ends.
    async fn ask(&self, tx: &Tx, desk: &Desk, group: Vec<Bid>, looked: &mut Looked, now: Ms) -> DbResult<Vec<Bid>> {
        let portal = desk.portal.id.as_str();
        let wish = |message: &message::Model| Wish {
            person: if self.counts == Counts::Everything { message.id.clone() } else { message.recipient.clone() },
            message_id: message.id.clone(),
        };
        let wishes: Vec<Wish> = group.iter().map(|bid| wish(&bid.ready.message)).collect();
        // A promise that was made to one of these is asked for anew.
        let held = group.iter().filter(|bid| bid.ready.before.status == Status::Held.as_str());
        let held: Vec<String> = held.map(|bid| bid.ready.message.id.clone()).collect();
        places::forget_promises(tx, portal, &held).await?;
        let taken = reach::take(tx, portal, &self.name, self.limit, &wishes, now).await?;
        let (mut goes, mut promised) = (Vec::new(), Vec::new());
        for (bid, place) in group.into_iter().zip(taken) {
            let Place::Full { next, limit } = place else {
                goes.push(bid);
                continue;
            };
            let Bid { ready, terms, .. } = bid;
            let refusal = self.full(desk, next, limit, terms.refuses);
            if terms.refuses || next.saturating_sub(ready.message.created_at) > LONGEST_WAIT {
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
        let words = format!("refusal-limit_reached-{}{}", self.counts.words(), if refuses { "daily" } else { "held" });
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
