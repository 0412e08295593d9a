//! One application: everything built from the settings, then run until stopped.
//!
//! `App::build` opens and proves (database, schema, key, catalogue, listener) and starts nothing that works on its own but the group commit;
//! `run_until_stopped` serves and works. A test builds the same application with its own clock, crash points, listener and timeouts.

mod running;
mod start;

use crate::config::{Config, Roles};
use crate::db::canary::KeyError;
use crate::db::connect::OpenError;
use crate::db::crypto::SealError;
use crate::db::migrate::SchemaError;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::crash::Crash;
use crate::domain::ids::{Ids, RandomIds};
use crate::flow::Ctx;
use crate::lifecycle::{Patience, Stopper};
use crate::outbound::{OutboundSettings, SetupError};
use crate::worker::Pulse;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

pub use running::RunError;

/// What a caller may bring along instead of the ordinary parts.
#[derive(Debug)]
pub struct Parts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and tokens.
    pub ids: Arc<dyn Ids>,
    /// Crash points.
    pub crash: Arc<Crash>,
    /// A bound listener; else `LISTEN` is bound.
    pub listener: Option<TcpListener>,
    /// Timeouts and caps of outgoing HTTP. What the settings say about addresses is put in here as well.
    pub outbound: OutboundSettings,
    /// What this process does; else `ROLES`. In virtual time: web alone, and `worker::run_due` by hand.
    pub roles: Option<Roles>,
    /// Make a missing SQLite file.
    pub create: bool,
    /// Migrate at start; else an outdated schema refuses to start.
    pub migrate: bool,
    /// Start with sending paused.
    pub hold_sends: bool,
    /// Offer the pages: they are built into this binary.
    pub pages: bool,
    /// Connections to PostgreSQL.
    pub max_connections: u32,
    /// How long an ordered stop may take.
    pub patience: Patience,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            crash: Arc::new(Crash::default()),
            listener: None,
            outbound: OutboundSettings::default(),
            roles: None,
            create: false,
            migrate: true,
            hold_sends: false,
            pages: crate::web::has_pages(),
            max_connections: 16,
            patience: Patience::default(),
        }
    }
}

/// Why the application does not start; sentences for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The schema does not fit.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A key is no key.
    #[error("MASTER_KEY or MASTER_KEY_OLD: {0}; make a key with `openssl rand -base64 32`")]
    KeyShape(#[from] SealError),
    /// The wrong key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Robots or locales are broken.
    #[error("{0}")]
    Catalog(String),
    /// Outgoing HTTP cannot be set up.
    #[error(transparent)]
    Outbound(#[from] SetupError),
    /// Nobody can listen there.
    #[error("cannot listen on {address}: {reason}; correct LISTEN or stop who listens there")]
    Listen {
        /// Address and port.
        address: SocketAddr,
        /// The operating system's words.
        reason: String,
    },
    /// Another recorder was installed.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(String),
    /// The folder of files cannot be made.
    #[error("MEDIA_DIR cannot be used: {0}")]
    MediaDir(String),
}

/// A built application.
#[derive(Debug)]
pub struct App {
    ctx: Ctx,
    config: Config,
    roles: Roles,
    listener: Option<TcpListener>,
    metrics_listener: Option<TcpListener>,
    port: u16,
    metrics: PrometheusHandle,
    pulse: Pulse,
    stopper: Stopper,
    patience: Patience,
    accepter: AbortOnDropHandle<()>,
}

impl App {
    /// Opens and proves everything; needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`StartError`], a sentence for the operator; nothing keeps running then.
    pub async fn build(config: Config, parts: Parts) -> Result<Self, StartError> {
        start::build(config, parts).await
    }

    /// What use cases work with; stories read and `run_due` through it.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The port it listens on; 0 without the web role.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Asks it to stop; also for signals: `app.stopper().obey_signals()`.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves and works until stopped: then no new requests, what is under way is finished, leases are given back.
    /// When the returned future is dropped everything stops as at a kill.
    ///
    /// # Errors
    /// [`RunError`] when a part that must not end has ended: the process has to end with a non-zero code.
    pub async fn run_until_stopped(self) -> Result<(), RunError> {
        running::run(self).await
    }
}
