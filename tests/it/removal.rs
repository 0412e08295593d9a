//! The application is updated, removed and installed again.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::sim::portal::{Mishap, StepState};
use courier24::sim::whatsapp::EventAction;
use serde_json::{Value, json};

async fn sends(town: &Town) -> courier24::sim::portal::StepId {
    town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"], "wait_for": "read"})).await
}

async fn status(town: &Town) -> String {
    town.shown(&town.portal).await["status"].as_str().unwrap_or("none").to_owned()
}

async fn jobs(town: &Town) -> Vec<String> {
    let list = town.api("/jobs?limit=100").await;
    list["items"].as_array().unwrap().iter().map(|job| job["kind"].as_str().unwrap().to_owned()).collect()
}

story! {
    /// An update deletes robots and bindings; its event brings them back and tells the new application token.
    async fn an_update_registers_the_robots_again(town) {
        let told = town.portal.update_app(1, true).await;
        assert!(!told.is_empty() && told.iter().all(|one| one.accepted()), "{told:?}");
        assert!(town.portal.robots().is_empty());
        // Paced: the portal's budget is two requests a second.
        town.pass(60_000).await;
        assert!(town.portal.robots().len() >= 8);
        assert_eq!(town.portal.bindings().len(), 3);
        assert_eq!(town.shown(&town.portal).await["app_version"], "2");
        let step = sends(&town).await;
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Waiting);
        let firing = town.portal.firing("check_window", courier24::sim::portal::Document::deal(512)).with(Mishap::StaleApplicationToken);
        let stale = firing.fire().await.unwrap();
        assert!(town.portal.deliveries_of(stale).iter().all(|one| one.status == Some(403)), "a former token proves nothing");
    }
}

story! {
    /// A new application token is taken only with an administrator's proof; until then robots are told with the old one.
    async fn an_employees_update_event_does_not_change_the_application_token(town) {
        let before = town.stored(&town.portal).await;
        let told = town.portal.update_app(5, true).await;
        assert!(told.iter().all(|one| one.status == Some(403)), "{told:?}");
        assert_eq!(town.stored(&town.portal).await, before);
        let page = town.portal.frame(&town.url("/b24/install")).open().await.unwrap();
        assert_eq!(page.status, 200, "an administrator opens the application");
        // Paced: the portal's budget is two requests a second.
        town.pass(60_000).await;
        assert!(town.portal.robots().len() >= 8);
        let step = sends(&town).await;
        town.settle().await;
        assert!(town.portal.deliveries_of(step).iter().all(|one| one.accepted()));
    }
}

story! {
    /// The application is removed: what was on its way ends, nothing is asked of the portal any more, what happened can still be read.
    async fn a_removed_application_ends_its_work_and_keeps_what_happened(town) {
        let done = sends(&town).await;
        town.settle().await;
        town.network.event_fault("delivered", 9, EventAction::Delay { ms: 3_600_000 });
        let held = town.fires("send_text", json!({"text": "Позже", "on_closed_window": "hold", "wait_for": "delivered"})).await;
        town.settle().await;
        let told = town.portal.uninstall(false).await;
        assert!(told.iter().all(|one| one.accepted()), "{told:?}");
        assert_eq!(status(&town).await, "uninstalled");
        assert!(town.stored(&town.portal).await.unwrap().access_token.is_empty(), "its tokens are erased");
        let (before, sent) = (town.portal.request_count(), town.network.messages().len());
        town.network.user(CLIENT).writes("Здравствуйте");
        for _ in 0..5 {
            town.advance(6 * HOUR);
            town.settle().await;
        }
        assert_eq!(town.portal.request_count(), before, "nothing is asked of the portal any more");
        assert_eq!(town.network.messages().len(), sent, "nothing leaves any more");
        assert!(jobs(&town).await.iter().all(|kind| kind == "purge"), "{:?}", jobs(&town).await);
        let calls = town.api("/calls").await;
        let calls = calls["items"].as_array().unwrap();
        assert_eq!(calls.len(), 2, "the journal stays");
        for call in calls {
            let call = town.api(&format!("/calls/{}", call["id"].as_str().unwrap())).await;
            assert_ne!(call["state"], "waiting", "every call has ended: {call}");
            assert_ne!(call["state"], "accepted", "every call has ended: {call}");
        }
        let messages = town.api("/messages").await;
        let open: Vec<&Value> = messages["items"].as_array().unwrap().iter()
            .filter(|one| ["queued", "held", "sending"].iter().any(|status| one["status"] == *status)).collect();
        assert!(open.is_empty(), "{open:?}");
        let _ = (done, held);
        for (path, body) in [("/robots/register", json!({})), ("/channels", json!({"kind": "gupshup", "name": "x", "settings": {}}))] {
            let (status, problem) = town.api_post(path, body).await;
            assert_eq!((status, &problem["code"]), (409, &json!("portal_uninstalled")), "{path}: {problem}");
        }
    }
}

