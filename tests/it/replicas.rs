//! Two processes on one PostgreSQL: what one did the other knows, and a token pair is never burnt by both.

use crate::support::story::Engine;
use crate::support::town::Town;
use courier24::domain::clock::{HOUR, MINUTE, SECOND};
use courier24::sim::portal::Fault;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_refresh_a_pair_once() {
    let Some(town) = Town::open(Engine::Postgres).await else { return };
    let other = town.replica().await;
    let member = town.portal.member_id().to_owned();
    let ask = |ctx: courier24::flow::Ctx| {
        let member = member.clone();
        async move { ctx.bitrix.call("token.recheck_active", &member, "app.info", json!({})).await }
    };
    assert!(ask(other.ctx.clone()).await.is_ok(), "the other replica knows the portal");
    let refreshes = || town.portal.auth().calls().iter().filter(|call| call.method == "oauth/token").count();
    for _ in 0..4 {
        town.advance(HOUR + MINUTE);
        town.portal.auth().fault("oauth/token", Some(1), Fault::Slow { ms: 200 });
        let before = refreshes();
        let (one, two) = futures::join!(
            futures::future::join_all((0..4).map(|_| ask(town.ctx().clone()))),
            futures::future::join_all((0..4).map(|_| ask(other.ctx.clone()))),
        );
        assert!(one.iter().any(Result::is_ok) || two.iter().any(Result::is_ok), "{one:?} {two:?}");
        assert!(ask(town.ctx().clone()).await.is_ok() && ask(other.ctx.clone()).await.is_ok(), "whoever waited is served afterwards");
        assert_eq!(refreshes(), before + 1);
        assert_eq!(town.shown(&town.portal).await["status"], "active");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_at_one_replica_mends_the_portal_for_all() {
    let Some(town) = Town::open(Engine::Postgres).await else { return };
    let other = town.replica().await;
    let member = town.portal.member_id().to_owned();
    town.portal.expire_tokens();
    town.portal.revoke_refresh_tokens();
    assert!(other.ctx.bitrix.call("token.recheck_active", &member, "app.info", json!({})).await.is_err());
    assert_eq!(town.shown(&town.portal).await["status"], "auth_lost");
    let page = town.portal.frame(&other.url("/b24/app")).open().await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    for ctx in [town.ctx(), &other.ctx] {
        assert!(ctx.bitrix.call("token.recheck_active", &member, "app.info", json!({})).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_application_token_is_believed_at_every_replica_at_once() {
    let Some(town) = Town::open(Engine::Postgres).await else { return };
    let other = town.replica().await;
    let call = |n: usize, token: &str| {
        let body = format!("event_token=t|{n}&code=chat_link&auth[member_id]={}&auth[application_token]={token}", town.portal.member_id());
        crate::support::town::http().post(other.url("/b24/robot")).header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    let before = town.portal.application_token().unwrap();
    assert_eq!(crate::support::town::send(call(1, &before)).await.status(), 200);
    assert!(town.portal.update_app(1, true).await.iter().all(|told| told.accepted()));
    let after = town.portal.application_token().unwrap();
    assert_ne!(before, after);
    assert_eq!(crate::support::town::send(call(2, &after)).await.status(), 200, "not after the cache's five seconds: at once");
    town.advance(6 * SECOND);
    assert_eq!(crate::support::town::send(call(3, &before)).await.status(), 403);
}
