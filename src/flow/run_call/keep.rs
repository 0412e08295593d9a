//! Stores decisions: messages, conversations, answers, and the jobs that go on from there, in one transaction for the whole group.

use super::{Case, Ending, Letter, decide, order};
use crate::catalog::operation::{SendCommon, WaitFor};
use crate::db::entity::message;
use crate::db::store::call::{self, Decided, state};
use crate::db::store::conversation as conversations;
use crate::db::store::{answer, message as messages};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{HOUR, MINUTE, Ms, iso};
use crate::domain::identity::Identity;
use crate::domain::message_error::MessageError;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::state::Status;
use crate::flow::gate::{self, Verdict};
use crate::flow::outgoing::{self, Draft};
use crate::flow::portal_view::PortalView;
use crate::flow::results::{self, WindowView};
use crate::flow::waits::{self, Opening, Plan};
use crate::flow::{Ctx, JobError, Leftover, content, follow_up, settle};
use crate::queue::{self, Claimed, Job, NewJob};
use serde_json::{Map, Value, json};

/// Calls stored in one transaction while a portal that has far fewer of them writes too.
const BESIDE_OTHERS: usize = 4;

/// Stores the group in parts, or each call by itself when something in its part cannot be stored. `portal` is `None` when there is none
/// any more.
pub(super) async fn store(ctx: &Ctx, portal: Option<&PortalView>, decided: Vec<(Case, Ending)>, nothing: &[Claimed]) -> Leftover {
    let mut leftover = Leftover::new();
    let decided: Vec<&(Case, Ending)> = decided.iter().collect();
    let mut rest = decided.as_slice();
    while !rest.is_empty() {
        let size = if ctx.db.delays_others() { BESIDE_OTHERS.min(rest.len()) } else { rest.len() };
        let (part, others) = rest.split_at(size);
        leftover.extend(store_part(ctx, portal, part, &[]).await);
        rest = others;
    }
    let nothing: Vec<&Claimed> = nothing.iter().collect();
    leftover.extend(store_part(ctx, portal, &[], &nothing).await);
    leftover
}

async fn store_part(ctx: &Ctx, portal: Option<&PortalView>, decided: &[&(Case, Ending)], nothing: &[&Claimed]) -> Leftover {
    let Err(error) = attempt(ctx, portal, decided, nothing).await else {
        return Leftover::new();
    };
    if decided.len() + nothing.len() < 2 {
        return failed(decided, nothing, &error);
    }
    let mut leftover = Leftover::new();
    for one in decided {
        if let Err(error) = attempt(ctx, portal, &[one], &[]).await {
            leftover.extend(failed(&[one], &[], &error));
        }
    }
    for job in nothing {
        if let Err(error) = attempt(ctx, portal, &[], &[job]).await {
            leftover.extend(failed(&[], &[job], &error));
        }
    }
    leftover
}

fn failed(decided: &[&(Case, Ending)], nothing: &[&Claimed], error: &JobError) -> Leftover {
    let jobs = decided.iter().filter_map(|(case, _)| case.job.as_ref()).chain(nothing.iter().copied());
    jobs.map(|job| (job.clone(), error.clone())).collect()
}

/// What one call leaves behind.
#[derive(Default)]
struct Effects {
    rows: Vec<message::Model>,
    answer: Option<Map<String, Value>>,
    wait: Option<Opening>,
    order: Option<follow_up::Order>,
    jobs: Vec<NewJob>,
}

