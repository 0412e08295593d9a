//! What portals and people really put into properties: forms nested by PHP, numbers as text, text as lists, switches in any language, numbers
//! copied out of other programs, addresses with blanks, dates of every format. It is read as a person means it, or refused in words.

use crate::kinds::shelf::{self, Manner, Shelf};
use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{HOUR, MINUTE, SECOND};
use courier24::sim::portal::Document;
use serde_json::{Map, Value, json};

/// Fires and returns what the process was told, which is good news.
async fn well(town: &Town, code: &str, properties: Value) -> Map<String, Value> {
    town.advance(MINUTE);
    let shown = properties.to_string();
    let step = town.fires(code, properties).await;
    town.settle().await;
    town.pass(10 * SECOND).await;
    let told = town.told(step);
    assert_eq!((told["ok"].as_str(), told["error_code"].as_str()), (Some("Y"), Some("")), "{code} {shown}: {told:?}");
    told
}

/// Text of the newest message at WhatsApp.
fn arrived(town: &Town) -> String {
    town.network.messages_to(CLIENT).last().unwrap().text.clone()
}

story! {
    /// Numbers as they come out of cards, web pages and other programs.
    async fn phones_are_read_as_people_mean_them(town) from rested {
        for (typed, recipient) in [
            (json!("8 (916) 000\u{2011}00\u{2011}01"), CLIENT),
            (json!("\u{202a}+7 916 000-00-01\u{202c}"), CLIENT),
            (json!("whatsapp:+79160000001"), CLIENT),
            (json!("7\u{a0}916\u{a0}000\u{a0}00\u{a0}01"), CLIENT),
            (json!("моб.: 8-916-000-00-01 (Анна)"), CLIENT),
            (json!("٧٩١٦٠٠٠٠٠٠١"), CLIENT),
            (json!(79_160_000_001_i64), CLIENT),
            (json!(["", "+7 916 000 00 01"]), CLIENT),
            (json!({"n0": {"VALUE": "+7 916 000-00-01", "VALUE_TYPE": "WORK"}}), CLIENT),
            (json!([["нет"], ["8 916 000 00 01"]]), CLIENT),
            (json!("+49 (0) 151 23456789"), "4915123456789"),
            (json!("0049 151 23456789"), "4915123456789"),
        ] {
            let told = well(&town, "send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"], "phone": typed})).await;
            assert_eq!(told["recipient"], recipient, "{typed}");
        }
        for typed in [json!("12-34"), json!("+7916000000112345678"), json!("8916OOOOOO1"), json!("@anna"), json!("группа"), json!("—"), json!("0")] {
            let text = town.refuses("check_window", json!({"phone": typed}), "phone_invalid").await;
            assert!(text.contains(typed.as_str().unwrap()), "{text}");
        }
    }
}

story! {
    /// A list where one value is expected, one value where a list is, numbers as text, switches and choices in any writing.
    async fn values_of_another_shape_are_read(town) from rested {
        town.client_writes("Здравствуйте").await;
        assert_eq!(well(&town, "send_text", json!({"text": ["Раз", "", "два"]})).await["rendered_text"], "Раз, два");
        assert_eq!(well(&town, "send_text", json!({"text": {"5": "Раз", "7": {"a": "два"}}})).await["rendered_text"], "Раз, два");
        assert_eq!(well(&town, "send_text", json!({"text": 118})).await["rendered_text"], "118");
        for (switch, shown) in [(json!("да"), true), (json!("1"), true), (json!("TRUE"), true), (json!(["N"]), false), (json!("off"), false), (json!("нет"), false)] {
            let before = town.portal.activities(Document::deal(512)).len();
            well(&town, "send_text", json!({"text": format!("Лента {switch}"), "to_timeline": switch})).await;
            assert_eq!(town.portal.activities(Document::deal(512)).len() - before, usize::from(shown), "{switch}");
        }
        for choice in [json!("DELIVERED"), json!(["delivered"]), json!({"0": "", "1": "delivered"})] {
            assert_eq!(well(&town, "send_text", json!({"text": "x", "wait_for": choice})).await["status"], "delivered", "{choice}");
        }
        for (hours, fits) in [(json!(" 24 "), true), (json!("24.0"), true), (json!("24,00"), true), (json!(24), true), (json!(""), true), (json!("24.5"), false), (json!("1e2"), false), (json!("сутки"), false), (json!("721"), false), (json!("0"), false)] {
            let properties = json!({"text": "x", "wait_hours": hours});
            if fits {
                well(&town, "send_text", properties).await;
            } else {
                let text = town.refuses("send_text", properties, "property_invalid").await;
                assert!(text.contains("720") && text.contains("(wait_hours)"), "{hours}: {text}");
            }
        }
        let told = well(&town, "send_buttons", json!({"text": "Удобно?", "buttons": "Да\r\nНет\n"})).await;
        assert!(told["rendered_text"].as_str().unwrap().ends_with("▸ Да\n▸ Нет"), "{told:?}");
        well(&town, "send_location", json!({"latitude": " 55,7558 ", "longitude": "37.6173"})).await;
        well(&town, "send_location", json!({"latitude": 0, "longitude": -180})).await;
        for wrong in ["55°45′", "55.75, 37.61", "NaN", "inf", "1e1"] {
            town.refuses("send_location", json!({"latitude": wrong, "longitude": "37.61"}), "property_invalid").await;
        }
    }
}

