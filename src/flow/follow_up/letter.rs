//! The message row of a fired follow-up.

use crate::db::entity::{follow_up as row, message};
use crate::domain::clock::Ms;
use crate::domain::message_error::MessageError;
use crate::domain::state::Status;
use crate::flow::Ctx;
use crate::flow::outgoing::Draft;
use crate::flow::template_choice::Filled;

/// A message of a follow-up's call, document and conversation; held with a reason, else queued.
pub(super) fn message(ctx: &Ctx, row: &row::Model, filled: &Filled, held: Option<&MessageError>, now: Ms) -> message::Model {
    let draft = Draft {
        portal: &row.portal,
        channel_id: &row.channel_id,
        conversation_id: &row.conversation_id,
        call_id: row.call_id.as_deref(),
        document: (row.document_entity.as_deref(), row.document_id.as_deref()),
        content: &filled.content,
        text: &filled.text,
    };
    let queued = draft.addressed(ctx, row.identity.clone(), row.recipient.clone(), now);
    match held {
        Some(error) => message::Model { status: Status::Held.as_str().to_owned(), error: Some(error.to_json().to_string()), ..queued },
        None => queued,
    }
}
