//! Table `conversation_key`. Who a conversation is with: any of the user's ids leads to it.

use sea_orm::entity::prelude::*;

/// Who a conversation is with: any of the user's ids leads to it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation_key")]
pub struct Model {
    /// Channel id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// Group bsuid phone lid.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub value: String,
    /// Portal.
    pub portal: String,
    /// Conversation id.
    pub conversation_id: String,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
