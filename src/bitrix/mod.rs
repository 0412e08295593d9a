//! Bitrix24: inbound forms, the REST client with its governor, and the wire shapes of bizproc, crm and oauth.
//!
//! Knows the vendor's wire (reference/bitrix24.md) and nothing of our database: tokens come through [`TokenStore`], which
//! `flow/token` implements. Readers are pure and lenient; the client decides what an answer proves, never what to do about it.

pub mod automation;
pub mod batch;
pub mod bizproc;
mod client;
pub mod crm;
mod errors;
pub mod form;
mod governor;
pub mod inbound;
pub mod oauth;
pub mod placement;

pub use client::{ADDRESS_REFUSED, ProofError};

use crate::domain::clock::{Clock, Ms};
use crate::domain::secret::Secret;
use crate::outbound::Outbound;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a REST call needs to know about a portal.
#[derive(Debug, Clone)]
pub struct Access {
    /// `https://{domain}/rest/`.
    pub client_endpoint: String,
    /// Authorization server's REST base, allow-listed.
    pub server_endpoint: String,
    /// The installing administrator's token.
    pub access_token: Secret,
    /// Grows with each refresh.
    pub version: i64,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Status `auth_lost`: an administrator has to open the application.
    #[error("authorization lost")]
    AuthLost,
    /// Status `uninstalled` or no such portal.
    #[error("not installed")]
    NotInstalled,
    /// Status `paused`.
    #[error("portal paused: {0}")]
    Paused(String),
    /// Authorization server or database not reachable; try later.
    #[error("token unavailable: {0}")]
    Unavailable(String),
}

/// Implemented by `flow/token`: storage, sealing, single-flight refresh across replicas, portal states.
pub trait TokenStore: Send + Sync + std::fmt::Debug {
    /// The current token, refreshed first when its time is past.
    fn access<'a>(&'a self, portal: &'a str) -> BoxFuture<'a, Result<Access, TokenError>>;
    /// The same for a portal that is `paused`, to ask whether it still is.
    fn access_while_paused<'a>(&'a self, portal: &'a str) -> BoxFuture<'a, Result<Access, TokenError>>;
    /// A newer token than `stale_version` (after `expired_token`).
    fn refresh<'a>(&'a self, portal: &'a str, stale_version: i64) -> BoxFuture<'a, Result<Access, TokenError>>;
    /// The portal answered from a new address and proved it (member_id checked by the caller through `app.info`).
    fn renamed<'a>(&'a self, portal: &'a str, client_endpoint: &'a str) -> BoxFuture<'a, ()>;
    /// The portal said something about itself (uninstalled, payment, overload, authorization lost) to the token of that version;
    /// nothing changes when the portal was installed anew meanwhile.
    fn observed<'a>(&'a self, portal: &'a str, version: i64, observation: Observation) -> BoxFuture<'a, ()>;
}

/// What an error says about the whole portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// invalid_token after a refresh, NO_AUTH_FOUND, authorization_error.
    AuthLost(String),
    /// APPLICATION_NOT_FOUND, ERROR_OAUTH, PORTAL_DELETED.
    Uninstalled(String),
    /// PAYMENT_REQUIRED (`payment`), commercial plans (`plan`), OVERLOAD_LIMIT (`overload`).
    Paused(String),
    /// A paused portal answers again.
    Back,
}

impl Observation {
    /// The same as seen by a call that has no token now.
    fn as_token_error(&self) -> TokenError {
        match self {
            Self::AuthLost(_) => TokenError::AuthLost,
            Self::Uninstalled(_) => TokenError::NotInstalled,
            Self::Paused(why) => TokenError::Paused(why.clone()),
            Self::Back => TokenError::Unavailable("state just changed".to_owned()),
        }
    }
}

/// One REST error as told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestError {
    /// HTTP status (200 inside a batch).
    pub status: u16,
    /// `error`, upper case; may be empty.
    pub code: String,
    /// `error_description`, shortened.
    pub text: String,
}

/// Why a REST call gave no result (reference/bitrix24.md F.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BitrixError {
    /// Our own governor: nothing was sent; next free slot.
    #[error("portal budget used until {at}")]
    Budget {
        /// When to come again.
        at: Ms,
    },
    /// Nothing happened there; try again after this moment (503 limit, 429, not connected, maintenance page, 5xx on reads).
    #[error("try later: {why}")]
    Later {
        /// When to come again.
        at: Ms,
        /// Why.
        why: String,
    },
    /// The request left and no readable answer came: it may have had its effect.
    #[error("unknown: {why}")]
    Unknown {
        /// Why.
        why: String,
    },
    /// The portal refused this call.
    #[error("refused: {} {}", .0.code, .0.text)]
    Refused(RestError),
    /// No usable token or the portal is not active.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// One command of a batch.
#[derive(Debug, Clone)]
pub struct Command {
    /// Name inside the batch, `[a-z0-9_]+`, unique.
    pub key: String,
    /// Method.
    pub method: String,
    /// Parameters; strings may contain `$result[key][field]` references.
    pub params: Value,
}

/// A robot call as received, `auth` cut out (pure parser, never panics).
#[derive(Debug, Clone, PartialEq)]
pub struct RobotCall {
    /// `auth[member_id]`.
    pub member_id: String,
    /// `auth[application_token]`.
    pub application_token: Secret,
    /// `auth[access_token]` of the step's user: proves a call of a portal that told no `application_token`; never stored.
    pub access_token: Secret,
    /// CODE.
    pub code: String,
    /// Idempotency key, byte-exact.
    pub event_token: String,
    /// Workflow.
    pub workflow_id: String,
    /// module, entity, id.
    pub document_id: [String; 3],
    /// Properties: strings or arrays of strings.
    pub properties: Map<String, Value>,
    /// `Y` or `N` of this step.
    pub use_subscription: bool,
    /// Seconds, 0 = for ever.
    pub timeout_seconds: i64,
    /// Portal time of creation, seconds.
    pub ts: Option<i64>,
    /// `auth[user_id]`.
    pub user_id: Option<String>,
}

/// Settings of the client.
#[derive(Debug, Clone)]
pub struct BitrixSettings {
    /// Requests a second for one portal (`BITRIX_RATE`).
    pub rate: u32,
    /// Requests that may leave at once (`BITRIX_BURST`).
    pub burst: u32,
    /// http portals and redirects to http allowed (demo, tests).
    pub allow_private: bool,
    /// `auth` origins that may be asked for a proof.
    pub auth_hosts: Vec<String>,
    /// Shard of a portal (`queue::shard_of`), for [`Bitrix::start_empty`].
    pub shard_of: fn(&str) -> i64,
}

/// The REST client of all portals. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bitrix {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    tokens: Arc<dyn TokenStore>,
    settings: Arc<BitrixSettings>,
    governor: Arc<governor::Governor>,
}
