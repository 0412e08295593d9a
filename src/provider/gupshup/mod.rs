//! Gupshup (reference/whatsapp.md 4): V1 form with the account's key, V3 JSON where a partner token is set; V2 and V3 events.
//!
//! Pure: requests are built and answers read here, nothing is sent, stored or timed. No idempotency key exists at this provider, so
//! `answer` is exact about what certainly was not sent.

mod access;
mod answer;
mod errors;
mod events;
mod inbound;
#[cfg(test)]
mod kind_tests;
mod send;
mod session;
mod subscription;
mod templates;
#[cfg(test)]
mod tests;

use super::{Capabilities, ChannelConfig, Outgoing, Provider, Read, SettingField, TemplatePage, Upgrade, WebhookError, WebhookRequest};
use crate::domain::event::ProviderEvent;
use crate::domain::http::{HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ProviderError, SendOutcome};
use subscription::HOOK_HEADER;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct Gupshup;

const CAPABILITIES: Capabilities = Capabilities {
    official: true,
    kinds: &[
        "template",
        "text",
        "image",
        "video",
        "audio",
        "voice",
        "document",
        "sticker",
        "buttons",
        "list",
        "cta_url",
        "location",
        "location_request",
        "contacts",
        "reaction",
    ],
    // Only the partner API passes Meta's own bodies through (reference/whatsapp.md 4.3).
    upgrade: Some(Upgrade { settings: &["app_id", "partner_token"], kinds: &["location_request"], cards_at_once: 5 }),
    cards_at_once: 1,
    cards_need_phone: false,
    text_limit: 4_096,
    template_list: true,
    number_checks: None,
    pairing: false,
    groups: false,
    marks_read: true,
    typing: false,
    opt_in_list: true,
    named_params: true,
    channel_rate: 10,
    gap_ms: None,
    pair_interval_ms: 6_000,
    pair_burst: 5,
};

const FIELDS: [SettingField; 7] = [
    SettingField::new("app_name", "text", true),
    SettingField::new("app_id", "text", false),
    SettingField::new("source", "digits", true),
    SettingField::new("api_key", "secret", true),
    SettingField::new("partner_token", "secret", false),
    SettingField::new("hook_header", "secret", false),
    SettingField::choice("mark_opt_in", &["on_consent", "never", "before_first_template"]),
];

impl Provider for Gupshup {
    fn kind(&self) -> &'static str {
        "gupshup"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn setting_fields(&self) -> &'static [SettingField] {
        &FIELDS
    }

    fn sender(&self, channel: &ChannelConfig) -> String {
        channel.text("app_name").to_owned()
    }

    // Sending to a BSUID is announced by the vendor, not there yet (reference/whatsapp.md 3.3).
    fn needs_phone(&self) -> bool {
        true
    }

    fn build_send(&self, channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
        send::build(channel, message)
    }

    fn read_send(&self, answer: &HttpResponse) -> SendOutcome {
        answer::read_send(answer)
    }

    fn verify_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        // Gupshup signs nothing; a header of the subscription is the only proof it offers beside the address itself.
        let expected = channel.secret("hook_header");
        if expected.is_empty() {
            return Ok(());
        }
        let told = request.headers.iter().find(|(name, _)| name == HOOK_HEADER).map(|(_, value)| value.as_str());
        if told.is_some_and(|told| expected.matches(told)) { Ok(()) } else { Err(WebhookError::Forged) }
    }

    fn read_events(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        events::read(channel, request.body)
    }

    fn build_template_list(&self, channel: &ChannelConfig, cursor: Option<&str>) -> Option<HttpRequest> {
        Some(templates::build_list(channel, cursor))
    }

    fn read_template_list(&self, answer: &HttpResponse, cursor: Option<&str>) -> Result<TemplatePage, ProviderError> {
        templates::read_list(answer, cursor)
    }

    fn build_opt_in(&self, channel: &ChannelConfig, phone: &str) -> Option<HttpRequest> {
        Some(access::opt_in(channel, phone))
    }

    fn refusal(&self, answer: &HttpResponse) -> ProviderError {
        answer::refusal(answer)
    }

    fn build_mark_read(&self, channel: &ChannelConfig, read: &Read<'_>) -> Option<HttpRequest> {
        let app_id = Some(channel.text("app_id")).filter(|id| !id.is_empty())?;
        Some(access::own(channel, Method::Put, &["wa", "app", app_id, "msg", read.wa_id, "read"]))
    }

    fn build_subscriptions(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        subscription::list(channel)
    }

    fn build_subscribe(&self, channel: &ChannelConfig, webhook_url: &str, listed: &serde_json::Value) -> Vec<HttpRequest> {
        subscription::mend(channel, webhook_url, listed)
    }
}
