//! The outgoing path where it is hard: whom to, what the provider does, what the portal does, who is told what and when.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::bitrix::RobotCall;
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::domain::secret::Secret;
use courier24::flow::{FlowSettings, accept_call};
use courier24::sim::portal::{Document, StepId, StepState};
use courier24::sim::whatsapp::{Fault, FaultRule};
use courier24::worker;
use serde_json::{Value, json};
use std::sync::Arc;

const TEMPLATE_PATH: &str = "template/msg";

fn order() -> Value {
    json!({"template": "order_ready:ru", "params": ["Анна", "118"]})
}

/// `order_ready` with more properties.
fn order_with(more: Value) -> Value {
    let mut properties = order();
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    properties
}

fn returned(town: &Town, step: StepId) -> serde_json::Map<String, Value> {
    let step = town.portal.step(step).unwrap();
    assert_eq!(step.state, StepState::Answered, "the process waits still");
    serde_json::from_value(json!(step.returned)).unwrap()
}

async fn last_message(town: &Town) -> Value {
    town.api("/messages").await["items"][0].clone()
}

story! {
    /// Several numbers: one message each, one answer for all.
    async fn all_numbers_of_a_client_get_the_message(town) {
        town.portal.contact(9).phone("8 (495) 123-45-67").phone("+7 916 000-00-01").phone("no number");
        town.network.user("74951234567").not_on_whatsapp();
        let step = town.fires("send_template", order_with(json!({"phone_choice": "all", "wait_for": "delivered"}))).await;
        town.settle().await;
        let values = returned(&town, step);
        assert_eq!(values["recipient"].as_str().unwrap().split(',').collect::<Vec<_>>(), [CLIENT, "74951234567"]);
        assert_eq!(values["message_id"].as_str().unwrap().split(',').count(), 2);
        assert_eq!(values["status"], "failed", "the least advanced");
        assert_eq!(values["ok"], "Y", "one was accepted");
        assert_eq!(values["error_code"], "provider_rejected");
    }
}

story! {
    /// The open channel is not ours: the message leaves once, and the journal says that it is not shown there.
    async fn what_cannot_be_shown_in_the_open_channel_is_said_in_the_journal(town) {
        let step = town.fires("send_template", order_with(json!({"to_open_line": "Y"}))).await;
        town.settle().await;
        assert_eq!(returned(&town, step)["status"], "accepted");
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
        let told = town.last_call().await["decision"]["open_line"].clone();
        assert_eq!(told["published"], false);
        assert!(told["rule"].as_str().is_some_and(|rule| rule.contains("connected")));
    }
}

story! {
    /// Two numbers: the one that wrote last is the one that is used.
    async fn the_number_that_replied_last_is_chosen(town) {
        town.portal.contact(9).phone("+7 916 000-00-02");
        town.network.user("79160000002").writes("Это мой новый номер");
        town.advance(5 * SECOND);
        town.settle().await;
        let step = town.fires("send_template", order_with(json!({"phone_choice": "last_replied"}))).await;
        town.settle().await;
        assert_eq!(returned(&town, step)["recipient"], "79160000002");
    }
}

story! {
    /// Nobody to write to is told in words, and nothing is sent.
    async fn bad_input_is_refused_in_the_words_of_the_list(town) {
        town.portal.deal(600).title("Без клиента").stage("NEW");
        let table = [
            ("send_template", order(), 600, "phone_missing"),
            ("send_template", order_with(json!({"phone": ["нет телефона"]})), 512, "phone_invalid"),
            ("send_template", order_with(json!({"channel": "ch_nobody"})), 512, "channel_not_found"),
            ("send_template", json!({"template": "nothing:ru", "params": ["1"]}), 512, "template_not_found"),
            ("send_template", json!({"template": "paused:ru", "params": ["1"]}), 512, "template_not_approved"),
            ("send_template", json!({"template": "order_ready:ru", "params": ["1"]}), 512, "template_params_mismatch"),
            ("send_template", json!({"template": "order_ready:ru", "params": ["1=a", "b"]}), 512, "template_params_mismatch"),
            ("send_template", json!({"template": "order_ready:ru", "params": ["a", " "]}), 512, "value_missing"),
            ("send_text", json!({"text": "  "}), 512, "text_empty"),
            ("send_text", json!({"text": "x".repeat(4097)}), 512, "text_too_long"),
            ("send_text", json!({"text": "x", "wait_hours": "1000"}), 512, "property_invalid"),
        ];
        for (code, properties, deal, expected) in table {
            let step = town.portal.fires(code, Document::deal(deal), properties.clone()).await.unwrap();
            town.settle().await;
            let values = returned(&town, step);
            assert_eq!(values["error_code"], expected, "{properties}");
            assert_eq!(values["ok"], "N");
            assert!(!values["error_text"].as_str().unwrap().is_empty());
            let call = town.last_call().await;
            assert_eq!(call["decision"]["verdict"], "refuse", "{properties}");
            assert_eq!(call["state"], "answered");
        }
        assert!(town.network.messages().is_empty());
    }
}

