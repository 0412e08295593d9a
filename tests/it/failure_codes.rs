//! Failures that come after the provider took a message: each code says what to do, and none of them is our client's opt-out.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{DAY, MINUTE};
use courier24::sim::whatsapp::fault::Fault;
use serde_json::{Value, json};

/// A message on its way fails with this code; returns what the process was told.
async fn fails_with(town: &Town, session: bool, number: usize, code: i64, reason: &str) -> serde_json::Map<String, Value> {
    let wait = json!({"params": ["Анна", number.to_string()], "wait_for": "delivered"});
    let step = if session {
        town.fires("send_text", json!({"text": format!("Текст {number}"), "wait_for": "delivered"})).await
    } else {
        town.sends_template(wait).await
    };
    town.settle().await;
    assert!(town.waits(step), "{code}");
    let gs = town.last_message().await["provider_id"].as_str().unwrap().to_owned();
    assert_eq!(town.hears(&town.failure_event(&gs, code, reason)).await, 200);
    town.settle().await;
    let told = town.told(step);
    assert_eq!((told["status"].as_str(), told["ok"].as_str()), (Some("failed"), Some("N")), "{code}");
    let message = town.last_message().await;
    assert_eq!(message["error"]["provider_code"], code.to_string());
    assert_eq!(message["error"]["code"], told["error_code"]);
    let text = told["error_text"].as_str().unwrap();
    assert!(text.chars().count() > 40 && !text.contains("{ $"), "{code}: {text}");
    told
}

async fn consent(town: &Town) -> Value {
    let found = town.api(&format!("/conversations?phone={CLIENT}")).await;
    found["items"][0]["consent"].clone()
}

