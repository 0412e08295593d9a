//! Table `consent_key`. An id that leads to a person's consent.

use sea_orm::entity::prelude::*;

/// An id that leads to a person's consent.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_key")]
pub struct Model {
    /// Portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub portal: String,
    /// Value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub value: String,
    /// Kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Consent id.
    pub consent_id: String,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
