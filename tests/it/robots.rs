//! The audit of ROBOTS.md: every robot does its work, and every refusal that it has is raised by it (`table`, `refusals`), every channel says what it
//! lacks by a declared rule (`matrix`), and whatever a portal or a person writes into a property is read or refused in words (`odd`).
//!
//! A robot, a result or a kind that is added without a story here fails a test that names it.

mod matrix;
mod odd;
mod refusals;
mod table;

use crate::conformance::seat::{TABLE, that};
use crate::support::story::story;
use crate::support::town::{CLIENT, Town, http, send};
use courier24::domain::clock::{DAY, MINUTE, SECOND};
use sea_orm::ConnectionTrait as _;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A robot's ordinary work in an open window.
struct Work {
    code: &'static str,
    properties: Value,
    /// What the client does about it.
    client: Client,
    /// Results that the work fills.
    filled: &'static [&'static str],
}

enum Client {
    Nothing,
    Presses(&'static str),
    Writes(&'static str),
    SendsAPlace,
}

/// Results that every message fills when it is accepted.
const SENT: [&str; 7] = ["status", "ok", "message_id", "recipient", "channel_id", "window_open", "window_until"];
/// Results that ordinary work leaves empty, and the story that fills each.
const EMPTY: [(&str, &str); 6] = [
    ("error_code", "robots/refusals.rs"),
    ("error_text", "robots/refusals.rs"),
    ("cost", "statuses.rs, main_job.rs: what the provider reports"),
    ("currency", "as cost"),
    ("reply_file", "replies.rs: an_unexpected_answer_is_asked_again"),
    ("free_entry_until", "free_entry.rs"),
];

fn work(code: &'static str, properties: Value, filled: &'static [&'static str]) -> Work {
    Work { code, properties, client: Client::Nothing, filled }
}

/// All robots but `wait_status`, which needs a message, and `check_number`, which needs a channel that can.
fn works() -> Vec<Work> {
    const TEXT: &[&str] = &["rendered_text"];
    const CHOICE: &[&str] = &["rendered_text", "reply_id", "reply_title", "reply_text", "timed_out"];
    let answered = |code, properties, client, filled| Work { code, properties, client, filled };
    vec![
        work("send_text", json!({"text": "Заказ готов"}), TEXT),
        work("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]}), &["rendered_text", "category"]),
        answered(
            "send_buttons",
            json!({"text": "Удобно?", "buttons": ["yes|Да", "Нет"], "wait_reply": "Y"}),
            Client::Presses("Да"),
            CHOICE,
        ),
        answered(
            "send_list",
            json!({"text": "Куда?", "list_button": "Открыть", "rows": ["wh1|Склад", "Офис"], "wait_reply": "Y"}),
            Client::Presses("Склад"),
            CHOICE,
        ),
        work("send_link", json!({"text": "Счёт", "button_title": "Открыть", "url": "https://example.org/i/1"}), TEXT),
        work("send_file", json!({"source": ["disk:41"]}), &["rendered_text", "media_kind"]),
        work("send_contact", json!({"contact_ids": ["9"]}), TEXT),
        work("send_location", json!({"latitude": "55.75", "longitude": "37.61"}), TEXT),
        answered(
            "request_location",
            json!({"text": "Где вы?", "wait_reply": "Y"}),
            Client::SendsAPlace,
            &["rendered_text", "latitude", "longitude", "timed_out"],
        ),
        answered(
            "wait_reply",
            json!({"expected": ["yes=да", "number"]}),
            Client::Writes("5 штук"),
            &["ok", "reply_code", "reply_text", "reply_type", "reply_id", "attempts_used", "timed_out"],
        ),
        work("check_window", json!({}), &["ok", "window_open", "window_until", "minutes_left", "free_text_allowed"]),
        work("chat_link", json!({"text": "Хочу заказать"}), &["ok", "link", "qr_url"]),
        work(
            "follow_up",
            json!({"when": "after_silence", "offset_minutes": "60", "text": "Вы ещё с нами?"}),
            &["status", "ok", "recipient", "window_open", "window_until", "rendered_text", "follow_up_id", "due_at"],
        ),
        work("cancel_follow_ups", json!({}), &["ok", "cancelled"]),
        work("set_consent", json!({"action": "opt_in", "evidence": "По телефону"}), &["ok", "consent"]),
    ]
}

/// Whether the robot sends a message at once.
fn sends(town: &Town, code: &str) -> bool {
    town.ctx().catalog.find(code).unwrap().sends
}

/// Ids of the results that the robot is registered with.
fn results_of(town: &Town, code: &str) -> BTreeSet<String> {
    town.ctx().catalog.find(code).unwrap().results.iter().map(|result| result.id.clone()).collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The answer names every result of the robot and nothing is wrong; those that the work fills are filled, the others are accounted for.
fn whole(town: &Town, code: &str, told: &Map<String, Value>, filled: &[&str]) {
    assert_eq!((told["ok"].as_str(), told["error_code"].as_str()), (Some("Y"), Some("")), "{code}: {told:?}");
    let sent: &[&str] = if sends(town, code) { &SENT } else { &[] };
    for id in results_of(town, code) {
        let value = told.get(&id).unwrap_or_else(|| panic!("{code}: {id} is missing in {told:?}"));
        let expected = filled.contains(&id.as_str()) || sent.contains(&id.as_str());
        if expected {
            assert!(!shown(value).is_empty(), "{code}: {id} is empty in {told:?}");
        } else {
            // A follow-up has no message yet.
            let later = code == "follow_up" && ["message_id", "channel_id"].contains(&id.as_str());
            assert!(later || EMPTY.iter().any(|(empty, _)| *empty == id), "{code}: nothing shows that {id} is ever filled");
        }
    }
}

story! {
    /// Every robot of the catalogue, in one conversation: its process goes on, and every result that it promises is there.
    async fn every_robot_does_its_work(town) from rested {
        town.portal.file(41, "act.pdf", crate::kinds::shelf::PDF);
        town.client_writes("Здравствуйте").await;
        let mut done: BTreeSet<String> = BTreeSet::new();
        let mut first_message = String::new();
        for Work { code, properties, client, filled } in works() {
            town.advance(MINUTE);
            let step = town.fires(code, properties).await;
            town.settle().await;
            match client {
                Client::Nothing => {}
                Client::Presses(title) => assert!(town.network.user(CLIENT).presses(title).is_some(), "{code}: {title}"),
                Client::Writes(text) => drop(town.network.user(CLIENT).writes(text)),
                Client::SendsAPlace => drop(town.network.user(CLIENT).shares_place(55.75, 37.61, None)),
            }
            town.pass(10 * SECOND).await;
            let told = town.told(step);
            whole(&town, code, &told, filled);
            if first_message.is_empty() {
                first_message = shown(&told["message_id"]);
            }
            done.insert(code.to_owned());
        }
        let step = town.fires("wait_status", json!({"message_id": first_message})).await;
        town.settle().await;
        let told = town.told(step);
        whole(&town, "wait_status", &told, &["status", "ok", "message_id", "recipient", "channel_id", "window_open", "window_until", "rendered_text"]);
        assert_eq!((shown(&told["window_open"]), shown(&told["status"])), ("Y".to_owned(), "delivered".to_owned()), "{told:?}");
        done.insert("wait_status".to_owned());
        let line = that(|known| known.number_checks.is_some()).connect(&mut town).await;
        let step = town.fires("check_number", json!({"channel": line})).await;
        town.settle().await;
        whole(&town, "check_number", &town.told(step), &["ok", "exists", "recipient"]);
        done.insert("check_number".to_owned());
        let all: BTreeSet<String> = town.ctx().catalog.robots().iter().map(|spec| spec.code.clone()).collect();
        assert_eq!(done, all, "every robot has its work here");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A month's number checks are used up: the answer is `E` with the reason, nobody is asked, and the next month begins anew.
    async fn a_months_number_checks_have_an_end(town) from rested {
        let seat = that(|known| known.number_checks.is_some());
        let channel = seat.connect(&mut town).await;
        let (quota, path) = (seat.provider().capabilities().number_checks.unwrap(), seat.gateway.as_ref().unwrap().check);
        let tx = town.ctx().db.begin().await.unwrap();
        let spent = format!(
            "INSERT INTO number_check_budget (channel_id, month, portal, used) VALUES ('{channel}', '2026-11', '{}', {quota})",
            town.portal.member_id()
        );
        tx.execute_unprepared(&spent).await.unwrap();
        tx.commit("story.budget").await.unwrap();
        let asked = |town: &Town| town.network.requests().iter().filter(|request| request.path.contains(path)).count();
        let step = town.fires("check_number", json!({"channel": channel})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((shown(&told["exists"]), shown(&told["error_code"])), ("E".to_owned(), "limit_reached".to_owned()), "{told:?}");
        let text = shown(&told["error_text"]);
        assert!(text.chars().count() > 40 && text.contains(&quota.to_string()), "{text}");
        assert_eq!(asked(&town), 0);
        town.advance(9 * DAY);
        town.settle().await;
        let step = town.fires("check_number", json!({"channel": channel})).await;
        town.settle().await;
        assert_eq!((shown(&town.told(step)["exists"]), asked(&town)), ("Y".to_owned(), 1));
    }
}

story! {
    /// The picture that `chat_link` names is there, and every kind of channel knows its own number.
    async fn every_channel_has_a_link_to_its_chat(town) {
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            town.advance(MINUTE);
            let step = town.fires("chat_link", json!({"channel": channel, "text": "Хочу заказать 🙂"})).await;
            town.settle().await;
            let told = town.told(step);
            let link = shown(&told["link"]);
            assert!(link.starts_with("https://wa.me/") && link.ends_with("?text=%D0%A5%D0%BE%D1%87%D1%83%20%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7%D0%B0%D1%82%D1%8C%20%F0%9F%99%82"), "{}: {told:?}", seat.kind);
            let digits = link.trim_start_matches("https://wa.me/").split('?').next().unwrap();
            assert!(digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{}: {link}", seat.kind);
            let picture = send(http().get(shown(&told["qr_url"]))).await;
            assert_eq!(picture.status(), 200, "{}", seat.kind);
            assert!(picture.text().await.unwrap().contains("<svg"), "{}", seat.kind);
        }
    }
}

/// Window and its end as `wait_status` of this message tells them.
async fn window_told(town: &Town, channel: &str, message: &str) -> (String, String) {
    town.advance(MINUTE);
    let step = town.fires("wait_status", json!({"message_id": message, "wait_for": "accepted"})).await;
    town.settle().await;
    let told = town.told(step);
    assert_eq!(told["channel_id"], channel, "{told:?}");
    (shown(&told["window_open"]), shown(&told["window_until"]))
}

story! {
    /// The window of `wait_status` is that of the conversation: open, closed, and none at all on a gateway.
    async fn a_waited_status_tells_the_window(town) from rested {
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        let message = shown(&town.told(step)["message_id"]);
        let own = town.channel.clone();
        assert_eq!(window_told(&town, &own, &message).await, ("N".to_owned(), String::new()), "the client has never written");
        town.client_writes("Спасибо").await;
        assert_eq!(window_told(&town, &own, &message).await.0, "Y");
        let gateway = that(|known| !known.official).connect(&mut town).await;
        town.advance(MINUTE);
        let step = town.fires("send_text", json!({"channel": gateway, "text": "Добрый день"})).await;
        town.pass(30 * SECOND).await;
        let message = shown(&town.told(step)["message_id"]);
        assert_eq!(window_told(&town, &gateway, &message).await, ("Y".to_owned(), String::new()), "no windows there");
    }
}
