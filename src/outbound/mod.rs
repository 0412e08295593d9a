//! The only place that performs HTTP: timeouts, redaction, metrics, Retry-After, body caps, SSRF guard, crash points.
//!
//! One exchange ends in one of three ways that matter to a sender: a complete answer, *certainly not sent* (refused by the guard,
//! DNS, connect, TLS), or *nobody knows* (anything after the first byte may have left). Redirects are never followed by `send`.
//! No error text carries a URL, header or body: addresses may contain tokens.

mod address;
mod build;
mod client;
mod exchange;
mod fetch;
mod guard;
mod pins;
pub mod sniff;
#[cfg(test)]
mod tests;

pub use client::install_tls;
pub use fetch::{FetchError, Fetched};
pub use guard::{BadEntry, Reach, check_entry};

use crate::domain::clock::Ms;
use crate::domain::crash::Crash;
use crate::domain::http::{HttpRequest, HttpResponse};
use pins::Pins;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

impl Peer {
    /// The metrics label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Authorization => "authorization",
            Self::Provider => "provider",
            Self::File => "file",
        }
    }
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

impl OutboundError {
    /// The metrics label.
    fn label(&self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::NotSent(_) => "not_sent",
            Self::NoAnswer(_) => "no_answer",
            Self::TooLarge => "too_large",
        }
    }
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

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow_private: false,
            private_hosts: Vec::new(),
            own_port: None,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            answer_cap_bytes: 16 * 1024 * 1024,
        }
    }
}

/// Why HTTP cannot be set up at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// An entry of `PRIVATE_HOSTS` is no `host[:port]` and no CIDR.
    #[error("PRIVATE_HOSTS: {0}")]
    Entry(#[from] BadEntry),
    /// TLS roots or the client itself.
    #[error("HTTP client: {0}")]
    Client(String),
}

/// Performs HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    settings: Arc<OutboundSettings>,
    crash: Arc<Crash>,
    client: reqwest::Client,
    pins: Arc<Pins>,
}

impl Outbound {
    /// Sets up the client. Installs the TLS provider of the process if nobody has.
    ///
    /// # Errors
    /// [`SetupError`] for a bad `PRIVATE_HOSTS` entry or missing TLS roots.
    pub fn new(settings: OutboundSettings, crash: Arc<Crash>) -> Result<Self, SetupError> {
        let guard = guard::Guard::new(&settings)?;
        let pins = Arc::new(Pins::new(guard, settings.connect_timeout));
        let client = client::build(&settings, Arc::clone(&pins))?;
        Ok(Self { settings: Arc::new(settings), crash, client, pins })
    }

    /// Performs one exchange without following redirects. `point` names this wire call for the crash tests.
    ///
    /// # Errors
    /// [`OutboundError`]: only `NoAnswer` and `TooLarge` may have had an effect at the peer.
    pub async fn send(&self, point: &'static str, peer: Peer, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let started = Instant::now();
        let result = self.exchange(point, request).await;
        let outcome = match &result {
            Ok(answer) => status_label(answer.status),
            Err(error) => error.label(),
        };
        measure(peer, outcome, started);
        result
    }

    /// Resolves an address and says on which side of the guard it lies, without contacting it.
    ///
    /// # Errors
    /// `Blocked` when it may not be contacted, `NotSent` when the name does not resolve.
    pub async fn reach(&self, url: &str) -> Result<Reach, OutboundError> {
        let url = build::parse(url)?;
        self.pins.admit(&url).await
    }
}

/// `2xx` … `5xx`.
fn status_label(status: u16) -> &'static str {
    match status / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

fn measure(peer: Peer, outcome: &'static str, started: Instant) {
    let labels = [("peer", peer.label()), ("outcome", outcome)];
    metrics::histogram!("courier24_http_seconds", &labels).record(started.elapsed().as_secs_f64());
    metrics::counter!("courier24_http_total", &labels).increment(1);
}

/// Reads `Retry-After` (seconds or HTTP date) as milliseconds from `now`, at most a day.
pub fn retry_after_ms(answer: &HttpResponse, now: Ms) -> Option<Ms> {
    answer.retry_after_ms(Some(now))
}
