//! A message the network took from a business: what every dialect turns its send requests into.

use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far a message came. Words of reference/whatsapp.md 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Taken, nothing known yet.
    Accepted,
    /// Handed to WhatsApp.
    Enqueued,
    /// On WhatsApp's servers.
    Sent,
    /// On the phone.
    Delivered,
    /// Opened.
    Read,
    /// Refused later on.
    Failed,
    /// Removed by the user.
    Deleted,
}

impl Status {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Enqueued => "enqueued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }
}

/// Why a message failed after it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Vendor's code.
    pub code: u32,
    /// Vendor's words.
    pub reason: String,
    /// Refused by the provider itself, before WhatsApp saw it (Gupshup: event with the gs id only).
    pub early: bool,
}

/// A file a message points at; fetched for real before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaLink {
    /// `image video audio document sticker`.
    pub kind: String,
    /// Where the file is.
    pub source: MediaSource,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// At an address.
    Url(String),
    /// Uploaded before, under this id.
    Upload(String),
}

impl MediaLink {
    /// A file at an address.
    pub fn at(kind: &str, url: &str) -> Self {
        Self { kind: kind.to_owned(), source: MediaSource::Url(url.to_owned()) }
    }

    /// An uploaded file.
    pub fn uploaded(kind: &str, id: &str) -> Self {
        Self { kind: kind.to_owned(), source: MediaSource::Upload(id.to_owned()) }
    }
}

/// Something the reader can press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// The label.
    pub title: String,
    /// What comes back.
    pub postback: Option<String>,
    /// Second line of a list row.
    pub description: Option<String>,
    /// Position from 0.
    pub index: usize,
    /// `button_reply`, `list_reply` or `template`.
    pub kind: ButtonKind,
    /// The business's own id of the interactive message (Gupshup `msgid`).
    pub request_id: Option<String>,
}

/// Where a button sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// Interactive reply button.
    Reply,
    /// Row of a list.
    Row,
    /// Quick reply of a template.
    Template,
}

/// What a dialect read from a send request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// Word of reference/whatsapp.md 1.1.
    pub kind: String,
    /// Text as the person sees it.
    pub text: String,
    /// File to fetch.
    pub media: Option<MediaLink>,

    /// What can be pressed.
    pub buttons: Vec<Button>,
    /// Template name, for template messages.
    pub template: Option<String>,
    /// MARKETING, UTILITY, AUTHENTICATION; none for session messages.
    pub category: Option<String>,
    /// Emoji and wamid, for reactions.
    pub raw: Value,
}

/// One message of the network.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// WhatsApp's id.
    pub wamid: String,
    /// The provider's own id (Gupshup gsId).
    pub provider_id: String,
    /// Account that sent it (Gupshup app name).
    pub account: String,
    /// Digits (or BSUID) it went to.
    pub to: String,
    /// Word of reference/whatsapp.md 1.1.
    pub kind: String,
    /// Text as the person sees it.
    pub text: String,
    /// The vendor's body, canonical JSON: with `to` the key of duplicates.
    pub body: Value,
    /// Template name.
    pub template: Option<String>,
    /// Template category.
    pub category: Option<String>,
    /// What can be pressed.
    pub buttons: Vec<Button>,
    /// File to fetch.
    pub media: Option<MediaLink>,
    /// The window was open when it was taken.
    pub window_open: bool,
    /// When it was taken.
    pub accepted_at: Ms,
    /// How far it came.
    pub status: Status,
    /// Every step with its time.
    pub history: Vec<(Status, Ms)>,
    /// Why it failed, or will as soon as the plan gets there.
    pub failure: Option<Failure>,
}
