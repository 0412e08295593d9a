//! Wrong input of a rule's author, of the CRM and of the queue: each ends in words, in the journal, and before the wire.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{DAY, MINUTE};
use courier24::sim::portal::{Document, Mishap};
use serde_json::json;

story! {
    /// A template of a process names a robot that this version does not have.
    async fn an_unknown_robot_is_named_to_the_process(town) {
        let url = town.url("/b24/robot");
        let step = town.portal.firing("send_fax", Document::deal(512)).properties(json!({"text": "x"})).waits(true).orphan_at(&url).fire().await.unwrap();
        town.settle().await;
        let answer = town.portal.step(step).unwrap().answers.last().cloned().unwrap();
        assert_eq!(answer.values["error_code"], "robot_unknown");
        assert!(answer.values["error_text"].as_str().unwrap().contains("send_fax"));
        assert_eq!(town.last_call().await["decision"]["code"], "robot_unknown");
        assert_eq!(town.sends(), 0);
    }
}

story! {
    /// A deal without a client's phone, and phones that are none.
    async fn no_phone_and_bad_phones_are_told_apart(town) {
        town.portal.contact(10).name("Пётр", "Немой");
        town.portal.deal(600).title("Без телефона").contact(10).responsible(1);
        town.portal.deal(601).title("Без клиента").responsible(1);
        town.portal.contact(11).name("Ольга", "Шум").phone("нет телефона").phone("12");
        town.portal.deal(602).title("С мусором").contact(11);
        town.refuses_in(Document::deal(600), "send_template", order_ready(json!({})), "phone_missing").await;
        town.refuses_in(Document::deal(601), "send_template", order_ready(json!({})), "phone_missing").await;
        let text = town.refuses_in(Document::deal(602), "send_template", order_ready(json!({})), "phone_invalid").await;
        assert!(text.contains("нет телефона"), "{text}");
        let text = town.refuses("send_text", json!({"text": "x", "phone": ["спросить у Лены"]}), "phone_invalid").await;
        assert!(text.contains("спросить у Лены"), "{text}");
        town.refuses("check_window", json!({"phone": ["777"]}), "phone_invalid").await;
    }
}

story! {
    /// What people really type is a number.
    async fn a_messy_phone_is_read_as_a_person_means_it(town) {
        for typed in ["8 (916) 000-00-01 доб. 12", "тел. +7-916-000-00-01 Анна", "79160000001@c.us", "9160000001"] {
            let step = town.sends_template(json!({"phone": [typed]})).await;
            town.settle().await;
            assert_eq!(town.told(step)["recipient"], CLIENT, "{typed}");
            town.advance(MINUTE);
        }
        town.portal.contact(12).name("Лев", "Два").phone("нет").phone("8 916 000-00-02, 8 495 123-45-67");
        town.portal.deal(603).contact(12);
        let step = town.portal.fires("send_template", Document::deal(603), order_ready(json!({}))).await.unwrap();
        town.settle().await;
        assert_eq!(town.told(step)["recipient"], "79160000002", "the first that is a number");
        assert_eq!(town.last_call().await["decision"]["recipients"]["not_numbers"], json!(["нет"]));
    }
}

story! {
    /// Templates that are not there, not approved, or wrongly filled.
    async fn a_template_that_does_not_fit_is_refused_before_the_wire(town) {
        let text = town.refuses("send_template", json!({"template": "no_such:ru", "params": ["1"]}), "template_not_found").await;
        assert!(text.contains("no_such:ru"), "{text}");
        town.refuses("send_template", json!({"template": "order_ready:en", "params": ["Анна", "118"]}), "template_not_found").await;
        let text = town.refuses("send_template", json!({"template": "paused:ru", "params": ["Анна"]}), "template_not_approved").await;
        assert!(text.contains("PAUSED"), "{text}");
        let wrong = [
            (json!([]), ""), (json!(["Анна"]), "{{2}}"), (json!(["Анна", "118", "лишнее"]), "лишнее"),
            (json!(["1=Анна", "118"]), "118"), (json!(["1=Анна", "1=Вера"]), "Вера"),
        ];
        for (params, named) in wrong {
            let text = town.refuses("send_template", order_ready(json!({"params": params})), "template_params_mismatch").await;
            assert!(text.contains(named), "{params}: {text}");
        }
        for params in [json!(["1=Анна"]), json!(["Анна", " "]), json!(["1=Анна", "2="]), json!(["", ""])] {
            let text = town.refuses("send_template", order_ready(json!({"params": params})), "value_missing").await;
            assert!(text.contains("{{2}}, order_ready:ru") || text.contains("{{1}}, order_ready:ru"), "{text}");
        }
        town.refuses("send_template", json!({"template": "  ", "params": ["1"]}), "property_invalid").await;
        town.refuses("send_template", json!({"template": "track:ru", "params": ["118"], "button_params": ["0=118"]}), "value_missing").await;
        town.refuses("send_template", json!({"template": "track:ru", "params": ["118"], "header": "118"}), "value_missing").await;

        let app = town.network.app(APP);
        app.change(|app| app.templates.retain(|template| template.element_name != "order_ready"));
        let channel = town.channel.clone();
        let (status, _) = town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
        assert_eq!(status, 200);
        town.refuses("send_template", order_ready(json!({})), "template_not_found").await;
    }
}

