//! What a page inside Bitrix24 may do: an opaque token in the page's memory, its hash here, with the viewer's own token sealed.
//!
//! Rights are the viewer's: whether an administrator, and which document they were able to read with their own token when the page
//! was opened. Nothing the browser says later widens them.

use super::Ctx;
use super::install::Viewer;
use crate::db::crypto::Place;
use crate::db::entity::page_session::Model;
use crate::db::store::page_session as store;
use crate::db::{DbError, DbResult};
use crate::domain::clock::{MINUTE, Ms};
use crate::domain::secret::Secret;

/// How long a page's token holds; the page renews it with a fresh token of its viewer.
pub const LIFE: Ms = 15 * MINUTE;
/// Tells a page's token from the operator's.
const PREFIX: &str = "page_";

/// A page that shows itself with its token.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Portal.
    pub portal: String,
    /// Viewer.
    pub user_id: String,
    /// Whether an administrator of the portal.
    pub admin: bool,
    /// Placement code.
    pub placement: String,
    /// `DEAL_512` when the page stands in a document that the viewer may read.
    pub document: Option<String>,
    /// The viewer's own access token.
    pub access: Secret,
    /// When the token is over.
    pub expires_at: Ms,
}

/// A token just made.
#[derive(Debug, Clone)]
pub struct Opened {
    /// For the page's memory only.
    pub token: String,
    /// Its end.
    pub expires_at: Ms,
}

/// Where a page stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Placement code.
    pub placement: String,
    /// Document proven readable with the viewer's token.
    pub document: Option<String>,
}

/// Stores a session of a proven viewer.
///
/// # Errors
/// The database failed.
pub async fn open(ctx: &Ctx, viewer: &Viewer, access: &Secret, standing: Standing) -> DbResult<Opened> {
    let now = ctx.clock.now();
    let portal = viewer.portal.member_id.as_str();
    let token = format!("{PREFIX}{portal}_{}", ctx.ids.token());
    let hash = hash_of(ctx, &token);
    let sealed = ctx.sealer.seal(place(portal, &hash), access);
    let session = Model {
        token_hash: hash,
        portal: portal.to_owned(),
        user_id: viewer.user_id.clone(),
        admin: i64::from(viewer.admin),
        placement: standing.placement,
        document: standing.document,
        viewer_token: sealed,
        created_at: now,
        expires_at: now.saturating_add(LIFE),
    };
    let tx = ctx.db.begin().await?;
    store::insert(&*tx, session).await?;
    tx.commit("page_session.opened").await?;
    Ok(Opened { token, expires_at: now.saturating_add(LIFE) })
}

/// Portal that a page token names; `None` for what is no page token.
pub fn portal_of(token: &str) -> Option<&str> {
    token.strip_prefix(PREFIX)?.rsplit_once('_').map(|(portal, _)| portal).filter(|portal| !portal.is_empty())
}

/// The page that shows this token, while it holds.
///
/// # Errors
/// The database failed, or the stored token does not open.
pub async fn find(ctx: &Ctx, token: &str) -> DbResult<Option<Visitor>> {
    let Some(portal) = portal_of(token) else { return Ok(None) };
    let hash = hash_of(ctx, token);
    let Some(row) = store::find(ctx.db.read(), portal, &hash, ctx.clock.now()).await? else { return Ok(None) };
    let access = ctx.sealer.open(place(portal, &hash), &row.viewer_token);
    let access = access.map_err(|error| DbError::Corrupt(format!("page session: {error}")))?;
    Ok(Some(Visitor {
        portal: row.portal,
        user_id: row.user_id,
        admin: row.admin != 0,
        placement: row.placement,
        document: row.document,
        access,
        expires_at: row.expires_at,
    }))
}

fn hash_of(ctx: &Ctx, token: &str) -> String {
    ctx.sealer.hash("page-token", token, true)
}

fn place<'a>(portal: &'a str, hash: &'a str) -> Place<'a> {
    Place { table: "page_session", column: "viewer_token", portal, row: hash }
}
