//! Portals that lose their authorization, are paused, renamed, updated, removed and installed again: nothing accepted is lost.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::domain::crash::Moment;
use courier24::sim::portal::{Document, Fault, StepId, StepState};
use serde_json::{Value, json};

async fn sends(town: &Town) -> StepId {
    town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await
}

async fn status(town: &Town) -> String {
    town.shown(&town.portal).await["status"].as_str().unwrap_or("none").to_owned()
}

fn refreshes(town: &Town) -> usize {
    town.portal.auth().calls().iter().filter(|call| call.method == "oauth/token").count()
}

/// The pair is over and cannot be refreshed; a robot that needs the portal finds out.
async fn loses_its_authorization(town: &Town) -> StepId {
    town.portal.expire_tokens();
    town.portal.revoke_refresh_tokens();
    let step = town.fires("chat_link", json!({"text": "Здравствуйте"})).await;
    town.settle().await;
    assert_eq!(status(town).await, "auth_lost");
    step
}

fn answered(town: &Town, step: StepId) -> bool {
    town.portal.step(step).unwrap().state == StepState::Answered
}

story! {
    /// Calls go on being taken and sent; the answers wait until an administrator opens the application, and then leave at once.
    async fn a_lost_authorization_comes_back_with_an_administrators_visit(town) {
        let waiting = loses_its_authorization(&town).await;
        let phone = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["А", "1"], "phone": CLIENT})).await;
        town.settle().await;
        assert_eq!(town.network.messages_to(CLIENT).len(), 1, "what needs nothing of the portal is sent");
        assert!(!answered(&town, waiting) && !answered(&town, phone));

        let employee = town.portal.frame(&town.url("/b24/app")).by(5).open().await.unwrap();
        assert_eq!(employee.status, 200, "{}", employee.body);
        assert_eq!(status(&town).await, "auth_lost", "an employee's tokens are not taken");
        let page = town.portal.frame(&town.url("/b24/app")).open().await.unwrap();
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(status(&town).await, "active");
        town.settle().await;
        assert!(answered(&town, waiting) && answered(&town, phone), "the outbox drained without waiting");
        assert_eq!(town.network.messages_to(CLIENT).len(), 1, "nothing was sent again");
        let told: Vec<String> = town.portal.notifications().iter().map(|one| format!("{one:?}")).collect();
        assert!(told.len() <= 1, "{told:?}");
    }
}

story! {
    /// An event that proves itself and brings an administrator's pair mends as well; one that does not prove itself, or an employee's, does not.
    async fn a_verified_event_with_tokens_brings_the_authorization_back(town) {
        let waiting = loses_its_authorization(&town).await;
        let url = town.url("/b24/event");
        let event = |user: i64| town.portal.event("ONCRMDEALUPDATE").data(json!({"FIELDS": {"ID": "512"}})).caused_by(Some(user)).to(&url);
        for (event, answer) in [
            (event(1).with_refresh_token().without_application_token(), 403),
            (event(5).with_refresh_token(), 200),
            (event(1), 200),
        ] {
            assert_eq!(event.send().await[0].status, Some(answer));
            assert_eq!(status(&town).await, "auth_lost");
        }
        assert_eq!(event(1).with_refresh_token().send().await[0].status, Some(200));
        assert_eq!(status(&town).await, "active");
        town.settle().await;
        assert!(answered(&town, waiting));
    }
}

story! {
    /// Killed between the authorization server's answer and our commit: the new pair is gone, the portal says so, and comes back.
    async fn a_kill_in_the_middle_of_a_refresh_is_survived(town) {
        let before = town.stored(&town.portal).await.unwrap();
        town.advance(HOUR + MINUTE);
        town.crash.arm("token.refreshed", Moment::Before, 0);
        let step = town.fires("chat_link", json!({"text": "x"})).await;
        tokio::select! {
            () = town.settle() => {}
            () = town.crash.reached() => {}
        }
        town.restart().await;
        assert_eq!(town.stored(&town.portal).await.unwrap().token_version, before.token_version);
        town.pass(2 * MINUTE).await;
        assert_eq!(status(&town).await, "auth_lost");
        town.portal.frame(&town.url("/b24/app")).open().await.unwrap();
        town.settle().await;
        assert_eq!(status(&town).await, "active");
        assert!(answered(&town, step));
    }
}

story! {
    /// An authorization server that is away costs time and no state.
    async fn an_authorization_server_that_is_away_loses_nothing(town) {
        town.advance(HOUR + MINUTE);
        town.portal.auth().fault("oauth/token", Some(1), Fault::Html { status: 502 });
        let step = sends(&town).await;
        town.settle().await;
        assert_eq!(status(&town).await, "active");
        town.pass(5 * MINUTE).await;
        assert!(answered(&town, step));
        assert_eq!(town.network.messages_to(CLIENT).len(), 1);
    }
}