story! {
    /// A missing value may also mean "do not send".
    async fn a_missing_value_may_skip_the_message(town) {
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["a", ""], "on_missing": "skip"})).await;
        town.settle().await;
        let values = returned(&town, step);
        assert_eq!((values["status"].as_str(), values["error_code"].as_str()), (Some("skipped"), Some("value_missing")));
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["a", ""], "on_missing": "empty"})).await;
        town.settle().await;
        assert_eq!(returned(&town, step)["ok"], "Y");
        assert!(town.network.messages_to(CLIENT)[0].text.contains("Заказ - готов"));
    }
}

story! {
    /// A provider that says "too many" is obeyed, and the message goes once.
    async fn a_limit_of_the_provider_delays_the_message(town) {
        town.network.fault_next(TEMPLATE_PATH, Fault::too_many_requests(Some(20)));
        let step = town.fires("send_template", order()).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Waiting);
        town.advance(19 * SECOND);
        town.settle().await;
        assert!(town.network.messages_to(CLIENT).is_empty(), "not before the time asked for");
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!(returned(&town, step)["status"], "accepted");
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
        let attempts = town.last_call().await["attempts"].clone();
        assert_eq!((attempts[0]["outcome"].as_str(), attempts[0]["http_status"].as_i64()), (Some("retry"), Some(429)));
        assert_eq!(attempts[1]["outcome"], "accepted");
    }
}

story! {
    /// A provider that fails all day: the process is told, and nothing is tried for ever.
    async fn a_broken_provider_ends_as_failed(town) {
        town.network.fault(FaultRule { path: TEMPLATE_PATH.to_owned(), times: 100, skip: 0, fault: Fault::internal_error() });
        let step = town.fires("send_template", order()).await;
        town.settle().await;
        for _ in 0..8 {
            town.advance(5 * MINUTE);
            town.settle().await;
        }
        let values = returned(&town, step);
        assert_eq!((values["status"].as_str(), values["error_code"].as_str()), (Some("failed"), Some("channel_unavailable")));
        assert_eq!(last_message(&town).await["status"], "failed");
        assert_eq!(town.last_call().await["attempts"].as_array().unwrap().len(), 6);
    }
}

story! {
    /// No answer, a cut answer, a gateway's word, no id: nobody knows, the process is told, and it is never sent again.
    async fn an_unknown_ending_is_told_and_never_repeated(town) {
        let faults = [
            Fault::Hang,
            Fault::CloseAfterReading,
            Fault::AcceptThenHang,
            Fault::AcceptThenClose,
            Fault::AcceptThenCut,
            Fault::AcceptThenBadGateway,
            Fault::AcceptWithoutId,
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            town.network.fault_next(TEMPLATE_PATH, fault.clone());
            let params = json!(["Анна", number.to_string()]);
            let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": params})).await;
            town.run_due().await;
            town.portal.idle().await;
            town.run_due().await;
            let values = returned(&town, step);
            assert_eq!((values["status"].as_str(), values["error_code"].as_str()), (Some("unknown"), Some("unknown_outcome")), "{fault:?}");
            let before = town.network.messages_to(CLIENT).len();
            town.settle().await;
            town.pass(HOUR).await;
            assert_eq!(town.network.messages_to(CLIENT).len(), before, "{fault:?}");
        }
        assert!(town.network.duplicates().is_empty());
    }
}

story! {
    /// What a later event tells about an unknown message reaches the journal and the deal.
    async fn a_later_event_settles_an_unknown_message(town) {
        town.network.fault_next(TEMPLATE_PATH, Fault::AcceptThenClose);
        town.fires("send_template", order_with(json!({"write_fields": ["UF_CRM_WA_STATUS = status"]}))).await;
        town.run_due().await;
        assert_eq!(last_message(&town).await["status"], "unknown");
        town.settle().await;
        town.pass(2 * MINUTE).await;
        assert_eq!(last_message(&town).await["status"], "delivered");
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("delivered"));
    }
}

