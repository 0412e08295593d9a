//! The simulators' own way onto the network: one client, no redirects, no kept connections.
//!
//! Connections are not pooled: a vendor's queue does not keep them, and a pooled connection to a service that was killed
//! and started again would lose a call for a reason no vendor has.

use std::time::Duration;

/// Chooses the cryptography of TLS for this process; call once before any client is built. Further calls do nothing.
pub fn install_tls() {
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// A client that waits at most `timeout` for a whole answer. `None` when the system offers no TLS at all.
#[expect(clippy::disallowed_methods, reason = "the simulators speak for the vendors and must not share the program's client")]
pub(crate) fn client(timeout: Duration) -> Option<reqwest::Client> {
    install_tls();
    reqwest::Client::builder()
        .timeout(timeout)
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("Bitrix24 Webhook Engine (simulated)")
        .build()
        .ok()
}

/// Sends a prepared request.
#[expect(clippy::disallowed_methods, reason = "the one place where the simulators leave over HTTP")]
pub(crate) async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
    request.send().await
}
