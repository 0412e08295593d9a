//! The template list (reference/whatsapp.md 5.7), paged by a cursor.

use super::{access, answer};
use crate::domain::http::{HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::meta_shape::buttons;
use crate::provider::{ChannelConfig, TemplatePage, TemplateRow, json, placeholders};
use serde_json::Value;

const FIELDS: &str = "id,name,status,category,language,components,quality_score,rejected_reason,parameter_format,previous_category,\
                      correct_category,message_send_ttl_seconds,sub_category";

/// A page of the list.
pub(super) fn build_list(channel: &ChannelConfig, cursor: Option<&str>) -> HttpRequest {
    let mut request = access::request(channel, Method::Get, &[channel.text("waba_id"), "message_templates"]);
    request.query.push(("fields".to_owned(), FIELDS.to_owned()));
    request.query.push(("limit".to_owned(), "100".to_owned()));
    if let Some(after) = cursor {
        request.query.push(("after".to_owned(), after.to_owned()));
    }
    request
}

/// Reads a page.
pub(super) fn read_list(answer: &HttpResponse) -> Result<TemplatePage, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    if !body.get("data").is_some_and(Value::is_array) {
        return Err(ProviderError::new(ErrorClass::Transient, None, "no list of templates in the answer"));
    }
    let paging = body.get("paging").unwrap_or(&Value::Null);
    let after = paging.get("cursors").and_then(|cursors| json::at(cursors, "after"));
    // The last page has a cursor as well, but no `next`.
    let next = after.filter(|_| json::at(paging, "next").is_some());
    Ok(TemplatePage { rows: json::items(&body, "data").iter().filter_map(row).collect(), next })
}

fn row(raw: &Value) -> Option<TemplateRow> {
    let component = |kind: &str| {
        let same = |component: &&Value| json::at(component, "type").is_some_and(|told| told.eq_ignore_ascii_case(kind));
        json::items(raw, "components").iter().find(same)
    };
    let category = json::at(raw, "category").unwrap_or_default().to_uppercase();
    let header = component("HEADER");
    let header_kind = header.and_then(|header| json::at(header, "format")).map(|format| format.to_lowercase());
    let body = component("BODY").and_then(|body| json::at(body, "text")).unwrap_or_default();
    let mut param_keys = placeholders::of(&body);
    if param_keys.is_empty() && category == "AUTHENTICATION" {
        // The vendor writes this text itself and may not show it; the code is its one value.
        param_keys.push("1".to_owned());
    }
    Some(TemplateRow {
        provider_id: json::at(raw, "id")?,
        name: json::at(raw, "name")?,
        language: json::at(raw, "language").unwrap_or_default(),
        category,
        status: json::at(raw, "status").unwrap_or_default().to_uppercase(),
        header_text: header.and_then(|header| json::at(header, "text")).filter(|_| header_kind.as_deref() == Some("text")),
        header_kind,
        param_keys,
        body,
        footer: component("FOOTER").and_then(|footer| json::at(footer, "text")),
        buttons: buttons::read(component("BUTTONS").map(|part| json::items(part, "buttons")).unwrap_or_default()),
        quality: raw.get("quality_score").and_then(|quality| json::at(quality, "score").or_else(|| json::text(quality))),
        reason: json::at(raw, "rejected_reason").filter(|reason| reason != "NONE"),
        raw: raw.clone(),
    })
}
