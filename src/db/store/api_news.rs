//! What a page shows in its first rows, as short as it can be told: a page is told that something changed, and reads the rest itself.

use super::bulk;
use crate::db::entity::{follow_up, message, robot_call};
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// Rows looked at: what a page shows before anybody asks for more.
const FIRST: u64 = 50;

/// Id and state of the newest messages of these conversations.
///
/// # Errors
/// The database failed.
pub async fn messages_of(db: &impl Conn, portal: &str, conversation_ids: &[String]) -> DbResult<Vec<(String, String)>> {
    if conversation_ids.is_empty() {
        return Ok(Vec::new());
    }
    let talks = bulk::among(db.get_database_backend(), "conversation_id", conversation_ids);
    newest(db, message::Entity::find().filter(message::Column::Portal.eq(portal)).filter(talks)).await
}

/// Id and state of the portal's newest messages.
///
/// # Errors
/// The database failed.
pub async fn messages(db: &impl Conn, portal: &str) -> DbResult<Vec<(String, String)>> {
    newest(db, message::Entity::find().filter(message::Column::Portal.eq(portal))).await
}

async fn newest(db: &impl Conn, select: Select<message::Entity>) -> DbResult<Vec<(String, String)>> {
    use message::Column;
    let select = select.select_only().column(Column::Id).column(Column::Status);
    Ok(select.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(FIRST).into_tuple().all(db).await?)
}

/// Id and state of the newest robot calls; of one document, or of the whole portal.
///
/// # Errors
/// The database failed.
pub async fn calls(db: &impl Conn, portal: &str, document_id: Option<&str>) -> DbResult<Vec<(String, String)>> {
    use robot_call::Column;
    let select = robot_call::Entity::find().select_only().column(Column::Id).column(Column::State).filter(Column::Portal.eq(portal));
    let select = match document_id {
        Some(document) => select.filter(Column::DocumentId.eq(document)),
        None => select,
    };
    Ok(select.order_by_desc(Column::AcceptedAt).order_by_desc(Column::Id).limit(FIRST).into_tuple().all(db).await?)
}

/// Id and moment of the follow-ups that wait; of one document, or of the whole portal.
///
/// # Errors
/// The database failed.
pub async fn waiting(db: &impl Conn, portal: &str, document_id: Option<&str>) -> DbResult<Vec<(String, Option<i64>)>> {
    use crate::db::store::follow_up::state::PENDING;
    use follow_up::Column;
    let select = follow_up::Entity::find().select_only().column(Column::Id).column(Column::DueAt);
    let select = select.filter(Column::Portal.eq(portal)).filter(Column::State.eq(PENDING));
    let select = match document_id {
        Some(document) => select.filter(Column::DocumentId.eq(document)),
        None => select,
    };
    Ok(select.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(FIRST).into_tuple().all(db).await?)
}
