//! Pages inside the portal: their tokens, whose rights they have, what they may show, and where they are offered.

use crate::support::story::story;
use crate::support::town::{Town, http, send};
use courier24::db::entity::media as media_row;
use courier24::db::store;
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::flow::media::{self, MediaFault, Wish};
use courier24::sim::portal::{Options, User};
use courier24::sim::whatsapp::Fault;
use serde_json::{Value, json};

/// A page's token for a user, renewed as the page does; in a document when one is told.
async fn renew(town: &Town, user: i64, document: Option<&str>) -> reqwest::Response {
    let auth_id = town.portal.tokens(user).access;
    let body = json!({"member_id": town.portal.member_id(), "auth_id": auth_id, "document": document});
    send(http().post(town.url("/api/v1/session")).json(&body)).await
}

pub(crate) async fn token(town: &Town, user: i64, document: Option<&str>) -> String {
    let told: Value = renew(town, user, document).await.json().await.unwrap();
    told["token"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// Status and body of a call with a page's token.
pub(crate) async fn asks(town: &Town, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
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
        for path in ["", "/channels", "/robots", "/calls", "/settings", "/installation", "/overview", "/api/v1/channel-kinds"] {
            assert_eq!(sees(&town, &admin, path).await, 200, "{path}");
        }
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.client_writes("Спасибо").await;
        town.settle().await;
        let (_, today) = asks(&town, &admin, "GET", "/overview", None).await;
        assert_eq!((&today["out"], &today["received"], &today["failed"]), (&json!(1), &json!(1), &json!(0)), "{today}");
        town.advance(DAY);
        let admin = token(&town, 1, None).await;
        let (_, today) = asks(&town, &admin, "GET", "/overview", None).await;
        assert_eq!((&today["out"], &today["received"]), (&json!(0), &json!(0)), "another day: {today}");
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
        let (status, story) = asks(&town, &page, "GET", &format!("/calls/{call}"), None).await;
        assert_eq!((status, &story["facts"], &story["code"]), (200, &Value::Null, &json!("send_template")), "what the portal's token read stays here");
        let (_, messages) = asks(&town, &page, "GET", "/messages?phone=79160000001", None).await;
        assert_eq!(messages["items"][0]["status"], "delivered", "{messages}");
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
        let ask = |buttons: Value| json!({"code": "send_buttons", "document": "DEAL_512",
            "properties": {"text": "{=Document:CONTACT.NAME}, когда удобно?", "footer": "Служба доставки", "buttons": buttons}});
        let (_, asked) = asks(&town, &page, "POST", "/preview", Some(ask(json!(["am|Утром", "Вечером"])))).await;
        assert_eq!((&asked["body"], &asked["footer"]), (&json!("Анна, когда удобно?"), &json!("Служба доставки")), "{asked}");
        assert_eq!((&asked["buttons"][0]["title"], &asked["buttons"][1]["title"]), (&json!("Утром"), &json!("Вечером")), "{asked}");
        let (_, many) = asks(&town, &page, "POST", "/preview", Some(ask(json!(["1", "2", "3", "4"])))).await;
        assert_eq!(many["problems"][0]["code"], "too_many_buttons", "{many}");
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
        // All robots and tabs anew: more than the portal takes at once.
        town.pass(3 * MINUTE).await;
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

/// Orders a message with a page's token.
async fn writes(town: &Town, token: &str, key: &str, body: &Value) -> (u16, Value) {
    let url = town.url(&format!("/api/v1/portals/{}/messages", town.portal.member_id()));
    let answer = send(http().post(url).bearer_auth(token).header("Idempotency-Key", key).json(body)).await;
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

story! {
    /// An employee writes to the client of their own deal: once for a key, about the deal, and under the rules of the window.
    async fn an_employee_writes_from_the_tab_of_a_deal(town) {
        let page = token(&town, 5, Some("DEAL_512")).await;
        let text = json!({"to": {"phone": "79160000001"}, "kind": "text", "text": "Уже едем {{contact.name}}"});
        let (status, closed) = writes(&town, &page, "k1", &text).await;
        assert_eq!((status, &closed["code"]), (422, &json!("window_closed")), "{closed}");
        town.client_writes("Где заказ?").await;
        town.settle().await;
        let (status, made) = writes(&town, &page, "k2", &text).await;
        assert_eq!((status, &made["document"]["id"]), (201, &json!("DEAL_512")), "{made}");
        let (status, again) = writes(&town, &page, "k2", &text).await;
        assert_eq!((status, &again["id"]), (201, &made["id"]), "the same key is the same message");
        // The colleague's key is another key. Both are due together, and leave in the order in which they were written.
        town.advance(MINUTE / 60);
        let colleague = token(&town, 1, Some("DEAL_512")).await;
        let other = json!({"to": {"document": "DEAL_512"}, "kind": "template", "template": "order_ready:ru", "params": ["Анна", "118"]});
        assert_eq!(writes(&town, &colleague, "k2", &other).await.0, 201);
        town.settle().await;
        let got: Vec<String> = town.network.messages_to("79160000001").into_iter().map(|message| message.text).collect();
        assert_eq!(got.len(), 2, "{got:?}");
        assert_eq!(got[0], "Уже едем {{contact.name}}", "an employee's text is text");
        let (_, calls) = asks(&town, &page, "GET", "/calls", None).await;
        assert_eq!((&calls["items"][1]["user_id"], &calls["items"][1]["code"]), (&json!("5"), &json!("send_text")), "{calls}");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// An employee's message is no way around CRM's rights: no other number, no patterns or files of the portal, no write-backs.
    async fn an_employees_message_reads_nothing_with_the_portals_token(town) {
        town.client_writes("Где заказ?").await;
        town.settle().await;
        let page = token(&town, 5, Some("DEAL_512")).await;
        let own = json!({"phone": "79160000001"});
        let wrong = [
            json!({"to": {"phone": "79160000099"}, "kind": "text", "text": "x"}),
            json!({"to": {"bsuid": "RU.1"}, "kind": "text", "text": "x"}),
            json!({"to": {"document": "DEAL_777"}, "kind": "text", "text": "x"}),
            json!({"to": own, "kind": "text", "text": "pattern:hello"}),
            json!({"to": own, "kind": "text", "text": "{{contact.phone}}", "expressions": "Y"}),
            json!({"to": own, "kind": "text", "text": "x", "write_fields": ["COMMENTS=status"]}),
            json!({"to": own, "kind": "template", "template": "order_ready:ru", "params": ["1=pattern:hello", "2=1"]}),
            json!({"to": own, "kind": "template", "template": "order_ready:ru", "params": ["Анна", "1"], "header": "disk:7"}),
            json!({"to": own, "kind": "template", "template": "order_ready:ru", "params": ["Анна", "1"], "header": "CONTACT_77:UF_CRM_PASSPORT"}),
            json!({"to": own, "kind": "template", "template": "order_ready:ru", "params": ["Анна", "1"], "header": "/disk/showFile/7/"}),
            json!({"to": own, "kind": "template", "template": "order_ready:ru", "params": ["Анна", "1"], "header": "[url=https://example.org/a.pdf]a[/url]"}),
            json!({"to": own, "kind": "file", "file": ["disk:7"]}),
            json!({"to": own, "kind": "file", "source": ["disk:7"]}),
            json!({"to": own, "kind": "file", "source": ["https://example.org/a.png"]}),
            json!({"to": own, "kind": "file", "source": ["upload:0a 41902"]}),
        ];
        for (index, body) in wrong.iter().enumerate() {
            let (status, told) = writes(&town, &page, &format!("w{index}"), body).await;
            assert_eq!((status, &told["code"]), (403, &json!("rights_missing")), "{body} {told}");
        }
        let nowhere = token(&town, 5, None).await;
        assert_eq!(writes(&town, &nowhere, "n", &json!({"to": own, "kind": "text", "text": "x"})).await.0, 403);
        // CRM takes the right away while the page is open: it counts at once.
        town.portal.put_user(User { crm: false, ..User::new(5, "Ольга", "Тестова") });
        let (status, told) = writes(&town, &page, "late", &json!({"to": own, "kind": "text", "text": "x"})).await;
        assert_eq!((status, &told["code"]), (403, &json!("document_hidden")), "{told}");
        assert!(town.network.messages_to("79160000001").is_empty());
    }
}

story! {
    /// A message for later from the tab: made, seen and cancelled by whoever sees the deal; others' stay theirs.
    async fn a_message_is_scheduled_and_cancelled_from_the_tab(town) {
        town.portal.deal(777).title("Чужая").contact(9).stage("NEW");
        let page = token(&town, 5, Some("DEAL_512")).await;
        let admin = token(&town, 1, None).await;
        let at = courier24::domain::clock::iso(town.now() + 2 * HOUR);
        let order = json!({"to": {"phone": "79160000001"}, "when": "at", "at": at, "template": "order_ready:ru", "params": ["Анна", "118"]});
        let (status, made) = asks(&town, &page, "POST", "/follow-ups", Some(order.clone())).await;
        assert_eq!((status, &made["document"]["id"]), (201, &json!("DEAL_512")), "{made}");
        let mut foreign = order.clone();
        foreign["to"] = json!({"document": "DEAL_777"});
        assert_eq!(asks(&town, &page, "POST", "/follow-ups", Some(foreign.clone())).await.0, 403);
        let (status, other) = asks(&town, &admin, "POST", "/follow-ups", Some(foreign)).await;
        assert_eq!(status, 201, "{other}");
        let (_, list) = asks(&town, &page, "GET", "/follow-ups", None).await;
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
        let path = |row: &Value| format!("/follow-ups/{}", row["id"].as_str().unwrap());
        assert_eq!(asks(&town, &page, "DELETE", &path(&other), None).await.0, 403);
        let (status, ended) = asks(&town, &page, "DELETE", &path(&made), None).await;
        assert_eq!((status, &ended["state"]), (200, &json!("cancelled")), "{ended}");
        town.pass(3 * HOUR).await;
        assert_eq!(town.network.messages_to("79160000001").len(), 1, "only the administrator's");
    }
}

story! {
    /// A viewer's theme is theirs alone and comes with the next page.
    async fn a_theme_is_kept_for_its_viewer(town) {
        let page = token(&town, 5, Some("DEAL_512")).await;
        assert_eq!(asks(&town, &page, "PUT", "/theme", Some(json!({"theme": "dark"}))).await.0, 204);
        let (status, told) = asks(&town, &page, "PUT", "/theme", Some(json!({"theme": "pink"}))).await;
        assert_eq!((status, &told["code"]), (400, &json!("body_invalid")), "{told}");
        let (status, _) = town.request("PUT", &format!("/api/v1/portals/{}/theme", town.portal.member_id()), Some(json!({"theme": "dark"}))).await;
        assert_eq!(status, 403, "the operator has no theme");
        let row = town.stored(&town.portal).await.unwrap();
        let settings: Value = serde_json::from_str(&row.settings).unwrap();
        assert_eq!(settings["themes"], json!({"5": "dark"}));
    }
}

/// Reads server-sent events until one of this name; its data.
async fn heard(answer: &mut reqwest::Response, name: &str) -> Value {
    let mut text = String::new();
    loop {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), answer.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("no `{name}` came: {text}")).unwrap();
        let chunk = chunk.unwrap_or_else(|| panic!("the answer ended before `{name}`: {text}"));
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        let told = text.split("\n\n").find(|event| event.contains(&format!("event: {name}\n")) && event.contains("data: "));
        if let Some(data) = told.filter(|_| text.ends_with("\n\n")).and_then(|event| event.split("data: ").nth(1)) {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}

async fn listens(town: &Town, token: &str, query: &str) -> reqwest::Response {
    let url = town.url(&format!("/api/v1/portals/{}/events{query}", town.portal.member_id()));
    send(http().get(url).bearer_auth(token)).await
}

story! {
    /// An open tab hears at once that its client wrote, and of nothing else; it reads the rest itself.
    async fn an_open_tab_hears_of_its_own_client(town) {
        let page = token(&town, 5, Some("DEAL_512")).await;
        let mut tab = listens(&town, &page, "").await;
        assert_eq!((tab.status().as_u16(), tab.headers()["content-type"].to_str().unwrap()), (200, "text/event-stream"));
        heard(&mut tab, "ready").await;
        let admin = token(&town, 1, None).await;
        let mut journal = listens(&town, &admin, "").await;
        heard(&mut journal, "ready").await;
        town.network.user("79160000077").writes("Я другой клиент");
        town.advance(5_000);
        town.settle().await;
        assert_eq!(heard(&mut journal, "changed").await["parts"], json!(["messages"]));
        let silence = tokio::time::timeout(std::time::Duration::from_millis(1_500), tab.chunk()).await;
        assert!(silence.is_err(), "the other client's message was told here: {silence:?}");
        town.client_writes("Где заказ?").await;
        let mut parts = Vec::new();
        while !(parts.contains(&json!("messages")) && parts.contains(&json!("windows"))) {
            let told = heard(&mut tab, "changed").await;
            assert!(!told.to_string().contains("заказ"), "{told}");
            parts.extend(told["parts"].as_array().unwrap().iter().cloned());
        }
        for (who, query, status) in [(&page, "?document=DEAL_777", 403), (&page, "?document=", 403), (&admin, "?document=DEAL_9999", 404)] {
            assert_eq!(listens(&town, who, query).await.status().as_u16(), status, "{query}");
        }
        let nowhere = token(&town, 5, None).await;
        assert_eq!(listens(&town, &nowhere, "").await.status().as_u16(), 403);
        let url = town.url(&format!("/api/v1/portals/{}/events", town.portal.member_id()));
        let head = send(http().head(url).bearer_auth(&admin)).await;
        assert_eq!(head.status().as_u16(), 200, "an answer without an end is not begun for HEAD");
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

story! {
    /// Who may no longer read the deal is told so in place of the news.
    async fn news_end_with_the_rights(town) {
        let page = token(&town, 5, Some("DEAL_512")).await;
        let mut tab = listens(&town, &page, "?document=DEAL_512").await;
        heard(&mut tab, "ready").await;
        town.portal.put_user(User { crm: false, ..User::new(5, "Ольга", "Тестова") });
        // What CRM showed half a minute ago does not count any more.
        town.advance(31_000);
        town.client_writes("Где заказ?").await;
        assert_eq!(heard(&mut tab, "ended").await["code"], "document_hidden");
        assert!(tab.chunk().await.unwrap().is_none(), "the answer is over");
    }
}

async fn uploads(town: &Town, token: &str, name: &str, bytes: &[u8]) -> (u16, Value) {
    let url = town.url(&format!("/api/v1/portals/{}/files", town.portal.member_id()));
    let answer = send(http().post(url).query(&[("name", name)]).bearer_auth(token).body(bytes.to_vec())).await;
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

story! {
    /// A file chosen in the tab goes to the client under an address of its own, as often as it is sent, for a day.
    async fn a_file_goes_from_the_tab_to_the_client(town) {
        town.client_writes("Пришлите счёт").await;
        town.settle().await;
        let page = token(&town, 5, Some("DEAL_512")).await;
        let bytes = [&b"%PDF-1.7\n"[..], &[7_u8; 3_000]].concat();
        let (status, taken) = uploads(&town, &page, "Счёт 118.pdf", &bytes).await;
        assert_eq!((status, &taken["kind"], &taken["mime"], &taken["size"]), (201, &json!("document"), &json!("application/pdf"), &json!(3_009)), "{taken}");
        let handle = taken["source"].as_str().unwrap().trim_start_matches("upload:").to_owned();
        assert_eq!(send(http().get(town.url(&format!("/media/{handle}")))).await.status(), 404, "a handle opens nothing");
        let order = json!({"to": {"phone": "79160000001"}, "kind": "file", "source": [taken["source"]], "caption": "Вот он"});
        for key in ["f1", "f2"] {
            let (status, made) = writes(&town, &page, key, &order).await;
            assert_eq!((status, &made["kind"], &made["document"]["id"]), (201, &json!("document"), &json!("DEAL_512")), "{made}");
        }
        town.settle().await;
        let got = town.network.messages_to("79160000001");
        assert_eq!(got.len(), 2, "{got:?}");
        let neighbour = town.neighbour().await;
        let source = taken["source"].as_str().unwrap();
        let foreign = media::files(town.ctx(), neighbour.member_id(), None, source, Wish::Any, 1).await;
        assert!(matches!(foreign, Err(MediaFault::Refused(_))), "another portal's file does not exist: {foreign:?}");
        town.advance(DAY);
        town.client_writes("А можно ещё раз?").await;
        let page = token(&town, 1, Some("DEAL_512")).await;
        let (status, told) = writes(&town, &page, "late", &order).await;
        assert_eq!((status, &told["code"]), (422, &json!("media_invalid")), "{told}");
    }
}

story! {
    /// What is no file for WhatsApp is refused in words, and nothing of it is kept.
    async fn an_upload_that_does_not_fit_is_refused(town) {
        let page = token(&town, 5, Some("DEAL_512")).await;
        let large = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &vec![0_u8; 6 * 1024 * 1024]].concat();
        for (name, bytes, code) in [("большая.png", large.as_slice(), "media_too_large"), ("пусто.txt", b"".as_slice(), "media_invalid"), ("вход.pdf", b"<!DOCTYPE html><html></html>".as_slice(), "media_invalid")] {
            let (status, told) = uploads(&town, &page, name, bytes).await;
            assert_eq!((status, &told["code"]), (422, &json!(code)), "{name} {told}");
            assert!(told["title"].as_str().is_some_and(|title| !title.is_empty()), "{told}");
        }
        let nowhere = token(&town, 5, None).await;
        assert_eq!(uploads(&town, &nowhere, "a.txt", b"text").await.0, 403);
        let kept: Vec<_> = walk(&town.media_folder());
        assert!(kept.is_empty(), "{kept:?}");
    }
}

story! {
    /// Whoever may write to clients may not fill the disk: what no message took counts, for a day.
    async fn a_portal_keeps_so_many_uploads_and_no_more(town) {
        let now = town.ctx().clock.now();
        let tx = town.ctx().db.begin().await.unwrap();
        for number in 0..500 {
            let row = media_row::Model {
                token_hash: format!("{number:064}"),
                portal: town.portal.member_id().to_owned(),
                message_id: None,
                path: format!("00/{number:064}"),
                mime: "text/plain".to_owned(),
                file_name: "a.txt".to_owned(),
                size_bytes: 4,
                created_at: now,
                expires_at: now + DAY,
            };
            store::media::insert(&tx, town.portal.member_id(), row).await.unwrap();
        }
        tx.commit("test.uploads").await.unwrap();
        let page = token(&town, 5, Some("DEAL_512")).await;
        let (status, told) = uploads(&town, &page, "a.txt", b"text").await;
        assert_eq!((status, &told["code"]), (429, &json!("files_too_many")), "{told}");
        assert!(told["detail"].as_str().is_some_and(|next| next.contains("day")), "{told}");
        town.advance(DAY);
        let page = token(&town, 5, Some("DEAL_512")).await;
        assert_eq!(uploads(&town, &page, "a.txt", b"text").await.0, 201);
    }
}

/// Files below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

story! {
    /// Somebody looked into an unknown outcome: it is no open question any more, and a late report still settles it.
    async fn an_unknown_outcome_is_closed_by_a_person(town) {
        town.network.fault_next("/msg", Fault::bad_gateway());
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.settle().await;
        let page = token(&town, 5, Some("DEAL_512")).await;
        let (_, list) = asks(&town, &page, "GET", "/messages", None).await;
        let message = &list["items"][0];
        assert_eq!((&message["status"], &message["closed_at"]), (&json!("unknown"), &Value::Null), "{message}");
        let path = format!("/messages/{}/close", message["id"].as_str().unwrap());
        let foreign = token(&town, 5, None).await;
        assert_eq!(asks(&town, &foreign, "POST", &path, None).await.0, 403);
        let (status, closed) = asks(&town, &page, "POST", &path, None).await;
        assert_eq!((status, &closed["status"]), (200, &json!("unknown")), "{closed}");
        let at = closed["closed_at"].clone();
        assert!(at.is_string(), "{closed}");
        town.advance(MINUTE);
        assert_eq!(asks(&town, &page, "POST", &path, None).await.1["closed_at"], at, "closed once");
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "119"]})).await;
        town.settle().await;
        let (_, list) = asks(&town, &page, "GET", "/messages?status=delivered", None).await;
        let path = format!("/messages/{}/close", list["items"][0]["id"].as_str().unwrap());
        let (status, told) = asks(&town, &page, "POST", &path, None).await;
        assert_eq!((status, &told["code"]), (409, &json!("outcome_known")), "{told}");
    }
}
