//! The free period after an advertisement: recorded, shown, and no licence for anything.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND, iso};
use serde_json::{Value, json};

impl Town {
    /// The client writes from an advertisement.
    async fn comes_from_an_ad(&self, id: &str) {
        // WhatsApp itself knows that the client wrote.
        self.client_writes("Можно спросить?").await;
        self.advance(SECOND);
        let mut message = self.v3_text(id, json!({"from": CLIENT}), "Здравствуйте, я по рекламе");
        message["referral"] = json!({"source_url": "https://fb.me/x1", "source_id": "1", "source_type": "ad", "ctwa_clid": "Aff1"});
        self.hears_v3(json!([message]), json!([{"profile": {"name": "Анна"}, "wa_id": CLIENT}])).await;
    }

    async fn free_until(&self) -> Value {
        self.conversations(&format!("phone={CLIENT}")).await[0]["free_entry_until"].clone()
    }

    async fn checks_window(&self) -> serde_json::Map<String, Value> {
        self.advance(SECOND);
        let step = self.fires("check_window", json!({})).await;
        self.settle().await;
        self.told(step)
    }

    async fn answers(&self, text: &str) {
        let step = self.fires("send_text", json!({"text": text})).await;
        self.settle().await;
        assert_eq!(self.told(step)["ok"], "Y");
    }
}

story! {
    /// The first answer within a day begins three days; further answers do not prolong them, and they open no window.
    async fn the_first_answer_begins_three_free_days(town) from rested {
        town.comes_from_an_ad("wamid.F1").await;
        assert_eq!(town.free_until().await, Value::Null, "not before somebody answers");
        assert_eq!(town.checks_window().await["free_entry_until"], "");
        town.advance(HOUR);
        let answered = town.now();
        town.answers("Рады видеть").await;
        assert_eq!(town.free_until().await, iso(answered + 3 * DAY));
        town.advance(HOUR);
        town.answers("Чем помочь?").await;
        assert_eq!(town.free_until().await, iso(answered + 3 * DAY), "once for an advertisement");
        let told = town.checks_window().await;
        assert_eq!((&told["window_open"], &told["free_text_allowed"]), (&json!("Y"), &json!("Y")));
        assert!(told["free_entry_until"].as_str().unwrap().starts_with("2026-11-25T"), "{told:?}");
        town.pass(DAY).await;
        let told = town.checks_window().await;
        assert_eq!((&told["window_open"], &told["free_text_allowed"]), (&json!("N"), &json!("N")), "free of charge is not free of rules");
        assert!(!told["free_entry_until"].as_str().unwrap().is_empty());
        town.refuses("send_text", json!({"text": "Ещё думаете?"}), "window_closed").await;
        town.comes_from_an_ad("wamid.F2").await;
        let again = town.now();
        town.answers("С возвращением").await;
        assert_eq!(town.free_until().await, iso(again + 3 * DAY), "another advertisement, another period");
        town.pass(4 * DAY).await;
        assert_eq!(town.checks_window().await["free_entry_until"], "", "over");
    }
}

story! {
    /// Answered too late, or never by anything that arrived: no period.
    async fn a_late_answer_begins_nothing(town) from rested {
        town.comes_from_an_ad("wamid.L1").await;
        town.network.user(CLIENT).writes("Ау");
        town.advance(DAY + HOUR);
        town.settle().await;
        town.client_writes("Вы там?").await;
        town.answers("Простите").await;
        assert_eq!(town.free_until().await, Value::Null);
        town.comes_from_an_ad("wamid.L2").await;
        town.network.fault_next("/msg", courier24::sim::whatsapp::fault::Fault::Answer {
            status: 400, headers: Vec::new(), body: r#"{"status":"error","message":"Invalid Destination"}"#.to_owned(), content_type: "application/json".to_owned(),
        });
        let step = town.fires("send_text", json!({"text": "Не дойдёт"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "N");
        assert_eq!(town.free_until().await, Value::Null, "what was refused is no answer");
        town.advance(MINUTE);
        town.answers("Дошло").await;
        assert_ne!(town.free_until().await, Value::Null);
    }
}

story! {
    /// Only what a client writes opens a window: not our sends, not reports of them, not a reaction; and what was held leaves then.
    async fn only_a_clients_message_opens_a_window(town) from rested {
        let held = town.fires("send_text", json!({"text": "Готово", "on_closed_window": "hold", "wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(held));
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!((&town.told(step)["status"], &town.told(step)["window_open"]), (&json!("delivered"), &json!("N")));
        let wamid = town.network.messages_to(CLIENT)[0].wamid.clone();
        town.advance(SECOND);
        let reaction = json!({"from": CLIENT, "id": "wamid.R9", "timestamp": (town.now() / 1_000).to_string(), "type": "reaction",
            "reaction": {"message_id": wamid, "emoji": "👍"}});
        town.hears_v3(json!([reaction]), json!([])).await;
        assert_eq!(town.checks_window().await["window_open"], "N");
        assert!(town.waits(held), "held until the client writes");
        town.client_writes("Да?").await;
        town.advance(MINUTE);
        town.settle().await;
        assert_eq!(town.told(held)["status"], "delivered");
        assert_eq!(town.checks_window().await["window_open"], "Y");
        town.nothing_twice_nothing_lost().await;
    }
}
