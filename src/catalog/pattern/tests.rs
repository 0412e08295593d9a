//! Patterns: what they render, what they refuse, and that hostile ones end quickly.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn facts() -> Value {
    json!({
        "deal": {"title": "Заказ {{deal.id}}", "id": 118, "opportunity": 1500.5, "currencyId": "RUB", "isManual": "N", "closed": false,
                 "createdTime": "2026-09-21T17:33:20+03:00", "closedate": "21.09.2026 17:30:00 [10800]", "UF_CRM_N": "3", "UF_SUM": "2500|USD",
                 "contactIds": [7, 9], "empty": "", "blank": "  ", "nothing": null, "none": [], "long": "ы".repeat(50), "obj": {"a": 1}},
        "contact": {"name": "иван", "phone": "89161234567"},
    })
}

fn render_in(lang: &str, pattern: &str, on_missing: OnMissing) -> Result<String, Fault> {
    let scene = Scene::new(&facts(), lang, "Europe/Moscow", "RU");
    Pattern::compile(pattern)?.render(&scene, on_missing).map(|text| text.replace('\u{a0}', " "))
}

fn ru(pattern: &str) -> String {
    render_in("ru", pattern, OnMissing::Fail).unwrap_or_else(|fault| panic!("{pattern}: {fault:?}"))
}

#[test]
fn helpers_speak_russian() {
    for (pattern, expected) in [
        ("{{deal.id}}", "118"),
        ("{{{deal.id}}} {{&deal.id}}", "118 118"),
        ("{{money deal.opportunity deal.currencyId}}", "1 500,50 ₽"),
        ("{{money deal.UF_SUM}}", "2 500 $"),
        ("{{money deal.opportunity \"EUR\" digits=0}}", "1 501 €"),
        ("{{number 1234567.25}}", "1 234 567,25"),
        ("{{date deal.createdTime}} {{time deal.createdTime}}", "21.09.2026 17:33"),
        ("{{datetime deal.createdTime \"long\" zone=\"Asia/Yekaterinburg\"}}", "21 сентября 2026 19:33"),
        ("{{date deal.closedate \"weekday\"}}", "понедельник, 21 сентября"),
        ("{{deal.UF_CRM_N}} {{plural deal.UF_CRM_N \"день\" \"дня\" \"дней\"}}", "3 дня"),
        ("{{plural 11 \"день\" \"дня\" \"дней\"}} {{plural 21 \"день\" \"дня\" \"дней\"}}", "дней день"),
        ("{{plural 1.5 \"день\" \"дня\" \"дней\"}}", "дня"),
        ("{{capitalize contact.name}} {{upper contact.name}} {{lower \"ЁЖ\"}}", "Иван ИВАН ёж"),
        ("{{default deal.nothing deal.blank \"друг\"}}", "друг"),
        ("{{default (upper deal.nothing) 'друг'}}", "друг"),
        ("[{{default deal.nothing \"\"}}]", "[]"),
        ("{{join deal.contactIds \" и \"}} {{deal.contactIds}} {{deal.contactIds.1}}", "7 и 9 7, 9 9"),
        ("{{truncate deal.long 5}}", "ыыыы…"),
        ("{{truncate contact.name 5}}", "иван"),
        ("{{phone contact.phone}} {{phone \"79161234567\"}} {{phone \"нет\"}}", "+7 916 123-45-67 +7 916 123-45-67 нет"),
        ("{{deal.closed}}", "нет"),
        ("{{#if deal.closed}}a{{else}}b{{/if}}{{#if deal.isManual}}c{{/if}}{{#unless deal.zzz}}d{{/unless}}", "bd"),
        ("{{#if deal.nothing}}1{{else if contact.name}}2{{else}}3{{/if}}", "2"),
        ("{{#if contact}}x{{/if}}", "x"),
    ] {
        assert_eq!(ru(pattern), expected, "{pattern}");
    }
}

#[test]
fn helpers_speak_english() {
    for (pattern, expected) in [
        ("{{money deal.opportunity deal.currencyId}}", "₽1,500.50"),
        ("{{date deal.createdTime \"long\"}}", "September 21, 2026"),
        ("{{datetime deal.createdTime \"long\"}}", "September 21, 2026, 17:33"),
        ("{{plural 1 \"day\" \"days\"}} {{plural 0 \"day\" \"days\"}}", "day days"),
        ("{{deal.closed}}", "no"),
    ] {
        assert_eq!(render_in("en", pattern, OnMissing::Fail).unwrap(), expected, "{pattern}");
    }
}

#[test]
fn a_value_is_never_a_pattern() {
    assert_eq!(ru("{{deal.title}}"), "Заказ {{deal.id}}");
    assert_eq!(ru("{{upper deal.title}}"), "ЗАКАЗ {{DEAL.ID}}");
    assert_eq!(ru("<b> & \" {{deal.id}}"), "<b> & \" 118", "nothing is escaped");
}

