//! Table `number_check`. Whether a number is on WhatsApp, as last told.

use sea_orm::entity::prelude::*;

/// Whether a number is on WhatsApp, as last told.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "number_check")]
pub struct Model {
    /// Channel id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// Phone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub phone: String,
    /// Portal.
    pub portal: String,
    /// Y N.
    pub answer: String,
    /// Recipient.
    pub recipient: Option<String>,
    /// Checked at (epoch ms).
    pub checked_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
