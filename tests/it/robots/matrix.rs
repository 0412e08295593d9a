//! What each kind of channel does with each thing that robots send (reference/whatsapp.md 9): as it is, otherwise by a declared rule, or not
//! at all. A rule says what becomes of a kind wherever a channel lacks it; the reference's own matrix stands beside it for the vendors that it
//! knows; every cell of every seat of the conformance table is played through a strict simulator of its vendor.

use crate::conformance::seat::{Seat, TABLE, that};
use crate::kinds::shelf::{self, Manner, Shelf};
use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{MINUTE, SECOND};
use courier24::provider::{Capabilities, registry};
use courier24::sim::whatsapp::gupshup::template::Template;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What becomes of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// It is sent as it is.
    Own,
    /// It is sent as this kind, and the journal names the rule.
    As(&'static str, &'static str),
    /// The robot refuses with `unsupported_by_channel`.
    No,
}

use Cell::{As, No, Own};

const NUMBERED_BUTTONS: Cell = As("text", "buttons → numbered text");
const NUMBERED_UNDER_PICTURE: Cell = As("image", "buttons → numbered text");
const NUMBERED_LIST: Cell = As("text", "list → numbered text");
const ADDRESS: Cell = As("text", "cta_url → text with the address");
const QUESTION: Cell = As("text", "location_request → text");
const CARD_FILE: Cell = As("document", "contacts → vCard document");
const PICTURE: Cell = As("image", "sticker → image");
const SOUND: Cell = As("audio", "voice → audio");

/// The vendors of the reference.
const VENDORS: [&str; 5] = ["gupshup", "meta", "twilio", "green-api", "waha"];

/// Kind of content, then a cell for each of them.
const CELLS: [(&str, [Cell; 5]); 17] = [
    ("template", [Own, Own, Own, No, No]),
    ("text", [Own, Own, Own, Own, Own]),
    ("image", [Own, Own, Own, Own, Own]),
    ("video", [Own, Own, Own, Own, Own]),
    ("audio", [Own, Own, Own, Own, Own]),
    ("voice", [Own, Own, SOUND, Own, Own]),
    ("document", [Own, Own, Own, Own, Own]),
    ("sticker", [Own, Own, Own, PICTURE, PICTURE]),
    ("buttons", [Own, Own, NUMBERED_BUTTONS, NUMBERED_BUTTONS, NUMBERED_BUTTONS]),
    // A file above the buttons keeps its place: they stand in its caption.
    ("buttons, picture", [Own, Own, NUMBERED_UNDER_PICTURE, NUMBERED_UNDER_PICTURE, NUMBERED_UNDER_PICTURE]),
    ("list", [Own, Own, NUMBERED_LIST, NUMBERED_LIST, NUMBERED_LIST]),
    ("cta_url", [Own, Own, ADDRESS, ADDRESS, ADDRESS]),
    ("location", [Own, Own, Own, Own, Own]),
    ("location_request", [QUESTION, Own, QUESTION, QUESTION, QUESTION]),
    ("contacts", [Own, Own, CARD_FILE, Own, Own]),
    // A card without a number: Green-API's cards have one.
    ("contacts, no number", [Own, Own, CARD_FILE, CARD_FILE, Own]),
    // To a group instead of a person.
    ("group", [No, No, No, Own, Own]),
];

