//! Puts messages on the wire: re-check, pace, mark `sending` for the whole group in one commit, send concurrently, settle as answers come.
//!
//! The mark is committed before the first byte leaves. A message found in `sending` under a new lease is therefore Unknown: nobody can
//! say whether its request left, and it is never sent again. No transaction spans a request.

mod close;
mod last_look;
mod wire;

use super::auto_reply;
use super::channel::{self, Loaded};
use super::consent::Standings;
use super::desk::{Desk, Sender};
use super::gate::{self, Footing};
use super::pace::{Asker, Limits, Turn};
use super::recheck::{self, Fate, Look};
use super::results::WindowView;
use super::settle::{self, Moved};
use super::template_choice::{self, Fault, Filled};
use super::{Ctx, JobError, Leftover, follow_up, mark_opt_in, media, quiet};
use crate::catalog::operation::{Operation, SendCommon, TemplateChoice};
use crate::db::DbResult;
use crate::db::entity::{conversation, message, robot_call};
use crate::db::store::attempt::{self, Closed, Opened};
use crate::db::store::message::{self as messages, Move};
use crate::db::store::{call, conversation as conversations};
use crate::domain::clock::{Ms, SECOND};
use crate::domain::consent::Standing;
use crate::domain::content::Content;
use crate::domain::document::CrmItem;
use crate::domain::identity::Identity;
use crate::domain::message_error::MessageError;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::queue::{self, Claimed, Group, Job};
use futures::StreamExt as _;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Requests of one group on the wire at a time.
const AT_ONCE: usize = 32;

/// A message with the job that moves it.
#[derive(Debug)]
struct Item {
    job: Claimed,
    message: message::Model,
    call: Option<robot_call::Model>,
    send: Option<SendCommon>,
    talk: Option<conversation::Model>,
    /// It is on the wire under a lease that is somebody's.
    owned: bool,
    /// What the recipient agreed to.
    standing: Standing,
}

/// A message that leaves now.
#[derive(Debug)]
struct Ready {
    job: Claimed,
    /// As it was before.
    before: message::Model,
    /// As marked.
    message: message::Model,
    talk: Option<conversation::Model>,
    content: Content,
    to: Identity,
    channel: Arc<Loaded>,
    number: i64,
}

/// What the re-check of a group came to.
#[derive(Debug, Default)]
struct Plan {
    /// Jobs whose messages need nothing.
    nothing: Vec<Claimed>,
    /// Messages that end here, with the move.
    ends: Vec<(Item, Move)>,
    /// Messages shown as held from now on.
    holds: Vec<Move>,
    /// Messages that leave, with the move to `sending`.
    goes: Vec<(Ready, Move)>,
    /// Jobs that come again.
    later: Leftover,
}

/// Delivers the messages of one portal.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let leftover = match deliver(ctx, &group.portal, &group.jobs).await {
        Ok(leftover) => leftover,
        // Nothing of this group was marked yet.
        Err(error) => group.jobs.into_iter().map(|job| (job, error.clone())).collect(),
    };
    ctx.wake.notify_waiters();
    leftover
}

