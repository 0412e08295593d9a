//! The authorization server's wire: refresh of a token pair and the trusted `app.info` (reference/bitrix24.md A.6, A.8).
//!
//! Pure builders and readers. Which host may be asked is decided here by the settings' list and nowhere by a request's text.

use super::{RestError, form};
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::secret::Secret;
use serde_json::{Map, Value, json};
use url::Url;

/// A fresh pair.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenPair {
    /// Access token.
    pub access_token: Secret,
    /// Refresh token; the former one is dead.
    pub refresh_token: Secret,
    /// Lifetime of the access token, seconds.
    pub expires_in: i64,
    /// Whose.
    pub member_id: String,
    /// Acting user, empty when not told.
    pub user_id: String,
}

/// How a refresh ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RefreshAnswer {
    /// New pair: store it before anything else.
    Pair(TokenPair),
    /// The refresh token is used up, expired or revoked.
    Lost(String),
    /// Our client id or secret is not accepted.
    WrongClient(String),
    /// The application was removed from the portal.
    NotInstalled(String),
    /// The subscription ended.
    Payment,
    /// Nobody knows; ask again later.
    Later(String),
}

/// What the authorization server says of a token.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AppInfo {
    /// Application's client id, when named.
    pub client_id: String,
    /// Application's code: a local application's is its client id.
    pub code: String,
    /// Portal.
    pub member_id: String,
    /// Portal's host as the server knows it.
    pub domain: String,
    /// `https://{domain}/rest/` when told.
    pub client_endpoint: String,
    /// User of the token.
    pub user_id: String,
    /// Plan.
    pub license: String,
    /// Application's version.
    pub version: String,
}

/// Whose application a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// Ours.
    Ours,
    /// Another one.
    Alien,
    /// Not named: only a refresh with our keys can tell.
    Unnamed,
}

/// The origin of a `server_endpoint` when it is one of the allowed authorization servers.
pub fn allowed_origin(server_endpoint: &str, auth_hosts: &[String]) -> Option<String> {
    let told = origin(server_endpoint)?;
    auth_hosts.iter().filter_map(|host| origin(host)).find(|allowed| *allowed == told)
}

/// `scheme://host[:port]` of an http(s) address without user info; default ports vanish.
pub fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    (plain && url.host_str().is_some()).then(|| url.origin().ascii_serialization())
}

/// `host[:port]` of an address, lower case, default ports removed.
pub fn authority(address: &str) -> Option<String> {
    let origin = origin(address)?;
    origin.split_once("://").map(|(_, authority)| authority.to_owned())
}

/// The REST base of an origin.
pub fn endpoint(origin: &str) -> String {
    format!("{origin}/rest/")
}

/// Refresh as a form POST, so that the secret stays out of addresses.
pub fn refresh_request(origin: &str, client_id: &str, client_secret: &Secret, refresh_token: &Secret) -> HttpRequest {
    let mut request = HttpRequest::new(Method::Post, format!("{origin}/oauth/token/"));
    request.headers.push(("accept".to_owned(), "application/json".to_owned()));
    request.body = Body::Form(vec![
        ("grant_type".to_owned(), "refresh_token".to_owned()),
        ("client_id".to_owned(), client_id.to_owned()),
        ("client_secret".to_owned(), client_secret.expose().to_owned()),
        ("refresh_token".to_owned(), refresh_token.expose().to_owned()),
    ]);
    request
}

