//! Reads of portals and their registrations for the API.

use super::api_page::Page;
use crate::db::entity::{portal, registration};
use crate::db::{Conn, DbResult};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

/// Portals of this installation, the newest first. The operator's own list: the one query without a portal.
///
/// # Errors
/// The database failed.
pub async fn list(db: &impl Conn, page: &Page) -> DbResult<Vec<portal::Model>> {
    Ok(page.apply(portal::Entity::find(), portal::Column::InstalledAt, portal::Column::MemberId).all(db).await?)
}

/// One portal, whatever its status.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str) -> DbResult<Option<portal::Model>> {
    Ok(portal::Entity::find_by_id(portal).one(db).await?)
}

/// What each robot's and activity's registration came to, by code.
///
/// # Errors
/// The database failed.
pub async fn registrations(db: &impl Conn, portal: &str) -> DbResult<Vec<registration::Model>> {
    use registration::Column;
    Ok(registration::Entity::find().filter(Column::Portal.eq(portal)).order_by_asc(Column::Code).all(db).await?)
}

/// The same for several portals at once, for the list.
///
/// # Errors
/// The database failed.
pub async fn registrations_of(db: &impl Conn, portals: &[String]) -> DbResult<Vec<registration::Model>> {
    Ok(registration::Entity::find().filter(registration::Column::Portal.is_in(portals)).all(db).await?)
}

/// Replaces the portal's settings (JSON).
///
/// # Errors
/// The database failed.
pub async fn put_settings(db: &impl Conn, portal: &str, settings: &str, now: i64) -> DbResult<u64> {
    let done = portal::Entity::update_many()
        .col_expr(portal::Column::Settings, Expr::value(settings))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}
