//! Table `api_send`. A request of a script that may be repeated.

use sea_orm::entity::prelude::*;

/// A request of a script that may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_send")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// Keyed hash.
    #[sea_orm(primary_key, auto_increment = false)]
    pub idem_key: String,
    /// Body hash.
    pub body_hash: String,
    /// Call id.
    pub call_id: String,
    /// Created at (epoch ms).
    pub created_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
