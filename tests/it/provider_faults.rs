//! The provider refuses, limits, hangs and dies: what is certain is repeated, what is not is never sent again.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::Document;
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use serde_json::json;

fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer { status, headers: Vec::new(), body: body.to_owned(), content_type: "application/json".to_owned() }
}

fn next(town: &Town, times: u32, fault: Fault) {
    town.network.fault(FaultRule { path: "/msg".to_owned(), times, skip: 0, fault });
}

story! {
    /// A refusal of the provider ends the message with the provider's own words.
    async fn a_refusal_is_told_with_the_providers_words(town) {
        next(&town, 1, answer(400, r#"{"status":"error","message":"Invalid Destination"}"#));
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["ok"].as_str(), told["error_code"].as_str()), (Some("failed"), Some("N"), Some("provider_rejected")));
        assert!(told["error_text"].as_str().unwrap().contains("Invalid Destination"), "{told:?}");
        let call = town.last_call().await;
        assert_eq!(call["attempts"].as_array().unwrap().len(), 1);
        assert_eq!((&call["attempts"][0]["outcome"], &call["attempts"][0]["http_status"]), (&json!("rejected"), &json!(400)));
        assert_eq!(call["messages"][0]["error"]["code"], "provider_rejected");
        town.pass(DAY).await;
        assert_eq!(town.sends(), 1, "a refusal is not repeated");
    }
}

story! {
    /// A key that no longer works stops the channel and holds the message; a new key lets it go.
    async fn a_rejected_key_holds_the_message_until_there_is_a_new_one(town) {
        let key = town.network.app(crate::support::town::APP).settings().api_key;
        town.network.app(crate::support::town::APP).change(|app| app.api_key = "sk_rotated_0123456789abcdef".to_owned());
        let step = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(step));
        assert_eq!(town.channel_state().await, "auth_failed");
        assert_eq!(town.last_message().await["status"], "held");
        assert_eq!(town.last_call().await["attempts"][0]["http_status"], 401);
        town.pass(3 * MINUTE).await;
        assert_eq!(town.sends(), 1, "a stopped channel does not try again by itself");
        let notes = town.portal.notifications();
        assert_eq!(notes.len(), 1, "an administrator is told once: {notes:?}");
        assert!(json!(notes[0]).to_string().contains("Магазин"), "{notes:?}");
        town.refuses("send_template", crate::support::verdict::order_ready(json!({})), "channel_unavailable").await;
        town.patches_channel(json!({"settings": {"api_key": "sk_rotated_0123456789abcdef"}})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "delivered");
        assert_eq!((town.got(), town.sends()), (1, 2));
        assert!(!json!(town.api("/channels").await).to_string().contains(&key), "keys are never shown");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A provider that asks for a day stops one message for an hour and its channel for minutes: others are not made to wait for it.
    async fn a_huge_retry_after_does_not_silence_the_channel(town) {
        town.portal.contact(20).name("Вера", "Два").phone("+7 916 000-00-22");
        town.portal.deal(620).contact(20);
        next(&town, 1, Fault::too_many_requests(Some(86_400)));
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        let other = town.portal.fires("send_template", Document::deal(620), crate::support::verdict::order_ready(json!({}))).await.unwrap();
        town.settle().await;
        assert!(town.waits(other) && town.sends() == 1, "the channel rests");
        town.pass(6 * MINUTE).await;
        assert_eq!(town.told(other)["ok"], "Y", "five minutes later somebody asks again");
        assert!(town.waits(step), "the message itself waits as told, an hour at most");
        town.pass(HOUR + 10 * MINUTE).await;
        assert_eq!(town.told(step)["ok"], "Y");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A limit is obeyed: the message leaves once, not before it may.
    async fn a_limit_is_waited_out(town) {
        next(&town, 1, Fault::too_many_requests(Some(30)));
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        town.advance(29 * SECOND);
        town.settle().await;
        assert!(town.waits(step) && town.sends() == 1, "Retry-After says 30 seconds");
        town.pass(6 * SECOND).await;
        assert_eq!(town.told(step)["ok"], "Y");
        let attempts = town.last_call().await["attempts"].clone();
        assert_eq!((&attempts[0]["outcome"], &attempts[0]["http_status"], &attempts[1]["outcome"]), (&json!("retry"), &json!(429), &json!("accepted")));
        town.advance(10 * MINUTE);
        next(&town, 1, Fault::too_many_requests(None));
        let step = town.sends_template(json!({"params": ["Анна", "119"]})).await;
        town.pass(5 * SECOND).await;
        assert_eq!(town.told(step)["ok"], "Y", "without Retry-After our own schedule counts");
        assert_eq!(town.got(), 2);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A limit that never ends is told after the last try.
    async fn an_endless_limit_is_told(town) {
        next(&town, 100, Fault::too_many_requests(None));
        let step = town.sends_template(json!({})).await;
        town.pass(2 * HOUR).await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["error_code"].as_str()), (Some("failed"), Some("limit_reached")));
        assert!((2..=10).contains(&town.sends()), "{}", town.sends());
        assert_eq!(town.got(), 0);
    }
}

