//! Table `page_session`: what a page inside Bitrix24 may do. The token itself is never stored, only its hash.

use crate::db::entity::page_session::{self, Column, Entity, Model};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

/// Stores a session.
///
/// # Errors
/// The database failed.
pub async fn insert(db: &impl Conn, session: Model) -> DbResult<()> {
    let active: page_session::ActiveModel = session.into_active_model().reset_all();
    Entity::insert(active).exec_without_returning(db).await?;
    Ok(())
}

/// A session that is still valid, by its token's hash and portal.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, token_hash: &str, now: Ms) -> DbResult<Option<Model>> {
    let select = Entity::find_by_id(token_hash).filter(Column::Portal.eq(portal)).filter(Column::ExpiresAt.gt(now));
    Ok(select.one(db).await?)
}
