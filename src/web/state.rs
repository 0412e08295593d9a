//! What handlers share.

use crate::db::DbResult;
use crate::db::crypto::Place;
use crate::db::store::api_portal;
use crate::domain::secret::Secret;
use crate::flow::Ctx;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long another replica's change of a portal may stay unseen. Our own changes are seen at once.
const PORTAL_TTL: Duration = Duration::from_secs(2);
/// Portals kept in memory.
const PORTALS: u64 = 10_000;

/// Whether the workers of this process live; `true` where this process has none.
pub type Alive = Arc<dyn Fn() -> bool + Send + Sync>;

/// Handed over by `app`.
pub struct Parts {
    /// What use cases need.
    pub ctx: Ctx,
    /// Bearer token of the operator API; empty = off.
    pub operator_token: Secret,
    /// Renders `/metrics`.
    pub metrics: Option<PrometheusHandle>,
    /// Readiness asks it.
    pub workers_alive: Alive,
}

/// One for the process, shared by all server threads.
pub struct State {
    /// What use cases need.
    pub ctx: Ctx,
    pub(super) operator_token: Secret,
    pub(super) metrics: Option<PrometheusHandle>,
    pub(super) workers_alive: Alive,
    /// The last robot call could not be committed.
    pub(super) accept_failed: AtomicBool,
    portals: moka::future::Cache<String, Arc<KnownPortal>>,
}

/// What proves a robot call or an event.
#[derive(Debug)]
pub(super) struct KnownPortal {
    application_token: Secret,
    uninstalled: bool,
}

impl State {
    /// Builds the shared state.
    pub fn new(parts: Parts) -> Self {
        let portals = moka::future::Cache::builder().max_capacity(PORTALS).time_to_live(PORTAL_TTL).build();
        Self {
            ctx: parts.ctx,
            operator_token: parts.operator_token,
            metrics: parts.metrics,
            workers_alive: parts.workers_alive,
            accept_failed: AtomicBool::new(false),
            portals,
        }
    }

    /// Whether this token is the one of a portal that has the application installed.
    ///
    /// A mismatch is judged again on fresh data before it is believed: Bitrix24 never repeats a call, and a re-installation in
    /// another replica may have changed the token a moment ago.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn knows(&self, member_id: &str, application_token: &Secret) -> DbResult<bool> {
        if let Some(known) = self.portals.get(member_id).await
            && known.is_proven_by(application_token)
        {
            return Ok(true);
        }
        let Some(fresh) = self.load(member_id).await? else { return Ok(false) };
        let proven = fresh.is_proven_by(application_token);
        self.portals.insert(member_id.to_owned(), Arc::new(fresh)).await;
        Ok(proven)
    }

    /// Forgets what is remembered of a portal, after an event that may have changed it.
    pub(super) async fn forget(&self, member_id: &str) {
        self.portals.invalidate(member_id).await;
    }

    /// Notes whether accepting works, for readiness and metrics.
    pub(super) fn accepted(&self, committed: bool) {
        self.accept_failed.store(!committed, Ordering::Relaxed);
        metrics::counter!("courier24_accept_total", "committed" => if committed { "yes" } else { "no" }).increment(1);
    }

    async fn load(&self, member_id: &str) -> DbResult<Option<KnownPortal>> {
        let Some(portal) = api_portal::find(self.ctx.db.read(), member_id).await? else { return Ok(None) };
        let place = Place { table: "portal", column: "application_token", portal: member_id, row: member_id };
        let application_token = self.ctx.sealer.open(place, &portal.application_token).unwrap_or_else(|error| {
            tracing::error!(portal.id = member_id, error = %error, "the application token of a portal does not open");
            Secret::default()
        });
        Ok(Some(KnownPortal { application_token, uninstalled: portal.status == "uninstalled" }))
    }
}

impl KnownPortal {
    fn is_proven_by(&self, token: &Secret) -> bool {
        !self.uninstalled && self.application_token.matches(token.expose())
    }
}
