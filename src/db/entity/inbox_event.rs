//! Table `inbox_event`. A raw provider event; proof that it was not lost, and what it was read as.

use sea_orm::entity::prelude::*;

/// A raw provider event; proof that it was not lost, and what it was read as.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox_event")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Channel id.
    pub channel_id: String,
    /// Event key.
    pub event_key: String,
    /// Status message template other.
    pub label: String,
    /// JSON: ProviderEvent as read, with the raw part.
    pub body: String,
    /// Stored done orphan unrouted.
    pub state: String,
    /// JSON: what it did.
    pub read_as: Option<String>,
    /// Received at (epoch ms).
    pub received_at: i64,
    /// Processed at (epoch ms).
    pub processed_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
