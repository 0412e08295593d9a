//! Table `follow_up`. Messages to be sent later unless something happens first.

use sea_orm::entity::prelude::*;

/// Messages to be sent later unless something happens first.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "follow_up")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Call id; none = made through the API.
    pub call_id: Option<String>,
    /// Name of its chain; empty = a chain of its own.
    pub chain: String,
    /// Hash of what it asks for.
    pub step: String,
    /// Channel id.
    pub channel_id: String,
    /// Conversation id.
    pub conversation_id: String,
    /// Document entity.
    pub document_entity: Option<String>,
    /// Document id.
    pub document_id: Option<String>,
    /// Identity (JSON).
    pub identity: String,
    /// Recipient.
    pub recipient: String,
    /// Operation (JSON).
    pub operation: String,
    /// What its moment follows.
    pub kind: String,
    /// IANA name.
    pub zone: String,
    /// State.
    pub state: String,
    /// Why it ended without a send.
    pub reason: Option<String>,
    /// Error (JSON).
    pub error: Option<String>,
    /// Due at (epoch ms); none = not before the client writes again.
    pub due_at: Option<i64>,
    /// What its moment is counted from (epoch ms).
    pub base_at: i64,
    /// Armed at (epoch ms).
    pub armed_at: i64,
    /// Messages made so far.
    pub sends: i64,
    /// Repeats left.
    pub repeats_left: i64,
    /// 1 = a reply ends it.
    pub on_reply: i64,
    /// 1 = a change of stage ends it.
    pub on_stage: i64,
    /// 1 = the document's end ends it.
    pub on_won_lost: i64,
    /// 1 = an opt-out ends it.
    pub on_opt_out: i64,
    /// CRM event that may end it.
    pub watch: Option<String>,
    /// Stage of the document when armed.
    pub stage: Option<String>,
    /// When the document came to that stage.
    pub moved: Option<String>,
    /// The latest message.
    pub message_id: Option<String>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Updated at (epoch ms).
    pub updated_at: i64,
    /// Ended at (epoch ms).
    pub ended_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
