//! Several portals of one application beside each other: none ever sees another.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::sim::portal::{Document, Portal};
use serde_json::{Value, json};

/// A channel of another portal, on the same Gupshup app or another one.
async fn channel_of(town: &Town, portal: &Portal, name: &str, app: &str) -> Value {
    let app = town.network.app(app).settings();
    let body = json!({"kind": "gupshup", "name": name, "settings": {
        "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key}});
    let path = format!("/api/v1/portals/{}/channels", portal.member_id());
    let (status, made) = town.request("POST", &path, Some(body)).await;
    assert!((200..300).contains(&status), "{status} {made}");
    let id = made["id"].as_str().unwrap();
    town.request("POST", &format!("{path}/{id}/templates/sync"), Some(json!({}))).await;
    town.advance(3_000);
    town.settle().await;
    made
}

async fn list(town: &Town, portal: &Portal, what: &str) -> Vec<Value> {
    let (status, list) = town.request("GET", &format!("/api/v1/portals/{}/{what}", portal.member_id()), None).await;
    assert_eq!(status, 200, "{list}");
    list["items"].as_array().unwrap().clone()
}

story! {
    /// Two portals, each with its deal and its channel: messages, statuses and answers stay with whom they belong to.
    async fn two_portals_work_beside_each_other(town) {
        let other = town.neighbour().await;
        town.network.add_app(courier24::sim::whatsapp::gupshup::app::App::new("OtherBot")
            .with_templates([courier24::sim::whatsapp::gupshup::template::Template::new("hello", "en", "Hello {{1}}").category("UTILITY")]));
        let made = channel_of(&town, &other, "Other", "OtherBot").await;
        town.network.app("OtherBot").set_callback(made["webhook_url"].as_str().unwrap());
        other.contact(9).name("Bob", "Gray").phone("+7 916 000-00-02");
        other.deal(512).title("Order").contact(9).amount(1.0, "USD").responsible(1).stage("NEW");
        let theirs = other.fires("send_template", Document::deal(512), json!({"template": "hello:en", "params": ["Bob"], "wait_for": "delivered"})).await.unwrap();
        let ours = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(other.step(theirs).unwrap().returned["recipient"], "79160000002");
        assert_eq!(town.portal.step(ours).unwrap().returned["recipient"], CLIENT);
        assert_eq!(list(&town, &other, "messages").await.len(), 1);
        assert_eq!(list(&town, &town.portal, "messages").await.len(), 1);
        assert_eq!((town.portal.activities(Document::deal(512)).len(), other.activities(Document::deal(512)).len()), (1, 1));
        let foreign = other.fires("send_template", Document::deal(512), json!({"template": "order_ready:ru", "params": ["А", "1"]})).await.unwrap();
        let stolen = other.fires("send_template", Document::deal(512),
            json!({"template": "order_ready:ru", "params": ["А", "1"], "channel": town.channel})).await.unwrap();
        town.settle().await;
        assert_eq!(other.step(foreign).unwrap().returned["error_code"], "template_not_found");
        assert_eq!(other.step(stolen).unwrap().returned["error_code"], "channel_not_found", "another portal's channel is no channel");
        assert!(json!(other.robot("send_text").unwrap().properties[0].descriptor).to_string().find(town.channel.as_str()).is_none());
    }
}

story! {
    /// The ids of one portal under another's path do not exist.
    async fn one_portals_ids_are_unknown_under_anothers_path(town) {
        let other = town.neighbour().await;
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.client_writes("Привет").await;
        let id = |items: &[Value]| items[0]["id"].as_str().unwrap().to_owned();
        let paths = [
            format!("calls/{}", id(&list(&town, &town.portal, "calls").await)),
            format!("messages/{}", id(&list(&town, &town.portal, "messages").await)),
            format!("inbox/{}", id(&list(&town, &town.portal, "inbox").await)),
            format!("channels/{}", town.channel),
            format!("channels/{}/templates", town.channel),
        ];
        for path in &paths {
            let (own, body) = town.request("GET", &format!("/api/v1/portals/{}/{path}", town.portal.member_id()), None).await;
            assert_eq!(own, 200, "{path}: {body}");
            let (foreign, body) = town.request("GET", &format!("/api/v1/portals/{}/{path}", other.member_id()), None).await;
            assert_eq!(foreign, 404, "{path}: {body}");
            let (nobody, _) = town.request("GET", &format!("/api/v1/portals/{}/{path}", "0".repeat(32)), None).await;
            assert_eq!(nobody, 404, "{path}");
        }
        for (method, path, body) in [
            ("PATCH", format!("channels/{}", town.channel), json!({"name": "Чужой"})),
            ("DELETE", format!("channels/{}", town.channel), Value::Null),
            ("POST", format!("channels/{}/templates/sync", town.channel), json!({})),
        ] {
            let (status, told) = town.request(method, &format!("/api/v1/portals/{}/{path}", other.member_id()), Some(body)).await;
            assert_eq!(status, 404, "{method} {path}: {told}");
        }
        let channel = town.api(&format!("/channels/{}", town.channel)).await;
        assert_eq!(channel["name"], "Магазин");
        for what in ["calls", "messages", "conversations", "inbox", "channels"] {
            assert!(list(&town, &other, what).await.is_empty(), "{what}");
        }
        let erased = town.request("POST", &format!("/api/v1/portals/{}/erase", other.member_id()), Some(json!({"phone": CLIENT}))).await;
        assert!(erased.0 < 300, "{erased:?}");
        town.settle().await;
        assert_eq!(list(&town, &town.portal, "messages").await.len(), 2, "another portal erases only its own");
    }
}

story! {
    /// A robot call proves itself with its own portal's token only.
    async fn one_portals_proof_is_nothing_at_anothers_door(town) {
        let other = town.neighbour().await;
        let call = |member: &str, token: &str| {
            let body = format!("event_token=t|{member}&code=chat_link&auth[member_id]={member}&auth[application_token]={token}");
            crate::support::town::http().post(town.url("/b24/robot")).header("content-type", "application/x-www-form-urlencoded").body(body)
        };
        let (ours, theirs) = (town.portal.application_token().unwrap(), other.application_token().unwrap());
        for (member, token) in [(town.portal.member_id(), theirs.as_str()), (other.member_id(), ours.as_str()), (town.portal.member_id(), ""),
            ("0123456789abcdef0123456789abcdef", ours.as_str())] {
            assert_eq!(crate::support::town::send(call(member, token)).await.status(), 403);
        }
        assert_eq!(crate::support::town::send(call(town.portal.member_id(), &ours)).await.status(), 200);
        assert_eq!((list(&town, &town.portal, "calls").await.len(), list(&town, &other, "calls").await.len()), (1, 0));
        let page = town.portal.frame(&town.url("/b24/app")).forged("AUTH_ID", &other.tokens(1).access).open().await.unwrap();
        assert!(matches!(page.status, 401 | 403), "{}", page.status);
    }
}

story! {
    /// What a provider reports to one portal's address never lands in another, whatever it names.
    async fn a_webhook_serves_only_the_portal_of_its_address(town) {
        let other = town.neighbour().await;
        let made = channel_of(&town, &other, "Второй", APP).await;
        let theirs = made["webhook_url"].as_str().unwrap().to_owned();
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.settle().await;
        let before = list(&town, &town.portal, "messages").await;
        let gs_id = before[0]["provider_id"].clone();
        let event = json!({"app": APP, "timestamp": town.now(), "version": 2, "type": "message-event",
            "payload": {"id": gs_id, "gsId": gs_id, "type": "failed", "destination": CLIENT, "payload": {"code": 1002, "reason": "x"}}});
        let told = crate::support::town::send(crate::support::town::http().post(&theirs).json(&event)).await;
        assert_eq!(told.status(), 200, "kept in its own inbox");
        town.settle().await;
        assert_eq!(list(&town, &town.portal, "messages").await[0]["status"], before[0]["status"]);
        assert_eq!(list(&town, &other, "inbox").await.len(), 1);
        let (id, secret) = { let mut parts = theirs.rsplit('/'); let secret = parts.next().unwrap(); (parts.next().unwrap().to_owned(), secret.to_owned()) };
        for path in [format!("/hooks/gupshup/{}/{secret}", town.channel), format!("/hooks/meta/{id}/{secret}"), format!("/hooks/gupshup/{id}/x")] {
            let told = crate::support::town::send(crate::support::town::http().post(town.url(&path)).json(&event)).await;
            assert_eq!(told.status(), 404, "{path}");
        }
    }
}
