//! Portals in memory: what every inbound request has to know of its portal, tokens unsealed.
//!
//! Correct with several replicas: an entry lives five seconds at most, changes made here are forgotten at once, and a token that
//! does not match is compared with a fresh row before anybody is refused. Never decides about tokens; `flow/token` does.

use crate::db::crypto::{Place, SealError, Sealer};
use crate::db::entity::portal::Model;
use crate::db::store::portal as store;
use crate::db::store::portal::PortalStatus;
use crate::db::{Db, DbError, DbResult};
use crate::domain::clock::{Clock, Ms, SECOND};
use crate::domain::secret::Secret;
use moka::future::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest life of an entry.
const TTL: Ms = 5 * SECOND;
/// Portals kept.
const CAPACITY: u64 = 20_000;

/// A portal as the flow sees it.
#[derive(Debug, Clone)]
pub struct PortalFacts {
    /// Key.
    pub member_id: String,
    /// Host, by proof.
    pub domain: String,
    /// REST base, by proof.
    pub client_endpoint: String,
    /// Authorization server's REST base.
    pub server_endpoint: String,
    /// State.
    pub status: PortalStatus,
    /// Why it is in that state.
    pub status_reason: Option<String>,
    /// Proof of inbound requests; empty when the portal never told one.
    pub application_token: Secret,
    /// Administrator's token; empty when uninstalled.
    pub access_token: Secret,
    /// Its end.
    pub access_expires_at: Ms,
    /// Version of the pair.
    pub token_version: i64,
    /// When the pair was stored.
    pub token_changed_at: Ms,
    /// Installing administrator.
    pub installer_user_id: String,
    /// Two letters.
    pub lang: String,
    /// JSON settings.
    pub settings: serde_json::Value,
    /// When the row was read.
    pub read_at: Ms,
}

/// The cache; one for an application.
#[derive(Debug)]
pub struct PortalCache {
    db: Db,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    entries: Cache<String, Arc<PortalFacts>>,
    /// Grows with each `forget`, so that a row read before a change is not put back after it.
    generation: AtomicU64,
}

/// Place of a portal's sealed column.
pub(super) fn place<'a>(column: &'static str, portal: &'a str) -> Place<'a> {
    Place { table: "portal", column, portal, row: portal }
}

pub(super) fn open(sealer: &Sealer, column: &'static str, portal: &str, sealed: &str) -> Result<Secret, SealError> {
    if sealed.is_empty() { Ok(Secret::default()) } else { sealer.open(place(column, portal), sealed) }
}

/// Unseals a row.
///
/// # Errors
/// [`DbError::Corrupt`] for a foreign state word or a value that does not open.
pub(super) fn facts(sealer: &Sealer, row: Model, now: Ms) -> DbResult<PortalFacts> {
    let corrupt = |error: SealError| DbError::Corrupt(format!("portal tokens: {error}"));
    Ok(PortalFacts {
        status: PortalStatus::parse(&row.status)?,
        application_token: open(sealer, "application_token", &row.member_id, &row.application_token).map_err(corrupt)?,
        access_token: open(sealer, "access_token", &row.member_id, &row.access_token).map_err(corrupt)?,
        settings: serde_json::from_str(&row.settings).unwrap_or_else(|_| serde_json::json!({})),
        member_id: row.member_id,
        domain: row.domain,
        client_endpoint: row.client_endpoint,
        server_endpoint: row.server_endpoint,
        status_reason: row.status_reason,
        access_expires_at: row.access_expires_at,
        token_version: row.token_version,
        token_changed_at: row.token_changed_at,
        installer_user_id: row.installer_user_id,
        lang: row.lang,
        read_at: now,
    })
}

impl PortalCache {
    /// An empty cache.
    pub fn new(db: Db, sealer: Arc<Sealer>, clock: Arc<dyn Clock>) -> Self {
        Self { db, sealer, clock, entries: Cache::builder().max_capacity(CAPACITY).build(), generation: AtomicU64::new(0) }
    }

    /// A portal, at most five seconds old; `None` when it never was installed.
    ///
    /// # Errors
    /// [`DbError`] when the row cannot be read.
    pub async fn get(&self, member_id: &str) -> DbResult<Option<Arc<PortalFacts>>> {
        if let Some(entry) = self.entries.get(member_id).await {
            let age = self.clock.now().saturating_sub(entry.read_at);
            if (0..TTL).contains(&age) {
                return Ok(Some(entry));
            }
        }
        self.fresh(member_id).await
    }

    /// A portal as the database has it now.
    ///
    /// # Errors
    /// As [`PortalCache::get`].
    pub async fn fresh(&self, member_id: &str) -> DbResult<Option<Arc<PortalFacts>>> {
        let generation = self.generation.load(Ordering::SeqCst);
        let Some(row) = store::find(self.db.read(), member_id).await? else { return Ok(None) };
        let entry = Arc::new(facts(&self.sealer, row, self.clock.now())?);
        if self.generation.load(Ordering::SeqCst) == generation {
            self.entries.insert(member_id.to_owned(), Arc::clone(&entry)).await;
        }
        Ok(Some(entry))
    }

    /// The portal that this `application_token` proves, uninstalled ones included. A mismatch is compared with a fresh row once,
    /// since another replica may just have stored a new token.
    ///
    /// # Errors
    /// As [`PortalCache::get`].
    pub async fn prove(&self, member_id: &str, application_token: &Secret) -> DbResult<Option<Arc<PortalFacts>>> {
        let matches = |entry: &Arc<PortalFacts>| entry.application_token.matches(application_token.expose());
        if let Some(entry) = self.get(member_id).await?
            && matches(&entry)
        {
            return Ok(Some(entry));
        }
        Ok(self.fresh(member_id).await?.filter(matches))
    }

    /// Forgets a portal whose row has just changed.
    pub async fn forget(&self, member_id: &str) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.entries.invalidate(member_id).await;
    }
}