story! {
    /// Missing values follow `on_missing`; a blank never shortens the list, and a value stays on one line.
    async fn blank_values_follow_on_missing(town) {
        let step = town.sends_template(json!({"params": ["1=Анна", "2= "], "on_missing": "empty"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"].as_str().unwrap().lines().next().unwrap(), "Здравствуйте, Анна! Заказ - готов.");
        let step = town.sends_template(json!({"params": ["1=Анна"], "on_missing": "skip"})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((told["status"].as_str(), told["ok"].as_str(), told["error_code"].as_str()), (Some("skipped"), Some("N"), Some("value_missing")));
        assert_eq!(town.last_call().await["decision"]["verdict"], "skip");
        town.advance(MINUTE);
        let step = town.sends_template(json!({"params": ["2=1=1", "1=Анна\n\tКим   мл."]})).await;
        town.settle().await;
        assert!(town.told(step)["rendered_text"].as_str().unwrap().starts_with("Здравствуйте, Анна Ким мл.! Заказ 1=1 готов."));
        assert_eq!(town.got(), 2);
    }
}

story! {
    /// Texts: empty, blank, too long, and exactly as long as allowed with every kind of character.
    async fn texts_have_their_limits(town) {
        town.client_writes("Здравствуйте").await;
        for text in ["", "  \n\t "] {
            town.refuses("send_text", json!({"text": text}), "text_empty").await;
        }
        let text = town.refuses("send_text", json!({"text": "я".repeat(4_097)}), "text_too_long").await;
        assert!(text.contains("4096") && text.contains("4097"), "{text}");
        let step = town.fires("send_text", json!({"text": "👋".repeat(4_096)})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y", "length is counted in characters, not in bytes");
        let step = town.portal.firing("send_text", Document::deal(512)).property("text", "много слов в одном очень длинном тексте").with(Mishap::HugeText { bytes: 900_000 });
        let step = step.fire().await.unwrap();
        town.settle().await;
        assert_eq!(town.told(step)["error_code"], "text_too_long");
    }
}

story! {
    /// Wrong words in a rule's settings are named, with what is allowed.
    async fn a_wrong_setting_is_named(town) {
        for (name, value) in [("wait_for", json!("someday")), ("wait_hours", json!("9000")), ("phone_choice", json!("all of them")),
            ("to_timeline", json!("perhaps")), ("on_missing", json!("cry")), ("hold_hours", json!("-1"))] {
            let text = town.refuses("send_template", order_ready(json!({name: value})), "property_invalid").await;
            assert!(text.contains(value.as_str().unwrap()), "{name}: {text}");
        }
        for item in ["UF_CRM_WA_STATUS", "= status", "UF_CRM_WA_STATUS = no_such_result"] {
            town.refuses("send_template", order_ready(json!({"write_fields": [item]})), "property_invalid").await;
        }
        town.refuses("send_text", json!({"text": "x", "on_closed_window": "template"}), "property_invalid").await;
    }
}

story! {
    /// The queue's oddities change nothing: order of parameters, no tokens, brackets not encoded, bytes that are no text.
    async fn odd_deliveries_are_read_all_the_same(town) {
        for mishap in [Mishap::Reordered, Mishap::NoTokens, Mishap::RawBrackets, Mishap::DuplicateLater] {
            let shown = format!("{mishap:?}");
            let step = town.portal.firing("send_template", Document::deal(512)).properties(order_ready(json!({}))).with(mishap);
            let step = step.fire().await.unwrap();
            let before = town.sends();
            town.settle().await;
            assert_eq!(town.told(step)["ok"], "Y", "{shown}");
            assert_eq!(town.sends(), before + 1, "{shown}");
            town.advance(MINUTE);
        }
        let step = town.portal.firing("send_template", Document::deal(512)).properties(order_ready(json!({}))).with(Mishap::InvalidUtf8);
        let step = step.fire().await.unwrap();
        town.settle().await;
        assert!(!town.waits(step), "{:?}", town.portal.step(step));
    }
}

story! {
    /// The refusal says until when the window was open, in the portal's time.
    async fn a_closed_window_names_its_end(town) {
        town.client_writes("Где заказ?").await;
        town.advance(DAY + MINUTE);
        let text = town.refuses("send_text", json!({"text": "Готов"}), "window_closed").await;
        // The client wrote on 22 November at 10:01 in Moscow.
        assert!(text.contains("23.11.2026 10:01"), "{text}");
        let step = town.fires("check_window", json!({})).await;
        town.settle().await;
        assert_eq!(town.told(step)["free_text_allowed"], "N");
    }
}
