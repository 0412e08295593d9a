//! Callbacks, faults and the control API.

use super::super::super::fault::{Fault, FaultRule};
use super::super::partner;
use super::{CLIENT, World, world};
use crate::domain::clock::SECOND;
use serde_json::{Value, json};

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
async fn in_auto_mode_events_flow_by_themselves() {
    let world = world();
    world.network.set_auto(true);
    world.network.app("TorgBot").change(|app| app.gs_id_everywhere = true).greet_callback();
    let (_, answer) = world.template("sale", &[], None).await;
    let began = std::time::Instant::now();
    let mut seen = Vec::new();
    while seen.len() < 4 && began.elapsed().as_secs() < 20 {
        seen.extend(world.business.take());
        tokio::task::yield_now().await;
    }
    assert_eq!(seen.len(), 4, "greeting, enqueued, sent, delivered");
    let told = |event: &Value| event["type"] == json!("message-event");
    assert!(seen.iter().filter(|event| told(event)).all(|event| event["payload"]["id"] == answer["messageId"]));
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
