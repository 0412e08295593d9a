//! Follow-ups: each moment, each end, chains, calendars, quiet hours; and that nothing leaves after a stop, whatever comes first.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, Ms, SECOND, iso};
use courier24::flow::{deliver, follow_up, receive};
use courier24::queue::{self, Group, Job};
use courier24::sim::portal::{Document, Fault, StepId};
use serde_json::{Map, Value, json};

/// A nudge by text an hour after the client's silence, with these on top.
pub(crate) fn nudge(more: Value) -> Value {
    with(json!({"when": "after_silence", "offset_minutes": "60", "text": "Вы ещё с нами?"}), more)
}

/// The same by template: at any time.
pub(crate) fn reminder(more: Value) -> Value {
    with(json!({"when": "after_silence", "offset_minutes": "60", "template": "order_ready:ru", "params": ["Анна", "118"]}), more)
}

fn with(mut all: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

impl Town {
    /// Arms a follow-up in deal 512; the process has been told so.
    pub(crate) async fn arms(&self, properties: Value) -> Map<String, Value> {
        self.arms_in(Document::deal(512), properties).await
    }

    pub(crate) async fn arms_in(&self, document: Document, properties: Value) -> Map<String, Value> {
        self.advance(1);
        let step: StepId = self.portal.fires("follow_up", document, properties).await.unwrap();
        self.settle().await;
        let told = self.told(step);
        assert_eq!(told["ok"], "Y", "{told:?}");
        assert_eq!(told["status"], "queued");
        assert!(!told["follow_up_id"].as_str().unwrap().is_empty(), "{told:?}");
        told
    }

    async fn cancels(&self, properties: Value) -> Value {
        self.advance(1);
        let step = self.fires("cancel_follow_ups", properties).await;
        self.settle().await;
        let told = self.told(step);
        assert_eq!(told["ok"], "Y", "{told:?}");
        told["cancelled"].clone()
    }

    pub(crate) async fn follow_up(&self, told: &Map<String, Value>) -> Value {
        self.api(&format!("/follow-ups/{}", told["follow_up_id"].as_str().unwrap())).await
    }

    /// State and reason.
    pub(crate) async fn fate(&self, told: &Map<String, Value>) -> (String, String) {
        let shown = self.follow_up(told).await;
        (shown["state"].as_str().unwrap().to_owned(), shown["reason"].as_str().unwrap_or_default().to_owned())
    }

    async fn sets(&self, settings: Value) {
        let path = format!("/api/v1/portals/{}/settings", self.portal.member_id());
        let (status, body) = self.request("PUT", &path, Some(settings)).await;
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) async fn skips(&self, by: Ms) {
        self.advance(by);
        self.settle().await;
    }
}

pub(crate) fn ended(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}

story! {
    /// The text comes an hour before the window closes, belongs to its call and document, and stands in the timeline.
    async fn before_the_window_closes(town) {
        town.portal.user_field(2, "UF_CRM_WA_STATUS", "string");
        town.client_writes("Здравствуйте").await;
        let until = town.now() - 5 * SECOND + DAY;
        let told = town.arms(nudge(json!({"when": "before_window_closes", "write_fields": ["UF_CRM_WA_STATUS = status"]}))).await;
        let shown = town.follow_up(&told).await;
        assert_eq!(shown["due_at"], iso(until - HOUR), "{shown}");
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), "queued");
        town.skips(until - HOUR - town.now() - SECOND).await;
        assert_eq!(town.got(), 0, "not a moment too early");
        town.skips(SECOND).await;
        assert_eq!(town.texts(), ["Вы ещё с нами?"]);
        town.skips(MINUTE).await;
        let call = town.last_call().await;
        assert_eq!(call["code"], "follow_up");
        let message = town.last_message().await;
        assert_eq!((&message["call_id"], &message["document"]["id"]), (&call["id"], &json!("DEAL_512")));
        assert_eq!(call["attempts"].as_array().unwrap().len(), 1, "{call}");
        assert_eq!(town.fate(&told).await, ended("sent", ""));
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), "delivered");
        // The client's words and ours.
        assert_eq!(town.portal.activities(Document::deal(512)).len() + town.portal.timeline(Document::deal(512)).len(), 2);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A template after the window closed; text alone is refused at once, since it could never go.
    async fn after_the_window_closed(town) {
        town.client_writes("Здравствуйте").await;
        let until = town.now() - 5 * SECOND + DAY;
        town.refuses("follow_up", nudge(json!({"when": "after_window_closed"})), "property_invalid").await;
        let told = town.arms(reminder(json!({"when": "after_window_closed", "offset_minutes": "0", "text": "Пока окно открыто"}))).await;
        town.skips(until - town.now() - 1).await;
        assert_eq!(town.got(), 0);
        town.skips(1).await;
        let sent = town.network.messages_to(CLIENT);
        assert_eq!((sent.len(), sent[0].template.is_some()), (1, true), "the window is closed: the template, not the text");
        assert_eq!(town.fate(&told).await, ended("sent", ""));
    }
}

