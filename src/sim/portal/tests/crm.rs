//! What CRM, messenger and Drive methods give back.

use super::support::World;
use crate::sim::portal::Document;
use serde_json::json;

#[tokio::test]
async fn items_are_shown_in_both_dialects() {
    let world = World::start().await;
    world.portal.deal(512).title("Roof").contact(9).contact(10).amount(1500.5, "RUB").set("UF_CRM_1690", "a");
    world.portal.contact(9).name("Мария", "Тест").phone("8 (999) 000-11-22").email("m@example.org");
    let item = world.ok("crm.item.get", json!({"entityTypeId": 2, "id": "512"})).await["item"].clone();
    assert_eq!((&item["contactIds"], &item["ufCrm_1690"], &item["opportunity"]), (&json!([9, 10]), &json!("a"), &json!(1500.5)));
    assert!(item.get("fm").is_none());
    let original = world.ok("crm.item.get", json!({"entityTypeId": 2, "id": 512, "useOriginalUfNames": "Y"})).await["item"].clone();
    assert_eq!(original["UF_CRM_1690"], json!("a"));
    let classic = world.ok("crm.deal.get", json!({"id": 512})).await;
    assert_eq!((&classic["ID"], &classic["CONTACT_ID"], &classic["STAGE_ID"]), (&json!("512"), &json!("9"), &json!("NEW")));
    let contact = world.ok("crm.contact.get", json!({"ID": 9})).await;
    assert_eq!(contact["PHONE"][0]["VALUE"], json!("8 (999) 000-11-22"));
    assert!(world.ok("crm.contact.get", json!({"id": 10})).await.get("PHONE").is_none(), "absent, not empty");
    let links = world.ok("crm.deal.contact.items.get", json!({"id": 512})).await;
    assert_eq!((&links[0]["CONTACT_ID"], &links[0]["IS_PRIMARY"], &links[1]["IS_PRIMARY"]), (&json!(9), &json!("Y"), &json!("N")));
    let found = world.ok("crm.duplicate.findbycomm", json!({"type": "PHONE", "values": ["89990001122"]})).await;
    assert_eq!(found, json!({"CONTACT": [9]}));
    assert_eq!(world.ok("crm.duplicate.findbycomm", json!({"type": "PHONE", "values": ["+7 1"]})).await, json!([]));
}

#[tokio::test]
async fn writes_reach_only_fields_that_exist() {
    let world = World::start().await;
    let deal = world.portal.deal(512);
    world.portal.user_field(2, "UF_CRM_WA", "string");
    world.ok("event.bind", json!({"event": "ONCRMDEALUPDATE", "handler": format!("{}/event", world.handler_url)})).await;
    let fields = json!({"UF_CRM_WA": "sent", "UF_CRM_NONE": 1, "id": 7, "title": "New"});
    world.ok("crm.item.update", json!({"entityTypeId": 2, "id": 512, "fields": fields, "useOriginalUfNames": "Y"})).await;
    world.portal.idle().await;
    assert_eq!((deal.get("UF_CRM_WA"), deal.get("UF_CRM_NONE"), deal.get("title")), (json!("sent"), json!(null), json!("New")));
    assert_eq!(world.portal.changes(&deal).len(), 1);
    assert_eq!(world.received()[0]["data"]["FIELDS"]["ID"], json!("512"), "own writes come back as events");
    world.ok("crm.item.update", json!({"entityTypeId": 2, "id": 512, "fields": {"ufCrmWa": "read", "UF_CRM_WA": "ignored"}})).await;
    assert_eq!(deal.get("UF_CRM_WA"), json!("read"));
}

