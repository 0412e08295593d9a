//! `crm.automation.trigger.*`: accepted is not moved; a move fires the next stage's robots inside the call (reference/bitrix24.md D.2).

use super::call::{Call, Reply, no_application_here};
use super::crm;
use super::error::Refusal;
use super::item_methods;
use super::params::{as_int, as_text};
use super::state::{State, object};
use super::steps::TriggerRun;
use serde_json::json;

fn rights(call: &Call) -> Result<String, Refusal> {
    let client = call.app(no_application_here)?;
    call.admin("Access denied! Admin permissions required")?;
    if !call.caller.crm {
        return Err(Refusal::text("Access denied."));
    }
    Ok(client)
}

fn code_of(call: &Call) -> Result<String, Refusal> {
    let code = call.params.word("CODE").ok_or_else(|| Refusal::text("Empty trigger code!"))?;
    let good = code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    if good { Ok(code) } else { Err(Refusal::text("Wrong trigger code!")) }
}

pub(crate) fn trigger_add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let code = code_of(call)?;
    let name = call
        .params
        .any_case("NAME")
        .and_then(as_text)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Refusal::text("Empty trigger name!"))?;
    let install = state.installs.get_mut(&client).ok_or_else(no_application_here)?;
    install.triggers.insert(code, name);
    Ok(Reply::of(true))
}

pub(crate) fn trigger_list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let install = state.installs.get(&client).ok_or_else(no_application_here)?;
    Ok(Reply::of(install.triggers.iter().map(|(code, name)| json!({"NAME": name, "CODE": code})).collect::<Vec<_>>()))
}

pub(crate) fn trigger_delete(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let code = code_of(call)?;
    let install = state.installs.get_mut(&client).ok_or_else(no_application_here)?;
    install.triggers.remove(&code).ok_or_else(|| Refusal::text("Trigger not found"))?;
    Ok(Reply::of(true))
}

pub(crate) fn trigger_execute(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let code = code_of(call)?;
    let install = state.installs.get(&client).ok_or_else(no_application_here)?;
    if !install.triggers.contains_key(&code) {
        return Err(Refusal::text(format!("Trigger with code {code} is not registered.")));
    }
    let type_id = call.params.any_case("OWNER_TYPE_ID").and_then(as_int).filter(|kind| matches!(kind, 1 | 2 | 7 | 31) || *kind >= 128);
    let type_id = type_id.ok_or_else(|| Refusal::text("Incorrect parameter OWNER_TYPE_ID."))?;
    let id = call
        .params
        .any_case("OWNER_ID")
        .and_then(as_int)
        .filter(|id| *id > 0)
        .ok_or_else(|| Refusal::text("Incorrect parameter OWNER_ID."))?;
    let Some(item) = state.crm.items.get(&(type_id, id)) else { return Err(Refusal::text("Incorrect parameter OWNER_ID.")) };
    let stage = item.fields.get("stageId").and_then(as_text).unwrap_or_default();
    let order = crm::stages(type_id);
    let place = |stage: &str| order.iter().position(|one| one == stage);
    let target = state
        .engine
        .attached
        .iter()
        .filter(|(of, attached, kind, _)| *of == client && *attached == code && *kind == type_id)
        .map(|(_, _, _, stage)| stage.clone())
        .find(|target| crm::semantics(&stage) == "P" && place(target) > place(&stage));
    state.engine.executed.push(TriggerRun { at: call.now, code, type_id, id, moved_to: target.clone() });
    let posts = match target {
        Some(target) => {
            item_methods::write(call.core, state, type_id, id, object(json!({ "stageId": target })), call.caller.user, call.now)
        }
        None => Vec::new(),
    };
    Ok(Reply::of(true).posting(posts))
}