#[test]
fn bitrix_braces_stay_text() {
    for text in ["{{=Document:TITLE}}", "{{~x}} y", "{=Document:TITLE}", "{{{=x}}}", "{{=\"}}", "a {{= b"] {
        assert_eq!(ru(text), text);
    }
    assert_eq!(ru("{{=Document:TITLE}} {{deal.id}} \\{{deal.id}}"), "{{=Document:TITLE}} 118 {{deal.id}}");
}

#[test]
fn a_missing_value_follows_on_missing() {
    for (pattern, path) in [
        ("a {{deal.zzz}}", "deal.zzz"),
        ("{{deal.empty}}", "deal.empty"),
        ("{{deal.blank}}", "deal.blank"),
        ("{{deal.nothing}}", "deal.nothing"),
        ("{{deal.none}}", "deal.none"),
        ("{{lead.title}}", "lead.title"),
        ("{{money deal.empty \"RUB\"}}", "deal.empty"),
        ("{{upper (truncate deal.zzz 3)}}", "deal.zzz"),
        ("{{default deal.zzz deal.empty}}", "deal.zzz"),
    ] {
        let missing = Err(Fault::Missing { path: path.to_owned() });
        assert_eq!(render_in("ru", pattern, OnMissing::Fail), missing, "{pattern}");
        assert_eq!(render_in("ru", pattern, OnMissing::Skip), missing, "{pattern}");
        assert!(!render_in("ru", pattern, OnMissing::Empty).unwrap().contains(['d', 'l']), "{pattern}");
    }
    assert_eq!(ru("{{#if deal.zzz}}{{deal.zzz}}{{/if}}ok"), "ok", "a branch not taken misses nothing");
}

#[test]
fn what_is_not_listed_is_refused_with_its_place() {
    for (pattern, word, at) in [
        ("{{#each deal.contactIds}}x{{/each}}", "construct", (1, 1)),
        ("a\n {{#with deal}}x{{/with}}", "construct", (2, 2)),
        ("{{lookup deal \"title\"}}", "unknown_helper", (1, 1)),
        ("{{log deal.title}}", "unknown_helper", (1, 1)),
        ("{{exec \"rm\"}}", "unknown_helper", (1, 1)),
        ("{{print deal.id}}", "unknown_helper", (1, 1)),
        ("{{upper (nope deal.id)}}", "unknown_helper", (1, 1)),
        ("{{> partial}}", "construct", (1, 1)),
        ("{{#> partial}}{{/partial}}", "construct", (1, 1)),
        ("{{#*inline \"x\"}}{{/inline}}", "construct", (1, 1)),
        ("{{* x}}", "construct", (1, 1)),
        ("x {{!-- comment --}}", "construct", (1, 3)),
        ("{{{{raw}}}}x{{{{/raw}}}}", "construct", (1, 1)),
        ("{{user.name}}", "unknown_root", (1, 1)),
        ("{{properties.text}}", "unknown_root", (1, 1)),
        ("{{_.zone}}", "unknown_root", (1, 1)),
        ("{{@root.deal.id}}", "unknown_root", (1, 1)),
        ("{{../deal.id}}", "unknown_root", (1, 1)),
        ("{{this}}", "unknown_root", (1, 1)),
        ("{{deal.[a b]}}", "construct", (1, 1)),
        ("{{deal}}", "whole_object", (1, 1)),
        ("{{upper}}", "unknown_root", (1, 1)),
        ("{{upper deal.id deal.id}}", "arguments", (1, 1)),
        ("{{money deal.id foo=1}}", "arguments", (1, 1)),
        ("{{#if deal.id deal.id}}{{/if}}", "arguments", (1, 1)),
        ("{{deal.id", "syntax", (1, 10)),
        ("{{#if deal.id}}x", "syntax", (1, 17)),
        ("{{#if deal.id}}x{{/unless}}", "syntax", (1, 17)),
    ] {
        match Pattern::compile(pattern) {
            Err(Fault::Invalid { at: place, reason }) => {
                assert_eq!(reason.word, word, "{pattern}: {reason:?}");
                assert!(place.is_some(), "{pattern} has no place");
                if word != "syntax" {
                    assert_eq!(place, Some(at), "{pattern}");
                }
            }
            other => panic!("{pattern}: {other:?}"),
        }
    }
}

