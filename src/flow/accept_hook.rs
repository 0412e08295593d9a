//! Accepts the events of one webhook: a row each, and a `Receive` job for those that belong to a channel, committed before the 200.
//!
//! Providers repeat: an event known by its key is left alone. The caller has verified the webhook and found the channel of each event.

use super::Ctx;
use super::accepter::{AcceptRefusal, Entry};
use crate::db::store::accepted::NewInbox;
use crate::domain::event::{ProviderEvent, What};

/// An event on its way in.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Portal of the channel.
    pub portal: String,
    /// The channel it is for; of an unrouted one the channel whose address was called.
    pub channel_id: String,
    /// It names a sender that is none of ours: kept, not worked off.
    pub unrouted: bool,
    /// What it says.
    pub event: ProviderEvent,
}

/// Commits all events of a webhook or none; returns how many were new.
///
/// # Errors
/// [`AcceptRefusal::NotCommitted`]: answer 503, the provider repeats.
pub async fn accept(ctx: &Ctx, arrived: Vec<Arrived>) -> Result<usize, AcceptRefusal> {
    if arrived.is_empty() {
        return Ok(0);
    }
    let now = ctx.clock.now();
    let rows = arrived.into_iter().map(|one| NewInbox {
        id: ctx.ids.id("in", now),
        portal: one.portal,
        channel_id: one.channel_id,
        label: label(&one.event.what),
        // An event is made of texts and numbers and always serializes; an empty body would be told as unreadable by `receive`.
        body: serde_json::to_string(&one.event).unwrap_or_default(),
        event_key: one.event.key,
        state: if one.unrouted { "unrouted" } else { "stored" },
        received_at: now,
    });
    let fresh = ctx.accepter.store(Entry::Events(rows.collect())).await?;
    metrics::counter!("courier24_events_accepted_total").increment(u64::try_from(fresh).unwrap_or_default());
    Ok(fresh)
}

fn label(what: &What) -> &'static str {
    match what {
        What::Status(_) => "status",
        What::Message(_) => "message",
        What::Template(_) => "template",
        What::Consent(_) | What::Limit(_) | What::Other { .. } => "other",
    }
}
