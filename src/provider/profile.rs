//! What people see when they open the business in WhatsApp.

use super::SettingsError;
use serde::{Deserialize, Serialize};

/// A business profile; in a change, what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The line under the name, at most 139 characters.
    pub about: Option<String>,
    /// Postal address, at most 256 characters.
    pub address: Option<String>,
    /// What the business does, at most 512 characters.
    pub description: Option<String>,
    /// At most 128 characters.
    pub email: Option<String>,
    /// At most two, 256 characters each.
    pub websites: Option<Vec<String>>,
    /// Meta's word for the trade, such as `RETAIL`.
    pub vertical: Option<String>,
    /// Where the picture is; read only.
    pub picture_url: Option<String>,
}

/// Meta's words for trades (reference/whatsapp.md 5.9).
const VERTICALS: [&str; 22] = [
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
    "UNDEFINED",
];

impl Profile {
    /// Checks a change against the vendor's limits.
    ///
    /// # Errors
    /// The first field that is wrong, with a stable reason word.
    pub fn check(&self) -> Result<(), SettingsError> {
        let wrong = |field: &str, reason| Err(SettingsError { field: field.to_owned(), reason });
        let texts = [
            ("about", &self.about, 139),
            ("address", &self.address, 256),
            ("description", &self.description, 512),
            ("email", &self.email, 128),
        ];
        for (field, text, most) in texts {
            let Some(text) = text else { continue };
            if text.chars().count() > most {
                return wrong(field, "too_long");
            }
            if field == "about" && text.trim().is_empty() {
                return wrong(field, "required");
            }
        }
        let sites = self.websites.as_deref().unwrap_or_default();
        if sites.len() > 2 || sites.iter().any(|site| site.chars().count() > 256) {
            return wrong("websites", "too_long");
        }
        let reachable = |site: &String| url::Url::parse(site).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !sites.iter().all(reachable) {
            return wrong("websites", "not_url");
        }
        match &self.vertical {
            Some(word) if !VERTICALS.contains(&word.as_str()) => wrong("vertical", "unknown_choice"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_to_the_vendors_limits() {
        let told = |profile: Profile| profile.check().map_err(|error| (error.field, error.reason));
        let text = |length: usize| Some("я".repeat(length));
        assert_eq!(
            told(Profile { about: text(139), address: text(256), description: text(512), email: text(128), ..Profile::default() }),
            Ok(())
        );
        let refused = |field: &str, reason| Err((field.to_owned(), reason));
        assert_eq!(told(Profile { about: text(140), ..Profile::default() }), refused("about", "too_long"));
        assert_eq!(told(Profile { about: Some(" ".to_owned()), ..Profile::default() }), refused("about", "required"));
        let sites =
            |sites: &[&str]| Profile { websites: Some(sites.iter().map(|site| (*site).to_owned()).collect()), ..Profile::default() };
        assert_eq!(told(sites(&["https://a.example.org", "http://b.example.org/x"])), Ok(()));
        assert_eq!(told(sites(&["ftp://a.example.org"])), refused("websites", "not_url"));
        assert_eq!(told(sites(&["https://a.org", "https://b.org", "https://c.org"])), refused("websites", "too_long"));
        assert_eq!(told(Profile { vertical: Some("SHOP".to_owned()), ..Profile::default() }), refused("vertical", "unknown_choice"));
    }
}