#[test]
fn wrong_values_are_told() {
    for (pattern, item) in [
        ("{{money contact.name}}", "money: иван"),
        ("{{date contact.name}}", "date: иван"),
        ("{{date deal.createdTime \"foo\"}}", "date: foo"),
        ("{{truncate contact.name 0}}", "truncate: 0"),
        ("{{deal.obj}}", "deal.obj"),
        ("{{time deal.createdTime zone=\"Mars/One\"}}", "Mars/One"),
    ] {
        match render_in("ru", pattern, OnMissing::Fail) {
            Err(Fault::Invalid { reason, at }) => assert!(reason.item == item && at.is_some(), "{pattern}: {reason:?} {at:?}"),
            other => panic!("{pattern}: {other:?}"),
        }
    }
}

#[test]
fn hostile_patterns_end_in_a_refusal() {
    let word = |pattern: &str| match Pattern::compile(pattern) {
        Err(Fault::Invalid { reason, .. }) => reason.word,
        Ok(_) => "ok",
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(word(&"x".repeat(PATTERN_BYTES + 1)), "too_large");
    assert_eq!(word(&format!("{}{}", "{{#if deal.a}}".repeat(500), "{{/if}}".repeat(500))), "too_deep");
    assert_eq!(word(&format!("{{{{#if deal.a}}}}{}{{{{/if}}}}", "{{else if deal.a}}".repeat(400))), "too_deep");
    assert_eq!(word(&format!("{{{{upper {}deal.a{}}}}}", "(upper ".repeat(1000), ")".repeat(1000))), "too_deep");
    assert_eq!(word(&format!("{{{{upper \"(((\" {}", "(upper ".repeat(1000))), "too_deep");
    assert_eq!(word(&format!("{{{{a {}", "[".repeat(5000))), "construct");
    assert_eq!(word(&format!("\\{{{{ \" }}}} {{{{upper {}", "(a ".repeat(1000))), "too_deep", "an escaped mustache opens no string");
    for open in ["{{", "{{#if ", "{{{", "{{else", "\\", "}}"] {
        let _ = Pattern::compile(&open.repeat(PATTERN_BYTES / open.len()));
    }
}

#[test]
fn a_render_is_bounded() {
    let facts = json!({"deal": {"big": "ы".repeat(500_000)}});
    let scene = Scene::new(&facts, "ru", "UTC", "RU");
    let render = |pattern: &str| Pattern::compile(pattern).unwrap().render(&scene, OnMissing::Fail);
    assert_eq!(render("{{deal.big}}"), Err(Fault::TooLong));
    assert!(matches!(render(&"{{truncate deal.big 1}}".repeat(600)), Err(Fault::Invalid { reason, .. }) if reason.word == "too_much_work"));
    assert_eq!(render("{{truncate deal.big 3}}"), Ok("ыы…".to_owned()));
}

#[test]
fn a_mapping_may_name_properties_and_keeps_types() {
    let pattern = Pattern::compile_mapping("{{properties.params}}").unwrap();
    assert_eq!(pattern.whole_path(), Some(["properties".to_owned(), "params".to_owned()].as_slice()));
    assert_eq!(Pattern::compile_mapping("x{{properties.params}}").unwrap().whole_path(), None);
    let pattern = Pattern::compile("{{deal.title}} {{#if contact.name}}{{upper (default lead.x portal.domain)}}{{/if}}").unwrap();
    assert_eq!(pattern.roots().iter().copied().collect::<Vec<_>>(), ["contact", "deal", "lead", "portal"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_compiler(parts in proptest::collection::vec(prop_oneof![
        Just("{{"), Just("}}"), Just("{{#if "), Just("{{/if}}"), Just("{{else}}"), Just("{{else if "), Just("deal.title"), Just(" "), Just("\""),
        Just("'"), Just("\\"), Just("("), Just(")"), Just("~"), Just("="), Just("upper "), Just("{"), Just("}"), Just("\n"), Just("ы"), Just("^"), Just("as |x|"),
    ], 0..30)) {
        let text = parts.concat();
        if let Ok(pattern) = Pattern::compile(&text) {
            let scene = Scene::new(&facts(), "ru", "UTC", "RU");
            let _ = pattern.render(&scene, OnMissing::Empty);
        }
    }

    #[test]
    fn facts_pass_byte_exact(value in "[ -~а-я{}\\\\\n]{1,40}") {
        prop_assume!(!value.trim().is_empty());
        let scene = Scene::new(&json!({"deal": {"x": value}}), "ru", "UTC", "RU");
        let rendered = Pattern::compile("<{{deal.x}}>").unwrap().render(&scene, OnMissing::Fail).unwrap();
        prop_assert_eq!(rendered, format!("<{value}>"));
    }

    #[test]
    fn text_without_braces_passes_byte_exact(text in "[ -z|~а-я\n\t\r]{0,60}") {
        let scene = Scene::new(&Value::Null, "ru", "UTC", "RU");
        prop_assert_eq!(Pattern::compile(&text).unwrap().render(&scene, OnMissing::Fail).unwrap(), text);
    }
}
