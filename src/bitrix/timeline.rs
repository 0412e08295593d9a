//! Timeline entries: configurable activities and comments (reference/bitrix24.md E.4, E.5). Pure builders and readers.

use super::bizproc::Document;
use super::{Command, form};
use serde_json::{Map, Value, json};

/// Our name in `originatorId`; with `originId` an entry is found again before it would be created twice.
pub const ORIGINATOR: &str = "courier24";
/// Longest text of one block; longer texts stay whole in the journal.
const MAX_BLOCK_CHARS: usize = 4_096;

/// How an entry looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Heading.
    pub title: String,
    /// Text of the message.
    pub text: String,
    /// Status word shown as a tag.
    pub status: String,
    /// `success`, `warning`, `failure`, `primary` or `secondary`.
    pub status_type: &'static str,
    /// Further lines (title, value): recipient, error.
    pub lines: Vec<(String, String)>,
    /// Responsible user, when known.
    pub responsible_id: Option<i64>,
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_BLOCK_CHARS).collect()
}

fn layout(entry: &Entry) -> Value {
    let mut blocks = Map::new();
    blocks.insert("text".to_owned(), json!({"type": "text", "properties": {"value": shortened(&entry.text), "multiline": true}}));
    for (index, (title, value)) in entry.lines.iter().filter(|(_, value)| !value.is_empty()).take(18).enumerate() {
        let block = json!({"type": "text", "properties": {"value": shortened(value)}});
        blocks.insert(format!("line{index}"), json!({"type": "withTitle", "properties": {"title": title, "block": block, "inline": true}}));
    }
    json!({
        "icon": {"code": "info"},
        "header": {"title": entry.title, "tags": {"status": {"type": entry.status_type, "title": entry.status}}},
        "body": {"logo": {"code": "document"}, "blocks": blocks},
    })
}

/// `crm.activity.configurable.add`, done and quiet, carrying the origin id.
pub fn activity_add(key: &str, document: &Document, origin_id: &str, entry: &Entry) -> Command {
    let mut fields = json!({
        "typeId": "CONFIGURABLE", "completed": true, "isIncomingChannel": "N", "originatorId": ORIGINATOR, "originId": origin_id,
    });
    if let (Some(user), Some(map)) = (entry.responsible_id, fields.as_object_mut()) {
        map.insert("responsibleId".to_owned(), json!(user));
    }
    let params = json!({"ownerTypeId": document.entity_type_id, "ownerId": document.id, "fields": fields, "layout": layout(entry)});
    Command { key: key.to_owned(), method: "crm.activity.configurable.add".to_owned(), params }
}

/// `crm.activity.configurable.update`: the whole layout anew.
pub fn activity_update(key: &str, activity_id: &str, entry: &Entry) -> Command {
    let params = json!({"id": activity_id, "fields": {"completed": true}, "layout": layout(entry)});
    Command { key: key.to_owned(), method: "crm.activity.configurable.update".to_owned(), params }
}

/// Looks an entry up by its origin id.
pub fn activity_find(key: &str, document: &Document, origin_id: &str) -> Command {
    let filter = json!({
        "OWNER_TYPE_ID": document.entity_type_id, "OWNER_ID": document.id, "ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": origin_id,
    });
    Command {
        key: key.to_owned(),
        method: "crm.activity.list".to_owned(),
        params: json!({"filter": filter, "select": ["ID", "ORIGIN_ID"]}),
    }
}

/// Id of the activity out of `configurable.add`/`.update`: `{activity:{id}}`, older portals the bare id.
pub fn read_activity_id(result: &Value) -> Option<String> {
    let id = result.pointer("/activity/id").or_else(|| result.get("id")).unwrap_or(result);
    Some(form::scalar(id)).filter(|id| !id.is_empty() && id != "0")
}

/// Id of the first activity of `crm.activity.list`.
pub fn read_found_activity(result: &Value) -> Option<String> {
    let row = form::list(result).into_iter().find_map(Value::as_object)?;
    Some(form::text(row, "ID")).filter(|id| !id.is_empty())
}

/// `crm.timeline.comment.add`, for portals without configurable activities.
pub fn comment_add(key: &str, document: &Document, comment: &str) -> Command {
    let fields = json!({"ENTITY_ID": document.id, "ENTITY_TYPE": document.timeline_type(), "COMMENT": comment});
    Command { key: key.to_owned(), method: "crm.timeline.comment.add".to_owned(), params: json!({"fields": fields}) }
}

/// `crm.timeline.comment.update`; the text may not be empty.
pub fn comment_update(key: &str, comment_id: &str, comment: &str) -> Command {
    let params = json!({"id": comment_id, "fields": {"COMMENT": comment}});
    Command { key: key.to_owned(), method: "crm.timeline.comment.update".to_owned(), params }
}

/// Comments of a record, newest first, to find one by its marker.
pub fn comment_list(key: &str, document: &Document) -> Command {
    let params = json!({
        "filter": {"ENTITY_ID": document.id, "ENTITY_TYPE": document.timeline_type()},
        "select": ["ID", "COMMENT"], "order": {"ID": "DESC"},
    });
    Command { key: key.to_owned(), method: "crm.timeline.comment.list".to_owned(), params }
}

/// Id of the first listed comment that contains the marker.
pub fn read_found_comment(result: &Value, marker: &str) -> Option<String> {
    form::list(result)
        .into_iter()
        .filter_map(Value::as_object)
        .find(|row| form::text(row, "COMMENT").contains(marker))
        .map(|row| form::text(row, "ID"))
        .filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_carries_its_origin_and_at_most_twenty_blocks() {
        let entry = Entry {
            title: "WhatsApp".to_owned(),
            text: "hi".to_owned(),
            status: "sent".to_owned(),
            status_type: "primary",
            lines: (0..30).map(|index| (format!("t{index}"), "v".to_owned())).collect(),
            responsible_id: Some(4),
        };
        let command = activity_add("a", &Document { entity_type_id: 2, id: 5 }, "msg_1", &entry);
        assert_eq!(command.params["fields"]["originId"], "msg_1");
        assert_eq!(command.params["layout"]["body"]["blocks"].as_object().unwrap().len(), 19);
    }

    #[test]
    fn ids_are_read_from_every_shape() {
        assert_eq!(read_activity_id(&json!({"activity": {"id": 7}})).as_deref(), Some("7"));
        assert_eq!(read_activity_id(&json!("8")).as_deref(), Some("8"));
        assert_eq!(read_activity_id(&json!(false)), None);
        assert_eq!(read_found_activity(&json!([{"ID": "9"}])).as_deref(), Some("9"));
        assert_eq!(read_found_activity(&json!([])), None);
    }
}
