//! Table `consent_event`. One word about consent, kept as evidence.

use sea_orm::entity::prelude::*;

/// One word about consent, kept as evidence.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_event")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Consent id.
    pub consent_id: String,
    /// Opt_in opt_out cap.
    pub action: String,
    /// Marketing all.
    pub scope: String,
    /// Word button robot api provider.
    pub source: String,
    /// 1 = changed something.
    pub applied: i64,
    /// Channel id.
    pub channel_id: Option<String>,
    /// Message id.
    pub message_id: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// Call, user or code that said it.
    pub actor: Option<String>,
    /// Happened at (epoch ms).
    pub happened_at: i64,
    /// Recorded at (epoch ms).
    pub recorded_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
