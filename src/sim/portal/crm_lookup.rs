//! `crm.duplicate.findbycomm` and `crm.status.list` (reference/bitrix24.md E.3, E.6).

use super::call::{Call, Reply};
use super::crm::{self, COMPANY, CONTACT, Fm, LEAD};
use super::error::Refusal;
use super::params::{as_list, as_text, find_any_case};
use super::state::State;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

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

pub(crate) fn status_list(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    call.crm()?;
    let filter = super::item_methods::fields_of(call, "filter");
    let entity = find_any_case(&filter, "ENTITY_ID").and_then(as_text);
    let smart = state.crm.items.keys().map(|(type_id, _)| *type_id).filter(|type_id| *type_id == 31 || *type_id >= 128);
    let types: BTreeSet<i64> = [LEAD, crm::DEAL].into_iter().chain(smart).collect();
    let mut rows: Vec<Value> = Vec::new();
    for type_id in types {
        // Standard stages stand in the funnel that every type begins with.
        let first = i64::from(type_id != LEAD && type_id != crm::DEAL);
        let standard = crm::stages(type_id).into_iter().map(|stage| (first, crm::semantics(&stage), stage));
        let own = state.crm.own_stages.iter().filter(|own| own.type_id == type_id);
        for (category, semantics, stage) in standard.chain(own.map(|own| (own.category, own.semantics, own.id.clone()))) {
            let list = crm::stage_list(type_id, category);
            if entity.as_ref().is_some_and(|entity| *entity != list) {
                continue;
            }
            let place = rows.len() + 1;
            let ends = Some(semantics).filter(|semantics| *semantics != "P");
            let extra = ends.map_or("process", |word| if word == "S" { "success" } else { "failure" });
            rows.push(json!({
                "ID": place.to_string(), "ENTITY_ID": list, "STATUS_ID": stage, "NAME": stage, "SORT": (place * 10).to_string(),
                "SYSTEM": "Y", "CATEGORY_ID": (category > 0).then(|| category.to_string()), "COLOR": "#39A8EF", "SEMANTICS": ends,
                "EXTRA": {"SEMANTICS": extra, "COLOR": "#39A8EF"},
            }));
        }
    }
    Ok(Reply::of(rows))
}
