//! Methods about the application, the caller and the portal itself (reference/bitrix24.md A.8).

use super::call::{Call, Reply, no_application_here};
use super::config::{ALL_SCOPES, User};
use super::error::Refusal;
use super::methods;
use super::params::{as_flag, as_int, as_map, as_text, find_any_case};
use super::state::State;
use crate::domain::clock::iso;
use serde_json::{Value, json};

/// `batch` never reaches its table entry.
pub(crate) fn never(_: &Call, _: &mut State) -> Result<Reply, Refusal> {
    Err(Refusal::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage"))
}

pub(crate) fn app_info(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = call.app(no_application_here)?;
    let install = state.installs.get(&client).ok_or_else(no_application_here)?;
    let family = state.license.split_once('_').map_or("", |(_, family)| family);
    Ok(Reply::of(json!({
        "ID": 1, "CODE": client, "VERSION": install.version, "STATUS": install.status, "INSTALLED": install.finished,
        "PAYMENT_EXPIRED": if state.switches.unpaid { "Y" } else { "N" }, "DAYS": null, "LANGUAGE_ID": call.core.config.language,
        "LICENSE": state.license, "LICENSE_TYPE": family, "LICENSE_FAMILY": family,
    })))
}

pub(crate) fn profile(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let Some(user) = state.users.get(&call.caller.user) else { return Ok(Reply::of(json!([]))) };
    Ok(Reply::of(json!({
        "ID": user.id.to_string(), "ADMIN": user.admin, "NAME": user.name, "LAST_NAME": user.last_name, "PERSONAL_GENDER": "", "TIME_ZONE": "",
    })))
}

pub(crate) fn scope(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    if call.params.any_case("full").and_then(as_flag) == Some(true) {
        return Ok(Reply::of(json!(ALL_SCOPES)));
    }
    let granted = call.caller.client_id.as_ref().and_then(|client| state.installs.get(client)).map(|install| install.scopes.clone());
    Ok(Reply::of(json!(granted.unwrap_or_default())))
}

pub(crate) fn method_get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let name = call.params.word("name").ok_or_else(|| Refusal::argument(400, "name"))?.to_lowercase();
    let found = super::rest::find(state, &name).ok();
    let available = found.is_some_and(|method| super::rights::check_scope(state, call.caller, method.scopes).is_ok());
    Ok(Reply::of(json!({ "isExisting": found.is_some(), "isAvailable": available })))
}

pub(crate) fn method_names(_: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let names: Vec<&str> =
        methods::METHODS.iter().map(|method| method.name).filter(|name| super::rest::find(state, name).is_ok()).collect();
    Ok(Reply::of(json!(names)))
}

pub(crate) fn server_time(call: &Call, _: &mut State) -> Result<Reply, Refusal> {
    Ok(Reply::of(iso(call.now)))
}

pub(crate) fn user_admin(call: &Call, _: &mut State) -> Result<Reply, Refusal> {
    Ok(Reply::of(call.caller.admin))
}

pub(crate) fn user_current(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let user = state.users.get(&call.caller.user).map(row);
    Ok(Reply::of(user.unwrap_or(Value::Null)))
}

pub(crate) fn user_get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let mut filter = call.params.any_case("FILTER").and_then(as_map).unwrap_or_default();
    for (key, value) in &call.params.0 {
        if ["ID", "ACTIVE"].iter().any(|known| key.eq_ignore_ascii_case(known)) {
            filter.insert(key.clone(), value.clone());
        }
    }
    let ids: Option<Vec<i64>> = find_any_case(&filter, "ID").map(|value| match value {
        Value::Array(list) => list.iter().filter_map(as_int).collect(),
        other => as_int(other).into_iter().collect(),
    });
    let active = find_any_case(&filter, "ACTIVE").and_then(as_flag);
    let admin = find_any_case(&filter, "IS_ADMIN").or_else(|| find_any_case(&filter, "ADMIN")).and_then(as_flag);
    let name = find_any_case(&filter, "NAME").and_then(as_text);
    let fits = |user: &&User| {
        ids.as_ref().is_none_or(|ids| ids.contains(&user.id))
            && active.is_none_or(|active| active == user.active)
            && admin.is_none_or(|admin| admin == user.admin)
            && name.as_ref().is_none_or(|name| *name == user.name)
    };
    let rows = state.users.values().filter(fits).map(row).collect();
    let start = call.params.any_case("start").and_then(as_int).unwrap_or(0);
    Ok(Reply::page(rows, start, Value::Array))
}

fn row(user: &User) -> Value {
    json!({
        "ID": user.id.to_string(), "ACTIVE": user.active, "NAME": user.name, "LAST_NAME": user.last_name,
        "SECOND_NAME": "", "PERSONAL_MOBILE": user.mobile, "WORK_PHONE": "", "WORK_POSITION": user.position,
        "EMAIL": format!("user{}@example.org", user.id), "UF_DEPARTMENT": [1], "USER_TYPE": "employee",
    })
}
