//! What a robot call asks for, typed. Produced by `Catalog::render`, decided by `flow/run_call`.

use crate::domain::consent::Scope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Free-form text.
    SendText {
        /// Common part.
        send: SendCommon,
        /// Text.
        text: String,
        /// Whether a link is previewed.
        preview_link: bool,
    },
    /// Approved template.
    SendTemplate {
        /// Common part.
        send: SendCommon,
        /// Which template with which values.
        template: TemplateChoice,
    },
    /// Is the window open?
    CheckWindow {
        /// Channel property.
        channel: String,
        /// Numbers typed; empty = from the document.
        phones: Vec<String>,
    },
    /// Writes down or reads what a person agreed to.
    SetConsent {
        /// Numbers typed; empty = from the document.
        phones: Vec<String>,
        /// What to do.
        action: ConsentAction,
        /// About what.
        scope: Scope,
        /// Proof, in words.
        evidence: String,
    },
    /// Is the number on WhatsApp?
    CheckNumber {
        /// Channel property.
        channel: String,
        /// Numbers typed; empty = from the document.
        phones: Vec<String>,
    },
    /// A wa.me link with a prefilled draft.
    ChatLink {
        /// Channel property.
        channel: String,
        /// Draft.
        text: String,
    },
}

impl Operation {
    /// Builds the operation from its tag and mapped fields.
    ///
    /// # Errors
    /// What does not fit, in English: the loader tells it with the file's name.
    pub(super) fn from_fields(tag: &str, fields: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = fields else { return Err("a table of fields is expected".to_owned()) };
        fields.insert("operation".to_owned(), Value::from(tag));
        let mut operation: Self = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        if let Some(send) = operation.send_mut() {
            send.fallback = send.fallback.take().filter(|fallback| !fallback.template.trim().is_empty());
        }
        Ok(operation)
    }

    /// The common part of a sending operation.
    pub fn send(&self) -> Option<&SendCommon> {
        match self {
            Self::SendText { send, .. } | Self::SendTemplate { send, .. } => Some(send),
            Self::CheckWindow { .. } | Self::ChatLink { .. } | Self::SetConsent { .. } | Self::CheckNumber { .. } => None,
        }
    }

    /// As [`Operation::send`], to be changed.
    pub fn send_mut(&mut self) -> Option<&mut SendCommon> {
        match self {
            Self::SendText { send, .. } | Self::SendTemplate { send, .. } => Some(send),
            Self::CheckWindow { .. } | Self::ChatLink { .. } | Self::SetConsent { .. } | Self::CheckNumber { .. } => None,
        }
    }

    /// Id of a property that another property's choice makes necessary and that was not given.
    pub(super) fn lacking(&self) -> Option<&'static str> {
        let needs_fallback = |send: &SendCommon| send.on_closed_window == OnClosedWindow::Template && send.fallback.is_none();
        matches!(self, Self::SendText { send, .. } if needs_fallback(send)).then_some("fallback_template")
    }
}

/// Properties that every sending robot has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendCommon {
    /// Id or exact unique name; empty = the portal's default channel.
    pub channel: String,
    /// Numbers typed, free text; `group:ID`; empty = from the document.
    pub phones: Vec<String>,
    /// What to do with several numbers.
    pub phone_choice: PhoneChoice,
    /// What to do outside the window.
    pub on_closed_window: OnClosedWindow,
    /// 1–168.
    pub hold_hours: i64,
    /// Used when `on_closed_window` is `template`.
    pub fallback: Option<TemplateChoice>,
    /// When the robot answers.
    pub wait_for: WaitFor,
    /// 1–720.
    pub wait_hours: i64,
    /// (CRM field, result id).
    pub write_fields: Vec<(String, String)>,
    /// Timeline entry.
    pub to_timeline: bool,
    /// Publish in the open-channel dialog.
    pub to_open_line: bool,
    /// What a missing or blank template value does.
    pub on_missing: OnMissing,
}

/// A template and its values before matching with the synced list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateChoice {
    /// `name:language`, or the provider's id.
    pub template: String,
    /// Items in order, as rendered; canonical form `key=value`.
    pub params: Vec<String>,
    /// Text, URL, `disk:ID`, `field:UF_…`.
    pub header: String,
    /// Items `index=value`.
    pub button_params: Vec<String>,
}

/// `action` of `set_consent`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum ConsentAction {
    OptIn,
    OptOut,
    #[default]
    Read,
}

/// `phone_choice`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum PhoneChoice {
    #[default]
    FirstValid,
    LastReplied,
    All,
}

/// `on_closed_window`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum OnClosedWindow {
    #[default]
    Fail,
    Template,
    Hold,
}

/// `wait_for`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum WaitFor {
    None,
    #[default]
    Accepted,
    Delivered,
    Read,
}

/// `on_missing`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum OnMissing {
    #[default]
    Fail,
    Empty,
    Skip,
}
