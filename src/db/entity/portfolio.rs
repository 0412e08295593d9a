//! Table `portfolio`. A business with its daily limit.

use sea_orm::entity::prelude::*;

/// A business with its daily limit.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portfolio")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// Name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Rows of `reached`.
    pub used: i64,
    /// By the provider; -1 = unlimited.
    pub told_limit: Option<i64>,
    /// Told at (epoch ms).
    pub told_at: Option<i64>,
    /// Updated at (epoch ms).
    pub updated_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
