//! Classic CRM methods: upper-case fields, all strings, errors with an empty code (reference/bitrix24.md E.2).

use super::call::{Call, Reply};
use super::crm::{COMPANY, CONTACT, DEAL, LEAD};
use super::error::Refusal;
use super::params::as_int;
use super::state::State;
use serde_json::{Value, json};

pub(crate) fn deal(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    get(call, state, DEAL)
}

pub(crate) fn lead(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    get(call, state, LEAD)
}

pub(crate) fn contact(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    get(call, state, CONTACT)
}

pub(crate) fn company(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    get(call, state, COMPANY)
}

fn id_of(call: &Call) -> Result<i64, Refusal> {
    let id = call.params.any_case("id").and_then(as_int).filter(|id| *id > 0);
    id.ok_or_else(|| Refusal::text("ID is not defined or invalid."))
}

fn get(call: &Call, state: &mut State, type_id: i64) -> Result<Reply, Refusal> {
    let id = id_of(call)?;
    if !call.caller.crm {
        return Err(Refusal::text("Access denied."));
    }
    let item = state.crm.items.get(&(type_id, id)).ok_or_else(|| Refusal::text("Not found"))?;
    Ok(Reply::of(Value::Object(item.classic(type_id))))
}

pub(crate) fn deal_contacts(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let id = id_of(call)?;
    if !call.caller.crm {
        return Err(Refusal::text("Access denied."));
    }
    let item = state.crm.items.get(&(DEAL, id)).ok_or_else(|| Refusal::text("Not found"))?;
    let row = |(index, contact): (usize, &i64)| json!({"CONTACT_ID": contact, "SORT": (index + 1) * 10, "ROLE_ID": 0, "IS_PRIMARY": if index == 0 { "Y" } else { "N" }});
    Ok(Reply::of(item.contacts().iter().enumerate().map(row).collect::<Vec<_>>()))
}
