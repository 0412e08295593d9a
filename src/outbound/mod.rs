//! The only place that performs HTTP: timeouts, redaction, metrics, Retry-After, body caps, SSRF guard, crash points.
//! SIGNATURES ARE FIXED (may grow), bodies to be written by the outbound owner.

use crate::domain::clock::Ms;
use crate::domain::crash::Crash;
use crate::domain::http::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// Who is on the other end: a metrics label and the guard's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A Bitrix24 portal (address from data: guarded).
    Portal,
    /// An authorization server (from settings).
    Authorization,
    /// A provider's API (from settings, or a tenant's own gateway address: guarded).
    Provider,
    /// A file source named by a tenant (guarded).
    File,
}

/// Why there is no complete answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The guard refused the address; nothing was contacted.
    #[error("address refused: {0}")]
    Blocked(String),
    /// DNS, connect or TLS failed: no byte of the request left.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have left; no complete answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The answer was larger than the cap.
    #[error("answer too large")]
    TooLarge,
}

/// Settings of outgoing HTTP.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// http, loopback and private addresses allowed (demo, tests).
    pub allow_private: bool,
    /// `host[:port]` or CIDR that may be reached although private or http.
    pub private_hosts: Vec<String>,
    /// Our own listener, never reachable through the guard.
    pub own_port: Option<u16>,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time for the whole exchange.
    pub total_timeout: Duration,
    /// Most bytes of an answer read into memory.
    pub answer_cap_bytes: usize,
}

/// Performs HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    settings: Arc<OutboundSettings>,
    crash: Arc<Crash>,
    client: reqwest::Client,
}

impl Outbound {
    /// Performs one exchange without following redirects. `point` names this wire call for the crash tests.
    ///
    /// # Errors
    /// [`OutboundError`]: only `NoAnswer` and `TooLarge` may have had an effect at the peer.
    pub async fn send(&self, _point: &'static str, _peer: Peer, _request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let _ = (&self.settings, &self.crash, &self.client);
        todo!()
    }
}

/// Reads `Retry-After` (seconds or HTTP date) as milliseconds from `now`.
pub fn retry_after_ms(_answer: &HttpResponse, _now: Ms) -> Option<Ms> {
    todo!()
}
