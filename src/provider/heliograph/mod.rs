//! Heliograph: a gateway that exists for the tests alone (feature `test-provider`); its contract is tests/fixtures/heliograph/SOURCE.md.
//!
//! It shows what a sixth adapter takes, in a shape that no other has: ids in a header, events in batches under a seal with a moment in it,
//! times as text, its own words for everything.

mod answer;
mod beams;
mod letters;
mod send;
mod station;
#[cfg(test)]
mod tests;

use super::pairing::{Ask, Told};
use super::{
    AccountState, Capabilities, ChannelConfig, FileAsk, NumberCheck, Outgoing, Provider, Read, SettingField, WebhookError, WebhookRequest,
};
use crate::domain::event::ProviderEvent;
use crate::domain::http::{HttpRequest, HttpResponse};
use crate::domain::outcome::{ProviderError, SendOutcome};
use serde_json::Value;

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct Heliograph;

const CAPABILITIES: Capabilities = Capabilities {
    official: false,
    kinds: &["text", "image", "video", "audio", "voice", "document", "sticker", "buttons", "list", "location", "contacts", "reaction"],
    upgrade: None,
    cards_at_once: 10,
    cards_need_phone: false,
    text_limit: 4_000,
    template_list: false,
    number_checks: Some(1_000),
    pairing: true,
    groups: true,
    marks_read: true,
    typing: true,
    opt_in_list: false,
    named_params: false,
    channel_rate: 1,
    gap_ms: Some((5_000, 15_000)),
    pair_interval_ms: 6_000,
    pair_burst: 5,
};

const FIELDS: [SettingField; 5] = [
    SettingField::new("base_url", "url", true),
    SettingField::new("station", "text", true),
    SettingField::new("station_key", "secret", true),
    SettingField::new("seal_key", "secret", true),
    // The number the station is aligned to; read from it, and no other one is accepted silently.
    SettingField::new("phone", "digits", false),
];

impl Provider for Heliograph {
    fn kind(&self) -> &'static str {
        "heliograph"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn setting_fields(&self) -> &'static [SettingField] {
        &FIELDS
    }

    fn sender(&self, channel: &ChannelConfig) -> String {
        channel.text("station").to_owned()
    }

    fn build_send(&self, channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
        send::build(channel, message)
    }

    fn read_send(&self, answer: &HttpResponse) -> SendOutcome {
        answer::read_send(answer)
    }

    fn verify_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        beams::verify(channel, request)
    }

    fn read_events(&self, _channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        beams::read(request.body)
    }

    fn refusal(&self, answer: &HttpResponse) -> ProviderError {
        answer::refusal(answer)
    }

    fn needs_phone(&self) -> bool {
        true
    }

    fn build_account(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(station::read(channel))
    }

    fn read_account(&self, answer: &HttpResponse) -> Result<AccountState, ProviderError> {
        station::read_state(answer)
    }

    fn own_pause(&self, reason: &str) -> bool {
        station::channel_state(reason) == Some("paused")
    }

    fn build_file(&self, channel: &ChannelConfig, source: &str) -> FileAsk {
        FileAsk::File(station::file(channel, source))
    }

    fn build_pairing(&self, channel: &ChannelConfig, ask: &Ask) -> Option<HttpRequest> {
        station::align(channel, ask)
    }

    fn read_pairing(&self, ask: &Ask, answer: &HttpResponse) -> Result<Told, ProviderError> {
        station::aligned(ask, answer)
    }

    fn build_number_check(&self, channel: &ChannelConfig, phone: &str) -> Option<HttpRequest> {
        Some(station::number_check(channel, phone))
    }

    fn read_number_check(&self, answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
        station::read_number_check(answer)
    }

    fn build_mark_read(&self, channel: &ChannelConfig, read: &Read<'_>) -> Option<HttpRequest> {
        Some(station::seen(channel, read))
    }

    fn one_address(&self) -> bool {
        true
    }

    fn build_subscriptions(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(station::mirror(channel))
    }

    fn build_subscribe(&self, channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
        station::turn_mirror(channel, webhook_url, listed)
    }
}
