//! Cancels many jobs by their keys in one statement: a settled group ends as many deadlines.

use crate::db::entity::job::{Column, Entity};
use crate::db::{DbResult, Tx};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Cancels ready jobs of a portal by any of these keys; returns how many.
pub async fn cancel_many(tx: &Tx, portal: &str, keys: &[String]) -> DbResult<u64> {
    if keys.is_empty() {
        return Ok(0);
    }
    let gone = Entity::delete_many()
        .filter(Column::Portal.eq(portal))
        .filter(Column::CancelKey.is_in(keys))
        .filter(Column::CancelKey.is_not_null())
        .filter(Column::State.eq("ready"))
        .exec(&**tx)
        .await?;
    Ok(gone.rows_affected)
}
