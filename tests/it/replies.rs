//! Processes that wait for a client: what is an answer, whose it is, what happens when nobody answers or nobody waits any more.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::{Document, StepId};
use courier24::sim::whatsapp::inbound::Inbound;
use serde_json::{Map, Value, json};

const OTHER: &str = "79160000002";

impl Town {
    /// The deal's process waits for an answer.
    async fn waits_for_reply(&self, more: Value) -> StepId {
        self.advance(1);
        let step = self.fires("wait_reply", more).await;
        self.settle().await;
        assert!(self.waits(step), "{:?}", self.portal.step(step));
        step
    }

    /// What the client sends reaches us after the provider's hold.
    async fn client_sends(&self, content: Inbound, context: Option<&str>) -> String {
        let wamid = self.network.user(CLIENT).sends(content, context);
        self.advance(5 * SECOND);
        self.settle().await;
        wamid
    }

    /// (code, document) of every trigger executed.
    fn fired(&self) -> Vec<(String, i64)> {
        self.portal.triggers_executed().into_iter().map(|run| (run.code, run.id)).collect()
    }
}

fn word<'a>(told: &'a Map<String, Value>, name: &str) -> &'a str {
    told[name].as_str().unwrap_or_else(|| panic!("{name}: {told:?}"))
}

fn voice() -> Inbound {
    Inbound::Media { media: "audio".to_owned(), caption: None, name: None, voice: true }
}

story! {
    /// Any answer will do: its words, kind and moment come back, the deal's field and timeline show it, no trigger fires.
    async fn an_answer_resumes_the_process(town) from rested {
        town.client_writes("Здравствуйте").await;
        let before = town.fired().len();
        let step = town.waits_for_reply(json!({"write_fields": ["UF_CRM_WA_STATUS = reply_text"]})).await;
        town.client_writes("Привезите завтра 🙂").await;
        let told = town.told(step);
        assert_eq!((word(&told, "reply_text"), word(&told, "reply_type"), word(&told, "timed_out")), ("Привезите завтра 🙂", "text", "N"));
        assert_eq!((word(&told, "reply_code"), word(&told, "ok")), ("", "Y"));
        assert_eq!(told["attempts_used"], json!(1));
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("Привезите завтра 🙂"));
        assert_eq!(town.fired().len(), before, "a live wait took it");
        let call = town.last_call().await;
        assert_eq!((&call["wait"]["state"], &call["wait"]["rule"], &call["wait"]["kind"]), (&json!("answered"), &json!("newest"), &json!("reply")));
        assert_eq!(call["wait"]["replies"][0]["verdict"], "matched");
        let message = town.api("/messages?direction=in&limit=1").await["items"][0].clone();
        assert_eq!((&message["document"]["id"], &message["document"]["found_by"]), (&json!("DEAL_512"), &json!("wait")));
        assert_eq!(call["wait"]["message_id"], message["id"]);
        assert!(town.portal.activities(Document::deal(512)).len() >= 2, "both messages stand in the timeline");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Expected words; another answer is asked again, a sticker and a voice note are no words, and in the end the process learns that.
    async fn an_unexpected_answer_is_asked_again(town) from rested {
        town.client_writes("Здравствуйте").await;
        let asked = json!({"expected": ["yes=да,ага", "no=нет"], "ask_again": "Ответьте «да» или «нет»", "attempts": "3"});
        let step = town.waits_for_reply(asked.clone()).await;
        town.client_writes("да нет наверное").await;
        assert!(town.waits(step), "ambiguous");
        town.client_sends(voice(), None).await;
        assert!(town.waits(step), "no words");
        assert_eq!(town.network.messages_to(CLIENT).len(), 2, "asked again each time");
        town.client_writes("(Да)").await;
        let told = town.told(step);
        assert_eq!((word(&told, "reply_code"), word(&told, "reply_text"), &told["attempts_used"]), ("yes", "(Да)", &json!(3)));
        let questions = town.portal.activities(Document::deal(512)).iter().filter(|entry| entry.layouts.last().unwrap().to_string().contains("Ответьте «да»")).count();
        assert_eq!(questions, 2, "the manager sees what the client was asked");
        let verdicts: Vec<Value> = town.last_call().await["wait"]["replies"].as_array().unwrap().iter().map(|it| it["verdict"].clone()).collect();
        assert_eq!(verdicts, [json!("ambiguous"), json!("not_expected"), json!("matched")]);

        let step = town.waits_for_reply(asked).await;
        for text in ["эээ", "ммм"] {
            town.client_writes(text).await;
            assert!(town.waits(step));
            town.advance(MINUTE);
        }
        town.client_sends(Inbound::Media { media: "sticker".to_owned(), caption: None, name: None, voice: false }, None).await;
        let told = town.told(step);
        assert_eq!((word(&told, "reply_code"), word(&told, "timed_out"), word(&told, "reply_type")), ("", "N", "sticker"));
        assert_eq!(told["attempts_used"], json!(3));
        let file = word(&told, "reply_file").to_owned();
        let answer = crate::support::town::send(crate::support::town::http().get(&file)).await;
        assert_eq!(answer.status(), 200, "{file}");
        assert!(town.fired().iter().all(|(code, _)| code != "courier24_message_failed"));
    }
}

