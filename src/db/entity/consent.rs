//! Table `consent`. What one person of a portal agreed to.

use sea_orm::entity::prelude::*;

/// What one person of a portal agreed to.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Phone.
    pub phone: Option<String>,
    /// Bsuid.
    pub bsuid: Option<String>,
    /// Unknown opted_in opted_out.
    pub marketing: String,
    /// Moment of the word that decided it.
    pub marketing_at: Option<i64>,
    /// Word button robot api provider.
    pub marketing_by: Option<String>,
    /// Unknown opted_in opted_out.
    pub everything: String,
    /// Everything at (epoch ms).
    pub everything_at: Option<i64>,
    /// Everything by.
    pub everything_by: Option<String>,
    /// Meta holds marketing back until then.
    pub capped_until: Option<i64>,
    /// Capped at (epoch ms).
    pub capped_at: Option<i64>,
    /// Refusals in a row.
    pub caps: i64,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Updated at (epoch ms).
    pub updated_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
