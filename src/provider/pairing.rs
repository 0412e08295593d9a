//! Linking a phone to a gateway (reference/whatsapp.md 6.4, 7.2): what is asked and what is told. Adapters word it, `flow/channel/pairing` uses it.

use crate::domain::secret::Secret;
use serde::Serialize;

/// How far the linking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A code waits to be scanned or typed.
    Waiting,
    /// The phone has scanned it; the gateway starts.
    Scanned,
    /// A phone is linked.
    Connected,
    /// Nobody scanned in time, or the session ended: it has to be started again.
    Expired,
    /// WhatsApp took the number away.
    Blocked,
}

/// What is asked of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Make ready to link; the vendor's word of the present state.
    Start {
        /// As in `AccountState::reason`.
        state: String,
    },
    /// The picture to scan.
    Picture,
    /// The code to type on the phone of this number, digits.
    Code {
        /// Digits with country code.
        phone: String,
    },
    /// End the link.
    Unlink,
}

/// What a gateway tells.
#[derive(Debug, Clone)]
pub enum Told {
    /// Done, or nothing to show yet.
    Nothing,
    /// A PNG in base64. Whoever scans it gets the channel.
    Picture(Secret),
    /// A code to type. As secret as the picture.
    Code(Secret),
    /// A phone is linked already.
    Linked,
    /// No code any more: start again.
    Expired,
}
