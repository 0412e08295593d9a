//! What clients send: every kind, in both versions, kept as it came, with its file, its document and its place in the timeline.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::Document;
use courier24::sim::whatsapp::inbound::Inbound;
use serde_json::{Value, json};

const HIDDEN: &str = "RU.7740019283746501234";

impl Town {
    pub(crate) async fn inbound(&self) -> Vec<Value> {
        let mut items = self.api("/messages?direction=in&limit=100").await["items"].as_array().unwrap().clone();
        items.reverse();
        items
    }

    pub(crate) async fn last_inbound(&self) -> Value {
        self.inbound().await.pop().unwrap_or_default()
    }

    /// A V3 body with these messages and contacts.
    pub(crate) fn v3(&self, messages: Value, contacts: Value) -> Value {
        let app = self.network.app(APP).settings();
        let value = json!({"messaging_product": "whatsapp", "metadata": {"display_phone_number": app.source, "phone_number_id": "1"},
            "contacts": contacts, "messages": messages});
        json!({"entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}], "gs_app_id": app.app_id, "object": "whatsapp_business_account"})
    }

    pub(crate) fn v3_text(&self, id: &str, from: Value, text: &str) -> Value {
        let mut message = json!({"id": id, "timestamp": (self.now() / 1_000).to_string(), "type": "text", "text": {"body": text}});
        for (key, value) in from.as_object().unwrap() {
            message[key] = value.clone();
        }
        message
    }

    pub(crate) async fn hears_v3(&self, messages: Value, contacts: Value) {
        assert_eq!(self.hears(&self.v3(messages, contacts)).await, 200);
        self.settle().await;
    }

    pub(crate) async fn conversations(&self, query: &str) -> Vec<Value> {
        self.api(&format!("/conversations?{query}")).await["items"].as_array().unwrap().clone()
    }
}

fn file(media: &str, caption: Option<&str>, name: Option<&str>) -> Inbound {
    Inbound::Media { media: media.to_owned(), caption: caption.map(str::to_owned), name: name.map(str::to_owned), voice: false }
}

/// Everything a person can send, and the kind it is read as.
fn everything() -> Vec<(Inbound, &'static str)> {
    vec![
        (Inbound::Text { text: "Привет 👋".to_owned() }, "text"),
        (file("image", Some("Фото"), None), "image"),
        (file("video", None, None), "video"),
        (file("audio", None, None), "audio"),
        (file("file", Some("Акт"), Some("акт.pdf")), "document"),
        (file("sticker", None, None), "sticker"),
        (Inbound::Location { latitude: 55.75, longitude: 37.61, name: Some("Склад".to_owned()), address: None }, "location"),
        (Inbound::Contact { name: "Инна Ким".to_owned(), phone: "79160000007".to_owned() }, "contacts"),
        (
            Inbound::Order {
                catalog_id: "55".to_owned(),
                items: json!([{"product_retailer_id": "SKU-1", "quantity": 2, "item_price": 30, "currency": "RUB"}]),
            },
            "order",
        ),
        (Inbound::FlowReply { response: json!({"flow_token": "t-1", "slot": "10:00"}) }, "flow_reply"),
    ]
}

async fn each_kind(town: &Town, unknown: &str) {
    for (content, kind) in everything() {
        let media = matches!(content, Inbound::Media { .. });
        town.network.user(CLIENT).sends(content, None);
        town.advance(5 * SECOND);
        town.settle().await;
        let message = town.last_inbound().await;
        assert_eq!((&message["kind"], &message["status"]), (&json!(kind), &json!("received")), "{message}");
        assert_eq!(message["identity"]["phone"], CLIENT);
        if media {
            let url = message["media"]["url"].as_str().unwrap_or_else(|| panic!("{message}"));
            assert!(url.starts_with(&town.url("/media/")), "{url}");
            let answer = crate::support::town::send(crate::support::town::http().get(url)).await;
            assert_eq!(answer.status(), 200);
            let length = i64::try_from(answer.bytes().await.unwrap().len()).unwrap();
            assert_eq!((message["media"]["size"].as_i64(), length > 0), (Some(length), true));
        }
    }
    let strange = Inbound::Unknown { type_word: "hologram".to_owned(), payload: json!({"beam": [1, 2]}) };
    town.network.user(CLIENT).sends(strange, None);
    town.advance(5 * SECOND);
    town.settle().await;
    assert_eq!(town.last_inbound().await["kind"], unknown, "kept, never an error");
    let inbox = town.api("/inbox?limit=100").await;
    assert!(inbox["items"].as_array().unwrap().iter().all(|row| row["state"] == "done"), "{inbox}");
    town.nothing_twice_nothing_lost().await;
}

story! {
    /// V2.
    async fn every_kind_of_the_second_version(town) from rested {
        each_kind(&town, "unsupported").await;
    }
}

story! {
    /// V3.
    async fn every_kind_of_the_third_version(town) from rested {
        let (_, channel) = town.request("GET", &town.channel_path(), None).await;
        let app = town.network.app(APP);
        app.change(|app| app.subscriptions.clear());
        app.set_callback_v3(channel["webhook_url"].as_str().unwrap());
        each_kind(&town, "unknown").await;
    }
}

story! {
    /// A client writes first: the phone is found in CRM however it is written there, the open deal before the contact.
    async fn a_client_is_found_by_phone(town) from rested {
        town.portal.contact(9).phone("8 (916) 000-00-01");
        town.client_writes("Это снова я").await;
        let message = town.last_inbound().await;
        assert_eq!((&message["document"]["id"], &message["document"]["found_by"]), (&json!("DEAL_512"), &json!("phone")));
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 1);
        assert_eq!(town.portal.triggers_executed().len(), 1);
        let asked = town.portal.request_count();
        town.client_writes("И ещё").await;
        assert_eq!(town.last_inbound().await["document"]["found_by"], "conversation");
        assert!(town.portal.request_count() > asked, "whether the deal is still open is looked up");

        town.portal.move_item(Document::deal(512), "WON").await;
        town.settle().await;
        town.advance(MINUTE);
        town.client_writes("А теперь?").await;
        let message = town.last_inbound().await;
        assert_eq!((&message["document"]["id"], &message["document"]["found_by"]), (&json!("CONTACT_9"), &json!("phone")), "the deal is closed");
    }
}

story! {
    /// Nobody knows the client: the message stays in the journal, or a lead is made, one for a conversation.
    async fn a_stranger_stays_or_becomes_a_lead(town) from rested {
        let stranger = "79160000055";
        town.network.user(stranger).named("Пётр").writes("Сколько стоит?");
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!(town.last_inbound().await["document"], Value::Null);
        assert_eq!(town.portal.calls_of("crm.item.add"), 0);

        town.puts_settings(json!({"unknown_client": "lead"})).await;
        town.settle().await;
        for text in ["Алло", "Вы тут?"] {
            town.network.user(stranger).writes(text);
        }
        town.advance(5 * SECOND);
        town.settle().await;
        let (first, second) = (town.inbound().await[1].clone(), town.last_inbound().await);
        assert_eq!(first["document"]["found_by"], "created");
        let lead = second["document"]["id"].as_str().unwrap().to_owned();
        assert!(lead.starts_with("LEAD_"), "{second}");
        assert_eq!(first["document"]["id"], json!(lead));
        assert_eq!(town.portal.calls_of("crm.item.add"), 1);
        let document = Document::parse(&lead).unwrap();
        assert_eq!(town.portal.field(document.clone(), "title"), json!("WhatsApp: Пётр"));
        assert_eq!(town.portal.activities(document).len(), 2);
        town.client_writes("Я-то известен").await;
        assert_eq!(town.last_inbound().await["document"]["id"], "DEAL_512");
        assert_eq!(town.portal.calls_of("crm.item.add"), 1);
    }
}

story! {
    /// A file too large or gone leaves the message; a policy keeps none at all.
    async fn files_are_kept_by_policy(town) from rested {
        town.puts_settings(json!({"inbound_media": "leave"})).await;
        town.settle().await;
        town.network.user(CLIENT).sends(file("image", Some("Фото"), None), None);
        town.advance(5 * SECOND);
        town.settle().await;
        let message = town.last_inbound().await;
        assert_eq!((&message["media"]["url"], &message["caption"]), (&Value::Null, &json!("Фото")));
        town.puts_settings(json!({"inbound_media": null})).await;
        town.settle().await;
        let gone = town.network.gupshup_url() + "/files/none";
        for (id, url) in [("wamid.GONE", gone.as_str()), ("wamid.LOCAL", "http://169.254.169.254/latest/meta-data")] {
            let event = json!({"app": APP, "timestamp": town.now(), "version": 2, "type": "message", "payload": {
                "id": id, "source": CLIENT, "type": "image", "payload": {"url": url, "contentType": "image/png"}, "sender": {"phone": CLIENT}}});
            assert_eq!(town.hears(&event).await, 200);
            town.settle().await;
            let message = town.last_inbound().await;
            assert_eq!((&message["kind"], &message["media"]["url"], &message["media"]["mime"]), (&json!("image"), &Value::Null, &json!("image/png")));
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Only a BSUID: a conversation of its own. A contact beside it that is not said to be the sender lends nothing.
    async fn a_hidden_phone_is_not_guessed(town) from rested {
        let hidden = json!({"from_user_id": HIDDEN});
        let messages = json!([town.v3_text("wamid.H1", hidden.clone(), "Кто я?")]);
        town.hears_v3(messages, json!([{"profile": {"name": "Чужой"}, "wa_id": CLIENT}])).await;
        let message = town.last_inbound().await;
        assert_eq!((&message["identity"]["bsuid"], &message["identity"]["phone"]), (&json!(HIDDEN), &Value::Null));
        assert_eq!(town.conversations(&format!("phone={CLIENT}")).await.len(), 0);
        let messages = json!([town.v3_text("wamid.H2", hidden, "Это я")]);
        town.hears_v3(messages, json!([{"profile": {"name": "Анна", "username": "anna"}, "wa_id": CLIENT, "user_id": HIDDEN}])).await;
        let talk = town.conversations(&format!("bsuid={HIDDEN}")).await[0].clone();
        assert_eq!((&talk["identity"]["phone"], &talk["identity"]["username"]), (&json!(CLIENT), &json!("anna")));
        assert_eq!(town.conversations(&format!("phone={CLIENT}")).await[0]["id"], talk["id"]);
    }
}

story! {
    /// Two conversations turn out to be one user's: messages, windows and waits are together from then on.
    async fn two_conversations_become_one(town) from rested {
        town.client_writes("Здравствуйте").await;
        town.advance(MINUTE);
        let messages = json!([town.v3_text("wamid.M1", json!({"from_user_id": HIDDEN}), "Я без номера")]);
        town.hears_v3(messages, json!([{"profile": {}, "user_id": HIDDEN}])).await;
        let step = town.fires("wait_reply", json!({})).await;
        town.settle().await;
        assert_ne!(town.conversations(&format!("phone={CLIENT}")).await[0]["id"], town.conversations(&format!("bsuid={HIDDEN}")).await[0]["id"]);
        let messages = json!([town.v3_text("wamid.M2", json!({"from": CLIENT, "from_user_id": HIDDEN}), "Это один человек")]);
        town.hears_v3(messages, json!([{"profile": {}, "wa_id": CLIENT, "user_id": HIDDEN}])).await;
        assert_eq!(town.told(step)["reply_text"], "Это один человек");
        let talk = town.conversations(&format!("phone={CLIENT}")).await[0].clone();
        assert_eq!(talk["id"], town.conversations(&format!("bsuid={HIDDEN}")).await[0]["id"]);
        let messages = town.api(&format!("/messages?conversation_id={}&direction=in", talk["id"].as_str().unwrap())).await;
        assert_eq!(messages["items"].as_array().unwrap().len(), 3);
    }
}

story! {
    /// The client has another number: the conversation moves, its window closes, the next words open it again.
    async fn a_changed_number_moves_the_conversation(town) from rested {
        town.client_writes("Здравствуйте").await;
        town.advance(HOUR);
        let before = town.conversations(&format!("phone={CLIENT}")).await[0].clone();
        let moved = json!({"from": CLIENT, "id": "wamid.S1", "timestamp": (town.now() / 1_000).to_string(), "type": "system",
            "system": {"type": "user_changed_number", "body": "changed", "wa_id": "79990000001"}});
        town.hears_v3(json!([moved]), json!([])).await;
        assert_eq!(town.conversations(&format!("phone={CLIENT}")).await.len(), 0);
        let after = town.conversations("phone=79990000001").await[0].clone();
        assert_eq!(after["id"], before["id"]);
        let until = after["window_until"].as_str().unwrap_or_default().to_owned();
        assert!(until < courier24::domain::clock::iso(town.now() + SECOND), "closed: {until}");
        assert_eq!(town.last_inbound().await["kind"], "system");
        town.network.user("79990000001").writes("Мой новый номер");
        town.advance(5 * SECOND);
        town.settle().await;
        let talk = town.conversations("phone=79990000001").await;
        assert_eq!((talk.len(), &talk[0]["id"]), (1, &before["id"]));
        assert!(talk[0]["window_until"].as_str().unwrap() > until.as_str());
    }
}

story! {
    /// A batch with everything at once, in the wrong order, twice; a reaction opens no window and fires nothing.
    async fn batches_come_twice_and_in_the_wrong_order(town) from rested {
        town.fires("send_template", crate::support::verdict::order_ready(json!({}))).await;
        town.settle().await;
        let wamid = town.network.messages_to(CLIENT)[0].wamid.clone();
        let reaction = json!({"from": CLIENT, "id": "wamid.R1", "timestamp": (town.now() / 1_000).to_string(), "type": "reaction",
            "reaction": {"message_id": wamid, "emoji": "🔥"}});
        let messages = json!([reaction, town.v3_text("wamid.B2", json!({"from": CLIENT}), "второе"), town.v3_text("wamid.B1", json!({"from": CLIENT}), "первое")]);
        let contacts = json!([{"profile": {"name": "Анна"}, "wa_id": CLIENT}]);
        for _ in 0..2 {
            town.hears_v3(messages.clone(), contacts.clone()).await;
        }
        let kinds: Vec<Value> = town.inbound().await.iter().map(|message| message["kind"].clone()).collect();
        assert_eq!(kinds.len(), 3, "{kinds:?}");
        let reacted = town.inbound().await.into_iter().find(|message| message["kind"] == "reaction").unwrap();
        assert_eq!((&reacted["reaction"]["emoji"], &reacted["document"]["id"]), (&json!("🔥"), &json!("DEAL_512")));
        assert_eq!(town.portal.triggers_executed().len(), 2, "for the two messages");
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 4);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Events of a day ago are read; a message without anybody's id is kept.
    async fn old_and_nameless_events_are_kept(town) from rested {
        let old = json!({"app": APP, "timestamp": town.now() - DAY - HOUR, "version": 2, "type": "message", "payload": {
            "id": "wamid.OLD", "source": CLIENT, "type": "text", "payload": {"text": "вчера"}, "sender": {"phone": CLIENT}}});
        assert_eq!(town.hears(&old).await, 200);
        let nameless = json!({"app": APP, "timestamp": town.now(), "version": 2, "type": "message", "payload": {
            "id": "wamid.NOBODY", "type": "text", "payload": {"text": "?"}, "sender": {}}});
        assert_eq!(town.hears(&nameless).await, 200);
        town.settle().await;
        assert_eq!(town.last_inbound().await["text"], "вчера");
        assert_eq!(town.conversations(&format!("phone={CLIENT}")).await[0]["window_until"], Value::Null);
        assert_eq!(town.portal.activities(Document::deal(512)).len(), 1, "and reaches the timeline");
        let inbox = town.api("/inbox").await["items"].as_array().unwrap().clone();
        assert!(inbox.iter().any(|row| row["read_as"]["kept"] == "no identity"), "{inbox:?}");
    }
}

story! {
    /// A status tells the BSUID of the number that was written to: the client may hide the number afterwards.
    async fn a_status_tells_who_the_phone_is(town) from rested {
        town.network.app(APP).change(|app| app.bsuid_v2 = true);
        let user = town.network.user(CLIENT).with_bsuid(HIDDEN);
        town.fires("send_template", crate::support::verdict::order_ready(json!({}))).await;
        town.settle().await;
        user.hides_phone().writes("Спасибо");
        town.advance(5 * SECOND);
        town.settle().await;
        let message = town.last_inbound().await;
        assert_eq!((&message["identity"]["phone"], &message["document"]["id"]), (&Value::Null, &json!("DEAL_512")));
        let talk = town.conversations(&format!("bsuid={HIDDEN}")).await[0].clone();
        assert_eq!(talk["identity"]["phone"], CLIENT);
        assert!(talk["window_until"].is_string());
    }
}

story! {
    /// WhatsApp spells a Brazilian number without its ninth digit: it is the same client, and is answered under that spelling.
    async fn another_spelling_is_the_same_client(town) from rested {
        let step = town.fires("wait_reply", json!({"phone": ["5511987654321"]})).await;
        town.settle().await;
        town.network.user("551187654321").writes("Oi");
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!(town.told(step)["reply_text"], "Oi");
        let talk = town.conversations("phone=551187654321").await[0].clone();
        assert_eq!(talk["identity"]["phone"], "551187654321");
    }
}
