//! The message row of a fired follow-up.

use crate::db::entity::{follow_up as row, message};
use crate::domain::clock::Ms;
use crate::domain::message_error::MessageError;
use crate::domain::state::Status;
use crate::flow::Ctx;
use crate::flow::template_choice::Filled;

/// A message of a follow-up's call, document and conversation; held with a reason, else queued.
pub(super) fn message(ctx: &Ctx, row: &row::Model, filled: &Filled, held: Option<&MessageError>, now: Ms) -> message::Model {
    let status = if held.is_some() { Status::Held } else { Status::Queued };
    message::Model {
        id: ctx.ids.id("msg", now),
        portal: row.portal.clone(),
        channel_id: row.channel_id.clone(),
        conversation_id: row.conversation_id.clone(),
        call_id: row.call_id.clone(),
        direction: "out".to_owned(),
        kind: filled.content.kind().to_owned(),
        // Plain data always serializes.
        content: serde_json::to_string(&filled.content).unwrap_or_default(),
        rendered_text: filled.text.clone(),
        identity: row.identity.clone(),
        recipient: row.recipient.clone(),
        provider_id: None,
        wa_id: None,
        status: status.as_str().to_owned(),
        error: held.map(|error| error.to_json().to_string()),
        attempts: 0,
        cost_amount: None,
        cost_currency: None,
        cost_source: None,
        document_entity: row.document_entity.clone(),
        document_id: row.document_id.clone(),
        reply_id: None,
        reply_title: None,
        reply_to: None,
        created_at: now,
        queued_at: Some(now),
        sending_at: None,
        accepted_at: None,
        sent_at: None,
        delivered_at: None,
        read_at: None,
        failed_at: None,
        received_at: None,
    }
}
