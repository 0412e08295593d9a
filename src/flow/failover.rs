//! The channel that stands in for one that cannot send (setting `failover`).
//!
//! Asked when a robot's message is decided, before anything of it exists: window, template and consent are then those of the second number.
//! What was decided before waits for its own channel; an outcome that nobody knows is never handed over. One step only, and never past a
//! pause that a person made. A channel whose provider does not answer (`breaker`) counts as one that cannot send until it is asked again.

use super::Ctx;
use super::desk::{Desk, Sender};
use super::gate::{self, Footing};
use crate::db::entity::channel::Model;
use crate::provider::SettingsError;
use serde_json::{Map, Value};

/// Channel setting: id of the second channel; an administrator may type its exact name.
pub(super) const SETTING: &str = "failover";

/// Checks what an administrator typed and puts the id in place of a name, so that a new name changes nothing.
///
/// # Errors
/// The field with a reason: it has to be another live channel of the same portal.
pub(super) fn check(channels: &[Model], own: &str, settings: &mut Map<String, Value>) -> Result<(), SettingsError> {
    let Some(named) = settings.get(SETTING).and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let wrong = |reason| SettingsError { field: SETTING.to_owned(), reason };
    let live = || channels.iter().filter(|row| row.deleted_at.is_none());
    let found: Vec<&Model> = match live().find(|row| row.id == named) {
        Some(row) => vec![row],
        None => live().filter(|row| row.name == named).collect(),
    };
    let second = match found.as_slice() {
        [] => return Err(wrong("no_such_channel")),
        [one] if one.id == own => return Err(wrong("own_channel")),
        [one] => one.id.clone(),
        _ => return Err(wrong("name_not_unique")),
    };
    settings.insert(SETTING.to_owned(), Value::String(second));
    Ok(())
}

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
    let second = named.filter(|id| *id != first.row.id).and_then(|id| desk.sender(&id));
    match second.filter(|second| works(&second.row)) {
        Some(second) => Sender { instead_of: Some(first.row.id), ..second },
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::channel::sample;
    use serde_json::json;

    fn row(id: &str, name: &str, deleted: bool) -> Model {
        Model { name: name.to_owned(), deleted_at: deleted.then_some(1), ..sample::row(id) }
    }

    #[test]
    fn the_second_channel_is_another_live_one_of_the_portal() {
        let rows = [
            row("ch_a", "Sales", false),
            row("ch_b", "Support", false),
            row("ch_c", "Twin", false),
            row("ch_d", "Twin", false),
            row("ch_e", "Gone", true),
        ];
        let typed = |named: Value| {
            let mut settings = Map::from_iter([(SETTING.to_owned(), named)]);
            check(&rows, "ch_a", &mut settings).map(|()| settings.remove(SETTING)).map_err(|error| (error.field, error.reason))
        };
        let refused = |reason| Err((SETTING.to_owned(), reason));
        assert_eq!(typed(json!("ch_b")), Ok(Some(json!("ch_b"))));
        assert_eq!(typed(json!(" Support ")), Ok(Some(json!("ch_b"))), "kept by id");
        assert_eq!(typed(Value::Null), Ok(Some(Value::Null)), "removed");
        for named in ["ch_a", "Sales"] {
            assert_eq!(typed(json!(named)), refused("own_channel"), "{named}");
        }
        for named in ["ch_e", "Gone", "support", "ch_z"] {
            assert_eq!(typed(json!(named)), refused("no_such_channel"), "{named}");
        }
        assert_eq!(typed(json!("Twin")), refused("name_not_unique"));
        assert_eq!(check(&rows, "ch_a", &mut Map::new()), Ok(()));
    }
}
