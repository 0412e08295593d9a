//! What a robot call asks for, typed. Produced by `Catalog::render`, decided by `flow/run_call`.

mod follow_up;

pub use follow_up::{FollowUp, Plan, StopOn, When};

use crate::domain::blank::is_blank;
use crate::domain::consent::Scope;
use serde::{Deserialize, Deserializer, Serialize};
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
    /// Text with reply buttons.
    SendButtons {
        /// Common part.
        send: SendCommon,
        /// Text, URL, `disk:ID`, `field:UF_…`; may be blank.
        header: String,
        /// Text.
        text: String,
        /// May be blank.
        footer: String,
        /// Items `id|Title` or `Title`, as rendered.
        buttons: Vec<String>,
        /// The process waits for the press.
        wait_reply: bool,
        /// How long.
        reply_minutes: i64,
    },
    /// Text with a list to choose from.
    SendList {
        /// Common part.
        send: SendCommon,
        /// Text; may be blank.
        header: String,
        /// Text.
        text: String,
        /// May be blank.
        footer: String,
        /// Label of the button that opens the list.
        list_button: String,
        /// Items `#Section` and `id|Title|Description`, as rendered.
        rows: Vec<String>,
        /// The process waits for the choice.
        wait_reply: bool,
        /// How long.
        reply_minutes: i64,
    },
    /// Text with a button that opens an address.
    SendLink {
        /// Common part.
        send: SendCommon,
        /// Text; may be blank.
        header: String,
        /// Text.
        text: String,
        /// May be blank.
        footer: String,
        /// Label of the button.
        button_title: String,
        /// Where it leads.
        url: String,
    },
    /// Files, one message each.
    SendFile {
        /// Common part.
        send: SendCommon,
        /// `auto` or a kind of file.
        file_kind: String,
        /// URL, `disk:ID`, `field:UF_…`, `LEAD_12:UF_…`.
        source: Vec<String>,
        /// Values of the `file` property as Bitrix24 sends them.
        file: Vec<String>,
        /// Under the first file; may be blank.
        caption: String,
        /// Name of the first file; blank = its own.
        file_name: String,
    },
    /// Contact cards.
    SendContact {
        /// Common part.
        send: SendCommon,
        /// CRM contacts.
        contact_ids: Vec<String>,
        /// A user of the portal: `user_1` or `1`.
        user: String,
        /// Typed card: name.
        name: String,
        /// Typed card: company.
        company: String,
        /// Typed card: numbers.
        phones: Vec<String>,
        /// Typed card: e-mail addresses.
        emails: Vec<String>,
    },
    /// A point on the map.
    SendLocation {
        /// Common part.
        send: SendCommon,
        /// Degrees.
        #[serde(deserialize_with = "degrees")]
        latitude: Option<f64>,
        /// Degrees.
        #[serde(deserialize_with = "degrees")]
        longitude: Option<f64>,
        /// May be blank.
        name: String,
        /// May be blank.
        address: String,
    },
    /// A text with a button that sends the client's own place.
    RequestLocation {
        /// Common part.
        send: SendCommon,
        /// The question.
        text: String,
        /// The process waits for the place.
        wait_reply: bool,
        /// How long.
        reply_minutes: i64,
    },
    /// The client's answer, to whatever was asked.
    WaitReply {
        /// Channel property.
        channel: String,
        /// Numbers typed; empty = from the document. All of them are watched.
        phones: Vec<String>,
        /// How long.
        reply_minutes: i64,
        /// Items as the author wrote them (`domain::expected`).
        expected: Vec<String>,
        /// Said when an answer is none of those expected; may be blank.
        ask_again: String,
        /// Answers that may be read; 0 = as often as makes sense.
        attempts: i64,
        /// (CRM field, result id).
        write_fields: Vec<(String, String)>,
    },
    /// A message's status.
    WaitStatus {
        /// Our message id; several as a comma list.
        message_id: String,
        /// How far.
        wait_for: WaitFor,
        /// How long.
        wait_hours: i64,
        /// (CRM field, result id).
        write_fields: Vec<(String, String)>,
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
    /// A message to be sent later.
    FollowUp(Box<FollowUp>),
    /// Ends follow-ups of the document.
    CancelFollowUps {
        /// Name; empty = all.
        chain: String,
        /// Numbers typed; empty = of all recipients.
        phones: Vec<String>,
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
        if let Self::WaitReply { ask_again: words, .. } = &mut operation
            && is_blank(words)
        {
            words.clear();
        }
        if let Self::FollowUp(follow_up) = &mut operation {
            if is_blank(&follow_up.text) {
                follow_up.text.clear();
            }
            // The template is what goes when the text's window is closed.
            let both = !follow_up.text.trim().is_empty() && !follow_up.template.template.trim().is_empty();
            follow_up.send.fallback = both.then(|| follow_up.template.clone());
            follow_up.send.on_closed_window = if both { OnClosedWindow::Template } else { OnClosedWindow::Fail };
        }
        Ok(operation)
    }

    /// The common part of a sending operation.
    pub fn send(&self) -> Option<&SendCommon> {
        match self {
            Self::SendText { send, .. }
            | Self::SendTemplate { send, .. }
            | Self::SendButtons { send, .. }
            | Self::SendList { send, .. }
            | Self::SendLink { send, .. }
            | Self::SendFile { send, .. }
            | Self::SendContact { send, .. }
            | Self::SendLocation { send, .. }
            | Self::RequestLocation { send, .. } => Some(send),
            Self::FollowUp(follow_up) => Some(&follow_up.send),
            Self::WaitReply { .. }
            | Self::WaitStatus { .. }
            | Self::CheckWindow { .. }
            | Self::ChatLink { .. }
            | Self::CancelFollowUps { .. }
            | Self::SetConsent { .. }
            | Self::CheckNumber { .. } => None,
        }
    }

    /// As [`Operation::send`], to be changed.
    pub fn send_mut(&mut self) -> Option<&mut SendCommon> {
        match self {
            Self::SendText { send, .. }
            | Self::SendTemplate { send, .. }
            | Self::SendButtons { send, .. }
            | Self::SendList { send, .. }
            | Self::SendLink { send, .. }
            | Self::SendFile { send, .. }
            | Self::SendContact { send, .. }
            | Self::SendLocation { send, .. }
            | Self::RequestLocation { send, .. } => Some(send),
            Self::FollowUp(follow_up) => Some(&mut follow_up.send),
            Self::WaitReply { .. }
            | Self::WaitStatus { .. }
            | Self::CheckWindow { .. }
            | Self::ChatLink { .. }
            | Self::CancelFollowUps { .. }
            | Self::SetConsent { .. }
            | Self::CheckNumber { .. } => None,
        }
    }

    /// The wait for the client's answer that a sending operation asks for (`wait_reply`).
    pub fn reply_wait(&self) -> Option<ReplyWait> {
        match self {
            Self::SendButtons { wait_reply: true, reply_minutes, .. }
            | Self::SendList { wait_reply: true, reply_minutes, .. }
            | Self::RequestLocation { wait_reply: true, reply_minutes, .. }
            | Self::WaitReply { reply_minutes, .. } => Some(ReplyWait { minutes: *reply_minutes }),
            _ => None,
        }
    }

    /// Which results go into which CRM fields.
    pub fn write_fields(&self) -> &[(String, String)] {
        match self {
            Self::WaitReply { write_fields, .. } | Self::WaitStatus { write_fields, .. } => write_fields,
            _ => self.send().map(|send| send.write_fields.as_slice()).unwrap_or_default(),
        }
    }

    /// Id of a property that another property's choice makes necessary and that was not given.
    pub(super) fn lacking(&self) -> Option<&'static str> {
        if let Self::FollowUp(follow_up) = self {
            return (follow_up.plan.when == When::At && follow_up.plan.at.trim().is_empty()).then_some("at");
        }
        let needs_fallback = |send: &SendCommon| send.on_closed_window == OnClosedWindow::Template && send.fallback.is_none();
        // A template needs no window, hence no other template in its place.
        let free_form = self.send().filter(|_| !matches!(self, Self::SendTemplate { .. }));
        free_form.is_some_and(needs_fallback).then_some("fallback_template")
    }
}

/// A coordinate; what was left blank is none.
fn degrees<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::Number(number) => Ok(number.as_f64()),
        other => Err(serde::de::Error::custom(format!("{other} is no number of degrees"))),
    }
}

/// How long a process waits for the client's answer to what it has just sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyWait {
    /// From the moment the message was sent.
    pub minutes: i64,
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
    /// Publish in the client's open-channel dialog.
    #[serde(default)]
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
