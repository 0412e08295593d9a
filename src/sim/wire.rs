//! The simulators' own way onto the network: one client, no redirects, no kept connections.
//!
//! Connections are not pooled: a vendor's queue does not keep them, and a pooled connection to a service that was killed
//! and started again would lose a call for a reason no vendor has.

use std::sync::LazyLock;

/// Chooses the cryptography of TLS for this process; call once before any client is built. Further calls do nothing.
pub fn install_tls() {
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// The vendors' client: it keeps no connection, so that several runtimes may use it, and is made once, since it reads all of the system's
/// certificates. Each request says how long it waits. `None` when the system offers no TLS at all.
#[expect(clippy::disallowed_methods, reason = "the simulators speak for the vendors and must not share the program's client")]
pub(crate) fn client() -> Option<reqwest::Client> {
    static CLIENT: LazyLock<Option<reqwest::Client>> = LazyLock::new(|| {
        install_tls();
        reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("Bitrix24 Webhook Engine (simulated)")
            .build()
            .ok()
    });
    CLIENT.clone()
}

/// Sends a prepared request.
#[expect(clippy::disallowed_methods, reason = "the one place where the simulators leave over HTTP")]
pub(crate) async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
    request.send().await
}
