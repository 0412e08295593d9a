//! What readiness asks of the database.

use crate::db::entity::meta;
use crate::db::{Conn, Db, DbResult};
use sea_orm::{EntityTrait, QuerySelect};

/// Answers when the database does.
///
/// # Errors
/// The database failed.
pub async fn ping(db: &impl Conn) -> DbResult<()> {
    meta::Entity::find().limit(1).one(db).await?;
    Ok(())
}

/// Whether a write transaction can be had again; it is rolled back.
///
/// # Errors
/// The database failed.
pub async fn can_write(db: &Db) -> DbResult<()> {
    let tx = db.begin().await?;
    ping(&*tx).await
}
