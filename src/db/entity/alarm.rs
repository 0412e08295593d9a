//! Table `alarm`. portal '' = the whole installation.

use sea_orm::entity::prelude::*;

/// portal '' = the whole installation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alarm")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// Kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Raised at (epoch ms).
    pub raised_at: i64,
    /// Told at (epoch ms).
    pub told_at: Option<i64>,
    /// Detail.
    pub detail: String,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
