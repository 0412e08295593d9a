//! Addresses of files that the portal keeps: Drive, file fields of CRM items.

use super::source::{Origin, Source};
use super::{MediaFault, invalid, unreachable};
use crate::bitrix::{BitrixError, TokenError, crm, form};
use crate::domain::document::CrmItem;
use crate::flow::{Ctx, JobError};
use serde_json::{Map, Value, json};

/// Where one file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address.
    pub(super) url: String,
    /// It belongs to the portal: never shown to a provider.
    pub(super) own: bool,
    /// As the portal names it.
    pub(super) name: Option<String>,
    /// As the portal tells it.
    pub(super) size_bytes: Option<u64>,
    /// The source as the rule's author wrote it.
    pub(super) shown: String,
}

/// The addresses behind a source; at least one.
pub(super) async fn addresses(
    ctx: &Ctx,
    portal: &str,
    origin: &Origin,
    document: Option<CrmItem>,
    source: &Source,
) -> Result<Vec<Address>, MediaFault> {
    let plain = |url: &String, own| vec![Address { url: url.clone(), own, name: None, size_bytes: None, shown: url.clone() }];
    match source {
        Source::Public(url) => Ok(plain(url, false)),
        Source::Portal(url) => Ok(plain(url, true)),
        // Brought by `upload`: it has no address.
        Source::Upload(handle) => Err(invalid(handle, "an upload has no address", "media-upload")),
        Source::Disk(id) => Ok(vec![disk_file(ctx, portal, origin, id).await?]),
        Source::Field(field) => {
            let shown = format!("field:{field}");
            let item = document.ok_or_else(|| invalid(&shown, "the document is no CRM item", "media-field"))?;
            in_field(origin, &read_item(ctx, portal, item, &shown).await?, field, &shown)
        }
        Source::ItemField(item, field) => {
            let shown = format!("{}_{}:{field}", item.timeline_type().to_uppercase(), item.id);
            in_field(origin, &read_item(ctx, portal, *item, &shown).await?, field, &shown)
        }
        Source::FileId(id) => {
            let item = document.ok_or_else(|| invalid(id, "the document is no CRM item", "media-field"))?;
            let fields = read_item(ctx, portal, item, id).await?;
            let told =
                fields.values().find_map(|value| numbered(value, id)).ok_or_else(|| invalid(id, "no field holds it", "media-field"))?;
            Ok(vec![signed(origin, &told, id)?])
        }
    }
}

/// Address, name and size of a Drive file.
async fn disk_file(ctx: &Ctx, portal: &str, origin: &Origin, id: &str) -> Result<Address, MediaFault> {
    let shown = format!("disk:{id}");
    let file = ctx
        .bitrix
        .call("media.disk_file", portal, "disk.file.get", json!({"id": id}))
        .await
        .map_err(|error| portal_fault(error, &shown))?;
    let told = file.get("DOWNLOAD_URL").and_then(Value::as_str).unwrap_or_default();
    let name = file.get("NAME").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let size_bytes = file.get("SIZE").map(form::scalar).and_then(|size| size.parse().ok());
    Ok(Address { name, size_bytes, ..signed(origin, told, &shown)? })
}

async fn read_item(ctx: &Ctx, portal: &str, item: CrmItem, shown: &str) -> Result<Map<String, Value>, MediaFault> {
    let params = json!({"entityTypeId": item.entity_type_id, "id": item.id, "useOriginalUfNames": "Y"});
    let read = ctx.bitrix.call("media.field", portal, "crm.item.get", params).await.map_err(|error| portal_fault(error, shown))?;
    Ok(crm::read_item(&read).cloned().unwrap_or_default())
}

/// The files of a field; at least one.
fn in_field(origin: &Origin, item: &Map<String, Value>, field: &str, shown: &str) -> Result<Vec<Address>, MediaFault> {
    let value = item.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value);
    let told = value.map(machine_addresses).unwrap_or_default();
    if told.is_empty() {
        return Err(invalid(shown, "the field holds no file", "media-field"));
    }
    told.iter().map(|told| signed(origin, told, shown)).collect()
}

/// `urlMachine` of a file or of several; `url` alone needs a browser's session.
fn machine_addresses(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(machine_addresses).collect(),
        Value::Object(file) => match file.get("urlMachine").and_then(Value::as_str) {
            Some(url) if !url.is_empty() => vec![url.to_owned()],
            Some(_) => Vec::new(),
            // PHP writes a list with gaps as a map.
            None => file.values().filter(|inner| inner.is_object()).flat_map(machine_addresses).collect(),
        },
        _ => Vec::new(),
    }
}

/// The address of the file with this number, wherever it stands in a value.
fn numbered(value: &Value, id: &str) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| numbered(item, id)),
        Value::Object(file) if file.get("urlMachine").is_some() => {
            let own = file.get("id").is_some_and(|own| form::scalar(own) == id);
            machine_addresses(value).into_iter().next().filter(|_| own)
        }
        Value::Object(map) => map.values().find_map(|item| numbered(item, id)),
        _ => None,
    }
}

fn signed(origin: &Origin, told: &str, shown: &str) -> Result<Address, MediaFault> {
    let url = origin.absolute(told).filter(|_| !told.is_empty());
    let url = url.ok_or_else(|| unreachable(shown, "the portal told no address of its own"))?;
    Ok(Address { url: url.into(), own: true, name: None, size_bytes: None, shown: shown.to_owned() })
}

fn portal_fault(error: BitrixError, shown: &str) -> MediaFault {
    match error {
        BitrixError::Budget { at } => MediaFault::Later(JobError::Defer { at, why: "portal budget".to_owned() }),
        BitrixError::Later { at, why } => MediaFault::Later(JobError::Defer { at, why }),
        BitrixError::Unknown { why } | BitrixError::Token(TokenError::Unavailable(why)) => {
            MediaFault::Later(JobError::Retry { after_ms: None, why })
        }
        BitrixError::Refused(error) => unreachable(shown, &format!("the portal refused: {}", error.code)),
        BitrixError::Token(error) => unreachable(shown, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_wherever_a_field_keeps_them() {
        let several = json!([{"id": 1, "url": "/a"}, {"id": 2, "urlMachine": "/b"}, {"id": 3, "urlMachine": "/c"}]);
        assert_eq!(machine_addresses(&several), ["/b", "/c"]);
        assert_eq!(machine_addresses(&json!({"id": 2, "urlMachine": "/b"})), ["/b"]);
        assert_eq!(machine_addresses(&json!({"4": {"id": 2, "urlMachine": "/b"}})), ["/b"]);
        assert!(machine_addresses(&json!({"id": 2, "urlMachine": ""})).is_empty() && machine_addresses(&json!("x")).is_empty());
        assert_eq!(numbered(&several, "3").as_deref(), Some("/c"));
        assert_eq!(numbered(&several, "4"), None);
        assert_eq!(numbered(&json!({"id": "7", "urlMachine": "/d"}), "7").as_deref(), Some("/d"));
    }
}
