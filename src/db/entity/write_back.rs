//! Table `write_back`. One thing to write into CRM besides the answer.

use sea_orm::entity::prelude::*;

/// One thing to write into CRM besides the answer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "write_back")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Fields timeline trigger.
    pub kind: String,
    /// Call id.
    pub call_id: Option<String>,
    /// Message id.
    pub message_id: Option<String>,
    /// Document entity.
    pub document_entity: String,
    /// Document id.
    pub document_id: String,
    /// JSON.
    pub payload: String,
    /// Pending done failed.
    pub state: String,
    /// Id of what was created (activity, comment).
    pub external_id: Option<String>,
    /// Activity comment.
    pub external_kind: Option<String>,
    /// Status last shown in the timeline.
    pub shown: Option<String>,
    /// Attempts.
    pub attempts: i64,
    /// Last error.
    pub last_error: Option<String>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Updated at (epoch ms).
    pub updated_at: i64,
    /// Done at (epoch ms).
    pub done_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
