//! Table `alarm`: one row a portal and kind of trouble; when it was last seen and last told.

use crate::db::entity::alarm::{self, Column, Entity, Model};
use crate::db::entity::{channel, portal, registration};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};

/// Notes that trouble is there now; the moment it was last told stays.
///
/// # Errors
/// The database failed.
pub async fn raise(db: &impl Conn, portal: &str, kind: &str, detail: &str, now: Ms) -> DbResult<()> {
    let row = Model { portal: portal.to_owned(), kind: kind.to_owned(), raised_at: now, told_at: None, detail: detail.to_owned() };
    let active: alarm::ActiveModel = row.into_active_model();
    let kept = OnConflict::columns([Column::Portal, Column::Kind]).update_columns([Column::RaisedAt, Column::Detail]).to_owned();
    Entity::insert(active).on_conflict(kept).exec_without_returning(db).await?;
    Ok(())
}

/// One alarm.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, kind: &str) -> DbResult<Option<Model>> {
    Ok(Entity::find_by_id((portal.to_owned(), kind.to_owned())).one(db).await?)
}

/// Notes that administrators were told.
///
/// # Errors
/// The database failed.
pub async fn told(db: &impl Conn, portal: &str, kind: &str, now: Ms) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::ToldAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Kind.eq(kind))
        .exec(db)
        .await?;
    Ok(())
}

/// Portals whose authorization is lost.
///
/// # Errors
/// The database failed.
pub async fn auth_lost(db: &impl Conn) -> DbResult<Vec<portal::Model>> {
    Ok(portal::Entity::find().filter(portal::Column::Status.eq("auth_lost")).all(db).await?)
}

/// Channels of live portals that cannot send and need a person.
///
/// # Errors
/// The database failed.
pub async fn channels_down(db: &impl Conn) -> DbResult<Vec<channel::Model>> {
    use channel::Column;
    let down = ["auth_failed", "blocked", "disconnected"];
    // Paused with a reason = by the provider (an empty wallet); a person who pauses knows of it.
    let stopped = Condition::all().add(Column::State.eq("paused")).add(Column::StateReason.is_not_null());
    let down = Condition::any().add(Column::State.is_in(down)).add(stopped);
    Ok(channel::Entity::find().filter(Column::DeletedAt.is_null()).filter(down).all(db).await?)
}

/// Robots whose registration failed.
///
/// # Errors
/// The database failed.
pub async fn registrations_failed(db: &impl Conn) -> DbResult<Vec<registration::Model>> {
    Ok(registration::Entity::find().filter(registration::Column::State.eq("failed")).all(db).await?)
}

/// Portals that can still be told something through REST.
///
/// # Errors
/// The database failed.
pub async fn reachable_portals(db: &impl Conn) -> DbResult<Vec<portal::Model>> {
    Ok(portal::Entity::find().filter(portal::Column::Status.ne("uninstalled")).all(db).await?)
}
