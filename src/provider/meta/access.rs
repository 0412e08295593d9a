//! Addresses and the token of the Graph API.

use crate::domain::http::{HttpRequest, Method};
use crate::domain::secret::Secret;
use crate::provider::{ChannelConfig, mac};

/// Version of the Graph API; a channel's own `api_version` goes before. Versions live about two years.
const VERSION: &str = "v23.0";

/// A request under `META_GRAPH_URL/{version}`.
pub(super) fn request(channel: &ChannelConfig, method: Method, path: &[&str]) -> HttpRequest {
    let base = Some(channel.base("META_GRAPH_URL")).filter(|base| !base.is_empty()).unwrap_or("https://graph.facebook.com");
    let version = Some(channel.text("api_version")).filter(|version| !version.is_empty()).unwrap_or(VERSION);
    let url = match url::Url::parse(base) {
        Ok(mut url) => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().push(version).extend(path);
            }
            url.to_string()
        }
        // Not an address: the request fails in the guard, which says so.
        Err(_) => base.to_owned(),
    };
    let mut request = HttpRequest::new(method, url);
    let token = channel.secret("access_token");
    if channel.text("app_secret_proof") == "yes" {
        let proof = mac::sha256_hex(&channel.secret("app_secret"), token.expose().as_bytes());
        request.query.push(("appsecret_proof".to_owned(), proof));
    }
    request.secret_headers.push(("authorization".to_owned(), Secret::new(format!("Bearer {}", token.expose()))));
    request
}
