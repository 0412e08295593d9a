//! Tables `number_check` and `number_check_budget`: what is known of numbers, and what asking has cost this month.

use super::bulk;
use crate::db::entity::{number_check, number_check_budget};
use crate::db::{Conn, DbResult, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, Statement};

/// What is known of a number.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, channel_id: &str, phone: &str) -> DbResult<Option<number_check::Model>> {
    let row = number_check::Entity::find_by_id((channel_id.to_owned(), phone.to_owned()));
    bulk::only(db, row.filter(bulk::owned_by(portal))).await
}

/// Keeps an answer.
///
/// # Errors
/// The database failed.
pub async fn put(tx: &Tx, row: number_check::Model) -> DbResult<()> {
    use number_check::Column;
    let newest = OnConflict::columns([Column::ChannelId, Column::Phone])
        .update_columns([Column::Answer, Column::Recipient, Column::CheckedAt])
        .to_owned();
    number_check::Entity::insert(row.into_active_model()).on_conflict(newest).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Checks spent in a month.
///
/// # Errors
/// The database failed.
pub async fn spent(db: &impl Conn, portal: &str, channel_id: &str, month: &str) -> DbResult<i64> {
    let row = number_check_budget::Entity::find_by_id((channel_id.to_owned(), month.to_owned()));
    Ok(bulk::only(db, row.filter(bulk::owned_by(portal))).await?.map_or(0, |row| row.used))
}

/// One more check was made.
///
/// # Errors
/// The database failed.
pub async fn spend(tx: &Tx, portal: &str, channel_id: &str, month: &str) -> DbResult<()> {
    let sql = "INSERT INTO number_check_budget (channel_id, month, portal, used) VALUES ($1, $2, $3, 1) \
               ON CONFLICT (channel_id, month) DO UPDATE SET used = number_check_budget.used + 1";
    let values = [channel_id.into(), month.into(), portal.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}
