//! Subscriptions of the partner API: where callbacks go and with which headers (reference 4.10).
//!
//! Saving an address calls it for real: it must answer a `sandbox-start` user event with 2xx, unless an update says `doCheck=false`.

use super::super::delivery::{Callback, Proof};
use super::super::server::{Answer, Call};
use super::super::state::{Shared, State, new_uuid};
use super::super::wire;
use super::app::{App, Subscription};
use super::envelope::{self, PartnerLimit};
use super::events;
use super::form::{Form, Refusal};
use super::success;
use crate::domain::clock::Ms;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MODES: [&str; 16] = [
    "SENT",
    "DELIVERED",
    "READ",
    "DELETED",
    "FAILED",
    "ENQUEUED",
    "OTHERS",
    "MESSAGE",
    "TEMPLATE",
    "ACCOUNT",
    "BILLING",
    "PAYMENTS",
    "FLOWS_MESSAGE",
    "COPY",
    "ALL",
    "NONE",
];

/// `GET …/subscription`.
///
/// # Errors
/// 401, 429.
pub(super) fn list(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Ordinary, now)?;
    let rows: Vec<Value> = app.subscriptions.iter().map(|subscription| row(&app, subscription)).collect();
    Ok(Answer::json(200, &json!({"status": "success", "subscriptions": rows})))
}

/// `POST …/subscription`.
///
/// # Errors
/// 401, 415, 400, 429.
pub(super) async fn create(shared: &Shared, call: &Call, app_id: &str) -> Result<Answer, Refusal> {
    let now = shared.now();
    let (app, wanted) = {
        let mut state = shared.lock();
        let app = envelope::partner_app(&mut state, call, app_id, PartnerLimit::Ordinary, now)?;
        let fresh = Subscription {
            id: new_uuid(now),
            created_on: now,
            modified_on: now,
            version: 0,
            modes: Vec::new(),
            tag: String::new(),
            ..Subscription::default()
        };
        let wanted = read(&app, &Form::read(call)?, fresh)?;
        (app, wanted)
    };
    prove(shared, &app, &wanted).await?;
    keep(&mut shared.lock(), app_id, &wanted);
    Ok(Answer::json(200, &json!({"status": "success", "subscription": row(&app, &wanted)})))
}

/// `PUT …/subscription/{id}`.
///
/// # Errors
/// 401, 415, 404, 400, 429.
pub(super) async fn update(shared: &Shared, call: &Call, app_id: &str, id: &str) -> Result<Answer, Refusal> {
    let now = shared.now();
    let (app, wanted, checked) = {
        let mut state = shared.lock();
        let app = envelope::partner_app(&mut state, call, app_id, PartnerLimit::Ordinary, now)?;
        let old = app.subscriptions.iter().find(|own| own.id == id).cloned().ok_or_else(|| Refusal::new(404, "Subscription not found"))?;
        let form = Form::read(call)?;
        let wanted = read(&app, &form, Subscription { modified_on: now, ..old })?;
        (app, wanted, form.find("doCheck") != Some("false"))
    };
    if checked {
        prove(shared, &app, &wanted).await?;
    }
    keep(&mut shared.lock(), app_id, &wanted);
    Ok(Answer::json(200, &json!({"status": "success", "subscription": row(&app, &wanted)})))
}

/// `DELETE …/subscription/{id}`.
///
/// # Errors
/// 401, 404, 429.
pub(super) fn delete(state: &mut State, call: &Call, app_id: &str, id: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Ordinary, now)?;
    if !app.subscriptions.iter().any(|own| own.id == id) {
        return Err(Refusal::new(404, "Subscription not found"));
    }
    if let Some(app) = state.apps.iter_mut().find(|app| app.app_id == app_id) {
        app.subscriptions.retain(|own| own.id != id);
    }
    Ok(success())
}