story! {
    /// Every code of the provider's table is told in words of its own; free text and templates go on afterwards.
    async fn each_code_of_the_provider_says_what_to_do(town) {
        town.client_writes("Здравствуйте").await;
        town.network.user(CLIENT).goes_offline();
        let before = consent(&town).await;
        let table = [
            (false, 1002, "provider_rejected", "WhatsApp"), (false, 1006, "provider_rejected", "mark_opt_in"),
            (true, 1007, "provider_rejected", "согласи"), (false, 1008, "provider_rejected", "mark_opt_in"),
            (false, 4005, "provider_rejected", "приостанов"),
            (false, 131_049, "limit_reached", "сутки"), (false, 131_026, "provider_rejected", "WhatsApp"),
            (false, 132_015, "provider_rejected", "приостанов"), (false, 99_999, "provider_rejected", "99999"),
            (true, 470, "window_closed", "шаблон"),
            // The person stopped marketing at WhatsApp itself: the only one of these that is mirrored.
            (false, 1012, "provider_rejected", "отказал"),
        ];
        let mut texts = std::collections::BTreeSet::new();
        for (number, (session, code, word, said)) in table.into_iter().enumerate() {
            let told = fails_with(&town, session, number, code, "told by the provider").await;
            assert_eq!(told["error_code"], word, "{code}");
            let text = told["error_text"].as_str().unwrap();
            assert!(text.to_lowercase().contains(&said.to_lowercase()), "{code}: {text}");
            texts.insert(text.to_owned());
            assert_eq!(consent(&town).await != before, code == 1012, "{code}: whether it is an opt-out");
            assert_eq!(town.channel_state().await, "connected", "{code}");
            town.advance(MINUTE);
        }
        assert_eq!(texts.len(), table.len(), "each says something of its own");
        town.network.user(CLIENT).comes_online();
        let step = town.sends_template(json!({"params": ["Анна", "999"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y", "templates still go");
        assert_eq!(town.sends(), table.len() + 1, "no failure was repeated");
    }
}

story! {
    /// The provider says that the window is closed although ours looked open: the next text is refused before the wire.
    async fn a_window_that_the_provider_calls_closed_is_closed(town) {
        town.client_writes("Здравствуйте").await;
        town.network.user(CLIENT).goes_offline();
        let told = fails_with(&town, true, 1, 470, "more than 24 hours have passed").await;
        assert_eq!(told["window_open"], "N");
        town.refuses("send_text", json!({"text": "Ещё"}), "window_closed").await;
    }
}

story! {
    /// An empty wallet stops the channel: the rest is held, an administrator is told, and it goes when there is money again.
    async fn an_empty_wallet_pauses_the_channel(town) {
        town.network.app(APP).change(|app| app.wallet_empty = true);
        let failed = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        let told = town.told(failed);
        assert_eq!(told["error_code"], "provider_rejected");
        assert!(told["error_text"].as_str().unwrap().contains("1003"), "{told:?}");
        assert_eq!(town.channel_state().await, "paused");
        let held = town.sends_template(json!({"params": ["Анна", "119"], "wait_for": "delivered"})).await;
        town.pass(3 * MINUTE).await;
        assert!(town.waits(held) && town.sends() == 1);
        assert_eq!(town.portal.notifications().len(), 1, "{:?}", town.portal.notifications());
        town.network.app(APP).change(|app| app.wallet_empty = false);
        town.patches_channel(json!({"paused": false})).await;
        town.settle().await;
        assert_eq!(town.told(held)["status"], "delivered");
    }
}

story! {
    /// The provider's own list wants the number first: the channel's setting decides, and never our consent.
    async fn the_providers_opt_in_list_follows_the_channels_setting(town) {
        town.network.app(APP).change(|app| app.opt_in_required = true);
        let marks = |town: &Town| town.network.requests().iter().filter(|request| request.path.contains("/opt/in/")).count();
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        let told = town.told(step);
        assert!(told["error_text"].as_str().unwrap().contains("1008") && told["ok"] == "N", "{told:?}");
        assert_eq!(marks(&town), 0, "on_consent is the default");

        town.patches_channel(json!({"settings": {"mark_opt_in": "before_first_template"}})).await;
        town.settle().await;
        town.network.fault_next("/opt/in/", Fault::unavailable());
        let step = town.sends_template(json!({"params": ["Анна", "119"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(step) && town.got() == 1, "the list could not be told: the message waits");
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["status"], "delivered");
        assert_eq!(marks(&town), 2);
        let step = town.sends_template(json!({"params": ["Анна", "120"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        assert_eq!(marks(&town), 2, "once is enough");

        town.patches_channel(json!({"settings": {"mark_opt_in": "never"}})).await;
        let step = town.sends_template(json!({"phone": ["79160000009"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "N");
        assert_eq!(marks(&town), 2);
    }
}

story! {
    /// A refusal of the list does not stop the message: the provider judges the send itself.
    async fn a_list_that_refuses_does_not_stop_the_message(town) {
        town.patches_channel(json!({"settings": {"mark_opt_in": "before_first_template"}})).await;
        town.settle().await;
        let body = r#"{"status":"error","message":"Invalid user"}"#.to_owned();
        let fault = Fault::Answer { status: 400, headers: Vec::new(), body, content_type: "application/json".to_owned() };
        town.network.fault_next("/opt/in/", fault);
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "delivered");
        town.pass(DAY).await;
        assert_eq!(town.got(), 1);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The template got another variable at WhatsApp after we read the list: the failure says so, and a fresh list mends the rule's words.
    async fn a_template_that_changed_meanwhile_fails_with_words(town) {
        town.network.app(APP).change(|app| {
            for template in app.templates.iter_mut().filter(|template| template.element_name == "order_ready") {
                template.body = "{{1}}, заказ {{2}} ждёт до {{3}}".to_owned();
            }
        });
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["error_code"].as_str()), (Some("failed"), Some("provider_rejected")));
        assert!(told["error_text"].as_str().unwrap().contains("132000"), "{told:?}");
        let channel = town.channel.clone();
        town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
        let text = town.refuses("send_template", crate::support::verdict::order_ready(json!({})), "template_params_mismatch").await;
        assert!(text.contains('3') && text.contains('2'), "{text}");
    }
}
