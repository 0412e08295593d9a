//! Table `number_check_budget`. Checks spent of the provider's monthly quota.

use sea_orm::entity::prelude::*;

/// Checks spent of the provider's monthly quota.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "number_check_budget")]
pub struct Model {
    /// Channel id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// 2026-11, UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: String,
    /// Portal.
    pub portal: String,
    /// Used.
    pub used: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
