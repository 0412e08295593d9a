//! Three deaths that people ask about, told by name: between the provider's answer and our commit, between the portal's answer and
//! our commit while the process goes on and ends, and between the authorization server's answer and our commit.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{HOUR, MINUTE};
use courier24::domain::crash::Moment;
use courier24::sim::portal::{Document, Effect, StepId};
use courier24::sim::whatsapp::fault::EventAction;
use serde_json::{Value, json};

const DEAL: i64 = 512;

/// The wire call has been answered; whether that was heard or was about to be committed, the process dies.
async fn dies_of(town: &mut Town, point: &str, moment: Moment, properties: Value) -> StepId {
    town.advance(1);
    let crash = town.crash.clone();
    crash.arm(point, moment, 0);
    let step = town.fires("send_template", properties).await;
    tokio::select! {
        biased;
        () = crash.reached() => {}
        () = town.settle() => panic!("{point} was not reached"),
    }
    town.restart().await;
    step
}

async fn status(town: &Town) -> String {
    town.shown(&town.portal).await["status"].as_str().unwrap_or("none").to_owned()
}

story! {
    /// The portal took the answer, the process went on and ended, and we died before we knew: the repeat meets nobody. That is no
    /// "too late": what was to be written is written, no trigger fires, and the journal says so.
    async fn a_death_while_the_process_ends_fires_no_trigger(town) {
        for (point, moment) in [("bitrix.event_send", Moment::After), ("answer.settle", Moment::Before)] {
            let written = order_ready(json!({"params": ["Анна", point], "write_fields": ["UF_CRM_WA_STATUS = status"]}));
            let step = dies_of(&mut town, point, moment, written).await;
            let heard = town.portal.step(step).unwrap();
            assert_eq!(heard.answers.len(), 1, "{point}: the portal has the answer");
            town.portal.finish_workflow(&heard.workflow_id);
            town.pass(2 * MINUTE).await;
            let effects: Vec<Effect> = town.portal.step(step).unwrap().answers.iter().map(|answer| answer.effect).collect();
            assert_eq!(effects, [Effect::Resumed, Effect::Gone], "{point}");
            let call = town.last_call().await;
            assert_eq!((&call["answer"]["end"], &call["answer"]["attempts"]), (&json!("unknown"), &json!(2)), "{point}: {call}");
            assert!(call["answer"]["last_error"].as_str().unwrap().starts_with("answered before, or the process is gone"), "{call}");
            assert!(call["state"] == "answered" && !call["finished_at"].is_null(), "{point}: {call}");
            assert!(town.portal.triggers_executed().is_empty(), "{point}: no trigger fires");
            let field = town.portal.field(Document::deal(DEAL), "UF_CRM_WA_STATUS");
            assert_eq!(field, town.last_message().await["status"], "{point}: the deal tells the truth");
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The provider took the message and we died before we knew: it is unknown, the waiting process is told so, it is never sent again,
    /// and the status that comes later settles it everywhere.
    async fn a_death_after_the_providers_answer_is_unknown_until_a_status_comes(town) {
        for (sent, point, moment) in [(1, "deliver.send", Moment::After), (2, "deliver.settle", Moment::Before)] {
            let written = order_ready(json!({"params": ["Анна", point], "write_fields": ["UF_CRM_WA_STATUS = status"]}));
            town.network.event_fault("", 20, EventAction::Delay { ms: 10 * MINUTE });
            let step = dies_of(&mut town, point, moment, written).await;
            town.pass(2 * MINUTE).await;
            let told = town.told(step);
            assert_eq!((&told["status"], &told["error_code"]), (&json!("unknown"), &json!("unknown_outcome")), "{point}");
            assert_eq!(town.last_message().await["status"], "unknown", "{point}");
            assert_eq!((town.sends(), town.got()), (sent, sent), "{point}: never sent again");
            town.network.clear_faults();
            town.pass(20 * MINUTE).await;
            let message = town.last_message().await;
            assert_eq!(message["status"], "delivered", "{point}: {message}");
            assert_eq!(town.portal.field(Document::deal(DEAL), "UF_CRM_WA_STATUS"), json!("delivered"), "{point}");
            assert_eq!((town.sends(), town.got()), (sent, sent), "{point}");
            assert_eq!(town.portal.activities(Document::deal(DEAL)).len(), sent, "{point}: one entry each");
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The authorization server gave a new pair and we died before we had it: calls are still taken and sent, answers wait, an
    /// administrator's visit brings the pair back, and everything is told.
    async fn a_death_after_the_answer_to_a_refresh_waits_for_an_administrator(town) {
        for (sent, point, moment) in [(1, "token.refresh", Moment::After), (2, "token.refreshed", Moment::Before)] {
            town.advance(HOUR + MINUTE);
            let first = dies_of(&mut town, point, moment, order_ready(json!({"params": ["Анна", point], "phone": CLIENT}))).await;
            town.pass(2 * MINUTE).await;
            assert_eq!(status(&town).await, "auth_lost", "{point}");
            let second = town.sends_template(json!({"params": ["Ольга", point], "phone": CLIENT})).await;
            town.settle().await;
            assert_eq!(town.got(), 2 * sent, "{point}: calls are taken and sent");
            assert!(town.waits(first) && town.waits(second), "{point}: answers wait");
            let page = town.portal.frame(&town.url("/b24/app")).by(1).open().await.unwrap();
            assert_eq!(page.status, 200, "{}", page.body);
            assert_eq!(status(&town).await, "active", "{point}");
            town.settle().await;
            for step in [first, second] {
                assert_eq!(town.told(step)["ok"], "Y", "{point}");
            }
        }
        town.nothing_twice_nothing_lost().await;
    }
}
