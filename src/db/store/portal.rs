//! Table `portal`: one row a Bitrix24 portal, its sealed tokens, its state, and who is refreshing it now.
//!
//! Every change of tokens grows `token_version`; whoever writes tokens names the version it started from, so that a slow
//! refresh never overwrites a newer install. Sealing is the caller's: only ciphertext passes here.

use super::bulk;
use crate::db::entity::{job, portal};
use crate::db::{Conn, DbError, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

/// State of a portal (DESIGN.md 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalStatus {
    /// Works.
    Active,
    /// The token pair is lost; calls are accepted, messages leave, answers and facts wait for an administrator.
    AuthLost,
    /// Plan, payment or overload; looked at again daily.
    Paused,
    /// Removed; data kept until `purge_at`.
    Uninstalled,
}

impl PortalStatus {
    /// The stored and published word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::AuthLost => "auth_lost",
            Self::Paused => "paused",
            Self::Uninstalled => "uninstalled",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    /// [`DbError::Corrupt`] for a foreign one.
    pub fn parse(word: &str) -> DbResult<Self> {
        [Self::Active, Self::AuthLost, Self::Paused, Self::Uninstalled]
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| DbError::Corrupt(format!("portal.status {word}")))
    }
}

/// What a proven install stores; tokens sealed.
#[derive(Debug, Clone)]
pub struct Install {
    /// Host by the proof.
    pub domain: String,
    /// REST base by the proof.
    pub client_endpoint: String,
    /// Authorization server.
    pub server_endpoint: String,
    /// Sealed; `None` keeps what is stored.
    pub application_token: Option<String>,
    /// Sealed.
    pub access_token: String,
    /// Sealed.
    pub refresh_token: String,
    /// End of the access token.
    pub access_expires_at: Ms,
    /// Keyed hashes of the refresh tokens taken, separated by spaces, the newest first.
    pub seed_hash: String,
    /// Administrator.
    pub installer_user_id: String,
    /// Two letters; empty keeps what is stored.
    pub lang: String,
    /// Comma list.
    pub scope: String,
    /// Plan.
    pub license: Option<String>,
    /// Application's version.
    pub app_version: Option<String>,
}

/// A fresh sealed pair.
#[derive(Debug, Clone)]
pub struct SealedPair {
    /// Sealed.
    pub access_token: String,
    /// Sealed.
    pub refresh_token: String,
    /// End of the access token.
    pub access_expires_at: Ms,
}

/// A portal's row, whatever its state.
pub async fn find(db: &impl Conn, portal: &str) -> DbResult<Option<portal::Model>> {
    bulk::only(db, portal::Entity::find_by_id(portal)).await
}

/// A page of portals in order of `member_id`, after a cursor.
pub async fn list(db: &impl Conn, after: Option<&str>, limit: u64) -> DbResult<Vec<portal::Model>> {
    let mut query = portal::Entity::find().order_by_asc(portal::Column::MemberId).limit(limit);
    if let Some(after) = after {
        query = query.filter(portal::Column::MemberId.gt(after));
    }
    Ok(query.all(db).await?)
}

/// Stores a proven install: a new row, or the known one made active with a higher version. Settings and history stay.
///
/// # Errors
/// [`DbError::Duplicate`] when another replica inserted the portal at this moment: begin again.
pub async fn save_install(db: &impl Conn, portal: &str, install: &Install, now: Ms) -> DbResult<()> {
    // Locked, so that a refresh that commits at this moment does not get the same version number.
    let Some(known) = portal::Entity::find_by_id(portal).lock_exclusive().one(db).await? else {
        new_row(portal, install, now).insert(db).await?;
        return Ok(());
    };
    let mut row: portal::ActiveModel = known.clone().into();
    write_install(&mut row, install, now);
    row.application_token = Set(install.application_token.clone().unwrap_or(known.application_token));
    row.token_version = Set(known.token_version.saturating_add(1));
    row.lang = Set(if install.lang.is_empty() { known.lang } else { install.lang.clone() });
    row.update(db).await?;
    Ok(())
}

/// Replaces the sealed `application_token` of a known portal and the hashes of what was taken; nothing else.
pub async fn set_application_token(db: &impl Conn, portal: &str, (sealed, seeds): (String, String), now: Ms) -> DbResult<()> {
    portal::Entity::update_many()
        .col_expr(portal::Column::ApplicationToken, Expr::value(sealed))
        .col_expr(portal::Column::SeedHash, Expr::value(Some(seeds)))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .exec(db)
        .await?;
    Ok(())
}

