//! Contents with their approvals as templates (reference/whatsapp.md 8.2).
//!
//! A content's variables are one list, wherever they stand: all of them are parameters, and nothing is left for header and buttons.

use super::{access, answer};
use crate::domain::http::{HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::{ChannelConfig, TemplatePage, TemplateRow, json, placeholders};
use serde_json::{Value, json as make};

/// A page of the list; the cursor is the query of the vendor's own `next_page_url`.
pub(super) fn build_list(channel: &ChannelConfig, cursor: Option<&str>) -> HttpRequest {
    let mut request = access::content(channel, Method::Get, &["v1", "ContentAndApprovals"]);
    match cursor {
        Some(query) => request.query.extend(form_urlencoded::parse(query.as_bytes()).into_owned()),
        None => request.query.push(("PageSize".to_owned(), "100".to_owned())),
    }
    request
}

/// Reads a page.
pub(super) fn read_list(answer: &HttpResponse) -> Result<TemplatePage, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    if !body.get("contents").is_some_and(Value::is_array) {
        return Err(ProviderError::new(ErrorClass::Transient, None, "no list of contents in the answer"));
    }
    let next = body.get("meta").and_then(|meta| json::at(meta, "next_page_url"));
    let next = next.and_then(|url| url.split_once('?').map(|(_, query)| query.to_owned()));
    Ok(TemplatePage { rows: json::items(&body, "contents").iter().filter_map(row).collect(), next })
}

fn row(raw: &Value) -> Option<TemplateRow> {
    // Seen as an object and, with several channels, as a list.
    let approval = match raw.get("approval_requests") {
        Some(Value::Array(list)) => list.first().cloned().unwrap_or(Value::Null),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    let (kind, content) = raw.get("types").and_then(Value::as_object).and_then(|types| types.iter().next())?;
    let body = json::first(content, &["body", "title"]).unwrap_or_default();
    let mut param_keys = placeholders::of(&body);
    for key in placeholders::of(&content.to_string()) {
        if !param_keys.contains(&key) {
            param_keys.push(key);
        }
    }
    if kind == "whatsapp/authentication" && param_keys.is_empty() {
        param_keys.push("1".to_owned());
    }
    Some(TemplateRow {
        provider_id: json::at(raw, "sid")?,
        name: json::at(&approval, "name").or_else(|| json::at(raw, "friendly_name"))?,
        language: json::at(raw, "language").unwrap_or_default(),
        category: json::at(&approval, "category").unwrap_or_default().to_uppercase(),
        status: json::at(&approval, "status").unwrap_or_else(|| "unsubmitted".to_owned()).to_uppercase(),
        header_kind: None,
        header_text: None,
        param_keys,
        body,
        footer: json::first(content, &["footer", "subtitle"]),
        buttons: buttons(content),
        quality: None,
        reason: json::at(&approval, "rejection_reason"),
        raw: raw.clone(),
    })
}

/// Buttons as people see them; none of them takes a value of its own.
fn buttons(content: &Value) -> Value {
    let read = |action: &Value| {
        let kind = match json::at(action, "type").unwrap_or_default().to_uppercase().as_str() {
            // Its payload was fixed when the content was made.
            "QUICK_REPLY" => "REPLY".to_owned(),
            other => other.to_owned(),
        };
        make!({"type": kind, "text": json::at(action, "title").unwrap_or_default(), "dynamic": false})
    };
    Value::Array(json::items(content, "actions").iter().map(read).collect())
}
