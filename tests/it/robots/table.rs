//! Every refusal of every robot: one row for each robot, code and cause, with the state of the world that brings it about. What a robot can
//! refuse is declared once (`CAN`); rows and declaration are held against each other and against the closed list of ROBOTS.md.

use courier24::domain::refusal::Code;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What each robot refuses.
const CAN: [(&str, &str); 17] = [
    ("send_text", "@send text_empty text_too_long @window"),
    (
        "send_template",
        "@send template_not_found template_not_approved template_params_mismatch media_invalid media_too_large media_unreachable",
    ),
    (
        "send_buttons",
        "@send text_empty text_too_long too_many_buttons duplicate_ids media_invalid media_too_large media_unreachable @window",
    ),
    ("send_list", "@send text_empty text_too_long too_many_rows duplicate_ids @window"),
    ("send_link", "@send text_empty text_too_long @window"),
    ("send_file", "@send text_too_long media_invalid media_too_large media_unreachable @window"),
    ("send_contact", "@send text_too_long @window"),
    ("send_location", "@send text_too_long @window"),
    ("request_location", "@send text_empty text_too_long @window"),
    ("wait_reply", "@person channel_not_found unsupported_by_channel property_invalid duplicate_ids text_too_long @pattern"),
    ("wait_status", "property_invalid"),
    ("check_window", "@person channel_not_found unsupported_by_channel"),
    ("check_number", "@person channel_not_found unsupported_by_channel"),
    ("chat_link", "channel_not_found channel_unavailable text_too_long property_invalid @pattern"),
    (
        "follow_up",
        "@person channel_not_found channel_unavailable unsupported_by_channel property_invalid text_empty text_too_long template_not_found \
         template_not_approved template_params_mismatch window_closed quiet_hours @pattern",
    ),
    ("cancel_follow_ups", "phone_invalid text_too_long property_invalid @pattern"),
    ("set_consent", "@person property_invalid text_too_long @pattern"),
];
/// What several robots share.
const GROUPS: [(&str, &str); 4] = [
    (
        "@send",
        "@person channel_not_found channel_unavailable unsupported_by_channel property_invalid opted_out limit_reached provider_rejected \
         unknown_outcome @pattern",
    ),
    ("@person", "phone_missing phone_invalid portal_paused"),
    ("@pattern", "pattern_invalid value_missing"),
    ("@window", "window_closed quiet_hours template_not_found template_not_approved template_params_mismatch"),
];
/// Told by no robot of the catalogue: the call names another one (bad_input.rs).
const NO_ROBOT: [Code; 1] = [Code::RobotUnknown];

fn declared(words: &str) -> BTreeSet<&'static str> {
    let mut out = BTreeSet::new();
    for word in words.split_whitespace() {
        match GROUPS.iter().find(|(group, _)| *group == word) {
            Some((_, inner)) => out.extend(declared(inner)),
            None => {
                out.insert(
                    Code::ALL.iter().map(|code| code.as_str()).find(|code| *code == word).unwrap_or_else(|| panic!("{word} is no code")),
                );
            }
        }
    }
    out
}

/// The state of the world in which a row is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The client has never written.
    Closed,
    /// The client has just written.
    Open,
    /// The client has refused everything.
    OptedOut,
    /// Quiet until after the window closes.
    Quiet,
    /// The portal does not answer what is asked of its CRM.
    Silent,
    /// The provider refuses.
    Rejecting,
    /// The provider's gateway answers instead of it.
    Unsure,
    /// The provider takes nothing for hours.
    Busy,
    /// The channel's key is wrong.
    Broken,
}

/// One refusal.
pub(super) struct Row {
    pub(super) robot: &'static str,
    pub(super) stage: Stage,
    pub(super) code: &'static str,
    pub(super) properties: Value,
    /// Stands in the words, so that a person finds the cause.
    pub(super) word: &'static str,
    pub(super) deal: i64,
}

const SENDING: [&str; 9] = [
    "send_text",
    "send_template",
    "send_buttons",
    "send_list",
    "send_link",
    "send_file",
    "send_contact",
    "send_location",
    "request_location",
];
/// A deal without a client.
pub(super) const NOBODY: i64 = 600;

