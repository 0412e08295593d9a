//! The network's own HTTP client: callbacks out, media in. It shares nothing with `outbound`.

use super::delivery::Callback;
use futures::StreamExt as _;
use std::sync::LazyLock;
use std::time::Duration;

/// Gupshup waits this long for an answer to a callback (reference 4.10).
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);
const MEDIA_TIMEOUT: Duration = Duration::from_secs(20);
const MB: usize = 1024 * 1024;

/// Why a file cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaProblem {
    /// No 200, or not the type that was announced.
    Unusable,
    /// Larger than the vendor takes (reference 5.6).
    TooLarge,
}

/// A client without kept connections: it is used from several runtimes, and a kept connection belongs to one. Made once, since it
/// reads all of the system's certificates.
///
/// # Errors
/// When the TLS set-up is refused.
#[expect(clippy::disallowed_methods, reason = "the simulators have an HTTP client of their own")]
pub(in crate::sim) fn client() -> std::io::Result<reqwest::Client> {
    static CLIENT: LazyLock<Result<reqwest::Client, String>> = LazyLock::new(|| {
        // A second call in one process finds the provider installed; that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::limited(3))
            .user_agent("gupshup-simulator")
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())
    });
    CLIENT.clone().map_err(std::io::Error::other)
}

/// Posts a callback; the status of the answer, if one came.
#[expect(clippy::disallowed_methods, reason = "the simulators have an HTTP client of their own")]
pub(super) async fn post(http: &reqwest::Client, callback: &Callback) -> Option<u16> {
    let mut request = http.post(&callback.url).timeout(CALLBACK_TIMEOUT).json(&callback.body);
    for (name, value) in &callback.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    // An answer counts when it is complete.
    answer.bytes().await.ok().map(|_| status)
}

/// Fetches a file as the vendor would.
///
/// # Errors
/// [`MediaProblem`].
#[expect(clippy::disallowed_methods, reason = "the simulators have an HTTP client of their own")]
pub(super) async fn fetch_media(http: &reqwest::Client, kind: &str, url: &str) -> Result<(), MediaProblem> {
    let answer = http.get(url).timeout(MEDIA_TIMEOUT).send().await.map_err(|_| MediaProblem::Unusable)?;
    let mime = answer.headers().get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if answer.status() != reqwest::StatusCode::OK || !plausible(kind, &mime) {
        return Err(MediaProblem::Unusable);
    }
    let limit = size_limit(kind);
    let mut size: usize = 0;
    let mut body = answer.bytes_stream();
    while let Some(chunk) = body.next().await {
        size = size.saturating_add(chunk.map_err(|_| MediaProblem::Unusable)?.len());
        if size > limit {
            return Err(MediaProblem::TooLarge);
        }
    }
    if size == 0 { Err(MediaProblem::Unusable) } else { Ok(()) }
}

/// Most bytes of a kind (reference 5.6).
pub(super) fn size_limit(kind: &str) -> usize {
    match kind {
        "image" => 5 * MB,
        "video" | "audio" | "gif" => 16 * MB,
        "sticker" => 500 * 1024,
        _ => 100 * MB,
    }
}

/// Whether a content type fits the kind (reference 5.6).
pub(super) fn plausible(kind: &str, mime: &str) -> bool {
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind {
        "image" => matches!(mime.as_str(), "image/jpeg" | "image/png"),
        "video" | "gif" => matches!(mime.as_str(), "video/mp4" | "video/3gpp"),
        "audio" => matches!(mime.as_str(), "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg"),
        "sticker" => mime == "image/webp",
        _ => !mime.is_empty() && mime != "text/html",
    }
}
