//! One exchange and its three endings.

use super::{Outbound, OutboundError, build};
use crate::domain::crash::Moment;
use crate::domain::http::{HttpRequest, HttpResponse};
use bytes::{Bytes, BytesMut};
use std::error::Error as _;

/// Most characters of a cause kept for the journal.
const CAUSE_CHARS: usize = 200;

impl Outbound {
    pub(super) async fn exchange(&self, point: &'static str, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let url = build::url(&request)?;
        self.pins.admit(&url).await?;
        let built = build::request(&self.client, url, request).await?;
        self.crash.reach(point, Moment::Before).await;
        let result = match tokio::time::timeout(self.settings.total_timeout, self.answer(built)).await {
            Ok(result) => result,
            // Connecting has a shorter time of its own, so this is the answer that did not come.
            Err(_) => Err(OutboundError::NoAnswer(format!("nothing within {} s", self.settings.total_timeout.as_secs_f32()))),
        };
        self.crash.reach(point, Moment::After).await;
        result
    }

    async fn answer(&self, request: reqwest::Request) -> Result<HttpResponse, OutboundError> {
        let response = self.client.execute(request).await.map_err(ending)?;
        let (status, headers) = head(&response);
        let body = capped_body(response, self.settings.answer_cap_bytes).await?;
        Ok(HttpResponse { status, headers, body })
    }
}

/// Status and headers as plain values.
pub(super) fn head(response: &reqwest::Response) -> (u16, Vec<(String, String)>) {
    let plain = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), plain(value))).collect();
    (response.status().as_u16(), headers)
}

async fn capped_body(mut response: reqwest::Response, cap: usize) -> Result<Bytes, OutboundError> {
    let mut body = BytesMut::new();
    // A status without its whole body is no complete answer: the id may be in the part that is missing.
    while let Some(chunk) = response.chunk().await.map_err(after_head)? {
        if body.len().saturating_add(chunk.len()) > cap {
            return Err(OutboundError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Which of the endings an error of the client is: only what failed while connecting certainly sent nothing.
pub(super) fn ending(error: reqwest::Error) -> OutboundError {
    let certain = error.is_connect() || error.is_builder();
    let text = cause(&error.without_url());
    if certain { OutboundError::NotSent(text) } else { OutboundError::NoAnswer(text) }
}

/// An error while the answer's body was read.
pub(super) fn after_head(error: reqwest::Error) -> OutboundError {
    OutboundError::NoAnswer(cause(&error.without_url()))
}

/// The innermost words of an error without its URL, shortened.
fn cause(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        text = inner.to_string();
        next = inner.source();
    }
    text.chars().take(CAUSE_CHARS).collect()
}
