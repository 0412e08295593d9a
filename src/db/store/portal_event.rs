//! Table `portal_event`: Bitrix24 events that were proven and kept, without their `auth` block.

use crate::db::entity::portal_event;
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

/// One event to keep.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// Our id, `ev_…`.
    pub id: &'a str,
    /// Upper-case name.
    pub event: &'a str,
    /// JSON of `data` and `ts`.
    pub body: &'a str,
    /// Moment.
    pub received_at: Ms,
}

/// Stores an event.
pub async fn insert(db: &impl Conn, portal: &str, event: &NewEvent<'_>) -> DbResult<()> {
    let row = portal_event::ActiveModel {
        id: Set(event.id.to_owned()),
        portal: Set(portal.to_owned()),
        event: Set(event.event.to_owned()),
        body: Set(event.body.to_owned()),
        received_at: Set(event.received_at),
    };
    portal_event::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// One event of a portal.
pub async fn find(db: &impl Conn, portal: &str, id: &str) -> DbResult<Option<portal_event::Model>> {
    Ok(portal_event::Entity::find_by_id(id).filter(portal_event::Column::Portal.eq(portal)).one(db).await?)
}
