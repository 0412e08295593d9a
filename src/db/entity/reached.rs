//! Table `reached`. A person written to outside a window in the last 24 h.

use sea_orm::entity::prelude::*;

/// A person written to outside a window in the last 24 h.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reached")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// Portfolio.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portfolio: String,
    /// Person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: String,
    /// Reached at (epoch ms).
    pub reached_at: i64,
    /// Before `message_id`; comes back when that one certainly did not go.
    pub former_at: Option<i64>,
    /// Message id.
    pub message_id: String,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