story! {
    /// A key that no longer works stops the channel and loses no message.
    async fn a_bad_key_holds_messages_until_it_is_mended(town) {
        let key = town.network.app(APP).settings().api_key;
        town.network.app(APP).change(|app| app.api_key = "changed".to_owned());
        let step = town.fires("send_template", order_with(json!({"wait_for": "delivered"}))).await;
        town.settle().await;
        let message = last_message(&town).await;
        assert_eq!(message["status"], "held");
        assert_eq!(message["error"]["class"], "auth");
        let channels = town.api("/channels").await;
        assert_eq!(channels["items"][0]["state"], "auth_failed");
        let refused = town.fires("send_template", order()).await;
        town.settle().await;
        assert_eq!(returned(&town, refused)["error_code"], "channel_unavailable");

        town.network.app(APP).change(|app| app.api_key = key.clone());
        let path = format!("/api/v1/portals/{}/channels/{}", town.portal.member_id(), town.channel);
        let (status, body) = town.request("PATCH", &path, Some(json!({"settings": {"api_key": key}}))).await;
        assert!((200..300).contains(&status), "{status} {body}");
        town.settle().await;
        town.pass(2 * MINUTE).await;
        assert_eq!(returned(&town, step)["status"], "delivered");
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
    }
}

story! {
    /// A client whom Gupshup's list has opted out: the provider's refusal, told as such, and no opt-out of ours.
    async fn a_client_opted_out_at_the_provider_is_told_as_such(town) {
        town.network.app(APP).set_opt_in(CLIENT, false);
        let step = town.fires("send_template", order_with(json!({"wait_for": "delivered"}))).await;
        town.settle().await;
        let values = returned(&town, step);
        assert_eq!((values["status"].as_str(), values["error_code"].as_str()), (Some("failed"), Some("provider_rejected")));
        let text = values["error_text"].as_str().unwrap();
        assert!(text.contains("10"), "the provider's code is named: {text}");
        let again = town.fires("send_template", order()).await;
        town.settle().await;
        assert_ne!(returned(&town, again)["error_code"], "opted_out");
    }
}

story! {
    /// A step that does not wait is never answered; the journal has the result all the same.
    async fn a_robot_that_does_not_wait_is_never_answered(town) {
        let call = RobotCall {
            member_id: town.portal.member_id().to_owned(),
            application_token: Secret::new(""),
            access_token: Secret::default(),
            code: "send_template".to_owned(),
            event_token: "68c1f2a3b4c5d6.12345678|A1_2_3_4|random.signature".to_owned(),
            workflow_id: "68c1f2a3b4c5d6.12345678".to_owned(),
            document_id: ["crm".to_owned(), "CCrmDocumentDeal".to_owned(), "DEAL_512".to_owned()],
            properties: order_with(json!({"wait_for": "delivered"})).as_object().unwrap().clone(),
            use_subscription: false,
            timeout_seconds: 0,
            ts: None,
            user_id: None,
        };
        accept_call::accept(town.ctx(), call).await.unwrap();
        town.settle().await;
        let call = town.last_call().await;
        assert_eq!(call["state"], "done");
        assert_eq!(call["answer"]["end"], "none");
        assert_eq!(call["answer"]["values"]["status"], "delivered");
        assert_eq!(call["answer"]["attempts"], 0);
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
    }
}

story! {
    /// `wait_for = none` answers at once with what is true at once.
    async fn waiting_for_nothing_answers_at_once(town) {
        town.network.fault(FaultRule { path: TEMPLATE_PATH.to_owned(), times: 1, skip: 0, fault: Fault::too_many_requests(Some(60)) });
        let step = town.fires("send_template", order_with(json!({"wait_for": "none"}))).await;
        town.settle().await;
        let values = returned(&town, step);
        assert_eq!((values["status"].as_str(), values["ok"].as_str(), values["error_code"].as_str()), (Some("queued"), Some("Y"), Some("")));
        assert!(values["message_id"].as_str().unwrap().starts_with("msg_"));
    }
}

story! {
    /// The step's own timeout goes before our hours.
    async fn the_answer_leaves_ten_seconds_before_the_steps_timeout(town) {
        town.network.user(CLIENT).goes_offline();
        let firing = town.portal.firing("send_template", Document::deal(512)).properties(order_with(json!({"wait_for": "delivered"})));
        let step = firing.timeout_seconds(600).fire().await.unwrap();
        town.settle().await;
        town.advance(589 * SECOND);
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Waiting);
        town.advance(2 * SECOND);
        town.settle().await;
        assert_eq!(returned(&town, step)["status"], "sent");
    }
}

