//! A client changes or takes back what was written: the kept message changes with it, and nothing happens a second time.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{MINUTE, SECOND};
use courier24::sim::portal::Document;
use serde_json::{Value, json};

impl Town {
    fn seconds(&self) -> String {
        (self.now() / 1_000).to_string()
    }

    async fn hears_text(&self, id: &str, text: &str) {
        self.advance(SECOND);
        self.hears_v3(json!([self.v3_text(id, json!({"from": CLIENT}), text)]), json!([{"profile": {"name": "Анна"}, "wa_id": CLIENT}]))
            .await;
    }

    /// The third version's change of a message.
    async fn hears_edit(&self, id: &str, of: &str, text: &str) {
        self.advance(SECOND);
        self.hears_edit_again(id, of, text).await;
    }

    /// At the same moment: the webhook told a second time.
    async fn hears_edit_again(&self, id: &str, of: &str, text: &str) {
        let message = json!({"from": CLIENT, "id": id, "timestamp": self.seconds(), "type": "edit",
            "edit": {"original_message_id": of, "message": {"type": "text", "text": {"body": text}}}});
        self.hears_v3(json!([message]), json!([])).await;
    }

    async fn hears_revoke(&self, id: &str, of: &str) {
        self.advance(SECOND);
        let message =
            json!({"from": CLIENT, "id": id, "timestamp": self.seconds(), "type": "revoke", "revoke": {"original_message_id": of}});
        self.hears_v3(json!([message]), json!([])).await;
    }

    /// A message of the second version; `payload` says what is in it.
    async fn hears_v2(&self, id: &str, kind: &str, payload: Value) {
        self.advance(SECOND);
        let event = json!({"app": APP, "timestamp": self.now(), "version": 2, "type": "message",
            "payload": {"id": id, "source": CLIENT, "type": kind, "payload": payload, "sender": {"phone": CLIENT}}});
        assert_eq!(self.hears(&event).await, 200);
        self.settle().await;
    }

    fn shown_in_deal(&self) -> String {
        format!("{:?}", self.portal.activities(Document::deal(512)))
    }
}

story! {
    /// Changed after it answered a process: text and timeline change, its former wording is kept, no wait takes it, no trigger fires.
    async fn a_changed_answer_is_shown_and_answers_nothing_again(town) from rested {
        let first = town.fires("wait_reply", json!({})).await;
        town.settle().await;
        town.hears_text("wamid.E1", "Да").await;
        assert_eq!(town.told(first)["reply_text"], "Да");
        let until = town.conversations(&format!("phone={CLIENT}")).await[0]["window_until"].clone();
        town.advance(MINUTE);
        let second = town.fires("wait_reply", json!({"expected": ["yes_no"], "ask_again": "Да или нет?", "attempts": "2"})).await;
        town.settle().await;
        let fired = town.portal.triggers_executed().len();
        town.hears_edit("wamid.E2", "wamid.E1", "Нет").await;
        town.hears_edit_again("wamid.E2", "wamid.E1", "Нет").await;
        town.hears_edit("wamid.E3", "wamid.E1", "Нет, не завтра").await;
        assert!(town.waits(second), "a change is no answer");
        assert_eq!(town.got(), 0, "and is not asked about");
        assert_eq!((town.portal.calls_of("bizproc.event.send"), town.portal.triggers_executed().len()), (1, fired));
        let kept = town.inbound().await;
        assert_eq!(kept.len(), 1, "{kept:?}");
        let said: Vec<&Value> = kept[0]["edits"].as_array().unwrap().iter().map(|was| &was["text"]).collect();
        assert_eq!((&kept[0]["text"], said), (&json!("Нет, не завтра"), vec![&json!("Да"), &json!("Нет")]));
        assert_eq!((&kept[0]["status"], kept[0]["edited_at"].is_string()), (&json!("received"), true));
        assert_eq!(town.conversations(&format!("phone={CLIENT}")).await[0]["window_until"], until, "it opens no window");
        town.skips_a_minute().await;
        let shown = town.shown_in_deal();
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 1);
        assert!(shown.contains("Нет, не завтра") && shown.contains("изменено клиентом"), "{shown}");
        let inbox = town.api("/inbox?limit=100").await;
        assert!(inbox["items"].as_array().unwrap().iter().all(|row| row["state"] == "done"), "{inbox}");
        town.nothing_twice_nothing_lost().await;
    }
}

