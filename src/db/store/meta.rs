//! Table `meta`: facts about the whole installation (canary, last ticks). Not a place for tenants' settings.

use super::bulk;
use crate::db::entity::meta;
use crate::db::{Conn, DbResult};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait as _};

/// The value of a key.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn find(db: &impl Conn, key: &str) -> DbResult<Option<String>> {
    Ok(bulk::only(db, meta::Entity::find_by_id(key)).await?.map(|row| row.value))
}

/// Stores a value, replacing the old one.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn put(db: &impl Conn, key: &str, value: &str) -> DbResult<()> {
    let row = meta::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    let replace = OnConflict::column(meta::Column::Key).update_column(meta::Column::Value).to_owned();
    meta::Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}

/// Stores a value only if the key is new; of several replicas starting at once one wins.
///
/// # Errors
/// [`crate::db::DbError`] when the database fails.
pub async fn put_new(db: &impl Conn, key: &str, value: &str) -> DbResult<()> {
    let row = meta::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    let keep = OnConflict::column(meta::Column::Key).do_nothing().to_owned();
    meta::Entity::insert(row).on_conflict(keep).exec_without_returning(db).await?;
    Ok(())
}