story! {
    /// Numbers, dates, phones, yes and no, regular expressions come back under their own names.
    async fn built_in_kinds_are_read(town) from rested {
        town.client_writes("Здравствуйте").await;
        let table = [
            ("number", "1 500,50 руб", "number", "1500.50"),
            ("date", "21.12.2026", "date", "2026-12-21"),
            ("phone", "8 916 000-00-07", "phone", "79160000007"),
            ("yes_no", "Нет, спасибо", "no", ""),
            ("yes_no", "👍", "yes", ""),
            (r"/^[a-z]{2}-\d+$/", "AB-12", "1", ""),
            ("order=/^\\d{3}$/", "118", "order", ""),
        ];
        for (expected, text, code, value) in table {
            let step = town.waits_for_reply(json!({"expected": [expected]})).await;
            town.client_writes(text).await;
            let told = town.told(step);
            assert_eq!((word(&told, "reply_code"), word(&told, "reply_id")), (code, value), "{expected} {text}");
            town.advance(MINUTE);
        }
    }
}

story! {
    /// What cannot be read is refused with words; so are a message that does not exist and a client without a phone.
    async fn wrong_expectations_are_refused(town) from rested {
        for (expected, code) in [
            (json!(["=да"]), "property_invalid"),
            (json!(["/(/"]), "property_invalid"),
            (json!(["a=да", "a=нет"]), "duplicate_ids"),
            (json!(["a=да", "b=(ДА)"]), "duplicate_ids"),
        ] {
            town.refuses("wait_reply", json!({"expected": expected}), code).await;
        }
        town.refuses("wait_reply", json!({"reply_minutes": "0"}), "property_invalid").await;
        town.refuses("wait_reply", json!({"channel": "Склад"}), "channel_not_found").await;
        town.refuses("wait_status", json!({"message_id": "msg_nobody"}), "property_invalid").await;
        town.refuses("wait_status", json!({"message_id": ""}), "property_invalid").await;
        town.portal.deal(600).title("Без клиента");
        town.refuses_in(Document::deal(600), "wait_reply", json!({}), "phone_missing").await;
    }
}

story! {
    /// Time passes, over a restart: the process learns it once. What the client writes afterwards is an ordinary message.
    async fn a_wait_times_out_across_a_restart(town) from rested {
        let step = town.waits_for_reply(json!({"reply_minutes": "60", "write_fields": ["UF_CRM_WA_STATUS = timed_out"]})).await;
        town.pass(30 * MINUTE).await;
        town.restart().await;
        town.pass(29 * MINUTE).await;
        assert!(town.waits(step));
        town.pass(2 * MINUTE).await;
        let told = town.told(step);
        assert_eq!((word(&told, "timed_out"), word(&told, "reply_text"), word(&told, "ok")), ("Y", "", "Y"));
        assert_eq!(told["attempts_used"], json!(0));
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("Y"));
        town.client_writes("Простите, был занят").await;
        assert_eq!(town.fired(), [("courier24_client_replied".to_owned(), 512)]);
        assert_eq!(town.last_call().await["wait"]["state"], "timed_out");
        assert_eq!(town.portal.calls_of("bizproc.event.send"), 1);
    }
}

