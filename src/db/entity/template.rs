//! Table `template`. Rows of `template`.

use sea_orm::entity::prelude::*;

/// Rows of `template`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template")]
pub struct Model {
    /// Portal.
    pub portal: String,
    /// Channel id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// Provider id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_id: String,
    /// Name.
    pub name: String,
    /// Language.
    pub language: String,
    /// Category.
    pub category: String,
    /// Status.
    pub status: String,
    /// Text image video document location, NULL = none.
    pub header_kind: Option<String>,
    /// Header text.
    pub header_text: Option<String>,
    /// Body.
    pub body: String,
    /// Footer.
    pub footer: Option<String>,
    /// JSON.
    pub buttons: String,
    /// JSON: placeholder keys of the body in order.
    pub param_keys: String,
    /// Quality.
    pub quality: Option<String>,
    /// Reason.
    pub reason: Option<String>,
    /// JSON row of the provider.
    pub raw: String,
    /// Synced at (epoch ms).
    pub synced_at: i64,
    /// Vanished at (epoch ms).
    pub vanished_at: Option<i64>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
