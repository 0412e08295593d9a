//! Table `message`. Rows of `message`.

use sea_orm::entity::prelude::*;

/// Rows of `message`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Channel id.
    pub channel_id: String,
    /// Conversation id.
    pub conversation_id: String,
    /// Call id.
    pub call_id: Option<String>,
    /// Out in.
    pub direction: String,
    /// Kind.
    pub kind: String,
    /// JSON.
    pub content: String,
    /// Rendered text.
    pub rendered_text: String,
    /// JSON.
    pub identity: String,
    /// Phone digits, else bsuid, lid or group: pace key.
    pub recipient: String,
    /// Provider id.
    pub provider_id: Option<String>,
    /// Wa id.
    pub wa_id: Option<String>,
    /// Status.
    pub status: String,
    /// JSON {code, class, provider_code, text, retryable}.
    pub error: Option<String>,
    /// Attempts.
    pub attempts: i64,
    /// Cost amount.
    pub cost_amount: Option<String>,
    /// Cost currency.
    pub cost_currency: Option<String>,
    /// Cost source.
    pub cost_source: Option<String>,
    /// Document entity.
    pub document_entity: Option<String>,
    /// Document id.
    pub document_id: Option<String>,
    /// Reply id.
    pub reply_id: Option<String>,
    /// Reply title.
    pub reply_title: Option<String>,
    /// Our id of the message answered.
    pub reply_to: Option<String>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Queued at (epoch ms).
    pub queued_at: Option<i64>,
    /// Sending at (epoch ms).
    pub sending_at: Option<i64>,
    /// Accepted at (epoch ms).
    pub accepted_at: Option<i64>,
    /// Sent at (epoch ms).
    pub sent_at: Option<i64>,
    /// Delivered at (epoch ms).
    pub delivered_at: Option<i64>,
    /// Read at (epoch ms).
    pub read_at: Option<i64>,
    /// Failed at (epoch ms).
    pub failed_at: Option<i64>,
    /// Received at (epoch ms).
    pub received_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
