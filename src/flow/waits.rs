//! Waits of processes: for a client's answer (`wait_reply`, the `wait_reply` switch of buttons, lists and locations) and for a message's
//! status (`wait_status`).
//!
//! A wait is a row that is closed once: by the answer (`take`, `status`), by the deadline (`timeout`), or by its message's failure
//! (`end`), or with its document (`document_gone`). Whoever closes it stores the answer in the same transaction. A wait outlives its
//! process: what is told too late fires the application's trigger instead (`late`). Nothing here performs HTTP.

mod ask;
mod choose;
mod late;
mod open;
mod plan;
mod question;
mod status;
mod take;
mod timeout;
mod values;

pub(super) use late::too_late;
pub(super) use open::{Opening, open};
pub(super) use plan::{Fault, Plan, reply, status as status_plan};
pub(super) use status::after_status;
pub(super) use take::{Read, expects, fire, take};
pub(super) use timeout::{document_gone, end, time_out};

use super::portal_view::PortalView;
use super::{Ctx, follow_up, settle};
use crate::catalog::operation::Operation;
use crate::db::entity::robot_call;
use crate::db::store::{self, call};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::queue::{self, NewJob};
use serde_json::{Map, Value};

/// Whether somebody may still hear the answer of this call.
fn heard(call: &robot_call::Model) -> bool {
    call.use_subscription == "Y"
}

/// The typed operation of a decided call.
fn operation(call: &robot_call::Model) -> Option<Operation> {
    call.operation.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

/// Stores a closed wait's answer, ends the deadline, owes the fields; returns the jobs that tell it.
async fn answer_as(
    tx: &Tx,
    ctx: &Ctx,
    view: &PortalView,
    (call, operation): (&robot_call::Model, &Operation),
    values: Map<String, Value>,
    now: Ms,
) -> DbResult<Vec<NewJob>> {
    let ids = [call.id.clone()];
    store::answer::put_many(tx, &view.id, &[(call.id.clone(), Value::Object(values.clone()))], now).await?;
    let over = if heard(call) { call::state::ANSWERED } else { call::state::DONE };
    call::answered(tx, &view.id, &ids, over, now).await?;
    queue::cancel(tx, &view.id, &settle::deadline_key(&call.id)).await?;
    follow_up::look_if_idle(tx, ctx, &view.id, now).await?;
    let mut jobs = Vec::new();
    if !operation.write_fields().is_empty() {
        jobs.push(settle::put_fields(tx, ctx, call, operation.write_fields(), &values, now).await?);
    }
    if heard(call) {
        jobs.push(settle::answer_job(&view.id, &call.id, now));
    }
    Ok(jobs)
}
