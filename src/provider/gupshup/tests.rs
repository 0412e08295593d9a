//! Every fixture is read, every request compared with the contract, every ending of a send tried.

use super::*;
use crate::domain::content::{ButtonKind, ButtonValue, Content, HeaderValue, MediaKind, MediaRef, Param, TemplateContent};
use crate::domain::event::{InboundMessage, LimitEvent, StatusEvent, TemplateEvent, What};
use crate::domain::http::{Body, Method};
use crate::domain::identity::Identity;
use crate::domain::outcome::ErrorClass;
use crate::domain::secret::Secret;
use crate::domain::state::Status;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/gupshup/", $name, ".json"))
    };
}

const GS: &str = "3b1f0a52-7c1e-4f0e-9a55-0a1b2c3d4e5f";
const WA: &str = "wamid.HBgLNzkxNjAwMDAwMDEVAgARGBI1";
const APP_ID: &str = "82aa0001-2222-4333-8444-555566667777";

fn channel(settings: Value, secrets: &[(&str, &str)]) -> ChannelConfig {
    let bases = BTreeMap::from([("GUPSHUP_URL".to_owned(), "http://127.0.0.1:9".to_owned())]);
    ChannelConfig { bases, ..ChannelConfig::sample(&settings, secrets) }
}

fn own() -> ChannelConfig {
    channel(json!({"app_name": "TorgBot", "app_id": APP_ID, "source": "74951230000"}), &[("api_key", "key")])
}

fn partner() -> ChannelConfig {
    channel(json!({"app_name": "TorgBot", "app_id": APP_ID, "source": "74951230000"}), &[("api_key", "key"), ("partner_token", "sk_1")])
}

fn post<'a>(body: &'a [u8], headers: &'a [(String, String)]) -> WebhookRequest<'a> {
    WebhookRequest { method: "POST", url: "https://c.example.org/hooks/gupshup/ch_1/s", headers, body }
}

fn read(body: &str) -> Vec<ProviderEvent> {
    Gupshup.read_webhook(&own(), &post(body.as_bytes(), &[])).unwrap()
}

fn one(body: &str) -> ProviderEvent {
    let mut events = read(body);
    assert_eq!(events.len(), 1);
    let event = events.remove(0);
    assert_eq!(event.sender.as_deref(), Some("TorgBot"));
    event
}

fn message(body: &str) -> InboundMessage {
    let event = one(body);
    let What::Message(message) = event.what else { panic!("not a message: {event:?}") };
    assert_eq!(event.key, format!("m:{}", message.wa_id));
    assert!(event.at > 1_791_000_000_000);
    *message
}

fn status(body: &str) -> (String, i64, StatusEvent) {
    let event = one(body);
    let What::Status(status) = event.what else { panic!("not a status: {event:?}") };
    (event.key, event.at, status)
}

fn form(request: &HttpRequest) -> BTreeMap<String, String> {
    let Body::Form(pairs) = &request.body else { panic!("not a form") };
    pairs.iter().cloned().collect()
}

