//! What CRM's answers say about documents: pure.

use crate::bitrix::{Command, crm};
use crate::domain::document::{COMPANY, CONTACT, CrmItem, DEAL, LEAD};
use crate::domain::phone;
use crate::flow::stages::{self, Meaning};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Spellings that one look-up may carry.
const SPELLINGS: usize = 20;

/// Names a document as robot calls do.
pub(super) fn name(item: CrmItem) -> (String, String) {
    let (entity, prefix) = match item.entity_type_id {
        LEAD => ("CCrmDocumentLead", "LEAD".to_owned()),
        DEAL => ("CCrmDocumentDeal", "DEAL".to_owned()),
        CONTACT => ("CCrmDocumentContact", "CONTACT".to_owned()),
        COMPANY => ("CCrmDocumentCompany", "COMPANY".to_owned()),
        7 => (r"Bitrix\Crm\Integration\BizProc\Document\Quote", "QUOTE".to_owned()),
        31 => (r"Bitrix\Crm\Integration\BizProc\Document\SmartInvoice", "SMART_INVOICE".to_owned()),
        other => (r"Bitrix\Crm\Integration\BizProc\Document\Dynamic", format!("DYNAMIC_{other}")),
    };
    (entity.to_owned(), format!("{prefix}_{}", item.id))
}

/// Reads an item.
pub(super) fn get(key: String, item: CrmItem) -> Command {
    crate::bitrix::automation::item_get(key, item)
}