/// Reads a refresh's answer. The `error` key is looked at first, since `wrong_client` comes with HTTP 200.
pub fn read_refresh(answer: &HttpResponse) -> RefreshAnswer {
    let Some(body) = answer.json().filter(Value::is_object) else {
        return RefreshAnswer::Later(format!("authorization server: http {} without JSON", answer.status));
    };
    if let Some(error) = RestError::read(answer.status, &body) {
        let line = error.line();
        return match error.code.as_str() {
            "INVALID_GRANT" | "BAD_VERIFICATION_CODE" | "EXPIRED_TOKEN" => RefreshAnswer::Lost(line),
            "WRONG_CLIENT" | "INVALID_CLIENT" | "INVALID_SCOPE" | "INSUFFICIENT_SCOPE" => RefreshAnswer::WrongClient(line),
            "NOT_INSTALLED" | "APPLICATION_NOT_FOUND" | "ERROR_OAUTH" | "PORTAL_DELETED" => RefreshAnswer::NotInstalled(line),
            "PAYMENT_REQUIRED" => RefreshAnswer::Payment,
            _ => RefreshAnswer::Later(format!("authorization server: http {} {line}", answer.status)),
        };
    }
    let Value::Object(map) = &body else { return RefreshAnswer::Later("authorization server: not an object".to_owned()) };
    match pair(map) {
        Some(pair) if answer.is_success() => RefreshAnswer::Pair(pair),
        _ => RefreshAnswer::Later(format!("authorization server: http {} without tokens", answer.status)),
    }
}

fn pair(map: &Map<String, Value>) -> Option<TokenPair> {
    let access_token = form::text(map, "access_token");
    let refresh_token = form::text(map, "refresh_token");
    if access_token.is_empty() || refresh_token.is_empty() {
        return None;
    }
    Some(TokenPair {
        access_token: Secret::new(access_token),
        refresh_token: Secret::new(refresh_token),
        expires_in: form::text(map, "expires_in").parse().unwrap_or(3_600),
        member_id: form::text(map, "member_id"),
        user_id: form::text(map, "user_id"),
    })
}

/// `app.info` with the token in the body.
pub fn app_info_request(origin: &str, token: &Secret) -> HttpRequest {
    let mut request = HttpRequest::new(Method::Post, format!("{origin}/rest/app.info"));
    request.headers.push(("accept".to_owned(), "application/json".to_owned()));
    request.body = Body::Json(json!({"auth": token.expose()}));
    request
}

/// `app.info` as the vendor's documents write it, for servers that read only the query.
pub fn app_info_query_request(origin: &str, token: &Secret) -> HttpRequest {
    let mut request = HttpRequest::new(Method::Get, format!("{origin}/rest/app.info"));
    request.headers.push(("accept".to_owned(), "application/json".to_owned()));
    request.query.push(("auth".to_owned(), token.expose().to_owned()));
    request
}

/// Reads the trusted `app.info`; names are compared without case, and facts may stand beside or inside `install`.
pub fn read_app_info(result: &Value) -> Option<AppInfo> {
    let map = result.as_object()?;
    let empty = Map::new();
    let install = form::field(map, "install").and_then(Value::as_object).unwrap_or(&empty);
    let either = |key: &str| {
        let text = form::text(install, key);
        if text.is_empty() { form::text(map, key) } else { text }
    };
    Some(AppInfo {
        client_id: either("client_id"),
        code: either("code"),
        // Only what `install` says of the portal is a proof.
        member_id: form::text(install, "member_id"),
        domain: form::text(install, "domain"),
        client_endpoint: form::text(install, "client_endpoint"),
        user_id: form::text(map, "user_id"),
        license: either("license"),
        version: either("version"),
    })
}

impl AppInfo {
    /// Whose application this is.
    pub fn application(&self, client_id: &str) -> Application {
        let named = if self.client_id.is_empty() { &self.code } else { &self.client_id };
        if named.is_empty() {
            return Application::Unnamed;
        }
        if named == client_id {
            return Application::Ours;
        }
        // A marketplace application's CODE is its catalogue name, not its client id.
        let is_client_id = named.starts_with("local.") || named.starts_with("app.");
        if self.client_id.is_empty() && !is_client_id { Application::Unnamed } else { Application::Alien }
    }

