//! The shipped robots: their registration, and calls as portals send them.

use super::operation::{OnClosedWindow, OnMissing, PhoneChoice, WaitFor};
use super::*;
use crate::domain::refusal::Code;
use crate::i18n;
use serde_json::json;

fn catalog() -> Catalog {
    Catalog::load().unwrap()
}

fn call(code: &str, properties: Value) -> Result<Rendered, Refusal> {
    call_with(code, properties, &json!({}), &json!({}))
}

fn call_with(code: &str, properties: Value, facts: &Value, stored: &Value) -> Result<Rendered, Refusal> {
    let catalog = catalog();
    let empty = Map::new();
    let input = RenderInput {
        properties: properties.as_object().unwrap(),
        facts,
        stored_patterns: stored.as_object().unwrap_or(&empty),
        lang: "ru",
        time_zone: "Europe/Moscow",
        region: "RU",
    };
    catalog.render(catalog.find(code).unwrap(), &input)
}

fn text_of(rendered: &Rendered) -> &str {
    match &rendered.operation {
        Operation::SendText { text, .. } | Operation::ChatLink { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_shipped_robots_are_found_by_code() {
    let catalog = catalog();
    let codes: Vec<&str> = catalog.robots().iter().map(|spec| spec.code.as_str()).collect();
    for code in ["send_text", "send_template", "check_window", "chat_link"] {
        assert!(codes.contains(&code), "{codes:?}");
        assert_eq!(catalog.find(&format!("{code}.activity")).unwrap().code, code);
        assert_eq!(catalog.find(code).unwrap().sends, code.starts_with("send"));
    }
    assert!(catalog.find("SEND_TEXT").is_some() && catalog.find("send_fax").is_none() && catalog.find("").is_none());
}

#[test]
fn a_registration_is_what_bitrix24_takes() {
    let catalog = catalog();
    let channels = [(String::new(), "По умолчанию: Офис".to_owned()), ("ch_1".to_owned(), "Офис".to_owned())];
    for spec in catalog.robots() {
        let robot = catalog.registration_in("en", spec, false, "https://wa.example.org/b24/robot", &channels);
        let activity = catalog.registration_in("en", spec, true, "https://wa.example.org/b24/robot", &channels);
        assert_eq!(activity["CODE"], json!(format!("{}.activity", spec.code)));
        assert_eq!(robot["USE_SUBSCRIPTION"], "Y");
        assert!(robot["NAME"]["ru"].as_str().unwrap().starts_with("WhatsApp: "));
        // A message has its channel, a person's will is the portal's, follow-ups end wherever they would have gone.
        if !matches!(spec.code.as_str(), "wait_status" | "set_consent" | "cancel_follow_ups") {
            assert_eq!(robot["PROPERTIES"]["channel"]["Options"], json!({"": "По умолчанию: Офис", "ch_1": "Офис"}));
        }
        for (id, property) in robot["PROPERTIES"].as_object().unwrap() {
            assert!(property["Name"]["ru"].is_string() && property["Name"]["en"].is_string(), "{id}");
            let words = i18n::LANGUAGES.map(|lang| property["Name"][lang].as_str().unwrap().to_owned());
            assert!(!words.iter().any(|word| word.contains("property-")), "{id}");
        }
        let documents = |registration: &Value| registration["FILTER"]["INCLUDE"].to_string();
        assert!(!documents(&robot).contains("Contact") && documents(&activity).contains("CCrmDocumentContact"));
        assert!(documents(&robot).contains("Dynamic") && documents(&robot).contains("CCrmDocumentLead"));
    }
    let robot = catalog.registration_in("en", catalog.find("send_text").unwrap(), false, "https://x.org/", &channels);
    let property = |id: &str| robot["PROPERTIES"][id].clone();
    assert_eq!(property("wait_for")["Options"]["read"], "read");
    assert_eq!(property("wait_for")["Default"], "accepted");
    assert_eq!(property("hold_hours")["Default"], 24);
    assert_eq!(property("to_timeline")["Default"], "Y");
    assert_eq!((&property("phone")["Multiple"], &property("text")["Required"]), (&json!("Y"), &json!("Y")));
    let ids: Vec<&String> = robot["PROPERTIES"].as_object().unwrap().keys().collect();
    assert_eq!(ids[..4], ["channel", "phone", "phone_choice", "text"], "the form's order");
    assert_eq!(robot["RETURN_PROPERTIES"].as_object().unwrap().len(), 11);
    let russian = catalog.registration(catalog.find("send_text").unwrap(), false, "https://x.org/", &[]);
    assert_eq!(russian["PROPERTIES"]["wait_for"]["Options"]["read"], "прочитано");
    assert_eq!(russian["PROPERTIES"]["channel"]["Options"].as_object().unwrap().len(), 1);
}

#[test]
fn a_call_becomes_a_typed_operation() {
    let rendered = call(
        "send_text",
        json!({"TEXT": "Привет", "Phone": "+7 916 000-00-01", "wait_for": ["прочитано"], "hold_hours": " 1 00 ", "to_timeline": "0", "to_open_line": "Y",
               "preview_link": "нет", "write_fields": ["UF_CRM_X = status", ""], "phone_choice": "ALL", "on_closed_window": "hold", "wait_hours": ""}),
    )
    .unwrap();
    let Operation::SendText { send, text, preview_link } = rendered.operation else { panic!("not a text") };
    assert_eq!((text.as_str(), preview_link), ("Привет", false));
    assert_eq!(send.phones, ["+7 916 000-00-01"]);
    assert_eq!((send.wait_for, send.phone_choice, send.on_closed_window), (WaitFor::Read, PhoneChoice::All, OnClosedWindow::Hold));
    assert_eq!((send.hold_hours, send.wait_hours, send.to_timeline, send.to_open_line), (100, 24, false, true));
    assert_eq!(send.write_fields, [("UF_CRM_X".to_owned(), "status".to_owned())]);
    assert_eq!((send.fallback, send.on_missing), (None, OnMissing::Fail));
    assert_eq!(rendered.params["text"], "Привет");

    let rendered = call(
        "send_template",
        json!({"template": "order_ready:ru", "params": ["", "2=b"], "header": "https://x.org/a.pdf", "button_params": "0=x",
               "fallback_template": "t:ru", "phone": ["", " "]}),
    )
    .unwrap();
    let Operation::SendTemplate { send, template } = rendered.operation else { panic!("not a template") };
    assert_eq!(
        (template.params.as_slice(), template.button_params.as_slice()),
        (["".to_owned(), "2=b".to_owned()].as_slice(), ["0=x".to_owned()].as_slice())
    );
    assert_eq!((send.phones.len(), send.fallback.unwrap().template.as_str()), (0, "t:ru"));
    assert_eq!(call("check_window", json!({})).unwrap().operation, Operation::CheckWindow { channel: String::new(), phones: vec![] });
    assert_eq!(text_of(&call("chat_link", json!({})).unwrap()), "");
}

#[test]
fn text_is_data_unless_expressions_is_on() {
    let facts = json!({"deal": {"title": "Ремонт {{deal.id}}", "id": 5}, "contact": {"fm": [{"typeId": "PHONE", "value": "89161234567"}]}});
    let hostile = "{{#each x}} {{deal.title}} {{=Document:X}} \\{{ pattern:x\r\n {{";
    for off in [json!("N"), json!(""), json!("0"), json!(null)] {
        let rendered = call_with("send_text", json!({"text": hostile, "expressions": off}), &facts, &json!({})).unwrap();
        assert_eq!(text_of(&rendered), hostile);
    }
    let on =
        |text: &str| call_with("send_text", json!({"text": text, "expressions": "Y"}), &facts, &json!({"hi": "Привет, {{deal.title}}!"}));
    assert_eq!(text_of(&on("{{deal.title}} {{=Document:X}}").unwrap()), "Ремонт {{deal.id}} {{=Document:X}}");
    assert_eq!(text_of(&on("pattern:hi").unwrap()), "Привет, Ремонт {{deal.id}}!");
    assert_eq!(text_of(&on("{{item.id}} {{phone contact.phone}}").unwrap()), "5 +7 916 123-45-67");
    let refusal = on("pattern:nobody").unwrap_err();
    assert_eq!((refusal.code, refusal.args["item"].as_str()), (Code::PatternInvalid, "nobody"));
    let refusal = on("a\n{{#each deal}}{{/each}}").unwrap_err();
    assert_eq!((refusal.code, refusal.args["line"].as_str(), refusal.args["column"].as_str()), (Code::PatternInvalid, "2", "1"));
    let told = i18n::text("ru", "refusal-pattern_invalid", &refusal.args);
    assert!(
        told.contains("Текст сообщения (text)") && told.contains("{{#each") && told.contains("responsible") && !told.contains('—'),
        "{told}"
    );
}

#[test]
fn missing_values_follow_on_missing() {
    let on = |on_missing: &str| call("send_text", json!({"text": "Для {{deal.title}}", "expressions": "да", "on_missing": on_missing}));
    let refusal = on("fail").unwrap_err();
    assert_eq!((refusal.code, refusal.args["name"].as_str(), is_skip(&refusal)), (Code::ValueMissing, "deal.title", false));
    assert!(is_skip(&on("skip").unwrap_err()));
    assert_eq!(text_of(&on("empty").unwrap()), "Для ");
    let blank = call("send_text", json!({"text": "{{deal.title}}", "expressions": "Y", "on_missing": "empty"})).unwrap_err();
    assert_eq!(blank.code, Code::TextEmpty);
}

#[test]
fn bad_properties_are_refused_by_name() {
    for (properties, code, name) in [
        (json!({"text": "x", "hold_hours": "0"}), Code::PropertyInvalid, "hold_hours"),
        (json!({"text": "x", "hold_hours": "169"}), Code::PropertyInvalid, "hold_hours"),
        (json!({"text": "x", "hold_hours": "1.5"}), Code::PropertyInvalid, "hold_hours"),
        (json!({"text": "x", "wait_hours": "721"}), Code::PropertyInvalid, "wait_hours"),
        (json!({"text": "x", "wait_hours": "сутки"}), Code::PropertyInvalid, "wait_hours"),
        (json!({"text": "x", "wait_for": "seen"}), Code::PropertyInvalid, "wait_for"),
        (json!({"text": "x", "to_timeline": "maybe"}), Code::PropertyInvalid, "to_timeline"),
        (json!({"text": "x", "write_fields": ["UF_CRM_X"]}), Code::PropertyInvalid, "write_fields"),
        (json!({"text": "x", "write_fields": "UF_CRM_X = nope"}), Code::PropertyInvalid, "write_fields"),
        (json!({"text": "x", "on_closed_window": "template"}), Code::PropertyInvalid, "fallback_template"),
        (json!({"text": " \n"}), Code::TextEmpty, "text"),
        (json!({}), Code::TextEmpty, "text"),
        (json!({"text": "ы".repeat(4097)}), Code::TextTooLong, "text"),
    ] {
        let refusal = call("send_text", properties.clone()).unwrap_err();
        assert_eq!(refusal.code, code, "{properties}");
        let named = refusal.args.get("name").or(refusal.args.get("field")).unwrap();
        assert!(named.ends_with(&format!("({name})")), "{properties}: {named}");
        for lang in i18n::LANGUAGES {
            let told = i18n::text(lang, &format!("refusal-{}", code.as_str()), &refusal.args);
            assert!(told.contains(name) && !told.contains('{') && !told.contains("hint-"), "{told}");
        }
    }
    assert_eq!(call("send_text", json!({"text": "😀".repeat(4096)})).map(|rendered| text_of(&rendered).chars().count()).unwrap(), 4096);
    assert_eq!(call("send_template", json!({})).unwrap_err().args["name"], "Шаблон (template)");
}

#[test]
fn facts_are_asked_for_as_needed() {
    let catalog = catalog();
    let roots = |code: &str, properties: Value, entity: &str| -> Vec<&'static str> {
        catalog.needed_facts(catalog.find(code).unwrap(), properties.as_object().unwrap(), entity).into_iter().collect()
    };
    let deal = "CCrmDocumentDeal";
    let phone = json!("+79160000001");
    assert_eq!(roots("send_text", json!({"phone": phone, "text": "{{deal.id}}"}), deal), Vec::<&str>::new());
    assert_eq!(roots("send_text", json!({"text": "x"}), deal), ["company", "contact", "deal"]);
    assert_eq!(roots("send_text", json!({"phone": ["", " "]}), "CCrmDocumentLead"), ["lead"]);
    assert_eq!(roots("check_window", json!({}), "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic"), ["company", "contact", "item"]);
    assert_eq!(roots("chat_link", json!({"text": "x"}), deal), Vec::<&str>::new());
    let on = |text: &str| json!({"phone": phone, "text": text, "EXPRESSIONS": "Y"});
    assert_eq!(roots("send_text", on("{{item.title}}"), deal), ["deal"]);
    assert_eq!(roots("send_text", on("{{#if responsible.name}}x{{/if}}"), deal), ["deal", "responsible"]);
    assert_eq!(roots("send_text", on("{{portal.domain}}"), deal), ["portal"]);
    assert_eq!(roots("send_text", on("pattern:x"), deal).len(), 6, "an unknown stored pattern may name anything");
    let stored = json!({"x": "{{portal.domain}}"});
    let known =
        catalog.needed_facts_with(catalog.find("send_text").unwrap(), on("pattern:x").as_object().unwrap(), stored.as_object(), deal);
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["portal"]);
}

#[test]
fn every_word_of_every_robot_exists() {
    let catalog = catalog();
    let mut count = 0;
    for spec in catalog.robots() {
        for keys in words_of(spec) {
            for lang in i18n::LANGUAGES {
                assert!(keys.iter().any(|key| i18n::find(lang, key, &BTreeMap::new()).is_some()), "{lang}: {keys:?}");
                count += 1;
            }
        }
    }
    assert!(count > 100);
    let key = |lang| i18n::find(lang, "property-expressions-description", &BTreeMap::new()).unwrap();
    assert!(key("ru").starts_with("{{deal.title}}") && key("en").starts_with("{{deal.title}}"));
}
