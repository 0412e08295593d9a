//! Table `reach_wait`. A message held for a free slot of a portfolio.

use sea_orm::entity::prelude::*;

/// A message held for a free slot of a portfolio.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reach_wait")]
pub struct Model {
    /// Message id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: String,
    /// Portal.
    pub portal: String,
    /// Portfolio.
    pub portfolio: String,
    /// Slot at (epoch ms).
    pub slot_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