    /// The portal's REST base by this proof. A server that names only the domain means https, unless http is allowed
    /// and the domain is a bare address with a port (the simulated portal).
    pub fn endpoint(&self, http_allowed: bool) -> Option<String> {
        if let Some(origin) = origin(&self.client_endpoint) {
            return Some(endpoint(&origin));
        }
        let domain = self.domain.trim().trim_end_matches('/');
        if domain.is_empty() {
            return None;
        }
        if domain.contains("://") {
            return origin(domain).map(|origin| endpoint(&origin));
        }
        let bare = domain.starts_with("127.0.0.1") || domain.starts_with("localhost") || domain.starts_with("[::1]");
        let scheme = if http_allowed && bare { "http" } else { "https" };
        origin(&format!("{scheme}://{domain}")).map(|origin| endpoint(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: Value) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.to_string().into() }
    }

    #[test]
    fn only_listed_origins_are_authorization_servers() {
        let hosts = ["https://oauth.bitrix.info".to_owned(), "http://127.0.0.1:8099".to_owned()];
        for (endpoint, expected) in [
            ("https://oauth.bitrix.info/rest/", Some("https://oauth.bitrix.info")),
            ("https://OAUTH.bitrix.info:443/rest", Some("https://oauth.bitrix.info")),
            ("http://127.0.0.1:8099/rest/", Some("http://127.0.0.1:8099")),
            ("http://oauth.bitrix.info/rest/", None),
            ("https://oauth.bitrix.info.evil.example/rest/", None),
            ("https://oauth.bitrix.info@evil.example/rest/", None),
            ("https://u:p@oauth.bitrix.info/rest/", None),
            ("file:///oauth.bitrix.info", None),
            ("", None),
        ] {
            assert_eq!(allowed_origin(endpoint, &hosts).as_deref(), expected, "{endpoint}");
        }
    }

    #[test]
    fn refresh_answers() {
        let pair = json!({"access_token": "a", "refresh_token": "r", "expires_in": 3600, "member_id": "m"});
        assert!(matches!(read_refresh(&answer(200, pair)), RefreshAnswer::Pair(pair) if pair.expires_in == 3_600));
        assert!(matches!(read_refresh(&answer(200, json!({"error": "wrong_client"}))), RefreshAnswer::WrongClient(_)));
        assert!(matches!(read_refresh(&answer(400, json!({"error": "invalid_grant"}))), RefreshAnswer::Lost(_)));
        assert!(matches!(read_refresh(&answer(401, json!({"error": "NOT_INSTALLED"}))), RefreshAnswer::NotInstalled(_)));
        assert_eq!(read_refresh(&answer(401, json!({"error": "PAYMENT_REQUIRED"}))), RefreshAnswer::Payment);
        assert!(matches!(read_refresh(&answer(500, json!({"error": "x"}))), RefreshAnswer::Later(_)));
        assert!(matches!(read_refresh(&answer(200, json!({}))), RefreshAnswer::Later(_)));
    }

    #[test]
    fn an_application_is_ours_alien_or_unnamed() {
        for (client_id, code, expected) in [
            ("local.1", "", Application::Ours),
            ("", "local.1", Application::Ours),
            ("local.2", "local.1", Application::Alien),
            ("", "local.2", Application::Alien),
            ("", "vendor.whatsapp", Application::Unnamed),
            ("", "", Application::Unnamed),
        ] {
            let info = AppInfo { client_id: client_id.to_owned(), code: code.to_owned(), ..AppInfo::default() };
            assert_eq!(info.application("local.1"), expected, "{client_id} {code}");
        }
    }

    #[test]
    fn the_endpoint_comes_from_the_proof() {
        let info = |client_endpoint: &str, domain: &str| AppInfo {
            client_endpoint: client_endpoint.to_owned(),
            domain: domain.to_owned(),
            ..AppInfo::default()
        };
        assert_eq!(info("https://a.bitrix24.ru/rest/", "x").endpoint(false).as_deref(), Some("https://a.bitrix24.ru/rest/"));
        assert_eq!(info("", "a.bitrix24.ru").endpoint(false).as_deref(), Some("https://a.bitrix24.ru/rest/"));
        assert_eq!(info("", "127.0.0.1:8099").endpoint(true).as_deref(), Some("http://127.0.0.1:8099/rest/"));
        assert_eq!(info("", "").endpoint(true), None);
    }
}