story! {
    /// The step's own time is shorter than the wait's.
    async fn a_wait_ends_before_the_step_does(town) from rested {
        let step = town.portal.firing("wait_reply", Document::deal(512)).properties(json!({})).timeout_seconds(60).fire().await.unwrap();
        town.pass(51 * SECOND).await;
        assert_eq!(word(&town.told(step), "timed_out"), "Y");
    }
}

story! {
    /// The answer and the deadline meet: whoever comes first, the process is told once, and one of both is true.
    async fn the_deadline_and_the_answer_at_one_moment(town) from rested {
        let step = town.waits_for_reply(json!({"reply_minutes": "1"})).await;
        town.network.user(CLIENT).writes("Да");
        // Both are due when the worker looks the next time.
        town.advance(2 * MINUTE);
        town.settle().await;
        let told = town.told(step);
        let answered = word(&told, "timed_out") == "N";
        assert_eq!(word(&told, "reply_text") == "Да", answered);
        assert_eq!(town.fired().is_empty(), answered, "what no wait took fires");
        assert_eq!(town.portal.calls_of("bizproc.event.send"), 1);
    }
}

story! {
    /// The client was faster than our decision: the portal did not tell the deal's phone for a while.
    async fn an_answer_before_our_commit_is_not_lost(town) from rested {
        town.portal.fault("crm.item.get", 3, courier24::sim::portal::Fault::Html { status: 503 });
        let step = town.fires("wait_reply", json!({})).await;
        town.settle().await;
        assert_eq!(town.last_call().await["state"], "accepted", "not decided yet");
        town.client_writes("Я уже ответил").await;
        town.portal.clear_faults();
        town.pass(30 * MINUTE).await;
        assert_eq!(word(&town.told(step), "reply_text"), "Я уже ответил");
    }
}

story! {
    /// Two processes wait for one client: an answer to a message of the first deal is the first deal's, any other the newest wait's.
    async fn several_waits_for_one_client(town) from rested {
        town.client_writes("Здравствуйте").await;
        town.portal.deal(513).title("Второй заказ").contact(9).stage("NEW");
        town.fires("send_text", json!({"text": "Когда привезти заказ 118?"})).await;
        town.settle().await;
        let first = town.waits_for_reply(json!({})).await;
        town.advance(MINUTE);
        let second = town.portal.fires("wait_reply", Document::deal(513), json!({})).await.unwrap();
        town.settle().await;
        let question = town.network.messages_to(CLIENT).last().unwrap().wamid.clone();
        town.network.user(CLIENT).answers(&question, "Завтра");
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!(word(&town.told(first), "reply_text"), "Завтра");
        assert!(town.waits(second));
        town.client_writes("И ещё вопрос").await;
        assert_eq!(word(&town.told(second), "reply_text"), "И ещё вопрос");
        let rules: Vec<Value> = {
            let mut rules = Vec::new();
            for call in town.api("/calls?code=wait_reply").await["items"].as_array().unwrap() {
                rules.push(town.api(&format!("/calls/{}", call["id"].as_str().unwrap())).await["wait"]["rule"].clone());
            }
            rules
        };
        assert_eq!(rules, [json!("newest"), json!("context_document")]);
    }
}

story! {
    /// The webhook comes twice: one answer, one entry.
    async fn a_repeated_webhook_answers_once(town) from rested {
        let step = town.waits_for_reply(json!({})).await;
        let event = json!({"app": crate::support::town::APP, "timestamp": town.now(), "version": 2, "type": "message", "payload": {
            "id": "wamid.TWICE", "source": CLIENT, "type": "text", "payload": {"text": "Да"},
            "sender": {"phone": CLIENT, "name": "Анна", "country_code": "7", "dial_code": "9160000001"}}});
        for _ in 0..3 {
            assert_eq!(town.hears(&event).await, 200);
        }
        town.settle().await;
        assert_eq!(word(&town.told(step), "reply_text"), "Да");
        assert_eq!(town.hears(&event).await, 200);
        town.settle().await;
        assert_eq!(town.portal.calls_of("bizproc.event.send"), 1);
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 1);
        assert_eq!(town.fired(), []);
    }
}

