//! V2 callbacks: `message-event` and `message` (reference 4.11).

use super::super::message::{Message, Status};
use super::super::person::Person;
use super::app::App;
use super::events::{InboundNews, envelope_v2};
use super::inbound_v2;
use crate::domain::clock::{DAY, Ms};
use serde_json::{Map, Value, json};

/// Events later than this after sending carry no gs id.
const GS_ID_LIFE: Ms = 7 * DAY;

/// A `message-event`.
pub(super) fn status(app: &App, message: &Message, person: &Person, status: Status, now: Ms) -> Value {
    let mut payload = Map::new();
    let early = message.failure.as_ref().is_some_and(|failure| failure.early) && status == Status::Failed;
    if status == Status::Enqueued || early {
        payload.insert("id".to_owned(), json!(message.provider_id));
    } else {
        let id = if app.gs_id_everywhere { &message.provider_id } else { &message.wamid };
        payload.insert("id".to_owned(), json!(id));
        if now.saturating_sub(message.accepted_at) <= GS_ID_LIFE {
            payload.insert("gsId".to_owned(), json!(message.provider_id));
        }
    }
    payload.insert("type".to_owned(), json!(status.word()));
    if !person.phone_hidden {
        payload.insert("destination".to_owned(), json!(person.phone));
    }
    payload.insert("payload".to_owned(), inner(app, message, status, now));
    if status == Status::Sent {
        priced(&mut payload, message, now);
    }
    if let Some(bsuid) = person.bsuid.as_ref().filter(|_| app.bsuid_v2 && status != Status::Enqueued && status != Status::Failed) {
        payload.insert("userId".to_owned(), json!(bsuid));
    }
    envelope_v2(app, "message-event", &Value::Object(payload), now)
}

fn inner(app: &App, message: &Message, status: Status, now: Ms) -> Value {
    match (status, &message.failure) {
        (Status::Enqueued, _) => {
            let kind = if message.template.is_some() { "template" } else { "session" };
            json!({"whatsappMessageId": message.wamid, "type": kind})
        }
        (Status::Failed, Some(failure)) => {
            let code = if app.codes_as_text { json!(failure.code.to_string()) } else { json!(failure.code) };
            json!({"code": code, "reason": failure.reason})
        }
        _ => json!({"ts": now.div_euclid(1_000)}),
    }
}

fn priced(payload: &mut Map<String, Value>, message: &Message, now: Ms) {
    let category = message.category.as_deref().unwrap_or("service").to_ascii_lowercase();
    let kind = price_type(message);
    let expires = now.saturating_add(DAY).div_euclid(1_000);
    payload.insert("conversation".to_owned(), json!({"id": message.provider_id.replace('-', ""), "expiresAt": expires, "type": category}));
    payload.insert("pricing".to_owned(), json!({"policy": "PMP", "category": category, "type": kind}));
}

/// Sessions are free, utility is free inside an open window (reference 2.3).
pub(super) fn price_type(message: &Message) -> &'static str {
    match message.category.as_deref() {
        None => "free_customer_service",
        Some("UTILITY") if message.window_open => "free_customer_service",
        Some(_) => "regular",
    }
}

/// A `message`.
pub(super) fn inbound(app: &App, news: &InboundNews<'_>, now: Ms) -> Value {
    let (inbound, person) = (news.inbound, news.person);
    if person.phone_hidden && !app.bsuid_v2 {
        return Value::Null;
    }
    let (kind, inner) = inbound_v2::payload(app, news);
    let mut payload = Map::new();
    payload.insert("id".to_owned(), json!(inbound.wamid));
    if !person.phone_hidden {
        payload.insert("source".to_owned(), json!(person.phone));
    }
    payload.insert("type".to_owned(), json!(kind));
    payload.insert("payload".to_owned(), inner);
    payload.insert("sender".to_owned(), sender(app, person));
    if let Some(context) = &inbound.context {
        let mut about = json!({"id": context});
        if let (Some(about), Some(gs_id)) = (about.as_object_mut(), &news.provider_id) {
            about.insert("gsId".to_owned(), json!(gs_id));
        }
        payload.insert("context".to_owned(), about);
    }
    envelope_v2(app, "message", &Value::Object(payload), now)
}

fn sender(app: &App, person: &Person) -> Value {
    let mut sender = Map::new();
    if !person.phone_hidden {
        let (country, dial) = split_phone(&person.phone);
        sender.insert("phone".to_owned(), json!(person.phone));
        sender.insert("country_code".to_owned(), json!(country));
        sender.insert("dial_code".to_owned(), json!(dial));
    }
    if let Some(name) = &person.name {
        sender.insert("name".to_owned(), json!(name));
    }
    if let Some(bsuid) = person.bsuid.as_ref().filter(|_| app.bsuid_v2) {
        sender.insert("userId".to_owned(), json!(bsuid));
    }
    if let Some(username) = person.username.as_ref().filter(|_| app.bsuid_v2) {
        sender.insert("username".to_owned(), json!(username));
    }
    Value::Object(sender)
}

fn split_phone(phone: &str) -> (&str, &str) {
    let country = match phone.as_bytes() {
        [b'1' | b'7', ..] => 1,
        _ => 2,
    };
    phone.split_at_checked(country).unwrap_or((phone, ""))
}
