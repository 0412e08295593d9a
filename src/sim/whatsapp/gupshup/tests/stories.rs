//! What becomes of good messages, and what people do.

use super::super::super::fault::EventAction;
use super::super::super::inbound::Inbound;
use super::super::super::message::Status;
use super::{CLIENT, NOW, World, world};
use crate::domain::clock::{HOUR, SECOND};
use serde_json::{Value, json};

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
async fn uploaded_and_linked_pictures_reach_the_phone() {
    let world = world();
    let url = format!("{}/partner/app/{}/media", world.network.gupshup_partner_url(), world.app.app_id);
    let upload = |mime: &str, bytes: &'static str| {
        let part = reqwest::multipart::Part::text(bytes).file_name("a.png");
        let form = reqwest::multipart::Form::new().text("file_type", mime.to_owned()).part("file", part);
        world.http.post(&url).header("Authorization", &world.app.partner_token).multipart(form)
    };
    assert_eq!(World::read(upload("text/html", "x")).await.1["message"], json!("Invalid file_type"));
    assert_eq!(World::read(upload("image/png", "")).await.1["message"], json!("Invalid Media Size"));
    let id = World::read(upload("image/png", "png")).await.1["mediaId"].as_str().unwrap().to_owned();
    world.template("picture", &["Анна"], Some(json!({"type": "image", "image": {"id": id}}))).await;
    let link = format!("{}/image.png", world.business.url);
    world.template("picture", &["Анна"], Some(json!({"type": "image", "image": {"link": link}}))).await;
    world.events().await;
    assert_eq!(world.network.user(CLIENT).received().len(), 2);
}
