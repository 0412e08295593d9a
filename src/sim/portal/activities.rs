//! `crm.activity.configurable.*` and the classic reads of activities (reference/bitrix24.md E.5).

use super::call::{Call, Reply};
use super::error::Refusal;
use super::feed::Activity;
use super::item_filter::{fits, sort};
use super::item_methods::fields_of;
use super::layout;
use super::params::{as_flag, as_int, as_list, as_text, is_empty};
use super::state::State;
use crate::domain::clock::iso;
use serde_json::{Map, Value, json};

fn context(call: &Call) -> Result<String, Refusal> {
    call.app(|| Refusal::bad("ERROR_WRONG_CONTEXT", "Application context required"))
}

fn wrong(name: &str) -> Refusal {
    Refusal::bad("WRONG_FIELD_VALUE", format!("Field {name} has wrong value"))
}

/// `fields` with their types checked; unknown ones are ignored.
fn check_fields(told: &Map<String, Value>, before: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut fields = before.clone();
    for (name, value) in told {
        let checked = match name.as_str() {
            "typeId" => as_text(value).filter(|kind| kind == "CONFIGURABLE").map(Value::String).ok_or_else(|| wrong(name))?,
            "completed" | "isIncomingChannel" => json!(if as_flag(value).ok_or_else(|| wrong(name))? { "Y" } else { "N" }),
            "deadline" if is_empty(value) => Value::Null,
            "deadline" => as_text(value).filter(|text| is_iso(text)).map(Value::String).ok_or_else(|| wrong(name))?,
            "responsibleId" => json!(as_int(value).filter(|id| *id > 0).ok_or_else(|| wrong(name))?),
            "pingOffsets" => {
                as_list(value).filter(|list| list.iter().all(|one| as_int(one).is_some())).map(Value::Array).ok_or_else(|| wrong(name))?
            }
            "originatorId" | "originId" => as_text(value).map(Value::String).ok_or_else(|| wrong(name))?,
            // No badge can exist: the portal has no method that makes one.
            "badgeCode" if !is_empty(value) => return Err(wrong(name)),
            _ => continue,
        };
        fields.insert(name.clone(), checked);
    }
    let incoming = fields.get("isIncomingChannel").and_then(as_text).as_deref() == Some("Y");
    if incoming && fields.get("deadline").is_some_and(|deadline| !deadline.is_null()) {
        return Err(Refusal::bad("INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE", "Incoming activity can not be with deadline"));
    }
    Ok(fields)
}

fn is_iso(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok() || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").is_ok()
}

pub(crate) fn add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client_id = context(call)?;
    let type_id = call.need_int("ownerTypeId")?;
    let owner = call.need_int("ownerId")?;
    let told = call.params.map("fields").ok_or_else(|| Refusal::missing("fields"))?;
    let told_layout = call.params.get("layout").ok_or_else(|| Refusal::missing("layout"))?;
    if !state.crm.items.contains_key(&(type_id, owner)) {
        return Err(Refusal::bad("NOT_FOUND", "Owner was not found"));
    }
    call.crm()?;
    let fields = check_fields(&told, &Map::new())?;
    layout::check(told_layout, &call.core.config.languages)?;
    let id = state.next_id();
    let activity =
        Activity { id, type_id, owner, fields, layouts: vec![told_layout.clone()], at: call.now, changed_at: call.now, client_id };
    state.feed.activities.insert(id, activity);
    Ok(Reply::of(json!({ "activity": { "id": id } })))
}

pub(crate) fn update(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let client_id = context(call)?;
    let id = call.need_int("id")?;
    let activity = state.feed.activities.get_mut(&id).ok_or_else(|| Refusal::bad("NOT_FOUND", "Not found"))?;
    call.crm()?;
    if activity.client_id != client_id {
        return Err(Refusal::bad("ERROR_WRONG_APPLICATION", "Activity was created by another application"));
    }
    let fields = check_fields(&fields_of(call, "fields"), &activity.fields)?;
    if let Some(told) = call.params.get("layout") {
        layout::check(told, &call.core.config.languages)?;
        activity.layouts.push(told.clone());
    }
    activity.fields = fields;
    activity.changed_at = call.now;
    Ok(Reply::of(json!({ "activity": { "id": id } })))
}

pub(crate) fn get_configurable(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    context(call)?;
    let id = call.need_int("id")?;
    let activity = state.feed.activities.get(&id).ok_or_else(|| Refusal::bad("NOT_FOUND", "Not found"))?;
    call.crm()?;
    let mut shown = activity.fields.clone();
    shown.insert("id".into(), json!(id));
    shown.insert("ownerTypeId".into(), json!(activity.type_id));
    shown.insert("ownerId".into(), json!(activity.owner));
    Ok(Reply::of(json!({ "activity": { "fields": shown, "layout": activity.layouts.last(), "id": id } })))
}

fn row(activity: &Activity) -> Map<String, Value> {
    let text = |name: &str| activity.fields.get(name).and_then(as_text).unwrap_or_default();
    let completed = if text("completed") == "Y" { "Y" } else { "N" };
    super::state::object(json!({
        "ID": activity.id.to_string(), "OWNER_ID": activity.owner.to_string(), "OWNER_TYPE_ID": activity.type_id.to_string(), "TYPE_ID": "6",
        "PROVIDER_ID": "CONFIGURABLE_REST_APP", "PROVIDER_TYPE_ID": "CONFIGURABLE", "SUBJECT": "", "COMPLETED": completed,
        "RESPONSIBLE_ID": text("responsibleId"), "DEADLINE": text("deadline"), "ORIGINATOR_ID": text("originatorId"), "ORIGIN_ID": text("originId"),
        "CREATED": iso(activity.at), "LAST_UPDATED": iso(activity.changed_at), "IS_INCOMING_CHANNEL": if text("isIncomingChannel") == "Y" { "Y" } else { "N" },
    }))
}

pub(crate) fn list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    if !call.caller.crm {
        return Err(Refusal::text("Access denied."));
    }
    let filter = fields_of(call, "filter");
    let mut rows: Vec<Map<String, Value>> = state.feed.activities.values().map(row).filter(|row| fits(row, &filter)).collect();
    sort(&mut rows, &fields_of(call, "order"));
    let select: Vec<String> = call.params.get("select").and_then(as_list).unwrap_or_default().iter().filter_map(as_text).collect();
    if !select.is_empty() && !select.iter().any(|name| name == "*") {
        rows.iter_mut().for_each(|row| row.retain(|name, _| select.contains(name)));
    }
    let start = call.params.int("start").unwrap_or(0);
    Ok(Reply::page(rows.into_iter().map(Value::Object).collect(), start, Value::Array))
}

pub(crate) fn get(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let id = call.params.any_case("id").and_then(as_int).filter(|id| *id > 0);
    let id = id.ok_or_else(|| Refusal::text("ID is not defined or invalid."))?;
    let activity = state.feed.activities.get(&id).ok_or_else(|| Refusal::text("Activity is not found"))?;
    Ok(Reply::of(Value::Object(row(activity))))
}
