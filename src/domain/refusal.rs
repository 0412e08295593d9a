//! The closed list of answers to bad input (ROBOTS.md, last section). Texts live in `locales` under `refusal-<code>`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most characters of a value that a text names.
const LONGEST: usize = 500;

/// A code of the closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are ROBOTS.md's own; locales explain each")]
pub enum Code {
    PhoneMissing,
    PhoneInvalid,
    ChannelNotFound,
    ChannelUnavailable,
    UnsupportedByChannel,
    TextEmpty,
    TextTooLong,
    TooManyButtons,
    TooManyRows,
    DuplicateIds,
    MediaInvalid,
    MediaTooLarge,
    MediaUnreachable,
    TemplateNotFound,
    TemplateNotApproved,
    TemplateParamsMismatch,
    PatternInvalid,
    ValueMissing,
    WindowClosed,
    OptedOut,
    LimitReached,
    QuietHours,
    ProviderRejected,
    UnknownOutcome,
    PortalPaused,
    RobotUnknown,
    PropertyInvalid,
}

impl Code {
    /// All codes, for tests and locales.
    pub const ALL: [Self; 27] = [
        Self::PhoneMissing,
        Self::PhoneInvalid,
        Self::ChannelNotFound,
        Self::ChannelUnavailable,
        Self::UnsupportedByChannel,
        Self::TextEmpty,
        Self::TextTooLong,
        Self::TooManyButtons,
        Self::TooManyRows,
        Self::DuplicateIds,
        Self::MediaInvalid,
        Self::MediaTooLarge,
        Self::MediaUnreachable,
        Self::TemplateNotFound,
        Self::TemplateNotApproved,
        Self::TemplateParamsMismatch,
        Self::PatternInvalid,
        Self::ValueMissing,
        Self::WindowClosed,
        Self::OptedOut,
        Self::LimitReached,
        Self::QuietHours,
        Self::ProviderRejected,
        Self::UnknownOutcome,
        Self::PortalPaused,
        Self::RobotUnknown,
        Self::PropertyInvalid,
    ];

    /// The code as processes and the API see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhoneMissing => "phone_missing",
            Self::PhoneInvalid => "phone_invalid",
            Self::ChannelNotFound => "channel_not_found",
            Self::ChannelUnavailable => "channel_unavailable",
            Self::UnsupportedByChannel => "unsupported_by_channel",
            Self::TextEmpty => "text_empty",
            Self::TextTooLong => "text_too_long",
            Self::TooManyButtons => "too_many_buttons",
            Self::TooManyRows => "too_many_rows",
            Self::DuplicateIds => "duplicate_ids",
            Self::MediaInvalid => "media_invalid",
            Self::MediaTooLarge => "media_too_large",
            Self::MediaUnreachable => "media_unreachable",
            Self::TemplateNotFound => "template_not_found",
            Self::TemplateNotApproved => "template_not_approved",
            Self::TemplateParamsMismatch => "template_params_mismatch",
            Self::PatternInvalid => "pattern_invalid",
            Self::ValueMissing => "value_missing",
            Self::WindowClosed => "window_closed",
            Self::OptedOut => "opted_out",
            Self::LimitReached => "limit_reached",
            Self::QuietHours => "quiet_hours",
            Self::ProviderRejected => "provider_rejected",
            Self::UnknownOutcome => "unknown_outcome",
            Self::PortalPaused => "portal_paused",
            Self::RobotUnknown => "robot_unknown",
            Self::PropertyInvalid => "property_invalid",
        }
    }
}

/// A refusal: its code and the values its text names (`refusal-<code>` message arguments).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// Arguments of the text: names as in the locale files.
    pub args: BTreeMap<String, String>,
    /// For the journal: the rule that decided, in English.
    pub rule: String,
}

impl Refusal {
    /// A refusal without arguments.
    pub fn new(code: Code, rule: impl Into<String>) -> Self {
        Self { code, args: BTreeMap::new(), rule: rule.into() }
    }

    /// Adds a value that the text names.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let mut value: String = value.into();
        // Whatever stood in the field: words for people stay words.
        if let Some((end, _)) = value.char_indices().nth(LONGEST) {
            value.truncate(end);
            value.push('…');
        }
        self.args.insert(name.to_owned(), value);
        self
    }
}
