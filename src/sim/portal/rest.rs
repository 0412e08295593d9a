//! One REST request from the socket to the envelope: move, faults, bucket, method, rights, work.
//!
//! The order of refusals is the portal's own; a batch passes the bucket once and every command its rights and time budget.

use super::batch;
use super::call::{Call, Reply};
use super::error::Refusal;
use super::faults::Fault;
use super::form;
use super::log::{CommandRecord, RequestRecord};
use super::methods::{self, Method};
use super::params::{Params, as_map, as_text};
use super::rights::{Caller, Proof, authorize, check_scope};
use super::server::{Incoming, Outgoing};
use super::simulation::Portal;
use super::state::State;
use crate::domain::clock::{Ms, iso};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A finished call: result or refusal, its time block, and what it declares.
pub(crate) type Outcome = Result<(Reply, Value), Refusal>;

pub(crate) async fn answer(portal: &Portal, incoming: &Incoming) -> Outgoing {
    if incoming.method == "OPTIONS" {
        let headers = [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-headers", "content-type"),
            ("access-control-allow-methods", "GET, POST"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        return Outgoing::Reply { status: 204, headers, body: bytes::Bytes::new() };
    }
    if let Some(location) = moved(portal, incoming) {
        return Outgoing::redirect(&location);
    }
    let Some((proof_in_path, method)) = split_path(&incoming.path) else {
        return Outgoing::html(404, "<html><body>404 Not Found</body></html>");
    };
    let params = match read_params(incoming) {
        Ok(params) => params,
        Err(refusal) => return refuse(&refusal),
    };
    if let Some(download) = super::disk::download(portal, &method, &params, incoming) {
        return download;
    }
    portal.tick();
    let inner = if method == "batch" { batch::methods(&params) } else { Vec::new() };
    let names: Vec<&str> = std::iter::once(method.as_str()).chain(inner.iter().map(String::as_str)).collect();
    let fault = portal.core.state().faults.for_request(&names);
    if let Some(instead) = fault.as_ref().and_then(Fault::instead) {
        log_struck(portal, &method, &params, &instead);
        return instead;
    }
    match fault {
        Some(Fault::Hang) => {
            log_struck(portal, &method, &params, &Outgoing::Cut);
            return futures::future::pending().await;
        }
        Some(Fault::Slow { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        _ => {}
    }
    let outgoing = perform(portal, &method, params, proof_in_path).await;
    match fault {
        Some(Fault::LoseReply) => Outgoing::Cut,
        Some(Fault::HangReply) => futures::future::pending().await,
        Some(Fault::FailReply) => refuse(&Refusal::new(500, "INTERNAL_SERVER_ERROR", "Internal server error")),
        _ => outgoing,
    }
}

/// The new address when the request came to one the portal has left.
fn moved(portal: &Portal, incoming: &Incoming) -> Option<String> {
    let domain = portal.domain();
    let here = domain.rsplit_once(':').is_some_and(|(_, port)| port == incoming.port.to_string());
    let query = if incoming.query.is_empty() { String::new() } else { format!("?{}", incoming.query) };
    (!here).then(|| format!("http://{domain}{}{query}", incoming.path))
}

/// `/rest/{method}[.json]` or `/rest/{user}/{secret}/{method}`.
fn split_path(path: &str) -> Option<(Option<Proof>, String)> {
    let parts: Vec<&str> = path.strip_prefix("/rest/")?.trim_end_matches('/').split('/').collect();
    let name = |method: &str| method.trim_end_matches(".json").to_lowercase();
    match parts.as_slice() {
        [method] if !method.is_empty() => Some((None, name(method))),
        [user, secret, method] => Some((Some(Proof::Webhook { user: (*user).to_owned(), secret: (*secret).to_owned() }), name(method))),
        _ => None,
    }
}

/// Query and body as one tree; JSON only under its own content type.
fn read_params(incoming: &Incoming) -> Result<Params, Refusal> {
    let mut params = form::decode(incoming.query.as_bytes());
    if incoming.content_type.contains("json") {
        if !incoming.body.is_empty() {
            let malformed = || Refusal::bad("INVALID_REQUEST", "Malformed JSON in the request body");
            let body: Value = serde_json::from_slice(&incoming.body).map_err(|_| malformed())?;
            params.extend(as_map(&body).ok_or_else(malformed)?);
        }
    } else {
        params.extend(form::decode(&incoming.body));
    }
    Ok(Params(params))
}

async fn perform(portal: &Portal, method: &str, params: Params, proof_in_path: Option<Proof>) -> Outgoing {
    let now = portal.core.clock.now();
    let admitted = portal.core.state().limits.admit(now);
    if !admitted {
        let refusal = Refusal::new(503, "QUERY_LIMIT_EXCEEDED", "Too many requests");
        record(portal, method, None, &Err(refusal.clone()), vec![command(method, &params.0, Some(&refusal))]);
        return refuse(&refusal);
    }
    let proof = proof_in_path.unwrap_or_else(|| match params.get("auth").and_then(as_text) {
        Some(token) => Proof::Token(token),
        None => Proof::None,
    });
    let mut told = params.0.clone();
    told.remove("auth");
    let (caller, commands, outcome) = work(portal, method, params, &proof, now, told).await;
    record(portal, method, caller.map(|caller| caller.user), &outcome, commands);
    match outcome {
        Ok((reply, time)) => {
            let mut body = Map::new();
            body.insert("result".into(), reply.result);
            if let Some(next) = reply.next {
                body.insert("next".into(), json!(next));
            }
            if let Some(total) = reply.total {
                body.insert("total".into(), json!(total));
            }
            body.insert("time".into(), time);
            Outgoing::json(200, &Value::Object(body))
        }
        Err(refusal) => refuse(&refusal),
    }
}

async fn work(
    portal: &Portal,
    method: &str,
    params: Params,
    proof: &Proof,
    now: Ms,
    told: Map<String, Value>,
) -> (Option<Caller>, Vec<CommandRecord>, Outcome) {
    let single = |outcome: &Outcome| vec![command(method, &told, outcome.as_ref().err())];
    let checked = {
        let state = portal.core.state();
        find(&state, method).and_then(|found| authorize(&portal.core, &state, proof, now).map(|caller| (found, caller)))
    };
    let (found, caller) = match checked {
        Ok(pair) => pair,
        Err(refusal) => {
            let outcome = Err(refusal);
            return (None, single(&outcome), outcome);
        }
    };
    if method == "batch" {
        let (outcome, commands) = batch::run(portal, &params, &caller, now).await;
        return (Some(caller), commands, outcome);
    }
    let outcome = run(portal, found, params, &caller, now).await;
    (Some(caller), single(&outcome), outcome)
}

/// A method this portal has.
pub(crate) fn find(state: &State, name: &str) -> Result<&'static Method, Refusal> {
    let gone = state.missing_methods.contains(name) || (name.starts_with("bizproc.robot.") && !state.has_automation());
    methods::find(name).filter(|_| !gone).ok_or_else(|| Refusal::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!"))
}

/// Runs one method: scope, time budget, the work, its deliveries, its real duration.
pub(crate) async fn run(portal: &Portal, method: &'static Method, params: Params, caller: &Caller, now: Ms) -> Outcome {
    let outcome = {
        let mut state = portal.core.state();
        run_locked(portal, &mut state, method, params, caller, now)
    };
    let (mut reply, time) = outcome?;
    drop(portal.dispatch(std::mem::take(&mut reply.posts)));
    if !reply.takes.is_zero() {
        tokio::time::sleep(reply.takes).await;
    }
    Ok((reply, time))
}

fn run_locked(portal: &Portal, state: &mut State, method: &'static Method, params: Params, caller: &Caller, now: Ms) -> Outcome {
    check_scope(state, caller, method.scopes)?;
    if !state.limits.method_free(caller.budget(), method.name, now) {
        return Err(Refusal::new(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."));
    }
    let call = Call { core: &portal.core, caller, params, now };
    let reply = (method.run)(&call, state)?;
    let takes = i64::try_from(reply.takes.as_millis()).unwrap_or(0);
    let cost = state.limits.cost(method.name).max(takes);
    state.limits.book(caller.budget(), method.name, now, cost);
    let time = time_block(state, caller.budget(), method.name, now, cost);
    Ok((reply, time))
}

/// Seconds with three decimals; JSON numbers of the vendor's shape.
fn seconds(ms: Ms) -> f64 {
    format!("{}.{:03}", ms.div_euclid(1_000), ms.rem_euclid(1_000)).parse().unwrap_or(0.0)
}

/// The `time` object; `operating` only where the budget is on (cloud).
pub(crate) fn time_block(state: &mut State, client: &str, method: &str, now: Ms, took: Ms) -> Value {
    let mut time = json!({
        "start": seconds(now), "finish": seconds(now + took), "duration": seconds(took), "processing": seconds(took),
        "date_start": iso(now), "date_finish": iso(now + took),
    });
    if state.limits.operating_limit_ms.is_some() {
        let (operating, reset_at) = state.limits.operating(client, method, now);
        if let Some(time) = time.as_object_mut() {
            time.insert("operating_reset_at".into(), json!(reset_at / 1_000));
            time.insert("operating".into(), json!(seconds(operating)));
        }
    }
    time
}

fn refuse(refusal: &Refusal) -> Outgoing {
    Outgoing::json(refusal.status, &Value::Object(refusal.body()))
}

/// One command of the log.
pub(crate) fn command(method: &str, params: &Map<String, Value>, refusal: Option<&Refusal>) -> CommandRecord {
    let mut params = params.clone();
    params.remove("auth");
    CommandRecord { method: method.to_owned(), params, error: refusal.map(|refusal| refusal.code.clone()) }
}

fn record(portal: &Portal, method: &str, user: Option<i64>, outcome: &Outcome, commands: Vec<CommandRecord>) {
    let (status, code) = match outcome {
        Ok(_) => (200, String::new()),
        Err(refusal) => (refusal.status, refusal.code.clone()),
    };
    let at = portal.core.clock.now();
    portal.core.state().requests.push(RequestRecord { at, method: method.to_owned(), status, code, user, commands });
}

fn log_struck(portal: &Portal, method: &str, params: &Params, instead: &Outgoing) {
    let (status, code) = match instead {
        Outgoing::Reply { status, body, .. } => {
            let code = serde_json::from_slice::<Value>(body).ok().and_then(|body| body.get("error").and_then(as_text));
            (*status, code.unwrap_or_default())
        }
        Outgoing::Cut => (0, String::new()),
    };
    let at = portal.core.clock.now();
    let commands = vec![command(method, &params.0, None)];
    portal.core.state().requests.push(RequestRecord { at, method: method.to_owned(), status, code, user: None, commands });
}
