//! Table `resend`. A message that a person ordered to be sent once more.

use sea_orm::entity::prelude::*;

/// A message that a person ordered to be sent once more.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resend")]
pub struct Model {
    /// Message id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: String,
    /// Portal.
    pub portal: String,
    /// Call id.
    pub call_id: String,
    /// Created at (epoch ms).
    pub created_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
