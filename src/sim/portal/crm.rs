//! CRM items: deals, leads, contacts, companies, smart processes; their fields in the two dialects of the REST API.
//!
//! Standard fields are kept under camelCase names, user fields under their original `UF_CRM_…` names.

use super::disk;
use super::params::as_text;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `entityTypeId` of leads.
pub const LEAD: i64 = 1;
/// `entityTypeId` of deals.
pub const DEAL: i64 = 2;
/// `entityTypeId` of contacts.
pub const CONTACT: i64 = 3;
/// `entityTypeId` of companies.
pub const COMPANY: i64 = 4;

/// Key under which a file field keeps the number of its file.
pub(crate) const FILE_KEY: &str = "$file";

/// One multi-field value.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct Fm {
    pub(crate) id: i64,
    pub(crate) type_id: String,
    pub(crate) value_type: String,
    pub(crate) value: String,
}

/// One accepted write.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Change {
    /// When, by the clock.
    pub at: i64,
    /// Who: the token's user.
    pub user: i64,
    /// Fields as stored.
    pub fields: Map<String, Value>,
}

/// One item.
#[derive(Debug, Clone, Default)]
pub(crate) struct Item {
    pub(crate) fields: Map<String, Value>,
    pub(crate) fm: Vec<Fm>,
    pub(crate) changes: Vec<Change>,
}

/// All items and what is defined about them.
#[derive(Debug, Default)]
pub(crate) struct Crm {
    pub(crate) items: BTreeMap<(i64, i64), Item>,
    /// Type of a user field by entity type and original name; others do not exist and are ignored when written.
    pub(crate) user_fields: BTreeMap<(i64, String), String>,
    /// Stages that the portal's people have added.
    pub(crate) own_stages: Vec<OwnStage>,
}

/// A stage that is not one of the standard ones.
#[derive(Debug, Clone)]
pub(crate) struct OwnStage {
    pub(crate) type_id: i64,
    /// Funnel.
    pub(crate) category: i64,
    /// With its prefix: `C6:UC_X`, `DT1046_12:UC_X`.
    pub(crate) id: String,
    /// `P`, `S` or `F`.
    pub(crate) semantics: &'static str,
}

impl Crm {
    /// `P`, `S` or `F`, own stages included.
    pub(crate) fn semantics(&self, type_id: i64, stage: &str) -> &'static str {
        let own = self.own_stages.iter().find(|own| own.type_id == type_id && own.id == stage);
        own.map_or_else(|| semantics(stage), |own| own.semantics)
    }

    /// Whether items of this type may stand there.
    pub(crate) fn has_stage(&self, type_id: i64, stage: &str) -> bool {
        stages(type_id).iter().any(|known| known == stage) || self.own_stages.iter().any(|own| own.type_id == type_id && own.id == stage)
    }
}

/// The whole id of a stage in a funnel.
pub(crate) fn stage_id(type_id: i64, category: i64, code: &str) -> String {
    match type_id {
        DEAL if category > 0 => format!("C{category}:{code}"),
        DEAL | LEAD => code.to_owned(),
        other => format!("DT{other}_{category}:{code}"),
    }
}

/// ENTITY_ID of a funnel's stages in `crm.status.list`.
pub(crate) fn stage_list(type_id: i64, category: i64) -> String {
    match type_id {
        LEAD => "STATUS".to_owned(),
        DEAL if category > 0 => format!("DEAL_STAGE_{category}"),
        DEAL => "DEAL_STAGE".to_owned(),
        31 => format!("SMART_INVOICE_STAGE_{category}"),
        other => format!("DYNAMIC_{other}_STAGE_{category}"),
    }
}

