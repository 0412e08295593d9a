//! Which callbacks a step makes: one for each subscription that wants it, in the version it asked for (reference 4.10).

use super::super::delivery::Callback;
use super::super::inbound::{Inbound, InboundMessage};
use super::super::media;
use super::super::message::{Message, Status};
use super::super::person::Person;
use super::super::state::State;
use super::app::{App, OptIn, Subscription};
use super::{events_v2, events_v3};
use crate::domain::clock::Ms;
use serde_json::{Value, json};

/// Words a step of an outgoing message.
pub(in crate::sim::whatsapp) fn status(state: &mut State, message: &Message, status: Status, now: Ms) {
    let Some(app) = state.apps.iter().find(|app| app.name == message.account).cloned() else { return };
    let person = state.addressee(&message.to);
    let mode = status.word().to_ascii_uppercase();
    let bodies = |subscription: &Subscription| match subscription.version {
        3 => events_v3::status(&app, message, &person, status, now),
        _ => events_v2::status(&app, message, &person, status, now),
    };
    publish(state, &app, &mode, status.word(), Some(&message.wamid), now, bodies);
}

/// Words a person's message; parks it when the account may not see people without a phone (reference 3.3).
pub(in crate::sim::whatsapp) fn inbound(state: &mut State, inbound: &InboundMessage, now: Ms) {
    let Some(app) = state.apps.iter().find(|app| app.name == inbound.account).cloned() else { return };
    let person = state.person(&inbound.phone).clone();
    if person.phone_hidden && !(app.bsuid_v2 || app.bsuid_v3) {
        state.parked.push(inbound.clone());
        return;
    }
    opt_in_by_writing(state, &app, &person, now);
    let file = file_of(state, inbound);
    let context = inbound.context.as_deref().or(match &inbound.content {
        Inbound::Reaction { to, .. } => Some(to),
        _ => None,
    });
    let provider_id = context.and_then(|wamid| state.message(wamid)).map(|message| message.provider_id.clone());
    let mode = if matches!(inbound.content, Inbound::FlowReply { .. }) { "FLOWS_MESSAGE" } else { "MESSAGE" };
    let news = InboundNews { inbound, person: &person, file, provider_id };
    let bodies = |subscription: &Subscription| match subscription.version {
        3 => events_v3::inbound(&app, &news),
        // The moment of arrival at Gupshup (reference 4.11.1), however long the callback is held.
        _ => events_v2::inbound(&app, &news, inbound.at),
    };
    publish(state, &app, mode, "message", Some(&inbound.wamid), now, bodies);
}

/// An inbound message with everything its wording needs.
pub(super) struct InboundNews<'a> {
    /// The message.
    pub(super) inbound: &'a InboundMessage,
    /// Who.
    pub(super) person: &'a Person,
    /// Address and MIME type of its file.
    pub(super) file: Option<(String, String)>,
    /// gs id of the message it answers.
    pub(super) provider_id: Option<String>,
}

/// Words something that is no message: user, template, account, billing. V3 has no such events (reference 4.10).
pub(super) fn other(state: &mut State, account: &str, mode: &str, event: &str, payload: &Value, now: Ms) {
    let Some(app) = state.apps.iter().find(|app| app.name == account).cloned() else { return };
    let bodies = |subscription: &Subscription| match subscription.version {
        3 => Value::Null,
        _ => envelope_v2(&app, event, payload, now),
    };
    publish(state, &app, mode, event, None, now, bodies);
}

/// A person stopped or resumed marketing in WhatsApp: every app hears of it where events are V3; V2 has no such event (reference 5.13).
pub(in crate::sim::whatsapp) fn preference(state: &mut State, person: &Person, stop: bool, now: Ms) {
    for app in state.apps.clone() {
        let bodies = |subscription: &Subscription| match subscription.version {
            3 => events_v3::preference(&app, person, stop, now),
            _ => Value::Null,
        };
        publish(state, &app, "OTHERS", "user_preferences", None, now, bodies);
    }
}

/// The V2 envelope.
pub(super) fn envelope_v2(app: &App, event: &str, payload: &Value, now: Ms) -> Value {
    json!({"app": app.name, "timestamp": now, "version": 2, "type": event, "payload": payload})
}

fn publish(state: &mut State, app: &App, mode: &str, event: &str, wamid: Option<&str>, now: Ms, body: impl Fn(&Subscription) -> Value) {
    for subscription in app.subscriptions.iter().filter(|subscription| subscription.wants(mode)) {
        let body = body(subscription);
        if body.is_null() {
            continue;
        }
        let callback = Callback {
            event: event.to_owned(),
            account: app.name.clone(),
            url: subscription.url.clone(),
            headers: subscription.headers.clone().into_iter().collect(),
            wamid: wamid.map(str::to_owned),
            body,
            failures: 0,
            touched: false,
        };
        state.post(now, callback);
    }
}

/// Users who write first count as opted in (reference 4.8); an opt-out stands until the API takes it back.
fn opt_in_by_writing(state: &mut State, app: &App, person: &Person, now: Ms) {
    if let Some(own) = state.apps.iter_mut().find(|own| own.name == app.name) {
        own.opt_ins.entry(person.phone.clone()).or_insert_with(|| OptIn { opted_in: true, source: "SELF".to_owned(), at: now });
    }
}

fn file_of(state: &mut State, inbound: &InboundMessage) -> Option<(String, String)> {
    let Inbound::Media { media: kind, name, .. } = &inbound.content else { return None };
    Some(media::publish(state, &inbound.wamid, media::sample(kind, name.as_deref())))
}
