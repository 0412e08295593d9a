//! Wrong requests, each with the vendor's status and message or code.

use super::{CLIENT, World, world};
use crate::domain::clock::SECOND;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A wrong request: path, key, changed fields; status and message of its refusal.
type Wrong<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, u16, &'a str);

/// Message of a text of that many scalar values.
fn long(count: usize) -> String {
    json!({"type": "text", "text": "я".repeat(count)}).to_string()
}

/// How many different ones the tables of this file hold.
pub(in crate::sim) fn distinct() -> usize {
    let sends: BTreeSet<String> = wrong_sends().iter().map(|(path, key, changes, ..)| format!("{path} {key} {changes:?}")).collect();
    sends.len() + WRONG_SUBSCRIPTIONS.len()
}

#[rustfmt::skip]
const WRONG_SUBSCRIPTIONS: [(&str, &str, &str); 5] = [
    ("tag", "", "Missing parameter: tag"),
    ("modes", "SENT,EVERYTHING", "Invalid mode: EVERYTHING"),
    ("url", "hook", "Invalid url"),
    ("version", "4", "Invalid version"),
    ("meta", "{", "Invalid meta"),
];

fn wrong_sends() -> Vec<Wrong<'static>> {
    let send = "/wa/api/v1/msg";
    let template = "/wa/api/v1/template/msg";
    let (long, four_buttons) = (
        &*long(4_097).leak(),
        &*json!({"type":"quick_reply","content":{"type":"text","text":"?"},
        "options":[{"type":"text","title":"1"},{"type":"text","title":"2"},{"type":"text","title":"3"},{"type":"text","title":"4"}]})
        .to_string()
        .leak(),
    );
    let equal_titles = r#"{"type":"quick_reply","content":{"type":"text","text":"?"},"options":[{"type":"text","title":"a"},{"type":"text","title":"a"}]}"#;
    let long_title =
        r#"{"type":"quick_reply","content":{"type":"text","text":"?"},"options":[{"type":"text","title":"двадцать один символ!"}]}"#;
    let rows: Vec<Value> = (0..11).map(|n| json!({"type": "text", "title": n.to_string()})).collect();
    let eleven_rows: &str =
        json!({"type":"list","body":"b","globalButtons":[{"type":"text","title":"o"}],"items":[{"title":"s","options":rows}]})
            .to_string()
            .leak();
    let no_open_button = r#"{"type":"list","body":"b","items":[{"title":"s","options":[{"type":"text","title":"r"}]}]}"#;
    vec![
        (send, "", vec![], 401, "Portal User Not Found With APIKey"),
        (send, "sk_alien", vec![], 401, "Portal User Not Found With APIKey"),
        (send, "own", vec![("channel", "sms")], 400, "Invalid Channel"),
        (send, "own", vec![("channel", "")], 400, "Invalid Channel"),
        (send, "own", vec![("source", "79990000000")], 400, "Invalid App Details"),
        (send, "own", vec![("src.name", "OtherBot")], 400, "Invalid App Details"),
        (send, "own", vec![("destination", "")], 400, "Invalid Destination"),
        (send, "own", vec![("destination", "+79160000001")], 400, "Invalid Destination"),
        (send, "own", vec![("destination", "7916 000")], 400, "Invalid Destination"),
        (send, "own", vec![("destination", "123456")], 400, "Invalid Destination"),
        (send, "own", vec![("destination", "1234567890123456")], 400, "Invalid Destination"),
        (send, "own", vec![("destination", "0079160000001")], 400, "Invalid Destination"),
        (send, "own", vec![("message", "")], 400, "Missing parameter: message"),
        (send, "own", vec![("message", "Привет")], 400, "Invalid message JSON"),
        (send, "own", vec![("message", r#"["text"]"#)], 400, "Invalid message JSON"),
        (send, "own", vec![("message", r#"{"text":"x"}"#)], 400, "Invalid message: type missing"),
        (send, "own", vec![("message", r#"{"type":"hologram"}"#)], 400, "Invalid message type"),
        (send, "own", vec![("message", r#"{"type":"text"}"#)], 400, "Invalid message: text missing"),
        (send, "own", vec![("message", r#"{"type":"text","text":""}"#)], 400, "Invalid message: text empty"),
        (send, "own", vec![("message", r#"{"type":"text","text":5}"#)], 400, "Invalid message: text string expected"),
        (send, "own", vec![("message", long)], 400, "Invalid message: text longer than 4096 characters"),
        (send, "own", vec![("message", r#"{"type":"image","url":"https://x.org/a.png"}"#)], 400, "Invalid message: originalUrl missing"),
        (send, "own", vec![("message", r#"{"type":"image","originalUrl":"x.png"}"#)], 400, "Invalid message: originalUrl not a URL"),
        (
            send,
            "own",
            vec![("message", r#"{"type":"image","originalUrl":"https://x.org/a","caption":null}"#)],
            400,
            "Invalid message: caption string expected",
        ),
        (
            send,
            "own",
            vec![("message", r#"{"type":"audio","url":"https://x.org/a","caption":"c"}"#)],
            400,
            "Invalid message: caption not allowed here",
        ),
        (
            send,
            "own",
            vec![("message", r#"{"type":"location","longitude":"200","latitude":"5"}"#)],
            400,
            "Invalid message: longitude not a coordinate",
        ),
        (send, "own", vec![("message", r#"{"type":"reaction","emoji":"👍"}"#)], 400, "Invalid message: msgId missing"),
        (send, "own", vec![("message", four_buttons)], 400, "Invalid message: options 1 to 3 items expected"),
        (send, "own", vec![("message", equal_titles)], 400, "Invalid message: options with equal titles"),
        (send, "own", vec![("message", long_title)], 400, "Invalid options: title longer than 20 characters"),
        (send, "own", vec![("message", eleven_rows)], 400, "Invalid items: options 1 to 10 items expected"),
        (send, "own", vec![("message", no_open_button)], 400, "Invalid message: globalButtons array expected"),
        (send, "own", vec![("message", r#"{"type":"contact","contact":{"name":{}}}"#)], 400, "Invalid name: formattedName missing"),
        (send, "own", vec![("disablePreview", "yes")], 400, "Invalid disablePreview"),
        (template, "own", vec![], 400, "Missing parameter: template"),
        (template, "own", vec![("template", "order_ready")], 400, "Invalid template JSON"),
        (template, "own", vec![("template", r#"{"params":[]}"#)], 400, "Invalid template: id missing"),
        (template, "own", vec![("template", r#"{"id":"x","params":"Анна"}"#)], 400, "Invalid template: params array expected"),
        (template, "own", vec![("template", r#"{"id":"x","params":[1]}"#)], 400, "Invalid template: params must be strings"),
        (
            template,
            "own",
            vec![("template", r#"{"id":"x"}"#), ("message", r#"{"type":"image","image":{}}"#)],
            400,
            "Invalid image: link or id expected, not both",
        ),
        (template, "own", vec![("template", r#"{"id":"x"}"#), ("message", r#"{"type":"sticker"}"#)], 400, "Invalid message type"),
        ("/sm/api/v1/app/opt/in/TorgBot", "own", vec![], 400, "Invalid user"),
        ("/wa/api/v1/app/opt/in/TorgBot", "own", vec![("user", "abc")], 400, "Invalid user"),
        ("/sm/api/v1/app/opt/in/OtherBot", "own", vec![("user", CLIENT)], 400, "Invalid App Details"),
        ("/wa/api/v1/messages", "own", vec![], 404, "Not Found"),
    ]
}

#[tokio::test]
async fn wrong_sends_are_refused_with_the_vendors_status_and_message() {
    let world = world();
    for (path, key, changes, status, message) in wrong_sends() {
        let key = if key == "own" { world.app.api_key.as_str() } else { key };
        let (got, body) = world.post(path, key, &world.form(&changes)).await;
        assert_eq!((got, body), (status, json!({"status": "error", "message": message})), "{path} {changes:?}");
    }
    assert!(world.network.messages().is_empty(), "a refused request must not reach the network");
}

#[tokio::test]
async fn bodies_of_another_type_methods_and_keys_of_others_are_refused() {
    let world = world();
    let url = format!("{}/wa/api/v1/msg", world.network.gupshup_url());
    let key = &world.app.api_key;
    let json_body = world.http.post(&url).header("apikey", key).json(&json!({"channel": "whatsapp"}));
    assert_eq!(World::read(json_body).await.0, 415);
    let bare = world.http.post(&url).header("apikey", key).body("channel=whatsapp");
    assert_eq!(World::read(bare).await.0, 415);
    assert_eq!(World::read(world.http.get(&url).header("apikey", key)).await.0, 405);
    let list = format!("{}/wa/app/{}/template", world.network.gupshup_url(), world.app.app_id);
    assert_eq!(World::read(world.http.get(&list)).await.0, 401);
    let alien = list.replace(&world.app.app_id, "00000000-0000-0000-0000-000000000000");
    assert_eq!(
        World::read(world.http.get(&alien).header("apikey", key)).await,
        (400, json!({"status": "error", "message": "Invalid App Details"}))
    );
    let bad_page = format!("{list}?pageNo=first");
    assert_eq!(World::read(world.http.get(&bad_page).header("apikey", key)).await.0, 400);
    let app = format!("/app/{}/subscription", world.app.app_id);
    assert_eq!(world.partner(reqwest::Method::GET, &app, "Bearer x", &[]).await.0, 401);
    let hook = format!("{}/hook", world.business.url);
    let missing = format!("{}/missing", world.business.url);
    let good = [("modes", "ALL"), ("tag", "a"), ("url", hook.as_str()), ("version", "2")];
    let unanswered = ("url", missing.as_str(), "Callback url validation failed: no 2xx answer");
    for (name, value, message) in WRONG_SUBSCRIPTIONS.into_iter().chain([unanswered]) {
        let mut form: Vec<(&str, &str)> = good.iter().copied().filter(|(own, _)| *own != name).collect();
        form.push((name, value));
        let (status, body) = world.partner(reqwest::Method::POST, &app, &world.app.partner_token, &form).await;
        assert_eq!((status, body["message"].as_str().unwrap()), (400, message));
    }
    let wrong_login = world.partner(reqwest::Method::POST, "/account/login", "", &[("email", "x"), ("password", "y")]).await;
    assert_eq!(wrong_login.0, 401);
}

#[tokio::test]
async fn what_the_vendor_finds_out_later_comes_as_a_failed_event() {
    let world = world();
    let good = ["118", "Анна", "118", "t118"];
    let cases: Vec<(&str, Vec<&str>, u32)> = vec![
        ("order_ready", vec!["118", "Анна", "118"], 132_000),
        ("order_ready", vec!["118", "", "118", "t118"], 132_012),
        ("order_ready", vec!["118", "Ан\nна", "118", "t118"], 132_018),
        ("paused_one", vec![], 132_015),
        ("picture", vec!["Анна"], 132_012),
    ];
    for (name, params, code) in cases {
        assert_eq!(world.template(name, &params, None).await.0, 202);
        assert_eq!(world.failure_code().await, json!(code), "{name} {params:?}");
    }
    assert_eq!(world.say(&json!({"type": "text", "text": "Привет"})).await.0, 202);
    assert_eq!(world.failure_code().await, json!(131_047), "no open window");
    world.network.app("TorgBot").change(|app| app.cloud_api_hosted = false);
    world.say(&json!({"type": "text", "text": "Привет"})).await;
    assert_eq!(world.failure_code().await, json!(470));
    world.template("order_ready", &["one"], None).await;
    assert_eq!(world.failure_code().await, json!(4003));
    world.template("paused_one", &[], None).await;
    assert_eq!(world.failure_code().await, json!(4005));
    let page = json!({"type": "image", "image": {"link": format!("{}/page.html", world.business.url)}});
    world.template("picture", &["Анна"], Some(page)).await;
    assert_eq!(world.failure_code().await, json!(1010), "an HTML page is no picture");
    let unknown_upload = json!({"type": "image", "image": {"id": "817"}});
    world.template("picture", &["Анна"], Some(unknown_upload)).await;
    assert_eq!(world.failure_code().await, json!(1010), "nothing was uploaded under this id");
    world.network.app("TorgBot").change(|app| app.opt_in_required = true);
    world.template("order_ready", &good, None).await;
    assert_eq!(world.failure_code().await, json!(1008));
    world.say(&json!({"type": "text", "text": "Привет"})).await;
    assert_eq!(world.failure_code().await, json!(1007));
    world.network.app("TorgBot").set_opt_in(CLIENT, false);
    world.template("order_ready", &good, None).await;
    assert_eq!(world.failure_code().await, json!(1012));
    world.network.app("TorgBot").change(|app| (app.wallet_empty, app.codes_as_text) = (true, true));
    world.template("order_ready", &good, None).await;
    assert_eq!(world.failure_code().await, json!("1003"));
}

#[tokio::test]
async fn limits_answer_429_until_their_period_is_over() {
    let world = world();
    let list = format!("/app/{}/templates", world.app.app_id);
    for expected in [200, 429] {
        let times = if expected == 200 { 10 } else { 1 };
        for _ in 0..times {
            assert_eq!(world.partner(reqwest::Method::GET, &list, &world.app.partner_token, &[]).await.0, expected);
        }
    }
    world.clock.advance(20 * SECOND);
    assert_eq!(world.partner(reqwest::Method::GET, &list, &world.app.partner_token, &[]).await.0, 200);
    world.network.app("TorgBot").change(|app| app.sends_per_second = Some(1));
    assert_eq!(world.template("sale", &[], None).await.0, 202);
    let refused = world.template("sale", &[], None).await;
    assert_eq!(refused, (429, json!({"status": "error", "message": "Too Many Requests"})));
    world.clock.advance(SECOND);
    assert_eq!(world.template("sale", &[], None).await.0, 202);
}
