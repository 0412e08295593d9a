//! An HTTP exchange as plain values: what pure adapters build and read. `outbound` performs it.

use super::secret::Secret;
use bytes::Bytes;
use serde_json::Value;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

/// The body of a request.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// `application/x-www-form-urlencoded`, in order.
    Form(Vec<(String, String)>),
    /// `application/json`.
    Json(Value),
    /// `multipart/form-data` with one streamed file.
    File {
        /// Text parts.
        fields: Vec<(String, String)>,
        /// Name of the file part.
        part: String,
        /// File on local disk.
        path: std::path::PathBuf,
        /// Name told to the peer.
        file_name: String,
        /// MIME type told to the peer.
        mime: String,
    },
}

/// One outgoing request. `url` may contain no secret unless the vendor forces it; then `secret_url` is true.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Absolute URL.
    pub url: String,
    /// Query pairs, appended encoded.
    pub query: Vec<(String, String)>,
    /// Plain headers.
    pub headers: Vec<(String, String)>,
    /// Headers whose value is a secret.
    pub secret_headers: Vec<(String, Secret)>,
    /// The body.
    pub body: Body,
}

impl HttpRequest {
    /// A request without query, headers and body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), query: Vec::new(), headers: Vec::new(), secret_headers: Vec::new(), body: Body::Empty }
    }
}

/// One complete answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body, capped by the caller's limit.
    pub body: Bytes,
}

impl HttpResponse {
    /// First header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
