//! How long a process waits, and that it is told in time; how fast one person and one portal are served.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town, http, send};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::{Document, Portal, PortalConfig, StepState};
use serde_json::json;

story! {
    /// `none`: the process goes on right after our commit, whatever the provider does.
    async fn a_process_that_waits_for_nothing_is_answered_at_once(town) {
        town.network.fault_next("/msg", courier24::sim::whatsapp::fault::Fault::unavailable());
        let step = town.sends_template(json!({"wait_for": "none", "write_fields": ["UF_CRM_WA_STATUS = status"]})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["ok"].as_str()), (Some("queued"), Some("Y")));
        assert!(!told["message_id"].as_str().unwrap().is_empty());
        town.pass(MINUTE).await;
        assert_eq!(town.got(), 1);
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("delivered"));
    }
}

story! {
    /// The step's own time is shorter than the wait: it is answered ten seconds before it.
    async fn a_step_with_little_time_is_answered_within_it(town) {
        for (timeout, answered_by) in [(60, 51), (15, 9), (5, 5)] {
            let firing = town.portal.firing("send_template", Document::deal(512));
            let properties = order_ready(json!({"wait_for": "read", "params": ["Анна", timeout.to_string()]}));
            let step = firing.properties(properties).timeout_seconds(timeout).fire().await.unwrap();
            town.settle().await;
            for _ in 0..answered_by {
                town.advance(SECOND);
                town.settle().await;
            }
            assert_eq!(town.told(step)["status"], "delivered", "{timeout}");
            town.advance(MINUTE);
        }
    }
}

/// The queue brings a call that nobody waits for: an old registration, or an author who switched waiting off.
pub(crate) async fn brings_unwaited(town: &Town, code: &str, properties: &[(&str, &str)]) {
    let now = (town.now() / 1_000).to_string();
    let token = format!("6511f0.00000{code}|A1_{code}|f9a1");
    let (member, secret) = (town.portal.member_id().to_owned(), town.portal.application_token().unwrap());
    let mut pairs: Vec<(String, String)> = [
        ("workflow_id", "6511f0.00000001"),
        ("code", code),
        ("document_id[0]", "crm"),
        ("document_id[1]", "CCrmDocumentDeal"),
        ("document_id[2]", "DEAL_512"),
        ("event_token", &token),
        ("use_subscription", "N"),
        ("timeout_duration", "0"),
        ("ts", &now),
        ("auth[member_id]", &member),
        ("auth[application_token]", &secret),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec();
    pairs.extend(properties.iter().map(|(key, value)| (format!("properties{key}"), (*value).to_owned())));
    let answer = send(http().post(town.url("/b24/robot")).form(&pairs)).await;
    assert_eq!(answer.status(), 200);
}

story! {
    /// A call without subscription is never answered; the deal learns the truth all the same.
    async fn a_call_without_subscription_is_never_answered(town) {
        let template: &[(&str, &str)] = &[
            ("[template]", "order_ready:ru"), ("[params][0]", "Анна"), ("[params][1]", "118"), ("[wait_for]", "delivered"),
            ("[write_fields][0]", "UF_CRM_WA_STATUS = status"),
        ];
        for (code, properties) in [("send_template", template), ("send_text", &[("[text]", "")]), ("check_window", &[])] {
            brings_unwaited(&town, code, properties).await;
            town.pass(MINUTE).await;
            let call = town.last_call().await;
            assert_eq!((&call["code"], &call["use_subscription"]), (&json!(code), &json!(false)));
            assert_eq!((&call["answer"]["end"], &call["answer"]["attempts"]), (&json!("none"), &json!(0)), "{code}");
        }
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!("delivered"));
        town.pass(2 * DAY).await;
        assert_eq!((town.got(), town.portal.calls_of("bizproc.event.send")), (1, 0));
    }
}

story! {
    /// A wait that ends with the provider silent is answered with `queued` or what else was reached.
    async fn a_wait_ends_while_the_provider_is_down(town) {
        town.network.fault(courier24::sim::whatsapp::fault::FaultRule {
            path: "/msg".to_owned(), times: 100, skip: 0, fault: courier24::sim::whatsapp::fault::Fault::too_many_requests(Some(3_000)),
        });
        let step = town.portal.firing("send_template", Document::deal(512)).properties(order_ready(json!({}))).timeout_seconds(600);
        let step = step.fire().await.unwrap();
        town.pass(9 * MINUTE).await;
        assert!(town.waits(step));
        town.advance(51 * SECOND);
        town.settle().await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["ok"].as_str()), (Some("queued"), Some("Y")));
        town.network.clear_faults();
        town.pass(HOUR).await;
        assert_eq!(town.got(), 1, "a passed deadline stops the answer, not the message");
    }
}