story! {
    /// Silence is counted from the robot's call, or from what the client said since.
    async fn after_the_clients_silence(town) {
        town.client_writes("Здравствуйте").await;
        let told = town.arms(nudge(json!({"stop_on": ["won_lost"]}))).await;
        town.skips(30 * MINUTE).await;
        town.client_writes("Минутку").await;
        let heard = town.now() - 5 * SECOND;
        assert_eq!(town.follow_up(&told).await["due_at"], iso(heard + HOUR), "a reply that does not end it begins the silence anew");
        town.skips(heard + HOUR - town.now() - 1).await;
        assert_eq!(town.got(), 0);
        town.skips(1).await;
        assert_eq!(town.texts(), ["Вы ещё с нами?"]);
    }
}

story! {
    /// A moment in the portal's format, with and without its offset, and in ISO; what is no moment or has passed is told.
    async fn at_a_time(town) {
        let due = |told: &Map<String, Value>| told["due_at"].as_str().unwrap().to_owned();
        for at in ["22.11.2026 18:00:00", "22.11.2026 20:00:00 [18000]", "2026-11-22T18:00:00+03:00", "2026-11-22T15:00:00Z", "2026-11-22 18:00"] {
            let told = town.arms(reminder(json!({"when": "at", "at": at, "offset_minutes": "0", "chain": at}))).await;
            assert_eq!(due(&told), "2026-11-22T18:00:00+03:00", "{at}");
        }
        let told = town.arms(reminder(json!({"when": "at", "at": "22.11.2026 18:00:00", "time_zone": "Asia/Almaty"}))).await;
        assert_eq!(due(&told), "2026-11-22T17:00:00+03:00", "an hour after six in Almaty is five in Moscow");
        assert_eq!(town.cancels(json!({})).await, json!(6));
        for (at, words) in [("завтра", "21.09.2026"), ("", "required"), ("21.11.2026 18:00:00", "passed")] {
            let text = town.refuses("follow_up", reminder(json!({"when": "at", "at": at})), "property_invalid").await;
            assert!(!text.is_empty() && !text.contains("hint-"), "{at} {words} {text}");
        }
        for (name, value) in [("time_zone", "Moscow"), ("calendar", "whenever"), ("calendar", "0 10 31 2 *"), ("when", "someday"),
                              ("offset_minutes", "-5"), ("stop_on", "boredom"), ("repeat", "many")] {
            let text = town.refuses("follow_up", reminder(json!({name: value})), "property_invalid").await;
            assert!(text.contains(name) && !text.contains("hint-"), "{name}: {text}");
        }
        town.refuses("follow_up", json!({"when": "after_silence", "text": " "}), "text_empty").await;
        town.refuses("follow_up", json!({"when": "before_window_closes", "text": "x"}), "window_closed").await;
        town.refuses("follow_up", reminder(json!({"template": "none:ru"})), "template_not_found").await;
        town.refuses("follow_up", reminder(json!({"params": ["1"]})), "template_params_mismatch").await;
        town.refuses("follow_up", reminder(json!({"phone": ["нет"]})), "phone_invalid").await;
        town.refuses("cancel_follow_ups", json!({"phone": ["нет"]}), "phone_invalid").await;
        town.pass(2 * DAY).await;
        assert_eq!(town.got(), 0, "what was refused or cancelled never leaves");
    }
}