#[test]
fn inbound_kinds_of_v2() {
    let text = message(fixture!("v2_message_text"));
    assert_eq!((text.kind.as_str(), text.text.as_deref()), ("text", Some("Где мой заказ?")));
    assert_eq!(text.context_ids, ["6f0c-1", "wamid.HBgLZ1"]);
    let who = Identity {
        phone: Some("79160000001".to_owned()),
        bsuid: Some("RU.5512".to_owned()),
        display_name: Some("Инна".to_owned()),
        ..Identity::default()
    };
    assert_eq!(text.identity, who);
    let image = message(fixture!("v2_message_image"));
    assert_eq!((image.kind.as_str(), image.caption.as_deref()), ("image", Some("Фото")));
    assert_eq!(image.media.unwrap()["mime"], "image/jpeg");
    let file = message(fixture!("v2_message_file"));
    assert_eq!((file.kind.as_str(), &file.media.unwrap()["file_name"]), ("document", &json!("reestr.xlsx")));
    assert_eq!(message(fixture!("v2_message_audio")).kind, "audio");
    let place = message(fixture!("v2_message_location"));
    assert_eq!(place.location.unwrap(), json!({"latitude": 55.75, "longitude": 37.61, "name": "Склад", "address": "ул. Тестовая, 1"}));
    let card = message(fixture!("v2_message_contact"));
    let cards = json!([{"name": "Инна Ким", "phones": ["+7 916 000-00-01"], "emails": ["i@example.org"], "company": "ООО Пример"}]);
    assert_eq!((card.kind.as_str(), card.contacts.unwrap()), ("contacts", cards));
    let order = message(fixture!("v2_message_order"));
    assert_eq!((order.kind.as_str(), order.text.as_deref()), ("order", Some("Самовывоз")));
    assert_eq!(message(fixture!("v2_message_flow")).kind, "flow_reply");
    let hidden = message(fixture!("v2_message_hidden_phone"));
    assert_eq!((hidden.identity.phone, hidden.identity.bsuid.as_deref()), (None, Some("RU.7740019283746501234")));
    assert!(hidden.referral && hidden.identity.username.as_deref() == Some("inna.k"));
    let unknown = message(fixture!("v2_message_unknown"));
    assert_eq!((unknown.kind.as_str(), unknown.opens_window(), &unknown.raw["payload"]["beam"]), ("unsupported", true, &json!(1)));
}

#[test]
fn answers_of_v2_are_known_by_their_postback() {
    let answer = |body| {
        let read = message(body);
        (read.kind.clone(), read.reply_id.clone(), read.reply_title.clone())
    };
    let wanted = |kind: &str, id: &str, title: &str| (kind.to_owned(), Some(id.to_owned()), Some(title.to_owned()));
    assert_eq!(answer(fixture!("v2_message_quick_reply")), wanted("button", "STOP_PROMO", "Не интересно"));
    assert_eq!(answer(fixture!("v2_message_button")), wanted("button", "Спасибо", "Спасибо"));
    assert_eq!(answer(fixture!("v2_message_button_reply")), wanted("button_reply", "yes_771", "Да"));
    assert_eq!(answer(fixture!("v2_message_list_reply")), wanted("list_reply", "wh1", "Склад 1"));
    let reaction = message(fixture!("v2_message_reaction"));
    assert_eq!(
        (reaction.reaction.as_deref(), reaction.context_ids.clone()),
        (Some("🔥"), vec!["6f0c-1".to_owned(), "wamid.Z2".to_owned()])
    );
    assert!(!reaction.opens_window());
}

#[test]
fn statuses_of_v2_lead_to_one_message() {
    let (key, at, enqueued) = status(fixture!("v2_enqueued"));
    assert_eq!((key, at, enqueued.status), (format!("s:{GS}:enqueued"), 1_791_000_001_500, Status::Accepted));
    assert_eq!((enqueued.provider_id.as_deref(), enqueued.wa_id.as_deref()), (Some(GS), Some(WA)));
    let (key, at, sent) = status(fixture!("v2_sent"));
    assert_eq!((key, at, sent.status), (format!("s:{GS}:sent"), 1_791_000_002_000, Status::Sent));
    assert_eq!(
        (sent.ids.clone(), sent.provider_id.as_deref(), sent.wa_id.as_deref()),
        (vec![GS.to_owned(), WA.to_owned()], Some(GS), Some(WA))
    );
    assert_eq!(sent.identity.bsuid.as_deref(), Some("RU.5512"));
    let cost = sent.cost.unwrap();
    assert_eq!((cost.pricing_type.as_deref(), cost.category.as_deref(), cost.amount), (Some("regular"), Some("utility"), None));
    assert_eq!(status(fixture!("v2_delivered")).1, 1_791_000_003_000);
    assert_eq!(status(fixture!("v2_read")).2.status, Status::Read);
    let (key, _, late) = status(fixture!("v2_read_late"));
    assert_eq!((key, late.ids, late.provider_id, late.wa_id.as_deref()), (format!("s:{WA}:read"), vec![WA.to_owned()], None, Some(WA)));
    let (_, _, twice) = status(fixture!("v2_sent_uuid_twice"));
    assert_eq!((twice.ids, twice.provider_id.as_deref(), twice.wa_id), (vec![GS.to_owned()], Some(GS), None));
    assert_eq!(status(fixture!("v2_deleted")).2.status, Status::Deleted);
}

