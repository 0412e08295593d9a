//! Numbers already told to a provider's opt-in list: telling once is enough.

use crate::db::entity::opt_in_mark::{ActiveModel, Column, Entity};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

/// Whether a number was told.
///
/// # Errors
/// The database failed.
pub async fn exists(db: &impl Conn, portal: &str, channel_id: &str, phone: &str) -> DbResult<bool> {
    let mark = Entity::find_by_id((channel_id.to_owned(), phone.to_owned())).filter(Column::Portal.eq(portal));
    Ok(mark.one(db).await?.is_some())
}

/// Notes that a number was told; a second time changes nothing but the moment.
///
/// # Errors
/// The database failed.
pub async fn put(tx: &Tx, portal: &str, channel_id: &str, phone: &str, now: Ms) -> DbResult<()> {
    let row = ActiveModel {
        channel_id: Set(channel_id.to_owned()),
        phone: Set(phone.to_owned()),
        portal: Set(portal.to_owned()),
        marked_at: Set(now),
    };
    let newest = OnConflict::columns([Column::ChannelId, Column::Phone]).update_column(Column::MarkedAt).to_owned();
    Entity::insert(row).on_conflict(newest).exec_without_returning(&**tx).await?;
    Ok(())
}