pub(super) async fn attempt(
    ctx: &Ctx,
    portal: Option<&PortalView>,
    decided: &[&(Case, Ending)],
    nothing: &[&Claimed],
) -> Result<(), JobError> {
    let first = decided.first().map(|(case, _)| &case.call.portal).or(nothing.first().map(|job| &job.portal));
    let Some(owner) = first.cloned() else {
        return Ok(());
    };
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    for birth in decided.iter().filter_map(|(case, _)| case.birth.as_ref()) {
        order::born(&tx, birth).await?;
    }
    let talks = talks(&tx, ctx, &owner, decided, now).await?;
    let mut talks = talks.into_iter();
    let mut rows = Vec::new();
    let mut stored: Vec<(&Case, Decided, Effects)> = Vec::new();
    for (case, ending) in decided {
        let own: Vec<String> = talks.by_ref().take(letters(ending).len()).collect();
        let (row, effects) = build(ctx, portal, case, ending, &own, now);
        rows.push(row.clone());
        stored.push((case, row, effects));
    }
    let won = call::decide(&tx, &owner, &rows, now).await?;
    // A call that somebody else decided meanwhile leaves nothing of ours behind.
    stored.retain(|(_, row, _)| won.contains(&row.id));
    let mut jobs = Vec::new();
    let (mut all_rows, mut answers) = (Vec::new(), Vec::new());
    for (case, row, effects) in &mut stored {
        if let (Some(order), Some(portal)) = (&effects.order, portal) {
            effects.answer = Some(follow_up::carry_out(&tx, ctx, portal, order, now).await?);
        }
        if let Some(values) = &mut effects.answer {
            complete(ctx, &case.call.code, values);
            answers.push((row.id.clone(), Value::Object(values.clone())));
            jobs.extend((case.call.use_subscription == "Y").then(|| settle::answer_job(&owner, &row.id, now)));
            let wanted = wanted_fields(ctx, case);
            if !wanted.is_empty() {
                jobs.push(settle::put_fields(&tx, ctx, &case.call, &wanted, values, now).await?);
            }
        }
        jobs.append(&mut effects.jobs);
        all_rows.append(&mut effects.rows);
    }
    for (case, _, _) in &stored {
        super::effect::store(&tx, ctx, &owner, &case.effects).await?;
    }
    answer::put_many(&tx, &owner, &answers, now).await?;
    messages::insert_many(&tx, &owner, &all_rows).await?;
    conversations::touch_outbound(&tx, &owner, &outgoing::touches(&all_rows), now).await?;
    if let Some(view) = portal {
        let openings = stored.iter_mut().filter_map(|(_, _, effects)| effects.wait.take()).collect();
        jobs.extend(waits::open(&tx, ctx, view, openings, now).await?);
    }
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &jobs).await?;
    let finished: Vec<&Claimed> = decided.iter().filter_map(|(case, _)| case.job.as_ref()).chain(nothing.iter().copied()).collect();
    queue::complete(&tx, &finished).await?;
    tx.commit("run_call.decided").await?;
    for (_, row, _) in &stored {
        metrics::counter!("courier24_calls_decided_total", "state" => row.state).increment(1);
    }
    Ok(())
}

/// Every result of the robot stands in its answer: a process never reads the value of an earlier round.
fn complete(ctx: &Ctx, code: &str, values: &mut Map<String, Value>) {
    for result in ctx.catalog.find(code).iter().flat_map(|spec| &spec.results) {
        values.entry(result.id.clone()).or_insert_with(|| json!(""));
    }
}

/// The deal's fields show a refusal as well, also one that comes before there is an operation to name them.
fn wanted_fields(ctx: &Ctx, case: &Case) -> Vec<(String, String)> {
    match &case.operation {
        Some(operation) => operation.write_fields().to_vec(),
        None => ctx.catalog.legible_write_fields(&case.call.code, &case.properties),
    }
}

fn letters(ending: &Ending) -> &[Letter] {
    match ending {
        Ending::Send(letters) => letters,
        Ending::Answer(_) | Ending::Wait(_) | Ending::FollowUp(_) | Ending::Refused(_) | Ending::Skipped(_) | Ending::Dropped(_) => &[],
    }
}

