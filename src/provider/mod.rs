//! Providers as pure adapters (sans-IO): build a request, read an answer, verify and read a webhook. No HTTP, no database, no clock.

pub mod advice;
mod chat_id;
mod ending;
pub mod green_api;
pub mod gupshup;
#[cfg(feature = "test-provider")]
pub mod heliograph;
mod json;
mod mac;
pub mod meta;
mod meta_shape;
pub mod pairing;
mod placeholders;
pub mod profile;
pub mod registry;
pub mod settings;
pub mod twilio;
mod vcard;
pub mod waha;

pub use settings::{check_settings, fields_of, own_fields};

use crate::domain::content::Content;
use crate::domain::event::{LimitEvent, ProviderEvent};
use crate::domain::http::{HttpRequest, HttpResponse, Method};
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use crate::domain::secret::Secret;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A channel's settings as an adapter sees them.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// Our channel id.
    pub channel_id: String,
    /// Plain settings.
    pub settings: Map<String, Value>,
    /// Secret settings by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Base addresses: setting name such as `GUPSHUP_URL` → origin without a trailing slash.
    pub bases: BTreeMap<String, String>,
    /// Where the provider reports to; the address itself is a secret.
    pub webhook_url: Secret,
    /// Addresses of other channels of the same account, where the provider was seen to report to them.
    pub siblings: Vec<Secret>,
}

impl ChannelConfig {
    /// A plain text setting, empty when absent.
    pub fn text(&self, name: &str) -> &str {
        self.settings.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A secret setting, empty when absent.
    pub fn secret(&self, name: &str) -> Secret {
        self.secrets.get(name).cloned().unwrap_or_default()
    }

    /// A channel for unit tests.
    #[cfg(test)]
    pub(crate) fn sample(settings: &Value, secrets: &[(&str, &str)]) -> Self {
        Self {
            channel_id: "ch_1".to_owned(),
            settings: settings.as_object().cloned().unwrap(),
            secrets: secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect(),
            bases: BTreeMap::new(),
            webhook_url: Secret::default(),
            siblings: Vec::new(),
        }
    }

    /// A base address.
    pub fn base(&self, name: &str) -> &str {
        self.bases.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What a channel of this kind can do (reference/whatsapp.md 9).
#[derive(Debug, Clone, Serialize)]
pub struct Capabilities {
    /// 24 h window and templates apply.
    pub official: bool,
    /// Outgoing kinds (words of reference/whatsapp.md 1.1).
    pub kinds: &'static [&'static str],
    /// What more a channel can with settings that not every one has; the kinds stand in `kinds` as well.
    pub upgrade: Option<Upgrade>,
    /// Contact cards of one message.
    pub cards_at_once: usize,
    /// A card without a number cannot be sent as one.
    pub cards_need_phone: bool,
    /// Most Unicode scalar values of a free-form text.
    pub text_limit: usize,
    /// Templates can be listed by API.
    pub template_list: bool,
    /// Numbers can be checked for WhatsApp: checks a month; `None` = the provider cannot say.
    pub number_checks: Option<i64>,
    /// A phone has to be linked: by a QR code or a code to type.
    pub pairing: bool,
    /// Groups can be written to.
    pub groups: bool,
    /// Clients can be shown that their message was read.
    pub marks_read: bool,
    /// They can be shown that an answer is being written.
    pub typing: bool,
    /// The provider keeps an opt-in list of its own.
    pub opt_in_list: bool,
    /// Named template parameters can be sent.
    pub named_params: bool,
    /// Messages a second for the whole channel, start value.
    pub channel_rate: u32,
    /// Pause between two messages of the channel unless its owner sets a rate: at least and at most this long, ms, different each time. For
    /// phones behind gateways, which evenly sent messages get banned (reference/whatsapp.md 6.9).
    pub gap_ms: Option<(i64, i64)>,
    /// Pause between messages to one recipient, ms; a burst of this many passes first.
    pub pair_interval_ms: i64,
    /// Burst to one recipient.
    pub pair_burst: u32,
}

/// What a channel can beyond its kind's ordinary ones.
#[derive(Debug, Clone, Serialize)]
pub struct Upgrade {
    /// All of these settings have to be given.
    pub settings: &'static [&'static str],
    /// Kinds that only then can be sent.
    pub kinds: &'static [&'static str],
    /// Contact cards of one message then.
    pub cards_at_once: usize,
}

