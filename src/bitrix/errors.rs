//! What a portal's HTTP answer means: the tables of reference/bitrix24.md A.7 and F.3, as one pure function.
//!
//! The status is judged first, then the code without case, then the text. Anything that is not JSON is a maintenance page,
//! a firewall or a gateway, and never a success.

use super::{Observation, RestError, form};
use crate::domain::clock::{Ms, from_wire_time};
use crate::domain::http::HttpResponse;
use serde_json::Value;

/// Most characters kept of `error_description`.
const TEXT_LIMIT: usize = 300;

/// What the answer means for this call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// The whole success envelope.
    Envelope(Value),
    /// The token's time is past: refresh once, repeat once.
    TokenExpired,
    /// The token is not known: refresh once, then the authorization is lost.
    TokenInvalid(String),
    /// It says something of the whole portal; the call did not run.
    Portal(Observation),
    /// Too many requests; the call did not run.
    RequestLimit,
    /// This method used up its operating time; it did not run.
    MethodLimit {
        /// When the window moves, if told.
        reset_at: Option<Ms>,
    },
    /// Maintenance or a firewall; the call did not run.
    Closed(String),
    /// The server failed somewhere: the call may have run.
    Broken(String),
    /// The portal lives elsewhere now.
    Moved(String),
    /// This call was refused.
    Refused(RestError),
}

impl RestError {
    /// Reads `{error, error_description}`; `None` when there is no `error` key. Numbers and other case are accepted.
    pub fn read(status: u16, body: &Value) -> Option<Self> {
        let map = body.as_object()?;
        let code = map.get("error").filter(|code| !code.is_null())?;
        let description = map.get("error_description").or_else(|| map.get("error_message")).map(form::scalar).unwrap_or_default();
        let code = match code {
            Value::Object(inner) => form::text(inner, "code"),
            other => form::scalar(other),
        };
        Some(Self { status, code: code.trim().to_uppercase(), text: description.chars().take(TEXT_LIMIT).collect() })
    }

    /// Whether the same command may succeed later without a change (limits, server failures, a token that ended meanwhile).
    pub fn temporary(&self) -> bool {
        matches!(
            self.code.as_str(),
            "QUERY_LIMIT_EXCEEDED"
                | "OPERATION_TIME_LIMIT"
                | "OVERLOAD_LIMIT"
                | "INTERNAL_SERVER_ERROR"
                | "ERROR_UNEXPECTED_ANSWER"
                | "EXPIRED_TOKEN"
                | "INVALID_TOKEN"
                | "METHOD_CONFIRM_WAITING"
                | super::batch::NO_RESULT
        )
    }

    /// Whether something of that name is already there (robots, event handlers, placements).
    pub fn says_already(&self) -> bool {
        let text = self.text.to_lowercase();
        self.code.contains("ALREADY") || text.contains("already") || text.contains("unable to set event handler")
    }

    /// Whether what was named does not exist: `ERROR_NOT_FOUND`, `NOT_FOUND`, `ERROR_ACTIVITY_NOT_FOUND`, or the text of classic methods.
    pub fn says_not_found(&self) -> bool {
        self.code.ends_with("NOT_FOUND") && self.code != "ERROR_METHOD_NOT_FOUND" || self.text.to_lowercase().contains("not found")
    }

    /// Whether the portal has no such method: plan or module without it.
    pub fn says_no_method(&self) -> bool {
        self.code == "ERROR_METHOD_NOT_FOUND"
    }

    /// For the journal: code and text.
    pub fn line(&self) -> String {
        format!("{} {}", self.code, self.text).trim().to_owned()
    }
}

/// Judges a complete answer.
pub(super) fn read(answer: &HttpResponse) -> Told {
    if matches!(answer.status, 301 | 302 | 307 | 308) {
        return match answer.header("location") {
            Some(location) => Told::Moved(location.to_owned()),
            None => Told::Closed(format!("http {} without Location", answer.status)),
        };
    }
    let Some(body) = answer.json().filter(Value::is_object) else { return without_json(answer.status) };
    if let Some(error) = RestError::read(answer.status, &body) {
        return judge(error, &body);
    }
    if answer.is_success() && body.get("result").is_some() {
        return match nested(&body) {
            Some(error) => Told::Refused(error),
            None => Told::Envelope(body),
        };
    }
    without_json(answer.status)
}

/// A failure told inside a success (`imconnector.register`): `{"result":{"result":false,"error":…}}`.
pub(super) fn nested(envelope: &Value) -> Option<RestError> {
    let result = envelope.get("result")?;
    let failed = result.get("result").is_some_and(|flag| flag == &Value::Bool(false)) && result.get("error").is_some();
    failed.then(|| RestError::read(200, result)).flatten()
}

fn without_json(status: u16) -> Told {
    match status {
        // A gateway or PHP gave up while the call was running.
        500 | 502 | 504 | 520..=599 => Told::Broken(format!("http {status} without the vendor's body")),
        429 => Told::RequestLimit,
        _ => Told::Closed(format!("http {status} without the vendor's body")),
    }
}

