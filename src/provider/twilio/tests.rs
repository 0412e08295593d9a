//! Fixtures are read, requests compared with the contract, webhooks proven.

use super::*;
use crate::domain::content::{Content, Param, Place, TemplateContent};
use crate::domain::event::What;
use crate::domain::http::Body;
use crate::domain::identity::Identity;
use crate::domain::outcome::ErrorClass;
use crate::domain::secret::Secret;
use crate::domain::state::Status;
use crate::provider::mac;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;

const HOOK: &str = "https://c.example.org/hooks/twilio/ch_1/s3cret";

fn channel(sender: &str) -> ChannelConfig {
    let bases = BTreeMap::from([("TWILIO_URL".to_owned(), "https://api.twilio.com".to_owned())]);
    let plain = ChannelConfig::sample(&json!({"account_sid": "AC1", "sender": sender}), &[("auth_token", "12345")]);
    ChannelConfig { bases, webhook_url: Secret::new(HOOK), ..plain }
}

fn form(content: Content) -> BTreeMap<String, String> {
    let message = Outgoing { message_id: "msg_7".to_owned(), to: Identity::phone("79160000001"), content };
    let request = Twilio.build_send(&channel("whatsapp:+14150000000"), &message).unwrap();
    assert_eq!(request.url, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
    let Body::Form(pairs) = request.body else { panic!("not a form") };
    pairs.into_iter().collect()
}

#[test]
fn sends_are_forms_whose_statuses_come_back_with_our_id() {
    let text = form(Content::Text { body: "Привет".to_owned(), preview_link: false });
    assert_eq!(
        (text["To"].as_str(), text["From"].as_str(), text["Body"].as_str()),
        ("whatsapp:+79160000001", "whatsapp:+14150000000", "Привет")
    );
    assert_eq!(text["StatusCallback"], format!("{HOOK}?message=msg_7"));
    let template = form(Content::Template(TemplateContent {
        provider_id: "HX1".to_owned(),
        name: "order".to_owned(),
        language: "ru".to_owned(),
        category: "UTILITY".to_owned(),
        header: None,
        params: vec![Param { key: "1".to_owned(), value: "Анна".to_owned() }],
        buttons: Vec::new(),
    }));
    assert_eq!((template["ContentSid"].as_str(), template["ContentVariables"].as_str()), ("HX1", r#"{"1":"Анна"}"#));
    let place = form(Content::Location(Place { latitude: 55.75, longitude: 37.61, name: Some("Склад".to_owned()), address: None }));
    assert_eq!(place["PersistentAction"], "geo:55.75,37.61|Склад");
    let long = Outgoing {
        message_id: "m".to_owned(),
        to: Identity::phone("79160000001"),
        content: Content::Text { body: "я".repeat(1_601), preview_link: false },
    };
    assert_eq!(Twilio.build_send(&channel("MG1"), &long).unwrap_err().class, ErrorClass::Payload);
}

#[test]
fn the_signature_covers_the_exact_address_and_the_sorted_fields() {
    let body = include_str!("../../../tests/fixtures/twilio/button.form");
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    pairs.sort();
    let signed = |url: &str| pairs.iter().fold(url.to_owned(), |text, (name, value)| format!("{text}{name}{value}"));
    let proof = |url: &str| vec![("x-twilio-signature".to_owned(), mac::sha1_base64(&Secret::new("12345"), signed(url).as_bytes()))];
    let verify = |url: &str, headers: &[(String, String)], body: &str| {
        Twilio.verify_webhook(&channel("+14150000000"), &WebhookRequest { method: "POST", url, headers, body: body.as_bytes() })
    };
    assert_eq!(verify(HOOK, &proof(HOOK), body), Ok(()));
    let with_query = format!("{HOOK}?message=msg_7");
    assert_eq!(verify(&with_query, &proof(&with_query), body), Ok(()));
    assert_eq!(verify(&with_query, &proof(HOOK), body), Err(WebhookError::Forged));
    assert_eq!(verify(HOOK, &proof("https://other.example.org/"), body), Err(WebhookError::Forged));
    assert_eq!(verify(HOOK, &proof(HOOK), &body.replace("=y", "=n")), Err(WebhookError::Forged));
    assert_eq!(verify(HOOK, &[], body), Err(WebhookError::Forged));
}

fn read(url: &str, body: &str) -> ProviderEvent {
    let request = WebhookRequest { method: "POST", url, headers: &[], body: body.as_bytes() };
    Twilio.read_webhook(&channel("+1 415 000-00-00"), &request).unwrap().remove(0)
}

#[test]
fn answers_and_statuses_are_read() {
    let event = read(HOOK, include_str!("../../../tests/fixtures/twilio/button.form"));
    assert_eq!((event.key.as_str(), event.sender.as_deref()), ("SM1:in", Some("14150000000")));
    let What::Message(message) = event.what else { panic!("no message") };
    assert_eq!((message.kind.as_str(), message.reply_id.as_deref(), message.reply_title.as_deref()), ("button", Some("y"), Some("Да")));
    assert_eq!((message.identity.phone.as_deref(), message.context_ids.as_slice()), (Some("79160000001"), ["SM0".to_owned()].as_slice()));
    let event = read(&format!("{HOOK}?message=msg_7"), include_str!("../../../tests/fixtures/twilio/undelivered.form"));
    let What::Status(status) = event.what else { panic!("no status") };
    assert_eq!((event.key.as_str(), status.status, status.own_tag.as_deref()), ("SM2:undelivered", Status::Failed, Some("msg_7")));
    assert_eq!(status.error.map(|error| error.class), Some(ErrorClass::WindowClosed));
    let place =
        "MessageSid=SM3&From=whatsapp%3A%2B79160000001&To=whatsapp%3A%2B14150000000&Latitude=55.75&Longitude=37.61&Body=&NumMedia=0";
    assert!(matches!(read(HOOK, place).what, What::Message(message) if message.kind == "location"));
    let typed = "MessageSid=SM4&From=whatsapp%3A%2B79160000001&To=whatsapp%3A%2B14150000000&MessageType=hologram";
    assert!(matches!(read(HOOK, typed).what, What::Message(message) if message.kind == "unknown"));
    assert!(matches!(read(HOOK, "Level=ERROR&Payload=x").what, What::Other { .. }));
    assert!(matches!(read(HOOK, "MessageSid=SM5&MessageStatus=teleported").what, What::Other { .. }));
    let answer =
        HttpResponse { status: 400, headers: Vec::new(), body: Bytes::from(r#"{"code":21211,"message":"Invalid 'To'","status":400}"#) };
    assert!(matches!(Twilio.read_send(&answer), SendOutcome::Rejected(error) if error.class == ErrorClass::BadRecipient));
}

#[test]
fn contents_are_templates_with_all_their_variables() {
    let body = include_str!("../../../tests/fixtures/twilio/contents.json");
    let page = Twilio.read_template_list(&HttpResponse { status: 200, headers: Vec::new(), body: Bytes::from(body) }, None).unwrap();
    let [row] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((row.name.as_str(), row.status.as_str(), row.param_keys.join(",")), ("order_ready", "APPROVED", "1,2".to_owned()));
    let next = Twilio.build_template_list(&channel("MG1"), page.next.as_deref()).unwrap();
    assert_eq!(next.url, "https://content.twilio.com/v1/ContentAndApprovals", "never another host");
    assert!(next.query.contains(&("PageToken".to_owned(), "PT1".to_owned())));
}
