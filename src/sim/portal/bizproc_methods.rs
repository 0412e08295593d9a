//! `bizproc.event.send`, `bizproc.activity.log` and the few workflow methods (reference/bitrix24.md C.7, C.8, D.1).

use super::call::{Call, Reply};
use super::engine;
use super::error::Refusal;
use super::params::{as_map, as_text};
use super::state::State;
use super::steps::WorkflowState;
use serde_json::{Value, json};

pub(crate) fn event_send(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let token = call.params.word("EVENT_TOKEN").unwrap_or_default();
    let values = call.params.any_case("RETURN_VALUES").and_then(as_map).unwrap_or_default();
    let log = call.params.any_case("LOG_MESSAGE").and_then(as_text).unwrap_or_default();
    let (resumed, posts) = engine::answer(call.core, state, &token, values, &log, call.now)?;
    let mut reply = Reply::of(true).posting(posts);
    if resumed {
        reply.takes = state.switches.resume;
    }
    Ok(reply)
}

pub(crate) fn activity_log(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    let line = call.params.any_case("LOG_MESSAGE").and_then(as_text).unwrap_or_default();
    if line.is_empty() {
        return Err(Refusal::bad("ERROR_EMPTY_LOG_MESSAGE", "Empty log message!"));
    }
    engine::write_log(call.core, state, &call.params.word("EVENT_TOKEN").unwrap_or_default(), &line)?;
    Ok(Reply::of(true))
}

pub(crate) fn instances(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    call.admin("Access denied!")?;
    let rows = state
        .engine
        .workflows
        .iter()
        .filter(|(_, workflow)| workflow.state == WorkflowState::Running)
        .map(|(id, workflow)| json!({"ID": id, "DOCUMENT_ID": workflow.document.id, "ENTITY": workflow.document.entity, "MODULE_ID": workflow.document.module}))
        .collect();
    Ok(Reply::page(rows, 0, Value::Array))
}

pub(crate) fn terminate(call: &Call, state: &mut State) -> Result<Reply, Refusal> {
    call.admin("Access denied!")?;
    let id = call.params.word("ID").ok_or_else(|| Refusal::bad("ERROR_WRONG_WORKFLOW_ID", "Empty workflow instance ID"))?;
    engine::terminate(state, call.now, |workflow, _| workflow == id);
    Ok(Reply::of(true))
}