story! {
    /// Characters are counted as WhatsApp counts them, and what nobody sees is nothing.
    async fn lengths_and_blanks(town) from rested {
        town.client_writes("Здравствуйте").await;
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(family.chars().count(), 7);
        let button = |title: &str| json!({"text": "Удобно?", "buttons": [title, "Нет"]});
        well(&town, "send_buttons", button(&family.repeat(2))).await;
        let text = town.refuses("send_buttons", button(&family.repeat(3)), "text_too_long").await;
        assert!(text.contains("20") && text.contains("21"), "{text}");
        well(&town, "send_text", json!({"text": format!("{}\n", "é".repeat(4_095))})).await;
        for (robot, properties) in [
            ("send_text", json!({"text": "\u{2060}\u{200b} \u{feff}"})),
            ("send_buttons", button("\u{200b}")),
            ("send_list", json!({"text": "Куда?", "list_button": "\u{3164}", "rows": ["Склад"]})),
            ("send_link", json!({"text": "Счёт", "button_title": "\u{2800}", "url": "https://example.org"})),
            ("follow_up", json!({"when": "after_silence", "text": "\u{200b}"})),
        ] {
            town.refuses(robot, properties, "text_empty").await;
        }
        let invisible = json!({"template": "order_ready:ru", "params": ["\u{200b}", "118"]});
        town.refuses("send_template", invisible, "value_missing").await;
        for twice in [json!(["Да", " Да"]), json!(["a|Да", "b|Да "]), json!([" 1 |Да", "1|Нет"]), json!(["2|Да", "Нет"])] {
            town.refuses("send_buttons", json!({"text": "Удобно?", "buttons": twice}), "duplicate_ids").await;
        }
        // Blank extras are no extras.
        let told = well(&town, "send_buttons", json!({"header": " ", "footer": "\u{200b}", "text": "Удобно?", "buttons": ["Да", "", "  ", "Нет"]})).await;
        assert_eq!(told["rendered_text"], "Удобно?\n\n▸ Да\n▸ Нет");
        assert!(arrived(&town).contains("Удобно?"));
    }
}

