//! Around every request: an id, a span with the route's pattern (never its target), security headers, metrics, one log line,
//! and problems turned into documents in the caller's language.

use super::problem::{Code, Problem, of_framework};
use super::routes::ON_METRICS_LISTENER;
use super::{State, language};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};
use std::time::Instant;
use tracing::Instrument as _;

/// Files answer HEAD by themselves: their bytes are not even read.
const OWN_HEAD: &str = "/media/";

/// Stands in the extensions of a request that asked with HEAD: an answer without an end must not begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bodiless;

/// Names one request in the log, in problems and in the answer's `X-Request-Id`.
#[derive(Debug, Clone)]
pub struct RequestId(String);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id given to this request.
    pub(super) fn of(request: &actix_web::HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self(String::new()))
    }
}

/// The middleware.
///
/// # Errors
/// Never: errors become answers here.
pub(super) async fn request(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId(request.app_data::<Data<State>>().map(|state| state.ctx.ids.id("req", state.ctx.clock.now())).unwrap_or_default());
    request.extensions_mut().insert(id.clone());
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = %route);
    let started = Instant::now();
    let hidden = request.app_data::<Data<State>>().is_some_and(|state| state.is_metrics_listener(request.request()))
        && !ON_METRICS_LISTENER.contains(&request.path());
    if method == Method::HEAD && !request.path().starts_with(OWN_HEAD) {
        // Every GET answers HEAD alike; the connection leaves the body out, since it has seen the method on the wire.
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(Bodiless);
    }
    let refused = if hidden { Some(Problem::new(Code::RouteUnknown)) } else { nameless(&request) };
    let mut response = if let Some(problem) = refused {
        let (http_request, _) = request.into_parts();
        let document = problem.render(language::of(&http_request), &id);
        ServiceResponse::new(http_request, document)
    } else {
        // No clone of the request may be alive here: the framework writes the route's matches into it. Errors of handlers and
        // extractors come as answers that carry their error.
        answered(next.call(request).instrument(span.clone()).await?, &id)
    };
    protect(response.headers_mut(), &id);
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    metrics::histogram!("courier24_http_request_seconds", "route" => route.clone()).record(elapsed.as_secs_f64());
    metrics::counter!("courier24_http_requests_total", "route" => route, "method" => method_label(&method), "status" => status.to_string())
        .increment(1);
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        span.in_scope(|| tracing::error!(http.status = status, duration_ms, "request failed"));
    } else if status >= 400 {
        span.in_scope(|| tracing::info!(http.status = status, duration_ms, "request refused"));
    } else {
        span.in_scope(|| tracing::debug!(http.status = status, duration_ms, "request answered"));
    }
    Ok(response)
}

/// No row and no value is named with U+0000, and not every database can be asked for it.
fn nameless(request: &ServiceRequest) -> Option<Problem> {
    const NUL: &str = "%00";
    let uri = request.uri();
    if !uri.path().starts_with("/api/") {
        return None;
    }
    let in_query = || {
        uri.query()
            .filter(|query| query.contains(NUL))
            .map(|_| Problem::new(Code::QueryInvalid).with("name", "%00").with("allowed", "a text without it"))
    };
    if uri.path().contains(NUL) { Some(Problem::new(Code::NotFound)) } else { in_query() }
}

/// Methods of a peer's own invention must not multiply the series.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

/// An answer as it is, or the document of the problem it stands for.
fn answered<B: MessageBody + 'static>(response: ServiceResponse<B>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let document = response.response().error().map(|error| told(error, response.request(), id));
    match document {
        Some(document) => ServiceResponse::new(response.into_parts().0, document),
        None => response.map_into_boxed_body(),
    }
}

fn told(error: &Error, request: &actix_web::HttpRequest, id: &RequestId) -> actix_web::HttpResponse {
    let status = error.as_response_error().status_code();
    let problem = error.as_error::<Problem>().cloned().unwrap_or_else(|| {
        if status.is_server_error() {
            tracing::error!(request.id = %id, "the framework failed a request");
        }
        of_framework(status)
    });
    problem.render(language::of(request), id)
}

/// Headers of every answer; a page sets its own policy before.
fn protect(headers: &mut header::HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// What is no route at all.
pub(super) async fn unknown_route() -> Result<actix_web::HttpResponse, Problem> {
    std::future::ready(Err(of_framework(StatusCode::NOT_FOUND))).await
}
