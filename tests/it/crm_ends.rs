//! Documents that come to an end in the portal's own words, or are deleted: whatever was waiting for them ends with them.

use crate::follow_ups::{ended, reminder};
use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::{Document, Fault};
use serde_json::json;

const SMART: i64 = 1046;

impl Town {
    /// CRM events that the portal was asked to tell.
    fn crm_events(&self) -> Vec<String> {
        let mut events: Vec<String> =
            self.portal.bindings().into_iter().map(|binding| binding.event).filter(|name| name.starts_with("ONCRM")).collect();
        events.sort();
        events
    }
}

story! {
    /// A smart process tells a stage's id only: what the portal's people named themselves is read from their list, once.
    async fn own_stages_of_smart_processes_end_by_what_they_mean(town) {
        let work = town.portal.own_stage(SMART, 1, "UC_WORK", "P");
        let lost = town.portal.own_stage(SMART, 1, "UC_LOST", "F");
        let done = town.portal.own_stage(SMART, 1, "UC_DONE", "S");
        let item = town.portal.item(SMART, 7).title("Заявка").contact(9);
        let document = item.document();
        let told = town.arms_in(document.clone(), reminder(json!({"stop_on": ["won_lost"]}))).await;
        town.portal.move_item(&document, &work).await;
        town.skips(6 * SECOND).await;
        assert_eq!(town.fate(&told).await, ended("pending", ""), "work goes on in another stage");
        town.portal.move_item(&document, &lost).await;
        town.skips(6 * SECOND).await;
        assert_eq!(town.fate(&told).await, ended("stopped", "won_lost"));
        assert_eq!(town.portal.calls_of("crm.status.list"), 1, "the list is read once");

        // The event is lost: the document is read before the send, and says the same.
        item.clone().stage(&work);
        let told = town.arms_in(document.clone(), reminder(json!({"stop_on": ["won_lost"], "chain": "b"}))).await;
        item.clone().stage(&done);
        town.skips(HOUR).await;
        assert_eq!((town.fate(&told).await, town.got()), (ended("stopped", "won_lost"), 0));

        // Nobody can say what a new stage means: nothing is sent on a guess.
        let novel = town.portal.own_stage(SMART, 1, "UC_NOVEL", "P");
        item.clone().stage(&work);
        let told = town.arms_in(document, reminder(json!({"stop_on": ["won_lost"], "chain": "c"}))).await;
        item.stage(&novel);
        town.portal.fault("crm.status.list", None, Fault::Html { status: 503 });
        town.skips(HOUR).await;
        assert_eq!((town.fate(&told).await, town.got()), (ended("pending", ""), 0));
        town.portal.clear_faults();
        town.pass(10 * MINUTE).await;
        assert_eq!((town.fate(&told).await, town.got()), (ended("sent", ""), 1));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Deals of another funnel with stages of its own: failed ends it, another stage of the same meaning does not.
    async fn own_stages_of_a_funnel_end_by_what_they_mean(town) {
        let first = town.portal.own_stage(2, 6, "UC_FIRST", "P");
        let second = town.portal.own_stage(2, 6, "UC_SECOND", "P");
        let failed = town.portal.own_stage(2, 6, "UC_FAILED", "F");
        town.portal.deal(512).funnel(6).stage(&first);
        let ends = town.arms(reminder(json!({"stop_on": ["won_lost"]}))).await;
        let moves = town.arms(reminder(json!({"stop_on": ["stage_change"], "chain": "m"}))).await;
        town.portal.move_item(Document::deal(512), &second).await;
        town.skips(6 * SECOND).await;
        assert_eq!((town.fate(&ends).await, town.fate(&moves).await), (ended("pending", ""), ended("stopped", "stage_change")));
        town.portal.move_item(Document::deal(512), &failed).await;
        town.skips(6 * SECOND).await;
        assert_eq!(town.fate(&ends).await, ended("stopped", "won_lost"));
        assert_eq!(town.portal.calls_of("crm.status.list"), 0, "a deal says itself what its stage means");
    }
}

story! {
    /// A conversation about a smart process that was lost in a stage of the portal's own: the next message is not filed there.
    async fn a_lost_smart_process_is_not_written_to_any_more(town) from rested {
        let lost = town.portal.own_stage(SMART, 1, "UC_LOST", "F");
        let item = town.portal.item(SMART, 7).title("Заявка").contact(9);
        let step = town.portal.fires("send_template", item.document(), crate::support::verdict::order_ready(json!({}))).await.unwrap();
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        town.client_writes("Спасибо").await;
        assert_eq!(town.last_inbound().await["document"]["id"], "DYNAMIC_1046_7");
        item.stage(&lost);
        town.advance(MINUTE);
        town.client_writes("Ещё вопрос").await;
        assert_eq!(town.last_inbound().await["document"]["id"], "DEAL_512");
    }
}

story! {
    /// The deal is deleted: its follow-ups end, those that only a reply would end included; its wait takes nobody's words any more.
    async fn a_deleted_deal_ends_what_belongs_to_it(town) from rested {
        town.client_writes("Здравствуйте").await;
        let usual = town.arms(reminder(json!({}))).await;
        let bare = town.arms(reminder(json!({"stop_on": ["opt_out"], "chain": "bare"}))).await;
        let step = town.fires("wait_reply", json!({"write_fields": ["UF_CRM_WA_STATUS = reply_text"]})).await;
        town.settle().await;
        assert!(town.waits(step));
        town.portal.deal(600).title("Другой заказ").contact(9).stage("NEW");
        let other = town.portal.fires("wait_reply", Document::deal(600), json!({})).await.unwrap();
        town.settle().await;
        assert_eq!(town.crm_events(), ["ONCRMDEALDELETE", "ONCRMDEALUPDATE"]);
        let triggers = town.portal.triggers_executed().len();
        town.portal.deletes(Document::deal(512)).await;
        town.skips(6 * SECOND).await;
        assert_eq!((town.fate(&usual).await, town.fate(&bare).await), (ended("stopped", "document_gone"), ended("stopped", "document_gone")));
        let calls = town.api("/calls?code=wait_reply").await["items"].as_array().unwrap().clone();
        let mine = calls.iter().find(|call| call["document"]["id"] == "DEAL_512").unwrap()["id"].as_str().unwrap().to_owned();
        let call = town.api(&format!("/calls/{mine}")).await;
        assert_eq!((&call["wait"]["state"], &call["answer"]["end"]), (&json!("document_gone"), &json!("too_late")), "{call}");
        town.client_writes("Ау").await;
        assert_eq!(town.told(other)["reply_text"], "Ау", "the living deal's wait has it");
        assert_eq!(town.portal.triggers_executed().len(), triggers, "nothing fires for what is gone");
        town.advance(MINUTE);
        town.client_writes("И ещё").await;
        assert_eq!(town.last_inbound().await["document"]["id"], "DEAL_600");
        town.skips(11 * MINUTE).await;
        assert_eq!(town.crm_events(), Vec::<String>::new(), "unbound when nobody needs it");
        town.pass(DAY).await;
        assert_eq!(town.got(), 0);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Only what is needed is bound: a wait and a follow-up that stages do not matter to want to hear of the end alone.
    async fn events_are_bound_while_somebody_needs_them(town) from rested {
        town.client_writes("Здравствуйте").await;
        let step = town.fires("wait_reply", json!({})).await;
        town.settle().await;
        assert_eq!(town.crm_events(), ["ONCRMDEALDELETE"]);
        town.portal.clear_requests();
        town.portal.deal(700).title("Чужая");
        town.portal.deletes(Document::deal(700)).await;
        town.skips(10 * SECOND).await;
        assert_eq!(town.portal.request_count(), 0, "an end that concerns nobody asks nothing");
        town.client_writes("Да").await;
        assert_eq!(town.told(step)["reply_text"], "Да");
        let told = town.arms(reminder(json!({"stop_on": ["reply"]}))).await;
        town.skips(5 * MINUTE).await;
        assert_eq!(town.crm_events(), ["ONCRMDEALDELETE"]);
        town.portal.fault("crm.item.get", None, Fault::Html { status: 503 });
        town.skips(HOUR).await;
        assert_eq!(town.fate(&told).await, ended("sent", ""), "nothing in CRM could have ended it but the end");
        town.portal.clear_faults();
        town.skips(11 * MINUTE).await;
        assert_eq!(town.crm_events(), Vec::<String>::new());
        let contact = town.arms_in(Document::item(3, 9), reminder(json!({"chain": "c", "phone": [CLIENT]}))).await;
        assert_eq!(town.crm_events(), ["ONCRMCONTACTDELETE"], "a contact has no stages");
        town.portal.deletes(Document::item(3, 9)).await;
        town.skips(6 * SECOND).await;
        assert_eq!(town.fate(&contact).await, ended("stopped", "document_gone"));
    }
}

story! {
    /// A page's follow-up about a deal knows the stage it was made at, stands in the timeline, and ends with the deal.
    async fn a_follow_up_of_a_page_belongs_to_its_deal(town) from rested {
        let asked = json!({"to": {"phone": CLIENT}, "document": "DEAL_512", "when": "after_silence", "offset_minutes": 60,
            "template": "order_ready:ru", "params": ["Анна", "118"], "chain": "a"});
        let (status, made) = town.api_post("/follow-ups", asked.clone()).await;
        assert_eq!(status, 201, "{made}");
        town.skips(HOUR).await;
        town.skips(MINUTE).await;
        assert_eq!(town.got(), 1);
        let shown = town.portal.activities(Document::deal(512));
        assert_eq!(shown.len(), 1, "one entry");
        assert!(format!("{shown:?}").contains("Заказ 118 готов"), "{shown:?}");
        assert!(format!("{shown:?}").to_lowercase().contains("доставлен"), "with its status: {shown:?}");

        let mut hidden = asked.clone();
        hidden["to_timeline"] = json!(false);
        hidden["chain"] = json!("b");
        hidden["params"] = json!(["Анна", "119"]);
        let (status, made) = town.api_post("/follow-ups", hidden).await;
        assert_eq!(status, 201, "{made}");
        town.skips(HOUR).await;
        assert_eq!((town.got(), town.portal.activities(Document::deal(512)).len()), (2, 1));
        let mut moved = asked;
        moved["chain"] = json!("c");
        let (_, made) = town.api_post("/follow-ups", moved).await;
        let before = town.got();
        town.portal.deal(512).stage("EXECUTING");
        town.skips(HOUR).await;
        let row = town.api(&format!("/follow-ups/{}", made["id"].as_str().unwrap())).await;
        assert_eq!((&row["state"], &row["reason"], town.got()), (&json!("stopped"), &json!("stage_change"), before));
        town.nothing_twice_nothing_lost().await;
    }
}
