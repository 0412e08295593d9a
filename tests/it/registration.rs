//! Robots in the portal: what is registered, when it is changed, what is told when it fails, and how it is repaired.

use crate::support::story::story;
use crate::support::town::{APP, Town, http, send};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::sim::portal::{Fault, FaultRule, Portal, PortalConfig};
use serde_json::{Value, json};

/// What an administrator does with his own token, by hand.
async fn by_hand(portal: &Portal, method: &str, mut params: Value) -> Value {
    params["auth"] = json!(portal.tokens(1).access);
    send(http().post(format!("{}/rest/{method}.json", portal.origin())).json(&params)).await.json().await.unwrap()
}

/// Registration asked for by the operator, worked off.
async fn repair(town: &Town) {
    let (status, told) = town.api_post("/robots/register", json!({})).await;
    assert_eq!(status, 202, "{told}");
    town.settle().await;
}

/// How often each robot was changed since it was added.
fn updates(portal: &Portal) -> Vec<(String, u32)> {
    portal.robots().into_iter().map(|robot| (robot.code, robot.updates)).filter(|(_, updates)| *updates > 0).collect()
}

async fn robot(town: &Town, code: &str) -> Value {
    let list = town.api("/robots").await;
    list["items"].as_array().unwrap().iter().find(|robot| robot["code"] == code).cloned().unwrap_or_default()
}

/// Times a REST method was used, alone or in a batch.
fn used(portal: &Portal, method: &str) -> usize {
    portal.requests().iter().flat_map(|request| &request.commands).filter(|command| command.method == method).count()
}