/// Reads the form over `base`; an update may leave fields out, a creation may not.
fn read(app: &App, form: &Form, mut base: Subscription) -> Result<Subscription, Refusal> {
    if let Some(modes) = form.find("modes") {
        base.modes = modes.split(',').map(|mode| mode.trim().to_owned()).collect();
    }
    if let Some(tag) = form.find("tag") {
        tag.clone_into(&mut base.tag);
    }
    if let Some(url) = form.find("url") {
        url.clone_into(&mut base.url);
    }
    if let Some(version) = form.find("version") {
        base.version = version.parse().unwrap_or_default();
    }
    if let Some(meta) = form.find("meta") {
        base.headers = headers(meta)?;
    }
    if let Some(show) = form.find("showOnUI") {
        base.show_on_ui = show == "true";
    }
    check(app, &base)?;
    Ok(base)
}

fn check(app: &App, wanted: &Subscription) -> Result<(), Refusal> {
    if wanted.tag.is_empty() {
        return Err(Refusal::bad("Missing parameter: tag"));
    }
    if app.subscriptions.iter().any(|own| own.tag == wanted.tag && own.id != wanted.id) {
        return Err(Refusal::bad("Subscription with this tag already exists"));
    }
    if !url::Url::parse(&wanted.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return Err(Refusal::bad("Invalid url"));
    }
    if !matches!(wanted.version, 2 | 3) {
        return Err(Refusal::bad("Invalid version"));
    }
    let unknown = wanted.modes.iter().find(|mode| !MODES.contains(&mode.as_str()));
    match unknown {
        Some(mode) => Err(Refusal::bad(format!("Invalid mode: {mode}"))),
        None if wanted.modes.is_empty() => Err(Refusal::bad("Missing parameter: modes")),
        None => Ok(()),
    }
}

fn headers(meta: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let wrong = || Refusal::bad("Invalid meta");
    let meta: Value = serde_json::from_str(meta).map_err(|_| wrong())?;
    let Some(headers) = meta.get("headers") else { return Ok(BTreeMap::new()) };
    let headers = headers.as_object().ok_or_else(wrong)?;
    headers.iter().map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned()))).collect()
}

/// Calls the address as Gupshup does when it is saved.
async fn prove(shared: &Shared, app: &App, wanted: &Subscription) -> Result<(), Refusal> {
    let payload = json!({"phone": "callbackSetPhone", "type": "sandbox-start"});
    let body = events::envelope_v2(app, "user-event", &payload, shared.now());
    let callback = Callback {
        event: "user-event".to_owned(),
        account: app.name.clone(),
        url: wanted.url.clone(),
        headers: wanted.headers.clone().into_iter().collect(),
        wamid: None,
        body,
        proof: Proof::None,
        failures: 0,
        touched: true,
    };
    match wire::post(&shared.http, &callback).await {
        Some(200..=299) => Ok(()),
        _ => Err(Refusal::bad("Callback url validation failed: no 2xx answer")),
    }
}

fn keep(state: &mut State, app_id: &str, wanted: &Subscription) {
    if let Some(app) = state.apps.iter_mut().find(|app| app.app_id == app_id) {
        app.subscriptions.retain(|own| own.id != wanted.id);
        app.subscriptions.push(wanted.clone());
    }
}

fn row(app: &App, subscription: &Subscription) -> Value {
    let bit = |mode: &String| {
        MODES.iter().position(|known| known == mode).map_or(0_u64, |at| 1_u64.checked_shl(u32::try_from(at).unwrap_or(0)).unwrap_or(0))
    };
    let mask = subscription.modes.iter().map(bit).fold(0, |mask, bit| mask | bit);
    json!({"active": subscription.active, "appId": app.app_id, "createdOn": subscription.created_on, "id": subscription.id, "mode": mask,
        "modes": subscription.modes, "modifiedOn": subscription.modified_on, "showOnUI": subscription.show_on_ui, "tag": subscription.tag,
        "url": subscription.url, "version": subscription.version, "latencyBucket": "0", "meta": json!({"headers": subscription.headers}).to_string()})
}
