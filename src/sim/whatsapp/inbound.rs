//! What a person may send to a business, in no vendor's words. Dialects word it.

use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds of reference/whatsapp.md 1.2 that a person can produce.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Inbound {
    /// Plain text.
    Text {
        /// The words.
        text: String,
    },
    /// A file; the network serves its bytes.
    Media {
        /// `image video audio file sticker`.
        media: String,
        /// Words under it.
        #[serde(default)]
        caption: Option<String>,
        /// File name, for `file`.
        #[serde(default)]
        name: Option<String>,
        /// A voice note.
        #[serde(default)]
        voice: bool,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Its address.
        #[serde(default)]
        address: Option<String>,
    },
    /// A contact card.
    Contact {
        /// Full name.
        name: String,
        /// Digits.
        phone: String,
    },
    /// A tap on an interactive reply button.
    ButtonReply {
        /// Label.
        title: String,
        /// Position from 0.
        index: usize,
        /// What the business put behind it.
        postback: Option<String>,
        /// The business's own id of the question.
        request_id: Option<String>,
    },
    /// A chosen row of a list.
    ListReply {
        /// Label.
        title: String,
        /// Second line.
        description: Option<String>,
        /// Position from 0.
        index: usize,
        /// What the business put behind it.
        postback: Option<String>,
        /// The business's own id of the question.
        request_id: Option<String>,
    },
    /// A tap on a template's quick reply.
    TemplateButton {
        /// Label.
        text: String,
        /// What the business put behind it.
        payload: Option<String>,
    },
    /// An emoji on a message; empty removes it.
    Reaction {
        /// The emoji.
        emoji: String,
        /// wamid it stands on.
        to: String,
    },
    /// A basket from the catalog.
    Order {
        /// Catalog.
        catalog_id: String,
        /// `[{product_retailer_id, quantity, item_price, currency}]`.
        items: Value,
    },
    /// The answer of a flow.
    FlowReply {
        /// The form, as JSON.
        response: Value,
    },
    /// A kind that no contract names; the payload is sent as it is.
    Unknown {
        /// The vendor's type word.
        type_word: String,
        /// The vendor's payload.
        payload: Value,
    },
}

/// An inbound message on its way to the business.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InboundMessage {
    /// WhatsApp's id.
    pub wamid: String,
    /// Who wrote (key of `Person`).
    pub phone: String,
    /// To which account.
    pub account: String,
    /// When the person pressed send.
    pub at: Ms,
    /// What.
    pub content: Inbound,
    /// wamid it answers.
    pub context: Option<String>,
}
