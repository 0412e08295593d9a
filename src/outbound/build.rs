//! From a plain request value to the client's own.

use super::OutboundError;
use crate::domain::http::{Body, HttpRequest, Method};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// Parses an absolute URL.
pub(super) fn parse(url: &str) -> Result<Url, OutboundError> {
    Url::parse(url).map_err(|_| OutboundError::Blocked("not an address".to_owned()))
}

/// The URL with its query pairs.
pub(super) fn url(request: &HttpRequest) -> Result<Url, OutboundError> {
    let mut url = parse(&request.url)?;
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    Ok(url)
}

fn not_built(what: &str) -> OutboundError {
    OutboundError::NotSent(format!("request cannot be built: {what}"))
}

fn headers(request: &HttpRequest) -> Result<HeaderMap, OutboundError> {
    let plain = request.headers.iter().map(|(name, value)| (name, value.as_str(), false));
    let secret = request.secret_headers.iter().map(|(name, value)| (name, value.expose(), true));
    let mut map = HeaderMap::new();
    for (name, value, sensitive) in plain.chain(secret) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| not_built("header name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| not_built("header value"))?;
        value.set_sensitive(sensitive);
        map.append(name, value);
    }
    Ok(map)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Builds the client's request; opens the file of a file body.
pub(super) async fn request(client: &reqwest::Client, url: Url, request: HttpRequest) -> Result<reqwest::Request, OutboundError> {
    let headers = headers(&request)?;
    let builder = client.request(method(request.method), url);
    let builder = match request.body {
        Body::Empty => builder,
        Body::Form(pairs) => {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
        }
        Body::Json(value) => builder.header(CONTENT_TYPE, "application/json").body(value.to_string()),
        Body::File { fields, part, path, file_name, mime } => {
            let file = tokio::fs::File::open(&path).await.map_err(|_| not_built("file cannot be read"))?;
            let length = file.metadata().await.map_err(|_| not_built("file cannot be read"))?.len();
            let stream = reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::new(file));
            let body = reqwest::multipart::Part::stream_with_length(stream, length).file_name(file_name).mime_str(&mime);
            let form = fields.into_iter().fold(reqwest::multipart::Form::new(), |form, (name, value)| form.text(name, value));
            builder.multipart(form.part(part, body.map_err(|_| not_built("MIME type"))?))
        }
    };
    builder.headers(headers).build().map_err(|error| not_built(&error.without_url().to_string()))
}