story! {
    /// A reply ends it; a reaction does not, nor what was written before it was armed.
    async fn a_reply_ends_it(town) {
        town.network.user(CLIENT).writes("Здравствуйте");
        town.advance(SECOND);
        let told = town.arms(reminder(json!({}))).await;
        town.skips(5 * SECOND).await;
        assert_eq!(town.fate(&told).await, ended("pending", ""), "written before, heard after");
        town.skips(10 * MINUTE).await;
        town.client_writes("Да, слушаю").await;
        assert_eq!(town.fate(&told).await, ended("stopped", "reply"));
        town.pass(2 * DAY).await;
        assert_eq!(town.got(), 0);
        let jobs = town.api("/jobs?state=ready&kind=follow_up").await;
        assert_eq!(jobs["items"], json!([]), "its timer is gone");
    }
}

story! {
    /// A document that moves on or ends stops it by its event; one that concerns nobody costs one look-up and no request.
    async fn crm_ends_it(town) {
        assert!(town.portal.bindings().iter().all(|binding| !binding.event.starts_with("ONCRM")), "nothing is bound before it is needed");
        let told = town.arms(reminder(json!({}))).await;
        let only = town.arms(reminder(json!({"stop_on": ["won_lost"], "chain": "won"}))).await;
        let bound: Vec<String> = town.portal.bindings().into_iter().map(|binding| binding.event).filter(|name| name.starts_with("ONCRM")).collect();
        assert_eq!(bound, ["ONCRMDEALUPDATE", "ONCRMDEALDELETE"]);
        town.portal.deal(600).title("Чужая");
        town.portal.clear_requests();
        town.portal.move_item(Document::deal(600), "PREPARATION").await;
        town.settle().await;
        town.skips(10 * SECOND).await;
        assert_eq!(town.portal.request_count(), 0, "an event that concerns nothing asks nothing");
        for _ in 0..3 {
            town.portal.move_item(Document::deal(512), "PREPARATION").await;
            town.settle().await;
            town.advance(SECOND);
            town.portal.move_item(Document::deal(512), "EXECUTING").await;
            town.settle().await;
        }
        assert_eq!(town.portal.calls_of("crm.item.get"), 0, "collected for five seconds");
        town.skips(5 * SECOND).await;
        assert!(town.portal.calls_of("crm.item.get") <= 2, "{}", town.portal.calls_of("crm.item.get"));
        assert_eq!(town.fate(&told).await, ended("stopped", "stage_change"));
        assert_eq!(town.fate(&only).await, ended("pending", ""));
        town.portal.move_item(Document::deal(512), "WON").await;
        town.skips(6 * SECOND).await;
        assert_eq!(town.fate(&only).await, ended("stopped", "won_lost"));
        town.skips(11 * MINUTE).await;
        assert!(town.portal.bindings().iter().all(|binding| !binding.event.starts_with("ONCRM")), "unbound when nobody needs it");
        town.pass(DAY).await;
        assert_eq!(town.got(), 0);
    }
}

story! {
    /// Events are lost: the document itself is read before every send, and nothing leaves while it cannot be.
    async fn lost_events_change_nothing(town) {
        let moved = town.arms(reminder(json!({"chain": "a"}))).await;
        town.portal.deal(512).stage("EXECUTING");
        town.skips(HOUR).await;
        assert_eq!(town.fate(&moved).await, ended("stopped", "stage_change"));
        let gone = town.arms(reminder(json!({"chain": "b", "phone": [CLIENT]}))).await;
        town.portal.delete_item(Document::deal(512));
        town.skips(HOUR).await;
        assert_eq!(town.fate(&gone).await, ended("stopped", "document_gone"));
        town.furnish();
        let unsure = town.arms(reminder(json!({"chain": "c"}))).await;
        town.portal.fault("crm.item.get", None, Fault::Html { status: 503 });
        town.skips(HOUR).await;
        assert_eq!((town.fate(&unsure).await, town.got()), (ended("pending", ""), 0), "nothing is sent on a guess");
        town.portal.clear_faults();
        town.pass(10 * MINUTE).await;
        assert_eq!((town.fate(&unsure).await, town.got()), (ended("sent", ""), 1));
    }
}

