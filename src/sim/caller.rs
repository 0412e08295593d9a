//! A small JSON client for those who drive the service from outside: the demo, and tests of the operator API.

use serde_json::Value;
use std::time::Duration;

/// Calls one origin with one bearer token.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    origin: String,
    token: String,
}

/// A complete answer; a body that is no JSON is `null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Value,
}

impl Caller {
    /// A caller of `http://host:port`.
    ///
    /// # Errors
    /// When the TLS set-up is refused.
    pub fn new(origin: &str, token: &str) -> std::io::Result<Self> {
        let http = super::whatsapp::plain_client()?;
        Ok(Self { http, origin: origin.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// GET.
    ///
    /// # Errors
    /// No complete answer within 10 s.
    pub async fn get(&self, path: &str) -> std::io::Result<Answered> {
        self.send(self.http.get(format!("{}{path}", self.origin))).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// No complete answer within 10 s.
    pub async fn post(&self, path: &str, body: &Value) -> std::io::Result<Answered> {
        self.send(self.http.post(format!("{}{path}", self.origin)).json(body)).await
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    /// No complete answer within 10 s.
    pub async fn put(&self, path: &str, body: &Value) -> std::io::Result<Answered> {
        self.send(self.http.put(format!("{}{path}", self.origin)).json(body)).await
    }

    #[expect(clippy::disallowed_methods, reason = "the simulators have an HTTP client of their own")]
    async fn send(&self, request: reqwest::RequestBuilder) -> std::io::Result<Answered> {
        let request = request.bearer_auth(&self.token).timeout(Duration::from_secs(10));
        let answer = request.send().await.map_err(|error| std::io::Error::other(error.without_url()))?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(|error| std::io::Error::other(error.without_url()))?;
        Ok(Answered { status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}