story! {
    /// Addresses with blanks, letters of any alphabet and without a scheme.
    async fn addresses_are_sent_as_the_wire_wants_them(town) from rested {
        town.client_writes("Здравствуйте").await;
        let link = |url: &str| json!({"text": "Счёт", "button_title": "Открыть", "url": url});
        for (typed, sent) in [
            ("https://example.org/i/1?a=1&b=%20#top", "https://example.org/i/1?a=1&b=%20#top"),
            (" https://Example.org ", "https://Example.org"),
            ("https://example.org/счёт 12.pdf", "https://example.org/%D1%81%D1%87%D1%91%D1%82%2012.pdf"),
            ("https://пример.рф/оплата?имя=Анна Ким", "https://xn--e1afmkfd.xn--p1ai/%D0%BE%D0%BF%D0%BB%D0%B0%D1%82%D0%B0?%D0%B8%D0%BC%D1%8F=%D0%90%D0%BD%D0%BD%D0%B0%20%D0%9A%D0%B8%D0%BC"),
            ("https:\\\\example.org\\a", "https://example.org/a"),
        ] {
            well(&town, "send_link", link(typed)).await;
            assert_eq!(town.network.messages_to(CLIENT).last().unwrap().body["url"], sent, "{typed}");
        }
        for wrong in ["example.org", "www.example.org/i", "ftp://example.org", "mailto:a@example.org", "https://", "javascript:alert(1)", "просто текст"] {
            let text = town.refuses("send_link", link(wrong), "property_invalid").await;
            assert!(text.contains("http://") && text.contains(wrong), "{text}");
        }
        let shelf = Shelf::open(vec![
            ("/%D1%81%D1%87%D1%91%D1%82%2012.pdf", Manner::Plain("application/pdf", shelf::PDF.to_vec())),
            ("/b.png", Manner::Plain("image/png", shelf::PNG.to_vec())),
        ])
        .await;
        let both = format!("{}, {}", shelf.url("/счёт 12.pdf"), shelf.url("/b.png"));
        let told = well(&town, "send_file", json!({"source": [both]})).await;
        assert_eq!(told["media_kind"], "document,image");
        let document = town.network.messages_to(CLIENT).into_iter().find(|message| message.kind == "document").unwrap();
        assert_eq!((&document.body["filename"], &document.body["url"]), (&json!("счёт 12.pdf"), &json!(shelf.url("/%D1%81%D1%87%D1%91%D1%82%2012.pdf"))));
    }
}

story! {
    /// Moments in the portal's formats and in ISO, zones and calendars as people write them.
    async fn moments_zones_and_calendars(town) from rested {
        let due = async |more: Value| {
            let mut all = json!({"when": "at", "at": "22.11.2026 18:00:00", "template": "order_ready:ru", "params": ["Анна", "118"]});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let told = town.arms(all).await;
            told["due_at"].as_str().unwrap().to_owned()
        };
        for at in [
            "22.11.2026 18:00", "22.11.2026 18:00:00 [10800]", "22.11.2026 15:00:00 [0]", "2026-11-22T18:00:00+0300", "2026-11-22T18:00+03:00",
            "2026-11-22T15:00:00.000Z", "2026-11-22 18:00:00+03:00", "11/22/2026 06:00:00 PM", " 2026-11-22T18:00 ",
        ] {
            assert_eq!(due(json!({"at": at, "chain": at})).await, "2026-11-22T18:00:00+03:00", "{at}");
        }
        assert_eq!(due(json!({"at": "23.11.2026"})).await, "2026-11-23T00:00:00+03:00");
        for zone in ["Asia/Almaty", "asia/almaty", " ASIA/ALMATY "] {
            assert_eq!(due(json!({"time_zone": zone, "chain": zone})).await, "2026-11-22T16:00:00+03:00", "{zone}");
        }
        for (calendar, at) in [
            ("*/15 9-18 * * MON-FRI", "2026-11-23T09:00:00+03:00"),
            ("0 10 29 2 *", "2028-02-29T10:00:00+03:00"),
            ("0 12 * * 7", "2026-11-29T12:00:00+03:00"),
            ("WORKING_HOURS", "2026-11-23T09:00:00+03:00"),
            ("@daily", "2026-11-23T00:00:00+03:00"),
        ] {
            assert_eq!(due(json!({"calendar": calendar, "chain": calendar})).await, at, "{calendar}");
        }
        for at in ["32.11.2026 18:00", "22.13.2026", "22.11.2026 25:00", "22.11.26", "вчера", "1795330800", "2026-11-22T18:00:00+25:00"] {
            let text = town.refuses("follow_up", json!({"when": "at", "at": at, "text": "x"}), "property_invalid").await;
            assert!(text.contains(at) && text.contains("(at)"), "{at}: {text}");
        }
        for (name, value) in [
            ("time_zone", "MSK"), ("time_zone", "UTC+3"), ("time_zone", "Europe/Atlantis"), ("calendar", "0 10 30 2 *"), ("calendar", "0 0 9 * * * 2020"),
            ("calendar", "60 * * * *"), ("calendar", "* * *"), ("calendar", "0 10 * * ПН"), ("calendar", "каждый день"),
        ] {
            let text = town.refuses("follow_up", json!({"when": "after_silence", "text": "x", name: value}), "property_invalid").await;
            assert!(text.contains(value) && text.contains(name), "{name} {value}: {text}");
        }
    }
}