#[test]
fn failures_keep_the_code_and_its_class() {
    let (key, _, sync) = status(fixture!("v2_failed_sync"));
    let error = sync.error.unwrap();
    assert_eq!((key, sync.provider_id.as_deref(), sync.wa_id), (format!("s:{GS}:failed"), Some(GS), None));
    assert_eq!(
        (error.class, error.provider_code.as_deref(), error.text.as_str()),
        (ErrorClass::OptedOut, Some("1008"), "User is not Opted in and Inactive")
    );
    assert_eq!(crate::provider::advice::key(&error), "advice-not-opted-in");
    let (key, _, later) = status(fixture!("v2_failed_async"));
    assert_eq!((key, later.error.unwrap().class), (format!("s:{GS}:failed"), ErrorClass::MarketingCap));
    let classes = [
        ("1002", ErrorClass::BadRecipient),
        ("1007", ErrorClass::WindowClosed),
        ("4003", ErrorClass::Template),
        ("131026", ErrorClass::BadRecipient),
        ("133010", ErrorClass::Permission),
        ("133004", ErrorClass::Transient),
        ("299", ErrorClass::Permission),
        ("99999", ErrorClass::Unknown),
        ("x", ErrorClass::Unknown),
    ];
    for (code, class) in classes {
        assert_eq!(errors::class(code), class, "{code}");
    }
}

#[test]
fn template_news_and_everything_else_are_kept() {
    let template = |body| {
        let What::Template(template) = one(body).what else { panic!("no template event") };
        template
    };
    let rejected = template(fixture!("v2_template_status"));
    let wanted = TemplateEvent {
        provider_id: Some("b7c3f0de-1111-4222-8333-444455556666".to_owned()),
        name: Some("order_ready_v3".to_owned()),
        language: Some("ru".to_owned()),
        status: Some("REJECTED".to_owned()),
        category: None,
        reason: Some("INVALID_FORMAT".to_owned()),
        quality: None,
    };
    assert_eq!(rejected, wanted);
    assert_eq!(template(fixture!("v2_template_category")).category.as_deref(), Some("MARKETING"));
    assert_eq!(template(fixture!("v2_template_quality")).quality.as_deref(), Some("YELLOW"));
    let paused = template(fixture!("v3_template_status"));
    assert_eq!((paused.status.as_deref(), paused.name.as_deref(), paused.reason), (Some("PAUSED"), Some("order_ready_v3"), None));
    let others = [
        (fixture!("v2_user_sandbox_start"), "user-event:sandbox-start"),
        (fixture!("v2_billing"), "billing-event"),
        (fixture!("v2_platform"), "platform-event:connectivity-check"),
        (fixture!("v2_event_unknown"), "message-event:teleported"),
        (fixture!("v3_connectivity_check"), "platform-event:connectivity-check"),
    ];
    for (body, wanted) in others {
        let event = one(body);
        assert_eq!(event.what, What::Other { label: wanted.to_owned() });
        assert!(event.raw.is_object() && event.key.starts_with(&format!("x:{wanted}:")), "{event:?}");
        assert_eq!(one(body).key, event.key, "the same bytes are the same event");
    }
}

#[test]
fn limits_and_peoples_will_are_read() {
    let What::Consent(told) = one(fixture!("v2_user_opted_out")).what else { panic!("no consent") };
    assert_eq!((told.stop, told.by_user, told.identity.phone.as_deref()), (true, false, Some("79160000001")));
    assert_eq!(one(fixture!("v2_account_tier")).what, What::Limit(LimitEvent { limit: Some(10_000) }));
    // V3 names the sender as Meta does.
    let Some(What::Consent(told)) = read(fixture!("v3_user_preferences")).pop().map(|event| event.what) else { panic!("no consent") };
    assert_eq!((told.stop, told.by_user, told.identity.phone.as_deref()), (true, true, Some("79160000001")));
}