async fn deliver(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<Leftover, JobError> {
    let Some(mut desk) = Desk::open(&ctx.db, portal).await? else {
        return Ok(jobs.iter().map(|job| (job.clone(), JobError::Fail { why: "no such portal".to_owned() })).collect());
    };
    let (items, nothing) = load(ctx, portal, jobs).await?;
    let mut plan = Plan { nothing, ..Plan::default() };
    let mut channels = HashMap::new();
    let leaving = items.iter().filter(|item| !item.owned && works(&desk, item)).map(|item| &item.message).collect::<Vec<_>>();
    let mut halted = follow_up::before_wire::look(ctx, &desk.portal, &leaving).await?;
    for item in items {
        if let Some(error) = halted.remove(&item.message.id) {
            plan.later.push((item.job, error));
            continue;
        }
        judge(ctx, &mut desk, &mut channels, &mut plan, item).await?;
    }
    let mut leftover = std::mem::take(&mut plan.later);
    let ready = mark(ctx, &desk, plan, &mut leftover).await?;
    let lines = by_recipient(ready).into_iter().map(|line| futures::stream::iter(line).then(|ready| wire::send(ctx, ready)).boxed());
    let mut answers = futures::stream::iter(lines).flatten_unordered(AT_ONCE).ready_chunks(AT_ONCE);
    while let Some(sent) = answers.next().await {
        leftover.extend(close::settle(ctx, portal, sent).await);
    }
    Ok(leftover)
}

/// One line for each recipient, oldest first: side by side, a greeting could come in behind what follows it.
fn by_recipient(ready: Vec<Ready>) -> Vec<Vec<Ready>> {
    let mut lines: BTreeMap<(String, String), Vec<Ready>> = BTreeMap::new();
    for one in ready {
        lines.entry((one.message.channel_id.clone(), one.message.recipient.clone())).or_default().push(one);
    }
    let mut lines: Vec<Vec<Ready>> = lines.into_values().collect();
    for line in &mut lines {
        line.sort_by(|a, b| (a.message.created_at, &a.message.id).cmp(&(b.message.created_at, &b.message.id)));
    }
    lines
}

/// Its channel sends: the message may leave at this look.
fn works(desk: &Desk, item: &Item) -> bool {
    desk.sender(&item.message.channel_id).is_some_and(|sender| gate::footing(&sender.row) == Footing::Works)
}

/// Reads everything the group needs, one statement a table.
async fn load(ctx: &Ctx, portal: &str, jobs: &[Claimed]) -> Result<(Vec<Item>, Vec<Claimed>), JobError> {
    let id = |job: &Claimed| match &job.job {
        Job::Deliver { message_id } => Some(message_id.clone()),
        _ => None,
    };
    let db = ctx.db.read();
    let ids: Vec<String> = jobs.iter().filter_map(id).collect();
    let mut rows: HashMap<String, message::Model> =
        messages::list(db, portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let calls: Vec<String> = rows.values().filter_map(|row| row.call_id.clone()).collect();
    let calls: HashMap<String, robot_call::Model> =
        call::list(db, portal, &calls).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let talks: Vec<String> = rows.values().map(|row| row.conversation_id.clone()).collect();
    let talks: HashMap<String, conversation::Model> =
        conversations::list(db, portal, &talks).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let owned = owned(ctx, portal, &rows).await?;
    let (mut items, mut nothing) = (Vec::new(), Vec::new());
    for job in jobs {
        let Some(message) = id(job).and_then(|id| rows.remove(&id)) else {
            nothing.push(job.clone());
            continue;
        };
        let call = message.call_id.as_ref().and_then(|id| calls.get(id)).cloned();
        let operation = call.as_ref().and_then(|call| serde_json::from_str::<Operation>(call.operation.as_deref()?).ok());
        let send = operation.and_then(|operation| operation.send().cloned());
        let talk = talks.get(&message.conversation_id).cloned();
        let owned = owned.contains(&message.id);
        items.push(Item { job: job.clone(), message, call, send, talk, owned, standing: Standing::default() });
    }
    agree(ctx, portal, &mut items).await?;
    Ok((items, nothing))
}

/// What the recipients agreed to, as known now; the mark looks once more.
async fn agree(ctx: &Ctx, portal: &str, items: &mut [Item]) -> Result<(), JobError> {
    let who = |item: &Item| serde_json::from_str::<Identity>(&item.message.identity).unwrap_or_default();
    let people: Vec<_> = items.iter().map(|item| (who(item), item.talk.as_ref())).collect();
    let standings = Standings::read(ctx, ctx.db.read(), portal, &people).await?;
    let found: Vec<Standing> = people.iter().map(|(who, talk)| standings.of(who, *talk)).collect();
    drop(people);
    let own = items.iter().zip(&found).any(|(item, standing)| *standing != Standing::default() && item.call.is_none());
    let talks: Vec<String> = items.iter().map(|item| item.message.conversation_id.clone()).collect();
    let answers = if own { auto_reply::opt_out_answers(ctx.db.read(), portal, &talks).await? } else { HashSet::new() };
    for (item, standing) in items.iter_mut().zip(found) {
        // The answer to a refusal is the one message that it does not stop.
        item.standing = if answers.contains(&item.message.id) { Standing::default() } else { standing };
    }
    Ok(())
}

/// Messages that another job of ours is sending right now: a second job for one of them (its conversation woke it) must not take the
/// send under way for a lost one.
async fn owned(ctx: &Ctx, portal: &str, rows: &HashMap<String, message::Model>) -> Result<HashSet<String>, JobError> {
    let sending: Vec<String> = rows.values().filter(|row| row.status == Status::Sending.as_str()).map(|row| row.id.clone()).collect();
    let db = ctx.db.read();
    let open: Vec<_> = attempt::list(db, portal, &sending).await?.into_iter().filter(|row| row.outcome == attempt::OPEN).collect();
    let leases: Vec<String> = open.iter().map(|row| row.lease_id.clone()).collect();
    let live = queue::live_leases(db, portal, &leases).await?;
    Ok(open.into_iter().filter(|row| live.contains(&row.lease_id)).map(|row| row.message_id).collect())
}

type Channels = HashMap<String, Option<Arc<Loaded>>>;

/// Puts one message where it belongs in the plan.
async fn judge(ctx: &Ctx, desk: &mut Desk, channels: &mut Channels, plan: &mut Plan, item: Item) -> Result<(), JobError> {
    let now = ctx.clock.now();
    if item.owned {
        plan.later.push((item.job, JobError::Defer { at: now.saturating_add(SECOND), why: "being sent".to_owned() }));
        return Ok(());
    }
    let sender = desk.sender(&item.message.channel_id);
    let official = sender.as_ref().is_none_or(|sender| sender.capabilities().official);
    let look = Look {
        message: &item.message,
        call: item.call.as_ref(),
        send: item.send.as_ref(),
        portal: &desk.portal,
        channel: sender.as_ref().map(|sender| &sender.row),
        window: WindowView::of(official, item.talk.as_ref()),
        quiet: sender.as_ref().and_then(|sender| quiet::of_message(&desk.portal, &sender.row, &item.message, item.talk.as_ref(), now)),
        standing: item.standing,
        hold_sends: ctx.settings.hold_sends,
    };
    match (recheck::fate(look, now), sender) {
        (Fate::Nothing, _) => plan.nothing.push(item.job),
        (Fate::End(status, error), _) => end(plan, item, status, &error, now)?,
        (Fate::Wait(at, reason), _) => wait(plan, item, at, reason, now)?,
        (Fate::Swap(choice), Some(sender)) => match swap(ctx, desk, &sender, &item, &choice).await {
            Ok(filled) => go(ctx, channels, plan, item, &sender, Some(filled)).await?,
            Err(Fault::Refused(refusal)) => end(plan, item, Status::Failed, &MessageError::of_refusal(&refusal), now)?,
            Err(Fault::Skipped(refusal)) => end(plan, item, Status::Skipped, &MessageError::of_refusal(&refusal), now)?,
            Err(Fault::Later(error)) => plan.later.push((item.job, error)),
        },
        (Fate::Go, Some(sender)) => go(ctx, channels, plan, item, &sender, None).await?,
        // The re-check has ended messages without a channel.
        (Fate::Swap(_) | Fate::Go, None) => plan.nothing.push(item.job),
    }
    Ok(())
}

fn end(plan: &mut Plan, item: Item, status: Status, error: &MessageError, now: Ms) -> Result<(), JobError> {
    let mut step = Move::new(&item.message, status, now)?;
    step.error = Some(error.to_json());
    plan.ends.push((item, step));
    Ok(())
}

fn wait(plan: &mut Plan, item: Item, at: Ms, reason: Option<MessageError>, now: Ms) -> Result<(), JobError> {
    let why = reason.as_ref().map_or_else(|| "the provider asked to wait".to_owned(), |reason| reason.text.clone());
    if let Some(reason) = reason {
        let same =
            item.message.status == Status::Held.as_str() && MessageError::read(item.message.error.as_deref()).as_ref() == Some(&reason);
        if !same {
            let mut step = Move::new(&item.message, Status::Held, now)?;
            step.error = Some(reason.to_json());
            plan.holds.push(step);
        }
    }
    plan.later.push((item.job, JobError::Defer { at, why }));
    Ok(())
}

async fn swap(ctx: &Ctx, desk: &mut Desk, sender: &Sender, item: &Item, choice: &TemplateChoice) -> Result<Filled, Fault> {
    if follows_another(ctx, item).await.map_err(|error| Fault::Later(error.into()))? {
        let refusal = gate::window_closed(&desk.portal, WindowView::of(true, item.talk.as_ref()));
        return Err(Fault::Skipped(refusal));
    }
    let on_missing = item.send.as_ref().map(|send| send.on_missing).unwrap_or_default();
    let document = item.message.document_id.as_deref().and_then(CrmItem::parse);
    template_choice::fill(ctx, desk, sender, document, choice, on_missing).await
}

/// Whether the same call has an earlier message for the same person: one template stands for all files of a call.
async fn follows_another(ctx: &Ctx, item: &Item) -> DbResult<bool> {
    let Some(call_id) = item.message.call_id.clone() else { return Ok(false) };
    let all = messages::list_of_calls(ctx.db.read(), &item.message.portal, &[call_id]).await?;
    Ok(all.iter().any(|other| other.recipient == item.message.recipient && other.id < item.message.id))
}

/// The message may leave: its turn, its channel's secrets, its place in the plan.
async fn go(
    ctx: &Ctx,
    channels: &mut Channels,
    plan: &mut Plan,
    item: Item,
    sender: &Sender,
    swapped: Option<Filled>,
) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let Some(channel) = opened(ctx, channels, sender) else {
        let error = JobError::Retry { after_ms: None, why: format!("settings of channel {} do not open", sender.row.id) };
        plan.later.push((item.job, error));
        return Ok(());
    };
    let read = match &swapped {
        Some(filled) => Ok(filled.content.clone()),
        None => serde_json::from_str::<Content>(&item.message.content),
    };
    let (content, to) = match (read, serde_json::from_str::<Identity>(&item.message.identity)) {
        (Ok(content), Ok(to)) => (content, to),
        _ => {
            plan.later.push((item.job, JobError::Fail { why: "stored message unreadable".to_owned() }));
            return Ok(());
        }
    };
    if let Some(at) = ctx.pace.breakers.ask(&sender.row.id, now) {
        let rests = Refusal::new(Code::ChannelUnavailable, "held until the provider answers").with("name", sender.row.name.clone());
        return wait(plan, item, at, Some(MessageError::of_refusal(&rests)), now);
    }
    let asker = Asker {
        portal: &item.message.portal,
        channel_id: &sender.row.id,
        recipient: &item.message.recipient,
        message_id: &item.message.id,
    };
    if let Turn::At(at) = ctx.pace.ask(asker, limits(sender), now) {
        plan.later.push((item.job, JobError::Defer { at, why: "pace".to_owned() }));
        return Ok(());
    }
    if let Err(error) = mark_opt_in::before_send(ctx, &channel, to.phone.as_deref().unwrap_or_default(), &content).await {
        plan.later.push((item.job, error));
        return Ok(());
    }
    let number = item.message.attempts.saturating_add(1);
    let mut step = Move::new(&item.message, Status::Sending, now)?;
    step.attempts = Some(number);
    if let Some(filled) = swapped {
        let stored = serde_json::to_value(&filled.content).map_err(|error| JobError::Fail { why: error.to_string() })?;
        step.content = Some((filled.content.kind().to_owned(), stored, filled.text));
    }
    let message = step.applied(&item.message);
    plan.goes.push((Ready { job: item.job, before: item.message, message, talk: item.talk, content, to, channel, number }, step));
    Ok(())
}

/// A channel with its secrets, opened once for a group.
fn opened(ctx: &Ctx, channels: &mut Channels, sender: &Sender) -> Option<Arc<Loaded>> {
    let known = channels.entry(sender.row.id.clone()).or_insert_with(|| match channel::open(ctx, sender.row.clone()) {
        Ok(loaded) => Some(Arc::new(loaded)),
        Err(error) => {
            tracing::error!(channel.id = sender.row.id, %error, "channel cannot be opened");
            None
        }
    });
    known.clone()
}

/// Most messages a second that WhatsApp takes from one number.
const FASTEST: u32 = 1_000;

/// The adapter's start values; a channel's own `rate` (messages a second) goes before.
fn limits(sender: &Sender) -> Limits {
    let known = sender.capabilities();
    let own = sender.setting("rate").and_then(|rate| rate.as_str()?.parse::<u32>().ok()).filter(|rate| *rate > 0);
    let health = sender.row.health.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let channel_rate = own.map_or_else(|| sender.provider.channel_rate(&health), |rate| rate.min(FASTEST));
    let gap_ms = known.gap_ms.filter(|_| own.is_none());
    Limits { channel_rate, gap_ms, pair_interval_ms: known.pair_interval_ms, pair_burst: known.pair_burst }
}

/// One commit for the whole group: ends, holds, and the intent to send. Returns what may leave now.
async fn mark(ctx: &Ctx, desk: &Desk, plan: Plan, leftover: &mut Leftover) -> Result<Vec<Ready>, JobError> {
    let portal = desk.portal.id.as_str();
    let Plan { nothing, ends, holds, goes, later: _ } = plan;
    if nothing.is_empty() && ends.is_empty() && holds.is_empty() && goes.is_empty() {
        return Ok(Vec::new());
    }
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let last_look::Looked { goes, ends: denied, holds: full } = last_look::look(&tx, ctx, desk, goes, now).await?;
    let late = denied.iter().map(|(_, step)| step).chain(full.iter().map(|(_, step, _)| step));
    let steps = ends.iter().map(|(_, step)| step).chain(&holds).chain(goes.iter().map(|(_, step)| step)).chain(late);
    let moves: Vec<Move> = steps.cloned().collect();
    let moved = messages::move_many(&tx, portal, &moves).await?;
    let lost: Vec<Closed> = ends
        .iter()
        .filter(|(item, step)| moved.contains(&step.id) && step.to == Status::Unknown && item.message.attempts > 0)
        .map(|(item, _)| interrupted(item))
        .collect();
    attempt::close_many(&tx, portal, &lost, now).await?;
    let ended = ends.iter().map(|(item, step)| (&item.message, step)).chain(denied.iter().map(|(ready, step)| (&ready.before, step)));
    let settled: Vec<Moved> = ended
        .filter(|(_, step)| moved.contains(&step.id))
        .map(|(before, step)| Moved { message: step.applied(before), before: step.from })
        .collect();
    settle::after_status(&tx, ctx, portal, &settled, now).await?;
    let (leave, gone): (Vec<_>, Vec<_>) = goes.into_iter().partition(|(ready, _)| moved.contains(&ready.message.id));
    let open: Vec<Opened> = leave.iter().map(|(ready, _)| opened_attempt(ready)).collect();
    attempt::open_many(&tx, portal, &open, now).await?;
    for (ready, _) in &leave {
        media::keep(ctx, &tx, portal, &ready.message.id, &ready.content, now).await?;
    }
    let over = ends.iter().map(|(item, _)| &item.job).chain(denied.iter().map(|(ready, _)| &ready.job));
    let finished: Vec<&Claimed> = nothing.iter().chain(over).collect();
    queue::complete(&tx, &finished).await?;
    tx.commit("deliver.mark").await?;
    leftover
        .extend(full.into_iter().map(|(ready, _, at)| (ready.job, JobError::Defer { at, why: "the daily limit is reached".to_owned() })));
    // Moved by somebody else between reading and marking (cancelled, say): looked at again.
    leftover.extend(gone.into_iter().map(|(ready, _)| (ready.job, JobError::Defer { at: now, why: "changed meanwhile".to_owned() })));
    Ok(leave.into_iter().map(|(ready, _)| ready).collect())
}

fn interrupted(item: &Item) -> Closed {
    Closed {
        message_id: item.message.id.clone(),
        number: item.message.attempts,
        outcome: "unknown",
        http_status: None,
        provider_code: None,
        text: Some("the sending process ended before it stored the provider's answer".to_owned()),
        retry_after_ms: None,
    }
}

fn opened_attempt(ready: &Ready) -> Opened {
    Opened { message_id: ready.message.id.clone(), number: ready.number, lease_id: ready.job.lease_id.clone() }
}