fn judge(error: RestError, body: &Value) -> Told {
    let status = error.status;
    match error.code.as_str() {
        "EXPIRED_TOKEN" => Told::TokenExpired,
        "INVALID_TOKEN" => Told::TokenInvalid(error.line()),
        "NO_AUTH_FOUND" | "AUTHORIZATION_ERROR" if status < 500 => Told::Portal(Observation::AuthLost(error.line())),
        "APPLICATION_NOT_FOUND" | "NOT_INSTALLED" if status < 500 => Told::Portal(Observation::Uninstalled(error.line())),
        "ERROR_OAUTH" if status < 500 && error.text.to_lowercase().contains("not installed") => {
            Told::Portal(Observation::Uninstalled(error.line()))
        }
        "ERROR_OAUTH" if status < 500 => Told::Portal(Observation::AuthLost(error.line())),
        "PORTAL_DELETED" => Told::Portal(Observation::Uninstalled(error.line())),
        "PAYMENT_REQUIRED" if status < 500 => Told::Portal(Observation::Paused("payment".to_owned())),
        "OVERLOAD_LIMIT" => Told::Portal(Observation::Paused("overload".to_owned())),
        "ACCESS_DENIED" if error.text.to_lowercase().contains("commercial plan") => Told::Portal(Observation::Paused("plan".to_owned())),
        "QUERY_LIMIT_EXCEEDED" => Told::RequestLimit,
        "OPERATION_TIME_LIMIT" => Told::MethodLimit { reset_at: reset_at(body) },
        _ => match status {
            429 => Told::RequestLimit,
            503 => Told::Closed(error.line()),
            500..=599 => Told::Broken(format!("http {status} {}", error.line())),
            _ => Told::Refused(error),
        },
    }
}

fn reset_at(body: &Value) -> Option<Ms> {
    body.pointer("/time/operating_reset_at").and_then(Value::as_i64).map(from_wire_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Told {
        read(&HttpResponse { status, headers: Vec::new(), body: body.to_owned().into() })
    }

    fn error(status: u16, code: &str, text: &str) -> Told {
        told(status, &serde_json::json!({"error": code, "error_description": text}).to_string())
    }

    #[test]
    fn every_row_of_the_error_table() {
        let lost = |line: &str| Told::Portal(Observation::AuthLost(line.to_owned()));
        let gone = |line: &str| Told::Portal(Observation::Uninstalled(line.to_owned()));
        let paused = |why: &str| Told::Portal(Observation::Paused(why.to_owned()));
        for (status, code, text, expected) in [
            (401, "expired_token", "", Told::TokenExpired),
            (401, "EXPIRED_TOKEN", "", Told::TokenExpired),
            (401, "invalid_token", "", Told::TokenInvalid("INVALID_TOKEN".to_owned())),
            (401, "NO_AUTH_FOUND", "", lost("NO_AUTH_FOUND")),
            (401, "authorization_error", "Unable", lost("AUTHORIZATION_ERROR Unable")),
            (401, "APPLICATION_NOT_FOUND", "", gone("APPLICATION_NOT_FOUND")),
            (401, "ERROR_OAUTH", "Application not installed", gone("ERROR_OAUTH Application not installed")),
            (410, "PORTAL_DELETED", "", gone("PORTAL_DELETED")),
            (500, "PORTAL_DELETED", "", gone("PORTAL_DELETED")),
            (401, "PAYMENT_REQUIRED", "", paused("payment")),
            (403, "ACCESS_DENIED", "REST is available only on commercial plans.", paused("plan")),
            (503, "OVERLOAD_LIMIT", "", paused("overload")),
            (503, "QUERY_LIMIT_EXCEEDED", "", Told::RequestLimit),
            (429, "OPERATION_TIME_LIMIT", "", Told::MethodLimit { reset_at: None }),
            (503, "SOMETHING", "", Told::Closed("SOMETHING".to_owned())),
            (500, "INTERNAL_SERVER_ERROR", "", Told::Broken("http 500 INTERNAL_SERVER_ERROR".to_owned())),
        ] {
            assert_eq!(error(status, code, text), expected, "{status} {code}");
        }
    }

    #[test]
    fn other_errors_are_refusals_of_this_call() {
        for (status, code) in [
            (400, ""),
            (400, "100"),
            (400, "ERROR_ARGUMENT"),
            (403, "ACCESS_DENIED"),
            (403, "insufficient_scope"),
            (401, "INVALID_CREDENTIALS"),
            (401, "METHOD_CONFIRM_WAITING"),
            (404, "ERROR_METHOD_NOT_FOUND"),
            (200, "ERROR_ARGUMENT"),
        ] {
            let expected = RestError { status, code: code.to_uppercase(), text: "t".to_owned() };
            assert_eq!(error(status, code, "t"), Told::Refused(expected), "{status} {code}");
        }
        assert_eq!(
            told(400, r#"{"error":0,"error_description":"x"}"#),
            Told::Refused(RestError { status: 400, code: "0".to_owned(), text: "x".to_owned() })
        );
    }

    #[test]
    fn only_json_with_a_result_is_a_success() {
        assert!(matches!(told(200, r#"{"result":null}"#), Told::Envelope(_)));
        assert!(matches!(told(200, r#"{"result":false,"time":{}}"#), Told::Envelope(_)));
        assert!(matches!(told(200, "<html>"), Told::Closed(_)));
        assert!(matches!(told(200, "[]"), Told::Closed(_)));
        assert!(matches!(told(403, "<html>"), Told::Closed(_)));
        assert!(matches!(told(503, "<html>"), Told::Closed(_)));
        assert!(matches!(told(502, "<html>"), Told::Broken(_)));
        assert!(matches!(told(504, ""), Told::Broken(_)));
        assert!(matches!(told(200, r#"{"result":{"result":false,"error":"ICON_REQUIRED"}}"#), Told::Refused(_)));
        assert!(matches!(told(302, ""), Told::Closed(_)));
    }
}
