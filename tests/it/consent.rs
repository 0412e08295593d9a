//! Who may be written to: words, buttons, the robot, the API and the provider change it; one gate keeps it before the wire.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town};
use crate::support::verdict::order_ready;
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::portal::Document;
use courier24::sim::whatsapp::inbound::Inbound;
use serde_json::{Value, json};

fn promo(more: Value) -> Value {
    let mut all = json!({"template": "promo:ru", "params": ["10%"]});
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

impl Town {
    /// The client's row with its evidence.
    async fn consent_of(&self, phone: &str) -> Value {
        self.api(&format!("/consents?phone={phone}")).await["items"][0].clone()
    }

    async fn puts_consent(&self, body: Value) -> (u16, Value) {
        let path = format!("/api/v1/portals/{}/consents", self.portal.member_id());
        self.request("PUT", &path, Some(body)).await
    }

    pub(crate) async fn puts_settings(&self, body: Value) -> (u16, Value) {
        let path = format!("/api/v1/portals/{}/settings", self.portal.member_id());
        self.request("PUT", &path, Some(body)).await
    }
}

story! {
    /// «Стоп!» stops marketing and nothing else; the word is kept as evidence; «старт» takes it back.
    async fn a_word_stops_marketing_and_a_word_takes_it_back(town) {
        let step = town.fires("send_template", promo(json!({}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        town.client_writes(" Стоп!! ").await;
        let told = town.refuses("send_template", promo(json!({})), "opted_out").await;
        assert!(told.contains("рекла"), "{told}");
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y", "service templates go");
        let row = town.consent_of("8 916 000-00-01").await;
        assert_eq!((&row["marketing"], &row["all"], &row["marketing_by"]), (&json!("opted_out"), &json!("unknown"), &json!("word")), "{row}");
        let event = &row["history"][0];
        assert_eq!((&event["text"], &event["source"], &event["action"], &event["applied"]), (&json!(" Стоп!! "), &json!("word"), &json!("opt_out"), &json!(true)), "{row}");
        let message = event["message_id"].as_str().unwrap();
        assert_eq!(town.api(&format!("/messages/{message}")).await["text"], " Стоп!! ");
        let talk = town.api("/conversations").await["items"][0].clone();
        assert_eq!(talk["consent"], json!({"marketing": "opted_out", "all": "unknown"}));
        town.advance(MINUTE);
        town.client_writes("СТАРТ").await;
        let step = town.fires("send_template", promo(json!({"params": ["20%"]}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        assert_eq!(town.consent_of(CLIENT).await["marketing"], "opted_in");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A conversation that contains the word is no refusal; neither is a sticker, a place, or a group's «стоп».
    async fn only_a_whole_message_is_a_refusal(town) {
        for text in ["стоп, подождите", "не стоп", "стоп машина 🚗"] {
            town.client_writes(text).await;
        }
        town.network.user(CLIENT).sends(Inbound::Location { latitude: 55.0, longitude: 37.0, name: Some("стоп".into()), address: None }, None);
        town.advance(5 * SECOND);
        town.settle().await;
        assert_eq!(town.api("/consents").await["items"], json!([]));
        let step = town.fires("send_template", promo(json!({}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
    }
}

story! {
    /// The title of a template's quick reply counts when it is one of the portal's words.
    async fn a_pressed_word_is_a_refusal(town) {
        let (status, put) = town.puts_settings(json!({"opt_out_words": ["Не интересно", "хватит"]})).await;
        assert_eq!((status, &put["opt_out_words"]), (200, &json!(["Не интересно", "хватит"])));
        town.fires("send_template", promo(json!({}))).await;
        town.settle().await;
        town.network.user(CLIENT).presses("Не интересно").unwrap();
        town.advance(5 * SECOND);
        town.settle().await;
        town.refuses("send_template", promo(json!({})), "opted_out").await;
        let row = town.consent_of(CLIENT).await;
        assert_eq!((&row["history"][0]["source"], &row["history"][0]["text"]), (&json!("button"), &json!("Не интересно")), "{row}");
        town.client_writes("старт").await;
        town.client_writes("стоп").await;
        assert_eq!(town.consent_of(CLIENT).await["marketing"], "opted_in", "the list replaces the usual words");
    }
}

story! {
    /// With the scope `all` nothing goes any more, free text inside the window included; the answer that the portal set still does.
    async fn a_portal_may_take_the_word_for_everything(town) {
        let (status, _) = town.puts_settings(json!({"opt_out_scope": "all", "opt_out_answer": "Больше не побеспокоим"})).await;
        assert_eq!(status, 200);
        town.client_writes("отписаться").await;
        town.settle().await;
        let said: Vec<String> = town.network.messages_to(CLIENT).iter().map(|message| message.text.clone()).collect();
        assert_eq!(said, ["Больше не побеспокоим"]);
        town.refuses("send_text", json!({"text": "Готов"}), "opted_out").await;
        town.refuses("send_template", order_ready(json!({})), "opted_out").await;
        town.advance(MINUTE);
        town.client_writes("Отписаться").await;
        town.advance(MINUTE);
        town.client_writes("start").await;
        let step = town.fires("send_text", json!({"text": "Готов"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Without an answer in the settings nothing is said.
    async fn nobody_answers_a_refusal_unasked(town) {
        town.client_writes("стоп").await;
        town.pass(HOUR).await;
        assert_eq!(town.got(), 0);
    }
}

story! {
    /// The robot writes down, reads and takes back; a process sees where the person stands.
    async fn the_robot_writes_reads_and_takes_back(town) {
        let ask = |action: &str, scope: &str| json!({"action": action, "scope": scope, "evidence": "Сказал по телефону"});
        let mut seen = Vec::new();
        for (action, scope) in [("read", "marketing"), ("opt_in", "marketing"), ("read", "all"), ("opt_out", "all"), ("read", "marketing"), ("opt_in", "marketing"), ("opt_in", "all"), ("read", "marketing"), ("opt_out", "marketing")] {
            town.advance(SECOND);
            let step = town.fires("set_consent", ask(action, scope)).await;
            town.settle().await;
            let told = town.told(step);
            assert_eq!(told["ok"], "Y", "{told:?}");
            seen.push(told["consent"].as_str().unwrap().to_owned());
        }
        assert_eq!(seen, ["unknown", "opted_in", "unknown", "opted_out", "opted_out", "opted_out", "opted_in", "opted_in", "opted_out"]);
        let row = town.consent_of(CLIENT).await;
        assert_eq!(row["history"].as_array().unwrap().len(), 5, "reading leaves no evidence: {row}");
        let event = &row["history"][0];
        assert_eq!((&event["source"], &event["text"]), (&json!("robot"), &json!("Сказал по телефону")));
        let call = town.last_call().await;
        assert_eq!(event["actor"], call["id"]);
        town.portal.deal(600).title("Без клиента");
        town.refuses_in(Document::deal(600), "set_consent", ask("opt_out", "all"), "phone_missing").await;
        town.refuses("set_consent", json!({"action": "forget"}), "property_invalid").await;
        town.refuses("set_consent", json!({"action": "opt_out", "phone": ["group:1@g.us"]}), "phone_invalid").await;
        assert!(town.network.app(APP).opt_ins()[CLIENT].opted_in, "the provider's list was told of the agreement");
    }
}

story! {
    /// A message held for the window is looked at again when it leaves; consent withdrawn meanwhile stops it.
    async fn a_held_message_meets_the_refusal_when_it_leaves(town) {
        let step = town.fires("send_text", json!({"text": "Ждём вас", "on_closed_window": "hold", "wait_for": "accepted"})).await;
        town.settle().await;
        assert!(town.waits(step));
        let (status, row) = town.puts_consent(json!({"phone": "+7 916 000-00-01", "action": "opt_out", "scope": "all", "evidence": "письмо", "by": "Ольга"})).await;
        assert_eq!((status, &row["all"], &row["history"][0]["actor"]), (200, &json!("opted_out"), &json!("Ольга")), "{row}");
        town.client_writes("Здравствуйте").await;
        let told = town.told(step);
        assert_eq!((&told["ok"], &told["error_code"]), (&json!("N"), &json!("opted_out")), "{told:?}");
        assert_eq!(town.sends(), 0);
    }
}

story! {
    /// A refusal that is committed while a message waits for its turn wins: the mark looks once more.
    async fn a_refusal_just_before_the_wire_wins(town) {
        town.patches_channel(json!({"paused": true})).await;
        let step = town.fires("send_template", promo(json!({"wait_for": "accepted"}))).await;
        town.settle().await;
        assert!(town.waits(step));
        town.client_writes("стоп").await;
        town.patches_channel(json!({"paused": false})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((&told["status"], &told["error_code"]), (&json!("failed"), &json!("opted_out")), "{told:?}");
        assert_eq!(town.sends(), 0);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// An older word that comes late changes nothing, but is kept.
    async fn words_count_by_when_they_were_said(town) {
        let event = |id: &str, text: &str, at: i64| json!({"app": APP, "timestamp": at, "version": 2, "type": "message", "payload": {
            "id": format!("wamid.{id}"), "source": CLIENT, "type": "text", "payload": {"text": text}, "sender": {"phone": CLIENT}}});
        let now = town.now();
        assert_eq!(town.hears(&event("B", "старт", now)).await, 200);
        town.settle().await;
        assert_eq!(town.hears(&event("A", "стоп", now - MINUTE)).await, 200);
        town.settle().await;
        assert_eq!(town.hears(&event("A", "стоп", now - MINUTE)).await, 200);
        town.settle().await;
        let row = town.consent_of(CLIENT).await;
        assert_eq!(row["marketing"], "opted_out", "start undid nothing, there was nothing to undo: {row}");
        assert_eq!(town.hears(&event("D", "старт", now + MINUTE)).await, 200);
        town.settle().await;
        town.advance(1);
        assert_eq!(town.hears(&event("C", "стоп", now + SECOND)).await, 200);
        town.settle().await;
        let row = town.consent_of(CLIENT).await;
        assert_eq!((&row["marketing"], row["history"].as_array().unwrap().len()), (&json!("opted_in"), 3), "{row}");
        assert_eq!(row["history"][0]["applied"], false);
    }
}

story! {
    /// One person on two channels is one person; another portal's people are others.
    async fn the_person_is_one_on_all_channels(town) {
        town.client_writes("стоп").await;
        let desk = town.network.add_app(courier24::sim::whatsapp::gupshup::app::App::new("Second"));
        desk.add_template(courier24::sim::whatsapp::gupshup::template::Template::new("promo", "ru", "Скидка {{1}} для вас").category("MARKETING"));
        let app = desk.settings();
        let settings = json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key});
        let (status, made) = town.api_post("/channels", json!({"kind": "gupshup", "name": "Второй", "settings": settings})).await;
        assert_eq!(status, 201, "{made}");
        town.advance(3 * SECOND);
        town.settle().await;
        town.refuses("send_template", promo(json!({"channel": "Второй"})), "opted_out").await;
    }
}

story! {
    /// "Stop marketing" pressed in WhatsApp is mirrored from the refusal of a send, and stops the next ones before the wire.
    async fn a_refusal_by_whatsapp_is_mirrored(town) {
        town.network.user(CLIENT).stops_marketing();
        let step = town.fires("send_template", promo(json!({"wait_for": "delivered"}))).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((&told["status"], &told["error_code"]), (&json!("failed"), &json!("provider_rejected")), "{told:?}");
        town.refuses("send_template", promo(json!({})), "opted_out").await;
        let row = town.consent_of(CLIENT).await;
        let event = &row["history"][0];
        assert_eq!((&event["source"], &event["actor"], &row["marketing_by"]), (&json!("provider"), &json!("131050"), &json!("provider")), "{row}");
        let step = town.sends_template(json!({})).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
    }
}

story! {
    /// The provider's events about a person's will are mirrored; our own mark on its list is not taken for the person's word.
    async fn events_about_will_are_mirrored(town) {
        let (_, channel) = town.request("GET", &town.channel_path(), None).await;
        town.network.app(APP).set_callback_v3(channel["webhook_url"].as_str().unwrap());
        town.network.user(CLIENT).stops_marketing();
        town.settle().await;
        town.refuses("send_template", promo(json!({})), "opted_out").await;
        town.advance(MINUTE);
        town.network.user(CLIENT).resumes_marketing();
        town.settle().await;
        let step = town.fires("send_template", promo(json!({}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        let list = |kind: &str, at: i64| json!({"app": APP, "timestamp": at, "version": 2, "type": "user-event", "payload": {"phone": CLIENT, "type": kind}});
        town.advance(MINUTE);
        assert_eq!(town.hears(&list("opted-out", town.now())).await, 200);
        town.settle().await;
        assert_eq!(town.consent_of(CLIENT).await["marketing"], "opted_out");
        town.advance(MINUTE);
        assert_eq!(town.hears(&list("opted-in", town.now())).await, 200);
        town.settle().await;
        assert_eq!(town.consent_of(CLIENT).await["marketing"], "opted_in", "the list took its own refusal back");
        town.advance(MINUTE);
        town.client_writes("стоп").await;
        town.advance(MINUTE);
        assert_eq!(town.hears(&list("opted-in", town.now())).await, 200);
        town.settle().await;
        assert_eq!(town.consent_of(CLIENT).await["marketing"], "opted_out", "a mark undoes no word");
    }
}

story! {
    /// Meta holds marketing to a person back: told, not repeated, and nobody tries again within a day; a reply lifts it.
    async fn marketing_that_meta_holds_back_waits_a_day(town) {
        town.network.user(CLIENT).capped_for_marketing(true);
        let step = town.fires("send_template", promo(json!({"wait_for": "delivered"}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["error_code"], "limit_reached");
        town.pass(HOUR).await;
        assert_eq!(town.sends(), 1, "not repeated by itself");
        let told = town.refuses("send_template", promo(json!({})), "limit_reached").await;
        assert!(told.contains("придержал"), "{told}");
        town.network.user(CLIENT).capped_for_marketing(false);
        town.pass(DAY).await;
        let step = town.fires("send_template", promo(json!({"params": ["30%"]}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y");
        town.network.user(CLIENT).capped_for_marketing(true);
        town.fires("send_template", promo(json!({"params": ["40%"]}))).await;
        town.settle().await;
        town.refuses("send_template", promo(json!({})), "limit_reached").await;
        town.network.user(CLIENT).capped_for_marketing(false);
        town.client_writes("А что по акции?").await;
        let step = town.fires("send_template", promo(json!({"params": ["50%"]}))).await;
        town.settle().await;
        assert_eq!(town.told(step)["ok"], "Y", "a reply lifts it");
    }
}

story! {
    /// The API lists, pages, and refuses what it cannot read.
    async fn the_api_lists_and_refuses(town) {
        for n in 0..3 {
            let (status, _) = town.puts_consent(json!({"phone": format!("7916000001{n}"), "action": "opt_out"})).await;
            assert_eq!(status, 200);
            town.advance(SECOND);
        }
        town.puts_consent(json!({"bsuid": "RU.42", "action": "opt_in", "scope": "all"})).await;
        let first = town.api("/consents?limit=3").await;
        assert_eq!((first["items"].as_array().unwrap().len(), &first["items"][0]["bsuid"]), (3, &json!("RU.42")));
        assert!(first["items"][0]["history"].is_null());
        let rest = town.api(&format!("/consents?limit=3&after={}", first["next"].as_str().unwrap())).await;
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
        assert_eq!(town.api("/consents?consent=opted_out&scope=marketing").await["items"].as_array().unwrap().len(), 3);
        assert_eq!(town.api("/consents?phone=79990000000").await["items"], json!([]));
        assert_eq!(town.api("/consents?bsuid=RU.42").await["items"][0]["all"], "opted_in");
        for (body, field) in [(json!({"action": "opt_out"}), "phone"), (json!({"phone": "12", "action": "opt_out"}), "phone"), (json!({"phone": CLIENT, "action": "stop"}), "action"), (json!({"phone": CLIENT, "action": "opt_in", "who": 1}), ".")] {
            let (status, told) = town.puts_consent(body).await;
            assert_eq!((status, &told["code"]), (400, &json!("body_invalid")), "{told}");
            assert!(field == "." || told["params"]["field"] == field, "{told}");
        }
        let (status, _) = town.request("GET", &format!("/api/v1/portals/{}/consents?consent=maybe", town.portal.member_id()), None).await;
        assert_eq!(status, 400);
        for (body, field) in [(json!({"opt_out_words": []}), "opt_out_words"), (json!({"opt_out_scope": "utility"}), "opt_out_scope"), (json!({"opt_out_answer": "{{#each x}}"}), "opt_out_answer")] {
            let (status, told) = town.puts_settings(body).await;
            assert_eq!((status, &told["params"]["field"]), (422, &json!(field)), "{told}");
        }
    }
}

story! {
    /// Who is erased is named nowhere, and a refusal still holds when the CRM keeps the number.
    async fn a_refusal_outlives_an_erasure(town) {
        town.client_writes("стоп").await;
        let (status, _) = town.api_post("/erase", json!({"phone": CLIENT})).await;
        assert_eq!(status, 200);
        let rows = town.api("/consents").await;
        assert!(rows["items"][0]["phone"].is_null(), "{rows}");
        town.refuses("send_template", promo(json!({})), "opted_out").await;
        assert!(!rows.to_string().contains(CLIENT), "{rows}");
    }
}

story! {
    /// A channel that cannot check numbers says so, and why.
    async fn a_number_cannot_be_checked_everywhere(town) {
        let step = town.fires("check_number", json!({})).await;
        town.settle().await;
        let told = town.told(step);
        assert_eq!((&told["exists"], &told["ok"], &told["error_code"]), (&json!("E"), &json!("N"), &json!("unsupported_by_channel")), "{told:?}");
        assert!(told["error_text"].as_str().unwrap().contains("Магазин"), "{told:?}");
        assert_eq!(town.network.requests().iter().filter(|request| request.path.contains("check")).count(), 0);
        town.refuses("check_number", json!({"channel": "Склад"}), "channel_not_found").await;
        town.refuses("check_number", json!({"phone": ["абв"]}), "phone_invalid").await;
    }
}
