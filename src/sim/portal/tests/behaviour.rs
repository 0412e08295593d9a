//! Processes, limits, faults and deliveries.

use super::support::{START, World};
use crate::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use crate::sim::portal::{
    Bucket, Document, Effect, Fault, FaultRule, Mishap, Options, PortalConfig, StepState, WorkflowState, config::ALL_SCOPES,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_call_is_built_as_the_portal_builds_it_and_the_answer_resumes_the_process() {
    let world = World::start().await;
    world.register().await;
    let deal = world.portal.deal("512").title("Roof & wall").contact(9);
    let step = world.portal.fires("send_text", &deal, json!({"text": "Hi *you*\n+7 👋", "phone": [], "urgent": true})).await.unwrap();
    let raw = String::from_utf8(world.incoming()[0].body.to_vec()).unwrap();
    assert!(raw.contains("properties%5Btext%5D=Hi+%2Ayou%2A%0A%2B7+%F0%9F%91%8B&"), "{raw}");
    assert!(!raw.contains("phone"), "an empty list vanishes: {raw}");
    let call = &world.received()[0];
    assert_eq!(call["document_id"], json!(["crm", "CCrmDocumentDeal", "DEAL_512"]));
    assert_eq!(call["properties"], json!({"text": "Hi *you*\n+7 👋", "urgent": "Y", "deal_title": "Roof & wall"}));
    assert_eq!(
        (&call["use_subscription"], &call["timeout_duration"], &call["ts"]),
        (&json!("Y"), &json!("0"), &json!((START / 1000).to_string()))
    );
    assert_eq!(call["auth"]["member_id"], json!(world.portal.member_id()));
    assert_eq!(call["auth"]["application_token"], json!(world.portal.application_token()));
    assert_eq!(call["auth"]["user_id"], json!("1"));
    let token = call["event_token"].as_str().unwrap().to_owned();
    assert_eq!(world.portal.step(step).unwrap().state, StepState::Waiting);

    let sent = world
        .ok("bizproc.event.send", json!({"event_token": token, "Return_Values": {"STATUS": "sent", "nonsense": 1}, "LOG_MESSAGE": "done"}))
        .await;
    assert_eq!(sent, json!(true));
    let done = world.portal.step(step).unwrap();
    assert_eq!((done.state, world.portal.returned(step, "status")), (StepState::Answered, json!("sent")));
    assert_eq!(done.returned.len(), 1, "unknown values are dropped");
    assert_eq!(world.refused("bizproc.event.send", json!({"EVENT_TOKEN": token})).await, (400, String::new()), "the workflow is gone");
    assert_eq!(
        world.portal.step(step).unwrap().answers.iter().map(|answer| answer.effect).collect::<Vec<_>>(),
        [Effect::Resumed, Effect::Gone]
    );
    let forged = token.replace('.', "x.");
    assert_eq!(world.refused("bizproc.event.send", json!({"EVENT_TOKEN": forged})).await.0, 403);
}

#[tokio::test]
async fn a_second_answer_to_a_living_process_is_true_and_does_nothing() {
    let world = World::start().await;
    world.register().await;
    let step = world.portal.firing("send_text", Document::deal(1)).property("text", "a").stays_alive().fire().await.unwrap();
    let token = world.portal.step(step).unwrap().event_token;
    for status in ["first", "second"] {
        world.ok("bizproc.event.send", json!({"EVENT_TOKEN": token, "RETURN_VALUES": {"status": status}})).await;
    }
    assert_eq!(world.portal.returned(step, "status"), json!("first"));
    let workflow = world.portal.step(step).unwrap().workflow_id;
    assert_eq!(world.portal.workflow(&workflow), Some(WorkflowState::Running));
    world.portal.finish_workflow(&workflow);
    assert_eq!(world.refused("bizproc.event.send", json!({"EVENT_TOKEN": token})).await.0, 400);
}

#[tokio::test]
async fn a_timeout_closes_the_step_and_the_process_goes_on() {
    let world = World::start().await;
    world.register().await;
    let portal = &world.portal;
    let deal = portal.deal(1);
    let first = portal.firing("send_text", &deal).property("text", "a").timeout_seconds(60);
    let workflow = portal.process(&deal).then_with(first).then("note", json!({"text": "late: {=A1:IsTimeout}"})).start().await.unwrap();
    world.clock.advance(59 * SECOND);
    assert_eq!(portal.steps_of(&workflow).len(), 1);
    world.clock.advance(SECOND);
    let steps = portal.steps_of(&workflow);
    portal.idle().await;
    assert_eq!(steps[0].state, StepState::TimedOut);
    assert_eq!(portal.returned(steps[0].id, "istimeout"), json!(1));
    assert_eq!(world.received()[1]["properties"]["text"], json!("late: 1"));
    assert_eq!(portal.workflow(&workflow), Some(WorkflowState::Finished));
}

#[tokio::test]
async fn a_step_that_does_not_wait_is_closed_before_it_is_delivered() {
    let world = World::start().await;
    world.register().await;
    world.portal.hold_queue();
    let step = world.portal.fires("note", Document::deal(1), json!({"text": "x"})).await.unwrap();
    assert_eq!(world.portal.step(step).unwrap().state, StepState::NotWaiting);
    assert!(world.received().is_empty());
    world.portal.release_queue(false).await;
    assert_eq!(world.received()[0]["use_subscription"], json!("N"));
}

#[tokio::test]
async fn a_trigger_moves_forward_only_and_fires_the_next_stages_robots() {
    let world = World::start().await;
    world.register().await;
    let portal = &world.portal;
    let deal = portal.deal(512).stage("PREPARATION");
    portal.place_robot(2, "EXECUTING", "send_text", json!({"text": "next"}));
    portal.attach_trigger("client_replied", 2, "EXECUTING");
    world.ok("crm.automation.trigger.add", json!({"CODE": "client_replied", "NAME": "Replied"})).await;
    world.ok("crm.automation.trigger.execute", json!({"CODE": "client_replied", "OWNER_TYPE_ID": 2, "OWNER_ID": 512})).await;
    portal.idle().await;
    assert_eq!((deal.get("stageId"), world.received().len()), (json!("EXECUTING"), 1));
    world.ok("crm.automation.trigger.execute", json!({"CODE": "client_replied", "OWNER_TYPE_ID": 2, "OWNER_ID": 512})).await;
    assert_eq!(portal.triggers_executed().last().unwrap().moved_to, None);
    portal.move_item(&deal, "WON").await;
    assert_eq!(portal.steps()[0].state, StepState::Terminated, "a left stage ends its waiting robots");
}

#[tokio::test]
async fn a_batch_runs_in_order_with_references_and_tells_errors_inside_200() {
    let world = World::start().await;
    world.portal.deal(512).contact(9);
    world.portal.contact(9).phone("+7 999 000-11-22");
    let result = world
        .ok(
            "batch",
            json!({"halt": 0, "cmd": {
                "d": "crm.item.get?entityTypeId=2&id=512", "c": "crm.item.get?entityTypeId=3&id=$result[d][item][contactId]",
                "bad": "crm.item.get?entityTypeId=2&id=7", "nested": "batch?cmd[a]=profile", "unknown": "no.such",
            }}),
        )
        .await;
    assert_eq!(result["result"]["c"]["item"]["fm"][0]["value"], json!("+7 999 000-11-22"));
    assert_eq!(result["result_error"]["bad"]["error"], json!("NOT_FOUND"));
    assert_eq!(result["result_error"]["nested"]["error"], json!("ERROR_BATCH_METHOD_NOT_ALLOWED"));
    assert_eq!(result["result_error"]["unknown"]["error"], json!("ERROR_METHOD_NOT_FOUND"));
    assert_eq!((&result["result_total"], &result["result_next"]), (&json!([]), &json!([])), "empty maps are []");
    assert_eq!(world.portal.request_count(), 1);
    assert_eq!(world.portal.calls_of("crm.item.get"), 3);

    let halted = world.ok("batch", json!({"halt": 1, "cmd": ["no.such", "profile"]})).await;
    assert_eq!(halted["result"], json!([]));
    let commands: Vec<&str> = (0..51).map(|_| "server.time").collect();
    let long = world.ok("batch", json!({ "cmd": commands })).await;
    assert_eq!(long["result"].as_array().unwrap().len(), 50);
    assert_eq!(long["result_error"]["50"]["error"], json!("ERROR_BATCH_LENGTH_EXCEEDED"));
    assert_eq!(world.refused("batch", json!({})).await.0, 400);

    let token = world.portal.tokens(1).access;
    let body = format!("auth={token}&cmd%5Bx%5D=crm.item.get%3FentityTypeId%3D2%26id%3D512");
    let (status, answer) = world.form(&format!("{}/rest/batch.json", world.portal.origin()), &body).await;
    assert_eq!((status, &answer["result"]["result"]["x"]["item"]["id"]), (200, &json!(512)));
}

#[tokio::test]
async fn the_bucket_overflows_and_the_time_budget_blocks_one_method() {
    let world = World::with(PortalConfig { bucket: Some(Bucket { drain_per_second: 2, burst: 3 }), ..PortalConfig::default() });
    world.portal.install_app();
    for _ in 0..3 {
        world.ok("profile", json!({})).await;
    }
    assert_eq!(world.refused("profile", json!({})).await, (503, "QUERY_LIMIT_EXCEEDED".into()));
    world.clock.advance(500);
    world.ok("profile", json!({})).await;
    assert_eq!(world.portal.bucket_peak(), (3, 1));
    world.clock.advance(MINUTE);
    world.portal.set_cost("profile", 480_000);
    world.ok("profile", json!({})).await;
    assert_eq!(world.refused("profile", json!({})).await, (429, "OPERATION_TIME_LIMIT".into()));
    world.ok("server.time", json!({})).await;
    world.clock.advance(11 * MINUTE);
    let (_, answer) = world.call_as(Some(&world.portal.tokens(1).access), "server.time", json!({})).await;
    assert!(answer["time"]["operating_reset_at"].as_i64().unwrap() > world.portal.core.clock.now() / 1000);
}

#[tokio::test]
async fn faults_strike_as_ordered() {
    let world = World::start().await;
    let portal = &world.portal;
    portal.deal(1).title("old");
    portal.fault("profile", 2, Fault::too_many_requests());
    for expected in [503, 503, 200] {
        assert_eq!(world.call_as(Some(&portal.tokens(1).access), "profile", json!({})).await.0, expected);
    }
    portal.fault("crm.item.get", 1, Fault::Html { status: 200 });
    let (status, page) =
        world.call_as(Some(&portal.tokens(1).access), "batch", json!({"cmd": {"a": "crm.item.get?entityTypeId=2&id=1"}})).await;
    assert!(status == 200 && page.as_str().unwrap().contains("maintenance"));
    portal.fault("crm.item.get", 1, Fault::operation_time());
    let inner = world.ok("batch", json!({"cmd": {"a": "crm.item.get?entityTypeId=2&id=1", "b": "profile"}})).await;
    assert_eq!(inner["result_error"]["a"]["error"], json!("OPERATION_TIME_LIMIT"));
    let url = format!("{}/rest/crm.item.update", portal.origin());
    let update = |title: &str| json!({"auth": portal.tokens(1).access, "entityTypeId": 2, "id": 1, "fields": {"title": title}});
    portal.fault_rule(FaultRule { method: "*".into(), skip: 0, times: Some(1), fault: Fault::Reset });
    assert!(world.try_raw(&url, update("never")).await.is_err());
    assert_eq!(portal.field(Document::deal(1), "title"), json!("old"));
    portal.fault("crm.item.update", 1, Fault::LoseReply);
    assert!(world.try_raw(&url, update("done")).await.is_err());
    assert_eq!(portal.field(Document::deal(1), "title"), json!("done"), "the work was done, the answer lost");
    portal.fault("profile", None, Fault::internal());
    assert_eq!(world.refused("profile", json!({})).await, (500, "INTERNAL_SERVER_ERROR".into()));
    portal.clear_faults();
    world.ok("profile", json!({})).await;
}

#[tokio::test]
async fn a_renamed_portal_redirects_from_its_old_address() {
    let world = World::start().await;
    let old = world.portal.origin();
    let domain = world.portal.rename().unwrap();
    let response = world.try_raw(&format!("{old}/rest/profile"), json!({})).await.unwrap();
    assert_eq!(response.status().as_u16(), 302);
    assert_eq!(response.headers()["location"].to_str().unwrap(), format!("http://{domain}/rest/profile"));
    assert_eq!(world.ok("profile", json!({})).await["ADMIN"], json!(true));
}

#[tokio::test]
async fn an_old_edition_lacks_methods_and_the_free_plan_lacks_robots() {
    let config = PortalConfig { bucket: None, ..PortalConfig::default() }.without_methods(&["crm.activity.configurable.add"]);
    let world = World::with(config);
    world.portal.install_app();
    assert_eq!(world.refused("crm.activity.configurable.add", json!({})).await, (404, "ERROR_METHOD_NOT_FOUND".into()));
    let existing = world.ok("method.get", json!({"name": "crm.activity.configurable.add"})).await;
    assert_eq!(existing, json!({"isExisting": false, "isAvailable": false}));
    world.portal.set_license("ru_project");
    assert_eq!(world.refused("bizproc.robot.list", json!({})).await.0, 404);
    assert_eq!(world.ok("scope", json!({})).await.as_array().unwrap().len(), ALL_SCOPES.len());
}

#[tokio::test]
async fn deliveries_meet_their_mishaps() {
    let world = World::start().await;
    world.register().await;
    let fire = |mishap: Mishap| world.portal.firing("send_text", Document::deal(1)).property("text", "abc").with(mishap).fire();
    fire(Mishap::Duplicate).await.unwrap();
    assert_eq!(world.received().len(), 2);
    assert_eq!(world.received()[0]["event_token"], world.received()[1]["event_token"]);
    fire(Mishap::NoTokens).await.unwrap();
    let auth = world.received()[2]["auth"].clone();
    assert!(auth.get("access_token").is_none() && auth.get("user_id").is_none() && auth["member_id"].is_string());
    fire(Mishap::StaleApplicationToken).await.unwrap();
    assert_ne!(world.received()[3]["auth"]["application_token"], json!(world.portal.application_token()));
    fire(Mishap::HugeText { bytes: 1_500_000 }).await.unwrap();
    assert!(world.received()[4]["properties"]["text"].as_str().unwrap().len() >= 1_500_000);
    fire(Mishap::RawBrackets).await.unwrap();
    fire(Mishap::InvalidUtf8).await.unwrap();
    fire(Mishap::Reordered).await.unwrap();
    let bodies: Vec<String> = world.incoming().iter().map(|incoming| String::from_utf8_lossy(&incoming.body).into_owned()).collect();
    assert!(bodies[5].contains("properties[text]=abc") && bodies[6].contains("%FF%C3%28"));
    assert!(bodies[7].starts_with("auth%5Bapplication_token%5D=") && bodies[7].contains("&workflow_id="));
    let before = bodies.len();
    fire(Mishap::Lost).await.unwrap();
    assert_eq!(world.incoming().len(), before);
}

#[tokio::test]
async fn an_application_is_installed_updated_and_removed() {
    let world = World::with(PortalConfig { bucket: None, ..PortalConfig::default() });
    let portal = &world.portal;
    let page = portal.open_installer(&format!("{}/install", world.handler_url), 1).await.unwrap();
    assert_eq!(page.status, 200);
    let opened = &world.incoming()[0];
    assert!(opened.query.starts_with("DOMAIN=127.0.0.1%3A") && opened.query.contains("&PROTOCOL=0&LANG=ru&APP_SID="));
    let fields = &world.received()[0];
    assert_eq!((&fields["PLACEMENT"], &fields["member_id"]), (&json!("DEFAULT"), &json!(portal.member_id())));
    assert!(fields.get("DOMAIN").is_none() && fields.get("PLACEMENT_OPTIONS").is_none());
    assert_eq!(world.ok("app.info", json!({})).await["INSTALLED"], json!(false));
    for event in ["ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT"] {
        world.ok("event.bind", json!({"event": event, "handler": format!("{}/event", world.handler_url)})).await;
    }
    assert!(portal.payment_event(true).await.is_empty(), "nothing is sent before installFinish");
    portal.finish_install();
    world.register().await;
    portal.payment_event(true).await;
    let payment = world.received().pop().unwrap();
    assert!(payment["auth"].get("application_token").is_none() && payment["auth"].get("access_token").is_none());

    let former = portal.application_token();
    assert_eq!(portal.update_app(1, true).await.len(), 1);
    let update = world.received().pop().unwrap();
    assert_ne!(update["auth"]["application_token"], json!(former));
    assert!(update["auth"]["refresh_token"].is_string());
    assert!(portal.robots().is_empty() && portal.bindings().is_empty(), "an update deletes both");

    world.ok("event.bind", json!({"event": "onAppUninstall", "handler": format!("{}/event", world.handler_url)})).await;
    let token = portal.tokens(1).access;
    assert_eq!(portal.uninstall(true).await.len(), 1);
    let gone = world.received().pop().unwrap();
    assert_eq!((&gone["event"], &gone["data"]["CLEAN"]), (&json!("ONAPPUNINSTALL"), &json!("1")));
    let mut keys: Vec<&String> = gone["auth"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["application_token", "client_endpoint", "domain", "member_id", "server_endpoint"]);
    assert_eq!(world.call_as(Some(&token), "profile", json!({})).await.1["error"], json!("APPLICATION_NOT_FOUND"));
}

#[tokio::test]
async fn placements_open_with_their_context_in_every_shape() {
    let world = World::start().await;
    world.ok("placement.bind", json!({"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": format!("{}/tab", world.handler_url)})).await;
    let open = |options: Options| world.portal.placement("CRM_DEAL_DETAIL_TAB").unwrap().by(5).options(options).open();
    for options in [Options::Json(json!({"ID": "512"})), Options::EmptyList, Options::Empty, Options::Missing] {
        assert_eq!(open(options).await.unwrap().status, 200);
    }
    let told: Vec<Option<Value>> = world.received().iter().map(|fields| fields.get("PLACEMENT_OPTIONS").cloned()).collect();
    let first: Value = serde_json::from_str(told[0].as_ref().unwrap().as_str().unwrap()).unwrap();
    assert_eq!(first["ID"], json!("512"));
    assert_eq!(told[1..], [Some(json!("[]")), Some(json!("")), None]);
    let viewer = world.received()[0]["AUTH_ID"].as_str().unwrap().to_owned();
    assert_eq!(world.call_as(Some(&viewer), "profile", json!({})).await.1["result"]["ADMIN"], json!(false));
    assert!(world.portal.placement("LEFT_MENU").is_err());
}

#[tokio::test]
async fn scripts_do_the_same_over_the_control_api() {
    let world = World::start().await;
    world.register().await;
    let base = format!("{}/_sim", world.portal.origin());
    let item = json!({"type_id": 2, "id": 512, "fields": {"title": "T", "UF_CRM_X": "y"}, "contacts": [9], "phones": []});
    assert_eq!(world.raw(&format!("{base}/items"), item).await.0, 200);
    let (status, fired) = world
        .raw(&format!("{base}/fire"), json!({"code": "send_text", "document": "DEAL_512", "properties": {"text": "x"}, "count": 3}))
        .await;
    assert_eq!((status, fired["steps"].as_array().unwrap().len()), (200, 3), "{fired}");
    let read = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
    let step = read(world.get(&format!("{base}/steps/{}", fired["step"])).await.1);
    assert_eq!((&step["step"]["state"], &step["deliveries"][0]["status"]), (&json!("waiting"), &json!(200)));
    let fault = json!({"method": "profile", "times": 1, "fault": {"kind": "error", "status": 503, "code": "QUERY_LIMIT_EXCEEDED"}});
    assert_eq!(world.raw(&format!("{base}/faults"), fault).await.0, 200);
    assert_eq!(world.refused("profile", json!({})).await.0, 503);
    let document = read(world.get(&format!("{base}/documents/DEAL_512")).await.1);
    assert_eq!(document["fields"]["UF_CRM_X"], json!("y"));
    assert_eq!(world.raw(&format!("{base}/fire"), json!({"code": "send_text", "dokument": "DEAL_512"})).await.0, 400, "a typo is seen");
    assert_eq!(read(world.get(&format!("{base}/state")).await.1)["member_id"], json!(world.portal.member_id()));
    let page = world.get(&format!("{base}/page?url={}/app", world.handler_url)).await;
    assert!(page.0 == 200 && String::from_utf8(page.1).unwrap().contains("getInitData"));
}

#[tokio::test]
async fn tokens_end_after_an_hour_and_refresh_tokens_are_used_once() {
    let world = World::start().await;
    let tokens = world.portal.tokens(1);
    world.clock.advance(HOUR);
    let (status, answer) = world.call_as(Some(&tokens.access), "profile", json!({})).await;
    assert_eq!((status, &answer["error"]), (401, &json!("expired_token")));
    let (client_id, secret) = world.portal.app_keys();
    let body = format!("grant_type=refresh_token&client_id={client_id}&client_secret={secret}&refresh_token={}", tokens.refresh);
    let url = format!("{}/oauth/token/", world.portal.auth().origin());
    let (status, pair) = world.form(&url, &body).await;
    assert_eq!((status, &pair["member_id"], &pair["user_id"]), (200, &json!(world.portal.member_id()), &json!(1)));
    assert_eq!(pair["client_endpoint"], json!(format!("{}/rest/", world.portal.origin())));
    assert_ne!(pair["domain"], json!(world.portal.domain()), "that is the authorization server");
    assert_eq!(world.call_as(pair["access_token"].as_str(), "profile", json!({})).await.0, 200);
    assert_eq!(world.form(&url, &body).await, (400, json!({"error": "invalid_grant", "error_description": "Invalid grant"})));
    world.clock.advance(181 * DAY);
    let stale = body.replace(&tokens.refresh, pair["refresh_token"].as_str().unwrap());
    assert_eq!(world.form(&url, &stale).await.1["error"], json!("invalid_grant"));
}

#[tokio::test]
async fn a_dropped_portal_frees_its_address() {
    let world = World::start().await;
    let url = format!("{}/rest/server.time", world.portal.origin());
    let beside = world.portal.clone();
    assert!(world.try_raw(&url, json!({})).await.is_ok());
    drop(beside);
    assert!(world.try_raw(&url, json!({})).await.is_ok(), "a clone keeps it alive");
    let client = world.into_client();
    let gone = async {
        while crate::sim::wire::send(client.post(&url)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), gone).await.unwrap();
}

#[tokio::test]
async fn a_crowd_is_fired_and_answered_in_batches() {
    let world = World::start().await;
    world.register().await;
    let deal = world.portal.deal(1);
    let fired =
        futures::future::join_all((0..500).map(|index| world.portal.fires("send_text", &deal, json!({"text": index.to_string()})))).await;
    let tokens: Vec<String> = fired.into_iter().map(|step| world.portal.step(step.unwrap()).unwrap().event_token).collect();
    assert_eq!(world.incoming().len(), 500);
    for chunk in tokens.chunks(50) {
        let commands: Vec<String> =
            chunk.iter().map(|token| format!("bizproc.event.send?EVENT_TOKEN={}", token.replace('|', "%7C"))).collect();
        world.ok("batch", json!({ "cmd": commands })).await;
    }
    assert_eq!(world.portal.count_steps(StepState::Answered), 500);
    assert_eq!((world.portal.request_count(), world.portal.calls_of("bizproc.event.send")), (2 + 10, 500));
}
