//! Table `event_binding`: which CRM events a portal was asked to tell us, and where to.

use crate::db::entity::event_binding::{ActiveModel, Column, Entity, Model};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

/// Bound events of a portal.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, portal: &str) -> DbResult<Vec<Model>> {
    Ok(Entity::find().filter(Column::Portal.eq(portal)).all(db).await?)
}

/// Whether an event is bound to this address.
///
/// # Errors
/// The database failed.
pub async fn bound(db: &impl Conn, portal: &str, event: &str, handler: &str) -> DbResult<bool> {
    let found = Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Event.eq(event));
    Ok(found.filter(Column::Handler.eq(handler)).all(db).await?.into_iter().next().is_some())
}

/// Notes what is bound now: these events and no others.
///
/// # Errors
/// The database failed.
pub async fn put(db: &impl Conn, portal: &str, events: &[&str], handler: &str, now: Ms) -> DbResult<()> {
    let others = Entity::delete_many().filter(Column::Portal.eq(portal)).filter(Column::Event.is_not_in(events.iter().copied()));
    others.exec(db).await?;
    for event in events {
        let row = ActiveModel {
            portal: Set(portal.to_owned()),
            event: Set((*event).to_owned()),
            handler: Set(handler.to_owned()),
            bound_at: Set(now),
        };
        let known = OnConflict::columns([Column::Portal, Column::Event]).update_columns([Column::Handler, Column::BoundAt]).to_owned();
        Entity::insert(row).on_conflict(known).exec_without_returning(db).await?;
    }
    Ok(())
}
