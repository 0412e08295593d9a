//! Callbacks to the business: taken from the outbox when due, changed by ordered faults, repeated until a 2xx.

use super::dialect::Vendor;
use super::fault::{EventAction, EventFault};
use super::observation::Delivery;
use super::plan;
use super::state::{Shared, State};
use super::wire;
use crate::domain::clock::{MINUTE, Ms};
use futures::StreamExt as _;
use serde_json::Value;
use std::sync::atomic::Ordering;

/// One callback on its way.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    /// `enqueued sent … message user-event …`.
    pub(super) event: String,
    /// Account.
    pub(super) account: String,
    /// Address.
    pub(super) url: String,
    /// Custom headers of the subscription.
    pub(super) headers: Vec<(String, String)>,
    /// Message it tells about.
    pub(super) wamid: Option<String>,
    /// The body: JSON, or for a form an object of texts.
    pub(super) body: Value,
    /// How the vendor proves it.
    pub(super) proof: Proof,
    /// Failed attempts so far.
    pub(super) failures: u32,
    /// An event fault was applied already; a repeat meets it no second time.
    pub(super) touched: bool,
}

/// How a vendor proves a callback. Signatures are made over the bytes that leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// Headers of the subscription at most.
    None,
    /// In the vendor's way.
    Key {
        /// Whose way.
        vendor: Vendor,
        /// The key.
        key: String,
    },
}

/// Moves the plan and delivers what is due, until nothing is due. Returns the number of attempts.
pub(super) async fn flush(shared: &Shared) -> usize {
    let _turn = shared.flushing.lock().await;
    let width = if shared.auto.load(Ordering::SeqCst) { 16 } else { 1 };
    let mut attempts: usize = 0;
    loop {
        plan::advance(shared).await;
        let due = take_due(&mut shared.lock(), shared.now());
        if due.is_empty() {
            return attempts;
        }
        attempts = attempts.saturating_add(due.len());
        futures::stream::iter(due).for_each_concurrent(width, |callback| deliver(shared, callback)).await;
    }
}

/// Delivers the earliest due callback only; false when none is due.
pub(super) async fn flush_one(shared: &Shared) -> bool {
    let _turn = shared.flushing.lock().await;
    plan::advance(shared).await;
    let next = {
        let mut state = shared.lock();
        let key = state.outbox.first_key_value().map(|(key, _)| *key).filter(|key| key.0 <= shared.now());
        key.and_then(|key| state.outbox.remove(&key))
    };
    match next {
        Some(callback) => {
            deliver(shared, callback).await;
            true
        }
        None => false,
    }
}

async fn deliver(shared: &Shared, callback: Callback) {
    let status = wire::post(&shared.http, &callback).await;
    let now = shared.now();
    let mut state = shared.lock();
    state.deliveries.push(Delivery {
        at: now,
        event: callback.event.clone(),
        account: callback.account.clone(),
        url: callback.url.clone(),
        wamid: callback.wamid.clone(),
        attempt: callback.failures.saturating_add(1),
        status,
        body: callback.body.clone(),
    });
    if !status.is_some_and(|status| (200..300).contains(&status)) {
        let pause = repeat_pause(state.pace.retry_ms, callback.failures);
        state.post(now.saturating_add(pause), Callback { failures: callback.failures.saturating_add(1), ..callback });
    }
}

fn repeat_pause(first: Ms, failures: u32) -> Ms {
    first.saturating_mul(Ms::from(1_u32.checked_shl(failures).unwrap_or(u32::MAX))).clamp(1, MINUTE)
}

fn take_due(state: &mut State, now: Ms) -> Vec<Callback> {
    let later = state.outbox.split_off(&(now.saturating_add(1), 0));
    let due: Vec<Callback> = std::mem::replace(&mut state.outbox, later).into_values().collect();
    if due.is_empty() || state.event_faults.iter().all(|rule| rule.times == 0) {
        return due;
    }
    let mut kept = Vec::new();
    for callback in due {
        touch_one(state, callback, now, &mut kept);
    }
    touch_all(state, kept)
}

/// Faults of single callbacks.
fn touch_one(state: &mut State, mut callback: Callback, now: Ms, kept: &mut Vec<Callback>) {
    let single = |rule: &EventFault| !matches!(rule.action, EventAction::Reverse | EventAction::Batch);
    let wanted = callback.event.clone();
    let rule = if callback.touched {
        None
    } else {
        state.event_faults.iter_mut().find(|rule| rule.times > 0 && single(rule) && (rule.event.is_empty() || rule.event == wanted))
    };
    let Some(rule) = rule else { return kept.push(callback) };
    rule.times = rule.times.saturating_sub(1);
    let action = rule.action;
    callback.touched = true;
    match action {
        EventAction::Drop => {}
        EventAction::Delay { ms } => state.post(now.saturating_add(ms.max(1)), callback),
        EventAction::Duplicate { copies } => {
            kept.extend((0..copies).map(|_| callback.clone()));
            kept.push(callback);
        }
        EventAction::Reverse | EventAction::Batch => kept.push(callback),
    }
}

/// Faults of a whole flush.
fn touch_all(state: &mut State, mut kept: Vec<Callback>) -> Vec<Callback> {
    let mut used = |action: EventAction| {
        let rule = state.event_faults.iter_mut().find(|rule| rule.times > 0 && rule.action == action);
        rule.map(|rule| rule.times = rule.times.saturating_sub(1)).is_some()
    };
    if kept.len() > 1 && used(EventAction::Reverse) {
        kept.reverse();
    }
    if kept.len() > 1 && used(EventAction::Batch) {
        kept = batch(kept);
    }
    kept
}

/// Joins bodies in Meta's shape that go to one address; other bodies stay alone.
fn batch(callbacks: Vec<Callback>) -> Vec<Callback> {
    let mut joined: Vec<Callback> = Vec::new();
    for mut callback in callbacks {
        let entries = callback.body.get_mut("entry").and_then(Value::as_array_mut).map(std::mem::take);
        let Some(mut entries) = entries else {
            joined.push(callback);
            continue;
        };
        let same = joined
            .iter_mut()
            .find(|other| other.url == callback.url && other.headers == callback.headers && other.body.get("entry").is_some());
        if let Some(list) = same.and_then(|other| other.body.get_mut("entry")).and_then(Value::as_array_mut) {
            list.append(&mut entries);
        } else {
            if let Some(list) = callback.body.get_mut("entry") {
                *list = Value::Array(entries);
            }
            joined.push(callback);
        }
    }
    joined
}
