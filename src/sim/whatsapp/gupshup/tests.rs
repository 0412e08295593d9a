//! The simulator refuses what the vendor refuses, and tells what the vendor tells. All over real HTTP.

use super::super::fault::{EventAction, Fault, FaultRule};
use super::super::inbound::Inbound;
use super::super::message::Status;
use super::super::{Config, Network};
use super::app::App;
use super::partner;
use super::template::Template;
use crate::domain::clock::{Clock, HOUR, ManualClock, SECOND};
use actix_web::{App as Web, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const NOW: i64 = 1_791_000_000_000;
const CLIENT: &str = "79160000001";

struct World {
    network: Network,
    clock: Arc<ManualClock>,
    http: reqwest::Client,
    app: App,
    business: Business,
}

/// A callback and its `X-Secret`.
type Got = (Value, Option<String>);

/// A wrong request: path, key, changed fields; status and message of its refusal.
type Wrong<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, u16, &'a str);

/// Our side: an address that takes callbacks and serves files.
#[derive(Clone)]
struct Business {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    refuse: Arc<Mutex<u32>>,
}

impl Business {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let business = Self { url, got: Arc::default(), refuse: Arc::default() };
        let data = web::Data::new(business.clone());
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || Web::new().app_data(data.clone()).default_service(web::to(Self::answer));
                HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run().await.unwrap();
            });
        });
        business
    }

    #[expect(clippy::unused_async, reason = "handlers are async")]
    async fn answer(request: HttpRequest, body: web::Bytes, own: web::Data<Self>) -> HttpResponse {
        match request.path() {
            "/image.png" => HttpResponse::Ok().content_type("image/png").body("png"),
            "/page.html" => HttpResponse::Ok().content_type("text/html").body("<html>"),
            "/hook" => {
                let mut refuse = own.refuse.lock().unwrap();
                if *refuse > 0 {
                    *refuse -= 1;
                    return HttpResponse::ServiceUnavailable().finish();
                }
                let secret = request.headers().get("x-secret").map(|value| value.to_str().unwrap().to_owned());
                own.got.lock().unwrap().push((serde_json::from_slice(&body).unwrap(), secret));
                HttpResponse::Ok().finish()
            }
            _ => HttpResponse::NotFound().finish(),
        }
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.got.lock().unwrap()).into_iter().map(|(body, _)| body).collect()
    }
}

fn templates() -> Vec<Template> {
    vec![
        Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов.")
            .header_text("Заказ {{1}}")
            .url_button("Отследить", "https://example.org/t/{{1}}")
            .quick_reply("Спасибо"),
        Template::new("paused_one", "ru", "Текст").status("PAUSED"),
        Template::new("picture", "ru", "Фото для {{1}}").header_media("IMAGE"),
        Template::new("sale", "ru", "Скидки").category("MARKETING"),
    ]
}

fn world() -> World {
    let clock = Arc::new(ManualClock::starting_at(NOW));
    let app = App::new("TorgBot").with_templates(templates());
    let config = Config { apps: vec![app.clone()], ..Config::default() };
    let shared_clock: Arc<dyn Clock> = clock.clone();
    let network = Network::start(shared_clock, config).unwrap();
    let business = Business::start();
    network.app("TorgBot").set_callback(&format!("{}/hook", business.url));
    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    World { network, clock, http, app, business }
}

impl World {
    fn id(&self, name: &str) -> String {
        self.app.templates.iter().find(|template| template.element_name == name).unwrap().id.clone()
    }

    /// The form of a good session text, with fields replaced (or removed by an empty value).
    fn form(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let good = [
            ("channel", "whatsapp"),
            ("source", self.app.source.as_str()),
            ("destination", CLIENT),
            ("src.name", "TorgBot"),
            ("message", r#"{"type":"text","text":"Привет"}"#),
        ];
        let mut form: Vec<(String, String)> = good.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, value) in changes {
            form.retain(|(own, _)| own != name);
            if !value.is_empty() {
                form.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        form
    }

    async fn post(&self, path: &str, key: &str, form: &[(String, String)]) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.network.gupshup_url())).header("apikey", key).form(form);
        Self::read(request).await
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn say(&self, message: &Value) -> (u16, Value) {
        let form = self.form(&[("message", &message.to_string())]);
        self.post("/wa/api/v1/msg", &self.app.api_key, &form).await
    }

