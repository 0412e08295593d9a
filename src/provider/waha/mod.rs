//! WAHA (reference/whatsapp.md 7): a gateway of the customer's own. Sessions, signed webhooks, ids whose shape depends on the engine.
//!
//! Buttons and lists are fragile there and often not shown, so they are no kinds of this channel: `flow/content` says choices as numbered
//! text. Nothing here reads `_data`.

mod answer;
mod inbound;
mod send;
mod session;
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
pub struct Waha;

const CAPABILITIES: Capabilities = Capabilities {
    official: false,
    kinds: &["text", "image", "video", "audio", "voice", "document", "location", "contacts", "reaction"],
    upgrade: None,
    cards_at_once: 5,
    cards_need_phone: false,
    text_limit: 20_000,
    template_list: false,
    // The vendor counts nothing; asking about thousands of strangers is what bans numbers (6.9).
    number_checks: Some(3_000),
    pairing: true,
    groups: true,
    marks_read: true,
    typing: false,
    opt_in_list: false,
    named_params: false,
    // No official rate; the bans' rules are those of every gateway (6.9).
    channel_rate: 1,
    gap_ms: Some((5_000, 15_000)),
    pair_interval_ms: 6_000,
    pair_burst: 5,
};

const FIELDS: [SettingField; 5] = [
    SettingField::new("base_url", "url", true),
    SettingField::new("session", "text", true),
    SettingField::new("api_key", "secret", true),
    SettingField::new("hmac_key", "secret", false),
    // The number the session is paired to; read from the gateway, and no other one is accepted silently.
    SettingField::new("phone", "digits", false),
];

impl Provider for Waha {
    fn kind(&self) -> &'static str {
        "waha"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn setting_fields(&self) -> &'static [SettingField] {
        &FIELDS
    }

    fn sender(&self, channel: &ChannelConfig) -> String {
        channel.text("session").to_owned()
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
        webhook::read(request)
    }

    fn refusal(&self, answer: &HttpResponse) -> ProviderError {
        answer::refusal(answer)
    }

    fn build_account(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(session::read(channel))
    }

    fn read_account(&self, answer: &HttpResponse) -> Result<AccountState, ProviderError> {
        session::read_state(answer)
    }

    fn build_file(&self, channel: &ChannelConfig, source: &str) -> FileAsk {
        FileAsk::File(session::file(channel, source))
    }

    fn build_pairing(&self, channel: &ChannelConfig, ask: &Ask) -> Option<HttpRequest> {
        session::build_pairing(channel, ask)
    }

    fn read_pairing(&self, ask: &Ask, answer: &HttpResponse) -> Result<Told, ProviderError> {
        session::read_pairing(ask, answer)
    }

    fn build_number_check(&self, channel: &ChannelConfig, phone: &str) -> Option<HttpRequest> {
        Some(session::number_check(channel, phone))
    }

    fn read_number_check(&self, answer: &HttpResponse) -> Result<NumberCheck, ProviderError> {
        session::read_number_check(answer)
    }

    fn build_mark_read(&self, channel: &ChannelConfig, read: &Read<'_>) -> Option<HttpRequest> {
        let chat = chat_id::of(read.from).ok()?;
        let mut request = session::call(channel, Method::Post, &["sendSeen"]);
        // The gateway's own form of the id.
        let id = format!("false_{chat}_{}", read.wa_id);
        request.body = Body::Json(json!({"session": channel.text("session"), "chatId": chat, "messageId": id}));
        Some(request)
    }

    fn build_subscriptions(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(session::read(channel))
    }

    fn build_subscribe(&self, channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
        session::mend(channel, webhook_url, listed)
    }
}
