//! A simulated WhatsApp user as the network keeps it. Every valid number is on WhatsApp until a story says otherwise.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// Digits with country code; also the key, even when hidden from businesses.
    pub phone: String,
    /// Name in WhatsApp.
    pub name: Option<String>,
    /// Business-scoped id.
    pub bsuid: Option<String>,
    /// Username.
    pub username: Option<String>,
    /// Businesses see the BSUID only.
    pub phone_hidden: bool,
    /// Has WhatsApp at all.
    pub on_whatsapp: bool,
    /// The phone is on: messages are delivered.
    pub online: bool,
    /// Opens every message as it comes.
    pub reads_at_once: bool,
    /// Read receipts are on.
    pub read_receipts: bool,
    /// Accounts this user blocked.
    pub blocked: BTreeSet<String>,
    /// Pressed "stop marketing" (131050).
    pub stopped_marketing: bool,
    /// Meta holds marketing back for now (131049).
    pub marketing_capped: bool,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            phone: String::new(),
            name: None,
            bsuid: None,
            username: None,
            phone_hidden: false,
            on_whatsapp: true,
            online: true,
            reads_at_once: false,
            read_receipts: true,
            blocked: BTreeSet::new(),
            stopped_marketing: false,
            marketing_capped: false,
        }
    }
}

impl Person {
    /// A plain user of that number.
    pub fn new(phone: &str) -> Self {
        Self { phone: phone.to_owned(), ..Self::default() }
    }
}
