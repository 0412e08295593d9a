//! Fixtures are read, requests compared with the contract, webhooks proven.

use super::*;
use crate::domain::content::Content;
use crate::domain::event::What;
use crate::domain::identity::Identity;
use crate::domain::secret::Secret;
use crate::domain::state::Status;
use crate::provider::mac;
use bytes::Bytes;
use std::collections::BTreeMap;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/meta/", $name, ".json"))
    };
}

fn channel() -> ChannelConfig {
    let secrets = [("access_token", "EAAG"), ("app_secret", "s3cret"), ("verify_token", "v3rify")];
    let bases = BTreeMap::from([("META_GRAPH_URL".to_owned(), "http://127.0.0.1:9".to_owned())]);
    let settings = json!({"phone_number_id": "990011220055", "waba_id": "330011220044"});
    ChannelConfig { bases, ..ChannelConfig::sample(&settings, &secrets) }
}

fn answer(status: u16, body: Value) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: Bytes::from(body.to_string()) }
}

fn read(body: &str) -> Vec<ProviderEvent> {
    let request = WebhookRequest { method: "POST", url: "https://c.example.org/hooks/meta/ch_1/s", headers: &[], body: body.as_bytes() };
    Meta.read_webhook(&channel(), &request).unwrap()
}

fn outgoing(to: Identity) -> Outgoing {
    Outgoing { message_id: "msg_7".to_owned(), to, content: Content::Text { body: "Привет".to_owned(), preview_link: true } }
}

#[test]
fn a_send_carries_our_tag_and_goes_to_a_phone_or_a_user_id() {
    let request = Meta.build_send(&channel(), &outgoing(Identity::phone("79160000001"))).unwrap();
    assert_eq!(request.url, "http://127.0.0.1:9/v23.0/990011220055/messages");
    assert!(request.secret_headers.iter().any(|(name, value)| name == "authorization" && value.expose() == "Bearer EAAG"));
    let Body::Json(body) = request.body else { panic!("not JSON") };
    let wanted = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "79160000001", "type": "text",
        "text": {"preview_url": true, "body": "Привет"}, "biz_opaque_callback_data": "msg_7"});
    assert_eq!(body, wanted);
    let hidden = Identity { bsuid: Some("RU.77".to_owned()), ..Identity::default() };
    let Body::Json(body) = Meta.build_send(&channel(), &outgoing(hidden)).unwrap().body else { panic!("not JSON") };
    assert_eq!((body.get("to"), &body["recipient"]), (None, &json!("RU.77")));
    assert_eq!(Meta.build_send(&channel(), &outgoing(Identity::default())).unwrap_err().class, ErrorClass::BadRecipient);
}

#[test]
fn answers_are_decided_by_their_code() {
    let refused = |status: u16, code: i64| match Meta
        .read_send(&answer(status, json!({"error": {"code": code, "message": "m", "error_data": {"details": "d"}}})))
    {
        SendOutcome::Rejected(error) => format!("rejected {:?} {}", error.class, error.text),
        SendOutcome::Retry { error, .. } => format!("retry {:?}", error.class),
        SendOutcome::Accepted { .. } => "accepted".to_owned(),
        SendOutcome::Unknown { .. } => "unknown".to_owned(),
    };
    assert_eq!(refused(400, 131_009), "rejected Payload d");
    assert_eq!(refused(401, 190), "rejected Auth d");
    assert_eq!(refused(404, 132_001), "rejected Template d");
    assert_eq!(refused(400, 131_056), "retry PairLimit");
    assert_eq!(refused(400, 130_429), "retry RateLimit");
    assert_eq!(refused(500, 131_000), "retry Transient");
    assert_eq!(refused(500, 131_045), "rejected Permission d");
    assert_eq!(refused(502, 131_000), "unknown");
    let passing = json!({"error": {"code": 424_242, "message": "m", "is_transient": true}});
    assert!(matches!(Meta.read_send(&answer(400, passing)), SendOutcome::Retry { .. }));
    let taken = json!({"messages": [{"id": "wamid.X", "message_status": "held_for_quality_assessment"}]});
    let accepted = SendOutcome::Accepted { provider_id: "wamid.X".to_owned(), wa_id: Some("wamid.X".to_owned()) };
    assert_eq!(Meta.read_send(&answer(200, taken)), accepted);
    assert!(matches!(Meta.read_send(&answer(200, json!({"success": true}))), SendOutcome::Unknown { .. }));
}

