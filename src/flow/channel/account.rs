//! What a provider says about the account behind a channel: its state, the number it is paired to, and that it speaks to us at all.
//!
//! A pause that a person made stands whatever a gateway says; what the gateway paused, it takes back.

use super::note_state;
use crate::db::entity::channel::Model;
use crate::db::store::{
    self,
    channel::{Change, When},
};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::event::AccountEvent;
use crate::provider::{AccountState, registry};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// States that an account which works again leaves behind.
const MENDED: [&str; 5] = ["new", "pairing", "disconnected", "limited", "blocked"];

/// Why a channel is limited whose number's events go to another channel of this installation.
const ELSEWHERE: &str = "the provider reports this number to a channel that was connected later";

/// Stores whether the provider reports the channel's number to it: another channel of the same number may have been connected since.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn note_address(tx: &Tx, portal: &str, channel_id: &str, here: bool, now: Ms) -> DbResult<()> {
    let Some(row) = store::channel::find(&**tx, portal, channel_id).await? else { return Ok(()) };
    let (news, from) = match (here, is_elsewhere(&row)) {
        (true, true) => (("connected", None), "limited"),
        (false, false) if matches!(row.state.as_str(), "new" | "connected") => (("limited", Some(ELSEWHERE)), row.state.as_str()),
        _ => return Ok(()),
    };
    note_state(tx, portal, channel_id, news, When::From(&[from]), now).await
}

fn is_elsewhere(row: &Model) -> bool {
    row.state == "limited" && row.state_reason.as_deref() == Some(ELSEWHERE)
}

/// Stores a change of the account told by a webhook; returns what was done.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn note_account(tx: &Tx, portal: &str, channel_id: &str, told: &AccountEvent, now: Ms) -> DbResult<Value> {
    let Some(row) = store::channel::find(&**tx, portal, channel_id).await? else { return Ok(json!({"kept": "channel deleted"})) };
    let state =
        AccountState { state: known(&told.state), reason: Some(told.reason.clone()), phone: told.phone.clone(), ..AccountState::default() };
    let after = learn(tx, &row, &state, now).await?;
    Ok(json!({"account": told.reason, "channel_state": after}))
}

/// The closed list of states that an account may lead to.
fn known(state: &str) -> Option<&'static str> {
    ["connected", "pairing", "limited", "paused", "blocked", "disconnected", "auth_failed"].into_iter().find(|known| *known == state)
}

/// Stores what is known of the account; returns the channel's state afterwards.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn learn(tx: &Tx, row: &Model, told: &AccountState, now: Ms) -> DbResult<String> {
    let mut settings: Map<String, Value> = serde_json::from_str(&row.settings).unwrap_or_default();
    let stored = settings.get("phone").and_then(Value::as_str).map(str::to_owned).filter(|phone| !phone.is_empty());
    let health = Some(told.health.to_string()).filter(|health| !told.health.is_null() && row.health.as_ref() != Some(health));
    if health.is_some() {
        store::channel::update(tx, &row.portal, &row.id, Change { health, ..Change::default() }, now).await?;
    }
    let mut next = (told.state, told.reason.clone());
    match (&told.phone, stored) {
        (Some(phone), None) => {
            settings.insert("phone".to_owned(), json!(phone));
            let change = Change { settings: Some(Value::Object(settings).to_string()), ..Change::default() };
            store::channel::update(tx, &row.portal, &row.id, change, now).await?;
        }
        // Clients know the channel by its number: another one is another channel until a person says otherwise.
        (Some(phone), Some(stored)) if *phone != stored && told.state == Some("connected") => {
            next = (Some("disconnected"), Some("paired to another number than the channel's `phone`".to_owned()));
        }
        _ => {}
    }
    let Some((state, reason)) = transition(row, next.0, next.1) else { return Ok(row.state.clone()) };
    // Judged by the row that was read: a pause made meanwhile stands.
    note_state(tx, &row.portal, &row.id, (state, reason.as_deref()), When::From(&[row.state.as_str()]), now).await?;
    Ok(state.to_owned())
}

fn transition(row: &Model, state: Option<&'static str>, reason: Option<String>) -> Option<(&'static str, Option<String>)> {
    let by_person = row.state == "paused" && row.state_reason.is_none();
    let by_gateway = row.state == "paused"
        && row.state_reason.as_deref().is_some_and(|reason| registry::find(&row.kind).is_some_and(|provider| provider.own_pause(reason)));
    match state? {
        "connected" if is_elsewhere(row) => None,
        "connected" => (MENDED.contains(&row.state.as_str()) || by_gateway).then_some(("connected", None)),
        _ if by_person => None,
        state if state == row.state => None,
        state => Some((state, reason)),
    }
}

/// The first event that was proven shows that the channel's address works.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn note_proven(tx: &Tx, portal: &str, channel_ids: &BTreeSet<&str>, now: Ms) -> DbResult<()> {
    for channel_id in channel_ids {
        note_state(tx, portal, channel_id, ("connected", None), When::From(&["new"]), now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::channel::sample;

    fn row(state: &str, reason: Option<&str>) -> Model {
        Model { kind: "green-api".to_owned(), state: state.to_owned(), state_reason: reason.map(str::to_owned), ..sample::row("ch") }
    }

    #[test]
    fn a_persons_pause_stands_and_a_gateways_own_one_is_taken_back() {
        let after = |state: &str, reason: Option<&str>, told: &'static str| {
            transition(&row(state, reason), Some(told), Some("why".to_owned())).map(|(state, _)| state)
        };
        for state in MENDED {
            assert_eq!(after(state, Some("x"), "connected"), Some("connected"), "{state}");
        }
        assert_eq!(after("paused", None, "connected"), None, "a person paused it");
        assert_eq!(after("paused", None, "disconnected"), None);
        assert_eq!(after("paused", Some("yellowCard"), "connected"), Some("connected"));
        assert_eq!(after("paused", Some("no money"), "connected"), None, "money is another matter");
        assert_eq!(after("auth_failed", Some("401"), "connected"), None, "only working keys mend that");
        assert_eq!(after("connected", None, "paused"), Some("paused"));
        assert_eq!(after("connected", None, "disconnected"), Some("disconnected"));
        assert_eq!(transition(&row("connected", None), None, None), None);
    }
}
