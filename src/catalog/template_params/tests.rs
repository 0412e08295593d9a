//! The matching table of ROBOTS.md "Details".

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn run(keys: &[&str], items: &[&str], on_missing: OnMissing) -> Result<MatchedParams, Refusal> {
    match_params(&strings(keys), &strings(items), on_missing, "-")
}

fn filled(keys: &[&str], items: &[&str]) -> Vec<String> {
    match run(keys, items, OnMissing::Fail) {
        Ok(MatchedParams::Filled(values)) => values.into_iter().map(|(_, value)| value).collect(),
        other => panic!("{keys:?} {items:?}: {other:?}"),
    }
}

#[test]
fn items_are_keyed_or_in_order() {
    for (keys, items, expected) in [
        (&["1", "2"][..], &["Иван", "118"][..], &["Иван", "118"][..]),
        (&["1", "2"], &["1=Иван", "2=118"], &["Иван", "118"]),
        (&["1", "2"], &["2=118", "1=Иван"], &["Иван", "118"]),
        (&["name", "order"], &["order = 118", " name = Иван "], &["Иван", "118"]),
        (&["1"], &["1=a=b=c"], &["a=b=c"]),
        (&["1"], &["x=1"], &["x=1"]),
        (&["name"], &["Name=Иван"], &["Name=Иван"]),
        (&["1", "2"], &["", "1=a", "2=b", ""], &["a", "b"]),
        (&["1", "2"], &["a\nb\t c", "  d   e\u{a0}\u{a0}f  "], &["a b c", "d e f"]),
        (&["1"], &["1\u{a0}500 ₽"], &["1\u{a0}500 ₽"]),
        (&[], &[], &[]),
        (&[], &[""], &[]),
    ] {
        assert_eq!(filled(keys, items), expected, "{keys:?} {items:?}");
    }
}

#[test]
fn what_does_not_fit_names_the_item() {
    for (keys, items, item) in [
        (&["1", "2"][..], &["1=a", "b"][..], "2 (b)"),
        (&["1", "2"], &["a", "2=b"], "2 (2=b)"),
        (&["1", "2"], &["1=a", "3=b"], "2 (3=b)"),
        (&["1", "2"], &["1=a", "1=b"], "2 (1=b)"),
        (&["1", "2"], &[], "—"),
        (&["1", "2"], &["a"], "{{2}}"),
        (&["1", "2"], &["a", "b", "c"], "3 (c)"),
        (&["1", "2"], &["a", "b", ""], "3 ()"),
        (&["1", "2"], &[""], "{{2}}"),
        (&[], &["a"], "1 (a)"),
    ] {
        let refusal = run(keys, items, OnMissing::Empty).unwrap_err();
        assert_eq!((refusal.code, refusal.args["item"].as_str()), (Code::TemplateParamsMismatch, item), "{keys:?} {items:?}");
    }
}

#[test]
fn a_missing_value_follows_on_missing() {
    for (items, key) in [(&["1=a"][..], "2"), (&["a", " "], "2"), (&["1=a", "2= "], "2"), (&["", ""], "1")] {
        let refusal = run(&["1", "2"], items, OnMissing::Fail).unwrap_err();
        assert_eq!((refusal.code, refusal.args["name"].as_str()), (Code::ValueMissing, key), "{items:?}");
        assert_eq!(run(&["1", "2"], items, OnMissing::Skip), Ok(MatchedParams::Skip(key.to_owned())));
        let Ok(MatchedParams::Filled(values)) = run(&["1", "2"], items, OnMissing::Empty) else { panic!("{items:?}") };
        assert_eq!(values[1], ("2".to_owned(), "-".to_owned()));
    }
    let blank_filler = match_params(&strings(&["1"]), &strings(&["1="]), OnMissing::Empty, "  ");
    assert_eq!(blank_filler, Ok(MatchedParams::Filled(vec![("1".to_owned(), "-".to_owned())])));
}

#[test]
fn buttons_take_their_values() {
    let buttons =
        json!([{"type": "PHONE_NUMBER"}, {"type": "URL", "dynamic": true}, {"type": "QUICK_REPLY"}, {"type": "URL", "dynamic": false}]);
    let run = |items: &[&str], on_missing| match_buttons(&buttons, &strings(items), on_missing, "-");
    let values = run(&["1= order/118 ", "", "2=yes=1"], OnMissing::Fail).unwrap().unwrap();
    assert_eq!(values.iter().map(|value| (value.index, value.value.as_str())).collect::<Vec<_>>(), [(1, "order/118"), (2, "yes=1")]);
    assert_eq!(run(&["1=x"], OnMissing::Fail).unwrap().unwrap().len(), 1);
    for (items, code) in [
        (&["x"][..], Code::PropertyInvalid),
        (&["a=b"], Code::PropertyInvalid),
        (&["0=x", "1=y"], Code::TemplateParamsMismatch),
        (&["3=x", "1=y"], Code::TemplateParamsMismatch),
        (&["1=x", "1=y"], Code::TemplateParamsMismatch),
        (&[], Code::ValueMissing),
        (&["1="], Code::ValueMissing),
    ] {
        assert_eq!(run(items, OnMissing::Fail).unwrap_err().code, code, "{items:?}");
    }
    assert_eq!(run(&[], OnMissing::Skip), Ok(None));
    assert_eq!(run(&[], OnMissing::Empty).unwrap().unwrap()[0].value, "-");
}

#[test]
fn the_visible_text_is_filled_once() {
    let values = [("1".to_owned(), "{{2}}".to_owned()), ("2".to_owned(), "118".to_owned())];
    let text = rendered_text(Some(("Заказ {{1}}", Some("№ 5"))), "Для {{1}}: {{ 2 }} {{3}} {{", &values, Some("courier24"));
    assert_eq!(text, "Заказ № 5\n\nДля {{2}}: 118 {{3}} {{\n\ncourier24");
    assert_eq!(rendered_text(None, "x", &[], None), "x");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keyed_order_never_matters(values in proptest::collection::vec("[a-zа-я=0-9 ]{1,12}", 1..6), seed in 0_usize..720) {
        prop_assume!(values.iter().all(|value| !value.trim().is_empty()));
        let keys: Vec<String> = (1..=values.len()).map(|n| n.to_string()).collect();
        let mut items: Vec<String> = keys.iter().zip(&values).map(|(key, value)| format!("{key}={value}")).collect();
        let straight = match_params(&keys, &items, OnMissing::Fail, "-").unwrap();
        let by = seed % items.len();
        items.rotate_left(by);
        prop_assert_eq!(&match_params(&keys, &items, OnMissing::Fail, "-").unwrap(), &straight);
        let MatchedParams::Filled(filled) = straight else { panic!("skipped") };
        for ((_, got), given) in filled.iter().zip(&values) {
            prop_assert_eq!(got, &one_line(given));
        }
    }

    #[test]
    fn filled_values_are_whole_lines(items in proptest::collection::vec("\\PC{0,10}[\n\t ]{0,3}\\PC{0,10}", 0..5)) {
        let keys: Vec<String> = (1..=items.len()).map(|n| n.to_string()).collect();
        if let Ok(MatchedParams::Filled(values)) = match_params(&keys, &items, OnMissing::Empty, "-") {
            prop_assert_eq!(values.len(), keys.len());
            for (_, value) in values {
                prop_assert!(!value.trim().is_empty() && !value.contains(['\n', '\r', '\t']) && !value.contains("  "));
            }
        }
    }
}
