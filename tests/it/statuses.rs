//! What the provider tells afterwards: in any order, twice, too early, too late, about nobody, and about people without a phone.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::domain::state::Status;
use courier24::sim::whatsapp::EventAction;
use courier24::sim::whatsapp::fault::Fault;
use serde_json::{Value, json};

/// A small generator of its own: the same seed tells the same story.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    /// A permutation of the items with some of them twice.
    fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut left: Vec<T> = items.to_vec();
        let twice = self.below(items.len() + 1);
        left.extend((0..twice).map(|_| items[self.below(items.len())].clone()).collect::<Vec<_>>());
        let mut out = Vec::new();
        while !left.is_empty() {
            out.push(left.swap_remove(self.below(left.len())));
        }
        out
    }
}

#[test]
fn any_order_of_reports_merges_into_one_state() {
    use Status::{Accepted, Deleted, Delivered, Failed, Held, Played, Queued, Read, Sending, Sent, Unknown};
    let all = [Accepted, Sent, Delivered, Read, Played, Failed, Deleted];
    let mut dice = Dice(24);
    for start in [Queued, Held, Sending, Accepted, Unknown] {
        for set in 1_usize..(1 << all.len()) {
            let told: Vec<Status> = all.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, status)| *status).collect();
            let end = told.iter().fold(start, |state, event| state.merge(*event));
            for _ in 0..40 {
                let order = dice.shuffled(&told);
                assert_eq!(order.iter().fold(start, |state, event| state.merge(*event)), end, "{start:?} {order:?}");
                let twice = order.iter().chain(dice.shuffled(&told).iter()).fold(start, |state, event| state.merge(*event));
                assert_eq!(twice, end, "{start:?} {order:?}, all of it twice");
            }
        }
    }
}

/// One message, told about in this order, in groups as they come; what the API shows at the end.
async fn told_in_order(town: &Town, events: &[Value], together: bool) -> Value {
    for event in events {
        assert_eq!(town.hears(event).await, 200);
        if !together {
            town.run_due().await;
        }
    }
    town.settle().await;
    let mut message = town.last_message().await;
    for key in ["id", "provider_id", "call_id", "conversation_id"] {
        message[key] = json!(null);
    }
    message["times"]["queued"] = json!(null);
    message["times"]["sending"] = json!(null);
    message["times"]["accepted"] = json!(null);
    message
}

story! {
    /// The same reports in any order, with repeats, one by one or all at once: the same message in the end.
    async fn webhooks_in_any_order_end_in_the_same_message(town) {
        town.network.event_fault("", 10_000, EventAction::Drop);
        for kinds in [vec!["sent", "delivered", "read"], vec!["sent", "failed"], vec!["sent", "failed", "delivered"]] {
            let base = town.now() + 10 * MINUTE;
            let mut ends: Vec<Value> = Vec::new();
            for seed in 0..6 {
                town.sends_template(json!({})).await;
                town.settle().await;
                let gs = town.last_message().await["provider_id"].as_str().unwrap().to_owned();
                let event = |(step, kind): (usize, &&str)| {
                    let at = base + i64::try_from(step).unwrap() * SECOND;
                    let mut event = town.status_event(&gs, kind, at);
                    if **kind == *"failed" {
                        event["payload"]["payload"] = json!({"ts": at / 1_000, "code": 131_026, "reason": "Message undeliverable"});
                    }
                    event
                };
                let events: Vec<Value> = kinds.iter().enumerate().map(event).collect();
                let order = if seed == 0 { events } else { Dice(seed).shuffled(&events) };
                ends.push(told_in_order(&town, &order, seed % 2 == 1).await);
                town.advance(MINUTE);
            }
            for end in &ends {
                assert_eq!(end, &ends[0], "{kinds:?}");
            }
        }
    }
}

