//! Table `portal_event`. A Bitrix24 event that was proven and kept.

use sea_orm::entity::prelude::*;

/// A Bitrix24 event that was proven and kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portal_event")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Event.
    pub event: String,
    /// JSON without auth.
    pub body: String,
    /// Received at (epoch ms).
    pub received_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
