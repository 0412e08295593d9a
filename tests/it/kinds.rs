//! Every kind of message that a robot sends, told from the process's side and seen at WhatsApp: success, refusals, degradations.

mod files;
mod refusals;
pub(crate) mod shelf;

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::sim::portal::Document;
use courier24::sim::whatsapp::message::Message;
use serde_json::{Map, Value, json};

/// Fires in an open window and returns what the process was told.
async fn fired(town: &Town, code: &str, properties: Value) -> Map<String, Value> {
    // A moment of its own, and room in the pace to one person.
    town.advance(7_000);
    let step = town.fires(code, properties).await;
    town.settle().await;
    town.pass(20_000).await;
    town.told(step)
}

/// The process was told that all is well.
fn well(values: &Map<String, Value>) {
    assert_eq!((values["ok"].as_str(), values["error_code"].as_str()), (Some("Y"), Some("")), "{values:?}");
}

/// The newest message that the network took for the client; it has arrived, so its files could be fetched.
fn newest(town: &Town) -> Message {
    let message = town.network.messages_to(CLIENT).pop().unwrap();
    assert!(message.failure.is_none(), "{:?}", message.failure);
    assert!(["delivered", "read"].contains(&message.status.word()), "{} is {}", message.kind, message.status.word());
    message
}

/// Uses the partner API from here on.
async fn with_partner(town: &Town) {
    let app = town.network.app(APP).settings();
    town.patches_channel(json!({"settings": {"partner_token": app.partner_token}})).await;
    town.settle().await;
}

