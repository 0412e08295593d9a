//! Reads of messages for the API.

use super::api_page::{Page, narrowed};
use crate::db::entity::message;
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

/// What a list of messages is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// `out` or `in`.
    pub direction: Option<String>,
    /// Status word.
    pub status: Option<String>,
    /// Kind word.
    pub kind: Option<String>,
    /// Channel.
    pub channel_id: Option<String>,
    /// Robot call.
    pub call_id: Option<String>,
    /// Conversation.
    pub conversation_id: Option<String>,
    /// `DEAL_512`.
    pub document_id: Option<String>,
    /// Phone digits, BSUID, lid or group.
    pub recipient: Option<String>,
    /// The provider's id.
    pub provider_id: Option<String>,
}

/// Newest messages first.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, filter: &MessageFilter, page: &Page) -> DbResult<Vec<message::Model>> {
    use message::Column;
    let select = message::Entity::find().filter(Column::Portal.eq(portal));
    let select = narrowed(
        select,
        [
            (Column::Direction, &filter.direction),
            (Column::Status, &filter.status),
            (Column::Kind, &filter.kind),
            (Column::ChannelId, &filter.channel_id),
            (Column::CallId, &filter.call_id),
            (Column::ConversationId, &filter.conversation_id),
            (Column::DocumentId, &filter.document_id),
            (Column::Recipient, &filter.recipient),
            (Column::ProviderId, &filter.provider_id),
        ],
    );
    Ok(page.apply(select, Column::CreatedAt, Column::Id).all(db).await?)
}

/// One message.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, message_id: &str) -> DbResult<Option<message::Model>> {
    Ok(message::Entity::find_by_id(message_id).filter(message::Column::Portal.eq(portal)).one(db).await?)
}

/// How many messages were made since a moment, by direction and status.
///
/// # Errors
/// The database failed.
pub async fn counted(db: &impl Conn, portal: &str, since: Ms) -> DbResult<Vec<(String, String, i64)>> {
    use message::Column;
    let select =
        message::Entity::find().select_only().column(Column::Direction).column(Column::Status).column_as(Column::Id.count(), "made");
    let select = select.filter(Column::Portal.eq(portal)).filter(Column::CreatedAt.gte(since));
    Ok(select.group_by(Column::Direction).group_by(Column::Status).into_tuple().all(db).await?)
}
