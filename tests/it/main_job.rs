//! The main job: a robot in a deal sends WhatsApp, and the deal learns the truth.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::sim::portal::{Document, StepState};
use serde_json::json;

story! {
    /// An admin drops `send_template` on a stage; the client gets it, reads it, and the deal shows that.
    async fn a_template_travels_to_the_client_and_its_truth_back_into_the_deal(town) {
        let step = town.fires("send_template", json!({
            "template": "order_ready:ru",
            "params": ["1=Анна", "2=118"],
            "wait_for": "read",
            "write_fields": ["UF_CRM_WA_STATUS = status"],
        })).await;
        town.settle().await;

        let got = town.network.messages_to(CLIENT);
        assert_eq!(got.len(), 1);
        assert!(got[0].text.contains("Здравствуйте, Анна! Заказ 118 готов."), "{}", got[0].text);
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Waiting, "nobody has read it yet");
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("delivered"));

        town.network.user(CLIENT).reads();
        town.settle().await;

        let step = town.portal.step(step).unwrap();
        assert_eq!(step.state, StepState::Answered);
        assert_eq!(step.returned["status"], "read");
        assert_eq!(step.returned["ok"], "Y");
        assert_eq!(step.returned["recipient"], CLIENT);
        assert_eq!(step.returned["category"], "UTILITY");
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("read"));
        let activities = town.portal.activities(Document::deal(512));
        assert_eq!(activities.len(), 1, "one entry in the timeline");
        assert!(json!(activities[0]).to_string().contains("Заказ 118 готов"));
        assert!(town.network.duplicates().is_empty());
    }
}

story! {
    /// The window opens when the client answers; only then may free text leave.
    async fn free_text_waits_for_the_clients_word(town) {
        let refused = town.fires("send_text", json!({"text": "Добрый день!"})).await;
        town.settle().await;
        let values = town.portal.step(refused).unwrap().returned;
        assert_eq!(values["ok"], "N");
        assert_eq!(values["error_code"], "window_closed");
        assert!(town.network.messages_to(CLIENT).is_empty(), "nothing left before the wire");

        town.client_writes("Где мой заказ?").await;
        let sent = town.fires("send_text", json!({"text": "Он готов 👋"})).await;
        town.settle().await;
        let values = town.portal.step(sent).unwrap().returned;
        assert_eq!(values["ok"], "Y", "{values:?}");
        assert_eq!(values["window_open"], "Y");
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);

        town.advance(DAY + MINUTE);
        let late = town.fires("send_text", json!({"text": "Ещё тут?"})).await;
        town.settle().await;
        assert_eq!(town.portal.step(late).unwrap().returned["error_code"], "window_closed");
    }
}

story! {
    /// A closed window with a fallback template sends the template instead.
    async fn a_closed_window_falls_back_to_the_template(town) {
        let step = town.fires("send_text", json!({
            "text": "Добрый день!", "on_closed_window": "template",
            "fallback_template": "order_ready:ru", "fallback_params": ["Анна", "118"],
        })).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().returned["ok"], "Y");
        let got = town.network.messages_to(CLIENT);
        assert_eq!((got.len(), got[0].kind.as_str()), (1, "template"));
    }
}