    async fn template(&self, name: &str, params: &[&str], message: Option<Value>) -> (u16, Value) {
        let template = json!({"id": self.id(name), "params": params}).to_string();
        let message = message.map(|message| message.to_string()).unwrap_or_default();
        let form = self.form(&[("template", &template), ("message", &message)]);
        self.post("/wa/api/v1/template/msg", &self.app.api_key, &form).await
    }

    async fn partner(&self, method: reqwest::Method, path: &str, token: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let url = format!("{}/partner{path}", self.network.gupshup_partner_url());
        Self::read(self.http.request(method, url).header("Authorization", token).form(form)).await
    }

    async fn v3(&self, body: &Value) -> (u16, Value) {
        let url = format!("{}/partner/app/{}/v3/message", self.network.gupshup_partner_url(), self.app.app_id);
        Self::read(self.http.post(url).header("Authorization", &self.app.partner_token).json(body)).await
    }

    /// Flushes and returns (type, payload.type or version 3 status, code) of every callback.
    async fn events(&self) -> Vec<Value> {
        self.network.deliver_events().await;
        self.business.take()
    }

    async fn failure_code(&self) -> Value {
        let events = self.events().await;
        let failed = events.iter().find(|event| event.pointer("/payload/type") == Some(&json!("failed")));
        failed.and_then(|event| event.pointer("/payload/payload/code")).cloned().unwrap_or_default()
    }
}

/// Message of a text of that many scalar values.
fn long(count: usize) -> String {
    json!({"type": "text", "text": "я".repeat(count)}).to_string()
}

