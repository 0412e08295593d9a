//! Asks again: the author's words go to the client whose answer was none of those expected.

use super::choose::Candidate;
use crate::catalog::operation::Operation;
use crate::db::store::{conversation, message as messages};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::content::Content;
use crate::flow::Ctx;
use crate::flow::outgoing::{self, Draft};
use crate::flow::portal_view::PortalView;
use crate::queue::NewJob;

/// Stores the question as a message of the waiting call; nothing when the author has no words for it.
pub(super) async fn again(tx: &Tx, ctx: &Ctx, view: &PortalView, candidate: &Candidate, talk: &str, now: Ms) -> DbResult<Vec<NewJob>> {
    let Operation::WaitReply { ask_again, .. } = &candidate.operation else { return Ok(Vec::new()) };
    if ask_again.trim().is_empty() {
        return Ok(Vec::new());
    }
    let Some(talk) = conversation::list(&**tx, &view.id, &[talk.to_owned()]).await?.pop() else { return Ok(Vec::new()) };
    let content = Content::Text { body: ask_again.clone(), preview_link: false };
    let call = &candidate.call;
    let draft = Draft {
        call_id: Some(&call.id),
        document: (Some(&call.document_entity), Some(&call.document_id)),
        ..Draft::in_talk(&talk, &content, ask_again)
    };
    let row = draft.to(ctx, &outgoing::person(&talk), now);
    messages::insert_many(tx, &view.id, std::slice::from_ref(&row)).await?;
    Ok(vec![outgoing::send_job(&view.id, &row.id, now)])
}
