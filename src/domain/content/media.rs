//! Files: what kind WhatsApp takes them for, and where a provider gets them.

use serde::{Deserialize, Serialize};

/// A file as a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaContent {
    /// The file.
    pub media: MediaRef,
    /// At most 1024 Unicode scalar values; never at sounds and stickers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// A file that a provider fetches or has been given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRef {
    /// What it is shown as.
    pub media_kind: MediaKind,
    /// URL reachable by the provider: public, or our `/media/{token}`.
    pub link: String,
    /// Name shown to the user.
    pub file_name: Option<String>,
    /// MIME type, checked by content.
    pub mime: Option<String>,
    /// Length, where the source told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// Kinds of files, in the words of reference/whatsapp.md 1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the vendor's own words")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    /// A sound recorded on the spot: OGG with OPUS.
    Voice,
    Document,
    Sticker,
    /// Header of a template: a film shown as a moving picture.
    Gif,
}

impl MediaKind {
    /// The vendor's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Gif => "gif",
        }
    }

    /// Reads the vendor's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Voice, Self::Document, Self::Sticker, Self::Gif]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// Whether WhatsApp shows a caption under it.
    pub fn takes_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Document)
    }
}
