//! CRM automation triggers (reference/bitrix24.md D.2). Pure builders and readers.

use super::{Command, form};
use crate::domain::document::CrmItem;
use serde_json::{Value, json};

/// Lists the application's triggers.
pub fn trigger_list(key: &str) -> Command {
    Command { key: key.to_owned(), method: "crm.automation.trigger.list".to_owned(), params: json!({}) }
}

/// Reads the list: (CODE, NAME).
pub fn read_triggers(result: &Value) -> Vec<(String, String)> {
    let rows = form::list(result).into_iter().filter_map(Value::as_object);
    rows.map(|row| (form::text(row, "CODE"), form::text(row, "NAME"))).filter(|(code, _)| !code.is_empty()).collect()
}

/// Parameters of `crm.automation.trigger.add`; the same code again renames.
pub fn trigger_add(code: &str, name: &str) -> Value {
    json!({"CODE": code, "NAME": name})
}

/// Parameters of `crm.automation.trigger.delete`.
pub fn trigger_delete(code: &str) -> Value {
    json!({"CODE": code})
}

/// `crm.automation.trigger.execute`: `true` means accepted, not that a stage changed.
pub fn trigger_execute(key: String, code: &str, item: CrmItem) -> Command {
    let params = json!({"CODE": code, "OWNER_TYPE_ID": item.entity_type_id, "OWNER_ID": item.id});
    Command { key, method: "crm.automation.trigger.execute".to_owned(), params }
}

/// `crm.item.get` of the item that a trigger was for.
pub fn item_get(key: String, item: CrmItem) -> Command {
    let params = json!({"entityTypeId": item.entity_type_id, "id": item.id, "useOriginalUfNames": "Y"});
    Command { key, method: "crm.item.get".to_owned(), params }
}

/// Whether the portal says that it does not know the trigger.
pub fn says_not_registered(text: &str) -> bool {
    text.to_lowercase().contains("is not registered")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_either_case_and_when_empty() {
        let list = read_triggers(&json!([{"NAME": "A", "CODE": "a"}, {"name": "B", "code": "b"}, {"NAME": "no code"}]));
        assert_eq!(list, [("a".to_owned(), "A".to_owned()), ("b".to_owned(), "B".to_owned())]);
        assert!(read_triggers(&json!([])).is_empty());
        assert!(says_not_registered("Trigger with code x is not registered."));
    }
}
