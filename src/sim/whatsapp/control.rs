//! The control API under `/_sim/` for other processes: the same hands and eyes as [`super::Network`], in JSON.

use super::delivery;
use super::fault::{EventFault, FaultRule};
use super::gupshup::app::{App, Subscription};
use super::gupshup::desk::AppDesk;
use super::gupshup::template::Template;
use super::inbound::Inbound;
use super::network::duplicates;
use super::person::Person;
use super::server::{Answer, Call};
use super::state::Shared;
use super::user::User;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

type Controlled = Result<Value, String>;

/// Answers `/_sim/…`; refusals are 400 with `{"error"}`, unknown paths 404.
pub(super) async fn answer(shared: &Arc<Shared>, call: &Call) -> Answer {
    let parts = call.parts();
    let parts: Vec<&str> = parts.iter().skip(1).copied().collect();
    let done = match (call.method.as_str(), parts.as_slice()) {
        ("GET", [what]) => look(shared, call, what),
        ("POST", ["deliver"]) => Some(Ok(json!({"attempts": delivery::flush(shared).await}))),
        ("POST", ["deliver", "next"]) => Some(Ok(json!({"delivered": delivery::flush_one(shared).await}))),
        ("POST", ["auto"]) => Some(body::<Auto>(call).map(|auto| switch(shared, &auto))),
        ("POST", ["faults"]) => Some(body::<FaultRule>(call).map(|rule| shared.lock().faults.push(rule)).map(|()| done())),
        ("POST", ["event-faults"]) => Some(body::<EventFault>(call).map(|rule| shared.lock().event_faults.push(rule)).map(|()| done())),
        ("DELETE", ["faults"]) => Some(Ok(clear(shared))),
        ("POST", ["people"]) => Some(body::<Person>(call).and_then(|person| put_person(shared, person))),
        ("POST", ["people", phone, verb]) => act(shared, call, phone, verb),
        ("POST", ["apps"]) => Some(body::<App>(call).map(|app| shared.lock().apps.push(app)).map(|()| done())),
        (method, ["apps", name, rest @ ..]) => app(shared, call, method, name, rest),
        _ => None,
    };
    match done {
        Some(Ok(value)) => Answer::json(200, &value),
        Some(Err(error)) => Answer::json(400, &json!({"error": error})),
        None => Answer::json(404, &json!({"error": "no such control path"})),
    }
}

#[derive(Deserialize)]
struct Auto {
    on: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Act {
    account: Option<String>,
    text: Option<String>,
    title: Option<String>,
    context: Option<String>,
    content: Option<Inbound>,
}

fn done() -> Value {
    json!({"done": true})
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    let raw = if call.body.is_empty() { b"{}".as_slice() } else { &call.body };
    let mut reader = serde_json::Deserializer::from_slice(raw);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
}

fn look(shared: &Shared, call: &Call, what: &str) -> Option<Controlled> {
    let state = shared.lock();
    let listed = match what {
        "state" => Ok(json!({
            "now": shared.now(), "auto": shared.auto.load(Ordering::SeqCst), "apps": state.apps.len(), "people": state.people.len(),
            "messages": state.messages.len(), "inbound": state.inbound.len(), "requests": state.requests.len(),
            "deliveries": state.deliveries.len(), "planned": state.plan.len(), "outbox": state.outbox.len(), "parked": state.parked.len(),
        })),
        "apps" => serde_json::to_value(&state.apps),
        "people" => serde_json::to_value(state.people.values().collect::<Vec<_>>()),
        "requests" => serde_json::to_value(&state.requests),
        "messages" => {
            let wanted = call.query("to");
            serde_json::to_value(state.messages.iter().filter(|message| wanted.is_none_or(|to| to == message.to)).collect::<Vec<_>>())
        }
        "duplicates" => serde_json::to_value(duplicates(&state.messages)),
        "inbound" => serde_json::to_value(&state.inbound),
        "deliveries" => serde_json::to_value(&state.deliveries),
        "faults" => Ok(json!({"faults": state.faults, "event_faults": state.event_faults})),
        _ => return None,
    };
    Some(listed.map_err(|error| error.to_string()))
}

fn switch(shared: &Shared, auto: &Auto) -> Value {
    shared.auto.store(auto.on, Ordering::SeqCst);
    done()
}

fn clear(shared: &Shared) -> Value {
    let mut state = shared.lock();
    state.faults.clear();
    state.event_faults.clear();
    done()
}

fn put_person(shared: &Shared, person: Person) -> Controlled {
    if person.phone.is_empty() || !person.phone.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("phone: digits expected".to_owned());
    }
    shared.lock().people.insert(person.phone.clone(), person);
    Ok(done())
}

fn act(shared: &Arc<Shared>, call: &Call, phone: &str, verb: &str) -> Option<Controlled> {
    let act: Act = match body(call) {
        Ok(act) => act,
        Err(error) => return Some(Err(error)),
    };
    let user = User::new(Arc::clone(shared), phone);
    let user = match &act.account {
        Some(account) => user.to(account),
        None => user,
    };
    let changed = match verb {
        "writes" => return Some(act.text.map(|text| json!({"wamid": user.writes(&text)})).ok_or_else(|| "text missing".to_owned())),
        "sends" => {
            let sent = act.content.map(|content| json!({"wamid": user.sends(content, act.context.as_deref())}));
            return Some(sent.ok_or_else(|| "content missing".to_owned()));
        }
        "presses" => {
            let pressed = act.title.as_deref().and_then(|title| user.presses(title));
            return Some(pressed.map(|wamid| json!({"wamid": wamid})).ok_or_else(|| "no such button in the chat".to_owned()));
        }
        "reads" => return Some(Ok(json!({"count": user.reads()}))),
        "deletes" => return Some(Ok(json!({"count": user.deletes()}))),
        "blocks" => user.blocks(),
        "unblocks" => user.unblocks(),
        "goes-offline" => user.goes_offline(),
        "comes-online" => user.comes_online(),
        "hides-phone" => user.hides_phone(),
        "stops-marketing" => user.stops_marketing(),
        "resumes-marketing" => user.resumes_marketing(),
        "leaves-whatsapp" => user.not_on_whatsapp(),
        _ => return None,
    };
    drop(changed);
    Some(Ok(done()))
}

fn app(shared: &Arc<Shared>, call: &Call, method: &str, name: &str, rest: &[&str]) -> Option<Controlled> {
    if !shared.lock().apps.iter().any(|app| app.name == name) {
        return Some(Err(format!("no app {name}")));
    }
    let desk = AppDesk::new(Arc::clone(shared), name.to_owned());
    let controlled = match (method, rest) {
        ("GET", []) => serde_json::to_value(desk.settings()).map_err(|error| error.to_string()),
        ("PUT", []) => body::<App>(call).map(|app| {
            desk.change(|old| *old = App { name: old.name.clone(), ..app });
            done()
        }),
        ("POST", ["templates"]) => body::<Template>(call).map(|template| json!({"id": desk.add_template(template)})),
        ("PUT", ["templates", id]) => body::<TemplateStatus>(call).map(|new| {
            desk.set_template_status(id, &new.status);
            done()
        }),
        ("PUT", ["callback"]) => body::<Subscription>(call).map(|subscription| {
            desk.put_subscription(subscription);
            done()
        }),
        _ => return None,
    };
    Some(controlled)
}

#[derive(Deserialize)]
struct TemplateStatus {
    status: String,
}