/// Whether an item is still worked on; `ends` says it of stages that do not say it themselves. Contacts and companies always are.
pub(super) fn is_open(item: &Map<String, Value>, ends: &HashMap<(String, String), bool>) -> bool {
    let closed = matches!(item.get("closed").map(scalar).unwrap_or_default().to_uppercase().as_str(), "Y" | "1" | "TRUE");
    let over = match stages::read(item) {
        Some((_, Meaning::Over)) => true,
        Some((stage, Meaning::Ask(list))) => ends.get(&(list, stage)) == Some(&true),
        Some((_, Meaning::AtWork)) | None => false,
    };
    !(closed || over)
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

/// Looks for a phone in every way that people write it.
pub(super) fn find(key: String, digits: &str) -> Command {
    let mut spellings: Vec<String> = Vec::new();
    // WhatsApp's digits carry the country code: `84…` is Vietnam, not a Russian trunk 8. In cards the trunk 8 stands for 7.
    let same_country = |spelling: &String| spelling.chars().next() == digits.chars().next();
    for digits in phone::variants(digits).into_iter().filter(same_country) {
        let national = digits.strip_prefix('7').filter(|_| digits.len() == 11);
        let more = [Some(format!("+{digits}")), Some(digits.clone()), national.map(|rest| format!("8{rest}"))];
        for spelling in more.into_iter().flatten() {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    spellings.truncate(SPELLINGS);
    crm::find_by_phone(&key, &spellings)
}

/// Everybody whom a phone belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Owners {
    pub(super) leads: Vec<i64>,
    pub(super) contacts: Vec<i64>,
    pub(super) companies: Vec<i64>,
}

impl Owners {
    pub(super) fn read(answer: &Value) -> Self {
        Self {
            leads: crm::read_found(answer, "LEAD"),
            contacts: crm::read_found(answer, "CONTACT"),
            companies: crm::read_found(answer, "COMPANY"),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leads.is_empty() && self.contacts.is_empty() && self.companies.is_empty()
    }

    /// Their open deals, the newest first, and those of their leads that are open.
    pub(super) fn commands(&self, key: &str) -> Vec<Command> {
        let list = |name: &str, entity_type_id: i64, filter: Value| Command {
            key: format!("{key}{name}"),
            method: "crm.item.list".to_owned(),
            params: json!({"entityTypeId": entity_type_id, "filter": filter, "order": {"id": "DESC"}, "select": ["id"]}),
        };
        let mut commands = Vec::new();
        if !self.contacts.is_empty() {
            commands.push(list("c", DEAL, json!({"@contactId": self.contacts, "=closed": "N", "=stageSemanticId": "P"})));
        }
        if !self.companies.is_empty() {
            commands.push(list("o", DEAL, json!({"@companyId": self.companies, "=closed": "N", "=stageSemanticId": "P"})));
        }
        if !self.leads.is_empty() {
            commands.push(list("l", LEAD, json!({"@id": self.leads, "=stageSemanticId": "P"})));
        }
        commands
    }

    /// The document: an open deal, an open lead, the contact, the company. `lists` are the answers to [`Self::commands`] by key's end.
    pub(super) fn document(&self, lists: &[(char, &Value)]) -> Option<CrmItem> {
        let first = |name: char| {
            let list = lists.iter().find(|(of, _)| *of == name).map(|(_, list)| *list)?;
            list.get("items")?.as_array()?.iter().find_map(|item| item.get("id").map(scalar)?.parse::<i64>().ok())
        };
        let item = |entity_type_id: i64| move |id: i64| CrmItem { entity_type_id, id };
        first('c')
            .or_else(|| first('o'))
            .map(item(DEAL))
            .or_else(|| first('l').map(item(LEAD)))
            .or_else(|| self.contacts.iter().max().copied().map(item(CONTACT)))
            .or_else(|| self.companies.iter().max().copied().map(item(COMPANY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn documents_are_named_as_robots_name_them() {
        for (entity_type_id, id) in
            [(1, "LEAD_5"), (2, "DEAL_5"), (3, "CONTACT_5"), (4, "COMPANY_5"), (31, "SMART_INVOICE_5"), (1046, "DYNAMIC_1046_5")]
        {
            let item = CrmItem { entity_type_id, id: 5 };
            assert_eq!(name(item).1, id);
            assert_eq!(CrmItem::parse(id), Some(item), "and read back");
        }
    }

    #[test]
    fn a_closed_document_is_told_by_any_of_its_words() {
        let ends = HashMap::from([(("DYNAMIC_1046_STAGE_12".to_owned(), "DT1046_12:UC_LOST".to_owned()), true)]);
        let is_open = |value: Value| is_open(&item(value), &ends);
        assert!(is_open(json!({"stageId": "NEW", "stageSemanticId": "P", "closed": "N"})));
        assert!(is_open(json!({"name": "Анна"})));
        assert!(!is_open(json!({"closed": "Y"})));
        assert!(!is_open(json!({"stageSemanticId": "F", "stageId": "JUNK"})));
        assert!(!is_open(json!({"stageId": "DT1046_12:SUCCESS"})));
        assert!(!is_open(json!({"stageId": "DT1046_12:UC_LOST"})), "the list of stages says so");
        assert!(is_open(json!({"stageId": "DT1046_12:UC_OTHER"})));
    }

    #[test]
    fn an_open_deal_goes_first_and_a_contact_before_a_company() {
        let owners = Owners { leads: vec![7], contacts: vec![3, 9], companies: vec![4] };
        let deals = json!({"items": [{"id": 12}, {"id": 11}]});
        let none = json!({"items": []});
        let lead = json!({"items": [{"id": 7}]});
        let document = |lists: &[(char, &Value)]| owners.document(lists).map(|item| (item.entity_type_id, item.id));
        assert_eq!(document(&[('c', &deals), ('o', &none), ('l', &lead)]), Some((2, 12)));
        assert_eq!(document(&[('c', &none), ('l', &lead)]), Some((1, 7)));
        assert_eq!(document(&[('c', &none), ('l', &none)]), Some((3, 9)));
        assert_eq!(Owners { companies: vec![4], ..Owners::default() }.document(&[]).map(|item| item.id), Some(4));
        assert_eq!(Owners { leads: vec![7], ..Owners::default() }.document(&[('l', &none)]), None, "a finished lead is over");
        assert!(Owners::read(&json!([])).is_empty());
    }

    #[test]
    fn a_phone_is_looked_for_in_every_spelling() {
        let values = find("f0".to_owned(), "79160000001").params["values"].clone();
        for spelling in ["+79160000001", "79160000001", "89160000001"] {
            assert!(values.as_array().is_some_and(|values| values.contains(&json!(spelling))), "{values}");
        }
        let vietnam = find("f0".to_owned(), "84912345678").params["values"].clone();
        assert_eq!(vietnam, json!(["+84912345678", "84912345678"]), "nobody's Russian number");
    }
}
