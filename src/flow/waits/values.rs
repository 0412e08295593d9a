//! RETURN_VALUES of waits, in the words of ROBOTS.md. Every result is there, empty when there is nothing to say.

use super::choose::Candidate;
use super::question;
use crate::catalog::operation::Operation;
use crate::db::entity::robot_call;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::event::InboundMessage;
use crate::flow::portal_view::PortalView;
use crate::flow::settle::Calls;
use crate::flow::{content, results};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What the answer says besides the message itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// `reply_code`.
    pub(super) code: String,
    /// A number, date or phone as read.
    pub(super) value: Option<String>,
    /// Where its file is.
    pub(super) file: String,
    /// Replies read, this one included.
    pub(super) attempts: i64,
}

/// Results of an answered wait.
pub(super) async fn answered(
    tx: &Tx,
    view: &PortalView,
    candidate: &Candidate,
    inbound: &InboundMessage,
    reading: &Reading,
    now: Ms,
) -> DbResult<Map<String, Value>> {
    let mut out = base(tx, view, &candidate.call, &candidate.operation, now).await?;
    put(&mut out, "timed_out", "N");
    match &candidate.operation {
        Operation::RequestLocation { .. } => {
            let place = inbound.location.clone().unwrap_or_default();
            for name in ["latitude", "longitude"] {
                out.insert(name.to_owned(), place.get(name).filter(|value| !value.is_null()).cloned().unwrap_or_else(|| json!("")));
            }
        }
        Operation::SendButtons { .. } | Operation::SendList { .. } => {
            let pressed = question::read(&content::choices_of(&candidate.operation), inbound);
            put(&mut out, "reply_id", pressed.id);
            put(&mut out, "reply_title", pressed.title);
            put(&mut out, "reply_text", pressed.text);
        }
        _ => {
            put(&mut out, "reply_code", reading.code.clone());
            put(&mut out, "reply_text", inbound.words());
            put(&mut out, "reply_type", inbound.kind.clone());
            put(&mut out, "reply_file", reading.file.clone());
            put(&mut out, "reply_id", inbound.reply_id.clone().or_else(|| reading.value.clone()).unwrap_or_default());
            out.insert("attempts_used".to_owned(), json!(reading.attempts));
        }
    }
    Ok(out)
}

/// Results of a wait whose time passed.
pub(super) async fn timed_out(
    tx: &Tx,
    view: &PortalView,
    call: &robot_call::Model,
    operation: &Operation,
    attempts: i64,
    now: Ms,
) -> DbResult<Map<String, Value>> {
    let mut out = base(tx, view, call, operation, now).await?;
    put(&mut out, "timed_out", "Y");
    if matches!(operation, Operation::WaitReply { .. }) {
        out.insert("attempts_used".to_owned(), json!(attempts));
    }
    Ok(out)
}

/// What is there without an answer: a send's own results, and every other result empty.
async fn base(tx: &Tx, view: &PortalView, call: &robot_call::Model, operation: &Operation, now: Ms) -> DbResult<Map<String, Value>> {
    let mut calls = Calls::read(tx, &view.id, std::slice::from_ref(&call.id), &HashMap::new()).await?;
    let sent = calls.by_id.remove(&call.id);
    let mut out = match &sent {
        Some(sent) => sent.results(view, now),
        None => Map::new(),
    };
    if sent.is_none() {
        put(&mut out, "ok", "Y");
        put(&mut out, "error_code", "");
        put(&mut out, "error_text", "");
    }
    results::blank(operation, &mut out);
    Ok(out)
}

fn put(out: &mut Map<String, Value>, name: &str, value: impl Into<String>) {
    out.insert(name.to_owned(), Value::String(value.into()));
}
