//! Shows clients that their message was read, where the channel's `mark_read` asks for it: a courtesy, done soon or not at all.
//!
//! A mark that the provider refuses, or that would come late, is left out; nothing else depends on it.

use super::{Ctx, JobError, Leftover, channel, provider_ask};
use crate::db::entity::message;
use crate::db::{DbResult, Tx, store};
use crate::domain::clock::{HOUR, Ms};
use crate::domain::event::InboundMessage;
use crate::provider::Read;
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::Value;

/// Channel setting: `off`, `read`, `typing` (the mark and the sign that an answer is being written).
const SETTING: &str = "mark_read";
/// An older message is not marked: nobody has just read it.
const FRESH: Ms = HOUR;

/// The job for a message that was just stored; `None` where the channel marks nothing.
///
/// # Errors
/// The database failed.
pub(super) async fn job(tx: &Tx, row: &message::Model, inbound: &InboundMessage, now: Ms) -> DbResult<Option<NewJob>> {
    let late = row.sent_at.is_some_and(|at| now.saturating_sub(at) > FRESH);
    if late || !inbound.is_reply() {
        return Ok(None);
    }
    let known = store::channel::find(&**tx, &row.portal, &row.channel_id).await?;
    let wanted = known.is_some_and(|known| !matches!(wish(&known.settings).as_str(), "" | "off"));
    let job = Job::MarkRead { message_id: row.id.clone() };
    Ok(wanted.then(|| NewJob::at(&row.portal, job, now).once(row.id.clone())))
}

fn wish(settings: &str) -> String {
    let settings: Value = serde_json::from_str(settings).unwrap_or_default();
    settings.get(SETTING).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Marks the messages of one portal.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let done = futures::future::join_all(group.jobs.into_iter().map(|job| async move {
        let result = mark(ctx, &job).await;
        (job, result)
    }));
    done.await.into_iter().filter_map(|(job, result)| result.err().map(|error| (job, error))).collect()
}

async fn mark(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let Job::MarkRead { message_id } = &job.job else { return Err(JobError::Fail { why: "nothing to mark".to_owned() }) };
    let row = store::message::find(ctx.db.read(), &job.portal, message_id).await?;
    let fresh = |row: &message::Model| row.sent_at.is_none_or(|at| ctx.clock.now().saturating_sub(at) <= FRESH);
    if let Some(row) = row.filter(fresh)
        && let Some(channel) = channel::load(ctx, &job.portal, &row.channel_id).await?
        && let Some(wa_id) = &row.wa_id
    {
        let from = serde_json::from_str(&row.identity).unwrap_or_default();
        let read = Read { wa_id, from: &from, typing: channel.config.text(SETTING) == "typing" };
        if let Some(request) = channel.provider.build_mark_read(&channel.config, &read) {
            let answer = provider_ask::ask(ctx, request).await;
            let refused = answer.as_ref().is_ok_and(|answer| channel.provider.read_error(answer).is_some());
            if refused || answer.is_err() {
                tracing::debug!(channel.id = row.channel_id, message.id = row.id, refused, "a reading mark was not taken");
            }
        }
    }
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &[job]).await?;
    tx.commit("mark_read.done").await?;
    Ok(())
}