/// Properties with which the robot does its work.
fn base(robot: &str) -> Value {
    match robot {
        "send_text" => json!({"text": "Заказ готов"}),
        "send_template" => json!({"template": "order_ready:ru", "params": ["Анна", "118"]}),
        "send_buttons" => json!({"text": "Удобно?", "buttons": ["Да", "Нет"]}),
        "send_list" => json!({"text": "Куда?", "list_button": "Открыть", "rows": ["Склад", "Офис"]}),
        "send_link" => json!({"text": "Счёт", "button_title": "Открыть", "url": "https://example.org/i/1"}),
        "send_file" => json!({"source": ["disk:41"]}),
        "send_contact" => json!({"name": "Склад", "phones": ["+7 495 123-45-67"]}),
        "send_location" => json!({"latitude": "55.75", "longitude": "37.61"}),
        "request_location" => json!({"text": "Где вы?"}),
        "wait_reply" => json!({"expected": ["yes_no"]}),
        "wait_status" => json!({"message_id": "msg_0"}),
        "follow_up" => json!({"when": "after_silence", "offset_minutes": "60", "text": "Вы ещё с нами?"}),
        "set_consent" => json!({"action": "opt_in"}),
        _ => json!({}),
    }
}

fn with(mut all: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

/// The property in which an author writes a pattern, with this text.
fn written(robot: &str, text: &str) -> Value {
    match robot {
        "send_template" => json!({"params": [text, "118"]}),
        "send_file" => json!({"caption": text}),
        "send_contact" | "send_location" => json!({"name": text}),
        "wait_reply" => json!({"ask_again": text}),
        "cancel_follow_ups" => json!({"chain": text}),
        "set_consent" => json!({"evidence": text}),
        _ => json!({"text": text}),
    }
}

/// The longest that this property takes.
fn longest(robot: &str) -> usize {
    match robot {
        "send_text" | "send_list" | "wait_reply" | "chat_link" | "follow_up" => 4_096,
        "send_contact" | "send_location" => 240,
        "cancel_follow_ups" => 100,
        "set_consent" => 1_000,
        _ => 1_024,
    }
}

fn row(robot: &'static str, stage: Stage, code: &'static str, more: Value, word: &'static str) -> Row {
    Row { robot, stage, code, properties: with(base(robot), more), word, deal: 512 }
}

pub(super) fn rows() -> Vec<Row> {
    let mut all = Vec::new();
    for robot in SENDING {
        all.extend(of_sending(robot));
    }
    for robot in ["wait_reply", "check_window", "check_number", "follow_up", "set_consent"] {
        all.extend(of_person(robot));
    }
    for (robot, codes) in CAN {
        let can = declared(codes);
        if can.contains("pattern_invalid") {
            all.push(row(
                robot,
                Stage::Open,
                "pattern_invalid",
                with(written(robot, "{{#each deal}}"), json!({"expressions": "Y"})),
                "строка",
            ));
            all.push(row(
                robot,
                Stage::Open,
                "value_missing",
                with(written(robot, "{{deal.UF_NOTHING}}"), json!({"expressions": "Y"})),
                "deal.UF_NOTHING",
            ));
        }
        if can.contains("text_too_long") {
            all.push(row(robot, Stage::Open, "text_too_long", written(robot, &"я".repeat(longest(robot) + 1)), ""));
        }
        if can.contains("text_empty") {
            for blank in ["", " \n\t", "\u{a0}", "\u{200b}\u{feff}"] {
                all.push(row(robot, Stage::Open, "text_empty", written(robot, blank), "(text)"));
            }
        }
        if robot != "cancel_follow_ups" && can.contains("channel_not_found") {
            all.push(row(robot, Stage::Open, "channel_not_found", json!({"channel": "Склад"}), "Склад"));
        }
    }
    all.extend(of_templates("send_template", Stage::Closed, "template", "params"));
    all.extend(of_templates("follow_up", Stage::Closed, "template", "params"));
    all.extend(of_files());
    all.extend(of_choices());
    all.extend(of_waiting());
    all
}

/// Whom the robot is for, told or not.
fn of_person(robot: &'static str) -> Vec<Row> {
    let group = if robot == "set_consent" { "phone_invalid" } else { "unsupported_by_channel" };
    let word = if robot == "set_consent" { "group" } else { "групп" };
    let mut all = vec![
        Row { deal: NOBODY, ..row(robot, Stage::Open, "phone_missing", json!({}), "телефон") },
        row(robot, Stage::Open, "phone_invalid", json!({"phone": ["нет телефона"]}), "нет телефона"),
        row(robot, Stage::Silent, "portal_paused", json!({}), "не ответил"),
    ];
    // A provider that cannot check numbers says so before anything else; `conformance.rs` has those that can.
    if robot == "check_number" {
        all.push(row(robot, Stage::Open, "unsupported_by_channel", json!({}), "проверка номера"));
    } else {
        all.push(row(robot, Stage::Open, group, json!({"phone": ["group:120363@g.us"]}), word));
    }
    all
}

/// What every robot that sends refuses.
fn of_sending(robot: &'static str) -> Vec<Row> {
    let mut all = of_person(robot);
    all.extend([
        row(robot, Stage::Open, "property_invalid", json!({"wait_for": "someday"}), "(wait_for)"),
        row(robot, Stage::Open, "property_invalid", json!({"write_fields": ["UF_CRM_WA_STATUS = weather"]}), "weather"),
        row(robot, Stage::OptedOut, "opted_out", json!({}), "согласи"),
        row(robot, Stage::Rejecting, "provider_rejected", json!({}), "Invalid Destination"),
        row(robot, Stage::Unsure, "unknown_outcome", json!({}), "дважды"),
        row(robot, Stage::Busy, "limit_reached", json!({}), "лимит"),
        row(robot, Stage::Broken, "channel_unavailable", json!({}), "Магазин"),
    ]);
    if robot != "send_template" {
        let instead = |template: &str, params: Value| json!({"on_closed_window": "template", "fallback_template": template, "fallback_params": params});
        all.extend([
            row(robot, Stage::Closed, "window_closed", json!({}), "шаблон"),
            row(robot, Stage::Closed, "property_invalid", json!({"on_closed_window": "template"}), "(fallback_template)"),
            row(robot, Stage::Closed, "template_not_found", instead("none:ru", json!(["1"])), "none:ru"),
            row(robot, Stage::Closed, "template_not_approved", instead("paused:ru", json!(["1"])), "PAUSED"),
            row(robot, Stage::Closed, "template_params_mismatch", instead("order_ready:ru", json!(["1"])), "{{2}}"),
            row(robot, Stage::Closed, "value_missing", instead("order_ready:ru", json!(["1=Анна"])), "{{2}}"),
            row(robot, Stage::Quiet, "quiet_hours", json!({}), "тихие часы"),
        ]);
    }
    all
}

/// Templates that do not fit.
fn of_templates(robot: &'static str, stage: Stage, template: &str, params: &str) -> Vec<Row> {
    let chosen = |name: &str, values: Value| json!({template: name, params: values});
    vec![
        row(robot, stage, "template_not_found", chosen("none:ru", json!(["1"])), "none:ru"),
        row(robot, stage, "template_not_found", chosen("order_ready:en", json!(["1", "2"])), "order_ready:en"),
        row(robot, stage, "template_not_approved", chosen("paused:ru", json!(["1"])), "PAUSED"),
        row(robot, stage, "template_params_mismatch", chosen("order_ready:ru", json!(["1", "2", "лишнее"])), "лишнее"),
        row(robot, stage, "template_params_mismatch", chosen("order_ready:ru", json!(["1=a", "b"])), "b"),
        row(
            robot,
            stage,
            "template_params_mismatch",
            with(chosen("track:ru", json!(["1"])), json!({"header": "1", "button_params": ["7=x"]})),
            "7",
        ),
        row(robot, stage, "value_missing", chosen("order_ready:ru", json!(["a", "\u{200b}"])), "{{2}}"),
        row(robot, stage, "value_missing", chosen("track:ru", json!(["1"])), ""),
        row(
            robot,
            stage,
            "property_invalid",
            with(chosen("track:ru", json!(["1"])), json!({"header": "1", "button_params": ["x"]})),
            "(button_params)",
        ),
    ]
}

/// Files that cannot be sent, wherever they stand.
fn of_files() -> Vec<Row> {
    let mut all = Vec::new();
    for robot in ["send_file", "send_buttons", "send_template"] {
        let named = |source: &str| match robot {
            "send_file" => json!({"source": [source], "kind": "image"}),
            "send_buttons" => json!({"header": source}),
            _ => json!({"template": "with_image:ru", "params": ["Анна"], "header": source}),
        };
        // A header of buttons may be a document as well: only a page is none.
        let wrong = if robot == "send_buttons" { "disk:44" } else { "disk:43" };
        all.push(row(robot, Stage::Open, "media_invalid", named(wrong), wrong));
        all.push(row(robot, Stage::Open, "media_too_large", named("disk:42"), "5 MB"));
        all.push(row(robot, Stage::Open, "media_unreachable", named("disk:4040"), "disk:4040"));
    }
    all.push(row("send_file", Stage::Open, "media_invalid", json!({"source": ["просто слова"]}), "просто слова"));
    all.push(row("send_file", Stage::Open, "property_invalid", json!({"source": []}), "(source)"));
    all
}

/// Buttons, rows, points and cards; `kinds/refusals.rs` has every limit of theirs.
fn of_choices() -> Vec<Row> {
    vec![
        row("send_buttons", Stage::Open, "too_many_buttons", json!({"buttons": ["1", "2", "3", "4"]}), "3"),
        row("send_buttons", Stage::Open, "duplicate_ids", json!({"buttons": ["Да", " Да "]}), "Да"),
        row("send_list", Stage::Open, "too_many_rows", json!({"rows": (0..11).map(|n| format!("Пункт {n}")).collect::<Vec<_>>()}), "10"),
        row("send_list", Stage::Open, "duplicate_ids", json!({"rows": ["a|Склад", "a|Офис"]}), "a"),
        row("send_link", Stage::Open, "property_invalid", json!({"url": "example.org/i/1"}), "(url)"),
        row("send_location", Stage::Open, "property_invalid", json!({"latitude": "91"}), "(latitude)"),
        row("send_contact", Stage::Open, "property_invalid", json!({"contact_ids": ["4040"]}), "4040"),
        row("chat_link", Stage::Open, "property_invalid", json!({"expressions": "perhaps"}), "(expressions)"),
        row("cancel_follow_ups", Stage::Open, "phone_invalid", json!({"phone": ["нет"]}), "нет"),
        row("cancel_follow_ups", Stage::Open, "property_invalid", json!({"on_missing": "cry"}), "(on_missing)"),
    ]
}

/// Robots that wait, arm or know.
fn of_waiting() -> Vec<Row> {
    let crowd: Vec<String> = (0..11).map(|n| format!("+7 916 000-01-{n:02}")).collect();
    let at = |moment: &str| json!({"when": "at", "at": moment});
    vec![
        row("wait_reply", Stage::Open, "property_invalid", json!({"expected": ["/(/"]}), "(expected)"),
        row("wait_reply", Stage::Open, "property_invalid", json!({"reply_minutes": "0"}), "(reply_minutes)"),
        row("wait_reply", Stage::Open, "property_invalid", json!({"phone": crowd}), "11"),
        row("wait_reply", Stage::Open, "duplicate_ids", json!({"expected": ["a=да", "b=(Да)"]}), "Да"),
        row("wait_status", Stage::Open, "property_invalid", json!({"message_id": ""}), "(message_id)"),
        row("wait_status", Stage::Open, "property_invalid", json!({"message_id": "msg_0"}), "msg_0"),
        row("set_consent", Stage::Open, "property_invalid", json!({"action": "forget"}), "forget"),
        row("set_consent", Stage::Open, "property_invalid", json!({"phone": crowd}), "11"),
        row("follow_up", Stage::Open, "property_invalid", json!({"phone": crowd, "phone_choice": "all"}), "11"),
        row("follow_up", Stage::Open, "property_invalid", json!({"when": ""}), "(when)"),
        row("follow_up", Stage::Open, "property_invalid", json!({"time_zone": "Mars/Base"}), "Mars/Base"),
        row("follow_up", Stage::Open, "property_invalid", json!({"calendar": "0 10 31 2 *"}), "(calendar)"),
        row("follow_up", Stage::Open, "property_invalid", json!({"calendar": "0 25 * * *"}), "cron"),
        row("follow_up", Stage::Open, "property_invalid", at(""), "(at)"),
        row("follow_up", Stage::Open, "property_invalid", at("завтра"), "завтра"),
        row("follow_up", Stage::Open, "property_invalid", at("21.11.2026 18:00:00"), "прошло"),
        row("follow_up", Stage::Open, "property_invalid", json!({"when": "after_window_closed"}), "(template)"),
        row("follow_up", Stage::Closed, "window_closed", json!({"when": "before_window_closes"}), "шаблон"),
        row("follow_up", Stage::Quiet, "quiet_hours", json!({"when": "before_window_closes"}), "тихие часы"),
        row("follow_up", Stage::Broken, "channel_unavailable", json!({}), "Магазин"),
        row("chat_link", Stage::Broken, "channel_unavailable", json!({"channel": "Без номера"}), "Без номера"),
    ]
}

#[test]
fn the_rows_are_what_is_declared_and_reach_the_whole_list() {
    let mut raised: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows() {
        raised.entry(row.robot).or_default().insert(row.code);
    }
    for (robot, codes) in CAN {
        assert_eq!(raised.remove(robot).unwrap_or_default(), declared(codes), "{robot}: rows against what is declared");
    }
    assert!(raised.is_empty(), "not declared: {raised:?}");
    let catalog = courier24::catalog::Catalog::load().unwrap();
    let known: BTreeSet<&str> = catalog.robots().iter().map(|spec| spec.code.as_str()).collect();
    assert_eq!(CAN.iter().map(|(robot, _)| *robot).collect::<BTreeSet<_>>(), known, "every robot of the catalogue has its refusals here");
    let mut reached: BTreeSet<&str> = CAN.iter().flat_map(|(_, codes)| declared(codes)).collect();
    reached.extend(NO_ROBOT.iter().map(|code| code.as_str()));
    assert_eq!(reached, Code::ALL.iter().map(|code| code.as_str()).collect::<BTreeSet<_>>(), "the closed list of ROBOTS.md");
}
