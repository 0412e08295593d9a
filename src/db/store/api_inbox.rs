//! Reads of stored raw provider events for the API.

use super::api_page::{Page, narrowed};
use crate::db::entity::inbox_event;
use crate::db::{Conn, DbResult};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// What a list of inbox events is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct InboxFilter {
    /// `stored done orphan unrouted`.
    pub state: Option<String>,
    /// `status message template other`.
    pub label: Option<String>,
    /// Channel.
    pub channel_id: Option<String>,
    /// The provider's dedupe key.
    pub event_key: Option<String>,
}

/// Newest events first.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str, filter: &InboxFilter, page: &Page) -> DbResult<Vec<inbox_event::Model>> {
    use inbox_event::Column;
    let select = inbox_event::Entity::find().filter(Column::Portal.eq(portal));
    let select = narrowed(
        select,
        [
            (Column::State, &filter.state),
            (Column::Label, &filter.label),
            (Column::ChannelId, &filter.channel_id),
            (Column::EventKey, &filter.event_key),
        ],
    );
    Ok(page.apply(select, Column::ReceivedAt, Column::Id).all(db).await?)
}

/// One event.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, inbox_id: &str) -> DbResult<Option<inbox_event::Model>> {
    Ok(inbox_event::Entity::find_by_id(inbox_id).filter(inbox_event::Column::Portal.eq(portal)).one(db).await?)
}
