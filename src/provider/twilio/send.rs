//! Building a send (reference/whatsapp.md 8.2).

use super::TEXT_LIMIT;
use super::access::{self, Sender};
use crate::domain::content::{Content, MediaContent, TemplateContent};
use crate::domain::http::{Body, HttpRequest, Method};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::provider::{ChannelConfig, Outgoing};
use serde_json::{Map, Value};

type Form = Vec<(String, String)>;

/// Builds the request for one message.
pub(super) fn build(channel: &ChannelConfig, message: &Outgoing) -> Result<HttpRequest, ProviderError> {
    let phone = message.to.phone.as_deref().filter(|phone| !phone.is_empty());
    let phone = phone.ok_or_else(|| ProviderError::new(ErrorClass::BadRecipient, None, "the recipient has no phone number"))?;
    let mut form: Form = vec![pair("To", format!("whatsapp:+{phone}"))];
    form.push(match Sender::of(channel) {
        Sender::Number(digits) => pair("From", format!("whatsapp:+{digits}")),
        Sender::Service(sid) => pair("MessagingServiceSid", sid),
    });
    say(&mut form, &message.content)?;
    if !channel.webhook_url.is_empty() {
        // Our own id comes back in the query: a status finds its message even when the answer to this request is lost.
        form.push(pair("StatusCallback", format!("{}?message={}", channel.webhook_url.expose(), message.message_id)));
    }
    let mut request = access::api(channel, Method::Post, &["2010-04-01", "Accounts", channel.text("account_sid"), "Messages.json"]);
    request.body = Body::Form(form);
    Ok(request)
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn say(form: &mut Form, content: &Content) -> Result<(), ProviderError> {
    match content {
        Content::Text { body, .. } => text(form, body),
        Content::Template(template) => filled(form, template),
        Content::Image(file) | Content::Video(file) | Content::Audio(file) | Content::Document(file) | Content::Sticker(file) => {
            media(form, file)
        }
        Content::Location(place) => {
            let label = [place.name.as_deref(), place.address.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
            let label = if label.is_empty() { String::new() } else { format!("|{label}") };
            form.push(pair("PersistentAction", format!("geo:{},{}{label}", place.latitude, place.longitude)));
            // A location without any text is refused.
            form.push(pair("Body", place.name.as_deref().or(place.address.as_deref()).unwrap_or("📍")));
            Ok(())
        }
        other => Err(ProviderError::new(ErrorClass::Payload, None, format!("Twilio has no {}", other.kind()))),
    }
}

fn text(form: &mut Form, body: &str) -> Result<(), ProviderError> {
    let length = body.chars().count();
    if length > TEXT_LIMIT {
        let words = format!("text of {length} characters, Twilio takes {TEXT_LIMIT}");
        return Err(ProviderError::new(ErrorClass::Payload, None, words));
    }
    form.push(pair("Body", body));
    Ok(())
}

fn media(form: &mut Form, file: &MediaContent) -> Result<(), ProviderError> {
    form.push(pair("MediaUrl", file.media.link.as_str()));
    match file.caption.as_deref().filter(|caption| !caption.is_empty()) {
        Some(caption) => text(form, caption),
        None => Ok(()),
    }
}

/// All values of a content are variables of one list, wherever they stand in it.
fn filled(form: &mut Form, template: &TemplateContent) -> Result<(), ProviderError> {
    if template.provider_id.is_empty() {
        return Err(ProviderError::new(ErrorClass::Template, None, "the template has no id at the provider"));
    }
    if !template.buttons.is_empty() {
        let words = "values of buttons are variables of the content here: give them as parameters";
        return Err(ProviderError::new(ErrorClass::Payload, None, words));
    }
    form.push(pair("ContentSid", template.provider_id.as_str()));
    let variables: Map<String, Value> =
        template.params.iter().map(|param| (param.key.clone(), Value::String(param.value.clone()))).collect();
    if !variables.is_empty() {
        form.push(pair("ContentVariables", Value::Object(variables).to_string()));
    }
    Ok(())
}
