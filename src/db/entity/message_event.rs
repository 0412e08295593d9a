//! Table `message_event`. Every report of a status, with the provider's clock and ours.

use sea_orm::entity::prelude::*;

/// Every report of a status, with the provider's clock and ours.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_event")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Message id.
    pub message_id: String,
    /// Status.
    pub status: String,
    /// Provider at (epoch ms).
    pub provider_at: Option<i64>,
    /// Received at (epoch ms).
    pub received_at: i64,
    /// 1 = moved the message.
    pub applied: i64,
    /// Error.
    pub error: Option<String>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
