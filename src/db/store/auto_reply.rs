//! Table `auto_reply`: which automatic reply a conversation got when.

use super::bulk;
use crate::db::entity::auto_reply::{Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, Statement};

/// Claims a reply for a conversation unless it was claimed after `since`; true = it is ours to send.
///
/// # Errors
/// The database failed.
pub async fn claim(tx: &Tx, portal: &str, conversation_id: &str, kind: &str, since: Ms, now: Ms) -> DbResult<bool> {
    let sql = "INSERT INTO auto_reply (portal, conversation_id, kind, claimed_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (conversation_id, kind) DO UPDATE SET claimed_at = excluded.claimed_at, message_id = NULL \
               WHERE auto_reply.claimed_at <= $5 RETURNING conversation_id";
    let values = [portal.into(), conversation_id.into(), kind.into(), now.into(), since.into()];
    let claimed = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(!claimed.is_empty())
}

/// Notes what was sent.
///
/// # Errors
/// The database failed.
pub async fn sent(tx: &Tx, portal: &str, conversation_id: &str, kind: &str, message_id: &str) -> DbResult<()> {
    let update = Entity::update_many().col_expr(Column::MessageId, Expr::value(message_id)).filter(Column::Portal.eq(portal));
    update.filter(Column::ConversationId.eq(conversation_id)).filter(Column::Kind.eq(kind)).exec(&**tx).await?;
    Ok(())
}

/// Conversations' replies of one kind.
///
/// # Errors
/// The database failed.
pub async fn of(db: &impl Conn, portal: &str, conversation_ids: &[String], kind: &str) -> DbResult<Vec<Model>> {
    let wanted = bulk::among(db.get_database_backend(), "conversation_id", conversation_ids);
    Ok(Entity::find().filter(wanted).filter(Column::Kind.eq(kind)).filter(bulk::owned_by(portal)).all(db).await?)
}
