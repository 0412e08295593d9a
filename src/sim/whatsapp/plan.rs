//! What becomes of an accepted message, step by step, on the network's clock. Dialects word each step.

use super::dialect;
use super::inbound::InboundMessage;
use super::message::{Failure, MediaLink, MediaSource, Message, Status};
use super::state::{Shared, State};
use super::wire::{self, MediaProblem};
use crate::domain::clock::Ms;

/// A step to come.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The provider looks at the message, and at its file.
    Check { wamid: String },
    /// Handed to WhatsApp.
    Enqueue { wamid: String },
    /// WhatsApp takes it, or refuses.
    Send { wamid: String },
    /// The phone gets it.
    Deliver { wamid: String },
    /// The person opens it.
    Read { wamid: String },
    /// The person removes it.
    Delete { wamid: String },
    /// A person's message leaves the provider's hold.
    Inbound(Box<InboundMessage>),
}

/// Does every step that is due. Files are fetched outside the lock.
pub(super) async fn advance(shared: &Shared) {
    while let Some(step) = pop_due(shared) {
        let problem = match media_to_check(shared, &step) {
            Some((account, media)) => find_media(shared, &account, &media).await.err(),
            None => None,
        };
        take(&mut shared.lock(), step, problem, shared.now());
    }
}

fn pop_due(shared: &Shared) -> Option<Step> {
    let mut state = shared.lock();
    let key = *state.plan.first_key_value()?.0;
    if key.0 > shared.now() { None } else { state.plan.remove(&key) }
}

async fn find_media(shared: &Shared, account: &str, media: &MediaLink) -> Result<(), MediaProblem> {
    match &media.source {
        MediaSource::Url(url) => wire::fetch_media(&shared.http, &media.kind, url).await,
        MediaSource::Upload(id) => dialect::uploaded(&shared.lock(), account, &media.kind, id),
    }
}

fn media_to_check(shared: &Shared, step: &Step) -> Option<(String, MediaLink)> {
    let Step::Check { wamid } = step else { return None };
    let state = shared.lock();
    let message = state.message(wamid)?;
    if message.failure.is_some() { None } else { message.media.clone().map(|media| (message.account.clone(), media)) }
}

fn take(state: &mut State, step: Step, problem: Option<MediaProblem>, now: Ms) {
    match step {
        Step::Check { wamid } => check(state, &wamid, problem, now),
        Step::Enqueue { wamid } => enqueue(state, &wamid, now),
        Step::Send { wamid } => send(state, &wamid, now),
        Step::Deliver { wamid } => deliver(state, &wamid, now),
        Step::Read { wamid } => read(state, &wamid, now),
        Step::Delete { wamid } => reach(state, &wamid, Status::Deleted, now),
        Step::Inbound(inbound) => dialect::tell_inbound(state, &inbound, now),
    }
}

fn check(state: &mut State, wamid: &str, problem: Option<MediaProblem>, now: Ms) {
    let Some(message) = state.message(wamid).cloned() else { return };
    let failure = message.failure.clone().or_else(|| problem.map(|problem| dialect::media_failure(state, &message.account, problem)));
    match failure {
        Some(failure) if failure.early => fail(state, wamid, failure, now),
        failure => {
            if let Some(message) = state.message_mut(wamid) {
                message.failure = failure;
            }
            let due_at = now.saturating_add(state.pace.enqueued_ms);
            state.schedule(due_at, Step::Enqueue { wamid: wamid.to_owned() });
        }
    }
}

fn enqueue(state: &mut State, wamid: &str, now: Ms) {
    reach(state, wamid, Status::Enqueued, now);
    let due_at = now.saturating_add(state.pace.sent_ms);
    state.schedule(due_at, Step::Send { wamid: wamid.to_owned() });
}

fn send(state: &mut State, wamid: &str, now: Ms) {
    let Some(message) = state.message(wamid).cloned() else { return };
    if let Some(failure) = message.failure {
        return fail(state, wamid, failure, now);
    }
    reach(state, wamid, Status::Sent, now);
    if message.kind != "reaction" && reachable(state, &message) {
        let due_at = now.saturating_add(state.pace.delivered_ms);
        state.schedule(due_at, Step::Deliver { wamid: wamid.to_owned() });
    }
}

fn deliver(state: &mut State, wamid: &str, now: Ms) {
    let Some(message) = state.message(wamid).cloned() else { return };
    if message.status != Status::Sent || !reachable(state, &message) {
        return;
    }
    reach(state, wamid, Status::Delivered, now);
    let person = state.addressee(&message.to);
    if person.reads_at_once {
        let due_at = now.saturating_add(state.pace.read_ms);
        state.schedule(due_at, Step::Read { wamid: wamid.to_owned() });
    }
}

fn read(state: &mut State, wamid: &str, now: Ms) {
    let Some(message) = state.message(wamid).cloned() else { return };
    let seen = message.status == Status::Delivered;
    if seen && state.addressee(&message.to).read_receipts {
        reach(state, wamid, Status::Read, now);
    }
}

/// A blocked business stays at `sent` for good; a phone that is off, until it is on (reference 1.3).
fn reachable(state: &mut State, message: &Message) -> bool {
    let person = state.addressee(&message.to);
    person.online && !person.blocked.contains(&message.account)
}

fn reach(state: &mut State, wamid: &str, status: Status, now: Ms) {
    let Some(message) = state.message_mut(wamid) else { return };
    message.status = status;
    message.history.push((status, now));
    let message = message.clone();
    dialect::tell_status(state, &message, status, now);
}

fn fail(state: &mut State, wamid: &str, failure: Failure, now: Ms) {
    let Some(message) = state.message_mut(wamid) else { return };
    message.status = Status::Failed;
    message.failure = Some(failure);
    message.history.push((Status::Failed, now));
    let message = message.clone();
    dialect::tell_status(state, &message, Status::Failed, now);
}

/// Plans the delivery of everything that waited for the person's phone.
pub(super) fn resume_deliveries(state: &mut State, phone: &str, now: Ms) {
    let person = state.person(phone).clone();
    let waiting: Vec<String> = state
        .messages
        .iter()
        .filter(|message| message.status == Status::Sent && message.kind != "reaction" && !person.blocked.contains(&message.account))
        .filter(|message| message.to == person.phone || Some(&message.to) == person.bsuid.as_ref())
        .map(|message| message.wamid.clone())
        .collect();
    let due_at = now.saturating_add(state.pace.delivered_ms);
    for wamid in waiting {
        state.schedule(due_at, Step::Deliver { wamid });
    }
}
