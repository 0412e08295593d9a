//! How one attempt to send ends, and the classes of a provider's errors (reference/whatsapp.md 1.4).

use super::clock::Ms;
use serde::{Deserialize, Serialize};

/// Class of a provider's error: decides retry and advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Token or key bad: the channel stops.
    Auth,
    /// Token lacks scope or asset.
    Permission,
    /// Throughput or API quota.
    RateLimit,
    /// Too fast to one user.
    PairLimit,
    /// Meta held back a marketing template.
    MarketingCap,
    /// Outside the 24 h window.
    WindowClosed,
    /// The user stopped marketing, opted out or blocked.
    OptedOut,
    /// Not on WhatsApp, old client, own number.
    BadRecipient,
    /// Template missing, paused or mismatched.
    Template,
    /// Malformed or unsupported parameter.
    Payload,
    /// Download, upload, size or MIME.
    Media,
    /// Wallet or credit line.
    Billing,
    /// Account restricted.
    Policy,
    /// Web gateway logged out.
    Session,
    /// Vendor's own temporary error.
    Transient,
    /// Anything else.
    Unknown,
}

impl ErrorClass {
    /// Whether the same message may be tried again later without a change.
    pub fn retryable(self) -> bool {
        matches!(self, Self::RateLimit | Self::PairLimit | Self::Transient | Self::Session)
    }
}

/// A provider's refusal in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderError {
    /// Our class.
    pub class: ErrorClass,
    /// The provider's code, as text.
    pub provider_code: Option<String>,
    /// The provider's words, shortened, without secrets.
    pub text: String,
}

/// Most characters of a provider's words that are kept.
const WORDS: usize = 300;

impl ProviderError {
    /// An error with its words shortened and without line ends.
    pub fn new(class: ErrorClass, provider_code: Option<String>, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
        Self { class, provider_code, text }
    }
}

/// How one attempt ended. `Unknown` is never sent again by any rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum SendOutcome {
    /// The provider took it and gave its id.
    Accepted {
        /// The provider's message id (Gupshup: gsId).
        provider_id: String,
        /// WhatsApp's own id when the answer has it.
        wa_id: Option<String>,
    },
    /// The provider refused; not sent.
    Rejected(ProviderError),
    /// Certainly not sent; may be tried again.
    Retry {
        /// The provider's Retry-After, if any, in milliseconds.
        after_ms: Option<Ms>,
        /// Why.
        error: ProviderError,
    },
    /// Nobody knows whether it was sent.
    Unknown {
        /// Why, in English, for the journal.
        reason: String,
    },
}