story! {
    /// One person gets a burst and then one message in six seconds; others are not held up, and nothing is lost.
    async fn one_person_is_not_flooded(town) {
        for number in 0..8 {
            town.sends_template(json!({"params": ["Анна", number.to_string()]})).await;
        }
        let other = town.sends_template(json!({"phone": ["79160000002"]})).await;
        town.settle().await;
        assert_eq!(town.got(), 5, "a burst");
        assert_eq!(town.told(other)["ok"], "Y", "somebody else's message does not wait for it");
        for _ in 0..30 {
            town.advance(SECOND);
            town.settle().await;
        }
        let at: Vec<i64> = town.network.messages_to(CLIENT).iter().map(|message| message.accepted_at).collect();
        assert_eq!(at.len(), 8);
        assert!(at.windows(2).skip(4).all(|pair| pair[1] - pair[0] >= 6 * SECOND), "{at:?}");
        town.nothing_twice_nothing_lost().await;
    }
}

/// A second portal with the application, a channel of its own on the same network, and deal 1.
async fn neighbour(town: &Town) -> Portal {
    let portal = Portal::start(town.clock.clone(), PortalConfig::beside(town.portal.auth())).unwrap();
    portal.install_app();
    assert_eq!(portal.open_installer(&town.url("/b24/install"), 1).await.unwrap().status, 200);
    portal.finish_install();
    town.settle().await;
    let other = courier24::sim::whatsapp::gupshup::app::App::new("Neighbour");
    let desk = town.network.add_app(other);
    desk.add_template(courier24::sim::whatsapp::gupshup::template::Template::new(
        "order_ready",
        "ru",
        "Здравствуйте, {{1}}! Заказ {{2}} готов.",
    ));
    let app = desk.settings();
    let settings = json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key});
    let path = format!("/api/v1/portals/{}/channels", portal.member_id());
    let (status, made) = town.request("POST", &path, Some(json!({"kind": "gupshup", "name": "Сосед", "settings": settings}))).await;
    assert_eq!(status, 201, "{made}");
    desk.set_callback(made["webhook_url"].as_str().unwrap());
    town.advance(3 * SECOND);
    town.settle().await;
    town.pass(MINUTE).await;
    portal.contact(1).name("Ира", "Сосед").phone("79167777777");
    portal.deal(1).title("Её заказ").contact(1);
    portal
}

story! {
    /// A neighbour's one call is not held up by a portal with hundreds, and neither sees anything of the other.
    async fn a_busy_portal_does_not_hold_up_its_neighbour(town) {
        let neighbour = neighbour(&town).await;
        for number in 0..60 {
            let phone = format!("7916{:07}", 1_000 + number);
            town.sends_template(json!({"phone": [phone], "params": ["Анна", number.to_string()]})).await;
        }
        let step = neighbour.fires("send_template", Document::deal(1), order_ready(json!({}))).await.unwrap();
        town.settle().await;
        let sent = town.network.messages();
        assert!(sent.iter().filter(|message| message.account == APP).count() < 60, "the busy channel is paced");
        let own = sent.iter().position(|message| message.account == "Neighbour").unwrap();
        assert!(own < 40, "{own}");
        assert_eq!(neighbour.step(step).unwrap().state, StepState::Answered);
        town.pass(MINUTE).await;
        assert_eq!(town.network.messages().len(), 61);
        let path = format!("/api/v1/portals/{}/calls", neighbour.member_id());
        let (_, calls) = town.request("GET", &path, None).await;
        assert_eq!(calls["items"].as_array().unwrap().len(), 1);
        let foreign = town.channel.clone();
        let step = neighbour.fires("send_template", Document::deal(1), order_ready(json!({"channel": foreign}))).await.unwrap();
        town.settle().await;
        assert_eq!(neighbour.step(step).unwrap().returned["error_code"], "channel_not_found", "another portal's channel does not exist");
        town.nothing_twice_nothing_lost().await;
    }
}
