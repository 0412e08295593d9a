//! A message's status and how two reports of it merge: forward only, in any order (reference/whatsapp.md 1.3).

use serde::{Deserialize, Serialize};

/// Status of a message, INTERFACE.md "Details that scripts rely on".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored, not yet on the wire.
    Queued,
    /// Waiting for a window, quiet hours or a resumed channel.
    Held,
    /// An attempt is on the wire.
    Sending,
    /// The provider took it.
    Accepted,
    /// WhatsApp took it.
    Sent,
    /// On the user's device.
    Delivered,
    /// Seen.
    Read,
    /// A voice note was played.
    Played,
    /// Refused or lost for good.
    Failed,
    /// Nobody knows; never re-sent by itself.
    Unknown,
    /// Not sent on purpose.
    Skipped,
    /// Stopped before it left.
    Cancelled,
    /// Removed by its author.
    Deleted,
    /// Inbound.
    Received,
}

impl Status {
    /// The word of the API and of the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Deleted => "deleted",
            Self::Received => "received",
        }
    }

    /// Reads the word; `None` for a foreign one.
    pub fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }

    /// Rank on the way to the user; `None` for states that are not a step of that way.
    pub fn rank(self) -> Option<u8> {
        match self {
            Self::Accepted => Some(1),
            Self::Sent => Some(2),
            Self::Delivered => Some(3),
            Self::Read => Some(4),
            Self::Played => Some(5),
            Self::Queued
            | Self::Held
            | Self::Sending
            | Self::Failed
            | Self::Unknown
            | Self::Skipped
            | Self::Cancelled
            | Self::Deleted
            | Self::Received => None,
        }
    }

    /// The status after a provider reported `event`, whatever came before: order-free and idempotent.
    ///
    /// A rank only rises; `failed` is soft (a later delivered or read wins, an earlier one is kept); `deleted` is last.
    pub fn merge(self, event: Self) -> Self {
        match (self, event) {
            (Self::Received | Self::Skipped | Self::Cancelled, Self::Deleted) | (_, Self::Deleted) => Self::Deleted,
            (Self::Received | Self::Skipped | Self::Deleted, _) => self,
            (current, Self::Failed) => match current.rank() {
                Some(rank) if rank >= 3 => current,
                _ => Self::Failed,
            },
            (Self::Failed, event) => match event.rank() {
                Some(rank) if rank >= 3 => event,
                _ => Self::Failed,
            },
            (current, event) => match (current.rank(), event.rank()) {
                (Some(have), Some(new)) if new > have => event,
                (None, Some(_)) => event,
                _ => current,
            },
        }
    }
}
