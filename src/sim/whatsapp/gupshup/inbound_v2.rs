//! Kinds of V2 inbound messages (reference 4.11.1).

use super::super::inbound::Inbound;
use super::app::App;
use super::events::InboundNews;
use serde_json::{Map, Value, json};

/// `payload.type` and `payload.payload`.
pub(super) fn payload(app: &App, news: &InboundNews<'_>) -> (String, Value) {
    match &news.inbound.content {
        Inbound::Text { text } => ("text".to_owned(), json!({"text": text})),
        Inbound::Media { media, caption, name, .. } => (media.clone(), file(news, caption.as_deref(), name.as_deref())),
        Inbound::Location { latitude, longitude, name, address } => {
            let mut place = json!({"longitude": longitude.to_string(), "latitude": latitude.to_string()});
            insert(&mut place, "name", name.as_deref());
            insert(&mut place, "address", address.as_deref());
            ("location".to_owned(), place)
        }
        Inbound::Contact { name, phone } => ("contact".to_owned(), card(name, phone)),
        Inbound::ButtonReply { title, index, postback, request_id } => {
            let mut reply = json!({"title": title, "id": request_id, "reply": format!("{title} {}", index.saturating_add(1))});
            insert(&mut reply, "postbackText", postback.as_deref());
            ("button_reply".to_owned(), reply)
        }
        Inbound::ListReply { title, description, index, postback, request_id } => {
            let mut reply = json!({"title": title, "id": request_id, "reply": format!("{title} {}", index.saturating_add(1))});
            insert(&mut reply, "postbackText", postback.as_deref());
            insert(&mut reply, "description", description.as_deref());
            ("list_reply".to_owned(), reply)
        }
        Inbound::TemplateButton { text, payload } => {
            let mut reply = json!({"text": text, "type": "button"});
            // Which of the two names carries the payload differs with the type word; both are seen.
            let name = if app.template_reply_word == "button" { "payload" } else { "postbackText" };
            insert(&mut reply, name, payload.as_deref());
            (app.template_reply_word.clone(), reply)
        }
        Inbound::Reaction { emoji, to } => {
            let mut reaction = json!({"emoji": emoji, "id": to});
            insert(&mut reaction, "gsId", news.provider_id.as_deref());
            ("reaction".to_owned(), reaction)
        }
        Inbound::Order { catalog_id, items } => ("order".to_owned(), json!({"catalog_id": catalog_id, "text": "", "product_items": items})),
        Inbound::FlowReply { response } => ("nfm_reply".to_owned(), json!({"response_json": response.to_string()})),
        Inbound::Unknown { type_word, payload } => (type_word.clone(), payload.clone()),
    }
}

fn file(news: &InboundNews<'_>, caption: Option<&str>, name: Option<&str>) -> Value {
    let (url, mime) = news.file.clone().unwrap_or_default();
    let mut file = Map::new();
    if let Some(name) = name {
        file.insert("name".to_owned(), json!(name));
    }
    file.insert("url".to_owned(), json!(url));
    file.insert("contentType".to_owned(), json!(mime));
    let mut file = Value::Object(file);
    insert(&mut file, "caption", caption);
    file
}

fn card(name: &str, phone: &str) -> Value {
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    json!({"contacts": [{"addresses": [], "emails": [], "ims": [], "name": {"first_name": first, "formatted_name": name, "last_name": last},
        "org": {"company": ""}, "phones": [{"phone": format!("+{phone}"), "type": "CELL", "wa_id": phone}], "urls": []}]})
}

fn insert(object: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), json!(value));
    }
}
