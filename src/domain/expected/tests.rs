use super::*;
use proptest::prelude::*;

fn expected(items: &[&str]) -> Expected {
    Expected::parse(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn scene() -> Scene<'static> {
    Scene { today: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(), region: "RU" }
}

/// `code`, `code:value`, `?` = ambiguous, empty = not expected.
fn judged(items: &[&str], text: &str) -> String {
    match expected(items).judge(Heard { text, ..Heard::default() }, scene()) {
        Verdict::Is { code, value: Some(value) } => format!("{code}:{value}"),
        Verdict::Is { code, value: None } => code,
        Verdict::Ambiguous => "?".to_owned(),
        Verdict::Not => String::new(),
    }
}

#[test]
fn words_as_people_write_them() {
    let items = ["yes=да,ага,👍", "no=нет", "later=потом,позже,не сейчас"];
    let table = [
        ("да", "yes"),
        ("(да)", "yes"),
        ("ДА!!!", "yes"),
        ("  Да.  ", "yes"),
        ("«да»", "yes"),
        ("да 👍", "yes"),
        ("👍🏽", "yes"),
        ("👍", "yes"),
        ("да, конечно", "yes"),
        ("Ага", "yes"),
        ("нет", "no"),
        ("Нет, спасибо", "no"),
        ("не сейчас", "later"),
        ("ПОЗЖЕ", "later"),
        ("да нет", "?"),
        ("да или нет?", "?"),
        ("да, но позже", "?"),
        ("", ""),
        ("🙂", ""),
        ("дача", ""),
        ("не да", ""),
        ("а когда вы наконец скажете, да сколько же можно ждать", ""),
        ("yes", "yes"),
    ];
    for (text, code) in table {
        assert_eq!(judged(&items, text), code, "{text}");
    }
}

#[test]
fn a_word_alone_has_its_position_for_a_code() {
    let items = ["Самовывоз", "Доставка", "тёмно-синий"];
    let table = [
        ("1", "1"),
        ("1.", "1"),
        ("1)", "1"),
        ("1️⃣", "1"),
        ("２", "2"),
        ("доставка", "2"),
        ("Доставку", ""),
        ("1 или 2", "?"),
        ("12", ""),
        ("темно синий", "3"),
        ("Тёмно-синий!", "3"),
        ("№2", "2"),
    ];
    for (text, code) in table {
        assert_eq!(judged(&items, text), code, "{text}");
    }
    assert_eq!(judged(&["blue=синий", "dark=темно синий"], "тёмно-синий, пожалуйста"), "dark");
}

#[test]
fn yes_and_no() {
    let table = [
        ("да", "yes"),
        ("(да)", "yes"),
        ("Да-да", "yes"),
        ("+", "yes"),
        ("ОК", "yes"),
        ("Конечно, приду", "yes"),
        ("нет проблем", "yes"),
        ("не против", "yes"),
        ("Yes, please", "yes"),
        ("Y", "yes"),
        ("👍", "yes"),
        ("✅", "yes"),
        ("no problem", "yes"),
        ("так точно", "yes"),
        ("нет", "no"),
        ("Нет, спасибо!", "no"),
        ("не надо", "no"),
        ("не согласен", "no"),
        ("не подходит", "no"),
        ("не хочу", "no"),
        ("-", "no"),
        ("NO", "no"),
        ("nope", "no"),
        ("👎", "no"),
        ("не", "no"),
        ("I don't agree", "no"),
        ("да нет", "?"),
        ("да нет наверное", "?"),
        ("yes and no", "?"),
        ("может быть", ""),
        ("", ""),
        ("🤔", ""),
        ("нетто", ""),
        ("дай", ""),
    ];
    for (text, code) in table {
        assert_eq!(judged(&["yes_no"], text), code, "{text}");
    }
    assert_eq!(judged(&["yes_no", "later=потом"], "потом"), "later");
    assert_eq!(judged(&["yes_no", "later=потом"], "да, потом"), "?");
}

#[test]
fn numbers() {
    let table = [
        ("5", "number:5"),
        ("5 шт.", "number:5"),
        ("примерно 15 человек", "number:15"),
        ("1 500,50 руб", "number:1500.50"),
        ("-3", "number:-3"),
        ("5️⃣", "number:5"),
        ("７", "number:7"),
        ("0.5", "number:0.5"),
        ("10-15", "?"),
        ("2 или 3", "?"),
        ("пять", ""),
        ("", ""),
        ("v5", ""),
        ("в 2020 году мы у вас покупали вот такой товар", ""),
    ];
    for (text, code) in table {
        assert_eq!(judged(&["number"], text), code, "{text}");
    }
}

#[test]
fn dates() {
    let table = [
        ("21.12.2026", "date:2026-12-21"),
        ("21.12.26", "date:2026-12-21"),
        ("21/12", "date:2026-12-21"),
        ("5.1", "date:2027-01-05"),
        ("2026-12-21", "date:2026-12-21"),
        ("21 декабря", "date:2026-12-21"),
        ("21-го декабря 2027", "date:2027-12-21"),
        ("1 мая", "date:2027-05-01"),
        ("December 21st, 2026", "date:2026-12-21"),
        ("21 Dec", "date:2026-12-21"),
        ("завтра", "date:2026-11-23"),
        ("Сегодня!", "date:2026-11-22"),
        ("давайте 21.12.2026, если можно", "date:2026-12-21"),
        ("29.02", "date:2028-02-29"),
        ("31.02.2027", ""),
        ("21 или 22", ""),
        ("21.12 или 22.12", "?"),
        ("сегодня или завтра", "?"),
        ("", ""),
        ("на неделе", ""),
    ];
    for (text, code) in table {
        assert_eq!(judged(&["date"], text), code, "{text}");
    }
}

#[test]
fn phones() {
    let table = [
        ("8 916 000-00-01", "phone:79160000001"),
        ("мой: +7 (916) 000 00 01", "phone:79160000001"),
        ("+49 151 23456789", "phone:4915123456789"),
        ("8 916 000-00-01, 8 495 123-45-67", "?"),
        ("12", ""),
        ("нет телефона", ""),
    ];
    for (text, code) in table {
        assert_eq!(judged(&["phone"], text), code, "{text}");
    }
    let card = ["+7 916 000-00-01".to_owned()];
    let heard = Heard { phones: &card, ..Heard::default() };
    assert_eq!(expected(&["phone"]).judge(heard, scene()), Verdict::Is { code: "phone".into(), value: Some("79160000001".into()) });
}

#[test]
fn regular_expressions() {
    assert_eq!(judged(&[r"/^\d{4}$/"], " 1234 "), "1");
    assert_eq!(judged(&[r"/^\d{4}$/"], "12345"), "");
    assert_eq!(judged(&["order=/^[a-z]{2}-\\d+$/", "other=иное"], "AB-12"), "order");
    assert_eq!(judged(&["a=/кот/", "b=/пёс/"], "кот и пёс"), "?");
    assert_eq!(judged(&["/a=b/"], "a=b"), "1");
    // Linear time: nothing hangs.
    let hostile = "a".repeat(100_000) + "!";
    assert_eq!(judged(&["/^(a+)+$/"], &hostile), "1", "its beginning is all a");
}

#[test]
fn a_press_is_its_id() {
    let heard = Heard { text: "Нет, спасибо", reply_id: Some("YES"), ..Heard::default() };
    assert_eq!(expected(&["yes=да", "no=нет"]).judge(heard, scene()), Verdict::Is { code: "yes".into(), value: None });
    let unknown = Heard { text: "Да", reply_id: Some("btn_7"), ..Heard::default() };
    assert_eq!(expected(&["yes=да", "no=нет"]).judge(unknown, scene()), Verdict::Is { code: "yes".into(), value: None });
}

#[test]
fn escapes_and_mistakes() {
    assert_eq!(judged(&[r"eq=a\=b", "other=c"], "a=b"), "eq");
    assert_eq!(judged(&[r"list=один\, два"], "один, два"), "list");
    let mistake = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        Expected::parse(&items).unwrap_err().kind
    };
    assert_eq!(mistake(&["=да"]), MistakeKind::Shape);
    assert_eq!(mistake(&["код="]), MistakeKind::Shape);
    assert_eq!(mistake(&["код=,,!"]), MistakeKind::Shape);
    assert_eq!(mistake(&["/(/"]), MistakeKind::Pattern);
    assert_eq!(mistake(&["x=/\\w{1000}{1000}/"]), MistakeKind::Pattern);
    assert_eq!(mistake(&["a=да", "A=нет"]), MistakeKind::Twice);
    assert_eq!(mistake(&["a=да", "b=(Да)"]), MistakeKind::Twice);
    assert_eq!(mistake(&["yes_no", "yes=ага"]), MistakeKind::Twice);
    assert_eq!(mistake(&["x=y"; 51]), MistakeKind::TooMany);
    assert!(expected(&[]).is_any() && expected(&["", " "]).is_any());
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,60}") {
        let items = ["yes_no", "number", "date", "phone", "a=слово,👍", "/x+y/"];
        let _ = judged(&items, &text);
    }

    #[test]
    fn a_word_is_found_in_any_brackets_and_case(before in "[ («\"!]{0,3}", after in "[ )».!?]{0,3}", upper: bool) {
        let word = if upper { "ДОСТАВКА" } else { "доставка" };
        prop_assert_eq!(judged(&["d=доставка", "p=самовывоз"], &format!("{before}{word}{after}")), "d");
    }
}
