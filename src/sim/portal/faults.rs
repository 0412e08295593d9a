//! Faults on demand: "the next N calls of this method answer 503", maintenance pages, hangs, cut connections, redirects.
//!
//! A rule names a REST method (also when it rides inside a batch), `*`, or `oauth/token` and `oauth/app.info` on the
//! authorization server. Faults of the whole exchange strike the request that carries the method; an error below 500 inside a
//! batch strikes only its command.

use super::error::Refusal;
use super::server::Outgoing;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// A JSON error; nothing is done.
    Error {
        /// HTTP status.
        status: u16,
        /// `error`.
        code: String,
        /// `error_description`.
        #[serde(default)]
        text: String,
    },
    /// A page of HTML instead of JSON (maintenance, WAF); nothing is done.
    Html {
        /// HTTP status, often 200 or 503.
        status: u16,
    },
    /// 302 to another address; nothing is done.
    Redirect {
        /// `Location`.
        location: String,
    },
    /// The request is read and never answered; nothing is done.
    Hang,
    /// The connection is cut before anything is done.
    Reset,
    /// Everything is done, then the connection is cut without an answer.
    LoseReply,
    /// Everything is done, then no answer ever comes.
    HangReply,
    /// Everything is done, then a 500 is told.
    FailReply,
    /// The answer comes late.
    Slow {
        /// Real milliseconds.
        ms: u64,
    },
    /// 200 with bytes that are no JSON.
    Garbage,
}

impl Fault {
    /// 503 `QUERY_LIMIT_EXCEEDED`.
    pub fn too_many_requests() -> Self {
        Self::error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    }

    /// 503 `OVERLOAD_LIMIT`: blocked by hand.
    pub fn overload() -> Self {
        Self::error(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload.")
    }

    /// 429 `OPERATION_TIME_LIMIT`.
    pub fn operation_time() -> Self {
        Self::error(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
    }

    /// 500 `INTERNAL_SERVER_ERROR`.
    pub fn internal() -> Self {
        Self::error(500, "INTERNAL_SERVER_ERROR", "Internal server error")
    }

    /// Any JSON error.
    pub fn error(status: u16, code: &str, text: &str) -> Self {
        Self::Error { status, code: code.into(), text: text.into() }
    }

    /// Only the one command of a batch is struck.
    fn is_of_command(&self) -> bool {
        matches!(self, Self::Error { status, code, .. } if *status < 500 && *status != 401 || code == "OPERATION_TIME_LIMIT")
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Method, or `*`.
    #[serde(default = "any_method")]
    pub method: String,
    /// Calls that still pass unharmed.
    #[serde(default)]
    pub skip: u32,
    /// Calls that are struck; absent = until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// What strikes.
    pub fault: Fault,
}

fn any_method() -> String {
    "*".into()
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) rules: Vec<FaultRule>,
}

impl Faults {
    /// A fault for a whole request that carries these methods (the outer one first).
    pub(crate) fn for_request(&mut self, methods: &[&str]) -> Option<Fault> {
        let batch = methods.len() > 1;
        self.take(|rule| {
            let named = methods.iter().any(|method| rule.method == *method);
            let of_command = batch && rule.method != "batch" && rule.fault.is_of_command();
            rule.method == "*" || (named && !of_command)
        })
    }

    /// An error for one command inside a batch.
    pub(crate) fn for_command(&mut self, method: &str) -> Option<Refusal> {
        let fault = self.take(|rule| rule.method == method && rule.fault.is_of_command())?;
        fault.refusal()
    }

    fn take(&mut self, fits: impl Fn(&FaultRule) -> bool) -> Option<Fault> {
        let mut struck = None;
        for rule in &mut self.rules {
            if rule.times == Some(0) || !fits(rule) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times = rule.times.map(|left| left.saturating_sub(1));
            struck = Some(rule.fault.clone());
            break;
        }
        self.rules.retain(|rule| rule.times != Some(0));
        struck
    }
}

impl Fault {
    /// The JSON error in it.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Error { status, code, text } => Some(Refusal::new(*status, code.clone(), text.clone())),
            _ => None,
        }
    }

    /// The answer that replaces the work; `None` when the work is done all the same.
    pub(crate) fn instead(&self) -> Option<Outgoing> {
        match self {
            Self::Error { status, .. } => self.refusal().map(|refusal| Outgoing::json(*status, &serde_json::Value::Object(refusal.body()))),
            Self::Html { status } => {
                Some(Outgoing::html(*status, "<!DOCTYPE html><html><body><h1>The site is under maintenance</h1></body></html>"))
            }
            Self::Redirect { location } => Some(Outgoing::redirect(location)),
            Self::Garbage => Some(Outgoing::html(200, "{\"result\": tru")),
            Self::Reset => Some(Outgoing::Cut),
            Self::Hang | Self::LoseReply | Self::HangReply | Self::FailReply | Self::Slow { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(method: &str, skip: u32, times: Option<u32>, fault: Fault) -> Faults {
        Faults { rules: vec![FaultRule { method: method.into(), skip, times, fault }] }
    }

    #[test]
    fn the_next_two_after_one_are_struck() {
        let mut faults = rule("profile", 1, Some(2), Fault::too_many_requests());
        let struck: Vec<bool> = (0..4).map(|_| faults.for_request(&["profile"]).is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
        assert!(faults.rules.is_empty());
    }

    #[test]
    fn inside_a_batch_a_limit_strikes_the_request_and_an_argument_error_its_command() {
        let mut limit = rule("crm.item.get", 0, None, Fault::too_many_requests());
        assert!(limit.for_request(&["batch", "crm.item.get"]).is_some());
        assert!(limit.for_command("crm.item.get").is_none());
        let mut argument = rule("crm.item.get", 0, None, Fault::error(400, "NOT_FOUND", "no"));
        assert!(argument.for_request(&["batch", "crm.item.get"]).is_none());
        assert!(argument.for_command("crm.item.get").is_some());
    }
}
