//! The channel that stands in for one that cannot send (setting `failover`).
//!
//! Asked when a robot's message is decided, before anything of it exists: window, template and consent are then those of the second number.
//! What was decided before waits for its own channel; an outcome that nobody knows is never handed over. One step only, and never past a
//! pause that a person made. A channel whose provider does not answer (`breaker`) counts as one that cannot send until it is asked again.

use super::Ctx;
use super::desk::{Desk, Sender};
use super::gate::{self, Footing};
use crate::db::entity::channel::Model;
use serde_json::Value;

/// Channel setting: id or exact name of the second channel.
pub(super) const SETTING: &str = "failover";

/// The channel that sends.
pub(super) fn stand_in(ctx: &Ctx, desk: &Desk, first: Sender) -> Sender {
    let now = ctx.clock.now();
    let works = |row: &Model| gate::footing(row) == Footing::Works && !ctx.pace.breakers.rests(&row.id, now);
    // A pause without a reason is a person's and stands, whatever the provider does.
    let by_person = first.row.state == "paused" && first.row.state_reason.is_none();
    if by_person || first.row.deleted_at.is_some() || works(&first.row) {
        return first;
    }
    let named = first.setting(SETTING).as_ref().and_then(Value::as_str).map(str::trim).map(str::to_owned).filter(|name| !name.is_empty());
    let second = named.and_then(|name| {
        let mut live = desk.channels().iter().filter(|row| row.deleted_at.is_none() && (row.id == name || row.name == name));
        live.next().filter(|_| live.next().is_none()).map(|row| row.id.clone())
    });
    let second = second.filter(|id| *id != first.row.id).and_then(|id| desk.sender(&id));
    match second.filter(|second| works(&second.row)) {
        Some(second) => Sender { instead_of: Some(first.row.id), ..second },
        None => first,
    }
}
