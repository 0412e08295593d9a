//! `crm.item.get`, `.list`, `.update` (reference/bitrix24.md E.2): exact parameter names, camelCase fields.

use super::call::{Call, Reply};
use super::crm::{self, FILE_KEY, Item};
use super::error::Refusal;
use super::item_filter::{fits, sort};
use super::params::{as_flag, as_int, as_list, as_map, as_text};
use super::queue::Post;
use super::state::{DriveFile, State};
use super::{engine, events};
use crate::domain::clock::iso;
use base64::Engine as _;
use serde_json::{Map, Value, json};

/// Standard fields that can be written; others are ignored, as the portal does.
const WRITABLE: &[&str] = &[
    "title",
    "stageId",
    "opportunity",
    "currencyId",
    "assignedById",
    "contactId",
    "contactIds",
    "companyId",
    "comments",
    "sourceId",
    "sourceDescription",
    "closed",
    "name",
    "lastName",
    "secondName",
    "post",
    "typeId",
    "opened",
    "observers",
    "begindate",
    "closedate",
];

pub(crate) fn get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let (type_id, id) = key(call)?;
    let item = item(state, type_id, id)?;
    let links = crm::file_links(&state.domain, &call.caller.token);
    Ok(Reply::of(json!({ "item": item.modern(original_names(call), true, &links) })))
}

fn original_names(call: &Call) -> bool {
    call.params.get("useOriginalUfNames").and_then(as_flag) == Some(true)
}

fn key(call: &Call) -> Result<(i64, i64), Refusal> {
    let type_id = call.need_int("entityTypeId")?;
    let id = call.need_int("id")?;
    known_type(type_id)?;
    call.crm()?;
    Ok((type_id, id))
}

fn known_type(type_id: i64) -> Result<(), Refusal> {
    if crm::is_type(type_id) { Ok(()) } else { Err(Refusal::bad("NOT_FOUND", "Smart process not found")) }
}

fn item(state: &State, type_id: i64, id: i64) -> Result<&Item, Refusal> {
    state.crm.items.get(&(type_id, id)).ok_or_else(|| Refusal::bad("NOT_FOUND", "Element not found"))
}

pub(crate) fn list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let type_id = call.need_int("entityTypeId")?;
    known_type(type_id)?;
    call.crm()?;
    let original = original_names(call);
    let select: Vec<String> = call.params.get("select").and_then(as_list).unwrap_or_default().iter().filter_map(as_text).collect();
    let everything = select.is_empty() || select.iter().any(|name| name == "*");
    let filter = call.params.map("filter").unwrap_or_default();
    let links = crm::file_links(&state.domain, &call.caller.token);
    let mut rows: Vec<Map<String, Value>> = state
        .crm
        .items
        .range((type_id, i64::MIN)..=(type_id, i64::MAX))
        .map(|(_, item)| item.modern(original, select.iter().any(|name| name == "*"), &links))
        .filter(|row| fits(row, &filter))
        .collect();
    sort(&mut rows, &call.params.map("order").unwrap_or_default());
    let chosen = rows.into_iter().map(|mut row| {
        row.retain(|name, _| everything || name == "id" || select.iter().any(|wanted| wanted == name));
        Value::Object(row)
    });
    let start = call.params.int("start").unwrap_or(0);
    Ok(Reply::page(chosen.collect(), start, |items| json!({ "items": items })))
}

pub(crate) fn update(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let (type_id, id) = key(call)?;
    let fields = call.params.map("fields").ok_or_else(|| Refusal::missing("fields"))?;
    item(state, type_id, id)?;
    let original = original_names(call);
    let mut accepted = Map::new();
    for (name, value) in &fields {
        if let Some((stored, value)) = accept(state, type_id, name, value, original)? {
            accepted.insert(stored, value);
        }
    }
    let posts = write(call.core, state, type_id, id, accepted, call.caller.user, call.now);
    let links = crm::file_links(&state.domain, &call.caller.token);
    let shown = item(state, type_id, id)?.modern(original, true, &links);
    Ok(Reply::of(json!({ "item": shown })).posting(posts))
}

/// `crm.item.add`: leads, deals, contacts, companies. A person's phones come as `fm`, as they are read.
pub(crate) fn add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let type_id = call.need_int("entityTypeId")?;
    known_type(type_id)?;
    call.crm()?;
    let fields = call.params.map("fields").ok_or_else(|| Refusal::missing("fields"))?;
    let original = original_names(call);
    let mut accepted = Map::new();
    for (name, value) in &fields {
        if matches!(name.as_str(), "originatorId" | "originId") {
            accepted.insert(name.clone(), value.clone());
        } else if let Some((stored, value)) = accept(state, type_id, name, value, original)? {
            accepted.insert(stored, value);
        }
    }
    let told = fields.get("fm").and_then(as_list).unwrap_or_default();
    let id = state.next_id();
    let mut fresh = Item::new(type_id, id, &iso(call.now));
    for row in told.iter().filter_map(Value::as_object) {
        let word = |name: &str| row.get(name).and_then(as_text).unwrap_or_default();
        if !matches!(word("typeId").as_str(), "PHONE" | "EMAIL" | "WEB" | "IM") || word("value").is_empty() {
            return Err(Refusal::bad("INVALID_ARG_VALUE", "Invalid value for field fm"));
        }
        let row_id = state.next_id();
        fresh.add_fm(row_id, &word("typeId"), &word("valueType"), &word("value"));
    }
    state.crm.items.insert((type_id, id), fresh);
    let posts = write(call.core, state, type_id, id, accepted, call.caller.user, call.now);
    let links = crm::file_links(&state.domain, &call.caller.token);
    let shown = item(state, type_id, id)?.modern(original, true, &links);
    Ok(Reply::of(json!({ "item": shown })).posting(posts))
}