story! {
    /// A chain is one for its document and recipient: it ends as a whole, and what is armed again replaces itself.
    async fn chains_repeat_and_end_as_a_whole(town) {
        let first = town.arms(reminder(json!({"chain": "nudges", "repeat": "2"}))).await;
        let again = town.arms(reminder(json!({"chain": "nudges", "repeat": "2"}))).await;
        assert_eq!(town.fate(&first).await, ended("cancelled", "rearmed"));
        for sends in 1..=3 {
            town.skips(HOUR).await;
            assert_eq!(town.got(), sends);
        }
        town.pass(DAY).await;
        assert_eq!((town.fate(&again).await, town.got()), (ended("sent", ""), 3), "once and two repeats");
        assert_eq!(town.follow_up(&again).await["sends"], 3);
        town.arms(reminder(json!({"chain": "nudges"}))).await;
        town.arms(reminder(json!({"chain": "nudges", "offset_minutes": "120"}))).await;
        town.arms(reminder(json!({"chain": "other"}))).await;
        town.arms(reminder(json!({"phone": ["79160000002"]}))).await;
        assert_eq!(town.cancels(json!({"chain": "nobody"})).await, json!(0));
        assert_eq!(town.cancels(json!({"chain": "nudges"})).await, json!(2));
        assert_eq!(town.cancels(json!({"phone": ["+7 916 000-00-02"]})).await, json!(1));
        assert_eq!(town.cancels(json!({})).await, json!(1));
        assert_eq!(town.cancels(json!({})).await, json!(0));
        town.pass(DAY).await;
        assert_eq!(town.got(), 3);
    }
}

story! {
    /// Calendars are on the recipient's wall clock where the number tells it, else on the portal's.
    async fn calendars_are_kept(town) {
        let due = |told: &Map<String, Value>| told["due_at"].as_str().unwrap().to_owned();
        let told = town.arms(reminder(json!({"calendar": "working_hours", "chain": "w"}))).await;
        assert_eq!(due(&told), "2026-11-23T09:00:00+03:00", "today is Sunday");
        let told = town.arms(reminder(json!({"calendar": "30 12 * * 1-5", "chain": "c"}))).await;
        assert_eq!(due(&told), "2026-11-23T12:30:00+03:00");
        let told = town.arms(reminder(json!({"calendar": "0 12 * * *", "phone": ["+49 151 12345678"]}))).await;
        assert_eq!(due(&told), "2026-11-22T14:00:00+03:00", "noon in Berlin");
        town.sets(json!({"working_hours": "mon-sun 08:00-20:00"})).await;
        let told = town.arms(reminder(json!({"calendar": "working_hours", "chain": "s"}))).await;
        assert!(due(&told).starts_with("2026-11-22T11:0"), "{}", due(&told));
    }
}