story! {
    /// A robot of a removed application is refused, and a second removal event is taken without harm.
    async fn a_removed_application_takes_no_calls(town) {
        let token = town.portal.application_token().unwrap();
        let handler = town.url("/b24/robot");
        town.portal.uninstall(false).await;
        let purge_at = town.shown(&town.portal).await["purge_at"].clone();
        let event = format!("event=ONAPPUNINSTALL&data[CLEAN]=0&auth[member_id]={}&auth[application_token]={token}", town.portal.member_id());
        let form = "application/x-www-form-urlencoded";
        let again = crate::support::town::http().post(town.url("/b24/event")).header("content-type", form).body(event);
        assert_eq!(crate::support::town::send(again).await.status(), 200);
        assert_eq!(town.shown(&town.portal).await["purge_at"], purge_at);
        let call = format!("event_token=t|1&code=chat_link&auth[member_id]={}&auth[application_token]={token}", town.portal.member_id());
        let call = crate::support::town::http().post(handler).header("content-type", form).body(call);
        assert_eq!(crate::support::town::send(call).await.status(), 403);
        let page = town.portal.frame(&town.url("/b24/app")).open().await.unwrap();
        assert_eq!(page.status, 403);
    }
}

story! {
    /// Data of a removed portal go after thirty days, at once a day later when the administrator asked to delete them.
    async fn a_removed_portals_data_go_after_the_retention_time(town) {
        let neighbour = town.neighbour().await;
        sends(&town).await;
        town.settle().await;
        town.portal.uninstall(false).await;
        town.advance(29 * DAY);
        town.settle().await;
        assert_eq!(town.api("/calls").await["items"].as_array().unwrap().len(), 1, "kept for the retention time");
        town.advance(DAY + HOUR);
        town.settle().await;
        let (_, calls) = town.request("GET", &format!("/api/v1/portals/{}/calls", town.portal.member_id()), None).await;
        assert!(calls["items"].as_array().is_none_or(Vec::is_empty), "{calls}");
        let (_, messages) = town.request("GET", &format!("/api/v1/portals/{}/messages", town.portal.member_id()), None).await;
        assert!(messages["items"].as_array().is_none_or(Vec::is_empty), "{messages}");
        assert_eq!(town.shown(&neighbour).await["robots"]["failed"], 0, "a neighbour loses nothing");
    }
}

story! {
    /// CLEAN shortens the wait to a day.
    async fn clean_removes_the_data_a_day_later(town) {
        sends(&town).await;
        town.settle().await;
        town.portal.uninstall(true).await;
        town.settle().await;
        assert_eq!(town.api("/calls").await["items"].as_array().unwrap().len(), 1);
        town.advance(DAY + MINUTE);
        town.settle().await;
        let (_, calls) = town.request("GET", &format!("/api/v1/portals/{}/calls", town.portal.member_id()), None).await;
        assert!(calls["items"].as_array().is_none_or(Vec::is_empty), "{calls}");
    }
}

story! {
    /// Installed again before its data went: it finds its channels and its history, and works.
    async fn installed_again_it_finds_everything_as_it_was(town) {
        sends(&town).await;
        town.settle().await;
        town.portal.uninstall(true).await;
        town.advance(HOUR);
        town.settle().await;
        town.install().await;
        town.settle().await;
        assert_eq!(status(&town).await, "active");
        assert!(town.portal.robots().len() >= 8 && town.portal.bindings().len() == 3);
        town.advance(2 * DAY);
        town.settle().await;
        assert_eq!(town.api("/calls").await["items"].as_array().unwrap().len(), 1, "the purge was called off");
        assert_eq!(town.api("/channels").await["items"][0]["id"], town.channel);
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "119"]})).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().returned["ok"], "Y");
    }
}

story! {
    /// Removed without any event (they are not guaranteed): the next answer of the portal says so.
    async fn a_removal_nobody_told_is_noticed(town) {
        town.portal.hold_queue();
        let _ = tokio::time::timeout(std::time::Duration::from_millis(300), town.portal.uninstall(false)).await;
        let asked = town.ctx().bitrix.call("token.recheck_active", town.portal.member_id(), "app.info", json!({})).await;
        assert!(asked.is_err());
        assert_eq!(status(&town).await, "uninstalled");
    }
}
