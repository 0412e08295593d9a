//! The last look at a follow-up's message that was held on its way (pace, a stopped channel): CRM is read anew right before it leaves.
//!
//! A message made a moment ago was checked when it was made. What ended meanwhile is ended here, in a transaction of its own before the
//! mark; the mark then finds its message cancelled.

use super::document::{self, Reading};
use super::{Reason, end, stages_matter};
use crate::db::entity::message;
use crate::db::store::follow_up as store;
use crate::db::store::follow_up_stop::Whose;
use crate::domain::clock::{Ms, SECOND};
use crate::domain::state::Status;
use crate::flow::portal_view::PortalView;
use crate::flow::{Ctx, JobError};
use std::collections::HashMap;

/// A reading of CRM counts this long.
const FRESH: Ms = 20 * SECOND;

/// Messages that do not leave at this look, with what becomes of their jobs.
pub(in crate::flow) async fn look(
    ctx: &Ctx,
    view: &PortalView,
    messages: &[&message::Model],
) -> Result<HashMap<String, JobError>, JobError> {
    let now = ctx.clock.now();
    let stale = |message: &&&message::Model| {
        matches!(Status::parse(&message.status), Some(Status::Queued | Status::Held)) && now.saturating_sub(message.created_at) > FRESH
    };
    let stale: Vec<&&message::Model> = messages.iter().filter(stale).collect();
    if stale.is_empty() {
        return Ok(HashMap::new());
    }
    let recipients: Vec<String> = stale.iter().map(|message| message.recipient.clone()).collect();
    let ids: Vec<String> = stale.iter().map(|message| message.id.clone()).collect();
    let portal = view.id.as_str();
    let rows = store::of_messages(ctx.db.read(), portal, &recipients, &ids).await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let made = |id: &str| stale.iter().find(|message| message.id == id).map_or(now, |message| message.created_at);
    let (late, timely): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| now.saturating_sub(made(row.message_id.as_deref().unwrap_or_default())) > view.follow_up_late);
    let watched: Vec<String> = timely.iter().filter(|row| row.watch.is_some()).filter_map(|row| row.document_id.clone()).collect();
    let readings = if watched.is_empty() { HashMap::new() } else { document::read(ctx, portal, &watched).await };
    let mut halted = HashMap::new();
    for row in timely.iter().filter(|row| row.watch.is_some() && stages_matter(row)) {
        let reading = row.document_id.as_ref().and_then(|id| readings.get(id));
        if let (Some(Reading::Unreadable(error)), Some(message)) = (reading, &row.message_id) {
            halted.insert(message.clone(), error.clone());
        }
    }
    let ends = timely.iter().any(|row| {
        row.document_id.as_ref().and_then(|id| readings.get(id)).is_some_and(|reading| document::verdict(row, reading).is_some())
    });
    if late.is_empty() && !ends {
        return Ok(halted);
    }
    let tx = ctx.db.begin().await?;
    let watched: Vec<_> = timely.iter().filter(|row| row.watch.is_some()).cloned().collect();
    let mut ended = document::apply(&tx, ctx, portal, &watched, &readings, now).await?;
    let ids: Vec<String> = late.iter().map(|row| row.id.clone()).collect();
    end(&tx, ctx, portal, &Whose { ids: Some(&ids), ..Whose::default() }, Reason::Late, now).await?;
    tx.commit("follow_up.halted").await?;
    ended.extend(ids);
    for row in timely.iter().chain(&late).filter(|row| ended.contains(&row.id)) {
        if let Some(message) = &row.message_id {
            halted.insert(message.clone(), JobError::Defer { at: now, why: "the follow-up ended".to_owned() });
        }
    }
    Ok(halted)
}