story! {
    /// However many callers find the token ended, it is refreshed once.
    async fn an_ended_token_is_refreshed_once(town) {
        town.advance(HOUR + MINUTE);
        let before = refreshes(&town);
        let mut steps = Vec::new();
        for _ in 0..12 {
            steps.push(sends(&town).await);
        }
        let ctx = town.ctx().clone();
        let member = town.portal.member_id().to_owned();
        let asked = (0..12).map(|_| ctx.bitrix.call("token.recheck_active", &member, "app.info", json!({})));
        let told = futures::future::join_all(asked).await;
        assert!(told.iter().all(Result::is_ok), "{told:?}");
        town.pass(2 * MINUTE).await;
        assert!(steps.iter().all(|step| answered(&town, *step)));
        assert_eq!(refreshes(&town), before + 1);
    }
}

story! {
    /// Nobody used the portal for a month: its pair is renewed in time.
    async fn an_idle_pair_is_renewed_after_25_days(town) {
        let before = refreshes(&town);
        for _ in 0..24 {
            town.advance(DAY);
        }
        let version = town.stored(&town.portal).await.unwrap().token_version;
        town.advance(DAY + HOUR);
        town.settle().await;
        assert!(refreshes(&town) > before);
        assert!(town.stored(&town.portal).await.unwrap().token_version > version);
        assert_eq!(status(&town).await, "active");
    }
}

story! {
    /// The plan ended: calls are taken, answers wait. A payment hint (without any proof) makes us ask, and what waited leaves.
    async fn a_paused_portal_comes_back_with_the_payment(town) {
        town.portal.set_plan_ended(true);
        let step = sends(&town).await;
        town.settle().await;
        let shown = town.shown(&town.portal).await;
        assert_eq!(shown["status"], "paused", "{shown}");
        assert!(shown["status_reason"].is_string());
        let later = sends(&town).await;
        town.settle().await;
        assert!(town.portal.deliveries_of(later).iter().all(|delivery| delivery.accepted()), "calls are taken all the same");
        let told = town.portal.payment_event(false).await;
        assert!(told.iter().all(|delivery| delivery.accepted()), "{told:?}");
        town.settle().await;
        assert_eq!(status(&town).await, "paused", "a hint is only a reason to ask");
        town.portal.set_plan_ended(false);
        town.portal.payment_event(false).await;
        town.settle().await;
        assert_eq!(status(&town).await, "active");
        town.settle().await;
        assert!(answered(&town, step) && answered(&town, later), "{:?}", town.last_call().await);
        assert_eq!(town.network.messages_to(CLIENT).len(), 2);
    }
}

story! {
    /// Payment ended without an event; it is noticed by the answers and looked at again daily.
    async fn an_unpaid_application_is_looked_at_again_daily(town) {
        town.portal.set_unpaid(true);
        let ctx = town.ctx().clone();
        let asked = ctx.bitrix.call("token.recheck_active", town.portal.member_id(), "app.info", json!({})).await;
        assert!(asked.is_err());
        assert_eq!(status(&town).await, "paused");
        town.portal.set_unpaid(false);
        town.advance(DAY + MINUTE);
        town.settle().await;
        assert_eq!(status(&town).await, "active");
    }
}

story! {
    /// A payment event of nobody we know is refused, one of a healthy portal changes nothing.
    async fn a_payment_hint_alone_changes_nothing(town) {
        let before = town.stored(&town.portal).await;
        for expired in [true, false] {
            assert!(town.portal.payment_event(expired).await.iter().all(|told| told.accepted()));
            town.settle().await;
            assert_eq!(town.stored(&town.portal).await, before);
        }
        let stranger = courier24::sim::portal::Portal::start(
            town.clock.clone(), courier24::sim::portal::PortalConfig::beside(town.portal.auth())).unwrap();
        stranger.install_app();
        let told = stranger.event("ONAPPPAYMENT").without_application_token().to(&town.url("/b24/event")).send().await;
        assert_eq!(told[0].status, Some(403), "{}", told[0].body);
        assert_eq!(town.shown(&stranger).await, Value::Null);
    }
}

story! {
    /// The portal is renamed while work is under way: the old address redirects, the new one is believed after its proof and used from then on.
    async fn a_portal_renamed_in_the_middle_of_work_goes_on(town) {
        let before = sends(&town).await;
        let domain = town.portal.rename().unwrap();
        town.settle().await;
        assert!(answered(&town, before));
        assert_eq!(town.shown(&town.portal).await["domain"], domain);
        let after = sends(&town).await;
        town.settle().await;
        assert!(answered(&town, after));
        assert_eq!(town.network.messages_to(CLIENT).len(), 2);
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 2, "each is written once");
        town.portal.rename().unwrap();
        town.advance(2 * HOUR);
        let ended = sends(&town).await;
        town.settle().await;
        assert!(answered(&town, ended), "also when the token ended meanwhile");
    }
}
