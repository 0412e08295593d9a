//! Table `registration`. What each robot's registration in a portal came to.

use sea_orm::entity::prelude::*;

/// What each robot's registration in a portal came to.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registration")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// CODE or CODE.activity.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Definition hash.
    pub definition_hash: Option<String>,
    /// Registered failed.
    pub state: String,
    /// Error.
    pub error: Option<String>,
    /// Updated at (epoch ms).
    pub updated_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