const DEAL_STAGES: &[&str] = &["NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE", "WON", "LOSE", "APOLOGY"];
const LEAD_STAGES: &[&str] = &["NEW", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"];
const SMART_STAGES: &[&str] = &["NEW", "PREPARATION", "CLIENT", "SUCCESS", "FAIL"];

/// Stage ids of a type in their order; empty for types without stages.
pub(crate) fn stages(type_id: i64) -> Vec<String> {
    match type_id {
        DEAL => DEAL_STAGES.iter().map(|stage| (*stage).to_owned()).collect(),
        LEAD => LEAD_STAGES.iter().map(|stage| (*stage).to_owned()).collect(),
        CONTACT | COMPANY => Vec::new(),
        other => SMART_STAGES.iter().map(|stage| format!("DT{other}_1:{stage}")).collect(),
    }
}

/// `P`, `S` or `F`.
pub(crate) fn semantics(stage: &str) -> &'static str {
    match stage.rsplit(':').next().unwrap_or(stage) {
        "WON" | "CONVERTED" | "SUCCESS" => "S",
        "LOSE" | "APOLOGY" | "JUNK" | "FAIL" => "F",
        _ => "P",
    }
}

/// Whether the portal has such a type at all.
pub(crate) fn is_type(type_id: i64) -> bool {
    matches!(type_id, 1..=4 | 7 | 31) || type_id >= 128
}

impl Item {
    /// A fresh item with the fields its type always shows.
    pub(crate) fn new(type_id: i64, id: i64, created: &str) -> Self {
        let mut fields = super::state::object(json!({
            "id": id, "createdTime": created, "updatedTime": created, "createdBy": 1, "updatedBy": 1, "assignedById": 1, "opened": "Y",
            "comments": null, "sourceId": null, "sourceDescription": null,
        }));
        let own = match type_id {
            CONTACT => {
                json!({"name": null, "lastName": null, "secondName": null, "post": null, "companyId": 0, "typeId": "CLIENT", "hasPhone": "N", "hasEmail": "N", "hasImol": "N"})
            }
            COMPANY => json!({"title": null, "typeId": "CUSTOMER", "hasPhone": "N", "hasEmail": "N", "hasImol": "N"}),
            LEAD => json!({
                "title": format!("#{id}"), "name": null, "lastName": null, "secondName": null, "stageId": "NEW", "stageSemanticId": "P", "contactId": 0,
                "contactIds": [], "companyId": 0, "companyTitle": null, "opportunity": 0, "currencyId": "RUB", "hasPhone": "N", "hasEmail": "N", "hasImol": "N",
            }),
            DEAL => json!({
                "title": format!("#{id}"), "typeId": "SALE", "categoryId": 0, "stageId": "NEW", "stageSemanticId": "P", "contactId": 0, "contactIds": [],
                "companyId": 0, "opportunity": 0, "isManualOpportunity": "N", "currencyId": "RUB", "closed": "N", "movedTime": created, "observers": [],
                "begindate": created, "closedate": null, "leadId": null, "utmSource": null,
            }),
            other => json!({
                "title": format!("#{id}"), "categoryId": 1, "stageId": format!("DT{other}_1:NEW"), "contactId": 0, "contactIds": [], "companyId": 0,
                "opportunity": 0, "currencyId": "RUB", "movedTime": created, "observers": [], "entityTypeId": other,
            }),
        };
        fields.extend(super::state::object(own));
        Self { fields, fm: Vec::new(), changes: Vec::new() }
    }

    /// Linked contacts, the primary one first.
    pub(crate) fn contacts(&self) -> Vec<i64> {
        self.fields
            .get("contactIds")
            .and_then(Value::as_array)
            .map(|ids| ids.iter().filter_map(Value::as_i64).collect())
            .unwrap_or_default()
    }

    /// Adds a multi-field value.
    pub(crate) fn add_fm(&mut self, id: i64, type_id: &str, value_type: &str, value: &str) {
        self.fm.push(Fm { id, type_id: type_id.into(), value_type: value_type.into(), value: value.into() });
        let flag = match type_id {
            "PHONE" => "hasPhone",
            "EMAIL" => "hasEmail",
            _ => return,
        };
        self.fields.insert(flag.into(), json!("Y"));
    }