/// The robot that sends a kind, and how.
fn asked(kind: &str, shelf: &Shelf) -> (&'static str, Value) {
    let file = |kind: &str, path: &str| ("send_file", json!({"kind": kind, "source": [shelf.url(path)]}));
    match kind {
        "template" => ("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})),
        "text" => ("send_text", json!({"text": "Привет"})),
        "image" => file(kind, "/photo.png"),
        "video" => file(kind, "/film.mp4"),
        "audio" => file(kind, "/song.mp3"),
        "voice" => file(kind, "/note.ogg"),
        "document" => file(kind, "/act.pdf"),
        "sticker" => file(kind, "/s.webp"),
        "buttons" => ("send_buttons", json!({"header": "Доставка", "text": "Удобно?", "footer": "Магазин", "buttons": ["yes|Да", "Нет"]})),
        "buttons, picture" => ("send_buttons", json!({"header": shelf.url("/photo.png"), "text": "Удобно?", "buttons": ["yes|Да", "Нет"]})),
        "list" => {
            ("send_list", json!({"text": "Куда?", "list_button": "Открыть", "rows": ["#Центр", "a|Склад 1|ул. А", "#Юг", "b|Склад 2"]}))
        }
        "cta_url" => ("send_link", json!({"text": "Счёт", "button_title": "Оплатить", "url": "https://example.org/pay"})),
        "location" => ("send_location", json!({"latitude": "55.75", "longitude": "37.61", "name": "Склад", "address": "ул. А"})),
        "location_request" => ("request_location", json!({"text": "Где вы?"})),
        "contacts" => ("send_contact", json!({"name": "Склад", "phones": ["8 495 123-45-67"]})),
        "contacts, no number" => ("send_contact", json!({"name": "Склад", "emails": ["s@example.org"]})),
        "group" => ("send_text", json!({"text": "Всем привет", "phone": ["group:120363000000000001"]})),
        other => panic!("no robot for {other}"),
    }
}

/// What a client reads of a kind that was said otherwise.
fn said(kind: &str) -> &'static str {
    match kind {
        "buttons" => "Доставка\n\nУдобно?\n\n1. Да\n2. Нет\n\nМагазин",
        "list" => "Куда?\n\nЦентр\n1. Склад 1 — ул. А\nЮг\n2. Склад 2",
        "cta_url" => "Счёт\n\nОплатить: https://example.org/pay",
        "location_request" => "Где вы?",
        _ => "",
    }
}

async fn shelf() -> Shelf {
    Shelf::open(vec![
        ("/photo.png", Manner::Plain("image/png", shelf::PNG.to_vec())),
        ("/film.mp4", Manner::Plain("video/mp4", shelf::MP4.to_vec())),
        ("/song.mp3", Manner::Plain("audio/mpeg", shelf::MP3.to_vec())),
        ("/note.ogg", Manner::Plain("audio/ogg", shelf::OPUS.to_vec())),
        ("/act.pdf", Manner::Plain("application/pdf", shelf::PDF.to_vec())),
        ("/s.webp", Manner::Plain("image/webp", shelf::webp(512, 900))),
    ])
    .await
}

/// What becomes of a kind on a channel that can this much.
fn cell(kind: &str, known: &Capabilities) -> Cell {
    let has = |kind: &str| known.kinds.contains(&kind);
    let own = match kind {
        "group" => known.groups,
        "buttons, picture" => has("buttons"),
        "contacts, no number" => has("contacts") && !known.cards_need_phone,
        // Some kinds need settings that the seats do not have.
        kind => has(kind) && known.upgrade.as_ref().is_none_or(|upgrade| !upgrade.kinds.contains(&kind)),
    };
    match kind {
        _ if own => Own,
        "voice" if has("audio") => SOUND,
        "sticker" if has("image") => PICTURE,
        "buttons" => NUMBERED_BUTTONS,
        "buttons, picture" if has("image") => NUMBERED_UNDER_PICTURE,
        "list" => NUMBERED_LIST,
        "cta_url" => ADDRESS,
        "location_request" => QUESTION,
        "contacts" | "contacts, no number" if has("document") => CARD_FILE,
        _ => No,
    }
}

#[test]
fn the_rule_gives_the_references_matrix_and_has_every_kind() {
    for (column, vendor) in VENDORS.iter().enumerate() {
        let known = registry::find(vendor).unwrap().capabilities();
        for (kind, cells) in CELLS {
            assert_eq!(cell(kind, known), cells[column], "{vendor} {kind}");
        }
    }
    let rows: BTreeSet<&str> = CELLS.iter().map(|(kind, _)| *kind).collect();
    for seat in TABLE {
        // Emoji at messages are sent by pages and scripts, never by robots.
        let kinds = seat.provider().capabilities().kinds.iter();
        let untold: Vec<&&str> = kinds.filter(|kind| !rows.contains(**kind) && **kind != "reaction").collect();
        assert!(untold.is_empty(), "{}: no row for {untold:?}", seat.kind);
    }
}

