//! Use cases, one verb per file: the one-way path of DESIGN.md 3. Files hand over to each other only through jobs.

pub mod accept_call;
pub mod accept_hook;
pub mod accepter;
pub mod alarm;
pub mod answer;
mod catalog;
pub mod channel;
pub mod erase;
mod facts;
pub mod mark_opt_in;
pub mod media;
pub mod pace;
mod phones;
pub mod portal_view;
pub mod purge;
pub mod receive;
pub mod results;
pub mod settle;
pub mod sync_templates;
pub mod write_back;

use crate::bitrix::Bitrix;
use crate::catalog::Catalog;
use crate::db::crypto::Sealer;
use crate::db::{Db, DbError};
use crate::domain::clock::{Clock, Ms};
use crate::domain::ids::Ids;
use crate::outbound::Outbound;
use crate::queue::{Claimed, FinishError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Notify;

/// Everything a use case may touch; built by `app`, passed to web and worker.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// Database.
    pub db: Db,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and tokens.
    pub ids: Arc<dyn Ids>,
    /// HTTP.
    pub outbound: Outbound,
    /// Bitrix24 REST.
    pub bitrix: Bitrix,
    /// Robots.
    pub catalog: Arc<Catalog>,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// Settings of the flow.
    pub settings: Arc<FlowSettings>,
    /// Wakes workers of this process after a commit that stored jobs.
    pub wake: Arc<Notify>,
    /// Group commit of what is answered with 200.
    pub accepter: accepter::Accepter,
}

/// What the use cases need of the configuration.
#[derive(Debug, Clone)]
pub struct FlowSettings {
    /// Without a trailing slash.
    pub public_url: String,
    /// Application keys.
    pub client_id: String,
    /// Application keys.
    pub client_secret: crate::domain::secret::Secret,
    /// Origins of authorization servers.
    pub auth_hosts: Vec<String>,
    /// Provider bases: `GUPSHUP_URL` → origin.
    pub provider_bases: BTreeMap<String, String>,
    /// http and private addresses allowed (demo, tests).
    pub allow_private: bool,
    /// Copies of files.
    pub media_dir: PathBuf,
    /// Largest file, bytes.
    pub media_max_bytes: u64,
    /// Sending is paused (`--hold-sends`).
    pub hold_sends: bool,
    /// This process, new at each start.
    pub boot_id: String,
}

/// What happens to a job that its handler could not finish.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum JobError {
    /// Not a failure: come again then (budget, pause, another's turn).
    Defer {
        /// When.
        at: Ms,
        /// Why.
        why: String,
    },
    /// A failure that may pass: own backoff or later, as asked; buried after the last try.
    Retry {
        /// At least this long, ms.
        after_ms: Option<Ms>,
        /// Why.
        why: String,
    },
    /// Will never work: buried at once.
    Fail {
        /// Why.
        why: String,
    },
    /// Somebody else holds it now: forget it.
    LeaseLost,
}

impl From<DbError> for JobError {
    fn from(error: DbError) -> Self {
        Self::Retry { after_ms: None, why: error.to_string() }
    }
}

impl From<FinishError> for JobError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Db(error) => error.into(),
        }
    }
}

/// What handlers return: the jobs they did not finish, each with its disposition. All others are complete.
pub type Leftover = Vec<(Claimed, JobError)>;
