//! Table `opt_in_mark`. Numbers already told to the provider's opt-in list.

use sea_orm::entity::prelude::*;

/// Numbers already told to the provider's opt-in list.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opt_in_mark")]
pub struct Model {
    /// Channel id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// Phone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub phone: String,
    /// Portal.
    pub portal: String,
    /// Marked at (epoch ms).
    pub marked_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