#[tokio::test]
async fn wrong_sends_are_refused_with_the_vendors_status_and_message() {
    let world = world();
    let send = "/wa/api/v1/msg";
    let template = "/wa/api/v1/template/msg";
    let (long, four_buttons) = (
        long(4_097),
        json!({"type":"quick_reply","content":{"type":"text","text":"?"},
        "options":[{"type":"text","title":"1"},{"type":"text","title":"2"},{"type":"text","title":"3"},{"type":"text","title":"4"}]})
        .to_string(),
    );
    let equal_titles = r#"{"type":"quick_reply","content":{"type":"text","text":"?"},"options":[{"type":"text","title":"a"},{"type":"text","title":"a"}]}"#;
    let long_title =
        r#"{"type":"quick_reply","content":{"type":"text","text":"?"},"options":[{"type":"text","title":"двадцать один символ!"}]}"#;
    let rows: Vec<Value> = (0..11).map(|n| json!({"type": "text", "title": n.to_string()})).collect();
    let eleven_rows =
        json!({"type":"list","body":"b","globalButtons":[{"type":"text","title":"o"}],"items":[{"title":"s","options":rows}]}).to_string();
    let no_open_button = r#"{"type":"list","body":"b","items":[{"title":"s","options":[{"type":"text","title":"r"}]}]}"#;
    let cases: Vec<Wrong<'_>> = vec![
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
        (send, "own", vec![("message", &long)], 400, "Invalid message: text longer than 4096 characters"),
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
        (send, "own", vec![("message", &four_buttons)], 400, "Invalid message: options 1 to 3 items expected"),
        (send, "own", vec![("message", equal_titles)], 400, "Invalid message: options with equal titles"),
        (send, "own", vec![("message", long_title)], 400, "Invalid options: title longer than 20 characters"),
        (send, "own", vec![("message", &eleven_rows)], 400, "Invalid items: options 1 to 10 items expected"),
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
    ];
    for (path, key, changes, status, message) in cases {
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
    for (name, value, message) in [
        ("tag", "", "Missing parameter: tag"),
        ("modes", "SENT,EVERYTHING", "Invalid mode: EVERYTHING"),
        ("url", "hook", "Invalid url"),
        ("version", "4", "Invalid version"),
        ("meta", "{", "Invalid meta"),
        ("url", missing.as_str(), "Callback url validation failed: no 2xx answer"),
    ] {
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
async fn a_template_is_enqueued_sent_delivered_and_read_with_the_ids_of_each() {
    let world = world();
    let (_, answer) = world
        .template(
            "order_ready",
            &["118", "Анна", "118", "t118"],
            Some(json!({"type": "text", "postbackTexts": [{"index": 1, "text": "ok"}]})),
        )
        .await;
    let gs_id = answer["messageId"].as_str().unwrap().to_owned();
    let events = world.events().await;
    let words: Vec<&str> = events.iter().map(|event| event["payload"]["type"].as_str().unwrap()).collect();
    assert_eq!(words, ["enqueued", "sent", "delivered"]);
    let wamid = events[0]["payload"]["payload"]["whatsappMessageId"].as_str().unwrap().to_owned();
    assert_eq!(events[0]["payload"]["id"], json!(gs_id));
    assert_eq!((&events[1]["payload"]["id"], &events[1]["payload"]["gsId"]), (&json!(wamid), &json!(gs_id)));
    assert_eq!(events[1]["payload"]["payload"]["ts"], json!(NOW / 1_000));
    assert_eq!(events[1]["payload"]["pricing"], json!({"policy": "PMP", "category": "utility", "type": "regular"}));
    let user = world.network.user(CLIENT).named("Инна");
    assert_eq!(user.received()[0].text, "Заказ 118\nЗдравствуйте, Анна! Заказ 118 готов.");
    assert_eq!(user.reads(), 1);
    assert_eq!(world.events().await[0]["payload"]["type"], json!("read"));
    let pressed = user.presses("Спасибо").unwrap();
    assert!(world.events().await.is_empty(), "inbound is held for 5 s");
    world.clock.advance(5 * SECOND);
    let inbound = &world.events().await[0];
    assert_eq!((&inbound["type"], &inbound["payload"]["id"]), (&json!("message"), &json!(pressed)));
    assert_eq!(inbound["payload"]["payload"], json!({"text": "Спасибо", "type": "button", "postbackText": "ok"}));
    assert_eq!(inbound["payload"]["context"], json!({"id": wamid, "gsId": gs_id}));
    world.say(&json!({"type": "text", "text": "Пожалуйста"})).await;
    assert_eq!(world.events().await.len(), 3, "the window is open now");
    assert!(world.network.duplicates().is_empty());
}

#[tokio::test]
async fn v3_carries_metas_shape_with_the_gs_ids() {
    let world = world();
    world.network.app("TorgBot").set_callback_v3(&format!("{}/hook", world.business.url));
    let components = json!([{"type": "header", "parameters": [{"type": "text", "text": "118"}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Анна"}, {"type": "text", "text": "118"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "t118"}]}]);
    let body = json!({"messaging_product": "whatsapp", "to": CLIENT, "type": "template",
        "template": {"name": "order_ready", "language": {"code": "ru"}, "components": components}});
    let (status, answer) = world.v3(&body).await;
    assert_eq!(status, 200);
    let events = world.events().await;
    let rows: Vec<&Value> = events.iter().map(|event| &event["entry"][0]["changes"][0]["value"]["statuses"][0]).collect();
    assert_eq!(rows.iter().map(|row| row["status"].as_str().unwrap()).collect::<Vec<_>>(), ["enqueued", "sent", "delivered"]);
    assert!(rows.iter().all(|row| row["gs_id"] == answer["messages"][0]["id"]));
    assert_eq!((&rows[0]["timestamp"], &rows[1]["timestamp"]), (&json!(NOW), &json!((NOW / 1_000).to_string())));
    assert!(events[0]["entry"][0].get("id").is_none() && events[1]["entry"][0].get("id").is_some());
    for (wrong, expected) in [
        (json!({"to": CLIENT, "type": "text", "text": {"body": "x"}}), 400),
        (json!({"messaging_product": "whatsapp", "to": "x", "type": "text", "text": {"body": "x"}}), 400),
        (json!({"messaging_product": "whatsapp", "to": CLIENT, "type": "text", "text": {"body": ""}}), 400),
        (json!({"messaging_product": "whatsapp", "recipient": "RU.5512", "type": "text", "text": {"body": "x"}}), 400),
    ] {
        assert_eq!(world.v3(&wrong).await.0, expected, "{wrong}");
    }
    world.network.event_fault("", 1, EventAction::Batch);
    world.v3(&body).await;
    assert_eq!(world.events().await[0]["entry"].as_array().unwrap().len(), 3, "batched into one body");
}

#[tokio::test]
async fn callbacks_are_repeated_until_a_2xx_and_carry_the_subscriptions_headers() {
    let world = world();
    world.network.app("TorgBot").change(|app| app.subscriptions.clear());
    let hook = format!("{}/hook", world.business.url);
    let form = [
        ("modes", "DELIVERED,MESSAGE"),
        ("tag", "c24"),
        ("url", hook.as_str()),
        ("version", "2"),
        ("meta", r#"{"headers":{"X-Secret":"s3"}}"#),
    ];
    let path = format!("/app/{}/subscription", world.app.app_id);
    let (status, made) = world.partner(reqwest::Method::POST, &path, &world.app.partner_token, &form).await;
    assert_eq!((status, &made["subscription"]["version"]), (200, &json!(2)));
    let greeted = std::mem::take(&mut *world.business.got.lock().unwrap());
    assert_eq!(greeted[0].0["payload"], json!({"phone": "callbackSetPhone", "type": "sandbox-start"}));
    assert_eq!(greeted[0].1.as_deref(), Some("s3"));
    let twice = world.partner(reqwest::Method::POST, &path, &world.app.partner_token, &form).await;
    assert_eq!(twice.1["message"], json!("Subscription with this tag already exists"));
    *world.business.refuse.lock().unwrap() = 1;
    world.template("sale", &[], None).await;
    assert!(world.events().await.is_empty(), "refused once, and only `delivered` was subscribed");
    world.clock.advance(3 * SECOND);
    assert_eq!(world.events().await[0]["payload"]["type"], json!("delivered"));
    let attempts: Vec<_> = world.network.deliveries().iter().map(|delivery| (delivery.attempt, delivery.status)).collect();
    assert_eq!(attempts, [(1, Some(503)), (2, Some(200))]);
    let (email, password) = partner::credentials();
    let signed = world.partner(reqwest::Method::POST, "/account/login", "", &[("email", email), ("password", password)]).await;
    let token = signed.1["token"].as_str().unwrap().to_owned();
    let app_token = world.partner(reqwest::Method::GET, &format!("/app/{}/token", world.app.app_id), &token, &[]).await;
    assert_eq!(app_token.1["token"]["token"], json!(world.app.partner_token));
}

#[tokio::test]
async fn faults_break_the_answer_and_tell_whether_the_message_exists() {
    let world = world();
    world.network.user(CLIENT).writes("Здравствуйте");
    let text = json!({"type": "text", "text": "Привет"});
    world.network.fault(FaultRule { path: "/msg".to_owned(), times: 2, skip: 0, fault: Fault::too_many_requests(Some(7)) });
    for _ in 0..2 {
        assert_eq!(world.say(&text).await, (429, json!({"status": "error", "message": "Too Many Requests"})));
    }
    world.network.fault_next("/msg", Fault::bad_gateway());
    assert_eq!(world.say(&text).await.0, 502);
    assert!(world.network.messages().is_empty());
    world.network.fault_next("/msg", Fault::AcceptWithoutId);
    assert_eq!(world.say(&text).await, (202, json!({"status": "submitted"})));
    world.network.fault_next("/msg", Fault::EventsFirst);
    assert_eq!(world.say(&text).await.0, 202);
    assert!(world.business.take().len() >= 3, "told before our answer came");
    for (fault, exists) in [
        (Fault::CloseBeforeReading, 0),
        (Fault::CloseAfterReading, 0),
        (Fault::Hang, 0),
        (Fault::AcceptThenClose, 1),
        (Fault::AcceptThenHang, 1),
        (Fault::AcceptThenCut, 1),
    ] {
        let before = world.network.messages().len();
        world.network.fault_next("/msg", fault.clone());
        let request = world.http.post(format!("{}/wa/api/v1/msg", world.network.gupshup_url())).header("apikey", &world.app.api_key);
        let request = request.form(&world.form(&[])).timeout(std::time::Duration::from_millis(400));
        #[expect(clippy::disallowed_methods, reason = "a test's own client")]
        let complete = match request.send().await {
            Ok(answer) => answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!complete, "{fault:?} must not answer");
        assert_eq!(world.network.messages().len() - before, exists, "{fault:?}");
    }
    assert_eq!(world.network.duplicates()[0].count, 5, "same text five times");
}

#[tokio::test]
async fn people_block_go_offline_hide_the_phone_and_leave() {
    let world = world();
    let user = world.network.user(CLIENT).goes_offline();
    world.template("sale", &[], None).await;
    assert_eq!(world.events().await.len(), 2);
    let user = user.comes_online();
    assert_eq!(world.events().await[0]["payload"]["type"], json!("delivered"));
    let user = user.blocks();
    world.template("sale", &[], None).await;
    world.events().await;
    assert_eq!(world.network.messages()[1].status, Status::Sent);
    let user = user.unblocks().stops_marketing();
    world.template("sale", &[], None).await;
    assert_eq!(world.failure_code().await, json!(131_050));
    let user = user.hides_phone();
    user.writes("Кто вы?");
    world.clock.advance(5 * SECOND);
    assert!(world.events().await.is_empty(), "parked at the provider");
    let path = format!("/app/{}/config/bsuid", world.app.app_id);
    assert_eq!(world.partner(reqwest::Method::PUT, &path, &world.app.partner_token, &[("enableBSUID", "true")]).await.0, 202);
    let told = &world.events().await[0]["payload"];
    assert!(told["sender"].get("phone").is_none() && told.get("source").is_none());
    assert_eq!(told["sender"]["userId"], json!("RU.10000006197"));
    world.clock.advance(25 * HOUR);
    world.network.user(CLIENT).not_on_whatsapp();
    world.template("order_ready", &["118", "Анна", "118", "t118"], None).await;
    assert_eq!(world.failure_code().await, json!(131_026));
}

#[tokio::test]
async fn inbound_files_are_served_and_events_can_be_lost_doubled_and_turned_round() {
    let world = world();
    let user = world.network.user(CLIENT);
    user.sends(
        Inbound::Media { media: "file".to_owned(), caption: Some("Акт".to_owned()), name: Some("act.pdf".to_owned()), voice: false },
        None,
    );
    world.clock.advance(5 * SECOND);
    let told = world.events().await;
    let url = told[0]["payload"]["payload"]["url"].as_str().unwrap().to_owned();
    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    let file = world.http.get(url).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "application/pdf");
    world.network.event_fault("sent", 1, EventAction::Drop);
    world.network.event_fault("delivered", 1, EventAction::Duplicate { copies: 1 });
    world.network.event_fault("", 1, EventAction::Reverse);
    world.say(&json!({"type": "text", "text": "Принято"})).await;
    let events = world.events().await;
    let words: Vec<&str> = events.iter().map(|event| event["payload"]["type"].as_str().unwrap()).collect();
    assert_eq!(words, ["delivered", "delivered", "enqueued"]);
    let page = format!("{}/wa/app/{}/template?pageNo=1&pageSize=3", world.network.gupshup_url(), world.app.app_id);
    let (_, list) = World::read(world.http.get(page).header("apikey", &world.app.api_key)).await;
    assert_eq!(list["templates"].as_array().unwrap().len(), 1);
    assert_eq!(list["templates"][0]["elementName"], json!("sale"));
}

#[tokio::test]
async fn another_process_controls_the_network_over_http() {
    let world = world();
    let control = |path: &str| format!("{}/_sim/{path}", world.network.gupshup_url());
    let wrote = World::read(world.http.post(control("people/79160000001/writes")).json(&json!({"text": "Привет"}))).await;
    assert!(wrote.1["wamid"].as_str().unwrap().starts_with("wamid."));
    let fault = json!({"path": "/msg", "fault": {"do": "answer", "status": 503}});
    assert_eq!(World::read(world.http.post(control("faults")).json(&fault)).await.0, 200);
    assert_eq!(world.say(&json!({"type": "text", "text": "x"})).await.0, 503);
    let state = World::read(world.http.get(control("state"))).await.1;
    assert_eq!((&state["inbound"], &state["requests"]), (&json!(1), &json!(1)));
    assert_eq!(World::read(world.http.post(control("faults")).json(&json!({"fault": {"do": "explode"}}))).await.0, 400);
    assert_eq!(World::read(world.http.get(control("secrets"))).await.0, 404);
}
