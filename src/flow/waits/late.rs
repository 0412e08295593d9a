//! An answer that came too late: the process is gone, so the client's message fires the application's trigger.

use super::take::fire;
use crate::db::store::{call, message, wait};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::flow::Ctx;
use crate::flow::portal_view::PortalView;
use crate::queue::NewJob;
use serde_json::Value;

/// Fires for the calls among these whose wait a message answered.
pub(in crate::flow) async fn too_late(tx: &Tx, ctx: &Ctx, portal: &str, call_ids: &[String], now: Ms) -> DbResult<Vec<NewJob>> {
    let waits = wait::of_calls(&**tx, portal, call_ids).await?;
    let answered: Vec<(String, String)> = waits
        .iter()
        .filter(|wait| wait.kind == wait::REPLY && wait.state == wait::state::ANSWERED)
        .filter_map(|wait| Some((wait.call_id.clone(), last(&wait.replies)?)))
        .collect();
    if answered.is_empty() {
        return Ok(Vec::new());
    }
    let Some(view) = PortalView::find(&**tx, portal).await? else { return Ok(Vec::new()) };
    let ids: Vec<String> = answered.iter().map(|(_, message)| message.clone()).collect();
    let messages = message::list(&**tx, portal, &ids).await?;
    let mut jobs = Vec::new();
    for call in call::list(&**tx, portal, call_ids).await? {
        let about = answered.iter().find(|(id, _)| *id == call.id);
        let Some(message) = about.and_then(|(_, id)| messages.iter().find(|row| row.id == *id)) else { continue };
        let document = (call.document_entity.as_str(), call.document_id.as_str());
        jobs.extend(fire(tx, ctx, &view, document, (message, Some(&call.id)), now).await?);
    }
    Ok(jobs)
}

/// The message that ended an answered wait: the last one read.
fn last(replies: &str) -> Option<String> {
    let all: Vec<Value> = serde_json::from_str(replies).ok()?;
    all.last()?.get("message_id")?.as_str().map(str::to_owned)
}
