//! Asks again: the author's words go to the client whose answer was none of those expected.

use super::choose::Candidate;
use crate::catalog::operation::Operation;
use crate::db::entity::{conversation as conversation_row, message};
use crate::db::store::{conversation, message as messages};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::content::Content;
use crate::domain::identity::Identity;
use crate::domain::state::Status;
use crate::flow::Ctx;
use crate::flow::portal_view::PortalView;
use crate::queue::{Job, NewJob};
use serde_json::json;

/// Stores the question as a message of the waiting call; nothing when the author has no words for it.
pub(super) async fn again(tx: &Tx, ctx: &Ctx, view: &PortalView, candidate: &Candidate, talk: &str, now: Ms) -> DbResult<Vec<NewJob>> {
    let Operation::WaitReply { ask_again, .. } = &candidate.operation else { return Ok(Vec::new()) };
    if ask_again.trim().is_empty() {
        return Ok(Vec::new());
    }
    let Some(talk) = conversation::list(&**tx, &view.id, &[talk.to_owned()]).await?.pop() else { return Ok(Vec::new()) };
    let row = model(ctx, view, candidate, &talk, ask_again, now);
    messages::insert_many(tx, &view.id, std::slice::from_ref(&row)).await?;
    let job = NewJob::at(&view.id, Job::Deliver { message_id: row.id.clone() }, now);
    Ok(vec![job.once(row.id.clone()).cancelled_by(format!("deliver:{}", row.id))])
}

fn model(ctx: &Ctx, view: &PortalView, candidate: &Candidate, talk: &conversation_row::Model, text: &str, now: Ms) -> message::Model {
    let who = Identity {
        phone: talk.phone.clone(),
        bsuid: talk.bsuid.clone(),
        lid: talk.lid.clone(),
        username: talk.username.clone(),
        display_name: talk.display_name.clone(),
        group: talk.group_id.clone(),
    };
    let content = Content::Text { body: text.to_owned(), preview_link: false };
    let recipient = [&who.phone, &who.bsuid, &who.lid, &who.group].into_iter().flatten().next().cloned().unwrap_or_default();
    message::Model {
        id: ctx.ids.id("msg", now),
        portal: view.id.clone(),
        channel_id: talk.channel_id.clone(),
        conversation_id: talk.id.clone(),
        call_id: Some(candidate.call.id.clone()),
        direction: "out".to_owned(),
        kind: content.kind().to_owned(),
        content: json!(content).to_string(),
        rendered_text: text.to_owned(),
        identity: json!(who).to_string(),
        recipient,
        provider_id: None,
        wa_id: None,
        status: Status::Queued.as_str().to_owned(),
        error: None,
        attempts: 0,
        cost_amount: None,
        cost_currency: None,
        cost_source: None,
        document_entity: Some(candidate.call.document_entity.clone()),
        document_id: Some(candidate.call.document_id.clone()),
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
