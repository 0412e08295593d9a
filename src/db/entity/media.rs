//! Table `media`. Rows of `media`.

use sea_orm::entity::prelude::*;

/// Rows of `media`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media")]
pub struct Model {
    /// Token hash.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Portal.
    pub portal: String,
    /// Message id.
    pub message_id: Option<String>,
    /// Path.
    pub path: String,
    /// Mime.
    pub mime: String,
    /// File name.
    pub file_name: String,
    /// Size bytes.
    pub size_bytes: i64,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Expires at (epoch ms).
    pub expires_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