/// Stores the sealed `application_token` of an installed portal that has none; `false` when it has one meanwhile.
pub async fn adopt_application_token(db: &impl Conn, portal: &str, sealed: &str, now: Ms) -> DbResult<bool> {
    let result = portal::Entity::update_many()
        .col_expr(portal::Column::ApplicationToken, Expr::value(sealed))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::ApplicationToken.eq(""))
        .filter(portal::Column::Status.ne(PortalStatus::Uninstalled.as_str()))
        .exec(db)
        .await?;
    Ok(result.rows_affected == 1)
}

fn write_install(row: &mut portal::ActiveModel, install: &Install, now: Ms) {
    row.domain = Set(install.domain.clone());
    row.client_endpoint = Set(install.client_endpoint.clone());
    row.server_endpoint = Set(install.server_endpoint.clone());
    row.status = Set(PortalStatus::Active.as_str().to_owned());
    row.status_reason = Set(None);
    row.access_token = Set(install.access_token.clone());
    row.refresh_token = Set(install.refresh_token.clone());
    row.access_expires_at = Set(install.access_expires_at);
    row.token_changed_at = Set(now);
    row.seed_hash = Set(Some(install.seed_hash.clone()));
    row.refresh_owner = Set(None);
    row.refresh_until = Set(None);
    row.installer_user_id = Set(install.installer_user_id.clone());
    row.scope = Set(install.scope.clone());
    row.license = Set(install.license.clone());
    row.app_version = Set(install.app_version.clone());
    row.uninstalled_at = Set(None);
    row.purge_at = Set(None);
    row.updated_at = Set(now);
}

fn new_row(portal: &str, install: &Install, now: Ms) -> portal::ActiveModel {
    let mut row = portal::ActiveModel {
        member_id: Set(portal.to_owned()),
        application_token: Set(install.application_token.clone().unwrap_or_default()),
        token_version: Set(1),
        lang: Set(if install.lang.is_empty() { "en".to_owned() } else { install.lang.clone() }),
        settings: Set("{}".to_owned()),
        registration_hash: Set(None),
        registered_at: Set(None),
        installed_at: Set(now),
        ..Default::default()
    };
    write_install(&mut row, install, now);
    row
}

/// Makes this process the one that refreshes, unless another holds a live claim or the version moved. `alone` = no other
/// process can live (SQLite), so that a claim of a killed one is void.
pub async fn claim_refresh(db: &impl Conn, portal: &str, claim: &RefreshClaim<'_>, alone: bool, now: Ms) -> DbResult<bool> {
    let mut free = Condition::any()
        .add(portal::Column::RefreshUntil.is_null())
        .add(portal::Column::RefreshUntil.lte(now))
        .add(portal::Column::RefreshOwner.eq(claim.owner));
    if alone {
        free = free.add(portal::Column::MemberId.eq(portal));
    }
    let result = portal::Entity::update_many()
        .col_expr(portal::Column::RefreshOwner, Expr::value(claim.owner))
        .col_expr(portal::Column::RefreshUntil, Expr::value(claim.until))
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::TokenVersion.eq(claim.version))
        .filter(free)
        .exec(db)
        .await?;
    Ok(result.rows_affected == 1)
}

/// Who refreshes which version until when.
#[derive(Debug, Clone, Copy)]
pub struct RefreshClaim<'a> {
    /// Process (boot id).
    pub owner: &'a str,
    /// Version of the pair that is used up by this refresh.
    pub version: i64,
    /// End of the claim.
    pub until: Ms,
}

/// Gives the claim back without a new pair.
pub async fn release_refresh(db: &impl Conn, portal: &str, owner: &str) -> DbResult<()> {
    portal::Entity::update_many()
        .col_expr(portal::Column::RefreshOwner, Expr::value(None::<String>))
        .col_expr(portal::Column::RefreshUntil, Expr::value(None::<Ms>))
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::RefreshOwner.eq(owner))
        .exec(db)
        .await?;
    Ok(())
}

/// Stores a fresh pair in place of that version; `false` when the version moved (an install was faster).
pub async fn store_pair(db: &impl Conn, portal: &str, version: i64, pair: &SealedPair, now: Ms) -> DbResult<bool> {
    let result = portal::Entity::update_many()
        .col_expr(portal::Column::AccessToken, Expr::value(pair.access_token.as_str()))
        .col_expr(portal::Column::RefreshToken, Expr::value(pair.refresh_token.as_str()))
        .col_expr(portal::Column::AccessExpiresAt, Expr::value(pair.access_expires_at))
        .col_expr(portal::Column::TokenVersion, Expr::value(version.saturating_add(1)))
        .col_expr(portal::Column::TokenChangedAt, Expr::value(now))
        .col_expr(portal::Column::RefreshOwner, Expr::value(None::<String>))
        .col_expr(portal::Column::RefreshUntil, Expr::value(None::<Ms>))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::TokenVersion.eq(version))
        .exec(db)
        .await?;
    Ok(result.rows_affected == 1)
}