/// The rules by which contents are said otherwise, as the journal names them.
#[test]
fn every_rule_of_degradation_has_its_cell() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(root.join("src/flow/content/fit.rs")).unwrap();
    let code = source.split("#[cfg(test)]").next().unwrap();
    let rules: BTreeSet<&str> = code.split('"').skip(1).step_by(2).filter(|text| text.contains(" → ")).collect();
    let played: BTreeSet<&str> =
        CELLS.iter().flat_map(|(_, cells)| cells).filter_map(|cell| if let As(_, rule) = cell { Some(*rule) } else { None }).collect();
    assert!(rules.len() >= 7, "{rules:?}");
    assert_eq!(rules, played, "rules of src/flow/content/fit.rs (left) and of the matrix (right)");
}

/// Every third seat of the table, so that they are told side by side.
async fn plays(mut town: Town, first: usize) {
    let seats: Vec<Seat> = TABLE.into_iter().skip(first).step_by(3).collect();
    assert!(!seats.is_empty());
    for seat in seats {
        play(&mut town, &seat).await;
    }
    town.nothing_twice_nothing_lost().await;
}

async fn play(town: &mut Town, seat: &Seat) {
    let shelf = shelf().await;
    let channel = seat.connect(town).await;
    seat.client_writes(town, "Здравствуйте").await;
    for (kind, _) in CELLS {
        let cell = cell(kind, seat.provider().capabilities());
        let (robot, mut properties) = asked(kind, &shelf);
        properties["channel"] = json!(channel);
        town.pass(MINUTE).await;
        if cell == No {
            let text = town.refuses(robot, properties, "unsupported_by_channel").await;
            assert!(text.contains("не умеет") && !text.contains(kind), "{} {kind}: in words: {text}", seat.kind);
            continue;
        }
        let step = town.fires(robot, properties).await;
        town.settle().await;
        town.pass(30 * SECOND).await;
        let told = town.told(step);
        assert_eq!((&told["ok"], &told["error_code"]), (&json!("Y"), &json!("")), "{} {kind}: {told:?}", seat.kind);
        let (call, message) = (town.last_call().await, town.last_message().await);
        let base = kind.split(',').next().unwrap();
        let (as_kind, rule) = match cell {
            As(as_kind, rule) => (as_kind, json!(rule)),
            _ if kind == "group" => ("text", Value::Null),
            _ => (base, Value::Null),
        };
        assert_eq!((&message["kind"], &call["decision"]["degraded"]), (&json!(as_kind), &rule), "{} {kind}: {message}", seat.kind);
        assert!(
            ["sent", "delivered", "read"].contains(&message["status"].as_str().unwrap()),
            "{} {kind}: the vendor took it: {message}",
            seat.kind
        );
        let moments: Vec<&str> = message["times"].as_object().unwrap().values().filter_map(Value::as_str).collect();
        assert!(moments.len() >= 3 && moments.iter().all(|moment| moment.starts_with("2026-11-22")), "{} {kind}: {message}", seat.kind);
        if cell == NUMBERED_UNDER_PICTURE {
            assert_eq!(message["caption"], "Удобно?\n\n1. Да\n2. Нет", "{}: {message}", seat.kind);
        }
        if rule != Value::Null && as_kind == "text" {
            assert_eq!(message["text"], said(kind), "{} {kind}", seat.kind);
            assert_eq!(seat.taken(town).last().unwrap().text, said(kind), "{} {kind}: what the client reads", seat.kind);
        }
    }
}

story! {
    /// The first seat of the table, the fourth, …
    async fn every_cell_of_one_third(town) from rested {
        plays(town, 0).await;
    }
}

story! {
    /// The second seat, the fifth, …
    async fn every_cell_of_another_third(town) from rested {
        plays(town, 1).await;
    }
}

story! {
    /// The third seat, the sixth, …
    async fn every_cell_of_the_last_third(town) from rested {
        plays(town, 2).await;
    }
}

