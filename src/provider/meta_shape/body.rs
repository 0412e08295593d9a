//! The JSON body of `/messages` (reference/whatsapp.md 5.2–5.4).

use super::kinds;
use crate::domain::content::{ButtonKind, ButtonValue, Content, HeaderValue, MediaKind, MediaRef, Param, TemplateContent};
use serde_json::{Map, Value, json};

/// A whole message to a phone.
pub(in crate::provider) fn message(to: &str, content: &Content) -> Value {
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert("recipient_type".to_owned(), json!("individual"));
    body.insert("to".to_owned(), json!(to));
    let (kind, value) = kinds::typed(content);
    body.insert("type".to_owned(), json!(kind));
    body.insert(kind.to_owned(), value);
    Value::Object(body)
}

/// A filled template.
pub(super) fn template(template: &TemplateContent) -> Value {
    let mut components = Vec::new();
    if let Some(header) = &template.header {
        components.push(json!({"type": "header", "parameters": [header_parameter(header)]}));
    }
    if !template.params.is_empty() {
        let parameters: Vec<Value> = template.params.iter().map(text_parameter).collect();
        components.push(json!({"type": "body", "parameters": parameters}));
    }
    components.extend(buttons(template).iter().map(button_component));
    let language = json!({"code": template.language, "policy": "deterministic"});
    let mut value = json!({"name": template.name, "language": language});
    if let (false, Some(value)) = (components.is_empty(), value.as_object_mut()) {
        value.insert("components".to_owned(), Value::Array(components));
    }
    value
}

/// Buttons with values; an authentication template repeats its code in the one button it has.
pub(in crate::provider) fn buttons(template: &TemplateContent) -> Vec<ButtonValue> {
    let code = template.params.first().filter(|_| template.category.eq_ignore_ascii_case("AUTHENTICATION"));
    match code {
        Some(code) if template.buttons.is_empty() => {
            vec![ButtonValue { index: 0, kind: ButtonKind::Url, value: code.value.clone() }]
        }
        _ => template.buttons.clone(),
    }
}

fn header_parameter(header: &HeaderValue) -> Value {
    match header {
        HeaderValue::Text { value } => json!({"type": "text", "text": value}),
        HeaderValue::Media(media) => {
            let mut parameter = Map::new();
            parameter.insert("type".to_owned(), json!(media.media_kind.as_str()));
            parameter.insert(media.media_kind.as_str().to_owned(), link(media));
            Value::Object(parameter)
        }
        HeaderValue::Location(place) => json!({"type": "location", "location": kinds::place(place)}),
    }
}

/// `{"link":…}`, with a name where the kind shows one.
pub(in crate::provider) fn link(media: &MediaRef) -> Value {
    match &media.file_name {
        Some(name) if media.media_kind == MediaKind::Document => json!({"link": media.link, "filename": name}),
        _ => json!({"link": media.link}),
    }
}

/// Whether a placeholder's key is a position.
pub(in crate::provider) fn positional(param: &Param) -> bool {
    !param.key.is_empty() && param.key.bytes().all(|byte| byte.is_ascii_digit())
}

fn text_parameter(param: &Param) -> Value {
    if positional(param) {
        json!({"type": "text", "text": param.value})
    } else {
        json!({"type": "text", "parameter_name": param.key, "text": param.value})
    }
}

fn button_component(button: &ButtonValue) -> Value {
    let (sub_type, parameter) = match button.kind {
        ButtonKind::Url => ("url", json!({"type": "text", "text": button.value})),
        ButtonKind::QuickReply => ("quick_reply", json!({"type": "payload", "payload": button.value})),
        ButtonKind::CopyCode => ("copy_code", json!({"type": "coupon_code", "coupon_code": button.value})),
    };
    json!({"type": "button", "sub_type": sub_type, "index": button.index.to_string(), "parameters": [parameter]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_a_component_for_each_part_that_has_values() {
        let param = |key: &str, value: &str| Param { key: key.to_owned(), value: value.to_owned() };
        let media = MediaRef {
            media_kind: MediaKind::Document,
            link: "https://cdn.example.org/i.pdf".to_owned(),
            file_name: Some("Счёт.pdf".to_owned()),
            mime: None,
            size_bytes: None,
        };
        let mut template = TemplateContent {
            provider_id: "id".to_owned(),
            name: "order_ready_v3".to_owned(),
            language: "ru".to_owned(),
            category: "UTILITY".to_owned(),
            header: Some(HeaderValue::Media(media)),
            params: vec![param("1", "Анна"), param("order", "118")],
            buttons: vec![
                ButtonValue { index: 0, kind: ButtonKind::QuickReply, value: "ok_118".to_owned() },
                ButtonValue { index: 1, kind: ButtonKind::Url, value: "118?src=wa".to_owned() },
            ],
        };
        let wanted = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "79160000001", "type": "template",
            "template": {"name": "order_ready_v3", "language": {"code": "ru", "policy": "deterministic"}, "components": [
                {"type": "header", "parameters": [{"type": "document", "document": {"link": "https://cdn.example.org/i.pdf", "filename": "Счёт.pdf"}}]},
                {"type": "body", "parameters": [{"type": "text", "text": "Анна"}, {"type": "text", "parameter_name": "order", "text": "118"}]},
                {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "ok_118"}]},
                {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "118?src=wa"}]}
            ]}
        });
        assert_eq!(message("79160000001", &Content::Template(template.clone())), wanted);
        template.category = "AUTHENTICATION".to_owned();
        template.buttons.clear();
        assert_eq!(buttons(&template), [ButtonValue { index: 0, kind: ButtonKind::Url, value: "Анна".to_owned() }]);
    }
}
