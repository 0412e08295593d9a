//! A status whose ids we do not know, for a message whose ids we never learned.
//!
//! A send that ended as Unknown (no answer, or a kill before our commit) has no provider id. When exactly one such message of
//! this channel went to this recipient shortly before the event, the event is about it: nothing else of ours can be meant, and
//! only the truth about that message is at stake, never a second send.

use crate::db::Tx;
use crate::db::entity::{inbox_event, message as message_row};
use crate::db::store::message;
use crate::domain::clock::{HOUR, MINUTE, Ms};
use crate::domain::event::StatusEvent;
use crate::flow::{Ctx, JobError};

/// An event may be that much older than our record of the send (clocks differ).
const SKEW: Ms = 2 * MINUTE;
/// An unknown send is matched by events of the next day at most.
const REACH: Ms = 24 * HOUR;

pub(super) async fn find(
    _ctx: &Ctx,
    tx: &Tx,
    row: &inbox_event::Model,
    at: Ms,
    event: &StatusEvent,
) -> Result<Option<message_row::Model>, JobError> {
    let Some(recipient) = event.identity.phone.as_deref().or(event.identity.bsuid.as_deref()) else {
        return Ok(None);
    };
    let mut candidates = message::lock_unidentified(tx, &row.portal, &row.channel_id, recipient).await?;
    candidates.retain(|message| message.sending_at.is_some_and(|sent| at >= sent - SKEW && at <= sent + REACH));
    // A message still on the wire gets its id from its own answer: wait for that first.
    if candidates.len() != 1 || candidates.iter().any(|message| message.status == "sending") {
        return Ok(None);
    }
    Ok(candidates.pop())
}
