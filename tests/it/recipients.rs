//! Whom a message is for, and through which channel: several phones, absent, deleted and paused channels.

use crate::support::story::story;
use crate::support::town::CLIENT;
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use serde_json::json;

const SECOND_PHONE: &str = "79160000002";
const THIRD_PHONE: &str = "79160000003";

fn three() -> serde_json::Value {
    json!(["8 916 000-00-01", "+7 916 000-00-02", "8 916 000 00 03"])
}

story! {
    /// Several numbers: the first valid one, or the one that wrote last.
    async fn one_of_several_numbers_is_chosen(town) {
        let first = town.sends_template(json!({"phone": ["не знаю", "8 916 000-00-02", "8 916 000-00-03"]})).await;
        town.settle().await;
        assert_eq!(town.told(first)["recipient"], SECOND_PHONE);
        let nobody = town.sends_template(json!({"phone": three(), "phone_choice": "last_replied"})).await;
        town.settle().await;
        assert_eq!(town.told(nobody)["recipient"], CLIENT, "nobody wrote: the first valid one");
        town.client_writes("Это я").await;
        town.network.user(THIRD_PHONE).writes("А это я");
        town.advance(5 * SECOND);
        town.settle().await;
        let last = town.sends_template(json!({"phone": three(), "phone_choice": "last_replied"})).await;
        town.settle().await;
        assert_eq!(town.told(last)["recipient"], THIRD_PHONE);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// `all`: a message each; the process is told the least advanced status when everybody is there.
    async fn all_numbers_get_a_message_and_the_slowest_decides(town) {
        town.network.user(SECOND_PHONE).goes_offline();
        let step = town.sends_template(json!({"phone": three(), "phone_choice": "all", "wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(step), "the second phone is off");
        town.network.user(SECOND_PHONE).comes_online();
        town.settle().await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["ok"].as_str()), (Some("delivered"), Some("Y")));
        assert_eq!(told["recipient"], format!("{CLIENT},{SECOND_PHONE},{THIRD_PHONE}"));
        assert_eq!(told["message_id"].as_str().unwrap().split(',').count(), 3);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// One of several has no WhatsApp, another is slow: `ok` because one was accepted, the first failure is told.
    async fn a_failure_among_several_is_told_beside_the_success(town) {
        town.network.user(SECOND_PHONE).not_on_whatsapp();
        town.network.user(THIRD_PHONE).goes_offline();
        let properties = json!({"phone": three(), "phone_choice": "all", "wait_for": "delivered", "wait_hours": "1"});
        let step = town.sends_template(properties).await;
        town.settle().await;
        assert!(town.waits(step));
        town.pass(HOUR + MINUTE).await;
        let told = town.told(step);
        assert_eq!((told["ok"].as_str(), told["status"].as_str()), (Some("Y"), Some("failed")));
        assert_eq!(told["error_code"], "provider_rejected");
        assert!(told["error_text"].as_str().unwrap().contains("131026"), "{told:?}");
    }
}

story! {
    /// A channel that is not there is never replaced by another.
    async fn a_channel_that_is_not_there_is_said_so(town) {
        for name in ["Склад", "магазин", "ch_0000"] {
            let text = town.refuses("send_template", crate::support::verdict::order_ready(json!({"channel": name})), "channel_not_found").await;
            assert!(text.contains(name), "{text}");
        }
        let step = town.sends_template(json!({"channel": "Магазин"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y", "by its exact name");
        let (status, _) = town.request("DELETE", &town.channel_path(), None).await;
        assert_eq!(status, 204);
        let text = town.refuses("send_template", crate::support::verdict::order_ready(json!({"channel": town.channel})), "channel_not_found").await;
        assert!(text.contains("Магазин"), "a deleted channel is named by its name: {text}");
        town.refuses("check_window", json!({}), "channel_not_found").await;
        town.refuses("chat_link", json!({"text": "x"}), "channel_not_found").await;
    }
}

story! {
    /// A paused channel holds; resumed, what it held leaves at once, once.
    async fn a_paused_channel_holds_and_a_resumed_one_lets_go(town) {
        town.patches_channel(json!({"paused": true})).await;
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        let unheard = town.fires("send_text", json!({"text": "Ждём вас", "on_closed_window": "hold"})).await;
        town.settle().await;
        assert!(town.waits(step) && town.waits(unheard));
        assert_eq!(town.last_message().await["status"], "held");
        assert_eq!((town.sends(), town.channel_state().await.as_str()), (0, "paused"));
        assert_eq!(town.last_call().await["decision"]["verdict"], "hold");
        town.pass(HOUR).await;
        assert_eq!(town.sends(), 0);
        town.patches_channel(json!({"paused": false})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "delivered");
        assert_eq!(town.sends(), 1, "the other one waits for the client");
        town.client_writes("Иду").await;
        assert_eq!(town.told(unheard)["ok"], "Y");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A process does not wait for a paused channel for ever: it is told `held`; the message goes when the channel is back.
    async fn a_wait_on_a_paused_channel_ends_with_held(town) {
        town.patches_channel(json!({"paused": true})).await;
        let step = town.sends_template(json!({"wait_hours": "2", "write_fields": ["UF_CRM_WA_STATUS = status"]})).await;
        town.pass(2 * HOUR + MINUTE).await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["ok"].as_str()), (Some("held"), Some("Y")), "{told:?}");
        town.patches_channel(json!({"paused": false})).await;
        town.settle().await;
        assert_eq!(town.got(), 1);
        let field = town.portal.field(courier24::sim::portal::Document::deal(512), "UF_CRM_WA_STATUS");
        assert_eq!(field, "delivered", "fields learn the truth after the answer");
    }
}

story! {
    /// A channel deleted while it held messages ends them with words.
    async fn a_deleted_channel_ends_what_it_held(town) {
        town.patches_channel(json!({"paused": true})).await;
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        assert!(town.waits(step));
        let (status, _) = town.request("DELETE", &town.channel_path(), None).await;
        assert_eq!(status, 204);
        town.pass(2 * MINUTE).await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["error_code"].as_str()), (Some("failed"), Some("channel_unavailable")));
        assert_eq!(town.sends(), 0);
    }
}

story! {
    /// A hold ends at its time: the client never wrote.
    async fn a_hold_without_an_answer_is_skipped(town) {
        let step = town.fires("send_text", json!({"text": "Ждём", "on_closed_window": "hold", "hold_hours": "3"})).await;
        town.settle().await;
        town.pass(2 * HOUR).await;
        assert!(town.waits(step));
        town.pass(HOUR + MINUTE).await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["error_code"].as_str()), (Some("skipped"), Some("window_closed")));
        town.client_writes("Поздно?").await;
        town.pass(DAY).await;
        assert_eq!(town.got(), 0, "what was skipped stays skipped");
    }
}
