//! Green-API (reference/whatsapp.md 6): a phone of the customer behind HTTP. No templates, no window; a session that can be lost.
//!
//! The vendor forces the token into the path; errors never show an address. Its queue takes messages even while logged out, so state
//! notices stop the channel here. Buttons are beta there and may not show at all, so they are no kind of this channel: `flow/content`
//! says choices as numbered text.

mod answer;
mod inbound;
mod instance;
mod send;
#[cfg(test)]
mod tests;
mod webhook;

use super::chat_id;
use super::pairing::{Ask, Told};
use super::{
    AccountState, Capabilities, ChannelConfig, FileAsk, NumberCheck, Outgoing, Provider, Read, SettingField, WebhookError, WebhookRequest,
};
use crate::domain::event::ProviderEvent;
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ProviderError, SendOutcome};
use serde_json::{Value, json};

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct GreenApi;

const CAPABILITIES: Capabilities = Capabilities {
    official: false,
    kinds: &["text", "image", "video", "audio", "voice", "document", "location", "contacts"],
    upgrade: None,
    cards_at_once: 1,
    cards_need_phone: true,
    text_limit: 20_000,
    template_list: false,
    // The Business plan's; a smaller plan tells its own end (466).
    number_checks: Some(30_000),
    pairing: true,
    groups: true,
    marks_read: true,
    typing: false,
    opt_in_list: false,
    named_params: false,
    // The vendor queues and paces by itself; what protects the number is slower (6.9).
    channel_rate: 1,
    gap_ms: Some((5_000, 15_000)),
    pair_interval_ms: 6_000,
    pair_burst: 5,
};

const FIELDS: [SettingField; 5] = [
    SettingField::new("id_instance", "text", true),
    SettingField::new("api_token", "secret", true),
    SettingField::new("webhook_token", "secret", true),
    // An instance may show a host of its own in the console.
    SettingField::new("api_url", "url", false),
    // The number the instance is paired to; read from the vendor, and no other one is accepted silently.
    SettingField::new("phone", "digits", false),
];

impl Provider for GreenApi {
    fn kind(&self) -> &'static str {
        "green-api"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn setting_fields(&self) -> &'static [SettingField] {
        &FIELDS
    }

    fn sender(&self, channel: &ChannelConfig) -> String {
        channel.text("id_instance").to_owned()
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

    fn read_events(&self, _channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        webhook::read(request.body)
    }

    fn refusal(&self, answer: &HttpResponse) -> ProviderError {
        answer::refusal(answer)
    }

    fn build_account(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(instance::state(channel))
    }

    fn read_account(&self, answer: &HttpResponse) -> Result<AccountState, ProviderError> {
        instance::read_state(answer)
    }

    fn own_pause(&self, reason: &str) -> bool {
        reason.starts_with(instance::YELLOW_CARD)
    }

    fn build_file(&self, channel: &ChannelConfig, source: &str) -> FileAsk {
        instance::build_file(channel, source)
    }

    fn read_file_address(&self, _channel: &ChannelConfig, answer: &HttpResponse) -> Result<HttpRequest, ProviderError> {
        instance::read_file_address(answer)
    }

    fn build_pairing(&self, channel: &ChannelConfig, ask: &Ask) -> Option<HttpRequest> {
        instance::build_pairing(channel, ask)
    }

    fn read_pairing(&self, ask: &Ask, answer: &HttpResponse) -> Result<Told, ProviderError> {
        instance::read_pairing(ask, answer)
    }

    fn build_number_check(&self, channel: &ChannelConfig, phone: &str) -> Option<HttpRequest> {
        instance::number_check(channel, phone)
    }

    fn read_number_check(&self, answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
        instance::read_number_check(answer)
    }

    fn one_address(&self) -> bool {
        true
    }

    fn build_mark_read(&self, channel: &ChannelConfig, read: &Read<'_>) -> Option<HttpRequest> {
        let mut request = instance::call(channel, Method::Post, "readChat");
        request.body = Body::Json(json!({"chatId": chat_id::of(read.from).ok()?, "idMessage": read.wa_id}));
        Some(request)
    }

    fn build_subscriptions(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(instance::settings(channel))
    }

    fn build_subscribe(&self, channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
        instance::mend(channel, webhook_url, listed)
    }
}
