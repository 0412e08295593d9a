//! Tables `api_send` and `resend`: what a script or a person ordered once is not done twice.

use super::bulk;
use crate::db::entity::{api_send, resend};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};

/// A key is remembered that long.
pub const KEPT: Ms = DAY;

/// What was done under a key in the last 24 hours.
///
/// # Errors
/// The database failed.
pub async fn find(db: &impl Conn, portal: &str, key: &str, now: Ms) -> DbResult<Option<api_send::Model>> {
    let row = api_send::Entity::find_by_id((portal.to_owned(), key.to_owned()));
    Ok(bulk::only(db, row).await?.filter(|row| row.created_at > now.saturating_sub(KEPT)))
}

/// Takes a key; one that is older than 24 hours begins anew.
///
/// # Errors
/// [`crate::db::DbError::Duplicate`] when somebody else took it a moment ago.
pub async fn take(tx: &Tx, row: api_send::Model) -> DbResult<()> {
    use api_send::Column;
    let old = api_send::Entity::delete_many().filter(Column::Portal.eq(&row.portal)).filter(Column::IdemKey.eq(&row.idem_key));
    old.filter(Column::CreatedAt.lte(row.created_at.saturating_sub(KEPT))).exec(&**tx).await?;
    api_send::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

/// The order to send a message once more, if there was one.
///
/// # Errors
/// The database failed.
pub async fn resent(db: &impl Conn, portal: &str, message_id: &str) -> DbResult<Option<resend::Model>> {
    bulk::only(db, resend::Entity::find_by_id(message_id).filter(bulk::owned_by(portal))).await
}

/// Keeps the order.
///
/// # Errors
/// [`crate::db::DbError::Duplicate`] when it was given before.
pub async fn put_resend(tx: &Tx, row: resend::Model) -> DbResult<()> {
    resend::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}
