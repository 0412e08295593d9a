//! The closed list of refusals (ROBOTS.md) is alive: every code that the present robots can raise is raised here, as a process sees it.

use crate::support::story::story;
use crate::support::town::{APP, Town};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{HOUR, MINUTE};
use courier24::domain::refusal::Code;
use courier24::i18n;
use courier24::sim::portal::{Document, Fault as PortalFault};
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use courier24::sim::whatsapp::gupshup::template::Template;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Codes whose robots come with a later issue, and why the present ones cannot raise them.
const LATER: [(Code, &str); 0] = [];

/// What processes were told, by code.
struct Told {
    texts: BTreeMap<String, String>,
}

impl Told {
    /// Fires, lets time pass, and notes what the process was told.
    async fn by(&mut self, town: &Town, code: &str, properties: Value, pass: i64) {
        let step = town.fires(code, properties).await;
        town.settle().await;
        if pass > 0 {
            town.pass(pass).await;
        }
        let told = town.told(step);
        assert_eq!(told["ok"], "N", "{told:?}");
        self.note(&told);
        town.advance(MINUTE);
    }

    fn note(&mut self, told: &serde_json::Map<String, Value>) {
        let word = |name: &str| told[name].as_str().unwrap().to_owned();
        self.texts.insert(word("error_code"), word("error_text"));
    }
}

/// Templates whose headers are files, known to the channel.
async fn file_templates(town: &Town) {
    let app = town.network.app(APP);
    app.add_template(Template::new("with_image", "ru", "Смотрите, {{1}}").header_media("IMAGE"));
    app.add_template(Template::new("with_place", "ru", "Ждём вас, {{1}}").header_media("LOCATION"));
    let channel = town.channel.clone();
    let (status, _) = town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
    assert_eq!(status, 200);
    town.portal.file(41, "notes.png", "это не картинка, а просто текст");
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &vec![0_u8; 6 * 1024 * 1024]].concat();
    town.portal.file(42, "huge.png", png);
}

fn with_image(header: &str) -> Value {
    json!({"template": "with_image:ru", "params": ["Анна"], "header": header})
}