/// One field of a kind's settings, for `GET /api/v1/channel-kinds` and validation.
#[derive(Debug, Clone, Serialize)]
pub struct SettingField {
    /// Key in `settings`.
    pub name: &'static str,
    /// `text`, `digits` (a phone number), `number` (whole, 1–1000), `count` (whole, from 1), `url`, `secret`, `choice`.
    pub kind: &'static str,
    /// Must be given.
    pub required: bool,
    /// Allowed words of a `choice`; the first is the default.
    pub choices: &'static [&'static str],
}

impl SettingField {
    /// A field that takes what its kind takes.
    pub const fn new(name: &'static str, kind: &'static str, required: bool) -> Self {
        Self { name, kind, required, choices: &[] }
    }

    /// One of these words; the first is the default.
    pub const fn choice(name: &'static str, choices: &'static [&'static str]) -> Self {
        Self { name, kind: "choice", required: false, choices }
    }
}

/// A message ready for a provider.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Our message id; becomes the provider's own tag where it has one.
    pub message_id: String,
    /// Whom to.
    pub to: Identity,
    /// What.
    pub content: Content,
}

/// One row of a provider's template list.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateRow {
    /// Provider's id.
    pub provider_id: String,
    /// Element name.
    pub name: String,
    /// Language code.
    pub language: String,
    /// MARKETING, UTILITY, AUTHENTICATION.
    pub category: String,
    /// Upper-case status; APPROVED is sendable.
    pub status: String,
    /// text image video document location.
    pub header_kind: Option<String>,
    /// Header text with placeholders.
    pub header_text: Option<String>,
    /// Body with placeholders.
    pub body: String,
    /// Footer.
    pub footer: Option<String>,
    /// Buttons as JSON: [{"type":"URL","text":…,"url":…,"dynamic":true}].
    pub buttons: Value,
    /// Placeholder keys of the body, in order of first appearance.
    pub param_keys: Vec<String>,
    /// Quality word.
    pub quality: Option<String>,
    /// Why rejected.
    pub reason: Option<String>,
    /// The row as received.
    pub raw: Value,
}

/// Whether a number is on WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberCheck {
    /// It is.
    pub exists: bool,
    /// How the provider addresses it, where it tells.
    pub recipient: Option<String>,
}

/// A client's message that was read.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// WhatsApp's id of it.
    pub wa_id: &'a str,
    /// Who wrote it, and in which group.
    pub from: &'a Identity,
    /// The sign that an answer is being written is wanted too.
    pub typing: bool,
}

/// A page of the template list.
#[derive(Debug, Clone)]
pub struct TemplatePage {
    /// Rows.
    pub rows: Vec<TemplateRow>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// How a client's file is had.
#[derive(Debug, Clone)]
pub enum FileAsk {
    /// The request for the file itself.
    File(HttpRequest),
    /// The provider is asked where it is first.
    Address(HttpRequest),
}

/// What came to `/hooks/…`.
#[derive(Debug, Clone)]
pub struct WebhookRequest<'a> {
    /// GET or POST.
    pub method: &'a str,
    /// The public URL as the provider called it.
    pub url: &'a str,
    /// Headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// Raw bytes.
    pub body: &'a [u8],
}

/// What a provider wants to read in the answer to a webhook that was stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookAnswer {
    /// MIME type; empty = none.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// How the account behind a channel is, asked at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountState {
    /// The channel state that follows; `None` = it says nothing.
    pub state: Option<&'static str>,
    /// Why, in the provider's words.
    pub reason: Option<String>,
    /// The channel's own number, digits.
    pub phone: Option<String>,
    /// How far a phone is linked; `None` where no phone is.
    pub pairing: Option<pairing::Stage>,
    /// More of it for people, in the provider's words: `quality`, `throughput`, …; null where nothing is told.
    pub health: Value,
    /// How many new people a day the business may reach, where told.
    pub limit: Option<LimitEvent>,
}

