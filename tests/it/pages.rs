//! Pages inside the portal: their tokens, whose rights they have, what they may show, and where they are offered.

use crate::support::story::story;
use crate::support::town::{Town, http, send};
use courier24::domain::clock::MINUTE;
use courier24::sim::portal::{Options, User};
use serde_json::{Value, json};

/// A page's token for a user, renewed as the page does; in a document when one is told.
pub(crate) async fn renew(town: &Town, user: i64, document: Option<&str>) -> reqwest::Response {
    let auth_id = town.portal.tokens(user).access;
    let body = json!({"member_id": town.portal.member_id(), "auth_id": auth_id, "document": document});
    send(http().post(town.url("/api/v1/session")).json(&body)).await
}

async fn token(town: &Town, user: i64, document: Option<&str>) -> String {
    let told: Value = renew(town, user, document).await.json().await.unwrap();
    told["token"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// Status and body of a call with a page's token.
async fn asks(town: &Town, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1/portals/{}{path}", town.portal.member_id()) };
    let mut request = http().request(method.parse().unwrap(), town.url(&path)).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = send(request).await;
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn sees(town: &Town, token: &str, path: &str) -> u16 {
    asks(town, token, "GET", path, None).await.0
}

story! {
    /// An administrator's page may manage its own portal and sees no other; the token ends after a quarter of an hour.
    async fn an_administrators_page_manages_its_own_portal(town) {
        let admin = token(&town, 1, None).await;
        for path in ["", "/channels", "/robots", "/calls", "/settings", "/installation", "/api/v1/channel-kinds"] {
            assert_eq!(sees(&town, &admin, path).await, 200, "{path}");
        }
        assert_eq!(sees(&town, &admin, "/api/v1/portals").await, 404, "the list of portals is the operator's");
        let other = town.neighbour().await;
        let path = format!("/api/v1/portals/{}/channels", other.member_id());
        assert_eq!(sees(&town, &admin, &path).await, 404, "another portal does not exist for a page");
        let forged = admin.replace(town.portal.member_id(), other.member_id());
        assert_eq!(sees(&town, &forged, &path).await, 401);
        town.advance(16 * MINUTE);
        assert_eq!(sees(&town, &admin, "/channels").await, 401);
        let invented = json!({"member_id": town.portal.member_id(), "auth_id": "invented"});
        assert_eq!(send(http().post(town.url("/api/v1/session")).json(&invented)).await.status(), 401);
    }
}

story! {
    /// An employee sees the deal that CRM shows to them, and nothing else of the portal.
    async fn an_employees_page_sees_its_own_deal_only(town) {
        town.portal.deal(777).title("Чужая").contact(9).stage("NEW");
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.settle().await;
        let page = token(&town, 5, Some("DEAL_512")).await;
        let (status, card) = asks(&town, &page, "GET", "/documents/DEAL_512", None).await;
        assert_eq!((status, &card["title"], &card["phones"][0]["digits"]), (200, &json!("Заказ 118"), &json!("79160000001")), "{card}");
        assert!(card["channels"][0].get("settings").is_none() && card["channels"][0].get("webhook_url").is_none(), "{card}");
        let (_, calls) = asks(&town, &page, "GET", "/calls", None).await;
        let call = calls["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(sees(&town, &page, &format!("/calls/{call}")).await, 200);
        let (_, messages) = asks(&town, &page, "GET", "/messages?phone=79160000001", None).await;
        assert_eq!(messages["items"][0]["status"], "accepted", "{messages}");
        for path in ["/documents/DEAL_777", "/calls?document=DEAL_777", "/messages?document=DEAL_777", "/messages?phone=79169999999&document=DEAL_777", "/channels", "/settings", "/robots"] {
            assert_eq!(sees(&town, &page, path).await, 403, "{path}");
        }
        let nowhere = token(&town, 5, None).await;
        assert_eq!(sees(&town, &nowhere, "/calls").await, 403, "a page in no document");
    }
}

story! {
    /// CRM's own rights decide: who may not read deals gets no page in one.
    async fn a_document_that_crm_hides_is_hidden(town) {
        town.portal.put_user(User { crm: false, ..User::new(6, "Пётр", "Складов") });
        let answer = renew(&town, 6, Some("DEAL_512")).await;
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "document_hidden");
        assert_eq!(renew(&town, 5, Some("DEAL_999")).await.status(), 404);
        assert_eq!(renew(&town, 5, Some("no document")).await.status(), 400);
    }
}

story! {
    /// A preview is what would be sent: filled from the deal, or with the names of fields, and it says what would be refused.
    async fn a_preview_shows_what_would_be_sent(town) {
        let page = token(&town, 5, Some("DEAL_512")).await;
        let order = |document: Option<&str>, params: Value| json!({
            "code": "send_template", "document": document, "labels": {"CONTACT.NAME": "Имя"},
            "properties": {"template": "order_ready:ru", "params": params},
        });
        let filled = json!(["1={=Document:CONTACT.NAME}", "2=118"]);
        let (status, real) = asks(&town, &page, "POST", "/preview", Some(order(Some("DEAL_512"), filled.clone()))).await;
        assert_eq!(status, 200, "{real}");
        assert!(real["body"].as_str().unwrap().contains("Анна") && real["problems"] == json!([]), "{real}");
        let (_, named) = asks(&town, &page, "POST", "/preview", Some(order(None, filled))).await;
        assert!(named["body"].as_str().unwrap().contains("«Имя»"), "{named}");
        let (_, half) = asks(&town, &page, "POST", "/preview", Some(order(None, json!(["1=Анна", "2="])))).await;
        assert!(half["body"].as_str().unwrap().contains("Анна") && half["problems"][0]["code"] == "value_missing", "{half}");
        let text = json!({"code": "send_text", "properties": {"text": ""}});
        let (_, empty) = asks(&town, &page, "POST", "/preview", Some(text)).await;
        assert_eq!(empty["problems"][0]["code"], "text_empty", "{empty}");
        let foreign = order(Some("DEAL_777"), json!([]));
        assert_eq!(asks(&town, &page, "POST", "/preview", Some(foreign)).await.0, 403);
        assert!(town.network.messages_to("79160000001").is_empty(), "nothing was sent");
    }
}

story! {
    /// With pages, robots open them and cards have a tab; a service that moved takes its tabs along.
    async fn tabs_and_settings_pages_are_registered(town) from built {
        town.pages = true;
        town.restart().await;
        town.install().await;
        let tabs = |town: &Town| town.portal.placements().into_iter().map(|one| (one.placement, one.handler)).collect::<Vec<_>>();
        let bound = tabs(&town);
        assert_eq!(bound.len(), 4, "{bound:?}");
        assert!(bound.iter().all(|(_, handler)| handler.starts_with(&town.url("/b24/placement/"))), "{bound:?}");
        let page = town.portal.robot("send_text").unwrap().placement_handler;
        assert_eq!(page, Some(town.url("/b24/placement/robot-settings")));
        town.move_away().await;
        town.settle().await;
        let moved = tabs(&town);
        assert_eq!(moved.len(), 4, "{moved:?}");
        assert!(moved.iter().all(|(_, handler)| handler.starts_with(&town.url("/b24/placement/"))), "{moved:?}");
        let (status, installation) = town.request("GET", &format!("/api/v1/portals/{}/installation", town.portal.member_id()), None).await;
        assert_eq!((status, &installation["complete"]), (200, &json!(true)), "{installation}");
    }
}

story! {
    /// A page never shows the tokens it was opened with, and says so when a name is no placement.
    async fn a_page_gives_no_token_of_its_viewer_away(town) {
        let options = Options::Json(json!({"ID": "512"}));
        let frame = town.portal.frame(&town.url("/b24/placement/deal-tab")).in_placement("CRM_DEAL_DETAIL_TAB").options(options);
        let tokens = town.portal.tokens(1);
        let reply = frame.forged("AUTH_ID", &tokens.access).open().await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(!reply.body.contains(&tokens.access), "the viewer's token stays here");
        let unknown = town.portal.frame(&town.url("/b24/placement/nowhere")).open().await.unwrap();
        assert_eq!(unknown.status, 404);
    }
}
