//! The template list (reference/whatsapp.md 4.7): rows whose `containerMeta` is JSON inside a string.

use super::{access, answer};
use crate::domain::http::{HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::meta_shape::buttons;
use crate::provider::{ChannelConfig, TemplatePage, TemplateRow, json, placeholders};
use serde_json::Value;

/// Rows asked for at a time, the vendor's maximum.
const PAGE: &str = "100";

/// A page of the list. The first request names no page: one of the vendor's two lists counts from 0, the other from 1.
pub(super) fn build_list(channel: &ChannelConfig, cursor: Option<&str>) -> HttpRequest {
    let app_id = channel.text("app_id");
    let mut request = match access::partner(channel) {
        Some(partner) => access::partnered(channel, &partner, Method::Get, &["templates"]),
        None if !app_id.is_empty() => access::own(channel, Method::Get, &["wa", "app", app_id, "template"]),
        // Without the app's id only the older list by name is left.
        None => access::own(channel, Method::Get, &["sm", "api", "v1", "template", "list", channel.text("app_name")]),
    };
    request.query.push(("pageSize".to_owned(), PAGE.to_owned()));
    if let Some(page) = cursor {
        request.query.push(("pageNo".to_owned(), page.to_owned()));
    }
    request
}

/// Reads a page; there may be another as long as rows come.
pub(super) fn read_list(answer: &HttpResponse, cursor: Option<&str>) -> Result<TemplatePage, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let Some(list) = body.get("templates").and_then(Value::as_array) else {
        let words = json::at(&body, "message").unwrap_or_else(|| "no list of templates in the answer".to_owned());
        return Err(ProviderError::new(ErrorClass::Transient, None, words));
    };
    let rows: Vec<TemplateRow> = list.iter().filter_map(row).collect();
    let page: u32 = cursor.and_then(|page| page.parse().ok()).unwrap_or(0);
    let next = (!list.is_empty()).then(|| page.saturating_add(1).to_string());
    Ok(TemplatePage { rows, next })
}

fn row(raw: &Value) -> Option<TemplateRow> {
    let container = json::nested(raw.get("containerMeta"));
    let body = json::at(&container, "data").or_else(|| json::at(raw, "data")).unwrap_or_default();
    let header_text = json::at(&container, "header");
    Some(TemplateRow {
        provider_id: json::at(raw, "id")?,
        name: json::at(raw, "elementName")?,
        language: json::at(raw, "languageCode").unwrap_or_default(),
        category: json::at(raw, "category").unwrap_or_default().to_uppercase(),
        status: status_word(&json::at(raw, "status").unwrap_or_default()),
        header_kind: header_kind(raw, header_text.as_deref()),
        header_text,
        param_keys: placeholders::of(&body),
        body,
        footer: json::at(&container, "footer"),
        buttons: buttons::read(json::items(&container, "buttons")),
        quality: json::at(raw, "quality").map(|quality| quality.to_uppercase()),
        reason: json::at(raw, "reason"),
        raw: raw.clone(),
    })
}

/// Upper case, and one spelling of what the vendor spells in two ways.
pub(super) fn status_word(status: &str) -> String {
    let upper = status.trim().to_uppercase();
    if upper == "DESACTIVATED" { "DEACTIVATED".to_owned() } else { upper }
}

fn header_kind(raw: &Value, header_text: Option<&str>) -> Option<String> {
    let kind = json::at(raw, "templateType").unwrap_or_default().to_lowercase();
    match kind.as_str() {
        "image" | "video" | "document" | "location" | "gif" => Some(kind),
        _ => header_text.map(|_| "text".to_owned()),
    }
}