/// Conversation ids of all letters, in order.
async fn talks(tx: &Tx, ctx: &Ctx, portal: &str, decided: &[&(Case, Ending)], now: Ms) -> DbResult<Vec<String>> {
    let mut wanted: Vec<(String, Identity)> = Vec::new();
    for (case, ending) in decided {
        let channel = case.sender.as_ref().map(|sender| sender.row.id.clone()).unwrap_or_default();
        wanted.extend(letters(ending).iter().map(|letter| (channel.clone(), letter.who.clone())));
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = conversations::find_or_create_many(tx, portal, ctx.ids.as_ref(), &wanted, now).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

fn build(ctx: &Ctx, portal: Option<&PortalView>, case: &Case, ending: &Ending, talks: &[String], now: Ms) -> (Decided, Effects) {
    let mut effects = Effects::default();
    let mut row = Decided {
        id: case.call.id.clone(),
        operation: case.operation.as_ref().and_then(|operation| serde_json::to_value(operation).ok()),
        facts: case.facts.journal(),
        rendered: case.params.clone().map(Value::Object),
        ..Decided::default()
    };
    let over = if case.call.use_subscription == "Y" { state::ANSWERED } else { state::DONE };
    match (ending, portal) {
        (Ending::Send(letters), Some(portal)) => send(ctx, portal, case, letters, talks, now, &mut row, &mut effects),
        (Ending::Answer(values), Some(_)) => {
            (row.state, row.finished_at) = (over, Some(now));
            row.decision = decision("answer", "needs no message", now, case);
            effects.answer = Some(values.clone());
        }
        (Ending::Wait(plan), Some(_)) => wait(case, plan, now, &mut row, &mut effects),
        (Ending::FollowUp(order), Some(_)) => {
            (row.state, row.finished_at) = (over, Some(now));
            row.decision = decision(order.verdict(), "at its moment", now, case);
            add(&mut row.decision, "follow_up", order.journal());
            add(&mut row.decision, "messages", json!([]));
            effects.order = Some(order.clone());
        }
        (Ending::Refused(refusal), Some(portal)) => refuse(portal, case, Status::Failed, refusal, now, &mut row, &mut effects),
        (Ending::Skipped(refusal), Some(portal)) => refuse(portal, case, Status::Skipped, refusal, now, &mut row, &mut effects),
        (Ending::Dropped(why), _) => {
            (row.state, row.finished_at) = (state::DEAD, Some(now));
            row.decision = decision("drop", why, now, case);
        }
        (_, None) => {
            (row.state, row.finished_at) = (state::DEAD, Some(now));
            row.decision = decision("drop", "no such portal", now, case);
        }
    }
    (row, effects)
}

fn decision(verdict: &str, rule: &str, now: Ms, case: &Case) -> Value {
    let channel = case.sender.as_ref().map(|sender| {
        let row = &sender.row;
        json!({"id": row.id, "name": row.name, "kind": row.kind, "official": sender.capabilities().official,
            "instead_of": sender.instead_of})
    });
    json!({"verdict": verdict, "rule": rule, "at": iso(now), "channel": channel})
}

fn add(decision: &mut Value, key: &str, value: Value) {
    if let Some(fields) = decision.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

fn refuse(portal: &PortalView, case: &Case, status: Status, refusal: &Refusal, now: Ms, row: &mut Decided, effects: &mut Effects) {
    let refusal = &legible(portal, case, refusal);
    (row.state, row.finished_at) = (state::REFUSED, Some(now));
    row.decision = decision(if status == Status::Skipped { "skip" } else { "refuse" }, &refusal.rule, now, case);
    add(&mut row.decision, "code", json!(refusal.code.as_str()));
    // A repeat of a script's request is told the same words again.
    if case.birth.is_some() {
        add(&mut row.decision, "args", json!(refusal.args));
    }
    add(&mut row.decision, "text", json!(results::refusal_text(portal.lang, refusal)));
    let mut values = results::of_refusal(portal, status, refusal, case.window, now);
    if let Some(operation) = &case.operation {
        results::blank(operation, &mut values);
    }
    effects.answer = Some(values);
}

/// The refused fields as the robot's form names them; several stand in a comma list.
fn legible(portal: &PortalView, case: &Case, refusal: &Refusal) -> Refusal {
    let arg = match refusal.code {
        Code::PropertyInvalid => "name",
        Code::TextEmpty | Code::TextTooLong => "field",
        _ => return refusal.clone(),
    };
    let label = |id: &str| content::field_label(decide::spec_code(&case.call.code), portal.lang, id);
    match refusal.args.get(arg) {
        Some(ids) => refusal.clone().with(arg, ids.split(", ").map(label).collect::<Vec<_>>().join(", ")),
        None => refusal.clone(),
    }
}

#[expect(clippy::too_many_arguments, reason = "a decided call and the two places its parts go to")]
fn send(
    ctx: &Ctx,
    portal: &PortalView,
    case: &Case,
    letters: &[Letter],
    talks: &[String],
    now: Ms,
    row: &mut Decided,
    effects: &mut Effects,
) {
    let common = case.operation.as_ref().and_then(|operation| operation.send()).cloned().unwrap_or_default();
    for (letter, talk) in letters.iter().zip(talks) {
        let model = model(ctx, case, letter, talk, now);
        if letter.verdict.is_ok() {
            effects.jobs.push(outgoing::send_job(&model.portal, &model.id, leaves_at(letter, &common, now)));
        }
        effects.rows.push(model);
    }
    let held = letters
        .iter()
        .any(|letter| matches!(letter.verdict, Ok(Verdict::HoldForWindow | Verdict::HoldForChannel | Verdict::HoldForQuiet(_))));
    row.decision = decision(if held { "hold" } else { "send" }, rule(letters), now, case);
    add(&mut row.decision, "messages", json!(effects.rows.iter().map(|row| &row.id).collect::<Vec<_>>()));
    let recipients =
        json!({"source": case.candidates.source, "not_numbers": case.candidates.invalid, "found": case.candidates.people.len()});
    add(&mut row.decision, "recipients", recipients);
    if let Some(rule) = letters.iter().find_map(|letter| letter.degraded) {
        add(&mut row.decision, "degraded", json!(rule));
    }
    if common.to_open_line {
        // Mirroring needs a connector of ours: through anybody else's the client would get the message twice (reference H.5).
        add(&mut row.decision, "open_line", json!({"published": false, "rule": "no open channel of this application is connected"}));
    }
    row.wait_for = Some(wait_word(common.wait_for));
    let replies = case.operation.as_ref().and_then(|operation| operation.reply_wait());
    if common.wait_for == WaitFor::None && replies.is_none() {
        let over = if case.call.use_subscription == "Y" { state::ANSWERED } else { state::DONE };
        (row.state, row.finished_at) = (over, Some(now));
        let window = letters.first().map_or(WindowView { official: true, until: None }, |letter| letter.window);
        let mut values = results::of_messages(portal, &effects.rows.iter().collect::<Vec<_>>(), window, now);
        if let Some(operation) = &case.operation {
            results::blank(operation, &mut values);
        }
        effects.answer = Some(values);
        return;
    }
    let Some(replies) = replies else {
        wait_until(case, case.deadline(common.wait_hours), now, row, effects);
        return;
    };
    row.wait_for = Some("reply");
    wait_until(case, case.deadline_in(replies.minutes.saturating_mul(MINUTE)), now, row, effects);
    let live = effects.rows.iter().filter(|message| message.status != Status::Failed.as_str());
    let subjects = live.map(|message| message.conversation_id.clone()).collect();
    effects.wait = opening(case, row, (Vec::new(), subjects, 1));
}

/// The process waits until then at the latest.
fn wait_until(case: &Case, deadline: Ms, now: Ms, row: &mut Decided, effects: &mut Effects) {
    row.state = state::WAITING;
    row.deadline_at = Some(deadline);
    let key = settle::deadline_key(&row.id);
    let job = NewJob::at(&case.call.portal, Job::Deadline { call_id: row.id.clone() }, deadline.max(now));
    effects.jobs.push(job.once(row.id.clone()).cancelled_by(key));
}

/// A robot that only waits.
fn wait(case: &Case, plan: &Plan, now: Ms, row: &mut Decided, effects: &mut Effects) {
    let (rule, watched) = match plan {
        Plan::Reply { people, most, .. } => ("waits for the client's answer", (people.clone(), Vec::new(), *most)),
        Plan::Status { messages, .. } => ("waits for a message's status", (Vec::new(), messages.clone(), 1)),
    };
    row.decision = decision("wait", rule, now, case);
    row.wait_for = Some(if matches!(plan, Plan::Reply { .. }) { "reply" } else { "status" });
    wait_until(case, case.deadline_in(plan.patience()), now, row, effects);
    effects.wait = opening(case, row, watched);
}

fn opening(case: &Case, row: &Decided, (people, subjects, most): (Vec<Identity>, Vec<String>, i64)) -> Option<Opening> {
    Some(Opening {
        call: case.call.clone(),
        operation: case.operation.clone()?,
        channel_id: case.sender.as_ref().map(|sender| sender.row.id.clone()).unwrap_or_default(),
        people,
        subjects,
        most,
        deadline_at: row.deadline_at?,
    })
}

fn wait_word(wait_for: WaitFor) -> &'static str {
    match wait_for {
        WaitFor::None => "none",
        WaitFor::Accepted => "accepted",
        WaitFor::Delivered => "delivered",
        WaitFor::Read => "read",
    }
}

fn rule(letters: &[Letter]) -> &'static str {
    match letters.first().map(|letter| &letter.verdict) {
        Some(Ok(Verdict::Send(rule))) => rule,
        Some(Ok(Verdict::HoldForWindow)) => "window closed, on_closed_window = hold",
        Some(Ok(Verdict::HoldForChannel)) => "channel paused",
        Some(Ok(Verdict::HoldForQuiet(_))) => "quiet hours",
        Some(Ok(Verdict::Fallback) | Err(_)) | None => "see messages",
    }
}

/// When its `Deliver` job looks at it: now, when the hold ends (the client's message calls it earlier), or when the channel may be back.
fn leaves_at(letter: &Letter, send: &SendCommon, now: Ms) -> Ms {
    match &letter.verdict {
        Ok(Verdict::HoldForWindow) => now.saturating_add(send.hold_hours.max(1).saturating_mul(HOUR)),
        Ok(Verdict::HoldForChannel) => now.saturating_add(MINUTE),
        Ok(Verdict::HoldForQuiet(until)) => *until,
        Ok(Verdict::Send(_) | Verdict::Fallback) | Err(_) => now,
    }
}

fn model(ctx: &Ctx, case: &Case, letter: &Letter, talk: &str, now: Ms) -> message::Model {
    let channel = case.sender.as_ref().map(|sender| &sender.row);
    let held = |code, rule: &str| Some(MessageError::of_refusal(&Refusal::new(code, rule)).to_json().to_string());
    let (status, error) = match &letter.verdict {
        Ok(Verdict::Send(_) | Verdict::Fallback) => (Status::Queued, None),
        Ok(Verdict::HoldForWindow) => (Status::Held, held(Code::WindowClosed, gate::HELD_FOR_WINDOW)),
        Ok(Verdict::HoldForChannel) => (Status::Held, held(Code::ChannelUnavailable, gate::HELD_FOR_CHANNEL)),
        Ok(Verdict::HoldForQuiet(_)) => (Status::Held, held(Code::QuietHours, gate::HELD_FOR_QUIET)),
        Err(refusal) => (Status::Failed, Some(MessageError::of_refusal(refusal).to_json().to_string())),
    };
    let draft = Draft {
        portal: &case.call.portal,
        channel_id: channel.map(|row| row.id.as_str()).unwrap_or_default(),
        conversation_id: talk,
        call_id: Some(&case.call.id),
        document: (Some(&case.call.document_entity), Some(&case.call.document_id)),
        content: &letter.content,
        text: &letter.text,
    };
    let queued = draft.to(ctx, &letter.who, now);
    message::Model { status: status.as_str().to_owned(), error, failed_at: (status == Status::Failed).then_some(now), ..queued }
}