#[test]
fn webhooks_are_proven_on_raw_bytes_and_the_address_by_its_token() {
    let body = r#"{"entry":[],"x":"\u0434"}"#;
    let proof = mac::sha256_hex(&Secret::new("s3cret"), body.as_bytes());
    let told = |value: String| vec![("x-hub-signature-256".to_owned(), value)];
    let verify = |headers: &[(String, String)], body: &str| {
        Meta.verify_webhook(&channel(), &WebhookRequest { method: "POST", url: "https://c/h", headers, body: body.as_bytes() })
    };
    assert_eq!(verify(&told(format!("sha256={proof}")), body), Ok(()));
    assert_eq!(verify(&told(format!("sha256={proof}")), r#"{"entry":[],"x":"д"}"#), Err(WebhookError::Forged));
    assert_eq!(verify(&told(proof), body), Err(WebhookError::Forged));
    assert_eq!(verify(&[], body), Err(WebhookError::Forged));
    let get = |query: &str| {
        let url = format!("https://c/h?{query}");
        let request = WebhookRequest { method: "GET", url: &url, headers: &[], body: b"" };
        Meta.verify_webhook(&channel(), &request).map(|()| {
            assert_eq!(Meta.read_webhook(&channel(), &request), Ok(Vec::new()), "a verification tells nothing");
            Meta.hook_answer(&request).body
        })
    };
    assert_eq!(get("hub.mode=subscribe&hub.challenge=115&hub.verify_token=v3rify"), Ok("115".to_owned()));
    assert_eq!(get("hub.mode=subscribe&hub.challenge=115&hub.verify_token=wrong"), Err(WebhookError::Forged));
    assert_eq!(get(""), Err(WebhookError::Forged));
}

#[test]
fn every_field_is_read_or_kept() {
    let [event] = read(fixture!("text_hidden_phone")).try_into().unwrap();
    assert_eq!((event.key.as_str(), event.sender.as_deref()), ("m:wamid.A1", Some("990011220055")));
    let What::Message(message) = event.what else { panic!("no message") };
    assert_eq!(
        (message.identity.bsuid.as_deref(), message.identity.phone.as_deref(), message.referral),
        (Some("RU.7740019283746501234"), None, true)
    );
    let [sent, failed] = read(fixture!("statuses")).try_into().unwrap();
    let (What::Status(sent), What::Status(failed)) = (sent.what, failed.what) else { panic!("no statuses") };
    assert_eq!((sent.status, sent.own_tag.as_deref(), sent.wa_id.as_deref()), (Status::Sent, Some("msg_1"), Some("wamid.B1")));
    assert_eq!(sent.cost.unwrap().pricing_type.as_deref(), Some("free_customer_service"));
    assert_eq!(failed.error.map(|error| (error.class, error.text)), Some((ErrorClass::MarketingCap, "held back".to_owned())));
    let kinds: Vec<String> = read(fixture!("kinds"))
        .into_iter()
        .map(|event| match event.what {
            What::Message(message) => message.kind.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["flow_reply", "order", "system", "text", "unknown"]);
    let news = read(fixture!("news"));
    assert!(
        matches!(&news[0].what, What::Template(told) if told.status.as_deref() == Some("PAUSED") && told.name.as_deref() == Some("promo"))
    );
    assert!(matches!(&news[1].what, What::Other { label } if label == "smb_message_echoes"));
    assert!(matches!(&news[2].what, What::Account(told) if told.state == "limited" && told.reason == "ACCOUNT_RESTRICTION"));
    let update = |value: Value| {
        let body = json!({"entry": [{"id": "330011220044", "changes": [{"field": "account_update", "value": value}]}]});
        match read(&body.to_string()).remove(0).what {
            What::Account(told) => told.state,
            other => format!("{other:?}"),
        }
    };
    let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    assert_eq!([update(ban("DISABLE")), update(ban("REINSTATE"))], ["blocked", "connected"]);
    assert!(update(json!({"event": "VERIFIED_ACCOUNT"})).starts_with("Other"), "kept");
    assert_eq!((news[0].sender.as_deref(), news[2].sender.as_deref()), (None, Some("999")), "another account's news");
    assert!(matches!(read("{}")[0].what, What::Other { .. }));
}

#[test]
fn templates_are_read_with_their_cursor() {
    let page = Meta.read_template_list(&answer(200, serde_json::from_str(fixture!("templates")).unwrap()), None).unwrap();
    assert_eq!(page.next.as_deref(), Some("QVFI"));
    let [order, code] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (order.header_kind.as_deref(), order.param_keys.as_slice()),
        (Some("document"), ["name".to_owned(), "order_no".to_owned()].as_slice())
    );
    assert_eq!((&order.buttons[1]["dynamic"], order.quality.as_deref(), order.reason.as_deref()), (&json!(true), Some("GREEN"), None));
    assert_eq!(code.param_keys, ["1"], "the one value of a code template");
    let next = Meta.build_template_list(&channel(), page.next.as_deref()).unwrap();
    assert!(next.query.contains(&("after".to_owned(), "QVFI".to_owned())));
    assert!(Meta.read_template_list(&answer(200, json!({})), None).is_err());
}

#[test]
fn the_numbers_health_is_read_in_metas_words() {
    let told = json!({"display_phone_number": "+7 495 123-00-00", "verified_name": "Shop", "quality_rating": "YELLOW", "status": "FLAGGED",
        "throughput": {"level": "HIGH"}, "whatsapp_business_manager_messaging_limit": "TIER_2K"});
    let account = Meta.read_account(&answer(200, told)).unwrap();
    assert_eq!(
        (account.state, account.reason.as_deref(), account.phone.as_deref()),
        (Some("limited"), Some("FLAGGED"), Some("74951230000"))
    );
    assert_eq!(
        (&account.health["quality"], &account.health["throughput"], &account.health["limit"]),
        (&json!("YELLOW"), &json!("HIGH"), &json!("TIER_2K"))
    );
    assert_eq!(account.limit, Some(crate::domain::event::LimitEvent { limit: Some(2_000) }));
    assert_eq!((Meta.channel_rate(&account.health), Meta.channel_rate(&Value::Null)), (1_000, 80));
    let strange = Meta.read_account(&answer(200, json!({"status": "ASLEEP"}))).unwrap();
    assert_eq!((strange.state, strange.limit), (None, None));
}

#[test]
fn our_address_is_set_once() {
    let url = "https://c.example.org/hooks/meta/ch_1/s";
    assert_eq!(Meta.build_subscribe(&channel(), url, &json!({"data": []})).len(), 1);
    assert_eq!(Meta.build_point(&channel(), url).map(|request| request.method), Some(Method::Post));
    let shown = json!({"data": [{"whatsapp_business_api_data": {"id": "1"}, "override_callback_uri": url}]});
    assert!(Meta.build_subscribe(&channel(), url, &shown).is_empty());
    let elsewhere = json!({"data": [{"override_callback_uri": "https://c.example.org/hooks/meta/ch_2/s"}]});
    assert_eq!(Meta.build_subscribe(&channel(), url, &elsewhere).len(), 1);
    let mut second = channel();
    second.siblings = vec![Secret::new("https://c.example.org/hooks/meta/ch_2/s")];
    assert!(Meta.build_subscribe(&second, url, &elsewhere).is_empty(), "one address for the account");
}
