//! CRM items and phones (reference/bitrix24.md E.2, E.3). Pure builders and readers.

use super::bizproc::Document;
use super::{Command, form};
use serde_json::{Map, Value, json};

/// `crm.item.get`, user fields under their original names (`UF_CRM_…`).
pub fn item_get(key: &str, document: &Document) -> Command {
    let params = json!({"entityTypeId": document.entity_type_id, "id": document.id, "useOriginalUfNames": "Y"});
    Command { key: key.to_owned(), method: "crm.item.get".to_owned(), params }
}

/// The item of `crm.item.get` or `.update`; `None` when the shape is another.
pub fn read_item(result: &Value) -> Option<&Map<String, Value>> {
    result.get("item").and_then(Value::as_object)
}

/// `user.get` of one user, for facts about the responsible person.
pub fn user_get(key: &str, user_id: i64) -> Command {
    Command { key: key.to_owned(), method: "user.get".to_owned(), params: json!({"ID": user_id}) }
}

/// A link of an item (`contactId`, `companyId`, `assignedById`): 0, null and empty mean none.
pub fn link(item: &Map<String, Value>, name: &str) -> Option<i64> {
    form::text(item, name).parse().ok().filter(|id| *id > 0)
}

/// All contacts of an item: the primary first, then the others in order.
pub fn contact_ids(item: &Map<String, Value>) -> Vec<i64> {
    let mut ids: Vec<i64> = link(item, "contactId").into_iter().collect();
    let others = form::field(item, "contactIds").map(form::list).unwrap_or_default();
    for id in others.into_iter().filter_map(|id| form::scalar(id).parse().ok()).filter(|id| *id > 0) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Phone texts of a contact, company or lead, best first: MOBILE, WORK, any other; faxes are left out. Free text, not normalised.
///
/// Reads `fm` of `crm.item.get`, else `PHONE` of the classic methods.
pub fn phones(item: &Map<String, Value>) -> Vec<String> {
    let multi = form::field(item, "fm").or_else(|| form::field(item, "PHONE")).map(form::list).unwrap_or_default();
    let mut phones: Vec<(u8, String)> = multi.into_iter().filter_map(Value::as_object).filter_map(ranked_phone).collect();
    // Stable: the portal's own order decides among equals.
    phones.sort_by_key(|(rank, _)| *rank);
    let mut texts: Vec<String> = Vec::new();
    for (_, phone) in phones {
        if !texts.contains(&phone) {
            texts.push(phone);
        }
    }
    texts
}

/// E-mail addresses of a contact, company or lead in the portal's order, without repeats.
pub fn emails(item: &Map<String, Value>) -> Vec<String> {
    let multi = form::field(item, "fm").or_else(|| form::field(item, "EMAIL")).map(form::list).unwrap_or_default();
    let mut emails: Vec<String> = Vec::new();
    for row in multi.into_iter().filter_map(Value::as_object) {
        let kind = form::text(row, "typeId") + &form::text(row, "TYPE_ID");
        // Either spelling: names are read ignoring case.
        let value = form::text(row, "value");
        if (kind.is_empty() || kind.eq_ignore_ascii_case("email"))
            && !value.trim().is_empty()
            && !emails.iter().any(|have| have == value.trim())
        {
            emails.push(value.trim().to_owned());
        }
    }
    emails
}

fn ranked_phone(row: &Map<String, Value>) -> Option<(u8, String)> {
    let either = |new: &str, classic: &str| {
        let text = form::text(row, new);
        if text.is_empty() { form::text(row, classic) } else { text }
    };
    let kind = either("typeId", "TYPE_ID");
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("phone") {
        return None;
    }
    let value = either("value", "VALUE").trim().to_owned();
    let rank = match either("valueType", "VALUE_TYPE").to_uppercase().as_str() {
        "FAX" => return None,
        "MOBILE" => 0,
        "WORK" => 1,
        _ => 2,
    };
    (!value.is_empty()).then_some((rank, value))
}

/// `crm.duplicate.findbycomm` for at most 20 spellings of one number.
pub fn find_by_phone(key: &str, spellings: &[String]) -> Command {
    let values: Vec<&String> = spellings.iter().take(20).collect();
    Command { key: key.to_owned(), method: "crm.duplicate.findbycomm".to_owned(), params: json!({"type": "PHONE", "values": values}) }
}

/// Ids of one type (`LEAD`, `CONTACT`, `COMPANY`) out of `crm.duplicate.findbycomm`; no match is an empty array there.
pub fn read_found(result: &Value, kind: &str) -> Vec<i64> {
    let rows = result.as_object().and_then(|map| form::field(map, kind)).map(form::list).unwrap_or_default();
    rows.into_iter().filter_map(|id| form::scalar(id).parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn phones_are_ranked() {
        let contact = item(json!({"fm": [
            {"typeId": "EMAIL", "valueType": "WORK", "value": "a@b"},
            {"typeId": "PHONE", "valueType": "FAX", "value": "1"},
            {"typeId": "PHONE", "valueType": "HOME", "value": "2"},
            {"typeId": "PHONE", "valueType": "WORK", "value": "3"},
            {"typeId": "PHONE", "valueType": "MOBILE", "value": " 4 "},
            {"typeId": "PHONE", "valueType": "WORK", "value": "4"},
        ]}));
        assert_eq!(phones(&contact), ["4", "3", "2"]);
        assert_eq!(emails(&contact), ["a@b"]);
        let classic = item(json!({"PHONE": [{"VALUE_TYPE": "WORK", "VALUE": "5", "TYPE_ID": "PHONE"}]}));
        assert_eq!(phones(&classic), ["5"]);
        assert!(phones(&item(json!({}))).is_empty());
    }

    #[test]
    fn no_link_is_zero_null_or_absent() {
        let deal = item(json!({"contactId": 84, "contactIds": [85, 84, "86", 0], "companyId": null, "assignedById": "0"}));
        assert_eq!(contact_ids(&deal), [84, 85, 86]);
        assert_eq!(link(&deal, "companyId"), None);
        assert_eq!(link(&deal, "assignedById"), None);
        assert_eq!(read_found(&json!([]), "CONTACT"), Vec::<i64>::new());
        assert_eq!(read_found(&json!({"CONTACT": [3, "4"]}), "CONTACT"), [3, 4]);
    }
}