story! {
    /// Reports overtake the answer to our own send.
    async fn reports_before_our_own_commit_find_their_message(town) {
        town.network.user(CLIENT).reads_at_once();
        town.network.fault_next("/msg", Fault::EventsFirst);
        let step = town.sends_template(json!({"wait_for": "read"})).await;
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["status"], "read");
        assert_eq!(town.api("/inbox?state=orphan").await["items"], json!([]));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Webhooks come twice, late by a day, and batched in the newer dialect.
    async fn late_repeated_and_batched_webhooks_change_nothing_else(town) {
        town.network.event_fault("delivered", 1, EventAction::Delay { ms: DAY });
        town.network.event_fault("", 3, EventAction::Duplicate { copies: 2 });
        let step = town.sends_template(json!({"wait_for": "delivered", "wait_hours": "30"})).await;
        town.settle().await;
        assert!(town.waits(step));
        town.pass(DAY + MINUTE).await;
        assert_eq!(town.told(step)["status"], "delivered");

        let (_, channel) = town.request("GET", &town.channel_path(), None).await;
        town.network.app(APP).set_callback_v3(channel["webhook_url"].as_str().unwrap());
        town.network.user(CLIENT).reads_at_once();
        town.network.event_fault("", 1, EventAction::Batch);
        let step = town.sends_template(json!({"params": ["Анна", "119"], "wait_for": "read"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "read");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Events of a kind nobody knows, of a number nobody knows and of messages nobody sent are kept, never an error.
    async fn unknown_events_are_kept(town) {
        let mut strange = town.status_event("3b1f0a52-7c1e-4f0e-9a55-0a1b2c3d4e5f", "teleported", town.now());
        assert_eq!(town.hears(&strange).await, 200);
        strange["type"] = json!("galaxy-event");
        assert_eq!(town.hears(&strange).await, 200);
        assert_eq!(town.hears(&town.status_event("3b1f0a52-0000-4f0e-9a55-0a1b2c3d4e5f", "delivered", town.now())).await, 200);
        let mut foreign = town.status_event("3b1f0a52-1111-4f0e-9a55-0a1b2c3d4e5f", "delivered", town.now());
        foreign["app"] = json!("SomebodyElse");
        assert_eq!(town.hears(&foreign).await, 200);
        town.pass(HOUR).await;
        for state in ["orphan", "unrouted"] {
            let kept = town.api(&format!("/inbox?state={state}")).await;
            assert_eq!(kept["items"].as_array().unwrap().len(), 1, "{state}: {kept}");
        }
        assert!(town.api("/inbox?state=done").await["items"].as_array().unwrap().len() >= 2);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Somebody we never wrote to writes first, and somebody who shows no phone.
    async fn strangers_and_people_without_a_phone_open_their_windows(town) {
        town.network.user("79169999999").writes("Вы работаете?");
        town.network.app(APP).change(|app| app.bsuid_v2 = true);
        town.network.user("79168888888").with_bsuid("RU.7740019283").hides_phone().writes("А меня видно?");
        town.advance(6 * SECOND);
        town.settle().await;
        let step = town.fires("send_text", json!({"text": "Да", "phone": ["+7 916 999-99-99"]})).await;
        town.settle().await;
        assert_eq!(town.told(step)["window_open"], "Y");
        let hidden = town.api("/conversations?bsuid=RU.7740019283").await;
        assert!(hidden["items"][0]["window_until"].is_string(), "{hidden}");
        assert_eq!(hidden["items"][0]["identity"]["phone"], json!(null));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A message that reaches us a day late opens no window and lets nothing go.
    async fn an_inbound_message_a_day_late_opens_nothing(town) {
        let held = town.fires("send_text", json!({"text": "Ждём", "on_closed_window": "hold", "hold_hours": "48", "wait_hours": "72"})).await;
        town.network.event_fault("message", 1, EventAction::Delay { ms: DAY });
        town.network.user(CLIENT).writes("Я тут");
        town.advance(5 * SECOND);
        town.settle().await;
        town.pass(DAY + MINUTE).await;
        assert_eq!(town.api("/messages?direction=in").await["items"].as_array().unwrap().len(), 1);
        assert!(town.waits(held) && town.sends() == 0);
        town.refuses("send_text", json!({"text": "Добрый день"}), "window_closed").await;
        town.client_writes("А теперь?").await;
        assert_eq!(town.told(held)["ok"], "Y");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Erased: the person is nowhere in the API; what was sent stays proven; running it twice does no harm.
    async fn an_erased_person_is_nowhere(town) {
        town.client_writes("Меня зовут Анна Ким, заказ 118").await;
        town.sends_template(json!({"params": ["Анна", "118"], "wait_for": "delivered"})).await;
        town.settle().await;
        for round in 0..2 {
            let (status, report) = town.api_post("/erase", json!({"phone": "+7 916 000-00-01"})).await;
            assert_eq!(status, 200, "{report}");
            assert_eq!(report["conversations"], if round == 0 { 1 } else { 0 });
        }
        let call = town.last_call().await.to_string();
        let everything = [call, town.api("/messages").await.to_string(), town.api("/inbox").await.to_string(), town.api("/conversations").await.to_string()];
        for shown in everything {
            for word in [CLIENT, "Анна", "Меня зовут"] {
                assert!(!shown.contains(word), "{word} in {shown}");
            }
        }
        assert_eq!(town.last_message().await["status"], "delivered");
    }
}
