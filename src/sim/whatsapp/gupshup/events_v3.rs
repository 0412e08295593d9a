//! V3 callbacks: Meta's shape with `gs_app_id` and `gs_id` (reference 4.12, 5.13).

use super::super::inbound::Inbound;
use super::super::message::{Message, Status};
use super::super::person::Person;
use super::app::App;
use super::events::InboundNews;
use super::events_v2::price_type;
use crate::domain::clock::{DAY, Ms};
use serde_json::{Map, Value, json};

/// One status.
pub(super) fn status(app: &App, message: &Message, person: &Person, status: Status, now: Ms) -> Value {
    let mut row = Map::new();
    row.insert("gs_id".to_owned(), json!(message.provider_id));
    row.insert("id".to_owned(), json!(message.wamid));
    row.insert("status".to_owned(), json!(status.word()));
    if !person.phone_hidden {
        row.insert("recipient_id".to_owned(), json!(person.phone));
    }
    if status == Status::Enqueued {
        // A number, in ms, without metadata and entry id.
        row.insert("timestamp".to_owned(), json!(now));
        let value = json!({"messaging_product": "whatsapp", "statuses": [row]});
        return json!({"entry": [{"changes": [{"field": "messages", "value": value}]}], "gs_app_id": app.app_id, "object": "whatsapp_business_account"});
    }
    row.insert("timestamp".to_owned(), json!(now.div_euclid(1_000).to_string()));
    if let Some(bsuid) = person.bsuid.as_ref().filter(|_| app.bsuid_v3 && status != Status::Failed) {
        row.insert("recipient_user_id".to_owned(), json!(bsuid));
    }
    if status == Status::Sent {
        priced(&mut row, message, now);
    }
    if let Some(failure) = message.failure.as_ref().filter(|_| status == Status::Failed) {
        let details = json!({"details": failure.reason});
        row.insert(
            "errors".to_owned(),
            json!([{"code": failure.code, "title": failure.reason, "message": failure.reason, "error_data": details}]),
        );
    }
    wrap(app, &json!({"messaging_product": "whatsapp", "metadata": metadata(app), "statuses": [row]}))
}

fn priced(row: &mut Map<String, Value>, message: &Message, now: Ms) {
    let category = message.category.as_deref().unwrap_or("service").to_ascii_lowercase();
    let kind = price_type(message);
    let expires = now.saturating_add(DAY).div_euclid(1_000).to_string();
    let conversation = json!({"id": message.provider_id.replace('-', ""), "expiration_timestamp": expires, "origin": {"type": category}});
    row.insert("conversation".to_owned(), conversation);
    row.insert("pricing".to_owned(), json!({"billable": kind == "regular", "category": category, "pricing_model": "PMP", "type": kind}));
}

/// One inbound message.
pub(super) fn inbound(app: &App, news: &InboundNews<'_>) -> Value {
    let (inbound, person) = (news.inbound, news.person);
    if person.phone_hidden && !app.bsuid_v3 {
        return Value::Null;
    }
    let mut message = Map::new();
    let mut contact = json!({"profile": {"name": person.name.clone().unwrap_or_default()}});
    if !person.phone_hidden {
        message.insert("from".to_owned(), json!(person.phone));
        set(&mut contact, "wa_id", json!(person.phone));
    }
    if let Some(bsuid) = person.bsuid.as_ref().filter(|_| app.bsuid_v3) {
        message.insert("from_user_id".to_owned(), json!(bsuid));
        set(&mut contact, "user_id", json!(bsuid));
    }
    if let (Some(username), Some(profile)) = (person.username.as_ref().filter(|_| app.bsuid_v3), contact.get_mut("profile")) {
        set(profile, "username", json!(username));
    }
    message.insert("id".to_owned(), json!(inbound.wamid));
    message.insert("timestamp".to_owned(), json!(inbound.at.div_euclid(1_000).to_string()));
    let (kind, object) = object(news);
    message.insert("type".to_owned(), json!(kind));
    if let Some(object) = object {
        message.insert(kind, object);
    }
    if let Some(context) = &inbound.context {
        message.insert("context".to_owned(), json!({"from": app.source, "id": context, "gs_id": news.provider_id}));
    }
    wrap(app, &json!({"messaging_product": "whatsapp", "metadata": metadata(app), "contacts": [contact], "messages": [message]}))
}

