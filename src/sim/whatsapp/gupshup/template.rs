//! A template row as Gupshup keeps it, and what filling it demands (reference 4.4, 4.7, 5.4).

use super::codes::Trouble;
use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest filled body.
const BODY_LIMIT: usize = 1_024;

/// One template in one language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// Gupshup's UUID; filled when the template is added.
    pub id: String,
    /// Element name.
    pub element_name: String,
    /// Language.
    pub language_code: String,
    /// MARKETING, UTILITY, AUTHENTICATION.
    pub category: String,
    /// TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, GIF.
    pub template_type: String,
    /// Header text with at most one placeholder; for TEXT templates.
    pub header: Option<String>,
    /// Body with placeholders.
    pub body: String,
    /// Footer.
    pub footer: Option<String>,
    /// Buttons as in `containerMeta`.
    pub buttons: Vec<Value>,
    /// APPROVED, PAUSED, …
    pub status: String,
    /// GREEN, YELLOW, RED, UNKNOWN.
    pub quality: String,
    /// Why rejected.
    pub reason: Option<String>,
    /// POSITIONAL or NAMED.
    pub parameter_format: String,
    /// When changed, epoch ms.
    pub modified_on: Ms,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            id: String::new(),
            element_name: String::new(),
            language_code: "ru".to_owned(),
            category: "UTILITY".to_owned(),
            template_type: "TEXT".to_owned(),
            header: None,
            body: String::new(),
            footer: None,
            buttons: Vec::new(),
            status: "APPROVED".to_owned(),
            quality: "GREEN".to_owned(),
            reason: None,
            parameter_format: "POSITIONAL".to_owned(),
            modified_on: 1_790_000_000_000,
        }
    }
}

impl Template {
    /// An approved utility template with a body only.
    pub fn new(name: &str, language: &str, body: &str) -> Self {
        Self { element_name: name.to_owned(), language_code: language.to_owned(), body: body.to_owned(), ..Self::default() }
    }

    /// In this category.
    pub fn category(mut self, category: &str) -> Self {
        category.clone_into(&mut self.category);
        self
    }

    /// With a text header.
    pub fn header_text(mut self, header: &str) -> Self {
        self.header = Some(header.to_owned());
        self
    }

