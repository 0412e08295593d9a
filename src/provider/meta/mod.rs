//! Meta's Cloud API (reference/whatsapp.md 5): JSON sends by phone number id, signed webhooks, templates by name and language.
//!
//! Pure. The body of a send, the error codes and the webhook values are `meta_shape`'s, which Gupshup's passthrough shares; here are the
//! addresses, the token, the ways an answer ends, and the proof of a webhook.

mod access;
mod answer;
mod file;
mod profile;
mod subscription;
mod templates;
#[cfg(test)]
mod tests;
mod webhook;

use super::meta_shape::body;
use super::profile::Profile;
use super::{
    AccountState, Capabilities, ChannelConfig, FileAsk, HookAnswer, Outgoing, Provider, Read, SettingField, TemplatePage, WebhookError,
    WebhookRequest,
};
use crate::domain::event::ProviderEvent;
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};
use serde_json::{Value, json};

/// The adapter.
#[derive(Debug, Clone, Copy)]
pub struct Meta;

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
    upgrade: None,
    cards_at_once: 5,
    cards_need_phone: false,
    text_limit: 4_096,
    template_list: true,
    number_checks: None,
    pairing: false,
    groups: false,
    marks_read: true,
    typing: true,
    opt_in_list: false,
    named_params: true,
    // Throughput STANDARD (5.8).
    channel_rate: 80,
    gap_ms: None,
    pair_interval_ms: 6_000,
    pair_burst: 5,
};

const FIELDS: [SettingField; 8] = [
    SettingField::new("phone_number_id", "text", true),
    SettingField::new("waba_id", "text", true),
    SettingField::new("access_token", "secret", true),
    SettingField::new("app_secret", "secret", true),
    SettingField::new("verify_token", "secret", true),
    // The number itself, for links to the chat; read from Meta when the channel is connected.
    SettingField::new("phone", "digits", false),
    SettingField::new("api_version", "text", false),
    // For applications whose settings demand a proof of the secret with every call.
    SettingField::choice("app_secret_proof", &["no", "yes"]),
];

impl Provider for Meta {
    fn kind(&self) -> &'static str {
        "meta"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn setting_fields(&self) -> &'static [SettingField] {
        &FIELDS
    }

    fn sender(&self, channel: &ChannelConfig) -> String {
        channel.text("phone_number_id").to_owned()
    }

    fn build_send(&self, channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
        let phone = message.to.phone.as_deref().filter(|phone| !phone.is_empty());
        let bsuid = message.to.bsuid.as_deref().filter(|bsuid| !bsuid.is_empty());
        let mut whole = body::message(phone.unwrap_or_default(), &message.content);
        if let Value::Object(fields) = &mut whole {
            match (phone, bsuid) {
                (Some(_), _) => {}
                (None, Some(bsuid)) => {
                    // `to` wins where both are given, so it must not stand there at all.
                    fields.shift_remove("to");
                    fields.insert("recipient".to_owned(), json!(bsuid));
                }
                (None, None) => return Err(ProviderError::new(ErrorClass::BadRecipient, None, "the recipient has no phone number")),
            }
            fields.insert("biz_opaque_callback_data".to_owned(), json!(message.message_id));
        }
        let mut request = access::request(channel, Method::Post, &[channel.text("phone_number_id"), "messages"]);
        request.body = Body::Json(whole);
        Ok(request)
    }

    fn read_send(&self, answer: &HttpResponse) -> SendOutcome {
        answer::read_send(answer)
    }

    fn verify_webhook(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        webhook::verify(channel, request)
    }

    fn hook_answer(&self, request: &WebhookRequest<'_>) -> HookAnswer {
        webhook::challenge(request)
    }

    fn read_events(&self, channel: &ChannelConfig, request: &WebhookRequest<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        webhook::read(channel, request.body)
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
        file::build(channel, source)
    }

    fn read_file_address(&self, channel: &ChannelConfig, answer: &HttpResponse) -> Result<HttpRequest, ProviderError> {
        file::read_address(channel, answer)
    }

    fn build_account(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        let mut request = access::request(channel, Method::Get, &[channel.text("phone_number_id")]);
        let fields = "display_phone_number,verified_name,quality_rating,status,name_status,throughput,platform_type,account_mode,\
                      whatsapp_business_manager_messaging_limit";
        request.query.push(("fields".to_owned(), fields.to_owned()));
        Some(request)
    }

    fn read_account(&self, answer: &HttpResponse) -> Result<AccountState, ProviderError> {
        answer::read_account(answer)
    }

    fn build_profile(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(profile::build(channel))
    }

    fn read_profile(&self, answer: &HttpResponse) -> Result<Profile, ProviderError> {
        profile::read(answer)
    }

    fn build_profile_change(&self, channel: &ChannelConfig, change: &Profile) -> Option<HttpRequest> {
        Some(profile::change(channel, change))
    }

    fn channel_rate(&self, health: &Value) -> u32 {
        // Raised by Meta itself (5.8).
        if health.get("throughput").and_then(Value::as_str) == Some("HIGH") { 1_000 } else { CAPABILITIES.channel_rate }
    }

    fn account<'a>(&self, channel: &'a ChannelConfig) -> Option<&'a str> {
        Some(channel.text("waba_id")).filter(|account| !account.is_empty())
    }

    fn one_address(&self) -> bool {
        true
    }

    fn build_point(&self, channel: &ChannelConfig, webhook_url: &str) -> Option<HttpRequest> {
        Some(subscription::point(channel, webhook_url))
    }

    fn build_mark_read(&self, channel: &ChannelConfig, read: &Read<'_>) -> Option<HttpRequest> {
        let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": read.wa_id});
        if let (true, Some(fields)) = (read.typing, body.as_object_mut()) {
            fields.insert("typing_indicator".to_owned(), json!({"type": "text"}));
        }
        let mut request = access::request(channel, Method::Post, &[channel.text("phone_number_id"), "messages"]);
        request.body = Body::Json(body);
        Some(request)
    }

    fn build_subscriptions(&self, channel: &ChannelConfig) -> Option<HttpRequest> {
        Some(subscription::list(channel))
    }

    fn build_subscribe(&self, channel: &ChannelConfig, webhook_url: &str, listed: &Value) -> Vec<HttpRequest> {
        subscription::mend(channel, webhook_url, listed)
    }
}
