//! Edges of the ordinary path: what is refused, limited, paused or simultaneous is told as it is.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, OPERATOR, Town, http, send};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{MINUTE, SECOND};
use courier24::sim::portal::Document;
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

fn field(town: &Town) -> Value {
    town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS")
}

story! {
    /// A call that is refused before there is anything to send still tells the deal, whatever it was refused for.
    async fn deal_fields_tell_refusals_of_the_properties_too(town) {
        let with = |more: Value| {
            let mut all = json!({"text": "Здравствуйте", "write_fields": ["UF_CRM_WA_STATUS = error_code"]});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        for (more, code) in [
            (json!({"wait_hours": "9999"}), "property_invalid"),
            (json!({"expressions": "Y", "text": "{{#if deal.TITLE}}"}), "pattern_invalid"),
            (json!({"expressions": "Y", "text": "{{deal.UF_NOTHING}}"}), "value_missing"),
            (json!({"channel": "Несуществующий"}), "channel_not_found"),
            (json!({"write_fields": ["UF_CRM_WA_STATUS = error_code", "нет такого = status"]}), "property_invalid"),
        ] {
            town.refuses("send_text", with(more), code).await;
            assert_eq!(field(&town), code);
        }
        let skipped = json!({"expressions": "Y", "text": "{{deal.UF_NOTHING}}", "on_missing": "skip", "write_fields": ["UF_CRM_WA_STATUS = status"]});
        town.fires("send_text", with(skipped)).await;
        town.settle().await;
        assert_eq!(field(&town), "skipped");
        let call = town.last_call().await;
        assert_eq!(call["write_backs"].as_array().unwrap().len(), 1, "{call}");
    }
}

story! {
    /// Ten numbers are written to; of eleven nobody is left out silently.
    async fn more_than_ten_numbers_are_refused(town) {
        let phones = |count: i64| (0..count).map(|n| format!("+7 916 000-01-{n:02}")).collect::<Vec<_>>();
        let text = town.refuses("send_template", order_ready(json!({"phone": phones(11), "phone_choice": "all"})), "property_invalid").await;
        assert!(text.contains("10") && text.contains("11"), "{text}");
        let one = town.sends_template(json!({"phone": phones(11)})).await;
        town.settle().await;
        assert_eq!(town.told(one)["ok"], "Y", "one of eleven is chosen as ever");
        let step = town.sends_template(json!({"phone": phones(10), "phone_choice": "all"})).await;
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["recipient"].as_str().unwrap().split(',').count(), 10);
        assert_eq!(town.sends(), 11);
    }
}

story! {
    /// An operator who knows his own limit sets it, and it is kept.
    async fn a_channels_own_rate_is_kept(town) {
        let (_, kinds) = town.request("GET", "/api/v1/channel-kinds", None).await;
        let settings = kinds["items"][0]["settings"].as_array().unwrap().clone();
        let rate = settings.iter().find(|field| field["name"] == "rate").unwrap();
        assert!(rate["kind"] == "number" && rate["description"].as_str().unwrap().contains("1000"), "{rate}");
        assert!(settings.iter().all(|field| field["description"].as_str().unwrap().len() > 20), "{settings:?}");
        for wrong in [json!("0"), json!(1001), json!("ten")] {
            let (status, told) = town.request("PATCH", &town.channel_path(), Some(json!({"settings": {"rate": wrong}}))).await;
            assert_eq!((status, &told["code"]), (422, &json!("setting_invalid")), "{told}");
        }
        town.patches_channel(json!({"settings": {"rate": 1}})).await;
        let phones: Vec<String> = (0..6).map(|n| format!("+7 916 000-02-{n:02}")).collect();
        town.sends_template(json!({"phone": phones, "phone_choice": "all"})).await;
        town.settle().await;
        let at_once = town.sends();
        assert!(at_once < 6, "{at_once} at one a second");
        town.advance(SECOND);
        town.settle().await;
        assert!(town.sends() <= at_once + 1);
        town.pass(10 * SECOND).await;
        assert_eq!(town.sends(), 6);
    }
}

