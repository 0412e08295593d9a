//! The commands of the control API: one struct per command, read with unknown keys refused.

use super::control::{Done, document, parse, show};
use super::control_install::{Life, install, open};
use super::control_setup::{put, switches};
use super::error::SimError;
use super::faults::FaultRule;
use super::queue::Mishap;
use super::simulation::Portal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Everything that can be POSTed.
pub(crate) const NAMES: &[&str] = &[
    "fire",
    "process",
    "move",
    "place-robot",
    "attach-trigger",
    "terminate",
    "items",
    "user-fields",
    "files",
    "users",
    "dismiss",
    "faults",
    "auth/faults",
    "mishaps",
    "queue",
    "events",
    "install",
    "install/finish",
    "uninstall",
    "update",
    "payment",
    "open",
    "tokens",
    "expire-tokens",
    "revoke-refresh",
    "rename",
    "switches",
    "idle",
];

pub(crate) async fn run(portal: &Portal, path: &str, body: &[u8]) -> Done {
    match path {
        "fire" => fire(portal, parse(body)?).await,
        "process" => process(portal, parse(body)?).await,
        "move" | "place-robot" | "attach-trigger" | "terminate" => stage(portal, path, parse(body)?).await,
        "items" | "user-fields" | "files" | "users" | "dismiss" => put(portal, path, body),
        "queue" => queue(portal, parse(body)?).await,
        "events" => event(portal, parse(body)?).await,
        "install" => install(portal, parse(body)?).await,
        "uninstall" => show(portal.uninstall(parse::<Life>(body)?.clean).await),
        "update" => {
            let life: Life = parse(body)?;
            show(portal.update_app(life.user.unwrap_or(1), life.new_application_token).await)
        }
        "payment" => show(portal.payment_event(parse::<Life>(body)?.expired).await),
        "open" => open(portal, parse(body)?).await,
        "tokens" => {
            let order: TokenOrder = parse(body)?;
            let tokens = portal.tokens_of(order.client_id.as_deref().unwrap_or(portal.app_keys().0), order.user.unwrap_or(1));
            Ok(json!({"access_token": tokens.access, "refresh_token": tokens.refresh, "expires_at": tokens.expires_at}))
        }
        "rename" => portal.rename().map(|domain| json!({ "domain": domain })).map_err(|error| SimError::Unreachable(error.to_string())),
        "idle" => {
            portal.idle().await;
            Ok(json!({}))
        }
        _ => plain(portal, path, body).map(|()| json!({})),
    }
}

/// Commands that take effect at once and have nothing to tell.
fn plain(portal: &Portal, path: &str, body: &[u8]) -> Result<(), SimError> {
    match path {
        "faults" => portal.fault_rule(parse(body)?),
        "auth/faults" => {
            let rule: FaultRule = parse(body)?;
            portal.auth().fault(&rule.method, rule.times, rule.fault);
        }
        "mishaps" => {
            let order: MishapOrder = parse(body)?;
            portal.mishap(order.mishap, order.times.unwrap_or(1));
        }
        "install/finish" => portal.finish_install(),
        "expire-tokens" => portal.expire_tokens(),
        "revoke-refresh" => portal.revoke_refresh_tokens(),
        "switches" => switches(portal, parse(body)?),
        _ => return Err(SimError::Missing(format!("command {path}"))),
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FireOrder {
    code: String,
    document: String,
    #[serde(default)]
    properties: Map<String, Value>,
    user: Option<i64>,
    waits: Option<bool>,
    timeout_seconds: Option<i64>,
    #[serde(default)]
    stays_alive: bool,
    orphan_at: Option<String>,
    #[serde(default)]
    mishaps: Vec<Mishap>,
    /// How many times at once.
    count: Option<u32>,
}

async fn fire(portal: &Portal, order: FireOrder) -> Done {
    let target = document(&order.document)?;
    let firing = || {
        let mut firing = portal.firing(&order.code, &target).properties(Value::Object(order.properties.clone()));
        if let Some(user) = order.user {
            firing = firing.as_user(user);
        }
        if let Some(waits) = order.waits {
            firing = firing.waits(waits);
        }
        if let Some(url) = &order.orphan_at {
            firing = firing.orphan_at(url);
        }
        if order.stays_alive {
            firing = firing.stays_alive();
        }
        order.mishaps.iter().cloned().fold(firing.timeout_seconds(order.timeout_seconds.unwrap_or(0)), super::fire::Firing::with).fire()
    };
    let fired = futures::future::join_all((0..order.count.unwrap_or(1)).map(|_| firing())).await;
    let steps = fired.into_iter().collect::<Result<Vec<_>, _>>()?;
    let first = steps.first().and_then(|step| portal.step(*step));
    Ok(json!({ "steps": steps, "step": first.as_ref().map(|step| step.id), "workflow_id": first.map(|step| step.workflow_id) }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessOrder {
    document: String,
    steps: Vec<ProcessStep>,
    #[serde(default)]
    stays_alive: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessStep {
    code: String,
    #[serde(default)]
    properties: Map<String, Value>,
    timeout_seconds: Option<i64>,
}

async fn process(portal: &Portal, order: ProcessOrder) -> Done {
    let target = document(&order.document)?;
    let mut process = portal.process(&target);
    for step in order.steps {
        let firing = portal.firing(&step.code, &target).properties(Value::Object(step.properties));
        process = process.then_with(firing.timeout_seconds(step.timeout_seconds.unwrap_or(0)));
    }
    if order.stays_alive {
        process = process.stays_alive();
    }
    Ok(json!({ "workflow_id": process.start().await? }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StageOrder {
    document: String,
    type_id: Option<i64>,
    stage: String,
    code: String,
    properties: Map<String, Value>,
    workflow_id: String,
}

async fn stage(portal: &Portal, path: &str, order: StageOrder) -> Done {
    let type_id = order.type_id.unwrap_or(super::crm::DEAL);
    match path {
        "move" => portal.move_item(document(&order.document)?, &order.stage).await,
        "place-robot" => portal.place_robot(type_id, &order.stage, &order.code, Value::Object(order.properties)),
        "attach-trigger" => portal.attach_trigger(&order.code, type_id, &order.stage),
        _ => portal.terminate_workflow(&order.workflow_id),
    }
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MishapOrder {
    mishap: Mishap,
    times: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct QueueOrder {
    hold: bool,
    reversed: bool,
}

async fn queue(portal: &Portal, order: QueueOrder) -> Done {
    if order.hold {
        portal.hold_queue();
    } else {
        portal.release_queue(order.reversed).await;
    }
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventOrder {
    name: String,
    #[serde(default)]
    data: Value,
    user: Option<i64>,
    to: Option<String>,
    client_id: Option<String>,
    #[serde(default)]
    refresh_token: bool,
    #[serde(default)]
    no_application_token: bool,
    #[serde(default)]
    mishaps: Vec<Mishap>,
}

async fn event(portal: &Portal, order: EventOrder) -> Done {
    let mut draft = portal.event(&order.name).data(order.data).caused_by(order.user);
    if let Some(url) = &order.to {
        draft = draft.to(url);
    }
    if let Some(client_id) = &order.client_id {
        draft = draft.of_app(client_id);
    }
    if order.refresh_token {
        draft = draft.with_refresh_token();
    }
    if order.no_application_token {
        draft = draft.without_application_token();
    }
    let draft = order.mishaps.into_iter().fold(draft, super::lifecycle::EventDraft::with);
    show(draft.send().await)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TokenOrder {
    user: Option<i64>,
    client_id: Option<String>,
}
