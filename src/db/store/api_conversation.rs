//! Reads of conversations for the API.

use super::api_page::Page;
use crate::db::entity::{conversation, conversation_key};
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

/// What a list of conversations is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Phone digits.
    pub phone: Option<String>,
    /// Business-scoped user id.
    pub bsuid: Option<String>,
    /// Channel.
    pub channel_id: Option<String>,
}

/// Conversations that moved last first. A user is found by any id that ever named the conversation.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, filter: &ConversationFilter, page: &Page) -> DbResult<Vec<conversation::Model>> {
    use conversation::Column;
    let mut select = conversation::Entity::find().filter(Column::Portal.eq(portal));
    if let Some(channel_id) = &filter.channel_id {
        select = select.filter(Column::ChannelId.eq(channel_id.as_str()));
    }
    for (kind, own, wanted) in [("phone", Column::Phone, &filter.phone), ("bsuid", Column::Bsuid, &filter.bsuid)] {
        if let Some(value) = wanted {
            let by_key = conversation_key::Entity::find()
                .select_only()
                .column(conversation_key::Column::ConversationId)
                .filter(conversation_key::Column::Portal.eq(portal))
                .filter(conversation_key::Column::Kind.eq(kind))
                .filter(conversation_key::Column::Value.eq(value.as_str()))
                .into_query();
            select = select.filter(Condition::any().add(own.eq(value.as_str())).add(Column::Id.in_subquery(by_key)));
        }
    }
    Ok(page.apply(select, Column::UpdatedAt, Column::Id).all(db).await?)
}