story! {
    /// A held message leaves when the client writes.
    async fn a_held_message_leaves_when_the_client_writes(town) {
        let step = town.fires("send_text", json!({"text": "Напишите нам", "on_closed_window": "hold", "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.last_call().await["state"], "waiting");
        assert!(town.network.messages_to(CLIENT).is_empty());
        town.client_writes("Здравствуйте").await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
        assert_eq!(town.portal.step(step).unwrap().returned["status"], "delivered");
    }
}

story! {
    /// A wait that nobody fulfils ends at its time with the state reached.
    async fn a_wait_ends_at_its_time_with_the_state_reached(town) {
        let step = town.fires("send_template", json!({
            "template": "order_ready:ru", "params": ["Анна", "118"], "wait_for": "read", "wait_hours": "2",
        })).await;
        town.settle().await;
        town.pass(HOUR).await;
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Waiting);
        town.pass(HOUR + MINUTE).await;
        let step = town.portal.step(step).unwrap();
        assert_eq!(step.state, StepState::Answered);
        assert_eq!(step.returned["status"], "delivered");
    }
}

story! {
    /// The same call delivered twice is one call and one message.
    async fn a_call_that_comes_twice_is_one_message(town) {
        let firing = town.portal.firing("send_template", Document::deal(512))
            .properties(json!({"template": "order_ready:ru", "params": ["Анна", "118"]}))
            .with(courier24::sim::portal::Mishap::Duplicate);
        firing.fire().await.unwrap();
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
        assert_eq!(town.api("/calls").await["items"].as_array().unwrap().len(), 1);
    }
}

story! {
    /// Statuses come in any order, twice, and before our own answer: the end is the same.
    async fn statuses_in_any_order_end_in_the_same_truth(town) {
        use courier24::sim::whatsapp::EventAction;
        town.network.user(CLIENT).reads_at_once();
        town.network.event_fault("delivered", 1, EventAction::Delay { ms: 60_000 });
        town.network.event_fault("read", 1, EventAction::Duplicate { copies: 1 });
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"], "wait_for": "read"})).await;
        town.settle().await;
        town.pass(2 * MINUTE).await;
        assert_eq!(town.portal.step(step).unwrap().returned["status"], "read");
        let messages = town.api("/messages").await;
        assert_eq!(messages["items"][0]["status"], "read");
    }
}

story! {
    /// Everything that happened can be told from the call alone.
    async fn the_journal_tells_the_whole_story(town) {
        town.fires("send_template", json!({
            "template": "order_ready:ru", "params": ["1=Анна", "2=118"], "wait_for": "delivered",
            "write_fields": ["UF_CRM_WA_STATUS = status"],
        })).await;
        town.settle().await;
        let call = town.last_call().await;
        assert_eq!(call["code"], "send_template");
        assert_eq!(call["document"]["id"], "DEAL_512");
        assert!(call["facts"].to_string().contains("Анна"), "facts read: {}", call["facts"]);
        assert!(call["params"].to_string().contains("1=Анна"));
        assert_eq!(call["decision"]["verdict"], "send");
        assert!(call["decision"]["rule"].as_str().is_some_and(|rule| !rule.is_empty()));
        let attempts = call["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0]["outcome"], "accepted");
        assert_eq!(attempts[0]["http_status"], 202);
        let events = call["statuses"].as_array().unwrap();
        assert!(events.iter().any(|event| event["status"] == "delivered" && event["provider_at"].is_string() && event["received_at"].is_string()));
        assert_eq!(call["answer"]["end"], "delivered");
        assert_eq!(call["answer"]["values"]["status"], "delivered");
        let kinds: Vec<&str> = call["write_backs"].as_array().unwrap().iter().filter_map(|one| one["kind"].as_str()).collect();
        assert!(kinds.contains(&"fields") && kinds.contains(&"timeline"), "{kinds:?}");
    }
}

story! {
    /// Two robots that send nothing answer at once.
    async fn knowing_without_sending(town) {
        let check = town.fires("check_window", json!({})).await;
        let link = town.fires("chat_link", json!({"text": "Хочу заказать"})).await;
        town.settle().await;
        assert_eq!(town.portal.step(check).unwrap().returned["window_open"], "N");
        let source = town.network.app(APP).settings().source;
        let url = town.portal.step(link).unwrap().returned["link"].as_str().unwrap().to_owned();
        assert!(url.starts_with(&format!("https://wa.me/{source}?text=")), "{url}");
        town.client_writes("Привет").await;
        let check = town.fires("check_window", json!({})).await;
        town.settle().await;
        let values = town.portal.step(check).unwrap().returned;
        assert_eq!(values["window_open"], "Y");
        assert_eq!(values["free_text_allowed"], "Y");
        assert!(town.network.messages_to(CLIENT).is_empty());
    }
}