#[test]
fn v3_is_read_in_metas_shape() {
    let (key, at, enqueued) = status(fixture!("v3_enqueued"));
    assert_eq!((key, at, enqueued.status), (format!("s:{WA}:enqueued"), 1_791_000_001_500, Status::Accepted));
    assert_eq!((enqueued.provider_id.as_deref(), enqueued.wa_id.as_deref()), (Some(GS), Some(WA)));
    let events = read(fixture!("v3_sent_and_failed"));
    let statuses: Vec<_> = events.iter().map(|e| if let What::Status(s) = &e.what { s.clone() } else { panic!("{e:?}") }).collect();
    assert_eq!((statuses[0].status, statuses[0].identity.bsuid.as_deref()), (Status::Sent, Some("RU.5512")));
    let error = statuses[1].error.clone().unwrap();
    assert_eq!((error.class, error.text.as_str()), (ErrorClass::MarketingCap, "Not delivered to keep the ecosystem healthy."));
    let hidden = message_of(&read(fixture!("v3_text_hidden_phone"))[0]);
    assert!(hidden.identity.phone.is_none() && hidden.referral && hidden.identity.username.as_deref() == Some("inna.k"));
    let several = read(fixture!("v3_several_messages"));
    let kinds: Vec<String> = several.iter().map(|event| message_of(event).kind).collect();
    assert_eq!(kinds, ["button", "flow_reply", "list_reply", "system", "text", "document", "reaction", "unsupported", "unknown"]);
    assert_eq!(message_of(&several[0]).reply_id.as_deref(), Some("ok_118"));
    assert_eq!(message_of(&several[2]).reply_title.as_deref(), Some("Склад 1"));
    assert_eq!(message_of(&several[4]).identity.group.as_deref(), Some("Y2FwX2dyb3VwOjEy"));
    assert_eq!(message_of(&several[6]).reaction.as_deref(), Some(""));
}

fn message_of(event: &ProviderEvent) -> InboundMessage {
    let What::Message(message) = &event.what else { panic!("{event:?}") };
    (**message).clone()
}

#[test]
fn an_event_of_another_app_or_number_says_so() {
    let foreign = fixture!("v2_sent").replace("TorgBot", "OtherBot");
    assert_eq!(read(&foreign)[0].sender.as_deref(), Some("OtherBot"));
    let by_id = fixture!("v2_sent").replace("TorgBot", APP_ID);
    assert_eq!(read(&by_id)[0].sender.as_deref(), Some("TorgBot"));
    // A channel that does not know its app's id goes by the number.
    let plain = channel(json!({"app_name": "TorgBot", "source": "74951230000"}), &[("api_key", "key")]);
    let sender = |body: &str| Gupshup.read_webhook(&plain, &post(body.as_bytes(), &[])).unwrap()[0].sender.clone();
    assert_eq!(sender(fixture!("v3_sent_and_failed")).as_deref(), Some("TorgBot"));
    assert_eq!(sender(&fixture!("v3_sent_and_failed").replace("74951230000", "74959990000")).as_deref(), Some("74959990000"));
    assert_eq!(sender(fixture!("v3_enqueued")), None);
}

