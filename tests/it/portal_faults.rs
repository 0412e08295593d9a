//! The portal limits, breaks, moves and loses us: the message goes all the same, and the process is answered once.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::sim::portal::{Document, Effect, Fault, FaultRule, StepState};
use serde_json::{Value, json};

const DEAL: i64 = 512;

/// Facts come from the deal, fields and timeline are written: every kind of request to the portal.
fn everything() -> Value {
    order_ready(json!({"wait_for": "delivered", "write_fields": ["UF_CRM_WA_STATUS = status"]}))
}

async fn all_is_well(town: &Town, step: courier24::sim::portal::StepId, what: &str) {
    let told = town.told(step);
    assert_eq!((told["ok"].as_str(), told["status"].as_str()), (Some("Y"), Some("delivered")), "{what}");
    assert_eq!(town.portal.field(Document::deal(DEAL), "UF_CRM_WA_STATUS"), json!("delivered"), "{what}");
    assert_eq!(town.portal.activities(Document::deal(DEAL)).len() + town.portal.timeline(Document::deal(DEAL)).len(), 1, "{what}");
    assert_eq!((town.got(), town.sends()), (1, 1), "{what}");
    town.nothing_twice_nothing_lost().await;
}

/// The next request of any kind meets the fault, and the one after it as well.
macro_rules! survives {
    ($(#[doc = $doc:literal])* $name:ident, $fault:expr) => {
        story! {
            $(#[doc = $doc])*
            async fn $name(town) {
                town.portal.fault("*", 2, $fault);
                let step = town.fires("send_template", everything()).await;
                town.pass(30 * MINUTE).await;
                all_is_well(&town, step, stringify!($name)).await;
            }
        }
    };
}

survives! { /// Too many requests.
a_request_limit_is_waited_out, Fault::too_many_requests() }
survives! { /// The method's ten minutes are used up.
an_operating_limit_is_waited_out, Fault::operation_time() }
survives! { /// The portal is under maintenance.
a_maintenance_page_is_waited_out, Fault::Html { status: 503 } }
survives! { /// Maintenance that says 200.
a_page_with_200_is_no_success, Fault::Html { status: 200 } }
survives! { /// A proxy gives up.
a_bad_gateway_is_repeated, Fault::Html { status: 502 } }
survives! { /// The portal fails.
an_internal_error_is_repeated, Fault::internal() }
survives! { /// Half a JSON.
garbage_is_no_success, Fault::Garbage }
survives! { /// The line is cut.
a_cut_line_is_repeated, Fault::Reset }
survives! { /// Nobody answers.
a_hanging_portal_is_repeated, Fault::Hang }
survives! { /// It was done, and nobody said so: nothing is created twice.
lost_replies_create_nothing_twice, Fault::LoseReply }
survives! { /// It was done, and 500 was told.
a_failure_after_the_deed_creates_nothing_twice, Fault::FailReply }

story! {
    /// The portal has moved: the old address sends us to the new one, which is kept.
    async fn a_renamed_portal_is_followed(town) {
        let old = town.portal.domain();
        let new = town.portal.rename().unwrap();
        assert_ne!(old, new);
        let step = town.fires("send_template", everything()).await;
        town.pass(MINUTE).await;
        all_is_well(&town, step, "renamed").await;
        let (_, portals) = town.request("GET", "/api/v1/portals", None).await;
        assert_eq!(portals["items"][0]["domain"], json!(new));
    }
}

story! {
    /// An access token past its hour is renewed once, and nobody notices.
    async fn an_expired_token_is_renewed(town) {
        town.portal.expire_tokens();
        let step = town.fires("send_template", everything()).await;
        town.settle().await;
        all_is_well(&town, step, "expired").await;
        let refreshes = town.portal.auth().calls().iter().filter(|call| json!(call).to_string().contains("refresh_token")).count();
        assert!(refreshes <= 2, "{refreshes}");
    }
}

story! {
    /// The authorization is lost: messages still go, answers wait, and an administrator's visit brings all of it back.
    async fn a_lost_authorization_stops_no_message(town) {
        town.portal.revoke_refresh_tokens();
        town.portal.expire_tokens();
        let step = town.fires("send_template", order_ready(json!({"phone": [CLIENT], "write_fields": ["UF_CRM_WA_STATUS = status"]}))).await;
        town.pass(20 * MINUTE).await;
        assert_eq!((town.got(), town.waits(step)), (1, true));
        let (_, portals) = town.request("GET", "/api/v1/portals", None).await;
        assert_eq!(portals["items"][0]["status"], "auth_lost");
        assert_eq!(town.last_call().await["answer"]["end"], "none");
        let reply = town.portal.open_installer(&town.url("/b24/install"), 1).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        assert_eq!(town.portal.field(Document::deal(DEAL), "UF_CRM_WA_STATUS"), json!("delivered"));
        let (_, portals) = town.request("GET", "/api/v1/portals", None).await;
        assert_eq!(portals["items"][0]["status"], "active");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A call that needs facts of a portal that never answers is told so at the end of its own time.
    async fn a_call_does_not_outlive_its_own_time(town) {
        town.portal.fault("crm.item.get", None, Fault::Html { status: 503 });
        town.portal.fault("crm.item.contact.items.get", None, Fault::Html { status: 503 });
        town.portal.fault("crm.deal.contact.items.get", None, Fault::Html { status: 503 });
        town.portal.fault("crm.item.list", None, Fault::Html { status: 503 });
        let step = town.fires("send_template", order_ready(json!({"wait_hours": "3"}))).await;
        town.pass(2 * HOUR).await;
        assert!(town.waits(step));
        town.pass(4 * HOUR).await;
        let told = town.told(step);
        assert_eq!((told["ok"].as_str(), told["error_code"].as_str()), (Some("N"), Some("portal_paused")));
        town.portal.clear_faults();
        town.pass(DAY).await;
        assert_eq!(town.sends(), 0, "a late message would come as a surprise");
    }
}

story! {
    /// The application is not paid for: calls are still sent, answers wait for the payment.
    async fn an_unpaid_application_answers_after_the_payment(town) {
        let step = town.fires("send_template", order_ready(json!({"phone": [CLIENT], "wait_for": "read"}))).await;
        town.settle().await;
        town.portal.set_unpaid(true);
        town.network.user(CLIENT).reads();
        town.pass(20 * MINUTE).await;
        assert!(town.waits(step));
        let (_, portals) = town.request("GET", "/api/v1/portals", None).await;
        assert_eq!(portals["items"][0]["status"], "paused");
        town.portal.set_unpaid(false);
        town.portal.payment_event(false).await;
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["status"], "read");
        let (_, portals) = town.request("GET", "/api/v1/portals", None).await;
        assert_eq!(portals["items"][0]["status"], "active");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The application is removed: what was held never leaves, nothing is asked of the portal any more.
    async fn a_removed_application_sends_and_asks_nothing(town) {
        town.fires("send_text", json!({"text": "Ждём", "on_closed_window": "hold"})).await;
        town.settle().await;
        town.portal.uninstall(false).await;
        town.settle().await;
        let asked = town.portal.request_count();
        town.client_writes("Здравствуйте").await;
        town.pass(DAY).await;
        assert_eq!((town.sends(), town.portal.request_count()), (0, asked));
        let (_, portals) = town.request("GET", "/api/v1/portals", None).await;
        assert_eq!(portals["items"][0]["status"], "uninstalled");
    }
}

story! {
    /// `bizproc.event.send` is refused for good: the journal says so; fields and timeline are written all the same.
    async fn a_refused_answer_is_kept_in_the_journal(town) {
        town.portal.fault("bizproc.event.send", None, Fault::error(403, "ACCESS_DENIED", "Access denied!"));
        let step = town.fires("send_template", everything()).await;
        town.pass(HOUR).await;
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Waiting);
        let call = town.last_call().await;
        assert_eq!((&call["answer"]["end"], &call["answer"]["attempts"]), (&json!("refused"), &json!(1)));
        assert_eq!(town.portal.field(Document::deal(DEAL), "UF_CRM_WA_STATUS"), json!("delivered"));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The process is gone: too late at the first try; nothing is repeated.
    async fn an_answer_to_a_process_that_is_gone_is_too_late(town) {
        let step = town.fires("send_template", order_ready(json!({"wait_for": "read", "write_fields": ["UF_CRM_WA_STATUS = status"]}))).await;
        town.settle().await;
        town.portal.terminate_workflow(&town.portal.step(step).unwrap().workflow_id);
        town.network.user(CLIENT).reads();
        town.settle().await;
        let call = town.last_call().await;
        assert_eq!((&call["answer"]["end"], &call["answer"]["values"]["status"]), (&json!("too_late"), &json!("read")));
        assert_eq!(town.portal.field(Document::deal(DEAL), "UF_CRM_WA_STATUS"), json!("read"));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The answer arrived and its confirmation did not: the repeat meets a finished process, which is no "too late".
    async fn a_repeated_answer_that_meets_nobody_is_unknown(town) {
        town.portal.fault("bizproc.event.send", 1, Fault::LoseReply);
        let step = town.fires("send_template", order_ready(json!({}))).await;
        town.pass(MINUTE).await;
        town.told(step);
        let effects: Vec<Effect> = town.portal.step(step).unwrap().answers.iter().map(|answer| answer.effect).collect();
        assert_eq!(effects, [Effect::Resumed, Effect::Gone]);
        let call = town.last_call().await;
        assert_eq!((&call["answer"]["end"], &call["answer"]["attempts"]), (&json!("unknown"), &json!(2)));
        assert!(town.portal.triggers_executed().is_empty(), "no trigger fires for an answer that may have arrived");
    }
}

story! {
    /// The deal was deleted meanwhile: the message goes, the write-backs end with the portal's words.
    async fn a_deleted_deal_ends_the_write_backs(town) {
        let step = town.fires("send_template", order_ready(json!({"phone": [CLIENT], "wait_for": "read", "write_fields": ["UF_CRM_WA_STATUS = status"]}))).await;
        town.portal.delete_item(Document::deal(DEAL));
        town.settle().await;
        town.network.user(CLIENT).reads();
        town.pass(HOUR).await;
        assert_eq!(town.got(), 1);
        assert_ne!(town.portal.step(step).unwrap().state, StepState::TimedOut);
        for row in town.last_call().await["write_backs"].as_array().unwrap() {
            assert_eq!(row["state"], "failed", "{row}");
            assert!(row["last_error"].is_string());
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A portal without configurable activities gets a comment, whose text is kept up to date; a lost reply makes no second one.
    async fn without_activities_there_is_one_comment(town) {
        for method in ["crm.activity.configurable.add", "crm.activity.configurable.update"] {
            town.portal.set_missing(method, true);
        }
        town.portal.fault_rule(FaultRule { method: "crm.timeline.comment.add".into(), skip: 0, times: Some(1), fault: Fault::LoseReply });
        town.fires("send_template", everything()).await;
        town.pass(10 * MINUTE).await;
        let comments = town.portal.timeline(Document::deal(DEAL));
        assert_eq!(comments.len(), 1, "{comments:?}");
        assert!(comments[0].text.contains("Заказ 118 готов"), "{}", comments[0].text);
        town.network.user(CLIENT).reads();
        town.settle().await;
        let comments = town.portal.timeline(Document::deal(DEAL));
        assert_eq!((comments.len(), comments[0].text.to_lowercase().contains("прочитан")), (1, true), "{}", comments[0].text);
        town.nothing_twice_nothing_lost().await;
    }
}