/// The stored name and value of a told field; `None` for fields this item does not have.
fn accept(state: &mut State, type_id: i64, name: &str, value: &Value, original: bool) -> Result<Option<(String, Value)>, Refusal> {
    let user_field = state
        .crm
        .user_fields
        .iter()
        .find(|((of, field), _)| *of == type_id && if original { field == name } else { crm::camel(field) == name })
        .map(|((_, field), kind)| (field.clone(), kind.clone()));
    if let Some((field, kind)) = user_field {
        let value = if kind == "file" { store_file(state, value)? } else { value.clone() };
        return Ok(Some((field, value)));
    }
    if !WRITABLE.contains(&name) {
        return Ok(None);
    }
    if name == "stageId" && !value.as_str().is_some_and(|stage| state.crm.has_stage(type_id, stage)) {
        return Err(Refusal::bad("INVALID_ARG_VALUE", format!("Invalid value for field stageId: {value}")));
    }
    if name == "assignedById" && !as_int(value).is_some_and(|user| state.users.contains_key(&user)) {
        return Err(Refusal::bad("INVALID_ARG_VALUE", "Invalid value for field assignedById"));
    }
    Ok(Some((name.to_owned(), value.clone())))
}

/// `["name", base64]`, a list of such, `{"id": n}` keeps, empty clears.
fn store_file(state: &mut State, value: &Value) -> Result<Value, Refusal> {
    let wrong = || Refusal::bad("INVALID_ARG_VALUE", "Invalid file value");
    match value {
        Value::Array(list) if list.is_empty() => Ok(Value::Null),
        Value::Array(list) => match list.as_slice() {
            [Value::String(name), Value::String(content)] => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(content).map_err(|_| wrong())?;
                let id = state.next_id();
                state.files.insert(id, DriveFile { name: name.clone(), bytes: bytes.into() });
                Ok(json!({ FILE_KEY: id }))
            }
            several => several.iter().map(|one| store_file(state, one)).collect::<Result<Vec<_>, _>>().map(Value::Array),
        },
        Value::Object(map) => map.get("id").and_then(as_int).map(|id| json!({ FILE_KEY: id })).ok_or_else(wrong),
        Value::String(text) if text.is_empty() => Ok(Value::Null),
        Value::Null => Ok(Value::Null),
        _ => Err(wrong()),
    }
}

/// Stores accepted fields; a changed stage starts its robots, bound handlers hear of the change.
pub(crate) fn write(
    core: &super::simulation::Core,
    state: &mut State,
    type_id: i64,
    id: i64,
    fields: Map<String, Value>,
    user: i64,
    now: i64,
) -> Vec<Post> {
    let told = fields.get("stageId").and_then(as_text).map(|stage| state.crm.semantics(type_id, &stage));
    let Some(item) = state.crm.items.get_mut(&(type_id, id)) else { return Vec::new() };
    let stage = fields.get("stageId").filter(|stage| item.fields.get("stageId") != Some(*stage)).and_then(as_text);
    for (name, value) in &fields {
        item.fields.insert(name.clone(), value.clone());
    }
    link_contacts(item, &fields);
    item.fields.insert("updatedTime".into(), json!(iso(now)));
    item.fields.insert("updatedBy".into(), json!(user));
    if let (Some(_), Some(semantics)) = (&stage, told) {
        item.fields.insert("movedTime".into(), json!(iso(now)));
        // Smart processes tell a stage's id only.
        let closed = if semantics == "P" { "N" } else { "Y" };
        for (name, value) in [("stageSemanticId", semantics), ("closed", closed)] {
            if let Some(shown) = item.fields.get_mut(name) {
                *shown = json!(value);
            }
        }
    }
    item.changes.push(super::crm::Change { at: now, user, fields });
    let mut posts = events::item_changed(core, state, type_id, id, "UPDATE", Some(user), now);
    if let Some(stage) = stage {
        posts.extend(engine::stage_entered(core, state, type_id, id, &stage, now));
    }
    posts
}

/// `contactId` and `contactIds` say the same thing twice.
fn link_contacts(item: &mut Item, fields: &Map<String, Value>) {
    if let Some(ids) = fields.get("contactIds").and_then(as_list) {
        let ids: Vec<i64> = ids.iter().filter_map(as_int).collect();
        item.fields.insert("contactId".into(), json!(ids.first().copied().unwrap_or(0)));
        item.fields.insert("contactIds".into(), json!(ids));
    } else if let Some(first) = fields.get("contactId").and_then(as_int) {
        let mut ids = item.contacts();
        ids.retain(|id| *id != first);
        if first > 0 {
            ids.insert(0, first);
        }
        item.fields.insert("contactIds".into(), json!(ids));
    }
}

/// A map parameter that may also come as an empty list.
pub(crate) fn fields_of(call: &Call, name: &str) -> Map<String, Value> {
    call.params.get(name).and_then(as_map).unwrap_or_default()
}
