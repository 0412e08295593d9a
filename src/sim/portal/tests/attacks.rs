//! The authorization server's refusals and the standing conditions of a portal.

use super::support::World;
use crate::domain::clock::SECOND;
use crate::sim::portal::{Fault, Portal, PortalConfig};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn the_authorization_server_refuses_as_the_vendor_does() {
    let world = World::start().await;
    let portal = &world.portal;
    let url = format!("{}/oauth/token/", portal.auth().origin());
    let (id, secret) = portal.app_keys();
    let pair = |user| portal.tokens(user).refresh;
    portal.install_other_app("app.other.1", "other");
    let alien = portal.tokens_of("app.other.1", 1).refresh;
    let late = portal.authorization_code(1);
    world.clock.advance(31 * SECOND);
    let cases = [
        (json!({}), 400, "invalid_request"),
        (json!({"grant_type": "refresh_token", "client_id": id, "client_secret": secret}), 400, "invalid_request"),
        (json!({"grant_type": "password", "client_id": id, "client_secret": secret}), 400, "invalid_request"),
        (
            json!({"grant_type": "refresh_token", "client_id": "local.none.1", "client_secret": secret, "refresh_token": pair(1)}),
            200,
            "wrong_client",
        ),
        (json!({"grant_type": "refresh_token", "client_id": id, "client_secret": "no", "refresh_token": pair(1)}), 400, "invalid_client"),
        (json!({"grant_type": "refresh_token", "client_id": id, "client_secret": secret, "refresh_token": "no"}), 400, "invalid_grant"),
        (json!({"grant_type": "refresh_token", "client_id": id, "client_secret": secret, "refresh_token": alien}), 400, "invalid_grant"),
        (json!({"grant_type": "authorization_code", "client_id": id, "client_secret": secret, "code": late}), 400, "invalid_grant"),
    ];
    for (body, status, code) in cases {
        let (got, answer) = world.raw(&url, body.clone()).await;
        assert_eq!((got, answer["error"].as_str()), (status, Some(code)), "{body}");
    }
    let code = portal.authorization_code(5);
    let good = json!({"grant_type": "authorization_code", "client_id": id, "client_secret": secret, "code": code});
    let (status, answer) = world.raw(&url, good).await;
    assert_eq!(status, 200);
    assert!(answer.get("user_id").is_none() && answer.get("expires").is_none(), "the code's answer lacks both");
    let refresh = |token: String| json!({"grant_type": "refresh_token", "client_id": id, "client_secret": secret, "refresh_token": token});
    let kept = pair(1);
    portal.set_unpaid(true);
    assert_eq!(world.raw(&url, refresh(kept.clone())).await.1["error"], json!("PAYMENT_REQUIRED"));
    assert_eq!(world.refused("profile", json!({})).await, (401, "PAYMENT_REQUIRED".into()));
    portal.set_unpaid(false);
    assert_eq!(world.raw(&url, refresh(kept)).await.0, 200, "a refusal does not use the token up");
    portal.auth().fault("oauth/token", Some(1), Fault::internal());
    assert_eq!(world.raw(&url, refresh(pair(1))).await.0, 500);
    portal.revoke_refresh_tokens();
    assert_eq!(portal.auth().calls().len(), 13 - 1);
}

#[tokio::test]
async fn the_trusted_app_info_names_application_portal_and_user() {
    let world = World::start().await;
    let beside = Portal::start(Arc::new(crate::domain::clock::SystemClock), PortalConfig::beside(world.portal.auth())).unwrap();
    beside.install_app();
    let ask = async |token: &str| {
        let (status, body) = world.get(&format!("{}/rest/app.info?auth={token}", world.portal.auth().origin())).await;
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, mine) = ask(&world.portal.tokens(5).access).await;
    assert_eq!((status, &mine["result"]["client_id"]), (200, &json!(world.portal.app_keys().0)));
    assert_eq!(mine["result"]["install"]["member_id"], json!(world.portal.member_id()));
    assert_eq!(mine["result"]["install"]["client_endpoint"], json!(format!("{}/rest/", world.portal.origin())));
    assert_eq!(mine["result"]["user_id"], json!(5));
    let theirs = beside.tokens(1).access;
    assert_eq!(world.call_as(Some(&theirs), "profile", json!({})).await.1["error"], json!("invalid_token"), "another portal's token");
    world.portal.install_other_app("app.other.1", "other");
    let other = world.portal.tokens_of("app.other.1", 1).access;
    assert_eq!(ask(&other).await.1["result"]["client_id"], json!("app.other.1"));
    assert_eq!(ask("nonsense").await, (401, json!({"error": "invalid_token", "error_description": "Unable to get application by token"})));
    world.portal.expire_tokens();
    assert_eq!(ask(&other).await.1["error"], json!("expired_token"));
}

#[tokio::test]
async fn standing_conditions_are_told_with_their_codes() {
    let world = World::start().await;
    let portal = &world.portal;
    let employee = portal.tokens(5).access;
    portal.dismiss(5);
    let told = async |token: &str| {
        let (status, answer) = world.call_as(Some(token), "profile", json!({})).await;
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(&employee).await, (401, "authorization_error".into()));
    let admin = portal.tokens(1).access;
    portal.set_plan_ended(true);
    assert_eq!(told(&admin).await, (403, "ACCESS_DENIED".into()));
    portal.set_plan_ended(false);
    portal.fault("profile", 1, Fault::overload());
    assert_eq!(told(&admin).await, (503, "OVERLOAD_LIMIT".into()));
    portal.delete_portal();
    assert_eq!(told(&admin).await, (410, "PORTAL_DELETED".into()));
}

#[tokio::test]
async fn another_application_sees_nothing_of_ours() {
    let world = World::start().await;
    world.register().await;
    let deal = world.portal.deal(512);
    let layout = json!({"icon": {"code": "info"}, "header": {"title": "t"}, "body": {"logo": {"code": "document"}}});
    let made = world.ok("crm.activity.configurable.add", json!({"ownerTypeId": 2, "ownerId": 512, "fields": {}, "layout": layout})).await;
    world.portal.install_other_app("app.other.1", "other");
    let other = world.portal.tokens_of("app.other.1", 1).access;
    assert_eq!(world.call_as(Some(&other), "bizproc.robot.list", json!({})).await.1["result"], json!([]));
    let (status, answer) =
        world.call_as(Some(&other), "crm.activity.configurable.update", json!({"id": made["activity"]["id"], "layout": layout})).await;
    assert_eq!((status, &answer["error"]), (400, &json!("ERROR_WRONG_APPLICATION")));
    world
        .ok("crm.activity.configurable.update", json!({"id": made["activity"]["id"], "fields": {"completed": "Y"}, "layout": layout}))
        .await;
    let activities = world.portal.activities(&deal);
    assert_eq!((activities[0].layouts.len(), &activities[0].fields["completed"]), (2, &json!("Y")));
}
