//! Fixtures are read, requests compared with the contract.

use super::*;
use crate::domain::content::{Content, MediaContent, MediaKind, MediaRef};
use crate::domain::event::What;
use crate::domain::http::Body;
use crate::domain::identity::Identity;
use crate::domain::outcome::ErrorClass;
use bytes::Bytes;
use serde_json::json;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/green-api/", $name, ".json"))
    };
}

fn channel() -> ChannelConfig {
    ChannelConfig::sample(&json!({"id_instance": "1103000777"}), &[("api_token", "t0ken"), ("webhook_token", "h00k")])
}

fn read(body: &str) -> ProviderEvent {
    webhook::read(body.as_bytes()).unwrap().remove(0)
}

fn built(to: Identity, content: Content) -> (String, Value) {
    let request = GreenApi.build_send(&channel(), &Outgoing { message_id: "msg_7".to_owned(), to, content }).unwrap();
    let Body::Json(body) = request.body else { panic!("not JSON") };
    (request.url, body)
}

#[test]
fn a_file_has_a_name_that_decides_its_kind_and_groups_are_chats() {
    let media = MediaRef {
        media_kind: MediaKind::Voice,
        link: "https://x/y".to_owned(),
        file_name: Some("note".to_owned()),
        mime: None,
        size_bytes: None,
    };
    let group = Identity { group: Some("120363000000000001".to_owned()), ..Identity::default() };
    let (url, body) = built(group, Content::Voice(MediaContent { media, caption: None }));
    assert_eq!(url, "https://api.green-api.com/waInstance1103000777/sendFileByUrl/t0ken");
    assert_eq!(body, json!({"urlFile": "https://x/y", "fileName": "note.ogg", "chatId": "120363000000000001@g.us"}));
    let lacks = Content::LocationRequest { body: "Где вы?".to_owned() };
    let message = Outgoing { message_id: "m".to_owned(), to: Identity::phone("79160000001"), content: lacks };
    assert_eq!(GreenApi.build_send(&channel(), &message).unwrap_err().class, ErrorClass::Payload);
}

#[test]
fn events_are_read_and_the_token_proves_them() {
    let event = read(fixture!("group_text"));
    assert_eq!((event.key.as_str(), event.at), ("1103000777:3EB0AA01:incomingMessageReceived:extendedTextMessage", 1_791_000_800_000));
    let What::Message(message) = event.what else { panic!("no message") };
    assert_eq!((message.identity.group.as_deref(), message.identity.phone.as_deref()), (Some("120363000000000001"), Some("79160000001")));
    assert!(!message.opens_window());
    let What::Status(status) = read(fixture!("no_account")).what else { panic!("no status") };
    assert_eq!(status.error.map(|error| error.class), Some(ErrorClass::BadRecipient));
    let What::Account(state) = read(fixture!("state")).what else { panic!("no state") };
    assert_eq!((state.state.as_str(), state.reason.as_str(), state.phone), ("disconnected", "notAuthorized", None));
    let unreadable = json!({"typeWebhook": "incomingMessageReceived", "idMessage": "1", "senderData": {"chatId": "79160000001@c.us"},
        "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": "{{SWE001}}"}}});
    assert!(
        matches!(read(&unreadable.to_string()).what, What::Message(message) if message.kind == "unsupported" && message.text.is_none())
    );
    // The real message may come later under the same id: neither its event nor its message are taken for known.
    let real = unreadable.to_string().replace("{{SWE001}}", "Здравствуйте");
    let ids = |body: &str| {
        let event = read(body);
        let What::Message(message) = event.what else { panic!("no message") };
        (event.key, message.wa_id)
    };
    let (first, second) = (ids(&unreadable.to_string()), ids(&real));
    assert!(first.0 != second.0 && first.1 != second.1 && second.1 == "1", "{first:?} {second:?}");
    assert!(matches!(read(r#"{"typeWebhook":"deviceInfo"}"#).what, What::Other { .. }));
    let verify = |value: &str| {
        let headers = [("authorization".to_owned(), value.to_owned())];
        GreenApi.verify_webhook(&channel(), &WebhookRequest { method: "POST", url: "u", headers: &headers, body: b"{}" })
    };
    assert_eq!((verify("Bearer h00k"), verify("h00k")), (Ok(()), Ok(())));
    assert_eq!((verify("Bearer wrong"), verify("")), (Err(WebhookError::Forged), Err(WebhookError::Forged)));
}

#[test]
fn the_quota_and_a_lost_session_stop_the_channel() {
    let class = |status: u16, body: &str| {
        GreenApi.read_error(&HttpResponse { status, headers: Vec::new(), body: Bytes::from(body.to_owned()) }).unwrap().class
    };
    assert_eq!(class(466, fixture!("quota")), ErrorClass::Billing);
    assert_eq!(class(500, r#"{"message":"instance in starting process try later"}"#), ErrorClass::Session);
    assert_eq!(class(401, ""), ErrorClass::Auth);
    assert_eq!(class(400, r#"{"message":"bad request data"}"#), ErrorClass::Payload);
}

#[test]
fn settings_are_changed_only_when_something_is_wrong() {
    let url = "https://c.example.org/hooks/green-api/ch_1/s";
    let right =
        json!({"webhookUrl": url, "webhookUrlToken": "h00k", "incomingWebhook": "yes", "outgoingWebhook": "yes", "stateWebhook": "yes"});
    assert!(GreenApi.build_subscribe(&channel(), url, &right).is_empty());
    let mut wrong = right.clone();
    wrong["stateWebhook"] = json!("no");
    assert_eq!(GreenApi.build_subscribe(&channel(), url, &wrong).len(), 1);
}