story! {
    /// Placeholders with names go only through a channel whose settings allow it: refused before the wire, with those settings named.
    async fn named_placeholders_need_their_settings(town) from rested {
        town.network.app(APP).add_template(Template::new("named", "ru", "Здравствуйте, {{name}}!"));
        let channel = town.channel.clone();
        let (status, told) = town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
        assert_eq!(status, 200, "{told}");
        let named = json!({"template": "named:ru", "params": ["name=Анна"]});
        let text = town.refuses("send_template", named, "unsupported_by_channel").await;
        assert!(text.contains("app_id, partner_token"), "{text}");
    }
}

story! {
    /// A degraded choice is still a choice: the number or the words that a client types are a press.
    async fn numbers_choose_where_there_are_no_buttons(town) from rested {
        let seat = that(|known| !known.kinds.contains(&"list"));
        let channel = seat.connect(&mut town).await;
        seat.client_writes(&town, "Здравствуйте").await;
        let rows = json!({"channel": channel, "text": "Куда?", "list_button": "Открыть", "rows": ["a|Склад 1", "b|Склад 2"], "wait_reply": "Y"});
        for (answer, id) in [("2", "b"), ("1.", "a"), ("склад 2!", "b"), ("никуда", "")] {
            town.pass(MINUTE).await;
            let step = town.fires("send_list", rows.clone()).await;
            town.pass(30 * SECOND).await;
            assert!(town.waits(step));
            seat.client_writes(&town, answer).await;
            let told = town.told(step);
            assert_eq!((told["reply_id"].as_str(), told["reply_text"].as_str()), (Some(id), Some(answer)), "{told:?}");
        }
        assert_eq!(town.network.messages_to(CLIENT).len(), 4);
    }
}

story! {
    /// Text that one channel takes may be too long for another: refused before the wire with that channel's own limit.
    async fn each_channel_has_its_own_longest_text(town) from rested {
        let seat = that(|known| known.text_limit < 4_096);
        let channel = seat.connect(&mut town).await;
        seat.client_writes(&town, "Здравствуйте").await;
        let limit = seat.provider().capabilities().text_limit;
        let text = |count: usize| json!({"channel": channel, "text": "я".repeat(count)});
        let list = json!({"channel": channel, "text": "я".repeat(limit - 5), "list_button": "Открыть", "rows": ["Склад 1"]});
        for (robot, properties) in [
            ("send_text", text(limit + 1)),
            ("send_list", list),
            ("wait_reply", json!({"channel": channel, "expected": ["да"], "ask_again": "я".repeat(limit + 1)})),
            ("follow_up", with_when(text(limit + 1))),
        ] {
            let told = town.refuses(robot, properties, "text_too_long").await;
            assert!(told.contains(&limit.to_string()), "{robot}: {told}");
        }
        town.pass(MINUTE).await;
        let step = town.fires("send_text", text(limit)).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
    }
}

fn with_when(mut properties: Value) -> Value {
    properties["when"] = json!("after_silence");
    properties
}

story! {
    /// A gateway has no templates and needs none: a follow-up's text goes, and a template alone is refused when it is armed.
    async fn a_follow_up_without_windows(town) from rested {
        let channel = that(|known| !known.official).connect(&mut town).await;
        let base = json!({"channel": channel, "when": "after_silence", "offset_minutes": "60", "template": "order_ready:ru", "params": ["Анна", "118"]});
        town.refuses("follow_up", base.clone(), "unsupported_by_channel").await;
        let mut both = base.clone();
        both["text"] = json!("Вы ещё с нами?");
        let told = town.arms(both).await;
        assert_eq!(told["window_open"], "Y");
        town.pass(61 * MINUTE).await;
        assert_eq!(town.fate(&told).await.0, "sent");
        assert_eq!(town.texts(), ["Вы ещё с нами?"]);
        for when in ["before_window_closes", "after_window_closed"] {
            let text = town.refuses("follow_up", json!({"channel": channel, "when": when, "text": "x"}), "unsupported_by_channel").await;
            assert!(text.contains("окна 24 часа"), "{text}");
        }
    }
}
