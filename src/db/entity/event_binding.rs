//! Table `event_binding`. CRM events bound in a portal.

use sea_orm::entity::prelude::*;

/// CRM events bound in a portal.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_binding")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// Event name, upper case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event: String,
    /// Address called.
    pub handler: String,
    /// Bound at (epoch ms).
    pub bound_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