story! {
    /// Quiet hours hold every robot's send, templates and texts alike; a client who is just talking is answered.
    async fn quiet_hours_hold_every_send(town) {
        town.sets(json!({"quiet_hours": "21:00-09:00"})).await;
        town.skips(12 * HOUR).await;
        let held = town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(held) && town.got() == 0, "22:00: quiet");
        assert_eq!(town.last_message().await["status"], "held");
        assert_eq!(town.last_message().await["error"]["code"], "quiet_hours");
        town.client_writes("Вы работаете?").await;
        let answer = town.fires("send_text", json!({"text": "Да"})).await;
        town.settle().await;
        assert_eq!(town.told(answer)["ok"], "Y", "who has just written is answered");
        let before = town.got();
        town.skips(2 * HOUR).await;
        let later = town.sends_template(json!({"params": ["Анна", "119"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert!(town.waits(later) && town.got() == before, "two hours later it is quiet again");
        town.skips(10 * HOUR).await;
        town.settle().await;
        town.skips(MINUTE).await;
        assert_eq!(town.told(later)["status"], "delivered");
        assert!(!town.waits(held));
        town.patches_channel(json!({"settings": {"quiet_hours": "off"}})).await;
        town.skips(14 * HOUR).await;
        let step = town.sends_template(json!({"params": ["Анна", "120"]})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y", "this channel has none");
        let (status, told) = town.request("PATCH", &town.channel_path(), Some(json!({"settings": {"quiet_hours": "9-21"}}))).await;
        assert_eq!((status, &told["code"]), (422, &json!("setting_invalid")));
    }
}

story! {
    /// Where holding would only meet a closed window, the process is told at once; a follow-up comes before the quiet hours instead.
    async fn quiet_hours_that_cannot_be_waited_for_are_told(town) {
        town.sets(json!({"quiet_hours": "21:00-09:00"})).await;
        town.skips(2 * HOUR).await;
        town.client_writes("Здравствуйте").await;
        let told = town.arms(nudge(json!({"when": "before_window_closes", "offset_minutes": "840"}))).await;
        assert!(told["due_at"].as_str().unwrap().starts_with("2026-11-22T20:59:"), "{told:?}");
        town.cancels(json!({})).await;
        town.skips(20 * HOUR).await;
        // At eight in the morning: tomorrow the window ends an hour before the quiet hours do.
        town.client_writes("Ещё не спите?").await;
        town.skips(23 * HOUR + 50 * MINUTE).await;
        town.refuses("send_text", json!({"text": "Доброе утро"}), "quiet_hours").await;
        town.refuses("follow_up", nudge(json!({"when": "before_window_closes", "calendar": "0 8 * * *"})), "window_closed").await;
    }
}

story! {
    /// A restart loses no follow-up; one that comes too late after an outage is skipped and says so.
    async fn a_late_start_follows_the_rule(town) {
        let kept = town.arms(reminder(json!({"chain": "a"}))).await;
        town.restart().await;
        town.skips(HOUR).await;
        // Shards taken over begin with empty budgets.
        town.pass(MINUTE).await;
        assert_eq!((town.fate(&kept).await, town.got()), (ended("sent", ""), 1));
        let late = town.arms(reminder(json!({"chain": "b", "params": ["Анна", "119"]}))).await;
        town.kill().await;
        town.advance(6 * HOUR);
        town.start().await;
        town.pass(MINUTE).await;
        assert_eq!((town.fate(&late).await, town.got()), (ended("sent", ""), 2), "five hours late is still of use");
        let stale = town.arms(reminder(json!({"chain": "c"}))).await;
        town.kill().await;
        town.advance(8 * HOUR);
        town.start().await;
        town.settle().await;
        assert_eq!((town.fate(&stale).await, town.got()), (ended("skipped", "late"), 2));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// What the window and the template have become by then decides, as for any send.
    async fn the_gate_decides_when_its_moment_comes(town) {
        town.client_writes("Здравствуйте").await;
        let told = town.arms(nudge(json!({"offset_minutes": "2000", "stop_on": ["won_lost"]}))).await;
        town.pass(2_000 * MINUTE).await;
        assert_eq!((town.fate(&told).await, town.got()), (ended("skipped", "refused"), 0));
        assert_eq!(town.follow_up(&told).await["error"]["code"], "window_closed");
        let both = town.arms(reminder(json!({"text": "Пока открыто"}))).await;
        town.skips(HOUR).await;
        assert_eq!(town.fate(&both).await, ended("sent", ""));
        assert_eq!(town.last_message().await["kind"], "template", "the text's window is closed: the template goes");
        let held = town.arms(reminder(json!({"chain": "held"}))).await;
        town.patches_channel(json!({"paused": true})).await;
        town.skips(HOUR).await;
        assert_eq!(town.last_message().await["status"], "held");
        town.portal.deal(512).stage("EXECUTING");
        town.patches_channel(json!({"paused": false})).await;
        town.skips(MINUTE).await;
        assert_eq!((town.fate(&held).await, town.got()), (ended("stopped", "stage_change"), 1), "held on its way, and read once more");
    }
}

story! {
    /// Pages and scripts list, make and end follow-ups under the robot's own rules.
    async fn the_api_makes_and_ends_them(town) {
        let asked = json!({"to": {"phone": "+7 916 000-00-01"}, "document": "DEAL_512", "when": "after_silence", "offset_minutes": 60,
            "template": "order_ready:ru", "params": ["Анна", "118"], "chain": "api"});
        let (status, made) = town.api_post("/follow-ups", asked.clone()).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!((&made["state"], &made["recipient"], &made["document"]["id"]), (&json!("pending"), &json!(CLIENT), &json!("DEAL_512")));
        let (status, of_deal) = town.api_post("/follow-ups", with(asked.clone(), json!({"to": {"document": "DEAL_512"}, "chain": "b"}))).await;
        assert_eq!((status, &of_deal["recipient"]), (201, &json!(CLIENT)), "{of_deal}");
        let listed = town.api("/follow-ups?document=DEAL_512&state=pending&limit=1").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        let next = town.api(&format!("/follow-ups?document=DEAL_512&state=pending&limit=1&after={}", listed["next"].as_str().unwrap())).await;
        assert_eq!((next["items"].as_array().unwrap().len(), &next["next"]), (1, &Value::Null));
        assert_eq!(town.api("/follow-ups?phone=89160000001&chain=api").await["items"][0]["id"], made["id"]);
        let path = format!("/api/v1/portals/{}/follow-ups/{}", town.portal.member_id(), of_deal["id"].as_str().unwrap());
        let (status, cancelled) = town.request("DELETE", &path, None).await;
        assert_eq!((status, &cancelled["state"], &cancelled["due_at"]), (200, &json!("cancelled"), &Value::Null));
        let (status, again) = town.request("DELETE", &path, None).await;
        assert_eq!((status, &again["state"]), (200, &json!("cancelled")));
        let (status, none) = town.request("DELETE", &path.replace("fu_", "no_"), None).await;
        assert_eq!((status, &none["code"]), (404, &json!("not_found")));
        town.skips(HOUR).await;
        assert_eq!(town.got(), 1);
        for (wrong, code) in [
            (json!({"to": {}}), "body_invalid"),
            (json!({"stop_on": []}), "body_invalid"),
            (json!({"when": "someday"}), "follow_up_refused"),
            (json!({"calendar": "0 10 31 2 *"}), "follow_up_refused"),
            (json!({"document": "TASK_1"}), "follow_up_refused"),
            (json!({"template": "none:ru"}), "follow_up_refused"),
        ] {
            let (status, problem) = town.api_post("/follow-ups", with(asked.clone(), wrong.clone())).await;
            assert!((400..500).contains(&status) && problem["code"] == code, "{wrong}: {status} {problem}");
            assert!(problem["detail"].as_str().unwrap().chars().count() > 20, "{problem}");
        }
    }
}

story! {
    /// `window_closing` and `window_closed` fire once a window for the document, and not when the client was answered.
    async fn windows_that_close_tell_the_deal(town) {
        town.fires("send_template", crate::support::verdict::order_ready(json!({}))).await;
        town.settle().await;
        town.skips(MINUTE).await;
        town.client_writes("Здравствуйте").await;
        let until = town.now() - 5 * SECOND + DAY;
        town.skips(until - HOUR - town.now() - SECOND).await;
        let codes = |town: &Town| town.portal.triggers_executed().iter().map(|run| run.code.clone()).filter(|code| code.contains("window")).collect::<Vec<_>>();
        assert!(codes(&town).is_empty());
        town.skips(SECOND).await;
        town.skips(SECOND).await;
        assert_eq!(codes(&town), ["courier24_window_closing"]);
        town.skips(HOUR).await;
        assert_eq!(codes(&town), ["courier24_window_closing", "courier24_window_closed"]);
        town.client_writes("Ау").await;
        town.fires("send_text", json!({"text": "Слушаю"})).await;
        town.pass(2 * DAY).await;
        assert_eq!(codes(&town).len(), 2, "answered: nobody has to be told");
    }
}

/// Where in its life a stop meets a follow-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    BeforeDue,
    Claimed,
    ReadingCrm,
    Made,
    ClaimedToSend,
    ReadingCrmAgain,
    /// Everything has been looked at, and the mark is about to be committed.
    Marking,
    OnTheWire,
    Sent,
}

const MOMENTS: [Moment; 9] = [
    Moment::BeforeDue,
    Moment::Claimed,
    Moment::ReadingCrm,
    Moment::Made,
    Moment::ClaimedToSend,
    Moment::ReadingCrmAgain,
    Moment::Marking,
    Moment::OnTheWire,
    Moment::Sent,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopBy {
    /// The client writes.
    Reply,
    /// The client writes a word of refusal.
    Word,
    /// A page writes the refusal down.
    OptOut,
    /// The deal moves on.
    Stage,
    /// The deal is deleted.
    Deleted,
    /// A person ends the follow-up.
    Person,
}

const STOPS: [StopBy; 6] = [StopBy::Reply, StopBy::Word, StopBy::OptOut, StopBy::Stage, StopBy::Deleted, StopBy::Person];

/// A town whose workers move one step at a time.
struct Steps<'a> {
    town: &'a Town,
    told: Map<String, Value>,
    stop: StopBy,
    /// Every life has a client of its own, whom the provider's list does not know yet.
    phone: String,
}

impl Steps<'_> {
    /// Claims the due jobs of one kind, as a worker does; others are put back.
    async fn claim(&self, kind: &str) -> Vec<Group> {
        let ctx = self.town.ctx();
        let mut groups = Vec::new();
        for mut group in queue::claim(&ctx.db, ctx.ids.as_ref(), &queue::all_shards(), self.town.now(), 10 * MINUTE, 100).await.unwrap() {
            let (ours, others): (Vec<_>, Vec<_>) = group.jobs.into_iter().partition(|job| job.job.kind() == kind);
            let tx = ctx.db.begin().await.unwrap();
            for job in &others {
                queue::release(&tx, job, self.town.now(), None, false).await.unwrap();
            }
            tx.commit("story.others").await.unwrap();
            group.jobs = ours;
            if !group.jobs.is_empty() {
                groups.push(group);
            }
        }
        groups
    }

    /// Commits the stop: what a webhook, an event, a page or a word of refusal does.
    async fn stops(&self) {
        let (ctx, portal) = (self.town.ctx(), self.town.portal.member_id());
        let id = self.told["follow_up_id"].as_str().unwrap();
        match self.stop {
            StopBy::Person => {
                follow_up::api::cancel(ctx, portal, id).await.unwrap();
            }
            StopBy::Reply | StopBy::Word => {
                let text = if self.stop == StopBy::Reply { "Да, слушаю" } else { "Стоп" };
                let event = json!({"app": APP, "timestamp": self.town.now(), "version": 2, "type": "message", "payload": {
                    "id": format!("wamid.{}", self.phone), "source": self.phone, "type": "text", "payload": {"text": text},
                    "sender": {"phone": self.phone}}});
                assert_eq!(self.town.hears(&event).await, 200);
                for group in self.claim("receive").await {
                    assert!(receive::handle(ctx, group).await.is_empty());
                }
            }
            StopBy::OptOut => {
                let path = format!("/api/v1/portals/{portal}/consents");
                let refusal = json!({"phone": self.phone, "action": "opt_out", "scope": "all", "evidence": "по телефону"});
                let (status, told) = self.town.request("PUT", &path, Some(refusal)).await;
                assert!((200..300).contains(&status), "{told}");
            }
            StopBy::Stage | StopBy::Deleted => {
                if self.stop == StopBy::Stage {
                    self.town.portal.deal(512).stage("EXECUTING");
                } else {
                    self.town.portal.delete_item(Document::deal(512));
                }
                let tx = ctx.db.begin().await.unwrap();
                let job = queue::NewJob::at(portal, Job::ReadDocument { document_id: "DEAL_512".to_owned() }, self.town.now());
                queue::enqueue(&tx, ctx.ids.as_ref(), self.town.now(), &[job]).await.unwrap();
                tx.commit("story.event").await.unwrap();
                for group in self.claim("read_document").await {
                    follow_up::document::handle(ctx, group).await;
                }
            }
        }
    }

    /// Plays one life with the stop at this moment; returns whether anything was sent.
    async fn play(&self, moment: Moment) -> bool {
        let (town, ctx) = (self.town, self.town.ctx());
        let before = town.sends();
        if moment == Moment::BeforeDue {
            self.stops().await;
        }
        town.advance(HOUR);
        let due = self.claim("follow_up").await;
        if moment == Moment::Claimed {
            self.stops().await;
        }
        for group in due {
            self.during(moment == Moment::ReadingCrm, moment, follow_up::fire::handle(ctx, group)).await;
        }
        if moment == Moment::Made {
            self.stops().await;
        }
        if moment == Moment::ReadingCrmAgain {
            town.advance(MINUTE);
        }
        let sends = self.claim("deliver").await;
        if moment == Moment::ClaimedToSend {
            self.stops().await;
        }
        for group in sends {
            let meets = matches!(moment, Moment::ReadingCrmAgain | Moment::Marking | Moment::OnTheWire);
            self.during(meets, moment, deliver::handle(ctx, group)).await;
        }
        if moment == Moment::Sent {
            self.stops().await;
        }
        // Leases of this story's hands end, then everything else happens.
        town.advance(11 * MINUTE);
        let tx = ctx.db.begin().await.unwrap();
        queue::reclaim(&tx, queue::Lost::Expired, town.now()).await.unwrap();
        tx.commit("story.reclaim").await.unwrap();
        town.settle().await;
        town.pass(HOUR).await;
        town.sends() > before
    }

    /// Runs a step; where told, the stop is committed while the step waits for an answer: of CRM, which answers from before it, of the
    /// provider's list right before the mark, or of the provider itself.
    async fn during<T>(&self, stopped: bool, moment: Moment, step: impl Future<Output = T>) {
        if !stopped {
            step.await;
            return;
        }
        let slow = |path: &str| {
            let fault = courier24::sim::whatsapp::fault::Fault::Slow { ms: 400 };
            self.town.network.fault(courier24::sim::whatsapp::fault::FaultRule { path: path.to_owned(), times: 1, skip: 0, fault });
        };
        match moment {
            Moment::Marking => slow("/opt/in/"),
            Moment::OnTheWire => slow("/msg"),
            _ => self.town.portal.fault("crm.item.get", 1, Fault::Slow { ms: 400 }),
        }
        let stop = async {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            // The reader of the event must not meet the slow answer itself.
            self.town.portal.clear_faults();
            self.stops().await;
        };
        futures::join!(step, stop);
        self.town.portal.clear_faults();
        self.town.network.clear_faults();
    }
}

story! {
    /// In every interleaving of {due, claim, CRM read, made, claimed to send, CRM read again, marking, on the wire} with each stop: what
    /// was committed before the mark wins, and after it nothing is taken back.
    async fn nothing_is_sent_after_a_stop(town) {
        // The provider's list is told right before the mark: a stop can be played in between.
        town.patches_channel(json!({"settings": {"mark_opt_in": "before_first_template"}})).await;
        for (number, (stop, moment)) in STOPS.into_iter().flat_map(|stop| MOMENTS.map(|moment| (stop, moment))).enumerate() {
            town.furnish();
            let phone = format!("7916{:07}", 2_000 + number);
            let told = town.arms(reminder(json!({"params": ["Анна", format!("{stop:?}{moment:?}")], "phone": [phone]}))).await;
            let steps = Steps { town: &town, told, stop, phone };
            let sent = steps.play(moment).await;
            let left = matches!(moment, Moment::OnTheWire | Moment::Sent);
            assert_eq!(sent, left, "{stop:?} {moment:?}: {:?}", town.fate(&steps.told).await);
        }
        town.nothing_twice_nothing_lost().await;
    }
}