    /// With a header of `IMAGE`, `VIDEO`, `DOCUMENT`, `GIF` or `LOCATION`.
    pub fn header_media(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.template_type);
        self
    }

    /// With a footer.
    pub fn footer(mut self, footer: &str) -> Self {
        self.footer = Some(footer.to_owned());
        self
    }

    /// With a quick-reply button.
    pub fn quick_reply(mut self, text: &str) -> Self {
        self.buttons.push(json!({"type": "QUICK_REPLY", "text": text}));
        self
    }

    /// With a link button; a placeholder at the end of the address makes it dynamic.
    pub fn url_button(mut self, text: &str, url: &str) -> Self {
        self.buttons.push(json!({"type": "URL", "text": text, "url": url, "example": [url.replace("{{1}}", "118")]}));
        self
    }

    /// With this status.
    pub fn status(mut self, status: &str) -> Self {
        status.clone_into(&mut self.status);
        self
    }

    /// Placeholders of the header text.
    pub(super) fn header_params(&self) -> usize {
        self.header.as_deref().map_or(0, |header| placeholders(header).len())
    }

    /// Placeholders of the body.
    pub(super) fn body_params(&self) -> usize {
        placeholders(&self.body).len()
    }

    /// Values the buttons take: one for each dynamic URL, copy-code and OTP button.
    pub(super) fn button_params(&self) -> usize {
        self.buttons.iter().filter(|button| takes_value(button)).count()
    }

    /// What is wrong with this flat list of values; order header, body, buttons.
    pub(super) fn check_params(&self, params: &[&str]) -> Option<Trouble> {
        let wanted = self.header_params().saturating_add(self.body_params()).saturating_add(self.button_params());
        if params.len() != wanted {
            return Some(Trouble::ParameterCount);
        }
        if params.iter().any(|value| value.trim().is_empty()) {
            return Some(Trouble::ParameterFormat);
        }
        if params.iter().any(|value| value.contains(['\n', '\r', '\t']) || value.contains("     ")) {
            return Some(Trouble::ParameterContent);
        }
        (self.fill_body(params).chars().count() > BODY_LIMIT).then_some(Trouble::BodyTooLong)
    }

    /// The state in which it cannot be sent, if it is in one.
    pub(super) fn check_status(&self) -> Option<Trouble> {
        match self.status.as_str() {
            "APPROVED" | "REINSTATED" | "FLAGGED" => None,
            "PAUSED" => Some(Trouble::TemplatePaused),
            "DISABLED" | "DEACTIVATED" | "DESACTIVATED" => Some(Trouble::TemplateDisabled),
            _ => Some(Trouble::TemplateUnknown),
        }
    }

    /// Header and body as the person reads them.
    pub(super) fn fill(&self, params: &[&str]) -> String {
        let body = self.fill_body(params);
        match &self.header {
            Some(header) => format!("{}\n{body}", replace(header, params)),
            None => body,
        }
    }

    fn fill_body(&self, params: &[&str]) -> String {
        replace(&self.body, params.get(self.header_params()..).unwrap_or_default())
    }

    /// The row as the list shows it.
    pub(super) fn row(&self, app_id: &str, waba_id: &str) -> Value {
        let header = (self.template_type == "TEXT").then(|| self.header.clone()).flatten();
        let mut container = json!({"appId": app_id, "data": self.body, "sampleText": self.body, "enableSample": true, "editTemplate": false,
            "allowTemplateCategoryChange": false, "addSecurityRecommendation": false});
        if let Some(container) = container.as_object_mut() {
            if let Some(header) = &header {
                container.insert("header".to_owned(), json!(header));
                container.insert("sampleHeader".to_owned(), json!(header));
            }
            if let Some(footer) = &self.footer {
                container.insert("footer".to_owned(), json!(footer));
            }
            if !self.buttons.is_empty() {
                container.insert("buttons".to_owned(), json!(self.buttons));
            }
            if !matches!(self.template_type.as_str(), "TEXT" | "LOCATION") {
                container.insert("mediaUrl".to_owned(), json!("https://fss.gupshup.io/sample"));
            }
        }
        let shown =
            [header.as_deref(), Some(self.body.as_str()), self.footer.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("\n");
        json!({
            "id": self.id, "appId": app_id, "elementName": self.element_name, "externalId": external_id(&self.id), "reason": self.reason,
            "languageCode": self.language_code, "languagePolicy": "deterministic", "oldCategory": Value::Null, "category": self.category,
            "internalCategory": 0, "templateType": self.template_type, "internalType": 0, "status": self.status, "state": "",
            "quality": self.quality, "parameterFormat": self.parameter_format, "vertical": "robots", "data": shown,
            "namespace": "5c1d_ns", "wabaId": waba_id, "source": "WEB", "stage": "NONE", "createdOn": self.modified_on,
            "modifiedOn": self.modified_on, "buttonSupported": buttons_word(&self.buttons), "priority": 1, "retry": 0,
            "meta": json!({"example": self.body}).to_string(), "containerMeta": container.to_string(),
        })
    }
}

/// Whether a button takes a value when the template is sent.
pub(super) fn takes_value(button: &Value) -> bool {
    let text = |name: &str| button.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "URL" => !placeholders(text("url")).is_empty(),
        "COPY_CODE" | "OTP" => true,
        _ => false,
    }
}

/// Distinct placeholder names in order of first appearance.
pub(in crate::sim::whatsapp) fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}")
            && !name.is_empty()
            && !found.contains(&name.trim())
        {
            found.push(name.trim());
        }
    }
    found
}

fn replace(text: &str, params: &[&str]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in placeholders(text).into_iter().zip(params) {
        filled = filled.replace(&format!("{{{{{name}}}}}"), value);
    }
    filled
}

fn external_id(id: &str) -> String {
    let digits: String = id.bytes().map(|byte| char::from(b'0'.saturating_add(byte % 10))).collect();
    digits.chars().take(16).collect()
}

fn buttons_word(buttons: &[Value]) -> Value {
    match buttons.first().and_then(|button| button.get("type")).and_then(Value::as_str) {
        None => Value::Null,
        Some("QUICK_REPLY") => json!("QR"),
        Some("URL" | "PHONE_NUMBER") => json!("CTA"),
        Some(other) => json!(other),
    }
}
