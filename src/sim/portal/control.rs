//! The control API of a portal, `/_sim/…`: what scripts and other processes (`courier24 sim`, the demo, the browser tests) use.
//!
//! Reads are GET, commands are POST with a JSON object; unknown keys are refused, so that a typo in a script is seen. Answers are
//! JSON: what was asked for, or `{"error": "…"}` with 400. The list of addresses is `GET /_sim`.

use super::control_commands as commands;
use super::document::Document;
use super::error::SimError;
use super::form;
use super::frame_page;
use super::params::as_text;
use super::server::{Incoming, Outgoing};
use super::simulation::Portal;
use super::steps::StepId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What a command gives back.
pub(crate) type Done = Result<Value, SimError>;

const READS: &[&str] = &[
    "state",
    "steps",
    "steps/{id}",
    "workflows/{id}",
    "documents/{DEAL_512}",
    "requests",
    "deliveries",
    "notifications",
    "triggers",
    "robots",
    "auth-calls",
    "page",
];

pub(crate) async fn answer(portal: &Portal, incoming: &Incoming) -> Outgoing {
    let path = incoming.path.trim_start_matches("/_sim").trim_matches('/').to_owned();
    if incoming.method == "GET" && path == "page" {
        return frame_page::answer(portal, &form::decode(incoming.query.as_bytes()));
    }
    let done = match incoming.method.as_str() {
        "GET" => read(portal, &path),
        "POST" => commands::run(portal, &path, &incoming.body).await,
        "DELETE" if path == "faults" => {
            portal.clear_faults();
            portal.auth().clear_faults();
            Ok(json!({}))
        }
        "DELETE" if path == "requests" => {
            portal.clear_requests();
            Ok(json!({}))
        }
        _ => Err(SimError::BadCommand(format!("{} {path}", incoming.method))),
    };
    match done {
        Ok(value) => Outgoing::json(200, &value),
        Err(error) => Outgoing::json(400, &json!({ "error": error.to_string() })),
    }
}

/// Reads a command's body.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, SimError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| SimError::BadCommand(error.to_string()))
}

/// Anything as JSON.
pub(crate) fn show(value: impl Serialize) -> Done {
    serde_json::to_value(value).map_err(|error| SimError::BadCommand(error.to_string()))
}

/// A document by its id such as `DEAL_512`.
pub(crate) fn document(id: &str) -> Result<Document, SimError> {
    Document::parse(id).ok_or_else(|| SimError::Missing(format!("document {id}")))
}

fn read(portal: &Portal, path: &str) -> Done {
    let (head, rest) = path.split_once('/').unwrap_or((path, ""));
    match (head, rest) {
        ("", "") => Ok(json!({ "reads": READS, "commands": commands::NAMES })),
        ("state", "") => state(portal),
        ("steps", "") => show(portal.steps()),
        ("steps", id) => {
            let step = id.parse().ok().and_then(|id| portal.step(StepId(id))).ok_or_else(|| SimError::Missing(format!("step {id}")))?;
            let deliveries = portal.deliveries_of(step.id);
            Ok(json!({ "step": show(step)?, "deliveries": show(deliveries)? }))
        }
        ("workflows", id) => {
            let state = portal.workflow(id).ok_or_else(|| SimError::Missing(format!("workflow {id}")))?;
            Ok(json!({ "state": show(state)?, "steps": show(portal.steps_of(id))? }))
        }
        ("documents", id) => read_document(portal, &document(id)?),
        ("requests", "") => requests(portal),
        ("deliveries", "") => show(portal.deliveries()),
        ("notifications", "") => show(portal.notifications()),
        ("triggers", "") => Ok(json!({ "registered": show(portal.triggers())?, "executed": show(portal.triggers_executed())? })),
        ("robots", "") => show(portal.robots()),
        ("auth-calls", "") => show(portal.auth().calls()),
        _ => Err(SimError::Missing(format!("address {path}"))),
    }
}

fn state(portal: &Portal) -> Done {
    let (client_id, client_secret) = portal.app_keys();
    Ok(json!({
        "member_id": portal.member_id(), "domain": portal.domain(), "origin": portal.origin(), "auth_origin": portal.auth().origin(),
        "server_endpoint": portal.auth().server_endpoint(), "client_id": client_id, "client_secret": client_secret,
        "application_token": portal.application_token(), "installed": portal.is_installed(),
        "robots": portal.robots().into_iter().map(|robot| robot.code).collect::<Vec<_>>(), "bindings": show(portal.bindings())?,
        "placements": show(portal.placements())?, "requests": portal.request_count(), "max_rate": portal.max_rate(),
    }))
}

fn requests(portal: &Portal) -> Done {
    let (peak, overflows) = portal.bucket_peak();
    Ok(json!({
        "count": portal.request_count(), "max_rate": portal.max_rate(), "bucket_peak": peak, "overflows": overflows,
        "requests": show(portal.requests())?,
    }))
}

fn read_document(portal: &Portal, document: &Document) -> Done {
    let key = document.item_key().ok_or_else(|| SimError::Missing(document.id.clone()))?;
    let fields: Map<String, Value> = {
        let state = portal.core.state();
        let item = state.crm.items.get(&key).ok_or_else(|| SimError::Missing(document.id.clone()))?;
        item.modern(true, true, &|file| json!({ "id": file }))
    };
    Ok(json!({
        "fields": fields, "timeline": show(portal.timeline(document))?, "activities": show(portal.activities(document))?,
        "changes": show(portal.changes(document))?,
    }))
}

/// One word of a query.
pub(crate) fn word(query: &Map<String, Value>, name: &str) -> Option<String> {
    query.get(name).and_then(as_text).filter(|text| !text.is_empty())
}