/// Why a webhook is not believed or not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Signature or header wrong: 403.
    #[error("forged")]
    Forged,
    /// Not JSON, not a form: 400.
    #[error("unparsable: {0}")]
    Unparsable(String),
}

/// Why settings were refused: the field and a stable reason word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SettingsError {
    /// Field name.
    pub field: String,
    /// `required`, `not_text`, `not_digits`, `not_number`, `not_url`, `not_hh_mm_hh_mm`, `unknown_field`, `unknown_choice`, `too_long`,
    /// `no_such_channel`, `own_channel`, `name_not_unique`.
    pub reason: &'static str,
}

/// One provider. Adapters hold no state.
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// Word in the API: `gupshup`, `meta`, `green-api`, `waha`, `twilio`; also the path part of `/hooks/{provider}/…`.
    fn kind(&self) -> &'static str;
    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities;
    /// Settings it takes.
    fn setting_fields(&self) -> &'static [SettingField];
    /// The sender's name in events (Gupshup `app_name`), for routing.
    fn sender(&self, channel: &ChannelConfig) -> String;
    /// Builds the send.
    ///
    /// # Errors
    /// A [`ProviderError`] of class `payload` when the content cannot be said in this dialect.
    fn build_send(&self, channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError>;
    /// Reads a complete HTTP answer to a send.
    fn read_send(&self, answer: &HttpResponse) -> SendOutcome;
    /// Proves a webhook on its raw bytes (the path secret was checked before).
    ///
    /// # Errors
    /// [`WebhookError::Forged`].
    fn verify_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError>;
    /// Reads a body into events; unknown ones become `What::Other`.
    ///
    /// # Errors
    /// [`WebhookError::Unparsable`].
    fn read_events(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError>;
    /// The refusal that an answer states, whatever was asked.
    fn refusal(&self, answer: &HttpResponse) -> ProviderError;
    /// Reads a call of the webhook. A GET tells nothing: it asks whether the address is ours.
    ///
    /// # Errors
    /// [`WebhookError::Unparsable`].
    fn read_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        if request.method.eq_ignore_ascii_case("GET") { Ok(Vec::new()) } else { self.read_events(channel, request) }
    }
    /// Classifies an answer that is not a send (template list, opt-in): `None` = fine.
    fn read_error(&self, answer: &HttpResponse) -> Option<ProviderError> {
        (!answer.is_success()).then(|| self.refusal(answer))
    }
    /// Request for a page of templates; `None` when the provider has no list.
    fn build_template_list(&self, _channel: &ChannelConfig, _cursor: Option<&str>) -> Option<HttpRequest> {
        None
    }
    /// Reads a page of templates.
    ///
    /// # Errors
    /// The provider's refusal.
    fn read_template_list(&self, _answer: &HttpResponse, _cursor: Option<&str>) -> Result<TemplatePage, ProviderError> {
        Err(ProviderError::new(ErrorClass::Unknown, None, "this provider has no templates"))
    }
    /// Request that puts a number on the provider's opt-in list; `None` when there is no list.
    fn build_opt_in(&self, _channel: &ChannelConfig, _phone: &str) -> Option<HttpRequest> {
        None
    }
    /// What the answer to a believed webhook says; empty for most.
    fn hook_answer(&self, _request: &WebhookRequest<'_>) -> HookAnswer {
        HookAnswer::default()
    }
    /// Request that asks how the account is; `None` where nothing is asked.
    fn build_account(&self, _channel: &ChannelConfig) -> Option<HttpRequest> {
        None
    }
    /// Reads the answer to [`Provider::build_account`].
    ///
    /// # Errors
    /// The provider's refusal.
    fn read_account(&self, answer: &HttpResponse) -> Result<AccountState, ProviderError> {
        self.read_error(answer).map_or_else(|| Ok(AccountState::default()), Err)
    }
    /// Whether a channel that is paused for this reason was paused by a state of the account, which takes the pause back when it passes. Any
    /// other pause is a person's or money's affair.
    fn own_pause(&self, _reason: &str) -> bool {
        false
    }
    /// Messages a second that the account may send, seen from what [`Provider::read_account`] told of its health.
    fn channel_rate(&self, _health: &Value) -> u32 {
        self.capabilities().channel_rate
    }
    /// Whether it writes to phone numbers only: nobody is reached by a business-scoped id alone.
    fn needs_phone(&self) -> bool {
        false
    }
    /// Request that asks whether a number is on WhatsApp; `None` where the provider cannot say (then `number_checks` is `None` too).
    fn build_number_check(&self, _channel: &ChannelConfig, _phone: &str) -> Option<HttpRequest> {
        None
    }
    /// Reads the answer to [`Provider::build_number_check`].
    ///
    /// # Errors
    /// The provider's refusal.
    fn read_number_check(&self, _answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
        Err(ProviderError::new(ErrorClass::Unknown, None, "this provider cannot check numbers"))
    }
    /// Request that shows a client that their message was read; `None` where this channel cannot.
    fn build_mark_read(&self, _channel: &ChannelConfig, _read: &Read<'_>) -> Option<HttpRequest> {
        None
    }
    /// How the file of a client's message is fetched. `source` is what the adapter put into the message's `media.url`: an address, or words
    /// of its own.
    fn build_file(&self, _channel: &ChannelConfig, source: &str) -> FileAsk {
        FileAsk::File(HttpRequest::new(Method::Get, source))
    }
    /// Reads the answer to [`FileAsk::Address`]: the request for the file.
    ///
    /// # Errors
    /// The provider's refusal.
    fn read_file_address(&self, _channel: &ChannelConfig, answer: &HttpResponse) -> Result<HttpRequest, ProviderError> {
        let unasked = || ProviderError::new(ErrorClass::Unknown, None, "no address was asked for");
        Err(self.read_error(answer).unwrap_or_else(unasked))
    }
    /// Request of the linking of a phone; `None` where no phone is linked, or nothing has to be asked for this step.
    fn build_pairing(&self, _channel: &ChannelConfig, _ask: &pairing::Ask) -> Option<HttpRequest> {
        None
    }
    /// Reads the answer to [`Provider::build_pairing`].
    ///
    /// # Errors
    /// The provider's refusal.
    fn read_pairing(&self, _ask: &pairing::Ask, answer: &HttpResponse) -> Result<pairing::Told, ProviderError> {
        self.read_error(answer).map_or_else(|| Ok(pairing::Told::Nothing), Err)
    }
    /// Request that reads the business profile; `None` where there is none to be had.
    fn build_profile(&self, _channel: &ChannelConfig) -> Option<HttpRequest> {
        None
    }
    /// Reads the answer to [`Provider::build_profile`].
    ///
    /// # Errors
    /// The provider's refusal.
    fn read_profile(&self, answer: &HttpResponse) -> Result<profile::Profile, ProviderError> {
        self.read_error(answer).map_or_else(|| Ok(profile::Profile::default()), Err)
    }
    /// Request that changes it; what is `None` in the change stays.
    fn build_profile_change(&self, _channel: &ChannelConfig, _change: &profile::Profile) -> Option<HttpRequest> {
        None
    }
    /// The account that several numbers share and whose news name no number (templates, bans); `None` where every number is told for itself.
    fn account<'a>(&self, _channel: &'a ChannelConfig) -> Option<&'a str> {
        None
    }
    /// Whether the provider reports a number to one address only: the last one that was set.
    fn one_address(&self) -> bool {
        false
    }
    /// Request that points the number's own events to `webhook_url`, where the provider has such a thing and does not show it: it is repeated
    /// at every look.
    fn build_point(&self, _channel: &ChannelConfig, _webhook_url: &str) -> Option<HttpRequest> {
        None
    }
    /// Request that reads which webhooks the provider has; `None` where people enter the address by hand and pages show the steps.
    fn build_subscriptions(&self, _channel: &ChannelConfig) -> Option<HttpRequest> {
        None
    }
    /// What has to be asked so that the provider reports to `webhook_url` and no more to a former address of this channel, seen from the
    /// answer to [`Provider::build_subscriptions`]; empty when all is well.
    fn build_subscribe(&self, _channel: &ChannelConfig, _webhook_url: &str, _listed: &Value) -> Vec<HttpRequest> {
        Vec::new()
    }
}
