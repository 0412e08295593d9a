//! A person who looked elsewhere says that an unknown outcome needs nothing more: it leaves the list of open questions.
//!
//! The status stays what is known, and a report that comes late still settles it: nobody but the provider knows what happened.

use super::Ctx;
use crate::db::DbError;
use crate::db::entity::message::Model;
use crate::db::store::message as store;
use crate::domain::clock::iso;
use crate::domain::message_error::MessageError;
use crate::domain::state::Status;

/// Key of the moment among the reason's values.
pub const CLOSED_AT: &str = "closed_at";
/// Key of the person.
pub const CLOSED_BY: &str = "closed_by";

/// Why it was not closed.
#[derive(Debug, thiserror::Error)]
pub enum NotClosed {
    /// No such message.
    #[error("no such message")]
    NotFound,
    /// Its outcome is known, or it is still under way: the status.
    #[error("nothing to close")]
    NotUnknown(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Closes it; closing again changes nothing. `by` = the portal's user, or the operator.
///
/// # Errors
/// [`NotClosed`].
pub async fn close(ctx: &Ctx, portal: &str, message_id: &str, by: &str) -> Result<Model, NotClosed> {
    let tx = ctx.db.begin().await?;
    let row = store::find(&*tx, portal, message_id).await?.ok_or(NotClosed::NotFound)?;
    if row.direction != "out" || Status::parse(&row.status) != Some(Status::Unknown) {
        return Err(NotClosed::NotUnknown(row.status));
    }
    let mut reason = MessageError::read(row.error.as_deref()).unwrap_or_else(|| MessageError::unknown("unknown"));
    if reason.args.contains_key(CLOSED_AT) {
        return Ok(row);
    }
    reason.args.insert(CLOSED_AT.to_owned(), iso(ctx.clock.now()));
    reason.args.insert(CLOSED_BY.to_owned(), by.to_owned());
    let error = reason.to_json().to_string();
    if !store::put_reason_of_unknown(&tx, portal, message_id, &error).await? {
        // A report settled it meanwhile.
        let row = store::find(&*tx, portal, message_id).await?.ok_or(NotClosed::NotFound)?;
        return Err(NotClosed::NotUnknown(row.status));
    }
    tx.commit("close_unknown.stored").await?;
    Ok(Model { error: Some(error), ..row })
}
