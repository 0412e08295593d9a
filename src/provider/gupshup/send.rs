//! Building a send: V1 form, or V3 JSON when the partner token is set (reference/whatsapp.md 4.2–4.4).

use super::{access, session};
use crate::domain::content::{ButtonKind, Content, HeaderValue, TemplateContent};
use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::meta_shape::{body, kinds};
use crate::provider::{ChannelConfig, Outgoing};
use serde_json::{Map, Value, json};

/// Builds the request for one message.
pub(super) fn build(channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
    // Sending to a BSUID is announced by the vendor, not there yet (3.3).
    let phone = message.to.phone.as_deref().filter(|phone| !phone.is_empty());
    let phone = phone.ok_or_else(|| ProviderError::new(ErrorClass::BadRecipient, None, "the recipient has no phone number"))?;
    if let Some(partner) = access::partner(channel) {
        let mut request = access::partnered(channel, &partner, Method::Post, &["v3", "message"]);
        request.body = Body::Json(body::message(phone, &message.content));
        return Ok(request);
    }
    let mut form = vec![
        pair("channel", "whatsapp"),
        pair("source", channel.text("source")),
        pair("destination", phone),
        pair("src.name", channel.text("app_name")),
    ];
    let path: &[&str] = match &message.content {
        Content::Text { body, preview_link } => {
            form.push(pair("message", json!({"type": "text", "text": body}).to_string()));
            form.push(pair("disablePreview", if *preview_link { "false" } else { "true" }));
            &["wa", "api", "v1", "msg"]
        }
        Content::Template(template) => {
            form.push(pair("template", template_value(template)?.to_string()));
            if let Some(extra) = template_message(template) {
                form.push(pair("message", extra.to_string()));
            }
            &["wa", "api", "v1", "template", "msg"]
        }
        other => {
            form.push(pair("message", session::message(&message.message_id, other)?.to_string()));
            &["wa", "api", "v1", "msg"]
        }
    };
    let mut request = access::own(channel, Method::Post, path);
    request.body = Body::Form(form);
    Ok(request)
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// `{"id", "params"}`: header text, body, buttons in one flat list.
fn template_value(template: &TemplateContent) -> Result<Value, ProviderError> {
    if let Some(named) = template.params.iter().find(|param| !body::positional(param)) {
        let text = format!("placeholder {} is named: named parameters need the channel's app_id and partner_token", named.key);
        return Err(ProviderError::new(ErrorClass::Payload, None, text));
    }
    if template.provider_id.is_empty() {
        return Err(ProviderError::new(ErrorClass::Template, None, "the template has no id at the provider"));
    }
    let mut params: Vec<String> = Vec::new();
    if let Some(HeaderValue::Text { value }) = &template.header {
        params.push(value.clone());
    }
    params.extend(template.params.iter().map(|param| param.value.clone()));
    let mut buttons = body::buttons(template);
    buttons.sort_by_key(|button| button.index);
    params.extend(buttons.into_iter().filter(|button| button.kind != ButtonKind::QuickReply).map(|button| button.value));
    Ok(json!({"id": template.provider_id, "params": params}))
}

/// The `message` beside a template: media of the header, payloads of quick replies.
fn template_message(template: &TemplateContent) -> Option<Value> {
    let mut message = Map::new();
    if let Some(HeaderValue::Media(media)) = &template.header {
        message.insert("type".to_owned(), json!(media.media_kind.as_str()));
        message.insert(media.media_kind.as_str().to_owned(), body::link(media));
    }
    if let Some(HeaderValue::Location(place)) = &template.header {
        message.insert("type".to_owned(), json!("location"));
        message.insert("location".to_owned(), kinds::place(place));
    }
    let payloads: Vec<Value> = template
        .buttons
        .iter()
        .filter(|button| button.kind == ButtonKind::QuickReply)
        .map(|button| json!({"index": button.index, "text": button.value}))
        .collect();
    if !payloads.is_empty() {
        if message.is_empty() {
            message.insert("type".to_owned(), json!("text"));
        }
        message.insert("postbackTexts".to_owned(), Value::Array(payloads));
    }
    (!message.is_empty()).then_some(Value::Object(message))
}
