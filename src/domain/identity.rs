//! Who is on the other side: {phone?, bsuid?, lid?, username?}. No part is required (reference/whatsapp.md 3.3).

use serde::{Deserialize, Serialize};

/// A WhatsApp user as far as a provider tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Digits with country code, no plus.
    pub phone: Option<String>,
    /// Business-scoped user id, such as `RU.7740019283746501234`.
    pub bsuid: Option<String>,
    /// Hidden-number id of web gateways, digits.
    pub lid: Option<String>,
    /// Username.
    pub username: Option<String>,
    /// Name shown in WhatsApp.
    pub display_name: Option<String>,
    /// Group id on gateways.
    pub group: Option<String>,
}

impl Identity {
    /// An identity known by phone digits only.
    pub fn phone(digits: impl Into<String>) -> Self {
        Self { phone: Some(digits.into()), ..Self::default() }
    }

    /// The one key that messages to this user carry: phone, else bsuid, lid, group; empty when nothing is known.
    pub fn recipient(&self) -> String {
        [&self.phone, &self.bsuid, &self.lid, &self.group].into_iter().flatten().next().cloned().unwrap_or_default()
    }

    /// The (kind, value) pairs that name this user, the strongest first: group, bsuid, phone, lid.
    pub fn keys(&self) -> Vec<(&'static str, &str)> {
        [("group", &self.group), ("bsuid", &self.bsuid), ("phone", &self.phone), ("lid", &self.lid)]
            .into_iter()
            .filter_map(|(kind, value)| value.as_deref().filter(|v| !v.is_empty()).map(|v| (kind, v)))
            .collect()
    }
}
