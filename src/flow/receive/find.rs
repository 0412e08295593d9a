//! Which message a status report is about: by our own tag, by the ids told, else by adoption.
//!
//! Adoption: a send that ended as Unknown (no answer, or a kill before our commit) has no provider id. When exactly one such
//! message went to this recipient shortly before the event, the event is about it: only the truth about that message is at
//! stake, never a second send.

use super::Incoming;
use crate::db::entity::message as message_row;
use crate::db::store::{conversation, message};
use crate::domain::clock::{HOUR, MINUTE, Ms};
use crate::domain::event::StatusEvent;
use crate::domain::state::Status;
use crate::flow::{Ctx, JobError};
use std::collections::{BTreeMap, HashMap, HashSet};

/// An event may be that much older than our record of the send (clocks differ).
const SKEW: Ms = 2 * MINUTE;
/// An unknown send is matched by events of the next day at most.
const REACH: Ms = 24 * HOUR;

/// Messages by inbox row id; rows whose message is unknown are absent.
pub(super) async fn messages(
    ctx: &Ctx,
    portal: &str,
    reports: &[(&Incoming<'_>, &StatusEvent)],
) -> Result<HashMap<String, message_row::Model>, JobError> {
    let mut by_channel: BTreeMap<&str, Vec<&(&Incoming<'_>, &StatusEvent)>> = BTreeMap::new();
    for report in reports {
        by_channel.entry(&report.0.row.channel_id).or_default().push(report);
    }
    let mut found = HashMap::new();
    for (channel_id, reports) in by_channel {
        let wire_ids: Vec<String> = reports.iter().flat_map(|(_, event)| event.ids.iter().cloned()).collect();
        let known = message::list_by_wire_ids(ctx.db.read(), portal, channel_id, &wire_ids).await?;
        let mut adopted: HashMap<String, message_row::Model> = HashMap::new();
        for (one, event) in reports {
            let named = match by_ids(&known, event) {
                Some(message) => Some(message.clone()),
                None => by_tag(ctx, portal, channel_id, event).await?,
            };
            let message = match named.or_else(|| event.ids.iter().find_map(|id| adopted.get(id)).cloned()) {
                Some(message) => Some(message),
                None => adopt(ctx, portal, channel_id, one.event.at, event, &adopted).await?,
            };
            if let Some(message) = message {
                for id in &event.ids {
                    adopted.insert(id.clone(), message.clone());
                }
                found.insert(one.row.id.clone(), message);
            }
        }
    }
    Ok(found)
}

fn by_ids<'a>(known: &'a [message_row::Model], event: &StatusEvent) -> Option<&'a message_row::Model> {
    event.ids.iter().find_map(|id| {
        let named = |have: &Option<String>| have.as_deref() == Some(id.as_str());
        known.iter().find(|message| named(&message.provider_id)).or_else(|| known.iter().find(|message| named(&message.wa_id)))
    })
}

async fn by_tag(ctx: &Ctx, portal: &str, channel_id: &str, event: &StatusEvent) -> Result<Option<message_row::Model>, JobError> {
    let Some(tag) = &event.own_tag else { return Ok(None) };
    Ok(message::find(ctx.db.read(), portal, tag).await?.filter(|message| message.channel_id == channel_id))
}

async fn adopt(
    ctx: &Ctx,
    portal: &str,
    channel_id: &str,
    at: Ms,
    event: &StatusEvent,
    adopted: &HashMap<String, message_row::Model>,
) -> Result<Option<message_row::Model>, JobError> {
    let Some(talk) = conversation::find(ctx.db.read(), portal, channel_id, &event.identity).await? else { return Ok(None) };
    let taken: HashSet<&str> = adopted.values().map(|message| message.id.as_str()).collect();
    let mut candidates = message::list_unidentified(ctx.db.read(), portal, &talk.id).await?;
    candidates.retain(|message| {
        message.sending_at.is_some_and(|sent| at >= sent - SKEW && at <= sent + REACH) && !taken.contains(message.id.as_str())
    });
    // A message still on the wire gets its id from its own answer: wait for that first.
    if candidates.iter().any(|message| message.status == Status::Sending.as_str()) || candidates.len() != 1 {
        return Ok(None);
    }
    Ok(candidates.pop())
}