/// Type word and the object of that name.
fn object(news: &InboundNews<'_>) -> (String, Option<Value>) {
    let (kind, object) = match &news.inbound.content {
        Inbound::Text { text } => ("text", json!({"body": text})),
        Inbound::Media { media, caption, name, voice } => return file(news, media, caption.as_deref(), name.as_deref(), *voice),
        Inbound::Location { latitude, longitude, name, address } => {
            ("location", json!({"latitude": latitude, "longitude": longitude, "name": name, "address": address}))
        }
        Inbound::Contact { name, phone } => (
            "contacts",
            json!([{"name": {"formatted_name": name, "first_name": name}, "phones": [{"phone": format!("+{phone}"), "wa_id": phone, "type": "CELL"}]}]),
        ),
        Inbound::ButtonReply { title, index, postback, .. } => {
            let id = postback.clone().unwrap_or_else(|| index.to_string());
            ("interactive", json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}))
        }
        Inbound::ListReply { title, description, index, postback, .. } => {
            let id = postback.clone().unwrap_or_else(|| index.to_string());
            ("interactive", json!({"type": "list_reply", "list_reply": {"id": id, "title": title, "description": description}}))
        }
        Inbound::TemplateButton { text, payload } => ("button", json!({"text": text, "payload": payload.as_ref().unwrap_or(text)})),
        Inbound::Reaction { emoji, to } => ("reaction", json!({"message_id": to, "emoji": emoji})),
        Inbound::Order { catalog_id, items } => ("order", json!({"catalog_id": catalog_id, "text": "", "product_items": items})),
        Inbound::FlowReply { response } => (
            "interactive",
            json!({"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": response.to_string()}}),
        ),
        Inbound::Unknown { type_word, payload } => return (type_word.clone(), Some(payload.clone())),
    };
    (kind.to_owned(), Some(object))
}

fn file(news: &InboundNews<'_>, media: &str, caption: Option<&str>, name: Option<&str>, voice: bool) -> (String, Option<Value>) {
    let kind = if media == "file" { "document" } else { media };
    let (url, mime) = news.file.clone().unwrap_or_default();
    let mut object = json!({"id": hex::encode(news.inbound.wamid.as_bytes()), "mime_type": mime, "url": url});
    if let Some(caption) = caption {
        set(&mut object, "caption", json!(caption));
    }
    if let Some(name) = name {
        set(&mut object, "filename", json!(name));
    }
    if kind == "audio" {
        set(&mut object, "voice", json!(voice));
    }
    (kind.to_owned(), Some(object))
}

/// A change of a person's marketing preference.
pub(super) fn preference(app: &App, person: &Person, stop: bool, now: Ms) -> Value {
    let mut row = json!({"detail": if stop { "User requested to stop marketing messages" } else { "User requested to resume marketing messages" },
        "category": "marketing_messages", "value": if stop { "stop" } else { "resume" }, "timestamp": now.div_euclid(1_000)});
    if !person.phone_hidden {
        set(&mut row, "wa_id", json!(person.phone));
    }
    if let Some(bsuid) = person.bsuid.as_ref().filter(|_| app.bsuid_v3) {
        set(&mut row, "user_id", json!(bsuid));
    }
    let value = json!({"messaging_product": "whatsapp", "metadata": metadata(app), "contacts": [], "user_preferences": [row]});
    json!({"entry": [{"id": app.waba_id, "changes": [{"field": "user_preferences", "value": value}]}], "gs_app_id": app.app_id, "object": "whatsapp_business_account"})
}

fn metadata(app: &App) -> Value {
    json!({"display_phone_number": app.source, "phone_number_id": app.phone_number_id})
}

fn wrap(app: &App, value: &Value) -> Value {
    json!({"entry": [{"id": app.waba_id, "changes": [{"field": "messages", "value": value}]}], "gs_app_id": app.app_id, "object": "whatsapp_business_account"})
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
