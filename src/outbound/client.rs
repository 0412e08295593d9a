//! The HTTP client itself: rustls with ring, no ambient proxy, no redirects, no retries of its own.

use super::pins::{PinnedResolver, Pins};
use super::{OutboundSettings, SetupError};
use reqwest::redirect::Policy;
use std::sync::Arc;
use std::time::Duration;

/// Idle connections are dropped before peers do it: a request written into a connection that is just being closed would end as
/// "nobody knows". Node's default is 5 s, the shortest in use.
const IDLE: Duration = Duration::from_secs(4);
/// Idle connections kept for one host: what a few portals have on the wire at once, or each wave would shake hands anew.
const IDLE_PER_HOST: usize = 128;

/// Makes ring the TLS provider of this process; later calls change nothing.
pub fn install_tls() {
    // An error means that somebody has installed one before: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[expect(clippy::disallowed_methods, reason = "this is the one home of the HTTP client")]
pub(super) fn build(settings: &OutboundSettings, pins: Arc<Pins>) -> Result<reqwest::Client, SetupError> {
    install_tls();
    reqwest::Client::builder()
        // One exchange on a connection at a time keeps "did the request leave?" answerable; HTTP/2 would not.
        .http1_only()
        .no_proxy()
        .redirect(Policy::none())
        // Even a "safe" automatic retry would be a second send by itself.
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .dns_resolver(PinnedResolver(pins))
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .user_agent(concat!("courier24/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SetupError::Client(error.without_url().to_string()))
}
