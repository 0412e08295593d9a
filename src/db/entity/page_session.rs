//! Table `page_session`. Rows of `page_session`.

use sea_orm::entity::prelude::*;

/// Rows of `page_session`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page_session")]
pub struct Model {
    /// Token hash.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// Portal.
    pub portal: String,
    /// User id.
    pub user_id: String,
    /// Admin.
    pub admin: i64,
    /// Placement.
    pub placement: String,
    /// Document.
    pub document: Option<String>,
    /// Sealed.
    pub viewer_token: String,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Expires at (epoch ms).
    pub expires_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
