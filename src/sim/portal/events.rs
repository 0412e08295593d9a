//! `event.*`: bindings of an application; names in any case, upper case on the wire (reference/bitrix24.md G.1).

use super::auth_block::AuthBlock;
use super::call::{Call, Reply, no_application_here};
use super::descriptor::check_handler;
use super::error::Refusal;
use super::form;
use super::params::as_int;
use super::queue::Post;
use super::simulation::Core;
use super::state::{Binding, State, object};
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

/// Events that can be bound.
pub(crate) const EVENTS: &[&str] = &[
    "ONAPPINSTALL",
    "ONAPPUNINSTALL",
    "ONAPPUPDATE",
    "ONAPPPAYMENT",
    "ONAPPTEST",
    "ONAPPMETHODCONFIRM",
    "ONUSERADD",
    "ONCRMDEALADD",
    "ONCRMDEALUPDATE",
    "ONCRMDEALDELETE",
    "ONCRMDEALMOVETOCATEGORY",
    "ONCRMLEADADD",
    "ONCRMLEADUPDATE",
    "ONCRMLEADDELETE",
    "ONCRMCONTACTADD",
    "ONCRMCONTACTUPDATE",
    "ONCRMCONTACTDELETE",
    "ONCRMCOMPANYADD",
    "ONCRMCOMPANYUPDATE",
    "ONCRMCOMPANYDELETE",
    "ONCRMDYNAMICITEMADD",
    "ONCRMDYNAMICITEMUPDATE",
    "ONCRMDYNAMICITEMDELETE",
    "ONCRMACTIVITYADD",
    "ONCRMACTIVITYUPDATE",
    "ONCRMACTIVITYDELETE",
    "ONCRMTIMELINECOMMENTADD",
    "ONCRMTIMELINECOMMENTUPDATE",
    "ONCRMTIMELINECOMMENTDELETE",
    "ONCRMTIMELINEITEMACTION",
    "ONIMCONNECTORMESSAGEADD",
    "ONIMCONNECTORMESSAGEUPDATE",
    "ONIMCONNECTORMESSAGEDELETE",
    "ONIMCONNECTORLINEDELETE",
    "ONIMCONNECTORSTATUSDELETE",
    "ONIMCONNECTORDIALOGSTART",
    "ONIMCONNECTORDIALOGFINISH",
    "ONOPENLINEMESSAGEADD",
    "ONSESSIONSTART",
    "ONSESSIONFINISH",
    "ONOFFLINEEVENT",
];

fn known(event: &str) -> bool {
    EVENTS.contains(&event)
        || ["ONCRMDYNAMICITEMADD_", "ONCRMDYNAMICITEMUPDATE_", "ONCRMDYNAMICITEMDELETE_"].iter().any(|prefix| event.starts_with(prefix))
}

pub(crate) fn bind(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = call.app(no_application_here)?;
    let event = call.params.word("EVENT").ok_or_else(|| Refusal::argument(400, "EVENT"))?.to_uppercase();
    if !known(&event) {
        return Err(Refusal::bad("ERROR_EVENT_NOT_FOUND", "Event not found"));
    }
    let offline = call.params.word("EVENT_TYPE").is_some_and(|kind| kind == "offline");
    let handler = match call.params.any_case("HANDLER") {
        None if offline => String::new(),
        None => return Err(Refusal::argument(400, "HANDLER")),
        Some(handler) => check_handler(handler)?,
    };
    let auth_type = call.params.any_case("AUTH_TYPE").and_then(as_int).unwrap_or(0);
    if !call.caller.admin && (offline || (auth_type != 0 && auth_type != call.caller.user)) {
        return Err(Refusal::denied("Access denied!"));
    }
    let install = state.installs.get_mut(&client).ok_or_else(no_application_here)?;
    let binding = Binding { event, handler, auth_type };
    if install.bindings.contains(&binding) {
        return Err(Refusal::bad("ERROR_CORE", "Unable to set event handler: Handler already binded"));
    }
    install.bindings.push(binding);
    Ok(Reply::of(true))
}