story! {
    /// Several phones are watched at once: any of them answers.
    async fn several_phones_are_watched(town) from rested {
        let step = town.waits_for_reply(json!({"phone": [CLIENT, OTHER]})).await;
        town.network.user(OTHER).writes("Это я, с другого номера");
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!(word(&town.told(step), "reply_text"), "Это я, с другого номера");
        assert_eq!(town.last_call().await["wait"]["watched"].as_array().unwrap().len(), 2);
        town.client_writes("А это я").await;
        assert_eq!(town.portal.calls_of("bizproc.event.send"), 1, "it was answered before");
    }
}

story! {
    /// The process is gone when the client answers: journal, deal field and trigger have it, and the trigger moves the deal once.
    async fn an_answer_to_a_process_that_is_gone_fires_the_trigger(town) from rested {
        town.portal.attach_trigger("courier24_client_replied", 2, "PREPARATION");
        let step = town.waits_for_reply(json!({"write_fields": ["UF_CRM_WA_STATUS = reply_text"]})).await;
        let workflow = town.portal.step(step).unwrap().workflow_id;
        town.portal.terminate_workflow(&workflow);
        town.client_writes("Беру!").await;
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("Беру!"));
        assert_eq!(town.fired(), [("courier24_client_replied".to_owned(), 512)]);
        assert_eq!(town.portal.field(Document::deal(512), "stageId"), json!("PREPARATION"));
        let call = town.last_call().await;
        assert_eq!((&call["answer"]["end"], &call["wait"]["state"]), (&json!("too_late"), &json!("answered")));
        let trigger = call["write_backs"].as_array().unwrap().iter().find(|row| row["kind"] == "trigger").cloned().unwrap();
        assert_eq!((&trigger["payload"]["trigger"], &trigger["state"]), (&json!("courier24_client_replied"), &json!("done")));
    }
}

