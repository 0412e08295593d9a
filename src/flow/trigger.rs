//! Fires the application's CRM triggers: stored here in the caller's transaction, executed by `write_back/trigger`.
//!
//! At most once for a document, trigger and subject (a message, or a conversation's window): the row's id is made of them, so that a
//! second firing meets the first, whoever comes first and however often.

use super::Ctx;
use crate::db::store::write_back::{self, Target};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::document::CrmItem;
use crate::domain::trigger::{Trigger, has_triggers};
use crate::queue::{Job, NewJob};
use sha2::{Digest as _, Sha256};

/// What fires, where, and about what.
#[derive(Debug, Clone)]
pub struct Firing<'a> {
    /// Which one.
    pub trigger: Trigger,
    /// `CCrmDocumentDeal`, ….
    pub document_entity: &'a str,
    /// `DEAL_512`, ….
    pub document_id: &'a str,
    /// What it is about, once for ever: a message id, or `conversation id:window end`.
    pub subject: &'a str,
    /// The call it belongs to, for the journal.
    pub call_id: Option<&'a str>,
    /// The message it belongs to, for the journal.
    pub message_id: Option<&'a str>,
}

/// Stores a firing in the caller's transaction; the job that executes it, or `None` when it was fired before or the document's type has
/// no triggers. The caller enqueues the job and wakes after its commit.
///
/// # Errors
/// The database's; the caller drops the transaction.
pub async fn put(tx: &Tx, _ctx: &Ctx, portal: &str, firing: &Firing<'_>, now: Ms) -> DbResult<Option<NewJob>> {
    if !CrmItem::parse(firing.document_id).is_some_and(has_triggers) {
        return Ok(None);
    }
    let code = firing.trigger.code();
    let id = row_id(portal, firing, &code);
    let target = Target {
        call_id: firing.call_id,
        message_id: firing.message_id,
        document_entity: firing.document_entity,
        document_id: firing.document_id,
    };
    let fresh = write_back::put_trigger(tx, portal, &id, &target, (&code, firing.subject), now).await?;
    Ok(fresh.then(|| NewJob::at(portal, Job::Trigger { write_back_id: id.clone() }, now).once(id)))
}

fn row_id(portal: &str, firing: &Firing<'_>, code: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [portal, firing.document_id, code, firing.subject] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let hash = hex::encode(hasher.finalize());
    format!("trg_{}", hash.get(..32).unwrap_or_default())
}