story! {
    /// A lost authorization delays what needs the portal, not what does not.
    async fn a_portal_without_authorization_still_sends_what_needs_nothing_of_it(town) {
        town.portal.revoke_refresh_tokens();
        town.portal.expire_tokens();
        town.advance(2 * HOUR);
        town.fires("send_template", order_with(json!({"phone": ["+7 916 000-00-01"]}))).await;
        town.fires("send_template", order()).await;
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1, "the number was given");
        let calls = town.api("/calls").await;
        let states: Vec<&str> = calls["items"].as_array().unwrap().iter().filter_map(|call| call["state"].as_str()).collect();
        assert!(states.contains(&"accepted"), "the other one waits: {states:?}");
        town.pass(2 * DAY).await;
        let calls = town.api("/calls").await;
        assert!(calls["items"].as_array().unwrap().iter().all(|call| call["state"] != "accepted"), "and ends at its time: {calls}");
    }
}

story! {
    /// Fifty robots on one stage ask the portal for their clients in a handful of requests.
    async fn facts_of_many_calls_ride_together(town) {
        for id in 700..750 {
            town.portal.contact(id).name("Клиент", "Н").phone(&format!("+7 916 111-{:02}-{:02}", id / 100, id % 100));
            town.portal.deal(id).title("Заказ").contact(id).stage("NEW");
        }
        town.portal.hold_queue();
        for id in 700..750 {
            town.portal.fires("send_template", Document::deal(id), order_with(json!({"to_timeline": "N"}))).await.unwrap();
        }
        let before = town.portal.requests().len();
        town.portal.release_queue(false).await;
        town.settle().await;
        town.pass(30 * SECOND).await;
        assert_eq!(town.network.messages().len(), 50);
        let spent = town.portal.requests().len() - before;
        assert!(spent <= 20, "{spent} requests for 50 messages");
        assert!(town.network.duplicates().is_empty());
    }
}

story! {
    /// Twelve messages to one person leave five at once, then one in six seconds.
    async fn one_person_is_not_flooded(town) {
        for _ in 0..8 {
            town.fires("send_template", order_with(json!({"phone": [CLIENT], "to_timeline": "N"}))).await;
        }
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 5);
        town.advance(6 * SECOND);
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 6);
        town.advance(12 * SECOND);
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 8);
    }
}

story! {
    /// A hold that nobody ends is told as skipped, and a paused channel lets messages wait.
    async fn holds_have_an_end(town) {
        let step = town.fires("send_text", json!({"text": "Ждём", "on_closed_window": "hold", "hold_hours": "2"})).await;
        town.settle().await;
        assert_eq!(last_message(&town).await["status"], "held");
        town.pass(2 * HOUR + MINUTE).await;
        let values = returned(&town, step);
        assert_eq!((values["status"].as_str(), values["error_code"].as_str()), (Some("skipped"), Some("window_closed")));
    }
}

story! {
    /// `--hold-sends`: nothing leaves, and everything leaves afterwards.
    async fn a_restored_backup_does_not_send_until_told(town) {
        let mut restored = town.ctx().clone();
        restored.settings = Arc::new(FlowSettings { hold_sends: true, ..(*restored.settings).clone() });
        town.fires("send_template", order()).await;
        for _ in 0..10 {
            town.portal.idle().await;
            worker::run_due(&restored).await;
            town.advance(MINUTE);
        }
        assert!(town.network.messages().is_empty());
        assert_eq!(last_message(&town).await["status"], "held");
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
    }
}

story! {
    /// A lead has its own number, a smart process its contact's, a company stands in for a contact without one.
    async fn every_document_leads_to_its_client(town) {
        town.portal.lead(77).title("Лид").phone("+7 916 000-00-77");
        town.portal.contact(10).name("Без", "Телефона");
        town.portal.company(3).title("ООО").phone("+7 495 000-00-03");
        town.portal.deal(601).title("Сделка").contact(10).company(3).stage("NEW");
        let lead = town.portal.fires("send_template", Document::item(1, 77), order()).await.unwrap();
        let deal = town.portal.fires("send_template", Document::deal(601), order()).await.unwrap();
        town.settle().await;
        assert_eq!(returned(&town, lead)["recipient"], "79160000077");
        assert_eq!(returned(&town, deal)["recipient"], "74950000003");
    }
}