#[test]
fn odd_bodies_are_unparsable_or_kept() {
    for body in ["", "{", "12", "\"x\"", "status=sent"] {
        let result = Gupshup.read_webhook(&own(), &post(body.as_bytes(), &[]));
        assert!(matches!(result, Err(WebhookError::Unparsable(_))), "{body}");
    }
    for body in ["{}", "[{}]", r#"{"type":"message"}"#, r#"{"type":7,"payload":[]}"#, r#"{"entry":{}}"#, r#"{"entry":[{"changes":[{}]}]}"#]
    {
        assert!(matches!(read(body)[0].what, What::Other { .. }), "{body}");
    }
    assert_eq!(read("[]"), []);
}

#[test]
fn a_webhook_is_proven_by_the_header_when_there_is_one() {
    let guarded = channel(json!({"app_name": "TorgBot"}), &[("hook_header", "s3cret")]);
    let header = |value: &str| vec![(HOOK_HEADER.to_owned(), value.to_owned())];
    let verdict = |headers: &[(String, String)]| Gupshup.verify_webhook(&guarded, &post(b"{}", headers));
    assert_eq!(verdict(&header("s3cret")), Ok(()));
    assert_eq!(verdict(&header("s3creT")), Err(WebhookError::Forged));
    assert_eq!(verdict(&[]), Err(WebhookError::Forged));
    assert_eq!(Gupshup.verify_webhook(&own(), &post(b"{}", &[])), Ok(()));
}

fn answer(status: u16, body: &'static str, headers: &[(&str, &str)]) -> HttpResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpResponse { status, headers, body: Bytes::from_static(body.as_bytes()) }
}

#[test]
fn a_send_ends_in_one_of_the_endings() {
    let accepted = SendOutcome::Accepted { provider_id: GS.to_owned(), wa_id: None };
    assert_eq!(Gupshup.read_send(&answer(202, fixture!("answer_accepted"), &[])), accepted);
    assert_eq!(Gupshup.read_send(&answer(200, fixture!("answer_accepted_v3"), &[])), accepted);
    for (status, body) in [
        (200, "{}"),
        (202, ""),
        (202, "<html>"),
        (200, r#"{"status":"submitted","messageId":""}"#),
        (200, r#"{"status":"error","message":"x"}"#),
        (502, "{}"),
        (504, r#"{"status":"error","message":"x"}"#),
        (520, ""),
        (500, "<html>oops</html>"),
        (503, "Service Unavailable"),
        (500, "{}"),
        (503, r#"{"message":"Service Unavailable"}"#),
        (501, ""),
    ] {
        assert!(matches!(Gupshup.read_send(&answer(status, body, &[])), SendOutcome::Unknown { .. }), "{status} {body}");
    }
    let retry = |status, body, headers: &[(&str, &str)]| match Gupshup.read_send(&answer(status, body, headers)) {
        SendOutcome::Retry { after_ms, error } => (after_ms, error.class),
        other => panic!("{other:?}"),
    };
    assert_eq!(retry(429, fixture!("answer_too_many"), &[("retry-after", "9")]), (Some(9_000), ErrorClass::RateLimit));
    assert_eq!(retry(429, "<html>", &[("x-rate-limit-retry-after-seconds", "20")]), (Some(20_000), ErrorClass::RateLimit));
    assert_eq!(retry(500, r#"{"status":"error","message":"Internal Server Error"}"#, &[]), (None, ErrorClass::Transient));
    assert_eq!(retry(503, r#"{"error":{"code":131016,"message":"x"}}"#, &[]), (None, ErrorClass::Transient));
    assert_eq!(retry(400, fixture!("answer_v3_error"), &[]), (None, ErrorClass::PairLimit));
    let rejected = |status, body| match Gupshup.read_send(&answer(status, body, &[])) {
        SendOutcome::Rejected(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(rejected(400, fixture!("answer_invalid_destination")).class, ErrorClass::BadRecipient);
    assert_eq!(rejected(401, fixture!("answer_unknown_key")).class, ErrorClass::Auth);
    assert_eq!(rejected(400, r#"{"status":"error","message":"Invalid App Details"}"#).class, ErrorClass::Payload);
    assert_eq!(rejected(404, "<html>").class, ErrorClass::Payload);
    assert_eq!(rejected(302, "").text, "HTTP 302");
    let coded = rejected(400, r#"{"status":"error","message":{"code":1003,"reason":"Low balance"}}"#);
    assert_eq!((coded.class, coded.provider_code.as_deref(), coded.text.as_str()), (ErrorClass::Billing, Some("1003"), "Low balance"));
}

fn outgoing(content: Content) -> Outgoing {
    Outgoing { message_id: "msg_1".to_owned(), to: Identity::phone("79160000001"), content }
}

fn template() -> TemplateContent {
    let param = |key: &str, value: &str| Param { key: key.to_owned(), value: value.to_owned() };
    TemplateContent {
        provider_id: "b7c3".to_owned(),
        name: "order_ready_v3".to_owned(),
        language: "ru".to_owned(),
        category: "UTILITY".to_owned(),
        header: Some(HeaderValue::Text { value: "118".to_owned() }),
        params: vec![param("1", "Анна"), param("2", "завтра")],
        buttons: vec![
            ButtonValue { index: 2, kind: ButtonKind::Url, value: "118".to_owned() },
            ButtonValue { index: 0, kind: ButtonKind::QuickReply, value: "ok_118".to_owned() },
        ],
    }
}

#[test]
fn v1_sends_are_forms_with_json_inside() {
    let text = Content::Text { body: "Заказ 118 собран".to_owned(), preview_link: true };
    let request = Gupshup.build_send(&own(), &outgoing(text.clone())).unwrap();
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "http://127.0.0.1:9/wa/api/v1/msg"));
    assert_eq!(request.secret_headers, [("apikey".to_owned(), Secret::new("key"))]);
    let wanted = [
        ("channel", "whatsapp"),
        ("destination", "79160000001"),
        ("disablePreview", "false"),
        ("message", r#"{"type":"text","text":"Заказ 118 собран"}"#),
        ("source", "74951230000"),
        ("src.name", "TorgBot"),
    ];
    assert_eq!(form(&request), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let request = Gupshup.build_send(&own(), &outgoing(Content::Template(template()))).unwrap();
    assert_eq!(request.url, "http://127.0.0.1:9/wa/api/v1/template/msg");
    assert_eq!(form(&request)["template"], r#"{"id":"b7c3","params":["118","Анна","завтра","118"]}"#);
    assert_eq!(form(&request)["message"], r#"{"type":"text","postbackTexts":[{"index":0,"text":"ok_118"}]}"#);
    let mut media = template();
    media.buttons.clear();
    let link = MediaRef {
        media_kind: MediaKind::Document,
        link: "https://c/i.pdf".to_owned(),
        file_name: Some("i.pdf".to_owned()),
        mime: None,
        size_bytes: None,
    };
    media.header = Some(HeaderValue::Media(link));
    let request = Gupshup.build_send(&own(), &outgoing(Content::Template(media.clone()))).unwrap();
    assert_eq!(form(&request)["template"], r#"{"id":"b7c3","params":["Анна","завтра"]}"#);
    assert_eq!(form(&request)["message"], r#"{"type":"document","document":{"link":"https://c/i.pdf","filename":"i.pdf"}}"#);
    media.category = "AUTHENTICATION".to_owned();
    (media.header, media.params) = (None, vec![Param { key: "1".to_owned(), value: "4812".to_owned() }]);
    let request = Gupshup.build_send(&own(), &outgoing(Content::Template(media.clone()))).unwrap();
    assert_eq!(form(&request)["template"], r#"{"id":"b7c3","params":["4812","4812"]}"#);
    media.params[0].key = "code".to_owned();
    assert_eq!(Gupshup.build_send(&own(), &outgoing(Content::Template(media))).unwrap_err().class, ErrorClass::Payload);
    let nobody = Outgoing { to: Identity { bsuid: Some("RU.1".to_owned()), ..Identity::default() }, ..outgoing(text) };
    assert_eq!(Gupshup.build_send(&own(), &nobody).unwrap_err().class, ErrorClass::BadRecipient);
}

#[test]
fn v3_is_used_only_with_the_partner_token() {
    let request = Gupshup.build_send(&partner(), &outgoing(Content::Text { body: "x".to_owned(), preview_link: false })).unwrap();
    assert_eq!(request.url, format!("https://partner.gupshup.io/partner/app/{APP_ID}/v3/message"));
    assert_eq!(request.secret_headers, [("authorization".to_owned(), Secret::new("sk_1"))]);
    let Body::Json(body) = request.body else { panic!("no JSON") };
    assert_eq!(
        body,
        json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "79160000001", "type": "text",
        "text": {"preview_url": false, "body": "x"}})
    );
}

#[test]
fn a_page_of_templates_is_read_with_its_nested_json() {
    let page = Gupshup.read_template_list(&answer(200, fixture!("template_list"), &[]), None).unwrap();
    assert_eq!((page.rows.len(), page.next.as_deref()), (3, Some("1")));
    let order = &page.rows[0];
    assert_eq!((order.name.as_str(), order.status.as_str(), order.header_kind.as_deref()), ("order_ready_v3", "APPROVED", Some("text")));
    assert_eq!((order.header_text.as_deref(), order.footer.as_deref()), (Some("Заказ {{1}}"), Some("Ответьте СТОП для отказа")));
    assert_eq!(order.param_keys, ["1", "2"]);
    assert_eq!((&order.buttons[1]["dynamic"], &order.buttons[0]["type"]), (&json!(true), &json!("QUICK_REPLY")));
    let invoice = &page.rows[1];
    assert_eq!(
        (invoice.status.as_str(), invoice.category.as_str(), invoice.header_kind.as_deref()),
        ("DEACTIVATED", "UTILITY", Some("document"))
    );
    assert_eq!((invoice.param_keys.clone(), invoice.reason.as_deref()), (vec!["client_name".to_owned()], Some("Old")));
    assert_eq!((page.rows[2].body.as_str(), page.rows[2].header_kind.as_deref()), ("Hello", None));
    let empty = Gupshup.read_template_list(&answer(200, r#"{"status":"success","templates":[]}"#, &[]), Some("1")).unwrap();
    assert!(empty.rows.is_empty() && empty.next.is_none());
    let limited = Gupshup.read_template_list(&answer(429, fixture!("answer_too_many"), &[]), None).unwrap_err();
    assert_eq!(limited.class, ErrorClass::RateLimit);
    assert!(Gupshup.read_template_list(&answer(200, "<html>", &[]), None).is_err());
}

#[test]
fn lists_opt_ins_and_subscriptions_go_where_the_vendor_wants_them() {
    let own_list = Gupshup.build_template_list(&own(), None).unwrap();
    assert_eq!(own_list.url, format!("http://127.0.0.1:9/wa/app/{APP_ID}/template"));
    assert_eq!(own_list.query, [("pageSize".to_owned(), "100".to_owned())]);
    let next = Gupshup.build_template_list(&partner(), Some("2")).unwrap();
    assert_eq!(next.url, format!("https://partner.gupshup.io/partner/app/{APP_ID}/templates"));
    assert!(next.query.contains(&("pageNo".to_owned(), "2".to_owned())));
    let named = channel(json!({"app_name": "Торг Бот/1"}), &[("api_key", "key")]);
    let opt_in = Gupshup.build_opt_in(&named, "79160000001").unwrap();
    assert_eq!(opt_in.url, "http://127.0.0.1:9/sm/api/v1/app/opt/in/%D0%A2%D0%BE%D1%80%D0%B3%20%D0%91%D0%BE%D1%82%2F1");
    assert_eq!(form(&opt_in), BTreeMap::from([("user".to_owned(), "79160000001".to_owned())]));
    let url = "https://c.example.org/hooks/gupshup/ch_1/x";
    assert!(Gupshup.build_subscriptions(&own()).is_none() && Gupshup.build_subscribe(&own(), url, &json!({})).is_empty());
    let mut guarded = partner();
    guarded.channel_id = "ch_1".to_owned();
    guarded.secrets.insert("hook_header".to_owned(), Secret::new("h"));
    let mend = |rows: serde_json::Value| Gupshup.build_subscribe(&guarded, url, &json!({"subscriptions": rows}));
    let requests = mend(json!([{"id": "9", "url": "https://crm.example.org/gupshup"}]));
    assert_eq!((requests.len(), requests[0].method), (1, Method::Post));
    let form = form(&requests[0]);
    assert_eq!((form["url"].as_str(), form["version"].as_str()), (url, "2"));
    assert_eq!(form["meta"], r#"{"headers":{"x-courier24-hook":"h"}}"#);
    assert!(mend(json!([{"id": "1", "url": url}])).is_empty());
    let former = |id: &str| json!({"id": id, "url": format!("https://old.example.org/hooks/gupshup/ch_1/{id}")});
    let moved: Vec<(Method, String)> = mend(json!([former("1"), former("2")])).into_iter().map(|it| (it.method, it.url)).collect();
    assert!(matches!(&moved[..], [(Method::Put, put), (Method::Delete, gone)] if put.ends_with("/1") && gone.ends_with("/2")), "{moved:?}");
}