story! {
    /// A person who makes every mistake there is hears every word there is.
    async fn every_code_that_can_be_raised_is_raised(town) {
        let mut told = Told { texts: BTreeMap::new() };
        file_templates(&town).await;

        told.by(&town, "send_text", json!({"text": "Готов"}), 0).await;
        town.client_writes("Здравствуйте").await;
        let wrong = [
            ("send_template", order_ready(json!({"phone": ["нет телефона"]}))),
            ("send_template", order_ready(json!({"channel": "Склад"}))),
            ("send_text", json!({"text": "x", "phone": ["group:120363@g.us"]})),
            ("send_text", json!({"text": " "})),
            ("send_text", json!({"text": "я".repeat(5_000)})),
            ("send_template", order_ready(json!({"template": "none:ru"}))),
            ("send_template", json!({"template": "paused:ru", "params": ["Анна"]})),
            ("send_template", order_ready(json!({"params": ["1"]}))),
            ("send_template", order_ready(json!({"params": ["Анна", ""]}))),
            ("send_text", json!({"text": "{{#each deal}}", "expressions": "Y"})),
            ("send_text", json!({"text": "x", "wait_for": "someday"})),
            ("send_template", with_image("disk:41")),
            ("send_template", with_image("disk:42")),
            ("send_template", with_image("disk:4040")),
            ("send_buttons", json!({"text": "Удобно?", "buttons": ["1", "2", "3", "4"]})),
            ("send_buttons", json!({"text": "Удобно?", "buttons": ["a|Да", "a|Нет"]})),
            ("send_list", json!({"text": "Куда?", "list_button": "Открыть", "rows": (0..11).map(|n| format!("Пункт {n}")).collect::<Vec<_>>()})),
        ];
        for (code, properties) in wrong {
            told.by(&town, code, properties, 0).await;
        }
        town.portal.deal(600).title("Без клиента");
        let step = town.portal.fires("send_template", Document::deal(600), order_ready(json!({}))).await.unwrap();
        town.settle().await;
        told.note(&town.told(step));
        let url = town.url("/b24/robot");
        let step = town.portal.firing("send_fax", Document::deal(512)).waits(true).orphan_at(&url).fire().await.unwrap();
        town.settle().await;
        told.note(&town.portal.step(step).unwrap().answers[0].values);
        // Quiet until after the window closes: holding would be of no use.
        let settings = format!("/api/v1/portals/{}/settings", town.portal.member_id());
        town.request("PUT", &settings, Some(json!({"quiet_hours": "11:00-10:45"}))).await;
        town.advance(2 * HOUR);
        told.by(&town, "send_text", json!({"text": "x"}), 0).await;
        town.request("PUT", &settings, Some(json!({"quiet_hours": null}))).await;
        assert_eq!(town.sends(), 0, "all of that before the wire");

        let body = r#"{"status":"error","message":"Invalid Destination"}"#.to_owned();
        town.network.fault_next("/msg", Fault::Answer { status: 400, headers: Vec::new(), body, content_type: "application/json".to_owned() });
        told.by(&town, "send_template", order_ready(json!({})), 0).await;
        town.network.fault_next("/msg", Fault::bad_gateway());
        told.by(&town, "send_template", order_ready(json!({})), 0).await;
        town.network.fault(FaultRule { path: "/msg".to_owned(), times: 50, skip: 0, fault: Fault::too_many_requests(None) });
        told.by(&town, "send_template", order_ready(json!({})), 2 * HOUR).await;
        town.network.clear_faults();
        town.portal.fault("crm.item.get", None, PortalFault::Html { status: 503 });
        told.by(&town, "send_text", json!({"text": "{{deal.title}}", "phone": ["79160000001"], "expressions": "Y", "wait_hours": "1"}), 3 * HOUR).await;
        town.portal.clear_faults();
        town.pass(HOUR).await;
        let step = town.fires("set_consent", json!({"action": "opt_out", "scope": "all"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["consent"], "opted_out");
        told.by(&town, "send_template", order_ready(json!({})), 0).await;
        town.advance(MINUTE);
        town.fires("set_consent", json!({"action": "opt_in", "scope": "all"})).await;
        town.settle().await;
        town.network.app(APP).change(|app| app.api_key = "sk_rotated".to_owned());
        town.fires("send_template", order_ready(json!({"wait_for": "none"}))).await;
        town.settle().await;
        told.by(&town, "send_template", order_ready(json!({})), 0).await;

        let later: BTreeSet<&str> = LATER.iter().map(|(code, _)| code.as_str()).collect();
        let raised: BTreeSet<&str> = told.texts.keys().map(String::as_str).collect();
        let due: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).filter(|code| !later.contains(code)).collect();
        assert_eq!(due.difference(&raised).collect::<Vec<_>>(), Vec::<&&str>::new(), "never raised");
        assert_eq!(raised.difference(&due).collect::<Vec<_>>(), Vec::<&&str>::new(), "raised, and not on the list or said to come later");
        for (code, text) in &told.texts {
            assert!(text.chars().count() > 40 && !text.contains("{ $") && !text.contains("refusal-"), "{code}: {text}");
        }
        assert_eq!(told.texts.values().collect::<BTreeSet<_>>().len(), told.texts.len(), "each has words of its own");
    }
}

#[test]
fn every_code_has_words_in_every_language() {
    for code in Code::ALL {
        let texts: Vec<String> =
            ["ru", "en"].iter().map(|lang| i18n::text(lang, &format!("refusal-{}", code.as_str()), &BTreeMap::new())).collect();
        assert!(texts.iter().all(|text| text.chars().count() > 40), "{code:?}: {texts:?}");
        assert_ne!(texts[0], texts[1], "{code:?}");
    }
    for (code, reason) in LATER {
        assert!(!reason.is_empty(), "{code:?}");
    }
}