/// Moves the state of that version of the portal; `false` when it is in none of the states `from`, or the version moved.
pub async fn set_status(
    db: &impl Conn,
    portal: &str,
    version: i64,
    from: &[PortalStatus],
    (to, reason): (PortalStatus, Option<&str>),
    now: Ms,
) -> DbResult<bool> {
    let result = portal::Entity::update_many()
        .col_expr(portal::Column::Status, Expr::value(to.as_str()))
        .col_expr(portal::Column::StatusReason, Expr::value(reason.map(str::to_owned)))
        .col_expr(portal::Column::RefreshOwner, Expr::value(None::<String>))
        .col_expr(portal::Column::RefreshUntil, Expr::value(None::<Ms>))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::TokenVersion.eq(version))
        .filter(portal::Column::Status.is_in(from.iter().map(|status| status.as_str())))
        .exec(db)
        .await?;
    Ok(result.rows_affected == 1)
}

/// Ends the installation of that version: tokens erased, the application token kept so that a repeated event is recognised.
pub async fn uninstall(db: &impl Conn, portal: &str, version: i64, purge_at: Ms, now: Ms) -> DbResult<bool> {
    let result = portal::Entity::update_many()
        .col_expr(portal::Column::Status, Expr::value(PortalStatus::Uninstalled.as_str()))
        .col_expr(portal::Column::StatusReason, Expr::value(None::<String>))
        .col_expr(portal::Column::AccessToken, Expr::value(""))
        .col_expr(portal::Column::RefreshToken, Expr::value(""))
        .col_expr(portal::Column::AccessExpiresAt, Expr::value(0_i64))
        .col_expr(portal::Column::TokenVersion, Expr::value(version.saturating_add(1)))
        .col_expr(portal::Column::RefreshOwner, Expr::value(None::<String>))
        .col_expr(portal::Column::RefreshUntil, Expr::value(None::<Ms>))
        .col_expr(portal::Column::RegistrationHash, Expr::value(None::<String>))
        .col_expr(portal::Column::UninstalledAt, Expr::value(now))
        .col_expr(portal::Column::PurgeAt, Expr::value(purge_at))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::TokenVersion.eq(version))
        .exec(db)
        .await?;
    Ok(result.rows_affected == 1)
}

/// The portal's proven new address.
pub async fn set_address(db: &impl Conn, portal: &str, domain: &str, client_endpoint: &str, now: Ms) -> DbResult<()> {
    portal::Entity::update_many()
        .col_expr(portal::Column::Domain, Expr::value(domain))
        .col_expr(portal::Column::ClientEndpoint, Expr::value(client_endpoint))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .exec(db)
        .await?;
    Ok(())
}

/// What the portal's robots were registered from; `None` when something failed and has to be tried again.
pub async fn set_registration(db: &impl Conn, portal: &str, hash: Option<&str>, now: Ms) -> DbResult<()> {
    portal::Entity::update_many()
        .col_expr(portal::Column::RegistrationHash, Expr::value(hash.map(str::to_owned)))
        .col_expr(portal::Column::RegisteredAt, Expr::value(now))
        .col_expr(portal::Column::UpdatedAt, Expr::value(now))
        .filter(portal::Column::MemberId.eq(portal))
        .exec(db)
        .await?;
    Ok(())
}

/// Ready jobs of these kinds that wait for a later moment run at `at`: a portal came back, or somebody asked for it now.
pub async fn bring_forward(db: &impl Conn, portal: &str, kinds: &[&str], at: Ms) -> DbResult<u64> {
    let result = job::Entity::update_many()
        .col_expr(job::Column::RunAt, Expr::value(at))
        .filter(job::Column::Portal.eq(portal))
        .filter(job::Column::State.eq("ready"))
        .filter(job::Column::Kind.is_in(kinds.iter().copied()))
        .filter(job::Column::RunAt.gt(at))
        .exec(db)
        .await?;
    Ok(result.rows_affected)
}

/// The ready job of this kind and key runs at `at` if it waits for a later moment.
pub async fn bring_forward_keyed(db: &impl Conn, portal: &str, (kind, key): (&str, &str), at: Ms) -> DbResult<u64> {
    let result = job::Entity::update_many()
        .col_expr(job::Column::RunAt, Expr::value(at))
        .filter(job::Column::Portal.eq(portal))
        .filter(job::Column::State.eq("ready"))
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::IdemKey.eq(key))
        .filter(job::Column::RunAt.gt(at))
        .exec(db)
        .await?;
    Ok(result.rows_affected)
}
