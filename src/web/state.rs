//! What handlers share.

use super::listeners::Listeners;
use crate::domain::clock::Ms;
use crate::domain::secret::Secret;
use crate::flow::Ctx;
use crate::flow::card::Card;
use actix_web::HttpRequest;
use metrics_exporter_prometheus::PrometheusHandle;
use moka::future::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a card that a viewer was shown is kept in memory; how long it counts is `api::card`'s affair.
const CARD_LIFE: Duration = Duration::from_secs(60);
/// Cards remembered.
const CARDS: u64 = 2_000;

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
    /// Answers without an end are ended when it is cancelled.
    pub stopping: CancellationToken,
}

/// One for the process, shared by all server threads.
pub(crate) struct State {
    /// What use cases need.
    pub(super) ctx: Ctx,
    pub(super) operator_token: Secret,
    pub(super) metrics: Option<PrometheusHandle>,
    pub(super) workers_alive: Alive,
    /// Port of the listener that shows metrics and health only.
    pub(super) metrics_port: Option<u16>,
    /// The last robot call could not be committed.
    pub(super) accept_failed: AtomicBool,
    /// Documents as their viewers were shown them and when, by portal, user and document.
    pub(super) cards: Cache<String, (Ms, Arc<Card>)>,
    pub(super) stopping: CancellationToken,
    /// Places for pages that are told news.
    pub(super) listeners: Listeners,
}

impl State {
    /// Builds the shared state.
    pub(super) fn new(parts: Parts, metrics_port: Option<u16>) -> Self {
        // Both series stand there from the start: an alarm on the first refusal needs the zero before it.
        for committed in ["yes", "no"] {
            metrics::counter!("courier24_accept_total", "committed" => committed).increment(0);
        }
        Self {
            ctx: parts.ctx,
            operator_token: parts.operator_token,
            metrics: parts.metrics,
            workers_alive: parts.workers_alive,
            metrics_port,
            accept_failed: AtomicBool::new(false),
            stopping: parts.stopping,
            listeners: Listeners::default(),
            cards: Cache::builder().max_capacity(CARDS).time_to_live(CARD_LIFE).build(),
        }
    }

    /// Notes whether accepting works, for readiness and metrics.
    pub(super) fn accepted(&self, committed: bool) {
        self.accept_failed.store(!committed, Ordering::Relaxed);
        metrics::counter!("courier24_accept_total", "committed" => if committed { "yes" } else { "no" }).increment(1);
    }

    /// Whether a request came in through `METRICS_LISTEN`.
    pub(super) fn is_metrics_listener(&self, request: &HttpRequest) -> bool {
        self.metrics_port.is_some_and(|port| request.app_config().local_addr().port() == port)
    }
}
