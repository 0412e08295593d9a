//! What a message carries, after rendering and before any provider's dialect.
//!
//! Every kind of reference/whatsapp.md 1.1 that a robot sends has one neutral shape here; adapters render it in their own words. Limits
//! are checked before (`flow/content`): an adapter gets what its capabilities name and nothing longer.

mod card;
mod interactive;
mod media;
mod place;

pub use card::{Card, CardEmail, CardName, CardPhone};
pub use interactive::{Button, ButtonsContent, LinkContent, ListContent, Row, Section};
pub use media::{MediaContent, MediaKind, MediaRef};
pub use place::Place;

use serde::{Deserialize, Serialize};

/// One outgoing message's content. Kinds are the words of reference/whatsapp.md 1.1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
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
    /// A picture, with or without a caption.
    Image(MediaContent),
    /// A film, with or without a caption.
    Video(MediaContent),
    /// A sound file; never a caption.
    Audio(MediaContent),
    /// A voice message (OGG/OPUS); never a caption. Channels without them show a sound file.
    Voice(MediaContent),
    /// Any file, with its name and perhaps a caption.
    Document(MediaContent),
    /// A sticker (WebP); never a caption.
    Sticker(MediaContent),
    /// A text with reply buttons.
    Buttons(ButtonsContent),
    /// A text with a list to choose from.
    List(ListContent),
    /// A text with one button that opens an address.
    CtaUrl(LinkContent),
    /// A point on the map.
    Location(Place),
    /// A text with a button that sends the client's own place.
    LocationRequest {
        /// The question.
        body: String,
    },
    /// Contact cards.
    Contacts {
        /// At least one, at most five.
        cards: Vec<Card>,
    },
    /// An emoji at a message.
    Reaction {
        /// WhatsApp's id of that message.
        to_message_id: String,
        /// One emoji; empty takes an earlier one back.
        emoji: String,
    },
}

impl Content {
    /// The kind's word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Template(_) => "template",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::Voice(_) => "voice",
            Self::Document(_) => "document",
            Self::Sticker(_) => "sticker",
            Self::Buttons(_) => "buttons",
            Self::List(_) => "list",
            Self::CtaUrl(_) => "cta_url",
            Self::Location(_) => "location",
            Self::LocationRequest { .. } => "location_request",
            Self::Contacts { .. } => "contacts",
            Self::Reaction { .. } => "reaction",
        }
    }

    /// A file as the kind that its own `media_kind` says; a `gif` travels as a video.
    pub fn of_media(content: MediaContent) -> Self {
        match content.media.media_kind {
            MediaKind::Image => Self::Image(content),
            MediaKind::Video | MediaKind::Gif => Self::Video(content),
            MediaKind::Audio => Self::Audio(content),
            MediaKind::Voice => Self::Voice(content),
            MediaKind::Document => Self::Document(content),
            MediaKind::Sticker => Self::Sticker(content),
        }
    }

    /// The file that a content is or has in its header.
    pub fn media(&self) -> Option<&MediaRef> {
        match self {
            Self::Image(file) | Self::Video(file) | Self::Audio(file) | Self::Voice(file) | Self::Document(file) | Self::Sticker(file) => {
                Some(&file.media)
            }
            Self::Template(template) => template.header.as_ref().and_then(HeaderValue::media),
            Self::Buttons(buttons) => buttons.header.as_ref().and_then(HeaderValue::media),
            Self::Text { .. }
            | Self::List(_)
            | Self::CtaUrl(_)
            | Self::Location(_)
            | Self::LocationRequest { .. }
            | Self::Contacts { .. }
            | Self::Reaction { .. } => None,
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

/// A header's value, of a template or of a message with buttons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HeaderValue {
    /// Text; in a template the value of its one variable.
    Text {
        /// The value.
        value: String,
    },
    /// Image, video or document by a URL the provider may fetch.
    Media(MediaRef),
    /// A point on the map; templates only.
    Location(Place),
}

impl HeaderValue {
    /// Its file.
    pub fn media(&self) -> Option<&MediaRef> {
        match self {
            Self::Media(media) => Some(media),
            Self::Text { .. } | Self::Location(_) => None,
        }
    }
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
