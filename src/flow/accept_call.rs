//! Accepts a robot call: one row and its `RunCall` job, committed before the 200.
//!
//! Bitrix24 never repeats a failed call, so this step is tiny and takes even what a later step will refuse: unknown robots, portals without
//! authorization, paused ones. The caller has proven the portal; the `auth` block is not here any more.

use super::Ctx;
use super::accepter::{AcceptRefusal, Entry};
use crate::bitrix::RobotCall;
use crate::db::store::accepted::NewCall;

/// A committed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Our id of it (of this delivery, when it is a duplicate).
    pub call_id: String,
    /// The same event token was accepted before; nothing was stored.
    pub duplicate: bool,
}

/// Commits a proven call.
///
/// # Errors
/// [`AcceptRefusal::NotCommitted`]: answer 503.
pub async fn accept(ctx: &Ctx, call: RobotCall) -> Result<Accepted, AcceptRefusal> {
    accept_request(ctx, call, None).await
}

/// [`accept`] with the id of the HTTP request, for the journal.
///
/// # Errors
/// As [`accept`].
pub async fn accept_request(ctx: &Ctx, call: RobotCall, request_id: Option<String>) -> Result<Accepted, AcceptRefusal> {
    let now = ctx.clock.now();
    let row = NewCall {
        id: ctx.ids.id("call", now),
        portal: call.member_id,
        event_token: call.event_token,
        code: call.code,
        workflow_id: call.workflow_id,
        document: call.document_id,
        user_id: call.user_id,
        use_subscription: call.use_subscription,
        timeout_seconds: call.timeout_seconds,
        portal_ts: call.ts,
        input: serde_json::Value::Object(call.properties).to_string(),
        request_id,
        accepted_at: now,
    };
    let call_id = row.id.clone();
    let fresh = ctx.accepter.store(Entry::Call(Box::new(row))).await?;
    metrics::counter!("courier24_calls_accepted_total", "duplicate" => if fresh == 0 { "yes" } else { "no" }).increment(1);
    Ok(Accepted { call_id, duplicate: fresh == 0 })
}
