//! Table `conversation`. Rows of `conversation`.

use sea_orm::entity::prelude::*;

/// Rows of `conversation`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Channel id.
    pub channel_id: String,
    /// Phone.
    pub phone: Option<String>,
    /// Bsuid.
    pub bsuid: Option<String>,
    /// Lid.
    pub lid: Option<String>,
    /// Username.
    pub username: Option<String>,
    /// Display name.
    pub display_name: Option<String>,
    /// Group id.
    pub group_id: Option<String>,
    /// Window until (epoch ms).
    pub window_until: Option<i64>,
    /// Free entry until (epoch ms).
    pub free_entry_until: Option<i64>,
    /// Referral at (epoch ms).
    pub referral_at: Option<i64>,
    /// Last inbound at (epoch ms).
    pub last_inbound_at: Option<i64>,
    /// Last outbound at (epoch ms).
    pub last_outbound_at: Option<i64>,
    /// Document entity.
    pub document_entity: Option<String>,
    /// Document id.
    pub document_id: Option<String>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Updated at (epoch ms).
    pub updated_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
