//! The channel that stands in for one that cannot send (setting `failover`). Pure.
//!
//! Asked when a robot's message is decided, before anything of it exists: window, template and consent are then those of the second number.
//! What was decided before waits for its own channel; an outcome that nobody knows is never handed over. One step only, and never past a
//! pause that a person made.

use super::desk::{Desk, Sender};
use super::gate::{self, Footing};
use serde_json::Value;

/// Channel setting: id or exact name of the second channel.
pub(super) const SETTING: &str = "failover";

/// The channel that sends.
pub(super) fn stand_in(desk: &Desk, first: Sender) -> Sender {
    let broken = first.row.deleted_at.is_none() && gate::footing(&first.row) == Footing::Broken;
    // Without a reason a person paused it; with one the provider did.
    let stopped = first.row.state == "paused" && first.row.state_reason.is_some();
    if !broken && !stopped {
        return first;
    }
    let named = first.setting(SETTING).as_ref().and_then(Value::as_str).map(str::trim).map(str::to_owned).filter(|name| !name.is_empty());
    let second = named.and_then(|name| {
        let mut live = desk.channels().iter().filter(|row| row.deleted_at.is_none() && (row.id == name || row.name == name));
        live.next().filter(|_| live.next().is_none()).map(|row| row.id.clone())
    });
    let second = second.filter(|id| *id != first.row.id).and_then(|id| desk.sender(&id));
    match second.filter(|second| gate::footing(&second.row) == Footing::Works) {
        Some(second) => Sender { instead_of: Some(first.row.id), ..second },
        None => first,
    }
}
