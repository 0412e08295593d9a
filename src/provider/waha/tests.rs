//! Fixtures are read, requests compared with the contract.

use super::*;
use crate::domain::content::Content;
use crate::domain::event::What;
use crate::domain::http::{Body, Method};
use crate::domain::identity::Identity;
use crate::domain::outcome::ErrorClass;
use crate::domain::secret::Secret;
use crate::domain::state::Status;
use crate::provider::mac;
use bytes::Bytes;
use serde_json::json;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/waha/", $name, ".json"))
    };
}

fn channel(hmac: &str) -> ChannelConfig {
    let secrets = [("api_key", "k"), ("hmac_key", hmac)];
    let given = if hmac.is_empty() { &secrets[..1] } else { &secrets[..] };
    ChannelConfig::sample(&json!({"base_url": "http://waha:3000", "session": "default"}), given)
}

fn read(body: &str, headers: &[(String, String)]) -> ProviderEvent {
    webhook::read(&WebhookRequest { method: "POST", url: "u", headers, body: body.as_bytes() }).unwrap().remove(0)
}

#[test]
fn ids_of_every_engine_are_the_same_message() {
    let accepted =
        |body: Value| match Waha.read_send(&HttpResponse { status: 201, headers: Vec::new(), body: Bytes::from(body.to_string()) }) {
            SendOutcome::Accepted { provider_id, .. } => provider_id,
            other => panic!("{other:?}"),
        };
    assert_eq!(accepted(json!({"id": "true_79160000001@c.us_3EB0CC02"})), "3EB0CC02");
    assert_eq!(accepted(json!({"id": {"_serialized": "true_120363@g.us_3EB0CC02_7495@c.us"}})), "3EB0CC02");
    assert_eq!(accepted(json!({"key": {"id": "3EB0CC02"}})), "3EB0CC02");
    let error = |status: u16, body: Value| {
        Waha.read_error(&HttpResponse { status, headers: Vec::new(), body: Bytes::from(body.to_string()) }).unwrap().class
    };
    assert_eq!(error(422, json!({"error": "x", "status": "SCAN_QR_CODE", "expected": ["WORKING"]})), ErrorClass::Session);
    assert_eq!(error(422, json!({"statusCode": 422, "message": "available in Plus"})), ErrorClass::Payload);
    assert_eq!(error(401, json!({"message": "Unauthorized"})), ErrorClass::Auth);
    assert_eq!(error(404, json!({"message": "Session not found"})), ErrorClass::Session);
}

#[test]
fn a_reaction_names_the_message_as_the_gateway_does() {
    let content = Content::Reaction { to_message_id: "3EB0CC01".to_owned(), emoji: "👍".to_owned() };
    let request =
        Waha.build_send(&channel(""), &Outgoing { message_id: "m".to_owned(), to: Identity::phone("79160000001"), content }).unwrap();
    assert_eq!((request.method, request.url.as_str()), (Method::Put, "http://waha:3000/api/reaction"));
    let Body::Json(body) = request.body else { panic!("not JSON") };
    assert_eq!(body, json!({"messageId": "false_79160000001@c.us_3EB0CC01", "reaction": "👍", "session": "default"}));
}

#[test]
fn events_are_read_and_the_key_proves_them() {
    let event = read(fixture!("file"), &[("x-webhook-request-id".to_owned(), "r1".to_owned())]);
    assert_eq!((event.key.as_str(), event.sender.as_deref(), event.at), ("r:r1", Some("default"), 1_791_000_900_000));
    let What::Message(message) = event.what else { panic!("no message") };
    assert_eq!((message.kind.as_str(), message.wa_id.as_str(), message.caption.as_deref()), ("image", "3EB0CC01", Some("Смотрите")));
    let event = read(fixture!("ack"), &[]);
    let What::Status(status) = event.what else { panic!("no status") };
    assert_eq!((event.key.as_str(), status.status), ("default:message.ack:true_79160000001@c.us_3EB0CC02:3", Status::Read));
    assert_eq!(status.ids, ["3EB0CC02"]);
    assert!(matches!(read(fixture!("status"), &[]).what, What::Account(told) if told.state == "pairing"));
    assert!(matches!(read(r#"{"event":"presence.update","session":"default","payload":{}}"#, &[]).what, What::Other { .. }));
    let body = fixture!("ack");
    let proof = mac::sha512_hex(&Secret::new("h"), body.as_bytes());
    let verify = |key: &str, told: &str| {
        let headers = [("x-webhook-hmac".to_owned(), told.to_owned())];
        Waha.verify_webhook(&channel(key), &WebhookRequest { method: "POST", url: "u", headers: &headers, body: body.as_bytes() })
    };
    assert_eq!((verify("h", &proof), verify("", "")), (Ok(()), Ok(())));
    assert_eq!((verify("other", &proof), verify("h", "")), (Err(WebhookError::Forged), Err(WebhookError::Forged)));
}

#[test]
fn other_hooks_of_the_session_stay() {
    let url = "https://c.example.org/hooks/waha/ch_1/new";
    let listed = json!({"config": {"debug": true, "webhooks": [
        {"url": "https://crm.example.org/hook", "events": ["message"]},
        {"url": "https://old.example.org/hooks/waha/ch_1/old", "events": ["message", "message.ack", "session.status"]}]}});
    let [request] = Waha.build_subscribe(&channel("h"), url, &listed).try_into().unwrap();
    let Body::Json(body) = request.body else { panic!("not JSON") };
    let hooks = body["config"]["webhooks"].as_array().unwrap();
    assert_eq!(
        (hooks.len(), &hooks[0]["url"], &hooks[1]["url"], &hooks[1]["hmac"]["key"]),
        (2, &json!("https://crm.example.org/hook"), &json!(url), &json!("h"))
    );
    assert_eq!(body["config"]["debug"], true);
    assert!(Waha.build_subscribe(&channel("h"), url, &body).is_empty());
}
