//! Table `channel`. Rows of `channel`.

use sea_orm::entity::prelude::*;

/// Rows of `channel`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Portal.
    pub portal: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// The provider's name of our number: Gupshup app name, Meta phone_number_id.
    pub sender: String,
    /// JSON, nothing secret.
    pub settings: String,
    /// Sealed JSON.
    pub secrets: String,
    /// Sealed.
    pub hook_secret: String,
    /// New pairing connected paused limited blocked auth_failed disconnected.
    pub state: String,
    /// State reason.
    pub state_reason: Option<String>,
    /// Provider asked everybody to wait (epoch ms).
    pub held_until: Option<i64>,
    /// Templates synced at (epoch ms).
    pub templates_synced_at: Option<i64>,
    /// Created at (epoch ms).
    pub created_at: i64,
    /// Updated at (epoch ms).
    pub updated_at: i64,
    /// Deleted at (epoch ms).
    pub deleted_at: Option<i64>,
    /// JSON: what the provider last said of the account.
    pub health: Option<String>,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
