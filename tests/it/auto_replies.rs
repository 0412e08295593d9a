//! Replies that nobody types, and the quick replies they are made of.

use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::sim::portal::Document;
use serde_json::{Value, json};

impl Town {
    /// Texts that the client got, in order.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.network.messages_to(CLIENT).iter().map(|message| message.text.clone()).collect()
    }

    async fn replies_with(&self, replies: Value) {
        let channel = self.channel.clone();
        let (status, told) = self.puts_settings(json!({"automatic_replies": {channel: replies}})).await;
        assert_eq!(status, 200, "{told}");
    }

    async fn quick(&self, method: &str, rest: &str, body: Option<Value>) -> (u16, Value) {
        let path = format!("/api/v1/portals/{}/quick-replies{rest}", self.portal.member_id());
        self.request(method, &path, body).await
    }
}

story! {
    /// A greeting to the first message, once; again after a long silence.
    async fn the_first_message_is_greeted_once(town) {
        town.quick("POST", "", Some(json!({"name": "hello", "text": "Здравствуйте{{#if contact.name}}, {{contact.name}}{{/if}}!"}))).await;
        town.replies_with(json!({"greeting": "pattern:hello", "greeting_after_days": 2})).await;
        town.client_writes("Есть кто?").await;
        town.client_writes("Алло").await;
        assert_eq!(town.texts(), ["Здравствуйте!"]);
        town.pass(MINUTE).await;
        let deal = format!("{:?}", town.portal.activities(Document::deal(512)));
        assert!(deal.contains("Есть кто?") && deal.contains("Здравствуйте!"), "the greeting stands where the question does: {deal}");
        town.pass(DAY).await;
        town.client_writes("Всё ещё здесь").await;
        assert_eq!(town.texts().len(), 1);
        town.pass(2 * DAY + HOUR).await;
        town.client_writes("Снова я").await;
        assert_eq!(town.texts().len(), 2);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Whom we wrote to first is not greeted; with a document the pattern knows the name.
    async fn an_answer_to_us_is_no_first_message(town) {
        town.puts_settings(json!({"working_hours": "mon-sun 09:00-18:00", "time_zone": "Europe/Moscow"})).await;
        town.replies_with(json!({"greeting": "Здравствуйте!", "away": "{{contact.name}}, мы ответим утром"})).await;
        town.sends_template(json!({})).await;
        town.settle().await;
        town.client_writes("Спасибо").await;
        assert_eq!(town.texts().len(), 1, "working hours, no greeting");
        town.advance(12 * HOUR);
        town.client_writes("Ещё вопрос").await;
        assert_eq!(town.texts()[1], "Анна, мы ответим утром");
        town.pass(MINUTE).await;
        let entries = town.portal.activities(Document::deal(512));
        let shown = entries.iter().filter_map(|entry| entry.layouts.last()).find(|layout| layout.to_string().contains("мы ответим утром"));
        let title = shown.unwrap_or_else(|| panic!("the manager sees what the client was told: {entries:?}"))["header"]["title"].clone();
        assert_eq!((entries.len(), title), (4, json!("WhatsApp: доставлено")));
    }
}

story! {
    /// Outside working hours one away message in its period, in the portal's own time.
    async fn nobody_there_is_said_once_a_night(town) {
        let (status, told) = town.puts_settings(json!({"working_hours": "mon-sun 09:00-18:00", "time_zone": "Europe/Moscow"})).await;
        assert_eq!(status, 200, "{told}");
        town.replies_with(json!({"away": "Мы работаем с 9 до 18", "away_every_hours": 12})).await;
        town.client_writes("Здравствуйте").await;
        assert_eq!(town.texts(), Vec::<String>::new(), "ten in the morning");
        town.advance(9 * HOUR);
        town.client_writes("Вы где?").await;
        town.client_writes("Ау").await;
        assert_eq!(town.texts(), ["Мы работаем с 9 до 18"]);
        town.advance(13 * HOUR);
        town.client_writes("Доброе утро").await;
        assert_eq!(town.texts().len(), 2, "eight in the morning, another period");
        town.advance(2 * HOUR);
        town.client_writes("Уже десять").await;
        assert_eq!(town.texts().len(), 2);
        let (status, told) = town.puts_settings(json!({"working_hours": "never"})).await;
        assert_eq!((status, &told["params"]["field"]), (422, &json!("working_hours")));
    }
}

story! {
    /// A message told twice or a day late is not replied to twice, or at all; a word of consent is never greeted.
    async fn no_reply_twice_late_or_to_a_refusal(town) {
        town.replies_with(json!({"greeting": "Здравствуйте!"})).await;
        let event = |id: &str, text: &str, at: i64| json!({"app": crate::support::town::APP, "timestamp": at, "version": 2, "type": "message", "payload": {
            "id": format!("wamid.{id}"), "source": CLIENT, "type": "text", "payload": {"text": text}, "sender": {"phone": CLIENT}}});
        assert_eq!(town.hears(&event("late", "Вчера", town.now() - 25 * HOUR)).await, 200);
        town.settle().await;
        assert_eq!(town.sends(), 0, "the window is over");
        town.client_writes("стоп").await;
        assert_eq!(town.sends(), 0);
        town.advance(15 * DAY);
        town.network.user(CLIENT).writes("Передумал");
        town.advance(5_000);
        town.settle().await;
        assert_eq!(town.sends(), 1);
        let told = event("twice", "Вопрос", town.now());
        for _ in 0..3 {
            assert_eq!(town.hears(&told).await, 200);
            town.settle().await;
        }
        assert_eq!(town.sends(), 1);
    }
}

story! {
    /// Quick replies are kept by name, shown with a document's facts, and stay while something names them.
    async fn quick_replies_are_kept_by_name(town) {
        let (status, made) = town.quick("POST", "", Some(json!({"name": "цена", "text": "{{contact.name}}, это {{money deal.opportunity deal.currencyId}}"}))).await;
        assert_eq!((status, &made["name"]), (201, &json!("цена")), "{made}");
        let (status, told) = town.quick("POST", "", Some(json!({"name": "цена", "text": "x"}))).await;
        assert_eq!((status, &told["code"]), (409, &json!("quick_reply_exists")));
        let (status, shown) = town.quick("POST", "/preview", Some(json!({"name": "цена", "document": "DEAL_512"}))).await;
        assert_eq!(status, 200, "{shown}");
        assert!(shown["text"].as_str().unwrap().starts_with("Анна, это 1"), "{shown}");
        let (status, told) = town.quick("POST", "/preview", Some(json!({"text": "{{deal.title}}"}))).await;
        assert_eq!((status, &told["code"]), (422, &json!("value_missing")), "{told}");
        let (status, told) = town.quick("POST", "/preview", Some(json!({"text": "{{#each deal}}"}))).await;
        assert_eq!((status, &told["code"]), (422, &json!("pattern_invalid")), "{told}");
        for body in [json!({"name": "", "text": "x"}), json!({"name": "preview", "text": "x"}), json!({"name": "a", "text": " "})] {
            assert_eq!(town.quick("POST", "", Some(body)).await.0, 400);
        }
        let name = "/%D1%86%D0%B5%D0%BD%D0%B0";
        let (status, changed) = town.quick("PUT", name, Some(json!({"text": "{{contact.name}}, скидка 10%"}))).await;
        assert_eq!((status, &changed["text"]), (200, &json!("{{contact.name}}, скидка 10%")));
        town.client_writes("Сколько?").await;
        let step = town.fires("send_text", json!({"text": "pattern:цена", "expressions": "Y"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["rendered_text"], "Анна, скидка 10%");
        town.replies_with(json!({"away": "pattern:цена"})).await;
        let (status, told) = town.quick("DELETE", name, None).await;
        assert_eq!((status, &told["code"]), (409, &json!("quick_reply_used")), "{told}");
        town.replies_with(json!({})).await;
        assert_eq!(town.quick("DELETE", name, None).await.0, 204);
        assert_eq!(town.quick("PUT", name, Some(json!({"text": "x"}))).await.0, 404);
        assert_eq!(town.api("/quick-replies").await["items"], json!([]));
        town.advance(MINUTE);
    }
}
