//! Use cases, one verb per file: the one-way path of DESIGN.md 3. Files hand over to each other only through jobs.

pub mod accept_call;
pub mod accept_hook;
pub mod accepter;
pub mod adopt;
pub mod alarm;
pub mod answer;
mod arrival;
pub mod auto_reply;
pub mod breaker;
pub mod card;
mod catalog;
pub mod channel;
pub mod close_unknown;
pub mod consent;
pub mod content;
pub mod deadline;
pub mod deliver;
mod desk;
mod ending;
pub mod erase;
mod facts;
mod failover;
pub mod fetch_media;
pub mod find_document;
pub mod follow_up;
mod free_entry;
mod gate;
pub mod install;
pub mod mark_opt_in;
pub mod mark_read;
pub mod media;
pub mod news;
mod outgoing;
pub mod pace;
pub mod page_session;
mod phones;
pub mod portal_cache;
pub mod portal_event;
pub mod portal_settings;
pub mod portal_state;
pub mod portal_view;
pub mod preview;
mod provider_ask;
pub mod purge;
pub mod quick_replies;
mod quiet;
pub mod reach;
pub mod receive;
mod recheck;
pub mod redrive;
pub mod register;
mod register_placements;
pub mod register_plan;
mod register_triggers;
pub mod results;
pub mod run_call;
pub mod settle;
pub mod stages;
pub mod sync_templates;
mod template_choice;
pub mod theme;
pub mod token;
pub mod trigger;
mod waits;
pub mod window_timer;
pub mod write_back;

use crate::bitrix::{Bitrix, BitrixError, TokenError};
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
    /// Portals by `member_id`, for every inbound request.
    pub portals: Arc<portal_cache::PortalCache>,
    /// Whose turn it is to prove a portal that told no application token.
    pub turns: Arc<adopt::Turns>,
    /// Viewers' tokens that portals did not accept.
    pub rejections: Arc<install::Rejections>,
    /// Robots.
    pub catalog: Arc<Catalog>,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// How fast channels and recipients may be written to.
    pub pace: Arc<pace::Pace>,
    /// Settings of the flow.
    pub settings: Arc<FlowSettings>,
    /// Wakes workers of this process after a commit that stored jobs.
    pub wake: Arc<Notify>,
    /// What stages of portals mean.
    pub stages: Arc<stages::Stages>,
    /// Group commit of what is answered with 200.
    pub accepter: accepter::Accepter,
}

impl Ctx {
    /// The same for one owner's work: owners take turns at writing.
    #[must_use]
    pub fn on_behalf_of(&self, owner: &str) -> Self {
        Self { db: self.db.on_behalf_of(owner), ..self.clone() }
    }
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
    /// The pages are built into this binary: robots have a settings page, cards have tabs.
    pub pages: bool,
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

/// How long a job waits for a portal that is paused or without authorization; it is brought forward when the portal is back.
const PORTAL_WAIT: Ms = crate::domain::clock::HOUR;

impl JobError {
    /// What a failed REST call means for the job that made it. `Refused` is final; who can do better looks at it first.
    /// `Unknown` is a plain retry: only for calls that may safely be repeated.
    pub fn from_bitrix(error: &BitrixError, now: Ms) -> Self {
        let why = error.to_string();
        match error {
            BitrixError::Budget { at } => Self::Defer { at: *at, why },
            BitrixError::Later { at, .. } => Self::Retry { after_ms: Some(at.saturating_sub(now).max(0)), why },
            BitrixError::Unknown { .. } => Self::Retry { after_ms: None, why },
            BitrixError::Refused(_) | BitrixError::Token(TokenError::NotInstalled) => Self::Fail { why },
            BitrixError::Token(TokenError::AuthLost | TokenError::Paused(_)) => Self::Defer { at: now.saturating_add(PORTAL_WAIT), why },
            BitrixError::Token(TokenError::Unavailable(_)) => Self::Retry { after_ms: None, why },
        }
    }
}

/// What handlers return: the jobs they did not finish, each with its disposition. All others are complete.
pub type Leftover = Vec<(Claimed, JobError)>;
