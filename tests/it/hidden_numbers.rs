//! People known by an id alone, calls that nobody waits for, templates that wait: edges of the robots.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT};
use crate::waits::brings_unwaited;
use courier24::domain::clock::{HOUR, MINUTE};
use courier24::sim::portal::Document;
use serde_json::json;

const HIDDEN: &str = "RU.7740019283746501234";

story! {
    /// Gupshup writes to numbers only: a client who hides the number is refused before the wire, with what to do.
    async fn somebody_without_a_number_is_refused_with_words(town) from rested {
        town.hears_v3(json!([town.v3_text("wamid.H1", json!({"from_user_id": HIDDEN}), "Здравствуйте")]), json!([{"profile": {}, "user_id": HIDDEN}])).await;
        let order = json!({"channel_id": town.channel, "to": {"bsuid": HIDDEN}, "kind": "text", "text": "Добрый день"});
        let (status, told) = town.api_post("/messages", order.clone()).await;
        assert!((400..500).contains(&status), "{told}");
        assert!(told["code"] == "unsupported_by_channel" && told["detail"].as_str().unwrap().contains("number"), "{told}");
        let follow = json!({"to": {"bsuid": HIDDEN}, "when": "after_silence", "offset_minutes": 60, "text": "Вы ещё с нами?"});
        let (status, told) = town.api_post("/follow-ups", follow).await;
        assert!((400..500).contains(&status) && told.to_string().contains("unsupported_by_channel"), "{told}");
        assert_eq!(town.sends(), 0);
        // The client shows the number: from now on it can be written to.
        town.client_writes("Мой номер").await;
        town.hears_v3(json!([town.v3_text("wamid.H2", json!({"from": CLIENT, "from_user_id": HIDDEN}), "Это мой номер")]),
            json!([{"profile": {}, "wa_id": CLIENT, "user_id": HIDDEN}])).await;
        let (status, told) = town.api_post("/messages", order).await;
        assert!((200..300).contains(&status), "{told}");
        town.settle().await;
        assert_eq!(town.texts(), ["Добрый день"]);
    }
}

story! {
    /// A wait of a call without subscription: nobody is answered; the field is written and the trigger fires when the client replies.
    async fn a_wait_without_subscription_is_told_to_the_deal(town) from rested {
        brings_unwaited(&town, "wait_reply", &[("[write_fields][0]", "UF_CRM_WA_STATUS = reply_text")]).await;
        town.settle().await;
        assert_eq!(town.last_call().await["wait"]["state"], "open");
        town.client_writes("Беру").await;
        let call = town.last_call().await;
        assert_eq!((&call["wait"]["state"], &call["answer"]["end"], &call["answer"]["attempts"]), (&json!("answered"), &json!("none"), &json!(0)));
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("Беру"));
        let fired: Vec<(String, i64)> = town.portal.triggers_executed().into_iter().map(|run| (run.code, run.id)).collect();
        assert_eq!(fired, [("courier24_client_replied".to_owned(), 512)]);
        town.advance(MINUTE);
        brings_unwaited(&town, "wait_reply.activity", &[("[reply_minutes]", "5"), ("[write_fields][0]", "UF_CRM_WA_STATUS = timed_out")]).await;
        town.pass(10 * MINUTE).await;
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("Y"), "the time that passed is told as well");
        assert_eq!((town.portal.calls_of("bizproc.event.send"), town.portal.triggers_executed().len()), (0, 1));
    }
}

story! {
    /// A template held by a paused channel goes as it was decided: its category and its words are those of the call.
    async fn a_held_template_keeps_what_was_decided(town) from rested {
        town.patches_channel(json!({"paused": true})).await;
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(step));
        let event = json!({"app": APP, "timestamp": town.now(), "version": 2, "type": "template-event", "payload": {
            "type": "category-update", "elementName": "order_ready", "languageCode": "ru", "category": {"old": "UTILITY", "new": "MARKETING"}}});
        assert_eq!(town.hears(&event).await, 200);
        town.settle().await;
        let channel = town.channel.clone();
        let templates = town.api(&format!("/channels/{channel}/templates")).await;
        let row = templates["items"].as_array().unwrap().iter().find(|row| row["name"] == "order_ready").cloned().unwrap();
        assert_eq!(row["category"], "MARKETING");
        town.pass(HOUR).await;
        town.patches_channel(json!({"paused": false})).await;
        town.pass(2 * MINUTE).await;
        let told = town.told(step);
        assert_eq!((&told["status"], &told["category"]), (&json!("delivered"), &json!("UTILITY")), "{told:?}");
        let next = town.sends_template(json!({"params": ["Анна", "119"]})).await;
        town.settle().await;
        assert_eq!(town.told(next)["category"], "MARKETING", "the next call is decided by what it is now");
    }
}
