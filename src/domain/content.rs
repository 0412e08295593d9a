//! What a message carries, after rendering and before any provider's dialect.

use serde::{Deserialize, Serialize};

/// One outgoing message's content. Kinds are the words of reference/whatsapp.md 1.1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one message at a time is held; boxing would cost every reader a dereference")]
pub enum Content {
    /// Free-form text.
    Text {
        /// At most 4096 Unicode scalar values on official channels.
        body: String,
        /// Whether a link is previewed.
        preview_link: bool,
    },
    /// An approved template with its parameters filled.
    Template(TemplateContent),
}

impl Content {
    /// The kind's word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Template(_) => "template",
        }
    }
}

/// A filled template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateContent {
    /// Provider's id of the row (Gupshup uuid).
    pub provider_id: String,
    /// Meta's element name.
    pub name: String,
    /// Approved language code.
    pub language: String,
    /// MARKETING, UTILITY or AUTHENTICATION.
    pub category: String,
    /// Header value, if the template's header wants one.
    pub header: Option<HeaderValue>,
    /// Body values in placeholder order, with the placeholder's key (`1`, `2` or a name).
    pub params: Vec<Param>,
    /// Values of buttons that take one.
    pub buttons: Vec<ButtonValue>,
}

/// One placeholder's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// `1`, `2` or a name.
    pub key: String,
    /// The value, on one line, never empty.
    pub value: String,
}

/// The header's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HeaderValue {
    /// Text variable.
    Text {
        /// The value.
        value: String,
    },
    /// Image, video or document by a URL the provider may fetch.
    Media(MediaRef),
}

/// A file that a provider fetches or has been given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRef {
    /// `image`, `video`, `document`, `audio`, `sticker`.
    pub media_kind: String,
    /// URL reachable by the provider: public, or our `/media/{token}`.
    pub link: String,
    /// Name shown to the user.
    pub file_name: Option<String>,
    /// MIME type, checked by content.
    pub mime: Option<String>,
}

/// One button's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ButtonValue {
    /// Position in the template, from 0.
    pub index: usize,
    /// What the value is.
    pub kind: ButtonKind,
    /// URL suffix, quick-reply payload or coupon.
    pub value: String,
}

/// Kinds of template buttons that take a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// Suffix of a dynamic URL.
    Url,
    /// Payload that comes back when pressed.
    QuickReply,
    /// Coupon to copy.
    CopyCode,
}
