//! Twilio (reference/whatsapp.md 8): form sends, templates by ContentSid with their variables, webhooks signed over their own address.
//!
//! What Twilio builds from stored contents only (buttons, lists, links in a session) is no kind of this channel: `flow/content` says it as
//! text.

mod access;
mod answer;
mod errors;
mod inbound;
mod send;
mod templates;
#[cfg(test)]
mod tests;
mod webhook;

use super::{
    Capabilities, ChannelConfig, FileAsk, HookAnswer, Outgoing, Provider, SettingField, TemplatePage, WebhookError, WebhookRequest,
};
use crate::domain::event::ProviderEvent;
use crate::domain::http::{HttpRequest, HttpResponse};
use crate::domain::outcome::{ProviderError, SendOutcome};

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct Twilio;

const CAPABILITIES: Capabilities = Capabilities {
    official: true,
    kinds: &["template", "text", "image", "video", "audio", "document", "sticker", "location"],
    upgrade: None,
    cards_at_once: 1,
    cards_need_phone: false,
    text_limit: TEXT_LIMIT,
    template_list: true,
    number_checks: None,
    pairing: false,
    groups: false,
    marks_read: false,
    typing: false,
    opt_in_list: false,
    named_params: true,
    channel_rate: 80,
    gap_ms: None,
    pair_interval_ms: 6_000,
    pair_burst: 5,
};

/// Longest `Body`, Unicode scalar values.
const TEXT_LIMIT: usize = 1_600;

const FIELDS: [SettingField; 3] = [
    SettingField::new("account_sid", "text", true),
    SettingField::new("auth_token", "secret", true),
    SettingField::new("sender", "text", true),
];

impl Provider for Twilio {
    fn kind(&self) -> &'static str {
        "twilio"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn setting_fields(&self) -> &'static [SettingField] {
        &FIELDS
    }

    fn sender(&self, channel: &ChannelConfig) -> String {
        access::Sender::of(channel).name()
    }

    fn build_send(&self, channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
        send::build(channel, message)
    }

    fn read_send(&self, answer: &HttpResponse) -> SendOutcome {
        answer::read_send(answer)
    }

    fn verify_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        webhook::verify(channel, request)
    }

    fn hook_answer(&self, _request: &WebhookRequest<'_>) -> HookAnswer {
        // Anything else in the body would be sent to the user as a reply.
        HookAnswer { content_type: "text/xml", body: "<Response/>".to_owned() }
    }

    fn read_events(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        webhook::read(channel, request)
    }

    // An address may be set to be called by GET as well: the fields stand in its query then.
    fn read_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        self.read_events(channel, request)
    }

    fn build_template_list(&self, channel: &ChannelConfig, cursor: Option<&str>) -> Option<HttpRequest> {
        Some(templates::build_list(channel, cursor))
    }

    fn read_template_list(&self, answer: &HttpResponse, _cursor: Option<&str>) -> Result<TemplatePage, ProviderError> {
        templates::read_list(answer)
    }

    fn refusal(&self, answer: &HttpResponse) -> ProviderError {
        answer::refusal(answer)
    }

    fn build_file(&self, channel: &ChannelConfig, source: &str) -> FileAsk {
        FileAsk::File(access::file(channel, source))
    }

    // No subscriptions: statuses are asked for with every send; the address of incoming messages is set by hand in the sender's settings.
    fn needs_phone(&self) -> bool {
        true
    }
}
