//! Every report of a message's status, with the provider's clock and ours.

use crate::db::entity::message_event::{ActiveModel, Column, Entity, Model};
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::Ms;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

/// One report to store.
#[derive(Debug, Clone)]
pub struct Report {
    /// Row id.
    pub id: String,
    /// The message it is about.
    pub message_id: String,
    /// Reported status.
    pub status: String,
    /// Moment by the provider's clock.
    pub provider_at: Option<Ms>,
    /// Whether it moved the message.
    pub applied: bool,
    /// Error as JSON.
    pub error: Option<String>,
}

/// Stores reports in one statement.
pub async fn insert_many(tx: &Tx, portal: &str, reports: &[Report], now: Ms) -> DbResult<()> {
    if reports.is_empty() {
        return Ok(());
    }
    let rows = reports.iter().map(|report| ActiveModel {
        id: Set(report.id.clone()),
        portal: Set(portal.to_owned()),
        message_id: Set(report.message_id.clone()),
        status: Set(report.status.clone()),
        provider_at: Set(report.provider_at),
        received_at: Set(now),
        applied: Set(i64::from(report.applied)),
        error: Set(report.error.clone()),
    });
    Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    Ok(())
}

/// All reports about a message, oldest first.
pub async fn list(db: &impl Conn, portal: &str, message_id: &str) -> DbResult<Vec<Model>> {
    Ok(Entity::find()
        .filter(Column::Portal.eq(portal))
        .filter(Column::MessageId.eq(message_id))
        .order_by_asc(Column::ReceivedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await?)
}
