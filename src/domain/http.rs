//! An HTTP exchange as plain values: what pure adapters build and read. `outbound` performs it.

use super::clock::{DAY, Ms, SECOND};
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

    /// `Retry-After` (seconds or HTTP date) as milliseconds from `now`, never above a day. Without a clock the answer's own
    /// `Date` header stands for now.
    pub fn retry_after_ms(&self, now: Option<Ms>) -> Option<Ms> {
        let told = self.header("retry-after")?.trim();
        let wait = match told.parse::<i64>() {
            Ok(seconds) => seconds.saturating_mul(SECOND),
            Err(_) => http_date(told)?.saturating_sub(now.or_else(|| http_date(self.header("date")?))?),
        };
        Some(wait.clamp(0, DAY))
    }
}

/// An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`) as epoch milliseconds.
fn http_date(text: &str) -> Option<Ms> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(|moment| moment.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> HttpResponse {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpResponse { status: 429, headers, body: Bytes::new() }
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_capped() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let moment = 784_111_777_000;
        type Row<'a> = (&'a [(&'a str, &'a str)], Option<Ms>, Option<Ms>);
        let table: [Row<'_>; 8] = [
            (&[("retry-after", "7")], Some(0), Some(7_000)),
            (&[("retry-after", " 0 ")], None, Some(0)),
            (&[("retry-after", "-5")], None, Some(0)),
            (&[("retry-after", "99999999999")], None, Some(DAY)),
            (&[("retry-after", date)], Some(moment - 3_000), Some(3_000)),
            (&[("retry-after", date)], Some(moment + 3_000), Some(0)),
            (&[("retry-after", date), ("date", "Sun, 06 Nov 1994 08:49:30 GMT")], None, Some(7_000)),
            (&[("retry-after", "soon")], Some(0), None),
        ];
        for (headers, now, wanted) in table {
            assert_eq!(answer(headers).retry_after_ms(now), wanted, "{headers:?} at {now:?}");
        }
        assert_eq!(answer(&[]).retry_after_ms(Some(0)), None);
    }
}