story! {
    /// The deal was deleted: nothing hangs, the journal says why the portal did not take it.
    async fn a_reply_to_a_deleted_deal_is_kept(town) from rested {
        let step = town.waits_for_reply(json!({"write_fields": ["UF_CRM_WA_STATUS = reply_text"]})).await;
        let workflow = town.portal.step(step).unwrap().workflow_id;
        town.portal.terminate_workflow(&workflow);
        town.portal.remove_item(2, 512);
        town.client_writes("Ау").await;
        town.pass(HOUR).await;
        let call = town.last_call().await;
        assert_eq!(call["answer"]["end"], "too_late");
        let rows = call["write_backs"].as_array().unwrap();
        assert!(rows.len() >= 3 && rows.iter().all(|row| row["state"] == "failed"), "{rows:?}");
        assert_eq!(town.fired(), []);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A message's status: reached already, reached later, never reached.
    async fn a_status_is_waited_for(town) from rested {
        let sent = town.sends_template(json!({})).await;
        town.settle().await;
        let message = town.told(sent)["message_id"].as_str().unwrap().to_owned();
        let delivered = town.fires("wait_status", json!({"message_id": message, "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(word(&town.told(delivered), "status"), "delivered");
        let read = town.fires("wait_status", json!({"message_id": message, "wait_for": "read", "write_fields": ["UF_CRM_WA_STATUS = status"]})).await;
        town.settle().await;
        assert!(town.waits(read));
        town.network.user(CLIENT).reads();
        town.settle().await;
        assert_eq!((word(&town.told(read), "status"), word(&town.told(read), "message_id")), ("read", message.as_str()));
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("read"));

        town.network.user(CLIENT).goes_offline();
        town.advance(MINUTE);
        let sent = town.sends_template(json!({"params": ["Анна", "119"]})).await;
        town.settle().await;
        let message = town.told(sent)["message_id"].as_str().unwrap().to_owned();
        let step = town.fires("wait_status", json!({"message_id": message, "wait_hours": "1"})).await;
        town.pass(2 * HOUR).await;
        assert_eq!(word(&town.told(step), "status"), "sent", "the state reached");
        assert_eq!(town.last_call().await["wait"]["state"], "timed_out");
    }
}

story! {
    /// The triggers are registered by name, read ones only where they are wanted, and brought in line again.
    async fn triggers_are_registered(town) from rested {
        let codes = |town: &Town| town.portal.triggers().into_iter().map(|(code, _)| code).collect::<Vec<_>>();
        let five = ["button_pressed", "client_replied", "message_failed", "window_closed", "window_closing"].map(|name| format!("courier24_{name}"));
        let mut have = codes(&town);
        have.sort();
        assert_eq!(have, five);
        assert!(town.portal.triggers().iter().all(|(_, name)| name.starts_with("WhatsApp: ")));
        let (status, _) = town.request("PUT", &format!("/api/v1/portals/{}/settings", town.portal.member_id()), Some(json!({"message_read": true}))).await;
        assert_eq!(status, 200);
        town.settle().await;
        assert!(codes(&town).contains(&"courier24_message_read".to_owned()));
        town.sends_template(json!({})).await;
        town.settle().await;
        town.network.user(CLIENT).reads();
        town.settle().await;
        assert_eq!(town.fired(), [("courier24_message_read".to_owned(), 512)]);
        town.request("PUT", &format!("/api/v1/portals/{}/settings", town.portal.member_id()), Some(json!({"message_read": null}))).await;
        town.settle().await;
        assert!(!codes(&town).contains(&"courier24_message_read".to_owned()));
    }
}

story! {
    /// A message that fails for good fires once, whatever else is told about it.
    async fn a_failure_fires_its_trigger_once(town) from rested {
        town.network.user(CLIENT).not_on_whatsapp();
        town.sends_template(json!({"wait_for": "delivered"})).await;
        town.pass(MINUTE).await;
        assert_eq!(town.fired(), [("courier24_message_failed".to_owned(), 512)]);
        let message = town.last_message().await;
        let gs = message["provider_id"].as_str().unwrap().to_owned();
        town.hears(&town.failure_event(&gs, 1002, "again")).await;
        town.pass(MINUTE).await;
        assert_eq!(town.fired().len(), 1);
    }
}

story! {
    /// The portal does not answer an execution: it is asked again only when the deal was not moved meanwhile.
    async fn a_trigger_of_unknown_end_moves_the_deal_once(town) from rested {
        town.portal.attach_trigger("courier24_client_replied", 2, "PREPARATION");
        town.fires("send_template", crate::support::verdict::order_ready(json!({}))).await;
        town.settle().await;
        town.portal.fault("crm.automation.trigger.execute", 1, courier24::sim::portal::Fault::LoseReply);
        town.client_writes("Да").await;
        town.pass(HOUR).await;
        assert_eq!(town.portal.field(Document::deal(512), "stageId"), json!("PREPARATION"));
        assert_eq!(town.fired(), [("courier24_client_replied".to_owned(), 512)]);
    }
}

story! {
    /// A pressed button of a template: both triggers, its words in the API.
    async fn a_pressed_button_fires(town) from rested {
        town.fires("send_template", json!({"template": "promo:ru", "params": ["10%"], "button_params": ["0=STOP"]})).await;
        town.settle().await;
        town.network.user(CLIENT).presses("Не интересно").unwrap();
        town.advance(5 * SECOND);
        town.settle().await;
        let mut fired = town.fired();
        fired.sort();
        assert_eq!(fired, [("courier24_button_pressed".to_owned(), 512), ("courier24_client_replied".to_owned(), 512)]);
        let message = town.api("/messages?direction=in&limit=1").await["items"][0].clone();
        assert_eq!((&message["kind"], &message["reply"]["id"], &message["reply"]["title"]), (&json!("button"), &json!("STOP"), &json!("Не интересно")));
        assert_eq!(message["document"]["found_by"], "context");
    }
}

story! {
    /// A message a day late opens no window, but it is the answer that was waited for.
    async fn a_late_message_resumes_its_wait(town) from rested {
        let step = town.waits_for_reply(json!({"reply_minutes": "4320"})).await;
        town.advance(2 * DAY);
        let written = town.now() - 26 * HOUR;
        let event = json!({"app": crate::support::town::APP, "timestamp": written, "version": 2, "type": "message", "payload": {
            "id": "wamid.LATE", "source": CLIENT, "type": "text", "payload": {"text": "Вчера писал"}, "sender": {"phone": CLIENT}}});
        assert_eq!(town.hears(&event).await, 200);
        town.settle().await;
        assert_eq!(word(&town.told(step), "reply_text"), "Вчера писал");
        let talk = town.api("/conversations?phone=79160000001").await["items"][0].clone();
        assert_eq!(talk["window_until"], Value::Null);
    }
}

/// Buttons that the process waits at.
fn buttons(more: Value) -> Value {
    let mut all = json!({"text": "Удобно завтра?", "buttons": ["yes|Да", "no|Нет"], "wait_reply": "Y", "reply_minutes": "60"});
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

story! {
    /// A pressed button is its id; the words of one are a press as well; so is its number.
    async fn buttons_are_waited_at(town) from rested {
        town.client_writes("Здравствуйте").await;
        for (answer, id, title) in [("", "yes", "Да"), ("нет!", "no", "Нет"), ("1.", "yes", "Да"), ("Может быть", "", "")] {
            town.advance(MINUTE);
            let step = town.fires("send_buttons", buttons(json!({}))).await;
            town.settle().await;
            assert!(town.waits(step), "{:?}", town.portal.step(step));
            if answer.is_empty() {
                town.network.user(CLIENT).presses(title).unwrap();
                town.advance(5 * SECOND);
                town.settle().await;
            } else {
                town.client_writes(answer).await;
            }
            let told = town.told(step);
            assert_eq!((word(&told, "reply_id"), word(&told, "reply_title"), word(&told, "timed_out")), (id, title, "N"), "{answer}");
            assert_eq!((word(&told, "status"), word(&told, "ok")), ("delivered", "Y"));
            assert!(!word(&told, "reply_text").is_empty());
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The button of a question whose time is over is no answer to the next question; a voice note chooses nothing.
    async fn a_button_answers_its_own_question_only(town) from rested {
        town.client_writes("Здравствуйте").await;
        let first = town.fires("send_buttons", buttons(json!({"reply_minutes": "10"}))).await;
        town.pass(11 * MINUTE).await;
        assert_eq!(word(&town.told(first), "timed_out"), "Y");
        let old = town.network.messages_to(CLIENT).last().unwrap().clone();
        let second = town.fires("send_buttons", buttons(json!({"buttons": ["a|Утром", "b|Вечером"], "text": "Когда?"}))).await;
        town.settle().await;
        let before = town.fired().len();
        let press = Inbound::ButtonReply { title: "Да".to_owned(), index: 0, postback: Some("yes".to_owned()), request_id: None };
        town.client_sends(press, Some(&old.wamid)).await;
        assert!(town.waits(second));
        town.client_sends(voice(), None).await;
        assert!(town.waits(second));
        assert_eq!(town.fired().len(), before + 3, "a press, its reply, and the voice note");
        town.network.user(CLIENT).presses("Вечером").unwrap();
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!((word(&town.told(second), "reply_id"), town.last_call().await["wait"]["rule"].clone()), ("b", json!("context")));
    }
}

story! {
    /// A row of a list, and the client's own place.
    async fn lists_and_places_are_waited_for(town) from rested {
        town.client_writes("Здравствуйте").await;
        let rows = json!({"text": "Куда?", "list_button": "Выбрать", "rows": ["#Центр", "wh1|Склад 1|ул. А", "wh2|Склад 2"], "wait_reply": "Y", "reply_minutes": "60"});
        let step = town.fires("send_list", rows).await;
        town.settle().await;
        town.network.user(CLIENT).presses("Склад 2").unwrap();
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!((word(&town.told(step), "reply_id"), word(&town.told(step), "reply_title")), ("wh2", "Склад 2"));
        town.advance(MINUTE);
        let step = town.fires("request_location", json!({"text": "Где вы?", "wait_reply": "Y", "reply_minutes": "60"})).await;
        town.settle().await;
        town.client_writes("Дома").await;
        assert!(town.waits(step), "words are no place");
        town.client_sends(Inbound::Location { latitude: 55.75, longitude: 37.61, name: None, address: None }, None).await;
        let told = town.told(step);
        assert_eq!((&told["latitude"], &told["longitude"], word(&told, "timed_out")), (&json!(55.75), &json!(37.61), "N"));
    }
}

story! {
    /// A question that failed is answered at once: nobody can reply to it.
    async fn a_failed_question_does_not_wait(town) from rested {
        town.client_writes("Здравствуйте").await;
        town.network.user(CLIENT).not_on_whatsapp();
        let step = town.fires("send_buttons", buttons(json!({}))).await;
        town.pass(MINUTE).await;
        let told = town.told(step);
        assert_eq!((word(&told, "status"), word(&told, "ok"), word(&told, "timed_out")), ("failed", "N", ""));
        assert_eq!(town.last_call().await["wait"]["state"], "ended");
    }
}