pub(crate) fn unbind(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = call.app(no_application_here)?;
    let event = call.params.word("EVENT").ok_or_else(|| Refusal::argument(400, "EVENT"))?.to_uppercase();
    let handler = call.params.word("HANDLER").ok_or_else(|| Refusal::argument(400, "HANDLER"))?;
    let auth_type = call.params.any_case("AUTH_TYPE").and_then(as_int);
    let install = state.installs.get_mut(&client).ok_or_else(no_application_here)?;
    let before = install.bindings.len();
    install.bindings.retain(|one| !(one.event == event && one.handler == handler && auth_type.is_none_or(|user| user == one.auth_type)));
    Ok(Reply::of(json!({ "count": before - install.bindings.len() })))
}

pub(crate) fn get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client = call.app(no_application_here)?;
    let install = state.installs.get(&client).ok_or_else(no_application_here)?;
    let mine = |binding: &&Binding| call.caller.admin || binding.auth_type == call.caller.user;
    let row = |one: &Binding| json!({"event": one.event, "handler": one.handler, "auth_type": one.auth_type.to_string(), "offline": 0});
    Ok(Reply::of(install.bindings.iter().filter(mine).map(row).collect::<Vec<_>>()))
}

pub(crate) fn names(_: &Call, _: &mut State) -> Result<Reply, Refusal> {
    Ok(Reply::of(json!(EVENTS)))
}

pub(crate) fn test(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    call.app(no_application_here)?;
    let mut query = call.params.0.clone();
    query.remove("auth");
    let posts = to_bound(call.core, state, "ONAPPTEST", &json!({ "QUERY": query }), Some(call.caller.user), call.now);
    Ok(Reply::of(1).posting(posts))
}

/// One event for one address.
pub(crate) fn event_post(core: &Core, state: &State, url: &str, event: &str, data: &Value, auth: AuthBlock, now: Ms) -> Post {
    let mut tree = object(json!({ "event": event, "event_handler_id": core.handler_number(url) }));
    tree.insert("data".into(), data.clone());
    tree.insert("ts".into(), json!(now / 1_000));
    tree.insert("auth".into(), auth.build(core, state, now));
    Post { url: url.to_owned(), kind: event.to_owned(), step: None, pairs: form::pairs(&tree), mishaps: Vec::new() }
}

/// The event for every bound handler of every finished installation; tokens of who caused it, or of the chosen user.
pub(crate) fn to_bound(core: &Core, state: &State, event: &str, data: &Value, cause: Option<i64>, now: Ms) -> Vec<Post> {
    let mut posts = Vec::new();
    for (client_id, install) in state.installs.iter().filter(|(_, install)| install.finished) {
        for binding in install.bindings.iter().filter(|binding| binding.event == event && !binding.handler.is_empty()) {
            let user = if binding.auth_type > 0 { Some(binding.auth_type) } else { cause };
            posts.push(event_post(core, state, &binding.handler, event, data, AuthBlock::of(client_id).user(user), now));
        }
    }
    posts
}

/// The CRM event of a changed item.
pub(crate) fn item_changed(core: &Core, state: &State, type_id: i64, id: i64, what: &str, cause: Option<i64>, now: Ms) -> Vec<Post> {
    let name = match type_id {
        1 => "LEAD",
        2 => "DEAL",
        3 => "CONTACT",
        4 => "COMPANY",
        _ => "DYNAMICITEM",
    };
    let mut fields = Map::new();
    fields.insert("ID".into(), json!(id));
    if name == "DYNAMICITEM" {
        fields.insert("ENTITY_TYPE_ID".into(), json!(type_id));
    }
    let data = json!({ "FIELDS": fields });
    let mut posts = to_bound(core, state, &format!("ONCRM{name}{what}"), &data, cause, now);
    if name == "DYNAMICITEM" {
        posts.extend(to_bound(core, state, &format!("ONCRM{name}{what}_{type_id}"), &data, cause, now));
    }
    posts
}

impl Core {
    /// A stable small number for an address.
    fn handler_number(&self, url: &str) -> u32 {
        url.bytes().fold(17, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 900 + 10
    }
}
