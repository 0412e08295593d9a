//! Every refusal of every robot, as its process hears it: one row for each robot, code and cause, played in the state of the world that
//! brings it about. What a robot can refuse is declared once (`CAN`); rows and declaration are held against each other and against the
//! closed list of ROBOTS.md.

use crate::kinds::shelf;
use crate::support::story::story;
use crate::support::town::{APP, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::domain::refusal::Code;
use courier24::sim::portal::{Document, Fault as PortalFault, StepId};
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use courier24::sim::whatsapp::gupshup::template::Template;
use serde_json::{Map, Value, json};
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
enum Stage {
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
struct Row {
    robot: &'static str,
    stage: Stage,
    code: &'static str,
    properties: Value,
    /// Stands in the words, so that a person finds the cause.
    word: &'static str,
    deal: i64,
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
const NOBODY: i64 = 600;

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

fn rows() -> Vec<Row> {
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
    for (robot, more) in [
        ("send_file", (|source: &str| json!({"source": [source], "kind": "image"})) as fn(&str) -> Value),
        ("send_buttons", |source| json!({"header": source})),
        ("send_template", |source| json!({"template": "with_image:ru", "params": ["Анна"], "header": source})),
    ] {
        // A header of buttons may be a document as well: only a page is none.
        let wrong = if robot == "send_buttons" { "disk:44" } else { "disk:43" };
        all.push(row(robot, Stage::Open, "media_invalid", more(wrong), wrong));
        all.push(row(robot, Stage::Open, "media_too_large", more("disk:42"), "5 MB"));
        all.push(row(robot, Stage::Open, "media_unreachable", more("disk:4040"), "disk:4040"));
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

/// Every answer names all results of its robot, and says in words what to do.
fn in_words(town: &Town, row: &Row, told: &Map<String, Value>) {
    let Row { robot, stage, code, properties, word, .. } = row;
    let shown: String = properties.to_string().chars().take(160).collect();
    assert_eq!((told["error_code"].as_str(), told["ok"].as_str()), (Some(*code), Some("N")), "{robot} {stage:?} {shown}: {told:?}");
    let text = told["error_text"].as_str().unwrap();
    assert!(text.chars().count() > 40 && text.contains(word), "{robot} {stage:?} {shown}: «{word}» in: {text}");
    assert!(
        !text.contains("{ $") && !text.contains("hint-") && !text.contains("refusal-") && !text.contains("pattern-"),
        "{robot}: {text}"
    );
    for id in super::results_of(town, robot) {
        assert!(told.contains_key(&id), "{robot} {code}: {id} is missing in {told:?}");
    }
}

fn rows_of(stage: Stage) -> Vec<Row> {
    rows().into_iter().filter(|row| row.stage == stage).collect()
}

/// Plays the rows of a stage whose refusals come before the wire.
async fn refuse_all(town: &Town, stage: Stage) {
    for row in rows_of(stage) {
        let deal = Document::deal(row.deal);
        if row.code == "unsupported_by_channel" && row.robot == "check_number" {
            // Not a refusal but the answer `E` with its reason.
            town.advance(MINUTE);
            let step = town.fires(row.robot, row.properties.clone()).await;
            town.settle().await;
            let told = town.told(step);
            in_words(town, &row, &told);
            assert_eq!(told["exists"], "E");
            continue;
        }
        town.refuses_in(deal, row.robot, row.properties.clone(), row.code).await;
        let told = town.last_call().await["answer"]["values"].as_object().unwrap().clone();
        in_words(town, &row, &told);
    }
    town.nothing_twice_nothing_lost().await;
}

/// Files, templates and a deal that the rows speak of.
async fn furnished(town: &Town) {
    town.portal.deal(NOBODY).title("Без клиента");
    town.portal.file(41, "act.pdf", shelf::PDF);
    town.portal.file(42, "huge.png", shelf::padded(shelf::PNG, 6 * 1024 * 1024));
    town.portal.file(43, "notes.txt", "просто слова");
    town.portal.file(44, "page.html", "<!doctype html><title>Вход</title>");
    town.network.app(APP).add_template(Template::new("with_image", "ru", "Смотрите, {{1}}").header_media("IMAGE"));
    let channel = town.channel.clone();
    let (status, told) = town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
    assert_eq!(status, 200, "{told}");
}

story! {
    /// A client who never wrote: free text is refused, and so is a template in its place that does not fit.
    async fn outside_the_window(town) from rested {
        furnished(&town).await;
        refuse_all(&town, Stage::Closed).await;
    }
}

story! {
    /// In an open window everything that is wrong with the properties themselves.
    async fn in_an_open_window(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        refuse_all(&town, Stage::Open).await;
    }
}

story! {
    /// A client who refused everything gets nothing of any kind.
    async fn to_a_client_who_refused(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        town.fires("set_consent", json!({"action": "opt_out", "scope": "all"})).await;
        town.settle().await;
        refuse_all(&town, Stage::OptedOut).await;
    }
}

story! {
    /// Quiet hours that last longer than the window: holding would be of no use.
    async fn in_quiet_hours(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        let settings = format!("/api/v1/portals/{}/settings", town.portal.member_id());
        let (status, told) = town.request("PUT", &settings, Some(json!({"quiet_hours": "11:00-10:45"}))).await;
        assert_eq!(status, 200, "{told}");
        town.advance(2 * HOUR);
        refuse_all(&town, Stage::Quiet).await;
    }
}

story! {
    /// A channel whose key is wrong, and one whose own number nobody knows.
    async fn through_a_broken_channel(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        let settings = json!({"base_url": town.network.url(), "session": "nowhere", "api_key": "no-such-key"});
        let (status, told) = town.api_post("/channels", json!({"kind": "waha", "name": "Без номера", "settings": settings})).await;
        assert_eq!(status, 201, "{told}");
        town.network.app(APP).change(|app| app.api_key = "sk_rotated".to_owned());
        town.fires("send_text", json!({"text": "x", "wait_for": "none"})).await;
        town.settle().await;
        assert_eq!(town.channel_state().await, "auth_failed");
        refuse_all(&town, Stage::Broken).await;
    }
}

/// Fires all rows of a stage at once.
async fn fire_all(town: &Town, stage: Stage) -> Vec<(Row, StepId)> {
    let mut steps = Vec::new();
    for row in rows_of(stage) {
        let step = town.portal.fires(row.robot, Document::deal(row.deal), row.properties.clone()).await.unwrap();
        steps.push((row, step));
    }
    steps
}

story! {
    /// A portal that does not answer about its CRM for a day: every process that needs it is told in the end, and nobody hangs.
    async fn while_the_portal_is_silent(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        town.portal.fault("crm.item.get", None, PortalFault::Html { status: 503 });
        let steps = fire_all(&town, Stage::Silent).await;
        town.settle().await;
        town.pass(DAY + 2 * HOUR).await;
        // It answers again: what was decided meanwhile is told.
        town.portal.clear_faults();
        town.pass(HOUR).await;
        for (row, step) in steps {
            in_words(&town, &row, &town.told(step));
        }
        assert_eq!(town.sends(), 0);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A provider that refuses a message, and one whose outcome nobody knows: the process hears it, and nothing is sent again.
    async fn after_the_wire(town) from rested {
        furnished(&town).await;
        for (stage, fault) in [
            (Stage::Rejecting, Fault::Answer {
                status: 400,
                headers: Vec::new(),
                body: r#"{"status":"error","message":"Invalid Destination"}"#.to_owned(),
                content_type: "application/json".to_owned(),
            }),
            (Stage::Unsure, Fault::bad_gateway()),
        ] {
            for row in rows_of(stage) {
                town.client_writes("Жду").await;
                town.pass(MINUTE).await;
                let before = town.sends();
                town.network.fault_next("/msg", fault.clone());
                let step = town.fires(row.robot, row.properties.clone()).await;
                town.pass(10 * MINUTE).await;
                in_words(&town, &row, &town.told(step));
                assert_eq!(town.sends(), before + 1, "{} {stage:?}: once", row.robot);
                // Somebody gets through: the channel does not rest.
                town.network.clear_faults();
                town.advance(MINUTE);
                let step = town.sends_template(json!({"params": [row.robot, format!("{stage:?}")]})).await;
                town.settle().await;
                assert_eq!(town.told(step)["ok"], "Y", "{}", row.robot);
            }
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A provider that says "too many" all day: every process is told before the day is over.
    async fn while_the_provider_is_busy(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        town.network.fault(FaultRule { path: "/msg".to_owned(), times: 10_000, skip: 0, fault: Fault::too_many_requests(None) });
        let steps = fire_all(&town, Stage::Busy).await;
        town.settle().await;
        town.pass(8 * HOUR).await;
        for (row, step) in steps {
            in_words(&town, &row, &town.told(step));
        }
        assert_eq!(town.got(), 0);
    }
}