story! {
    /// A person pauses a channel while its list is being read: the reading does not end the pause.
    async fn a_reading_does_not_end_a_pause(town) {
        let key = town.network.app(APP).settings().api_key;
        town.network.app(APP).change(|app| app.api_key = "sk_rotated_0123456789abcdef".to_owned());
        let sync = format!("/channels/{}/templates/sync", town.channel);
        town.api_post(&sync, json!({})).await;
        assert_eq!(town.channel_state().await, "auth_failed");
        town.network.app(APP).change(|app| app.api_key.clone_from(&key));
        town.network.fault(FaultRule { path: "/template".to_owned(), times: 1, skip: 0, fault: Fault::Slow { ms: 500 } });
        let readings = || town.network.requests().iter().filter(|request| request.path.ends_with("/template")).count();
        let before = readings();
        let pause = async {
            while readings() == before {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            town.patches_channel(json!({"paused": true})).await;
        };
        let ((status, told), ()) = futures::join!(town.api_post(&sync, json!({})), pause);
        assert!(status < 300, "{told}");
        assert_eq!(town.channel_state().await, "paused");
        town.network.app(APP).change(|app| app.api_key = "sk_rotated_0123456789abcdef".to_owned());
        town.api_post(&sync, json!({})).await;
        assert_eq!(town.channel_state().await, "paused", "nor does a refusal");
    }
}

story! {
    /// A refusal of what left before the channel was mended says nothing about the channel as it is now.
    async fn a_late_refusal_does_not_stop_a_resumed_channel(town) {
        town.network.user(CLIENT).goes_offline();
        town.sends_template(json!({"wait_for": "delivered"})).await;
        town.settle().await;
        let former = town.last_message().await["provider_id"].as_str().unwrap().to_owned();
        town.advance(MINUTE);
        town.patches_channel(json!({"paused": true})).await;
        town.patches_channel(json!({"paused": false})).await;
        assert_eq!(town.hears(&town.failure_event(&former, 1003, "wallet balance is low")).await, 200);
        town.settle().await;
        assert_eq!(town.last_message().await["status"], "failed");
        assert_eq!(town.channel_state().await, "connected");
        town.sends_template(json!({"params": ["Анна", "119"], "wait_for": "delivered"})).await;
        town.settle().await;
        let later = town.last_message().await["provider_id"].as_str().unwrap().to_owned();
        assert_eq!(town.hears(&town.failure_event(&later, 1003, "wallet balance is low")).await, 200);
        town.settle().await;
        assert_eq!(town.channel_state().await, "paused", "of what left after it, it does");
    }
}

story! {
    /// What happens within one millisecond is listed in the order in which it happened, and pages do not lose any of it.
    async fn lists_keep_the_order_within_one_millisecond(town) {
        for n in 0..7 {
            town.fires("chat_link", json!({"text": format!("номер {n}")})).await;
        }
        let moment: Vec<Value> = town.api("/calls").await["items"].as_array().unwrap().iter().map(|call| call["accepted_at"].clone()).collect();
        assert!(moment.iter().all(|at| *at == moment[0]), "one moment: {moment:?}");
        town.settle().await;
        let (mut texts, mut after) = (Vec::new(), String::new());
        loop {
            let page = town.api(&format!("/calls?limit=2&after={after}")).await;
            for call in page["items"].as_array().unwrap() {
                let call = town.api(&format!("/calls/{}", call["id"].as_str().unwrap())).await;
                texts.push(call["params"]["text"].as_str().unwrap().to_owned());
            }
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(texts, (0..7).rev().map(|n| format!("номер {n}")).collect::<Vec<_>>());
    }
}

story! {
    /// Tables that vanish under a running service take it out of service until they are back.
    async fn a_schema_that_is_gone_is_not_ready(town) {
        let ready = async || send(http().get(town.url("/health/ready"))).await.status().as_u16();
        let rename = async |from: &str, to: &str| {
            let tx = town.ctx().db.begin().await.unwrap();
            tx.execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
            tx.commit("story.renamed").await.unwrap();
        };
        assert_eq!(ready().await, 200);
        for table in ["robot_call", "job"] {
            rename(table, "gone").await;
            assert_eq!(ready().await, 503, "{table}");
            rename("gone", table).await;
            assert_eq!(ready().await, 200, "{table}");
        }
    }
}

story! {
    /// The counter of refused commits stands there before the first one: a rise from nothing is no rise.
    async fn refused_commits_are_counted_from_zero(town) {
        let shown = send(http().get(town.url("/metrics")).bearer_auth(OPERATOR)).await.text().await.unwrap();
        for committed in ["yes", "no"] {
            assert!(shown.contains(&format!("courier24_accept_total{{committed=\"{committed}\"}}")), "{committed}");
        }
    }
}

story! {
    /// A channel whose app id is not known reads the older list by the app's name, and is connected like any other.
    async fn a_channel_without_app_id_becomes_connected(town) {
        let app = town.network.app(APP).settings();
        let make = async |name: &str, app_name: &str| {
            let settings = json!({"app_name": app_name, "source": app.source, "api_key": app.api_key});
            let (status, made) = town.api_post("/channels", json!({"kind": "gupshup", "name": name, "settings": settings})).await;
            assert!(status < 300, "{made}");
            made["id"].as_str().unwrap().to_owned()
        };
        let (id, wrong) = (make("По имени", &app.name).await, make("Чужой", "NobodysApp").await);
        town.settle().await;
        let state = async |id: &str| town.api(&format!("/channels/{id}")).await["state"].clone();
        assert_eq!(state(&id).await, "connected");
        assert_ne!(state(&wrong).await, "connected", "the key is not that app's");
        let templates = town.api(&format!("/channels/{id}/templates")).await;
        let known = town.api(&format!("/channels/{}/templates", town.channel)).await;
        assert_eq!(templates["items"].as_array().unwrap().len(), known["items"].as_array().unwrap().len());
        let older = format!("/sm/api/v1/template/list/{}", app.name);
        assert!(town.network.requests().iter().any(|request| request.path.contains(&older)));
        let step = town.sends_template(json!({"channel": id, "wait_for": "accepted"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
    }
}
