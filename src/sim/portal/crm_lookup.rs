//! `crm.duplicate.findbycomm` and `crm.status.list` (reference/bitrix24.md E.3, E.6).

use super::call::{Call, Reply};
use super::crm::{self, COMPANY, CONTACT, Fm, LEAD};
use super::error::Refusal;
use super::params::{as_list, as_text, find_any_case};
use super::state::State;
use serde_json::{Map, Value, json};

const MAX_VALUES: usize = 20;
const MAX_FOUND: usize = 20;

pub(crate) fn find_by_comm(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    // The text stands in `error`, as on the real portal.
    let wrong = |text: &str| Refusal::new(400, text, "");
    let kind = call.params.word("type").ok_or_else(|| wrong("Communication type is not defined"))?;
    if kind != "PHONE" && kind != "EMAIL" {
        return Err(wrong("Communication type is not supported in current context"));
    }
    let values: Vec<String> = call.params.any_case("values").and_then(as_list).unwrap_or_default().iter().filter_map(as_text).collect();
    if values.is_empty() {
        return Err(wrong("Communication values is not defined"));
    }
    if !call.caller.crm {
        return Err(Refusal::new(403, "Access denied", ""));
    }
    let wanted: Vec<String> = values.iter().take(MAX_VALUES).map(|value| normal(&kind, value)).collect();
    let only = call.params.word("entity_type");
    let mut found = Map::new();
    for (name, type_id) in [("LEAD", LEAD), ("CONTACT", CONTACT), ("COMPANY", COMPANY)] {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let same = |fm: &Fm| fm.type_id == kind && wanted.contains(&normal(&kind, &fm.value));
        let ids: Vec<i64> = state
            .crm
            .items
            .range((type_id, i64::MIN)..=(type_id, i64::MAX))
            .filter(|(_, item)| item.fm.iter().any(same))
            .map(|((_, id), _)| *id)
            .take(MAX_FOUND)
            .collect();
        let full = ids.len() >= MAX_FOUND;
        if !ids.is_empty() {
            found.insert(name.into(), json!(ids));
        }
        if full {
            break;
        }
    }
    Ok(Reply::of(if found.is_empty() { json!([]) } else { Value::Object(found) }))
}

/// Digits without the extension; the portal does not know that 8 may stand for +7.
fn normal(kind: &str, value: &str) -> String {
    if kind == "EMAIL" {
        return value.trim().to_lowercase();
    }
    let main = value.split([';', ',']).next().unwrap_or(value);
    main.chars().filter(char::is_ascii_digit).collect()
}

pub(crate) fn status_list(call: &Call, _: &mut State) -> Result<Reply, Refusal> {
    call.crm()?;
    let filter = super::item_methods::fields_of(call, "filter");
    let entity = find_any_case(&filter, "ENTITY_ID").and_then(as_text);
    let mut rows = Vec::new();
    for (name, type_id) in [("STATUS", LEAD), ("DEAL_STAGE", crm::DEAL)] {
        if entity.as_ref().is_some_and(|entity| entity != name) {
            continue;
        }
        for (index, stage) in crm::stages(type_id).iter().enumerate() {
            let semantics = Some(crm::semantics(stage)).filter(|semantics| *semantics != "P");
            rows.push(json!({
                "ID": (index + 1).to_string(), "ENTITY_ID": name, "STATUS_ID": stage, "NAME": stage, "SORT": ((index + 1) * 10).to_string(),
                "SYSTEM": "Y", "CATEGORY_ID": null, "COLOR": "#39A8EF", "SEMANTICS": semantics,
                "EXTRA": {"SEMANTICS": semantics.unwrap_or("process"), "COLOR": "#39A8EF"},
            }));
        }
    }
    Ok(Reply::of(rows))
}