story! {
    /// Ids longer than anything, hostile ones, and messages of nobody: told in words, and nothing hangs.
    async fn long_and_hostile_ids(town) from rested {
        town.client_writes("Здравствуйте").await;
        let long = "x".repeat(100_000);
        let evil = "' OR 1=1 --\u{0}\u{7}";
        for (robot, properties, code) in [
            ("wait_status", json!({"message_id": long}), "property_invalid"),
            ("wait_status", json!({"message_id": evil}), "property_invalid"),
            ("wait_status", json!({"message_id": (0..11).map(|n| format!("msg_{n}")).collect::<Vec<_>>().join(",")}), "property_invalid"),
            ("send_text", json!({"text": "x", "channel": long}), "channel_not_found"),
            ("send_text", json!({"text": "x", "channel": evil}), "channel_not_found"),
            ("send_template", json!({"template": long}), "template_not_found"),
            ("send_template", json!({"template": evil}), "template_not_found"),
            ("send_text", json!({"text": "x", "phone": [long]}), "phone_invalid"),
            ("send_file", json!({"source": [long]}), "media_invalid"),
            ("send_file", json!({"source": [format!("disk:{}", "9".repeat(40))]}), "media_unreachable"),
            ("send_contact", json!({"contact_ids": ["99999999999999999999"]}), "property_invalid"),
            ("send_buttons", json!({"text": "Удобно?", "buttons": [format!("{long}|Да")]}), "text_too_long"),
            ("set_consent", json!({"evidence": long}), "text_too_long"),
            ("cancel_follow_ups", json!({"chain": long}), "text_too_long"),
        ] {
            let text = town.refuses(robot, properties, code).await;
            assert!(text.chars().count() < 1_000, "{robot} {code}: words, not the value itself: {} characters", text.chars().count());
        }
        for query in ["/messages?phone=%00", "/follow-ups?chain=%00", "/calls?code=%00", "/conversations?phone=%00", "/calls/%00"] {
            let (status, told) = town.request("GET", &format!("/api/v1/portals/{}{query}", town.portal.member_id()), None).await;
            assert!(status < 500, "{query}: {status} {told}");
        }
        // A client's own U+0000, and that of a script.
        assert_eq!(town.hears(&json!({"app": APP, "timestamp": town.now(), "version": 2, "type": "message", "payload": {"id": "wamid.NUL", "source": CLIENT,
            "type": "text", "payload": {"text": "до\u{0}после"}, "sender": {"phone": CLIENT, "name": "\u{0}"}}})).await, 200);
        town.settle().await;
        assert_eq!(town.api("/messages?direction=in&limit=1").await["items"][0]["text"], "допосле");
        let (status, told) = town.api_post("/messages", json!({"channel_id": town.channel, "to": {"phone": CLIENT}, "kind": "text", "text": "a\u{0}b"})).await;
        assert_eq!((status, &told["code"]), (400, &json!("body_invalid")), "{told}");
        let told = well(&town, "send_text", json!({"text": "до\u{0}после \\u0000"})).await;
        assert_eq!(told["rendered_text"], "допосле \\u0000");
        assert_eq!(well(&town, "cancel_follow_ups", json!({"chain": "' OR 1=1"})).await["cancelled"], json!(0));
        let inbound = town.api("/messages?direction=in&limit=1").await["items"][0]["id"].as_str().unwrap().to_owned();
        town.refuses("wait_status", json!({"message_id": inbound}), "property_invalid").await;
    }
}

story! {
    /// A process with little time and a portal that is silent: a robot that only waits is told within its own minutes.
    async fn a_waiting_robot_does_not_wait_for_the_portal(town) from rested {
        town.portal.fault("crm.item.get", None, courier24::sim::portal::Fault::Html { status: 503 });
        let step = town.fires("wait_reply", json!({"reply_minutes": "30"})).await;
        town.pass(20 * MINUTE).await;
        assert!(town.waits(step));
        town.pass(HOUR).await;
        assert_eq!(town.told(step)["error_code"], "portal_paused");
    }
}
