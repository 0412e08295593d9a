//! `placement.*`: widgets of an application (reference/bitrix24.md J.1, J.2). Argument errors come with HTTP 200.

use super::call::{Call, Reply, wrong_auth_type};
use super::descriptor::check_handler;
use super::error::Refusal;
use super::state::{PlacementBinding, State};
use serde_json::{Value, json};

const ENTITIES: &[&str] = &["DEAL", "LEAD", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE", "ORDER"];
const SUFFIXES: &[&str] = &[
    "DETAIL_TAB",
    "DETAIL_ACTIVITY",
    "DETAIL_TOOLBAR",
    "LIST_MENU",
    "LIST_TOOLBAR",
    "ACTIVITY_TIMELINE_MENU",
    "ROBOT_DESIGNER_TOOLBAR",
    "DOCUMENTGENERATOR_BUTTON",
];
const OTHERS: &[&str] = &[
    "CRM_ACTIVITY_LIST_MENU",
    "CRM_FUNNELS_TOOLBAR",
    "CRM_ANALYTICS_MENU",
    "LEFT_MENU",
    "REST_APP_URI",
    "PAGE_BACKGROUND_WORKER",
    "CONTACT_CENTER",
    "IM_TEXTAREA",
    "IM_SIDEBAR",
    "IM_CONTEXT_MENU",
    "IM_NAVIGATION",
    "SETTING_CONNECTOR",
];

fn known(code: &str) -> bool {
    if OTHERS.contains(&code) {
        return true;
    }
    let Some(rest) = code.strip_prefix("CRM_") else { return false };
    SUFFIXES.iter().any(|suffix| {
        let entity = rest.strip_suffix(suffix).and_then(|entity| entity.strip_suffix('_')).unwrap_or_default();
        ENTITIES.contains(&entity) || entity.strip_prefix("DYNAMIC_").is_some_and(|number| number.parse::<i64>().is_ok())
    })
}

fn rights(call: &Call) -> Result<String, Refusal> {
    let client = call.app(wrong_auth_type)?;
    call.admin("Access denied!")?;
    Ok(client)
}

pub(crate) fn bind(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let code = call.params.word("PLACEMENT").ok_or_else(|| Refusal::argument(200, "PLACEMENT"))?.to_uppercase();
    let handler = call.params.any_case("HANDLER").ok_or_else(|| Refusal::argument(200, "HANDLER"))?;
    if !known(&code) {
        return Err(Refusal::bad("ERROR_PLACEMENT_NOT_FOUND", "Placement not found"));
    }
    let install = state.installs.get_mut(&client).ok_or_else(wrong_auth_type)?;
    if code.starts_with("CRM_") && !install.scopes.iter().any(|scope| scope == "crm") {
        return Err(Refusal::bad("ERROR_PLACEMENT_NOT_FOUND", "Placement not found"));
    }
    let handler = check_handler(handler)?;
    let single = matches!(code.as_str(), "REST_APP_URI" | "PAGE_BACKGROUND_WORKER");
    if single && install.placements.iter().any(|one| one.placement == code) {
        return Err(Refusal::bad("ERROR_PLACEMENT_MAX_COUNT", "Placement max count was reached"));
    }
    if install.placements.iter().any(|one| one.placement == code && one.handler == handler) {
        return Err(Refusal::bad("ERROR_CORE", "Unable to set placement handler: Handler already binded"));
    }
    let told = |name: &str| call.params.any_case(name).cloned().unwrap_or(Value::Null);
    let title = call.params.word("TITLE").unwrap_or_default();
    install.placements.push(PlacementBinding { placement: code, handler, title, titles: told("LANG_ALL"), options: told("OPTIONS") });
    Ok(Reply::of(true))
}

pub(crate) fn unbind(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let code = call.params.word("PLACEMENT").ok_or_else(|| Refusal::argument(200, "PLACEMENT"))?.to_uppercase();
    let handler = call.params.word("HANDLER");
    let install = state.installs.get_mut(&client).ok_or_else(wrong_auth_type)?;
    let before = install.placements.len();
    install.placements.retain(|one| !(one.placement == code && handler.as_ref().is_none_or(|handler| *handler == one.handler)));
    // The vendor counts found plus removed.
    Ok(Reply::of(json!({ "count": (before - install.placements.len()) * 2 })))
}

pub(crate) fn get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = rights(call)?;
    let install = state.installs.get(&client).ok_or_else(wrong_auth_type)?;
    let row = |one: &PlacementBinding| {
        json!({
            "placement": one.placement, "userId": 0, "handler": one.handler, "options": one.options, "title": one.title,
            "description": "", "langAll": one.titles,
        })
    };
    Ok(Reply::of(install.placements.iter().map(row).collect::<Vec<_>>()))
}

pub(crate) fn list(_: &Call, _: &mut State) -> Result<Reply, Refusal> {
    let crm = ENTITIES.iter().flat_map(|entity| SUFFIXES.iter().map(move |suffix| format!("CRM_{entity}_{suffix}")));
    Ok(Reply::of(crm.chain(OTHERS.iter().map(|code| (*code).to_owned())).collect::<Vec<_>>()))
}
