//! The daily limit of new people: exact, shared by a business's channels, held with a time or refused, given back when nobody was reached.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::StepId;
use courier24::sim::whatsapp::gupshup::app::App;
use courier24::sim::whatsapp::gupshup::template::Template;
use serde_json::{Value, json};

fn person(n: usize) -> String {
    format!("7916{:07}", 2_000 + n)
}

impl Town {
    /// Both sides keep the limit: ours before the wire, the network strictly behind it.
    async fn limits_day_to(&self, limit: u32) {
        self.network.app(APP).change(|app| app.messaging_limit = Some(limit));
        self.patches_channel(json!({"settings": {"daily_limit": limit}})).await;
        self.settle().await;
    }

    async fn writes_to(&self, n: usize, more: Value) -> StepId {
        let mut all = json!({"phone": [person(n)], "params": ["Анна", n.to_string()]});
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        self.sends_template(all).await
    }

    async fn day(&self) -> Value {
        let (_, channel) = self.request("GET", &self.channel_path(), None).await;
        channel["daily_limit"].clone()
    }

    /// What the network took and did not refuse afterwards.
    fn reached(&self) -> usize {
        self.network.messages().iter().filter(|message| message.failure.is_none()).count()
    }
}

story! {
    /// Two a day: the third waits with the moment of the next free place, a person reached today needs none, a reply in a window passes.
    async fn the_third_waits_for_a_place(town) {
        town.limits_day_to(2).await;
        let start = town.now();
        town.writes_to(1, json!({})).await;
        town.settle().await;
        town.advance(HOUR);
        town.writes_to(2, json!({})).await;
        town.settle().await;
        let day = town.day().await;
        assert_eq!((&day["used"], &day["limit"], &day["source"], &day["portfolio"]), (&json!(2), &json!(2), &json!("typed"), &Value::Null), "{day}");
        let third = town.writes_to(3, json!({})).await;
        let fourth = town.writes_to(4, json!({})).await;
        town.settle().await;
        assert!(town.waits(third) && town.waits(fourth));
        let held = town.api("/messages?status=held").await;
        let until: Vec<&str> = held["items"].as_array().unwrap().iter().map(|one| one["held_until"].as_str().unwrap()).collect();
        let at = |ms: i64| courier24::domain::clock::iso(ms);
        assert_eq!(until.len(), 2);
        assert!(until[1].starts_with(&at(start + DAY)[..16]), "{until:?}");
        assert!(until[0].starts_with(&at(start + HOUR + DAY)[..16]), "each has a place of its own: {until:?}");
        assert_eq!(held["items"][0]["error"]["code"], "limit_reached");
        let again = town.writes_to(1, json!({"params": ["Анна", "ещё"]})).await;
        town.settle().await;
        assert_eq!(town.told(again)["ok"], "Y", "reached today already");
        town.client_writes("Здравствуйте").await;
        let reply = town.fires("send_text", json!({"text": "Добрый день"})).await;
        town.settle().await;
        assert_eq!(town.told(reply)["ok"], "Y", "a reply inside a window");
        town.advance(DAY - 2 * HOUR);
        town.settle().await;
        assert!(town.waits(third));
        let late = || town.network.messages_to(&person(3)).len() + town.network.messages_to(&person(4)).len();
        town.pass(HOUR + MINUTE).await;
        assert_eq!(late(), 0, "person one has taken theirs again meanwhile");
        town.pass(2 * HOUR).await;
        assert_eq!(late(), 2);
        for n in 1..=4 {
            assert!(!town.network.messages_to(&person(n)).is_empty(), "{n}");
        }
        assert!(town.network.messages().iter().all(|message| message.failure.is_none()), "the network never had to refuse");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A channel that refuses at the limit tells the process at once.
    async fn a_channel_may_refuse_at_the_limit(town) {
        town.limits_day_to(1).await;
        town.patches_channel(json!({"settings": {"on_limit": "refuse"}})).await;
        town.writes_to(1, json!({})).await;
        let step = town.writes_to(2, json!({})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((&told["status"], &told["error_code"], &told["ok"]), (&json!("failed"), &json!("limit_reached"), &json!("N")), "{told:?}");
        assert!(told["error_text"].as_str().unwrap().contains("Дневной лимит"), "{told:?}");
        assert_eq!(town.sends(), 1);
    }
}

story! {
    /// Thirty at once and a limit of seven: exactly seven leave.
    async fn the_limit_is_exact_in_a_crowd(town) {
        town.limits_day_to(7).await;
        for n in 0..30 {
            town.writes_to(n, json!({"wait_for": "none"})).await;
        }
        town.pass(MINUTE).await;
        assert_eq!((town.sends(), town.reached()), (7, 7));
        assert_eq!(town.day().await["used"], 7);
        town.pass(4 * DAY).await;
        assert!(town.network.messages().iter().all(|message| message.failure.is_none()));
        assert_eq!(town.reached(), 30);
        let at: Vec<i64> = town.network.messages().iter().map(|message| message.accepted_at).collect();
        assert!(at.windows(8).all(|some| some[7] - some[0] >= DAY), "seven a day: {at:?}");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Who certainly was not reached gives the place back; what nobody knows about keeps it.
    async fn a_place_comes_back_when_nobody_was_reached(town) {
        town.limits_day_to(2).await;
        town.network.user(&person(1)).not_on_whatsapp();
        town.writes_to(1, json!({})).await;
        town.pass(MINUTE).await;
        assert_eq!(town.day().await["used"], 0);
        town.network.fault_next("/msg", courier24::sim::whatsapp::fault::Fault::bad_gateway());
        town.writes_to(2, json!({})).await;
        town.settle().await;
        assert_eq!(town.day().await["used"], 1, "unknown");
        let step = town.writes_to(3, json!({})).await;
        let waiting = town.writes_to(4, json!({})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        assert!(town.waits(waiting));
    }
}

story! {
    /// Channels of one business share the limit; a higher one lets go what waits.
    async fn channels_of_a_business_share_the_limit(town) {
        let desk = town.network.add_app(App { portfolio: "Ромашка".to_owned(), ..App::new("Second") });
        desk.add_template(Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов."));
        town.network.app(APP).change(|app| app.portfolio = "Ромашка".to_owned());
        let app = desk.settings();
        let settings = json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key, "portfolio": "Ромашка"});
        let (status, made) = town.api_post("/channels", json!({"kind": "gupshup", "name": "Второй", "settings": settings})).await;
        assert_eq!(status, 201, "{made}");
        town.limits_day_to(2).await;
        desk.change(|app| app.messaging_limit = Some(2));
        town.patches_channel(json!({"settings": {"portfolio": "Ромашка"}})).await;
        town.advance(3 * SECOND);
        town.settle().await;
        town.writes_to(1, json!({"channel": "Второй"})).await;
        town.writes_to(2, json!({})).await;
        let third = town.writes_to(3, json!({"channel": "Второй"})).await;
        town.settle().await;
        assert!(town.waits(third));
        let day = town.day().await;
        assert_eq!((&day["portfolio"], &day["used"]), (&json!("Ромашка"), &json!(2)), "{day}");
        desk.change(|app| app.messaging_limit = Some(10));
        town.network.app(APP).change(|app| app.messaging_limit = Some(10));
        town.patches_channel(json!({"settings": {"daily_limit": 10}})).await;
        town.settle().await;
        assert_eq!(town.told(third)["ok"], "Y", "a higher limit lets it go");
        assert!(town.network.messages().iter().all(|message| message.failure.is_none()));
    }
}

story! {
    /// The provider tells the limit; what was typed goes before it; unlimited is no limit.
    async fn the_provider_tells_the_limit(town) {
        let tier = |word: &str| json!({"type": "tier-event", "event": "ONBOARDING", "oldLimit": "TIER_50", "currentLimit": word});
        town.network.app(APP).account_event(&tier("TIER_250"));
        town.settle().await;
        let day = town.day().await;
        assert_eq!((&day["limit"], &day["source"]), (&json!(250), &json!("provider")), "{day}");
        town.limits_day_to(1).await;
        town.writes_to(1, json!({})).await;
        let second = town.writes_to(2, json!({})).await;
        town.settle().await;
        assert!(town.waits(second));
        town.network.app(APP).change(|app| app.messaging_limit = None);
        town.patches_channel(json!({"settings": {"daily_limit": null}})).await;
        town.settle().await;
        assert_eq!(town.told(second)["ok"], "Y", "250 is more than two");
        town.advance(SECOND);
        town.network.app(APP).account_event(&tier("TIER_UNLIMITED"));
        town.settle().await;
        assert_eq!(town.day().await["limit"], Value::Null);
        let (status, told) = town.request("PATCH", &town.channel_path(), Some(json!({"settings": {"daily_limit": "много"}}))).await;
        assert_eq!((status, &told["params"]["reason"]), (422, &json!("not_number")));
    }
}

story! {
    /// Without our own limit the network's refusal is told as a limit.
    async fn the_networks_own_limit_is_told(town) {
        town.network.app(APP).change(|app| app.messaging_limit = Some(1));
        town.writes_to(1, json!({})).await;
        let step = town.writes_to(2, json!({"wait_for": "delivered"})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((&told["status"], &told["error_code"]), (&json!("failed"), &json!("limit_reached")), "{told:?}");
        let step = town.fires("send_template", order_ready(json!({"phone": [CLIENT], "wait_for": "none"}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
    }
}