    /// The item as `crm.item.*` shows it. `show_file` turns a file number into its links.
    pub(crate) fn modern(&self, original_names: bool, with_fm: bool, show_file: &dyn Fn(i64) -> Value) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, value) in &self.fields {
            let name = if name.starts_with("UF_") && !original_names { camel(name) } else { name.clone() };
            shown.insert(name, show(value, show_file));
        }
        if with_fm && self.fields.contains_key("hasPhone") {
            let rows = self.fm.iter().map(|fm| json!({"id": fm.id, "typeId": fm.type_id, "valueType": fm.value_type, "value": fm.value}));
            shown.insert("fm".into(), Value::Array(rows.collect()));
        }
        shown
    }

    /// The item as the classic methods show it: upper-case names, all values strings.
    pub(crate) fn classic(&self, type_id: i64) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, value) in self.fields.iter().filter(|(name, _)| *name != "contactIds" && *name != "observers") {
            let upper = match (name.as_str(), type_id) {
                ("stageId", LEAD) => "STATUS_ID".to_owned(),
                ("createdTime", _) => "DATE_CREATE".to_owned(),
                ("updatedTime", _) => "DATE_MODIFY".to_owned(),
                _ if name.starts_with("UF_") => name.clone(),
                _ => snake(name),
            };
            shown.insert(upper, stringly(value));
        }
        for type_name in ["PHONE", "EMAIL", "WEB", "IM"] {
            let rows: Vec<Value> = self
                .fm
                .iter()
                .filter(|fm| fm.type_id == type_name)
                .map(|fm| json!({"ID": fm.id.to_string(), "VALUE_TYPE": fm.value_type, "VALUE": fm.value, "TYPE_ID": fm.type_id}))
                .collect();
            if !rows.is_empty() {
                shown.insert(type_name.into(), Value::Array(rows));
            }
        }
        shown
    }
}

fn show(value: &Value, show_file: &dyn Fn(i64) -> Value) -> Value {
    match value {
        Value::Object(map) => match map.get(FILE_KEY).and_then(Value::as_i64) {
            Some(file) => show_file(file),
            None => value.clone(),
        },
        Value::Array(list) => Value::Array(list.iter().map(|item| show(item, show_file)).collect()),
        other => other.clone(),
    }
}

/// Links of a file for a caller's token.
pub(crate) fn file_links<'a>(domain: &'a str, token: &'a str) -> impl Fn(i64) -> Value + 'a {
    move |file| disk::field_value(domain, token, file)
}

fn stringly(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(list) => Value::Array(list.iter().map(stringly).collect()),
        Value::Object(_) => value.clone(),
        other => Value::String(as_text(other).unwrap_or_default()),
    }
}

/// `UF_CRM_WA_STATUS` → `ufCrmWaStatus`, `UF_CRM_1690` → `ufCrm_1690`.
pub(crate) fn camel(original: &str) -> String {
    let mut out = String::new();
    for (index, part) in original.to_lowercase().split('_').enumerate() {
        let mut chars = part.chars();
        match chars.next() {
            None => {}
            Some(first) if index > 0 && first.is_ascii_digit() => {
                out.push('_');
                out.push_str(part);
            }
            Some(first) if index > 0 => {
                out.extend(first.to_uppercase());
                out.push_str(chars.as_str());
            }
            Some(_) => out.push_str(part),
        }
    }
    out
}

/// `assignedById` → `ASSIGNED_BY_ID`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            out.push('_');
        }
        out.extend(c.to_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_field_names_change_as_the_portal_changes_them() {
        for (original, shown) in [("UF_CRM_1690", "ufCrm_1690"), ("UF_CRM_WA_STATUS", "ufCrmWaStatus"), ("UF_CRM_7_17", "ufCrm_7_17")] {
            assert_eq!(camel(original), shown);
        }
        assert_eq!(snake("assignedById"), "ASSIGNED_BY_ID");
    }
}
