//! Table `auto_reply`. When a conversation last got an automatic reply.

use sea_orm::entity::prelude::*;

/// When a conversation last got an automatic reply.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auto_reply")]
pub struct Model {
    /// Portal.
    pub portal: String,
    /// Conversation id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: String,
    /// Greeting away opt_out_answer opt_in_answer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Claimed at (epoch ms).
    pub claimed_at: i64,
    /// What was sent.
    pub message_id: Option<String>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
