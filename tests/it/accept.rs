//! What is answered with 200 is committed, once, and one bad row fails alone.

use crate::support::application::{START, build, number};
use crate::support::database::on_both_databases;
use courier24::bitrix::RobotCall;
use courier24::db::{Db, Engine};
use courier24::domain::clock::ManualClock;
use courier24::domain::crash::Moment;
use courier24::domain::event::{ProviderEvent, What};
use courier24::domain::secret::Secret;
use courier24::flow::accept_call::{self, Accepted};
use courier24::flow::accept_hook::{self, Arrived};
use courier24::flow::accepter::AcceptRefusal;
use sea_orm::ConnectionTrait as _;
use std::sync::Arc;
use std::time::Duration;

fn call(portal: &str, token: &str, code: &str) -> RobotCall {
    RobotCall {
        member_id: portal.to_owned(),
        application_token: Secret::new("secret"),
        access_token: Secret::default(),
        code: code.to_owned(),
        event_token: token.to_owned(),
        workflow_id: "6".to_owned(),
        document_id: ["crm", "CCrmDocumentDeal", "DEAL_1"].map(str::to_owned),
        properties: [("text".to_owned(), serde_json::json!("quote \" {brace} \\ \u{0} 💬"))].into_iter().collect(),
        use_subscription: true,
        timeout_seconds: 60,
        ts: Some(1_750_000_000),
        user_id: None,
    }
}

fn event(key: &str, unrouted: bool) -> Arrived {
    let what = What::Other { label: "billing".to_owned() };
    let event = ProviderEvent { key: key.to_owned(), sender: None, at: START, what, raw: serde_json::Value::Null };
    Arrived { portal: "a".to_owned(), channel_id: "ch_1".to_owned(), unrouted, event }
}

on_both_databases! {
    async fn a_call_is_stored_once_with_its_job_and_a_repetition_is_fine(test: &TestDb) {
        let app = build(test, &Arc::new(ManualClock::starting_at(START))).await;
        let accepted = accept_call::accept(app.ctx(), call("a", "t1", "send_text")).await.unwrap();
        assert!(!accepted.duplicate);
        let again = accept_call::accept(app.ctx(), call("a", "t1", "send_text")).await.unwrap();
        assert!(again.duplicate);
        accept_call::accept(app.ctx(), call("b", "t1", "no such robot")).await.unwrap();
        let db = &app.ctx().db;
        assert_eq!(number(db, "SELECT count(*) FROM robot_call").await, 2);
        assert_eq!(number(db, "SELECT count(*) FROM job WHERE kind = 'run_call' AND state = 'ready'").await, 2);
        let job = format!("SELECT count(*) FROM job WHERE payload LIKE '%{}%'", accepted.call_id);
        assert_eq!(number(db, &job).await, 1);
        assert_eq!(number(db, "SELECT count(*) FROM robot_call WHERE input LIKE '%secret%'").await, 0, "no token is stored");
    }
}

on_both_databases! {
    async fn many_callers_share_commits_and_none_is_mixed_up(test: &TestDb) {
        let app = build(test, &Arc::new(ManualClock::starting_at(START))).await;
        let calls = (0..300).map(|n| {
            let ctx = app.ctx().clone();
            // Every token comes three times.
            tokio::spawn(async move { accept_call::accept(&ctx, call("a", &format!("t{}", n % 100), "send_text")).await.unwrap() })
        });
        let accepted: Vec<Accepted> = futures::future::try_join_all(calls).await.unwrap();
        assert_eq!(accepted.iter().filter(|one| !one.duplicate).count(), 100);
        let db = &app.ctx().db;
        for one in accepted.iter().filter(|one| !one.duplicate) {
            assert_eq!(number(db, &format!("SELECT count(*) FROM robot_call WHERE id = '{}'", one.call_id)).await, 1);
        }
        assert_eq!(number(db, "SELECT count(*) FROM robot_call").await, 100);
        assert_eq!(number(db, "SELECT count(*) FROM job").await, 100);
    }
}

on_both_databases! {
    async fn events_are_kept_once_and_only_routed_ones_are_worked_off(test: &TestDb) {
        let app = build(test, &Arc::new(ManualClock::starting_at(START))).await;
        let ctx = app.ctx();
        assert_eq!(accept_hook::accept(ctx, vec![event("1", false), event("2", true), event("1", false)]).await.unwrap(), 2);
        assert_eq!(accept_hook::accept(ctx, vec![event("2", true), event("3", false)]).await.unwrap(), 1);
        assert_eq!(accept_hook::accept(ctx, Vec::new()).await.unwrap(), 0);
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM inbox_event WHERE state = 'unrouted'").await, 1);
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM inbox_event WHERE state = 'stored'").await, 2);
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM job WHERE kind = 'receive'").await, 2);
    }
}

async fn poison(db: &Db, code: &str) {
    let sql = match db.engine() {
        Engine::Sqlite => {
            format!("CREATE TRIGGER poison BEFORE INSERT ON robot_call WHEN new.code = '{code}' BEGIN SELECT RAISE(ABORT, 'poisoned'); END")
        }
        Engine::Postgres => format!("ALTER TABLE robot_call ADD CONSTRAINT poison CHECK (code <> '{code}')"),
    };
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(&sql).await.unwrap();
    tx.commit("test").await.unwrap();
}

on_both_databases! {
    async fn a_poisoned_row_fails_alone(test: &TestDb) {
        let app = build(test, &Arc::new(ManualClock::starting_at(START))).await;
        poison(&app.ctx().db, "bad").await;
        let calls = (0..60).map(|n| {
            let ctx = app.ctx().clone();
            let code = if n % 20 == 7 { "bad" } else { "send_text" };
            tokio::spawn(async move { (code, accept_call::accept(&ctx, call("a", &format!("t{n}"), code)).await) })
        });
        for (code, result) in futures::future::try_join_all(calls).await.unwrap() {
            assert_eq!(result.is_ok(), code != "bad");
        }
        assert_eq!(number(&app.ctx().db, "SELECT count(*) FROM job").await, 57);
    }
}

on_both_databases! {
    async fn nobody_is_answered_before_the_commit(test: &TestDb) {
        for moment in [Moment::Before, Moment::After] {
            let app = build(test, &Arc::new(ManualClock::starting_at(START))).await;
            let ctx = app.ctx().clone();
            ctx.db.crash().arm("accept.store", moment, 0);
            let waiting = accept_call::accept(&ctx, call("a", &format!("{moment:?}"), "send_text"));
            assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
            assert_eq!(ctx.db.crash().hits(), 1);
            ctx.db.release_lock();
        }
    }
}

#[tokio::test]
async fn a_database_out_of_order_is_told_in_time() {
    let test = crate::support::database::TestDb::sqlite().await;
    let app = build(&test, &Arc::new(ManualClock::starting_at(START))).await;
    poison(&app.ctx().db, "send_text").await;
    let refused = accept_call::accept(app.ctx(), call("a", "t", "send_text")).await;
    assert_eq!(refused.unwrap_err(), AcceptRefusal::NotCommitted);
}
