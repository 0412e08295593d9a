//! Table `portal`. One Bitrix24 portal. `member_id` is the key of every tenant-owned row (column `portal`).

use sea_orm::entity::prelude::*;

/// One Bitrix24 portal. `member_id` is the key of every tenant-owned row (column `portal`).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portal")]
pub struct Model {
    /// Member id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: String,
    /// Domain.
    pub domain: String,
    /// Client endpoint.
    pub client_endpoint: String,
    /// Server endpoint.
    pub server_endpoint: String,
    /// Active auth_lost paused uninstalled.
    pub status: String,
    /// Status reason.
    pub status_reason: Option<String>,
    /// Sealed.
    pub application_token: String,
    /// Sealed.
    pub access_token: String,
    /// Sealed.
    pub refresh_token: String,
    /// Access expires at (epoch ms).
    pub access_expires_at: i64,
    /// Token version.
    pub token_version: i64,
    /// Token changed at (epoch ms).
    pub token_changed_at: i64,
    /// Keyed hash of the refresh token of the last proven install.
    pub seed_hash: Option<String>,
    /// Refresh owner.
    pub refresh_owner: Option<String>,
    /// Refresh until (epoch ms).
    pub refresh_until: Option<i64>,
    /// Installer user id.
    pub installer_user_id: String,
    /// Lang.
    pub lang: String,
    /// Scope.
    pub scope: String,
    /// License.
    pub license: Option<String>,
    /// App version.
    pub app_version: Option<String>,
    /// JSON: default_channel, filler, ….
    pub settings: String,
    /// What the portal's robots were last registered from.
    pub registration_hash: Option<String>,
    /// Registered at (epoch ms).
    pub registered_at: Option<i64>,
    /// Installed at (epoch ms).
    pub installed_at: i64,
    /// Uninstalled at (epoch ms).
    pub uninstalled_at: Option<i64>,
    /// Purge at (epoch ms).
    pub purge_at: Option<i64>,
    /// Updated at (epoch ms).
    pub updated_at: i64,
}

/// No relations: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