story! {
    /// Buttons arrive with their ids, and what the client presses comes back with them.
    async fn a_client_gets_buttons(town) {
        town.client_writes("Здравствуйте").await;
        let buttons = json!({"header": "Доставка", "text": "Удобно завтра?", "footer": "Ответьте кнопкой", "buttons": ["yes_771|Да", "Нет", "no\\|later|Поз\\=же|потом"]});
        let values = fired(&town, "send_buttons", buttons).await;
        well(&values);
        assert_eq!(values["rendered_text"], "Доставка\n\nУдобно завтра?\n\nОтветьте кнопкой\n\n▸ Да\n▸ Нет\n▸ Поз=же|потом");
        for empty in ["reply_id", "reply_title", "reply_text", "timed_out"] {
            assert_eq!(values[empty], "", "{empty}: nobody waited");
        }
        let message = newest(&town);
        let shown: Vec<(&str, &str)> = message.buttons.iter().map(|b| (b.title.as_str(), b.postback.as_deref().unwrap())).collect();
        assert_eq!((message.kind.as_str(), shown), ("buttons", vec![("Да", "yes_771"), ("Нет", "2"), ("Поз=же|потом", "no|later")]));
        assert!(town.network.user(CLIENT).presses("Да").is_some());
        let stored = town.last_message().await;
        assert_eq!((stored["kind"].as_str(), stored["text"].as_str()), (Some("buttons"), values["rendered_text"].as_str()));
        let entries = format!("{:?}", town.portal.activities(Document::deal(512)));
        assert!(entries.contains("Удобно завтра?") && entries.contains("▸ Нет"), "{entries}");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Through the partner API the same robots speak Meta's language.
    async fn the_partner_api_takes_every_kind(town) {
        with_partner(&town).await;
        town.client_writes("Здравствуйте").await;
        let kinds = [
            ("send_buttons", json!({"text": "Удобно?", "buttons": ["Да", "Нет"], "header": "Доставка", "footer": "Магазин"}), "buttons"),
            ("send_list", json!({"text": "Куда?", "list_button": "Открыть", "rows": ["#Центр", "a|Склад 1|ул. А", "#Юг", "b|Склад 2"]}), "list"),
            ("send_link", json!({"text": "Счёт", "button_title": "Открыть", "url": "https://example.org/i/1", "header": "Оплата"}), "cta_url"),
            ("send_location", json!({"latitude": "55,75", "longitude": "37.61", "name": "Склад"}), "location"),
            ("request_location", json!({"text": "Где вы?"}), "location_request"),
            ("send_contact", json!({"contact_ids": ["9"], "user": "user_5", "name": "Склад", "phones": ["8 495 123-45-67"]}), "contacts"),
            ("send_text", json!({"text": "Привет"}), "text"),
        ];
        for (code, properties, kind) in kinds {
            let values = fired(&town, code, properties).await;
            well(&values);
            let message = newest(&town);
            assert_eq!(message.kind, kind, "{code}");
            assert_eq!(values["message_id"].as_str().unwrap().split(',').count(), 1, "{code}: one message");
        }
        let cards = town.network.messages_to(CLIENT).into_iter().find(|message| message.kind == "contacts").unwrap();
        assert_eq!(cards.body["contacts"].as_array().unwrap().len(), 3);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A list keeps its sections, ids and descriptions.
    async fn a_client_gets_a_list(town) {
        town.client_writes("Здравствуйте").await;
        let list = json!({"header": "Выбор", "text": "Куда доставить?", "footer": "до 18:00", "list_button": "Открыть",
            "rows": ["#Центр", "wh1|Склад 1|ул. А", "Склад 2", "#Юг", "\\#3"]});
        let values = fired(&town, "send_list", list).await;
        well(&values);
        let message = newest(&town);
        let rows: Vec<(&str, &str, Option<&str>)> = message
            .buttons
            .iter()
            .map(|row| (row.title.as_str(), row.postback.as_deref().unwrap(), row.description.as_deref()))
            .collect();
        assert_eq!(rows, [("Склад 1", "wh1", Some("ул. А")), ("Склад 2", "2", None), ("#3", "3", None)]);
        assert_eq!(message.body["items"][1]["title"], "Юг");
        assert!(values["rendered_text"].as_str().unwrap().contains("Центр\n▸ Склад 1 — ул. А\n▸ Склад 2"));
    }
}

story! {
    /// A link button opens its address; a place has its point.
    async fn a_client_gets_links_and_places(town) {
        town.client_writes("Здравствуйте").await;
        well(&fired(&town, "send_link", json!({"text": "Счёт готов", "button_title": "Открыть", "url": " https://example.org/i/1?a=б "})).await);
        let link = newest(&town);
        assert_eq!((link.kind.as_str(), &link.body["url"], &link.body["display_text"]), ("cta_url", &json!("https://example.org/i/1?a=%D0%B1"), &json!("Открыть")));
        let values = fired(&town, "send_location", json!({"latitude": "55.75", "longitude": "-37,61", "name": "Склад", "address": "ул. Тестовая, 1"})).await;
        well(&values);
        assert_eq!(values["rendered_text"], "Склад\nул. Тестовая, 1\n📍 55.75,-37.61");
        let place = newest(&town);
        assert_eq!((place.kind.as_str(), &place.body["latitude"], &place.body["longitude"]), ("location", &json!("55.75"), &json!("-37.61")));
        let stored = town.last_message().await;
        assert_eq!((&stored["location"]["latitude"], &stored["location"]["name"]), (&json!(55.75), &json!("Склад")));
    }
}

story! {
    /// Without the partner API a request for the place is a question in words, and the journal says by which rule.
    async fn a_place_is_asked_for_in_words_where_there_is_no_button(town) {
        town.client_writes("Здравствуйте").await;
        let values = fired(&town, "request_location", json!({"text": "Где вы сейчас?"})).await;
        well(&values);
        for empty in ["latitude", "longitude", "timed_out"] {
            assert_eq!(values[empty], "");
        }
        let message = newest(&town);
        assert_eq!((message.kind.as_str(), message.text.as_str()), ("text", "Где вы сейчас?"));
        let call = town.last_call().await;
        assert_eq!(call["decision"]["degraded"], "location_request → text");
    }
}

story! {
    /// Cards come from CRM, from the staff and from the keyboard; where a message takes one, each travels alone, in order.
    async fn a_client_gets_contact_cards(town) {
        town.portal.company(3).title("ООО Пример");
        town.portal.contact(84).name("Инна", "Ким").company(3).set("post", "Директор").phone("8 916 000-00-84").email("i@example.org");
        town.portal.contact(85).name("Без", "Номера");
        town.client_writes("Кому звонить?").await;
        let ask = json!({"contact_ids": ["C_84", "CONTACT_85"], "user": "user_5", "name": "Склад", "company": "ООО Тест",
            "phones": ["+7 495 123-45-67"], "emails": ["s@example.org"]});
        let values = fired(&town, "send_contact", ask).await;
        well(&values);
        assert_eq!(values["message_id"].as_str().unwrap().split(',').count(), 4);
        let cards: Vec<Value> = town.network.messages_to(CLIENT).iter().map(|message| message.body["contact"].clone()).collect();
        let named = |name: &str| cards.iter().find(|card| card["name"]["formattedName"] == name).unwrap_or_else(|| panic!("{cards:?}")).clone();
        let inna = named("Инна Ким");
        assert_eq!((&inna["name"]["firstName"], &inna["name"]["lastName"]), (&json!("Инна"), &json!("Ким")));
        assert_eq!(inna["phones"], json!([{"phone": "8 916 000-00-84", "type": "WORK", "wa_id": "79160000084"}]));
        assert_eq!((&inna["emails"][0]["email"], &inna["org"]), (&json!("i@example.org"), &json!({"company": "ООО Пример", "title": "Директор"})));
        assert_eq!(named("Без Номера")["phones"], Value::Null);
        let olga = named("Ольга Тестова");
        assert_eq!((&olga["phones"][0]["wa_id"], &olga["org"]["title"]), (&json!("79160000055"), &json!("Менеджер")));
        assert_eq!(named("Склад")["phones"][0]["wa_id"], "74951234567");
        assert!(values["rendered_text"].as_str().unwrap().contains("👤 Инна Ким\nООО Пример\nДиректор\n8 916 000-00-84\ni@example.org"));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A card can only be as good as CRM: who is not there is named, and CRM that does not answer is asked again.
    async fn cards_that_cannot_be_made_are_told(town) {
        town.client_writes("Кому звонить?").await;
        let contact = |ids: Value| json!({"contact_ids": ids});
        for (properties, word) in [
            (contact(json!(["4040"])), "4040"),
            (contact(json!(["директор"])), "директор"),
            (contact(json!(["1", "2", "3", "4", "5", "6"])), "6"),
            (json!({}), "contact_ids"),
            (json!({"user": "group_d5"}), "group_d5"),
            (json!({"user": "user_404"}), "404"),
            (json!({"name": "Склад", "phones": ["пять"]}), "пять"),
            (json!({"name": "Склад", "emails": ["почта"]}), "почта"),
            (json!({"phones": ["+7 495 123-45-67"]}), "name"),
        ] {
            let text = town.refuses("send_contact", properties, "property_invalid").await;
            assert!(text.contains(word), "{word}: {text}");
        }
        town.portal.fault("batch", Some(1), courier24::sim::portal::Fault::Html { status: 503 });
        well(&fired(&town, "send_contact", contact(json!(["9"]))).await);
        assert_eq!(newest(&town).body["contact"]["phones"][0]["wa_id"], CLIENT);
    }
}

story! {
    /// Outside the window every kind is refused, held, or replaced by one template: nothing is fetched for nothing.
    async fn every_kind_keeps_the_window(town) {
        town.portal.file(41, "act.pdf", shelf::PDF);
        let kinds = [
            ("send_buttons", json!({"text": "Удобно?", "buttons": ["Да"]})),
            ("send_list", json!({"text": "Куда?", "list_button": "Открыть", "rows": ["Склад"]})),
            ("send_link", json!({"text": "Счёт", "button_title": "Открыть", "url": "https://example.org"})),
            ("send_file", json!({"source": ["disk:41"]})),
            ("send_contact", json!({"contact_ids": ["9"]})),
            ("send_location", json!({"latitude": "1", "longitude": "2"})),
            ("request_location", json!({"text": "Где вы?"})),
        ];
        for (code, properties) in &kinds {
            town.refuses(code, properties.clone(), "window_closed").await;
        }
        let asked = |method: &str| town.portal.requests().iter().filter(|request| format!("{request:?}").contains(method)).count();
        assert_eq!(asked("disk.file.get"), 0, "no file was asked for");

        let mut swapped = json!({"source": ["disk:41", "disk:41"], "on_closed_window": "template",
            "fallback_template": "order_ready:ru", "fallback_params": ["Анна", "118"]});
        let values = fired(&town, "send_file", swapped.clone()).await;
        well(&values);
        assert_eq!(values["media_kind"], "", "no file went");
        assert!(asked("disk.file.get") > 0, "now it was");
        let got = town.network.messages_to(CLIENT);
        assert_eq!((got.len(), got[0].kind.as_str()), (1, "template"), "one template for both files");

        swapped["on_closed_window"] = json!("hold");
        let held = town.fires("send_file", swapped).await;
        town.settle().await;
        assert!(town.waits(held));
        town.client_writes("Пришлите акт").await;
        town.pass(30_000).await;
        assert_eq!(town.told(held)["media_kind"], "document,document");
        assert_eq!(town.network.messages_to(CLIENT).iter().filter(|message| message.kind == "document").count(), 2);
    }
}
