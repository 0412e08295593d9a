//! Table `shard_lease`. Rows of `shard_lease`.

use sea_orm::entity::prelude::*;

/// Rows of `shard_lease`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shard_lease")]
pub struct Model {
    /// Shard.
    #[sea_orm(primary_key, auto_increment = false)]
    pub shard: i64,
    /// Owner.
    pub owner: String,
    /// Lease until (epoch ms).
    pub lease_until: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
