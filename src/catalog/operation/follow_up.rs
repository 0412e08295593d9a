//! A message to be sent later: when, how often, and what ends it.

use super::{SendCommon, TemplateChoice};
use serde::{Deserialize, Serialize};

/// `follow_up`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Common part: channel, numbers, deal fields, timeline.
    pub send: SendCommon,
    /// When and how often.
    pub plan: Plan,
    /// Free-form text, for open windows.
    pub text: String,
    /// Template, when there is no text or its window is closed.
    pub template: TemplateChoice,
}

/// When a follow-up is sent, and what ends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What its moment follows.
    pub when: When,
    /// Minutes before or after that.
    pub offset_minutes: i64,
    /// The moment of `at`, as written.
    pub at: String,
    /// Allowed moments: blank, `working_hours`, a cron expression.
    pub calendar: String,
    /// IANA name; blank = the recipient's if known, else the portal's.
    pub time_zone: String,
    /// What ends it.
    pub stop_on: Vec<StopOn>,
    /// Name of its chain.
    pub chain: String,
    /// Further sends after the first.
    pub repeat: i64,
}

/// `when`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum When {
    BeforeWindowCloses,
    AfterWindowClosed,
    AfterSilence,
    At,
}

impl When {
    /// All words.
    pub const ALL: [Self; 4] = [Self::BeforeWindowCloses, Self::AfterWindowClosed, Self::AfterSilence, Self::At];

    /// The word of ROBOTS.md.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeforeWindowCloses => "before_window_closes",
            Self::AfterWindowClosed => "after_window_closed",
            Self::AfterSilence => "after_silence",
            Self::At => "at",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|when| when.as_str() == word)
    }
}

/// `stop_on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "ROBOTS.md's own words")]
pub enum StopOn {
    Reply,
    StageChange,
    WonLost,
    OptOut,
}