#[tokio::test]
async fn lists_are_filtered_paged_and_selected() {
    let world = World::start().await;
    for id in 1..=120 {
        world.portal.contact(id).name(&format!("N{id}"), "L").phone("+79990000000");
    }
    let (_, page) = world
        .call_as(Some(&world.portal.tokens(1).access), "crm.item.list", json!({"entityTypeId": 3, "select": ["id", "name"], "start": 50}))
        .await;
    assert_eq!((&page["total"], &page["next"], &page["result"]["items"][0]), (&json!(120), &json!(100), &json!({"id": 51, "name": "N51"})));
    let fast = world
        .call_as(
            Some(&world.portal.tokens(1).access),
            "crm.item.list",
            json!({"entityTypeId": 3, "filter": {">id": 118}, "order": {"id": "DESC"}, "start": -1}),
        )
        .await
        .1;
    assert_eq!((&fast["total"], fast.get("next")), (&json!(0), None));
    assert_eq!(fast["result"]["items"][0]["id"], json!(120));
    assert!(fast["result"]["items"][0].get("fm").is_none());
    let full = world.ok("crm.item.list", json!({"entityTypeId": 3, "filter": {"@id": [7]}, "select": ["*"]})).await;
    assert_eq!(full["items"][0]["fm"][0]["typeId"], json!("PHONE"));
}

#[tokio::test]
async fn timeline_notifications_and_files() {
    let world = World::start().await;
    let deal = world.portal.deal(512);
    let id = world.ok("crm.timeline.comment.add", json!({"fields": {"ENTITY_ID": 512, "ENTITY_TYPE": "deal", "COMMENT": "one"}})).await;
    world.ok("crm.timeline.comment.update", json!({"id": id, "fields": {"COMMENT": "two"}})).await;
    let rows = world.ok("crm.timeline.comment.list", json!({"filter": {"ENTITY_ID": 512, "ENTITY_TYPE": "deal"}})).await;
    assert_eq!(rows[0]["COMMENT"], json!("two"));
    let fields = json!({"entityTypeId": 2, "entityId": 512, "title": "t", "text": "x", "iconCode": "info"});
    assert_eq!(world.ok("crm.timeline.logmessage.add", json!({ "fields": fields })).await["logMessage"]["title"], json!("t"));
    assert_eq!(world.portal.timeline(&deal)[0].earlier, ["one"]);
    for message in ["a", "b"] {
        world.ok("im.notify.system.add", json!({"USER_ID": 1, "MESSAGE": message, "TAG": "alarm"})).await;
    }
    let notifications = world.portal.notifications();
    assert_eq!((notifications.len(), notifications[0].message.as_str()), (1, "b"), "the same tag replaces");

    world.portal.file(77, "a b.png", "bytes");
    world.portal.deal(512).file_field("UF_CRM_DOC", 77);
    let file = world.ok("disk.file.get", json!({"id": 77})).await;
    let item = world.ok("crm.item.get", json!({"entityTypeId": 2, "id": 512, "useOriginalUfNames": "Y"})).await;
    for link in [&file["DOWNLOAD_URL"], &item["item"]["UF_CRM_DOC"]["urlMachine"]] {
        let link = link.as_str().unwrap();
        assert_eq!(world.get(link).await, (200, b"bytes".to_vec()));
        assert_eq!(world.get(&link.replace("%7C", "%7C1")).await.0, 404, "signed parameters must not be altered");
    }
    world.portal.expire_tokens();
    assert_eq!(world.get(file["DOWNLOAD_URL"].as_str().unwrap()).await.0, 401, "a link dies with its token");
}

#[tokio::test]
async fn users_and_documents_by_their_names() {
    let world = World::start().await;
    let users = world.ok("user.get", json!({"FILTER": {"ACTIVE": true, "ID": [5]}})).await;
    assert_eq!((&users[0]["ID"], users.as_array().unwrap().len()), (&json!("5"), 1));
    assert_eq!(world.ok("user.current", json!({})).await["ID"], json!("1"));
    for (id, key) in [("DYNAMIC_1046_25", Some((1046, 25))), ("SMART_INVOICE_18", Some((31, 18))), ("LEAD_7", Some((1, 7))), ("346", None)]
    {
        let document = Document::parse(id).unwrap();
        assert_eq!((document.id.as_str(), document.item_key()), (id, key));
    }
    assert!(Document::parse("NONSENSE").is_none());
}
