//! What readiness asks of the database.

use crate::db::entity::{channel, job, message, meta, portal, robot_call};
use crate::db::{Conn, Db, DbResult};
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect};

/// Answers when the database does, with the tables that every call needs: a schema that was dropped or restored from elsewhere under a
/// running process is no database to accept calls with.
///
/// # Errors
/// The database failed.
pub async fn ping(db: &impl Conn) -> DbResult<()> {
    any::<meta::Entity>(db, meta::Column::Key).await?;
    any::<portal::Entity>(db, portal::Column::MemberId).await?;
    any::<robot_call::Entity>(db, robot_call::Column::Id).await?;
    any::<job::Entity>(db, job::Column::Id).await?;
    any::<message::Entity>(db, message::Column::Id).await?;
    any::<channel::Entity>(db, channel::Column::Id).await
}

async fn any<E: EntityTrait>(db: &impl Conn, key: impl ColumnTrait) -> DbResult<()> {
    E::find().select_only().column(key).limit(1).into_tuple::<String>().one(db).await?;
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
