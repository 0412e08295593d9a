//! What WhatsApp would refuse is refused before, in plain words that name the field and its limit.

use super::{fired, newest, well};
use crate::support::story::story;
use serde_json::{Value, json};

fn buttons(buttons: Value) -> Value {
    json!({"text": "Удобно?", "buttons": buttons})
}

fn rows(rows: Value) -> Value {
    json!({"text": "Куда?", "list_button": "Открыть", "rows": rows})
}

/// The properties with one more on top.
fn with(mut properties: Value, id: &str, value: Value) -> Value {
    properties[id] = value;
    properties
}

story! {
    /// Each limit of buttons, lists and links has its refusal.
    async fn choices_are_held_to_their_limits(town) {
        town.client_writes("Здравствуйте").await;
        let long = |count: usize| json!("я".repeat(count));
        let list = || rows(json!(["Склад"]));
        let link = || json!({"text": "Счёт", "button_title": "Открыть", "url": "https://example.org"});
        let ids: Vec<String> = (0..11).map(|number| format!("Пункт {number}")).collect();
        for (code, properties, error, word) in [
            ("send_buttons", buttons(json!(["1", "2", "3", "4"])), "too_many_buttons", "4"),
            ("send_buttons", buttons(json!([])), "property_invalid", "buttons"),
            ("send_buttons", buttons(json!(["a|Да", "a|Нет"])), "duplicate_ids", "a"),
            ("send_buttons", buttons(json!(["a|Да", "b|Да"])), "duplicate_ids", "Да"),
            ("send_buttons", buttons(json!(["я".repeat(21)])), "text_too_long", "20"),
            ("send_buttons", buttons(json!([format!("{}|Да", "i".repeat(257))])), "text_too_long", "256"),
            ("send_buttons", buttons(json!(["a|"])), "text_empty", "buttons"),
            ("send_buttons", with(buttons(json!(["Да"])), "text", json!(" ")), "text_empty", "text"),
            ("send_buttons", with(buttons(json!(["Да"])), "text", long(1025)), "text_too_long", "1024"),
            ("send_buttons", with(buttons(json!(["Да"])), "header", long(61)), "text_too_long", "60"),
            ("send_buttons", with(buttons(json!(["Да"])), "footer", long(61)), "text_too_long", "60"),
            ("send_buttons", with(buttons(json!(["Да"])), "reply_minutes", json!("0")), "property_invalid", "reply_minutes"),
            ("send_list", rows(json!(ids)), "too_many_rows", "11"),
            ("send_list", rows(json!([])), "property_invalid", "rows"),
            ("send_list", rows(json!(["#A", "x", "#B"])), "property_invalid", "#B"),
            ("send_list", rows(json!(["x", "#B", "y"])), "property_invalid", "#"),
            ("send_list", rows(json!(["#A", "1|x", "#B", "1|y"])), "duplicate_ids", "1"),
            ("send_list", rows(json!([format!("1|x|{}", "d".repeat(73))])), "text_too_long", "72"),
            ("send_list", rows(json!(["t".repeat(25)])), "text_too_long", "24"),
            ("send_list", rows(json!([format!("#{}", "s".repeat(25)), "x"])), "text_too_long", "24"),
            ("send_list", with(list(), "list_button", long(21)), "text_too_long", "20"),
            ("send_list", with(list(), "list_button", json!("")), "text_empty", "list_button"),
            ("send_list", with(list(), "header", long(61)), "text_too_long", "60"),
            ("send_list", with(list(), "text", long(4097)), "text_too_long", "4096"),
            ("send_link", with(link(), "url", json!("javascript:alert(1)")), "property_invalid", "url"),
            ("send_link", with(link(), "url", json!("")), "property_invalid", "url"),
            ("send_link", with(link(), "button_title", long(21)), "text_too_long", "20"),
            ("send_link", with(link(), "text", json!("")), "text_empty", "text"),
            ("send_link", with(link(), "url", json!(format!("https://example.org/{}", "a".repeat(2000)))), "text_too_long", "2000"),
        ] {
            let text = town.refuses(code, properties, error).await;
            assert!(text.contains(word), "{code} {error} {word}: {text}");
        }
    }
}

story! {
    /// Places have bounds, captions have limits, questions have words.
    async fn places_and_captions_are_held_to_their_limits(town) {
        town.client_writes("Здравствуйте").await;
        for (code, properties, error, word) in [
            ("send_location", json!({"latitude": "91", "longitude": "0"}), "property_invalid", "latitude"),
            ("send_location", json!({"latitude": "0", "longitude": "-180.5"}), "property_invalid", "longitude"),
            ("send_location", json!({"latitude": "север", "longitude": "0"}), "property_invalid", "latitude"),
            ("send_location", json!({"latitude": "1"}), "property_invalid", "longitude"),
            ("request_location", json!({"text": ""}), "text_empty", "text"),
            ("request_location", json!({"text": "я".repeat(1025)}), "text_too_long", "1024"),
            ("send_file", json!({"source": ["disk:1"], "caption": "я".repeat(1025)}), "text_too_long", "1024"),
            ("send_file", json!({"source": ["disk:1"], "kind": "фильм"}), "property_invalid", "kind"),
            ("send_text", json!({"text": "x", "phone": ["group:1@g.us"]}), "unsupported_by_channel", "групп"),
        ] {
            let text = town.refuses(code, properties, error).await;
            assert!(text.contains(word), "{code} {error} {word}: {text}");
        }
    }
}

story! {
    /// The longest legal ones pass: nothing is refused below the vendor's number.
    async fn what_the_vendor_takes_is_sent(town) {
        town.client_writes("Здравствуйте").await;
        let full = json!({"header": "😀".repeat(60), "text": "😀".repeat(1024), "footer": "я".repeat(60),
            "buttons": [format!("{}|{}", "i".repeat(256), "😀".repeat(20)), "Нет", "Позже"]});
        well(&fired(&town, "send_buttons", full).await);
        assert_eq!(newest(&town).buttons.len(), 3);
        let ten: Vec<String> = (0..10).map(|n| format!("{n}{}|{n}{}|{}", "i".repeat(199), "я".repeat(23), "d".repeat(72))).collect();
        let list = json!({"header": "я".repeat(60), "text": "я".repeat(4096), "footer": "я".repeat(60), "list_button": "я".repeat(20), "rows": ten});
        well(&fired(&town, "send_list", list).await);
        assert_eq!(newest(&town).buttons.len(), 10);
        town.nothing_twice_nothing_lost().await;
    }
}