impl Town {
    async fn skips_a_minute(&self) {
        self.advance(MINUTE);
        self.settle().await;
    }
}

story! {
    /// Taken back, in both versions and by a status: marked, with what it said; a later change of it changes nothing.
    async fn a_message_that_was_taken_back_is_marked(town) from rested {
        town.hears_text("wamid.D1", "Позвоните мне").await;
        town.hears_text("wamid.D2", "Ошибся").await;
        town.hears_v2("wamid.D3", "text", json!({"text": "Случайно"})).await;
        let fired = town.portal.triggers_executed().len();
        for _ in 0..2 {
            town.hears_revoke("wamid.X1", "wamid.D1").await;
        }
        let event = json!({"app": APP, "timestamp": town.now(), "version": 2, "type": "message-event", "payload": {
            "id": "wamid.D2", "type": "deleted", "destination": CLIENT, "payload": {"ts": town.now() / 1_000}}});
        assert_eq!(town.hears(&event).await, 200);
        town.settle().await;
        town.hears_v2("wamid.X3", "deleted", json!({"id": "wamid.D3", "original_message_id": "wamid.D3"})).await;
        town.hears_edit("wamid.X4", "wamid.D1", "Не звоните").await;
        town.skips_a_minute().await;
        let kept = town.inbound().await;
        assert_eq!(kept.len(), 3, "{kept:?}");
        assert!(kept.iter().all(|message| message["status"] == "deleted"), "{kept:?}");
        assert_eq!((&kept[0]["text"], &kept[0]["edits"]), (&json!("Позвоните мне"), &Value::Null));
        let detail = town.api(&format!("/messages/{}", kept[0]["id"].as_str().unwrap())).await;
        assert_eq!(detail["statuses"].as_array().unwrap().iter().filter(|report| report["status"] == "deleted").count(), 1);
        assert_eq!(town.portal.triggers_executed().len(), fired);
        let shown = town.shown_in_deal();
        assert_eq!(shown.matches("удалено клиентом").count(), 3, "{shown}");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A change may overtake its message, come under its id, or be about a message that nobody has: nothing is lost, nothing fails.
    async fn changes_come_early_or_about_nothing(town) from rested {
        town.hears_edit("wamid.N2", "wamid.N1", "Новый текст").await;
        assert_eq!(town.inbound().await.len(), 0, "it waits for its message");
        let mut original = town.v3_text("wamid.N1", json!({"from": CLIENT}), "Старый текст");
        original["timestamp"] = json!((town.now() / 1_000 - 10).to_string());
        town.hears_v3(json!([original]), json!([])).await;
        town.advance(5 * SECOND);
        town.settle().await;
        let kept = town.last_inbound().await;
        assert_eq!((&kept["text"], &kept["edits"][0]["text"]), (&json!("Новый текст"), &json!("Старый текст")));
        town.hears_v2("wamid.N1", "edit", json!({"text": "Третий текст"})).await;
        assert_eq!(town.last_inbound().await["text"], "Третий текст", "the second version names it by its own id");
        town.hears_edit("wamid.N4", "wamid.NOBODY", "О чём это?").await;
        town.pass(2 * MINUTE).await;
        let kept = town.inbound().await;
        assert_eq!((kept.len(), &kept[1]["kind"], &kept[1]["text"]), (2, &json!("edited"), &json!("О чём это?")), "kept by itself");
        assert_eq!(town.portal.triggers_executed().len(), 1, "for the one message");
        town.nothing_twice_nothing_lost().await;
    }
}
