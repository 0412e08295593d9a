//! A Gupshup app: one business number with its keys, templates, opt-in list and subscriptions.

use super::template::Template;
use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::collections::BTreeMap;

/// One app of the simulated account; every field can be set by a test.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// Name (`src.name`).
    pub name: String,
    /// UUID.
    pub app_id: String,
    /// Business phone, digits.
    pub source: String,
    /// Account key (header `apikey`).
    pub api_key: String,
    /// PARTNER_APP_TOKEN.
    pub partner_token: String,
    /// WhatsApp business account, shown in V3 events.
    pub waba_id: String,
    /// Meta's id of the number, shown in V3 events.
    pub phone_number_id: String,
    /// Hosted on the Cloud API: WhatsApp's refusals carry Meta's codes, else the old ones.
    pub cloud_api_hosted: bool,
    /// Failure codes are written as text.
    pub codes_as_text: bool,
    /// Messages to people neither opted in nor active are refused.
    pub opt_in_required: bool,
    /// Code of that refusal for templates: 1006 or 1008.
    pub not_opted_in_code: u32,
    /// Most people reached outside their windows in a moving 24 h (131048); none = no limit.
    pub messaging_limit: Option<u32>,
    /// Business portfolio: apps of one share the limit; empty = the app alone.
    pub portfolio: String,
    /// The wallet is empty (1003).
    pub wallet_empty: bool,
    /// Word of a template quick reply in V2: `quick_reply` or `button`; both are seen.
    pub template_reply_word: String,
    /// BSUIDs may be shown in V2 events.
    pub bsuid_v2: bool,
    /// BSUIDs may be shown in V3 events.
    pub bsuid_v3: bool,
    /// Most sends a second of the network's clock; none = no limit.
    pub sends_per_second: Option<u32>,
    /// Limits of the partner API (reference 4.9) are kept.
    pub partner_limits: bool,
    /// Templates.
    pub templates: Vec<Template>,
    /// Where callbacks go.
    pub subscriptions: Vec<Subscription>,
    /// V2 status events show the gs id in `id` too, as newer samples do, instead of the wamid.
    pub gs_id_everywhere: bool,
    /// Opt-in list.
    pub opt_ins: BTreeMap<String, OptIn>,
    /// Kind by id of uploaded files.
    pub uploads: BTreeMap<String, String>,
    /// Inbound wamids marked as read by the business.
    pub marked_read: Vec<String>,
}

/// A row of the opt-in list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptIn {
    /// Opted in, else out.
    pub opted_in: bool,
    /// `API` or `SELF` (wrote first).
    pub source: String,
    /// When.
    pub at: Ms,
}

/// Where callbacks go: made by the partner API, or `dashboard` for the self-serve callback URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// Id.
    pub id: String,
    /// Unique name.
    pub tag: String,
    /// Address.
    pub url: String,
    /// 2 or 3.
    pub version: u8,
    /// Mode words.
    pub modes: Vec<String>,
    /// Headers sent with every callback.
    pub headers: BTreeMap<String, String>,
    /// Sends callbacks.
    pub active: bool,
    /// Shown in the dashboard.
    pub show_on_ui: bool,
    /// When it was made.
    pub created_on: Ms,
    /// When it was changed.
    pub modified_on: Ms,
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            id: "dashboard".to_owned(),
            tag: "dashboard".to_owned(),
            url: String::new(),
            version: 2,
            modes: vec!["ALL".to_owned()],
            headers: BTreeMap::new(),
            active: true,
            show_on_ui: true,
            created_on: 0,
            modified_on: 0,
        }
    }
}

impl Subscription {
    /// Whether callbacks of this mode go here. Flow answers need their own word even beside ALL.
    pub(in crate::sim::whatsapp) fn wants(&self, mode: &str) -> bool {
        let has = |word: &str| self.modes.iter().any(|own| own == word);
        self.active && !self.url.is_empty() && (has(mode) || (has("ALL") && (mode != "FLOWS_MESSAGE" || self.id == "dashboard")))
    }
}

impl Default for App {
    fn default() -> Self {
        Self {
            name: String::new(),
            app_id: String::new(),
            source: String::new(),
            api_key: String::new(),
            partner_token: String::new(),
            waba_id: "330011220044".to_owned(),
            phone_number_id: "990011220055".to_owned(),
            cloud_api_hosted: true,
            codes_as_text: false,
            opt_in_required: false,
            not_opted_in_code: 1008,
            messaging_limit: None,
            portfolio: String::new(),
            wallet_empty: false,
            template_reply_word: "quick_reply".to_owned(),
            bsuid_v2: false,
            bsuid_v3: false,
            sends_per_second: None,
            partner_limits: true,
            templates: Vec::new(),
            subscriptions: Vec::new(),
            gs_id_everywhere: false,
            opt_ins: BTreeMap::new(),
            uploads: BTreeMap::new(),
            marked_read: Vec::new(),
        }
    }
}

impl App {
    /// An app of that name; ids, keys and number follow from the name, the same each time.
    pub fn new(name: &str) -> Self {
        let digest = sha2::Sha256::digest(name.as_bytes());
        let hex = hex::encode(digest);
        let digits: String = digest.iter().take(7).map(|byte| char::from(b'0'.saturating_add(byte % 10))).collect();
        Self {
            name: name.to_owned(),
            app_id: stable_uuid(&["app", name]),
            source: format!("7495{digits}"),
            api_key: format!("sk_{}", hex.get(..32).unwrap_or_default()),
            partner_token: format!("sk_{}", hex.get(32..).unwrap_or_default()),
            ..Self::default()
        }
    }

    /// With these templates.
    pub fn with_templates(mut self, templates: impl IntoIterator<Item = Template>) -> Self {
        for template in templates {
            self.add_template(template);
        }
        self
    }

    /// Adds a template; an empty id is filled. Returns the id.
    pub fn add_template(&mut self, mut template: Template) -> String {
        if template.id.is_empty() {
            template.id = stable_uuid(&[&self.app_id, &template.element_name, &template.language_code]);
        }
        let id = template.id.clone();
        self.templates.push(template);
        id
    }

    /// A template by id.
    pub(super) fn template(&self, id: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.id == id)
    }
}

/// A UUID that follows from its parts.
fn stable_uuid(parts: &[&str]) -> String {
    let digest = sha2::Sha256::digest(parts.join("|").as_bytes());
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
