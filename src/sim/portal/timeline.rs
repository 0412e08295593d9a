//! `crm.timeline.comment.*` and `crm.timeline.logmessage.add` (reference/bitrix24.md E.4).

use super::call::{Call, Reply};
use super::error::Refusal;
use super::feed::TimelineEntry;
use super::item_filter::{fits, sort};
use super::item_methods::fields_of;
use super::params::{as_int, as_text};
use super::state::{State, object};
use crate::domain::clock::iso;
use serde_json::{Map, Value, json};

/// `deal`, `lead`, `contact`, `company`, `dynamic_1046` → `entityTypeId`.
fn type_of(name: &str) -> Option<i64> {
    match name {
        "lead" => Some(1),
        "deal" => Some(2),
        "contact" => Some(3),
        "company" => Some(4),
        other => other.strip_prefix("dynamic_")?.parse().ok(),
    }
}

fn need(fields: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    fields.get(name).and_then(as_text).filter(|text| !text.is_empty()).ok_or_else(|| Refusal::missing(name))
}

fn owner(call: &Call, state: &State, type_id: Option<i64>, id: Option<i64>) -> Result<(i64, i64), Refusal> {
    let missing = || Refusal::bad("OWNER_NOT_FOUND", "Owner was not found");
    let key = (type_id.ok_or_else(missing)?, id.ok_or_else(missing)?);
    if !state.crm.items.contains_key(&key) {
        return Err(missing());
    }
    call.crm()?;
    Ok(key)
}

fn fields(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let fields = fields_of(call, "fields");
    if fields.is_empty() { Err(Refusal::missing("fields")) } else { Ok(fields) }
}

pub(crate) fn comment_add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let fields = fields(call)?;
    let type_name = need(&fields, "ENTITY_TYPE")?.to_lowercase();
    let id = need(&fields, "ENTITY_ID")?;
    let (type_id, owner) = owner(call, state, type_of(&type_name), id.parse().ok())?;
    let text = fields.get("COMMENT").and_then(as_text).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::bad("INVALID_ARG_VALUE", "Empty comment message"));
    }
    let id = state.next_id();
    let author = fields.get("AUTHOR_ID").and_then(as_int).unwrap_or(call.caller.user);
    state.feed.entries.push(TimelineEntry {
        id,
        kind: "comment".into(),
        type_id,
        owner,
        title: String::new(),
        text,
        earlier: Vec::new(),
        author,
        at: call.now,
    });
    Ok(Reply::of(id))
}

pub(crate) fn comment_update(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let id = call.need_int("id")?;
    let fields = fields(call)?;
    call.crm()?;
    let text = fields.get("COMMENT").and_then(as_text).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::bad("INVALID_ARG_VALUE", "Empty comment message"));
    }
    let entry = state.feed.entries.iter_mut().find(|entry| entry.id == id && entry.kind == "comment");
    let entry = entry.ok_or_else(|| Refusal::bad("NOT_FOUND", "Not found"))?;
    entry.earlier.push(std::mem::replace(&mut entry.text, text));
    Ok(Reply::of(id))
}

pub(crate) fn comment_list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let filter = fields_of(call, "filter");
    let type_name = need(&filter, "ENTITY_TYPE")?.to_lowercase();
    let id = need(&filter, "ENTITY_ID")?;
    let (type_id, owner) = owner(call, state, type_of(&type_name), id.parse().ok())?;
    let mine = |entry: &&TimelineEntry| entry.kind == "comment" && entry.type_id == type_id && entry.owner == owner;
    let row = |entry: &TimelineEntry| {
        object(json!({
            "ID": entry.id.to_string(), "ENTITY_ID": owner.to_string(), "ENTITY_TYPE": type_name, "CREATED": iso(entry.at), "COMMENT": entry.text,
            "AUTHOR_ID": entry.author.to_string(),
        }))
    };
    let filter: Map<String, Value> = filter.into_iter().filter(|(key, _)| !key.starts_with("ENTITY_")).collect();
    let mut rows: Vec<Map<String, Value>> = state.feed.entries.iter().filter(mine).map(row).filter(|row| fits(row, &filter)).collect();
    sort(&mut rows, &fields_of(call, "order"));
    let start = call.params.int("start").unwrap_or(0);
    Ok(Reply::page(rows.into_iter().map(Value::Object).collect(), start, Value::Array))
}

pub(crate) fn log_message_add(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let fields = fields(call)?;
    let told: Vec<String> =
        ["entityTypeId", "entityId", "title", "text", "iconCode"].into_iter().map(|name| need(&fields, name)).collect::<Result<_, _>>()?;
    let [type_id, id, title, text, icon] = told.as_slice() else { return Err(Refusal::missing("fields")) };
    let (type_id, owner) = owner(call, state, type_id.parse().ok(), id.parse().ok())?;
    let number = state.next_id();
    let author = call.caller.user;
    let message = json!({"id": number, "created": iso(call.now), "authorId": author, "title": title, "text": text, "iconCode": icon});
    state.feed.entries.push(TimelineEntry {
        id: number,
        kind: "log".into(),
        type_id,
        owner,
        title: title.clone(),
        text: text.clone(),
        earlier: Vec::new(),
        author,
        at: call.now,
    });
    Ok(Reply::of(json!({ "logMessage": message })))
}
