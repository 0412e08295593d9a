//! Workflows: documents, answers to robots, registration of robots and activities (reference/bitrix24.md B, C). Pure.

use super::{Command, form};
use serde_json::{Map, Value, json};

/// A CRM record named by `document_id` (reference/bitrix24.md C.2, E.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// CRM type: lead 1, deal 2, contact 3, company 4, quote 7, smart invoice 31, a smart process's own.
    pub entity_type_id: i64,
    /// Record.
    pub id: i64,
}

impl Document {
    /// Reads `DEAL_512`, `SMART_INVOICE_18`, `DYNAMIC_1046_25`; `None` for other modules and shapes (disk, lists).
    pub fn parse(module: &str, document_id: &str) -> Option<Self> {
        if !module.eq_ignore_ascii_case("crm") {
            return None;
        }
        let (kind, id) = document_id.rsplit_once('_')?;
        let id = id.parse().ok().filter(|id| *id > 0)?;
        let entity_type_id = match kind {
            "LEAD" => 1,
            "DEAL" => 2,
            "CONTACT" => 3,
            "COMPANY" => 4,
            "QUOTE" => 7,
            "ORDER" => 14,
            "SMART_INVOICE" => 31,
            dynamic => dynamic.strip_prefix("DYNAMIC_")?.parse().ok()?,
        };
        Some(Self { entity_type_id, id })
    }

    /// Word of timeline methods: `deal`, `lead`, `contact`, `company`, `dynamic_1046`.
    pub fn timeline_type(&self) -> String {
        match self.entity_type_id {
            1 => "lead".to_owned(),
            2 => "deal".to_owned(),
            3 => "contact".to_owned(),
            4 => "company".to_owned(),
            14 => "order".to_owned(),
            other => format!("dynamic_{other}"),
        }
    }
}

/// The two registries, which share one namespace of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Registry {
    /// Automation rules.
    Robot,
    /// Activities of the process designer.
    Activity,
}

impl Registry {
    /// Both, in order of registration.
    pub const ALL: [Self; 2] = [Self::Robot, Self::Activity];

    /// The method of a verb: `bizproc.robot.add`.
    pub fn method(self, verb: &str) -> String {
        match self {
            Self::Robot => format!("bizproc.robot.{verb}"),
            Self::Activity => format!("bizproc.activity.{verb}"),
        }
    }
}

/// Lists the application's codes in a registry.
pub fn list(key: &str, registry: Registry) -> Command {
    Command { key: key.to_owned(), method: registry.method("list"), params: json!({}) }
}

/// Reads the list: plain codes; newer portals may send rows with `CODE`.
pub fn read_list(result: &Value) -> Vec<String> {
    form::list(result)
        .into_iter()
        .map(|row| row.as_object().map_or_else(|| form::scalar(row), |row| form::text(row, "code")))
        .filter(|code| !code.is_empty())
        .collect()
}

/// Parameters of `*.update` from those of `*.add`: the code apart, all else in FIELDS (whole replacement per key).
pub fn update_params(definition: &Value) -> Value {
    let mut fields = definition.as_object().cloned().unwrap_or_default();
    let code = fields.shift_remove("CODE").unwrap_or(Value::Null);
    json!({"CODE": code, "FIELDS": fields})
}

/// Parameters of `*.delete`.
pub fn delete_params(code: &str) -> Value {
    json!({"CODE": code})
}

/// `bizproc.event.send`: answers a waiting robot. `log` is shown in the process's log; empty = the portal's own line.
pub fn event_send(key: &str, event_token: &str, return_values: &Map<String, Value>, log: &str) -> Command {
    let mut params = json!({"EVENT_TOKEN": event_token, "RETURN_VALUES": return_values});
    if let (false, Some(map)) = (log.is_empty(), params.as_object_mut()) {
        map.insert("LOG_MESSAGE".to_owned(), Value::String(log.to_owned()));
    }
    Command { key: key.to_owned(), method: "bizproc.event.send".to_owned(), params }
}

/// `crm.automation.trigger.execute`: `true` means accepted, not that a stage changed.
pub fn trigger_execute(key: &str, code: &str, document: &Document) -> Command {
    let params = json!({"CODE": code, "OWNER_TYPE_ID": document.entity_type_id, "OWNER_ID": document.id});
    Command { key: key.to_owned(), method: "crm.automation.trigger.execute".to_owned(), params }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_by_their_kind() {
        for (text, expected) in [
            ("DEAL_512", Some((2, 512))),
            ("LEAD_77", Some((1, 77))),
            ("SMART_INVOICE_18", Some((31, 18))),
            ("DYNAMIC_1046_25", Some((1046, 25))),
            ("QUOTE_4", Some((7, 4))),
            ("DEAL_", None),
            ("DEAL_0", None),
            ("346", None),
            ("DYNAMIC_x_5", None),
        ] {
            let read = Document::parse("crm", text).map(|document| (document.entity_type_id, document.id));
            assert_eq!(read, expected, "{text}");
        }
        assert_eq!(Document::parse("disk", "DEAL_1"), None);
    }

    #[test]
    fn an_update_carries_everything_but_the_code() {
        let update = update_params(&json!({"CODE": "a", "HANDLER": "h", "PROPERTIES": {"x": {}}}));
        assert_eq!(update, json!({"CODE": "a", "FIELDS": {"HANDLER": "h", "PROPERTIES": {"x": {}}}}));
    }
}
