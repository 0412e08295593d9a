//! Messages ordered by pages and scripts: the same path and the same rules as robots, once for a key, once more only on order.

use crate::support::story::story;
use crate::support::town::{CLIENT, OPERATOR, Town, http, send};
use courier24::domain::clock::{DAY, HOUR, SECOND};
use courier24::sim::portal::Document;
use courier24::sim::whatsapp::fault::Fault;
use serde_json::{Value, json};

fn ready() -> Value {
    json!({"to": {"phone": "+7 916 000-00-01"}, "kind": "template", "template": "order_ready:ru", "params": ["Анна", "118"]})
}

impl Town {
    async fn orders(&self, body: &Value, key: Option<&str>) -> (u16, Value) {
        let url = self.url(&format!("/api/v1/portals/{}/messages", self.portal.member_id()));
        let mut request = http().post(url).bearer_auth(OPERATOR).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = send(request).await;
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn resends(&self, id: &str) -> (u16, Value) {
        self.api_post(&format!("/messages/{id}/resend"), json!({})).await
    }
}

story! {
    /// An ordered template goes like a robot's, is shown in the API shape, and stands in the journal.
    async fn an_ordered_message_goes_like_a_robots(town) {
        let mut body = ready();
        body["channel_id"] = json!(town.channel);
        let (status, made) = town.orders(&body, None).await;
        assert_eq!((status, &made["status"], &made["kind"], &made["more"]), (201, &json!("queued"), &json!("template"), &json!([])), "{made}");
        town.settle().await;
        let shown = town.api(&format!("/messages/{}", made["id"].as_str().unwrap())).await;
        assert_eq!((&shown["status"], &shown["identity"]["phone"], &shown["document"]), (&json!("delivered"), &json!(CLIENT), &Value::Null), "{shown}");
        let call = town.last_call().await;
        assert_eq!((&call["code"], &call["answer"]["end"]), (&json!("send_template"), &json!("none")), "{call}");
        let (status, _) = town.orders(&json!({"to": {"document": "DEAL_512"}, "kind": "template", "template": "order_ready:ru", "params": ["1={{contact.name}}", "2=7"], "expressions": "Y"}), None).await;
        assert_eq!(status, 201);
        town.settle().await;
        assert!(town.network.messages_to(CLIENT)[1].text.contains("Анна! Заказ 7"));
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 1, "a document has a timeline");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The same key and body: one message, the same answer; another body: 409; after a day the key is free.
    async fn a_key_makes_a_request_repeatable(town) {
        let (status, first) = town.orders(&ready(), Some("k-1")).await;
        assert_eq!(status, 201);
        town.settle().await;
        let mut again = ready();
        again["params"] = json!(["Анна", "118"]);
        let (status, second) = town.orders(&again, Some("k-1")).await;
        assert_eq!((status, &second["id"]), (201, &first["id"]));
        town.restart().await;
        let (status, third) = town.orders(&again, Some("k-1")).await;
        assert_eq!((status, &third["id"]), (201, &first["id"]), "a restart forgets no key");
        let mut other = ready();
        other["params"] = json!(["Анна", "119"]);
        let (status, told) = town.orders(&other, Some("k-1")).await;
        assert_eq!((status, &told["code"]), (409, &json!("idempotency_conflict")), "{told}");
        town.settle().await;
        assert_eq!(town.got(), 1);
        for key in ["", &"x".repeat(256)] {
            assert_eq!(town.orders(&ready(), Some(key)).await.0, 400, "{key:?}");
        }
        town.advance(DAY + SECOND);
        let (status, fresh) = town.orders(&other, Some("k-1")).await;
        assert_eq!(status, 201);
        assert_ne!(fresh["id"], first["id"]);
    }
}

story! {
    /// Two requests with one key at the same moment are one message.
    async fn twins_with_one_key_are_one_message(town) {
        let body = ready();
        let (a, b, c) = futures::join!(town.orders(&body, Some("twin")), town.orders(&body, Some("twin")), town.orders(&body, Some("twin")));
        assert_eq!((a.0, b.0, c.0), (201, 201, 201), "{a:?} {b:?} {c:?}");
        assert!(a.1["id"] == b.1["id"] && b.1["id"] == c.1["id"]);
        town.settle().await;
        assert_eq!(town.got(), 1);
    }
}

story! {
    /// Every rule of sending refuses an order with its own code, in words, before the wire; a repeat is told the same.
    async fn rules_of_sending_refuse_an_order(town) {
        let text = |text: &str| json!({"to": {"phone": CLIENT}, "kind": "text", "text": text});
        let table = [
            (text("Готов"), "window_closed"),
            (text("  "), "text_empty"),
            (json!({"to": {"phone": "нет"}, "kind": "text", "text": "x"}), "phone_invalid"),
            (json!({"to": {"phone": CLIENT}, "kind": "text", "text": "x", "channel_id": "ch_none"}), "channel_not_found"),
            (json!({"to": {"phone": CLIENT}, "kind": "template", "template": "none:ru"}), "template_not_found"),
            (json!({"to": {"phone": CLIENT}, "kind": "text", "text": "x", "on_closed_window": "someday"}), "property_invalid"),
        ];
        for (n, (body, code)) in table.iter().enumerate() {
            let key = format!("refused-{n}");
            let (status, told) = town.orders(body, Some(&key)).await;
            assert_eq!((status, &told["code"]), (422, &json!(code)), "{told}");
            assert!(told["detail"].as_str().unwrap().chars().count() > 30, "{told}");
            let (status, again) = town.orders(body, Some(&key)).await;
            assert_eq!((status, &again["code"], &again["detail"]), (422, &told["code"], &told["detail"]));
        }
        town.client_writes("стоп").await;
        let (status, told) = town.orders(&json!({"to": {"phone": CLIENT}, "kind": "template", "template": "promo:ru", "params": ["1"]}), None).await;
        assert_eq!((status, &told["code"]), (422, &json!("opted_out")), "{told}");
        assert_eq!(town.sends(), 0);
        let wrong = [
            (json!({"kind": "text", "text": "x"}), "to"),
            (json!({"to": {}, "kind": "text", "text": "x"}), "to"),
            (json!({"to": {"phone": CLIENT, "document": "DEAL_512"}, "kind": "text", "text": "x"}), "to"),
            (json!({"to": {"document": "512"}, "kind": "text", "text": "x"}), "to.document"),
            (json!({"to": {"phone": CLIENT}, "kind": "fax", "text": "x"}), "kind"),
            (json!({"to": {"phone": CLIENT}, "kind": "check_window"}), "kind"),
            (json!({"to": {"phone": CLIENT}, "kind": "text", "texte": "x"}), "texte"),
            (json!({"to": {"phone": CLIENT}, "kind": "text", "text": "x", "wait_for": "read"}), "wait_for"),
        ];
        for (body, field) in wrong {
            let (status, told) = town.orders(&body, None).await;
            assert_eq!((status, &told["code"]), (400, &json!("body_invalid")), "{body} {told}");
            assert!(field == "to" || told["params"]["field"] == field, "{body} {told}");
        }
        let open = town.orders(&text("В окне можно"), None).await;
        assert_eq!(open.0, 201, "{open:?}");
        let held = town.orders(&json!({"to": {"phone": "79160000077"}, "kind": "text", "text": "Позже", "on_closed_window": "hold"}), None).await;
        assert_eq!((held.0, &held.1["status"]), (201, &json!("held")), "{held:?}");
        town.settle().await;
        assert_eq!(town.got(), 1);
    }
}

story! {
    /// Unknown and failed messages go once more only on order, and only once; others never.
    async fn only_an_order_sends_once_more(town) {
        town.network.fault_next("/msg", Fault::bad_gateway());
        let (_, made) = town.orders(&ready(), None).await;
        town.pass(HOUR).await;
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(town.api(&format!("/messages/{id}")).await["status"], "unknown");
        assert_eq!(town.got(), 0);
        let (status, again) = town.resends(&id).await;
        assert_eq!(status, 201, "{again}");
        assert_ne!(again["id"], json!(id));
        town.settle().await;
        assert_eq!(town.got(), 1);
        let call = town.last_call().await;
        assert_eq!(call["id"], again["call_id"]);
        assert!(call.to_string().contains(&id), "the journal names what was repeated: {call}");
        let (status, told) = town.resends(&id).await;
        assert_eq!((status, &told["code"]), (409, &json!("already_resent")), "{told}");
        let (status, told) = town.resends(again["id"].as_str().unwrap()).await;
        assert_eq!((status, &told["code"], &told["params"]["status"]), (409, &json!("not_resendable"), &json!("delivered")), "{told}");
        assert_eq!(town.resends("msg_none").await.0, 404);
        assert_eq!(town.got(), 1);
    }
}

story! {
    /// A repeat meets the same gate: window and consent are those of now. A robot's failed message can be repeated, too.
    async fn a_repeat_meets_the_gate_of_now(town) {
        let body = r#"{"status":"error","message":"Invalid Destination"}"#.to_owned();
        town.network.fault_next("/msg", Fault::Answer { status: 400, headers: Vec::new(), body, content_type: "application/json".to_owned() });
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "failed");
        let id = town.last_message().await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/portals/{}/consents", town.portal.member_id());
        let out = json!({"phone": CLIENT, "action": "opt_out", "scope": "all"});
        assert_eq!(town.request("PUT", &path, Some(out)).await.0, 200);
        let (status, told) = town.resends(&id).await;
        assert_eq!((status, &told["code"]), (422, &json!("opted_out")), "{told}");
        town.advance(SECOND);
        assert_eq!(town.request("PUT", &path, Some(json!({"phone": CLIENT, "action": "opt_in", "scope": "all"}))).await.0, 200);
        let (status, again) = town.resends(&id).await;
        assert_eq!((status, &again["document"]["id"]), (201, &json!("DEAL_512")), "{again}");
        town.settle().await;
        assert_eq!(town.got(), 1);
        assert_eq!(town.told(step)["status"], "failed", "the process was answered once");
    }
}
