//! Table `wait_watch`. What a wait looks at.

use sea_orm::entity::prelude::*;

/// What a wait looks at.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wait_watch")]
pub struct Model {
    /// Call id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: String,
    /// Conversation id or message id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Portal.
    pub portal: String,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