story! {
    /// The channel comes right after the robots, when the portal's budget is spent: they all learn of it, and the portal is not asked without end.
    async fn robots_learn_of_a_channel_although_the_budget_is_spent(town) from built {
        town.install().await;
        let app = town.network.app(APP).settings();
        let body = json!({"kind": "gupshup", "name": "Магазин", "settings": {
            "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key}});
        let before = town.portal.requests().len();
        let (status, made) = town.api_post("/channels", body).await;
        assert_eq!(status, 201, "{made}");
        for _ in 0..120 {
            town.advance(500);
            town.settle().await;
        }
        let none = ["wait_status", "set_consent", "cancel_follow_ups"];
        let offers = |code: &str| !none.contains(&code.trim_end_matches(".activity"));
        let wanted = town.portal.robots().iter().filter(|robot| offers(&robot.code)).count();
        assert_eq!(updates(&town.portal).len(), wanted, "some robots do not offer the channel");
        let spent = town.portal.requests().len() - before;
        assert!(spent <= wanted + 10, "{spent} requests for {wanted} robots");
    }
}

story! {
    /// Every robot is an activity as well, and bears its name in the languages of the portal.
    async fn robots_and_activities_bear_names_in_russian_and_english(town) from built {
        town.install().await;
        for code in ["send_text", "send_template", "check_window", "chat_link"] {
            for code in [code.to_owned(), format!("{code}.activity")] {
                let (ru, en) = (town.portal.robot_name(&code, "ru").unwrap(), town.portal.robot_name(&code, "en").unwrap());
                assert!(ru.chars().any(|c| ('а'..='я').contains(&c)), "{code}: {ru}");
                assert!(en.is_ascii() && !en.is_empty() && en != ru, "{code}: {en}");
                assert_eq!(robot(&town, &code).await["state"], "registered", "{code}");
            }
            let robot = town.portal.robot(code).unwrap();
            assert_eq!((robot.use_subscription.as_str(), robot.auth_user_id), ("Y", 1), "{code}");
            assert_eq!(robot.handler, town.url("/b24/robot"), "{code}");
        }
    }
}

story! {
    /// Registering what is there already costs one look and changes nothing.
    async fn registering_again_changes_nothing(town) {
        let (before, requests) = (town.portal.robots(), town.portal.request_count());
        repair(&town).await;
        assert_eq!(town.portal.request_count(), requests + 1, "one batch of lists");
        assert_eq!(town.portal.robots(), before);
        town.restart().await;
        town.settle().await;
        assert_eq!(town.portal.request_count(), requests + 1, "nothing has changed, so a start asks nothing");
    }
}

story! {
    /// What is missing is added, what is not ours any more goes, and what is right stays untouched: used steps never block.
    async fn only_what_differs_is_mended(town) {
        let handler = town.url("/b24/robot");
        let retired = json!({"CODE": "send_pigeon", "HANDLER": handler, "NAME": "Голубь", "AUTH_USER_ID": 1});
        assert!(by_hand(&town.portal, "bizproc.robot.add", retired).await["result"].as_bool().unwrap_or_default());
        by_hand(&town.portal, "bizproc.robot.delete", json!({"CODE": "send_text"})).await;
        by_hand(&town.portal, "bizproc.activity.delete", json!({"CODE": "chat_link.activity"})).await;
        let before = updates(&town.portal);
        repair(&town).await;
        assert!(town.portal.robot("send_text").is_some() && town.portal.robot("chat_link.activity").is_some());
        assert!(town.portal.robot("send_pigeon").is_none(), "a retired code is deleted");
        let untouched: Vec<_> = before.into_iter().filter(|(code, _)| code != "send_text" && code != "chat_link.activity").collect();
        assert_eq!(updates(&town.portal), untouched);
        assert_eq!(town.shown(&town.portal).await["robots"]["failed"], 0);
    }
}

story! {
    /// A robot that the portal refuses is named with the reason, the others work, an administrator hears of it, one call repairs it.
    async fn a_failure_names_the_robot_and_the_reason_and_one_call_repairs_it(town) from built {
        town.portal.fault("bizproc.robot.add", 1, Fault::error(400, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong properties array!"));
        town.install().await;
        let shown = town.shown(&town.portal).await;
        assert_eq!(shown["robots"]["failed"], 1, "{shown}");
        let list = town.api("/robots").await;
        let failed: Vec<&Value> = list["items"].as_array().unwrap().iter().filter(|robot| robot["state"] == "failed").collect();
        assert_eq!(failed.len(), 1, "{list}");
        let reason = failed[0]["error"].as_str().unwrap();
        assert!(reason.contains("ERROR_ACTIVITY_VALIDATION_FAILURE") && reason.contains("Wrong properties array!"), "{reason}");
        let code = failed[0]["code"].as_str().unwrap();
        let told = town.portal.notifications();
        assert_eq!(told.len(), 1);
        assert!(format!("{:?}", told[0]).contains(code), "{told:?}");
        repair(&town).await;
        assert_eq!(town.shown(&town.portal).await["robots"]["failed"], 0);
        assert!(town.portal.robot(code).is_some());
        assert_eq!(robot(&town, code).await["error"], Value::Null);
    }
}

story! {
    /// A portal whose plan has no automation says so for every robot; once the plan has it, one call registers them.
    async fn a_plan_without_automation_is_told_as_such(town) from built {
        town.portal.set_license("ru_project");
        town.install().await;
        let list = town.api("/robots").await;
        for robot in list["items"].as_array().unwrap() {
            assert_eq!(robot["state"], "failed", "{robot}");
            assert!(robot["error"].as_str().unwrap().contains("ERROR_METHOD_NOT_FOUND"), "{robot}");
        }
        assert_eq!(town.shown(&town.portal).await["status"], "active");
        assert!(town.portal.bindings().iter().any(|one| one.event == "ONAPPUNINSTALL"), "its removal is still heard of");
        town.portal.set_license("ru_pro100");
        repair(&town).await;
        assert_eq!(town.shown(&town.portal).await["robots"], json!({"registered": town.portal.robots().len(), "failed": 0}));
    }
}

story! {
    /// A portal that stumbles in the middle of a registration is asked again later, and nothing is told as failed.
    async fn a_portal_that_stumbles_is_asked_again(town) from built {
        let rule = |fault: Fault| FaultRule { method: "bizproc.robot.add".into(), skip: 1, times: Some(1), fault };
        town.portal.fault_rule(rule(Fault::Html { status: 503 }));
        town.install().await;
        assert!(town.portal.robots().len() < 8);
        town.pass(10 * MINUTE).await;
        let shown = town.shown(&town.portal).await;
        assert_eq!(shown["robots"], json!({"registered": town.portal.robots().len(), "failed": 0}));
        assert!(town.portal.robots().len() >= 8 && town.portal.notifications().is_empty());
    }
}

story! {
    /// Robots vanish with an update whose event never came: the daily look brings them back.
    async fn robots_that_vanished_come_back_within_a_day(town) {
        by_hand(&town.portal, "bizproc.robot.delete", json!({"CODE": "send_text"})).await;
        town.advance(DAY + HOUR);
        town.settle().await;
        assert!(town.portal.robot("send_text").is_some());
    }
}

fn options(portal: &Portal, code: &str) -> Vec<(String, String)> {
    let robot = portal.robot(code).unwrap();
    let channel = robot.properties.iter().find(|property| property.id.eq_ignore_ascii_case("channel")).unwrap();
    let options = channel.descriptor["OPTIONS"].as_object().cloned().unwrap_or_default();
    options.into_iter().map(|(value, label)| (value, label.as_str().unwrap_or_default().to_owned())).collect()
}

story! {
    /// Channels appear, change their names and go as options of the robots; what happens within two seconds is one registration.
    async fn channels_reach_the_robots_as_options_two_seconds_later(town) {
        assert_eq!(options(&town.portal, "send_text").last().unwrap(), &(town.channel.clone(), "Магазин".to_owned()));
        let app = town.network.app(APP).settings();
        let new = |name: &str| json!({"kind": "gupshup", "name": name, "settings": {
            "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key}});
        let changed = used(&town.portal, "bizproc.robot.update");
        let (_, first) = town.api_post("/channels", new("Склад")).await;
        town.advance(1_500);
        town.settle().await;
        let (_, second) = town.api_post("/channels", new("Сервис")).await;
        town.settle().await;
        assert_eq!(used(&town.portal, "bizproc.robot.update"), changed, "collected for two seconds");
        town.advance(2_000);
        town.settle().await;
        // `wait_status`, `set_consent` and `cancel_follow_ups` name no channel.
        let robots = town.portal.robots().len() / 2 - 3;
        assert_eq!(used(&town.portal, "bizproc.robot.update"), changed + robots, "each robot once for both");
        let names: Vec<String> = options(&town.portal, "send_text").into_iter().map(|(_, label)| label).collect();
        assert!(names.contains(&"Склад".to_owned()) && names.contains(&"Сервис".to_owned()), "{names:?}");
        assert!(options(&town.portal, "send_text")[0].0.is_empty() && names[0].contains("Магазин"), "the first names the default");

        let path = |channel: &Value| format!("/api/v1/portals/{}/channels/{}", town.portal.member_id(), channel["id"].as_str().unwrap());
        town.request("PATCH", &path(&first), Some(json!({"name": "Склад 2"}))).await;
        let (status, _) = town.request("DELETE", &path(&second), None).await;
        assert!((200..300).contains(&status));
        // The third registration within seconds waits for the portal's budget.
        town.pass(60_000).await;
        let names: Vec<String> = options(&town.portal, "send_text").into_iter().map(|(_, label)| label).collect();
        assert!(names.contains(&"Склад 2".to_owned()) && !names.iter().any(|name| name.contains("Сервис")), "{names:?}");
    }
}

story! {
    /// A deleted channel that calls used stays an option, marked, so that a robot's settings still show what was chosen.
    async fn a_deleted_channel_in_use_stays_marked(town) {
        town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"], "channel": town.channel})).await;
        town.settle().await;
        let path = format!("/api/v1/portals/{}/channels/{}", town.portal.member_id(), town.channel);
        town.request("DELETE", &path, None).await;
        town.advance(2_000);
        town.settle().await;
        let (_, label) = options(&town.portal, "send_text").into_iter().find(|(value, _)| *value == town.channel).unwrap();
        assert!(label.contains("Магазин") && label != "Магазин", "{label}");
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["А", "1"], "channel": town.channel})).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().returned["error_code"], "channel_not_found");
    }
}

story! {
    /// The service moved: every portal learns the new address at the next start, paced, and so does Gupshup where its API can be told.
    async fn a_moved_service_tells_portals_and_providers_its_new_address(town) {
        let app = town.network.app(APP).settings();
        town.network.app(APP).change(|app| app.subscriptions.clear());
        let partner = json!({"partner_token": app.partner_token});
        let path = format!("/api/v1/portals/{}/channels/{}", town.portal.member_id(), town.channel);
        let (status, told) = town.request("PATCH", &path, Some(json!({"settings": partner}))).await;
        assert_eq!(status, 200, "{told}");
        town.settle().await;
        let addresses = |town: &Town| -> Vec<String> { town.network.app(APP).settings().subscriptions.into_iter().map(|it| it.url).collect() };
        let (old, requests) = (town.url(""), town.portal.request_count());
        assert!(matches!(&addresses(&town)[..], [only] if only.starts_with(&old)), "{:?}", addresses(&town));
        let neighbour = town.neighbour().await;

        town.move_away().await;
        // A shard taken over starts with an empty budget: registering takes its time.
        town.advance(15_000);
        town.settle().await;
        town.pass(2 * MINUTE).await;
        let new = town.url("");
        assert_ne!(old, new);
        for portal in [&town.portal, &neighbour] {
            for robot in portal.robots() {
                assert_eq!(robot.handler, format!("{new}/b24/robot"), "{}", robot.code);
            }
            let handlers: Vec<String> = portal.bindings().into_iter().map(|one| one.handler).collect();
            assert!(handlers.iter().all(|handler| *handler == format!("{new}/b24/event")), "former addresses are unbound: {handlers:?}");
        }
        assert!(town.portal.request_count() > requests);
        let told = addresses(&town);
        assert!(matches!(&told[..], [only] if only.starts_with(&new)), "one subscription, at the new address: {told:?}");
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["А", "1"], "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().returned["status"], "delivered", "its events arrive");
    }
}

story! {
    /// An older self-hosted edition sends less, and is installed all the same.
    async fn an_older_edition_is_installed_too(town) from built {
        let old = Portal::start(town.clock.clone(), PortalConfig { old_edition: true, ..PortalConfig::beside(town.portal.auth()) }).unwrap();
        let reply = old.open_installer(&town.url("/b24/install"), 1).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        old.finish_install();
        town.neighbours.push(old.clone());
        town.settle().await;
        assert_eq!(town.shown(&old).await["robots"]["failed"], 0);
        assert_eq!(town.shown(&old).await["status"], "active");
    }
}
