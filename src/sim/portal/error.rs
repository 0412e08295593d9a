//! Refusals of the portal as they stand on the wire: status, `error`, `error_description`.
//!
//! The texts are the vendor's (reference/bitrix24.md B.4, F.3); where the contract knows two statuses the newer one is used.

use serde_json::{Map, Value, json};

/// One refusal of a REST method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) text: String,
    /// The extra key `argument` that some argument errors carry.
    pub(crate) argument: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, text: impl Into<String>) -> Self {
        Self { status, code: code.into(), text: text.into(), argument: None }
    }

    /// 400 with a code.
    pub(crate) fn bad(code: &str, text: impl Into<String>) -> Self {
        Self::new(400, code, text)
    }

    /// 400 with an empty code, the habit of the classic CRM methods.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::new(400, "", text)
    }

    /// 403 `ACCESS_DENIED`.
    pub(crate) fn denied(text: impl Into<String>) -> Self {
        Self::new(403, "ACCESS_DENIED", text)
    }

    /// 400 `100`: a required parameter of a newer method is missing.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::bad("100", format!("Could not find value for parameter {{{parameter}}}"))
    }

    /// Argument error of the older kind, with the extra key.
    pub(crate) fn argument(status: u16, name: &str) -> Self {
        let mut refusal = Self::new(status, "ERROR_ARGUMENT", format!("Argument '{name}' is null or empty"));
        refusal.argument = Some(name.to_owned());
        refusal
    }

    /// The two or three keys as JSON.
    pub(crate) fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("error".into(), json!(self.code));
        body.insert("error_description".into(), json!(self.text));
        if let Some(argument) = &self.argument {
            body.insert("argument".into(), json!(argument));
        }
        body
    }
}

/// Why a command of the simulator itself could not be carried out (never a portal's answer).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// No robot or activity of that CODE is registered by the application.
    #[error("no robot or activity \"{0}\" is registered")]
    NotRegistered(String),
    /// A property that the robot does not have: the designer offers no such field.
    #[error("robot \"{code}\" has no property \"{property}\"")]
    NoSuchProperty {
        /// CODE of the robot.
        code: String,
        /// The unknown property.
        property: String,
    },
    /// The application is not installed in this portal.
    #[error("application {0} is not installed")]
    NotInstalled(String),
    /// Nothing is bound there.
    #[error("nothing is bound to {0}")]
    NotBound(String),
    /// No such step, item, user, …
    #[error("there is no {0}")]
    Missing(String),
    /// The request could not be made.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// A command of the control API that cannot be read.
    #[error("not understood: {0}")]
    BadCommand(String),
}