story! {
    /// The vendor's own 500 and 503 say that nothing was done: the message is sent again, once.
    async fn the_vendors_own_errors_are_repeated(town) {
        next(&town, 1, Fault::internal_error());
        next(&town, 1, Fault::unavailable());
        let step = town.sends_template(json!({})).await;
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["ok"], "Y");
        assert_eq!((town.got(), town.sends()), (1, 3));
        next(&town, 100, Fault::unavailable());
        let step = town.sends_template(json!({"params": ["Анна", "120"]})).await;
        town.pass(2 * HOUR).await;
        assert_eq!(town.told(step)["error_code"], "channel_unavailable");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Nobody can say whether it went: the process is told so within ten seconds, and it is never sent again.
    async fn an_answer_that_says_nothing_is_unknown_and_never_repeated(town) {
        let faults = [
            Fault::bad_gateway(), Fault::gateway_timeout(), answer(500, "<html>"), answer(503, ""), answer(522, "{}"),
            answer(200, r#"{"status":"submitted"}"#), answer(202, ""), answer(200, "<html>"), Fault::Hang, Fault::CloseAfterReading,
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            let word = fault.word();
            let before = town.sends();
            next(&town, 1, fault);
            let started = town.now();
            let step = town.sends_template(json!({"params": ["Анна", number.to_string()]})).await;
            town.settle().await;
            let told = town.told(step);
            assert_eq!((told["status"].as_str(), told["ok"].as_str(), told["error_code"].as_str()), (Some("unknown"), Some("N"), Some("unknown_outcome")), "{word}");
            assert!(town.portal.step(step).unwrap().closed_at.unwrap() - started <= 10 * SECOND, "{word}");
            assert_eq!(town.last_call().await["attempts"][0]["outcome"], "unknown", "{word}");
            town.pass(HOUR).await;
            assert_eq!(town.sends(), before + 1, "{word}: never again");
        }
        town.pass(DAY).await;
        assert_eq!(town.got(), 0);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A connection that closes before the body was read ends in one of the two honest ways.
    async fn a_connection_closed_at_once_sends_at_most_once(town) {
        next(&town, 1, Fault::CloseBeforeReading);
        let step = town.sends_template(json!({})).await;
        town.pass(MINUTE).await;
        let told = town.told(step);
        match told["status"].as_str().unwrap() {
            "unknown" => assert_eq!(town.got(), 0),
            status => assert_eq!((status, town.got()), ("accepted", 1)),
        }
        town.pass(DAY).await;
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The provider took it and the answer was lost: unknown at first; later events settle message, timeline and fields.
    async fn a_lost_answer_is_settled_by_what_comes_later(town) {
        let faults = [Fault::AcceptThenHang, Fault::AcceptThenClose, Fault::AcceptThenCut, Fault::AcceptThenBadGateway, Fault::AcceptWithoutId];
        for (number, fault) in faults.into_iter().enumerate() {
            let word = fault.word();
            let deal = 700 + i64::try_from(number).unwrap();
            let phone = format!("7916100000{number}");
            town.portal.contact(deal).name("Яна", "Лист").phone(&phone);
            town.portal.deal(deal).title("Заказ").contact(deal);
            next(&town, 1, fault);
            let properties = crate::support::verdict::order_ready(json!({"write_fields": ["UF_CRM_WA_STATUS = status"]}));
            let step = town.portal.fires("send_template", Document::deal(deal), properties).await.unwrap();
            town.portal.idle().await;
            town.run_due().await;
            assert_eq!(town.told(step)["error_code"], "unknown_outcome", "{word}");
            assert_eq!(town.portal.field(Document::deal(deal), "UF_CRM_WA_STATUS"), json!("unknown"), "{word}");
            town.settle().await;
            town.network.user(&phone).reads();
            town.settle().await;
            let message = town.last_message().await;
            assert_eq!((&message["status"], &message["error"]), (&json!("read"), &json!(null)), "{word}: {message}");
            assert_eq!(town.portal.field(Document::deal(deal), "UF_CRM_WA_STATUS"), json!("read"), "{word}");
            let shown = town.portal.activities(Document::deal(deal));
            assert_eq!(shown.len(), 1, "{word}");
            assert!(shown[0].layouts.len() >= 2, "{word}");
            assert_eq!(town.network.messages_to(&phone).len(), 1, "{word}");
            town.pass(MINUTE).await;
        }
        town.pass(DAY).await;
        assert_eq!(town.network.messages().len(), 5);
        assert_eq!(town.network.messages_to(CLIENT).len(), 0);
        town.nothing_twice_nothing_lost().await;
    }
}
