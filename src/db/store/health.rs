//! What readiness asks of the database.

use crate::db::entity::meta;
use crate::db::{Conn, DbResult};
use sea_orm::{EntityTrait, QuerySelect};

/// Answers when the database does.
///
/// # Errors
/// The database failed.
pub async fn ping(db: &impl Conn) -> DbResult<()> {
    meta::Entity::find().limit(1).one(db).await?;
    Ok(())
}
