//! Table `attempt`. Rows of `attempt`.

use sea_orm::entity::prelude::*;

/// Rows of `attempt`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub struct Model {
    /// Message id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: String,
    /// Number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Portal.
    pub portal: String,
    /// Started at (epoch ms).
    pub started_at: i64,
    /// Finished at (epoch ms).
    pub finished_at: Option<i64>,
    /// Sending accepted rejected retry unknown.
    pub outcome: String,
    /// Http status.
    pub http_status: Option<i64>,
    /// Provider code.
    pub provider_code: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// Retry after ms.
    pub retry_after_ms: Option<i64>,
    /// Lease id.
    pub lease_id: String,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
