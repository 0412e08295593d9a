//! The life of a channel beside its messages: several numbers of one account, two claims on one number, what comes after a removal, a
//! second channel by name, and what keeps a phone from being banned.

use crate::follow_ups::nudge;
use crate::support::story::story;
use crate::support::town::{CLIENT, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::line::{ACCOUNT_NEWS, Line, LineDesk, Vendor};
use serde_json::{Value, json};

impl Town {
    /// Connects an account in the portal of that member id; returns the channel.
    async fn connects(&self, member_id: &str, kind: &str, name: &str, settings: Value) -> Value {
        let path = format!("/api/v1/portals/{member_id}/channels");
        let (status, made) = self.request("POST", &path, Some(json!({"kind": kind, "name": name, "settings": settings}))).await;
        assert_eq!(status, 201, "{made}");
        self.advance(3 * SECOND);
        self.settle().await;
        made
    }

    async fn channel_of(&self, member_id: &str, id: &str) -> Value {
        let (status, channel) = self.request("GET", &format!("/api/v1/portals/{member_id}/channels/{id}"), None).await;
        assert_eq!(status, 200, "{channel}");
        channel
    }

    async fn removes(&self, member_id: &str, id: &str) {
        let (status, told) = self.request("DELETE", &format!("/api/v1/portals/{member_id}/channels/{id}"), None).await;
        assert_eq!(status, 204, "{told}");
        self.advance(3 * SECOND);
        self.settle().await;
    }

    async fn patches(&self, id: &str, change: Value) -> (u16, Value) {
        self.request("PATCH", &format!("/api/v1/portals/{}/channels/{id}", self.portal.member_id()), Some(change)).await
    }

    /// The newest message from a client through a channel.
    async fn last_heard(&self, channel: &str) -> Value {
        let list = self.api(&format!("/messages?direction=in&channel_id={channel}&limit=1")).await;
        list["items"][0].clone()
    }

    async fn client_tells(&self, account: &str, text: &str) {
        self.network.user(CLIENT).to(account).writes(text);
        self.advance(5 * SECOND);
        self.settle().await;
    }
}

fn id(channel: &Value) -> &str {
    channel["id"].as_str().unwrap()
}

fn meta(line: &Line) -> Value {
    json!({"phone_number_id": line.id, "waba_id": line.account, "access_token": line.key, "app_secret": line.secret, "verify_token": "v3rify"})
}

fn green(line: &Line) -> Value {
    json!({"id_instance": line.id, "api_token": line.key, "webhook_token": "hook-token-of-the-stories"})
}

fn waha(town: &Town, line: &Line) -> Value {
    json!({"base_url": town.network.url(), "session": line.id, "api_key": line.key, "hmac_key": "hmac-of-the-stories"})
}

fn line(desk: &LineDesk) -> Line {
    desk.settings().unwrap()
}

story! {
    /// Two numbers of one business account: each hears its own clients, both hear of the account, a stranger's events are kept apart.
    async fn two_numbers_of_one_account_do_not_take_each_others_events(town) {
        let portal = town.portal.member_id().to_owned();
        let templates = [Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов.")];
        let first_line = Line::new(Vendor::Meta, "sales").with_templates(templates.clone());
        let (account, key, secret) = (first_line.account.clone(), first_line.key.clone(), first_line.secret.clone());
        let second_line = Line { account: account.clone(), key, secret, ..Line::new(Vendor::Meta, "support").with_templates(templates) };
        let (sales, support) = (town.network.add_line(first_line), town.network.add_line(second_line));
        let first = town.connects(&portal, "meta", "Продажи", meta(&line(&sales))).await;
        let second = town.connects(&portal, "meta", "Поддержка", meta(&line(&support))).await;
        assert_eq!(line(&sales).hook, first["webhook_url"].as_str().unwrap());
        assert_eq!(line(&support).hook, second["webhook_url"].as_str().unwrap());
        assert_eq!(line(&support).account_hook, first["webhook_url"].as_str().unwrap(), "the account keeps its one address");
        // A day of looks later nothing has changed.
        town.pass(25 * HOUR).await;
        assert_eq!((line(&sales).account_hook, line(&support).hook), (line(&support).account_hook, second["webhook_url"].as_str().unwrap().to_owned()));
        for (account, channel, words) in [("sales", &first, "Хочу купить"), ("support", &second, "Не работает")] {
            town.client_tells(account, words).await;
            assert_eq!(town.last_heard(id(channel)).await["text"], words);
        }
        // Without an override of the number its events come to the account's address.
        support.change(|line| line.hook = String::new());
        town.client_tells("support", "Алло?").await;
        assert_eq!(town.last_heard(id(&second)).await["text"], "Алло?");
        assert_eq!(town.last_heard(id(&first)).await["text"], "Хочу купить");

        let news = json!({"object": "whatsapp_business_account", "entry": [{"id": account, "time": town.now() / 1_000, "changes": [
            {"field": "message_template_status_update", "value": {"event": "PAUSED", "message_template_id": 1, "message_template_name": "order_ready",
             "message_template_language": "ru", "reason": "NONE"}}]}]});
        sales.tells(ACCOUNT_NEWS, news);
        town.settle().await;
        for channel in [&first, &second] {
            let rows = town.api(&format!("/channels/{}/templates?name=order_ready", id(channel))).await;
            assert_eq!(rows["items"][0]["status"], "PAUSED", "{rows}");
        }
        let stranger = json!({"object": "whatsapp_business_account", "entry": [{"id": account, "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp", "metadata": {"display_phone_number": "74950000000", "phone_number_id": "111"},
            "contacts": [{"wa_id": CLIENT, "profile": {"name": "Инна"}}],
            "messages": [{"from": CLIENT, "id": "wamid.STRANGER", "timestamp": (town.now() / 1_000).to_string(), "type": "text", "text": {"body": "?"}}]}}]}]});
        sales.tells("message", stranger);
        town.settle().await;
        let kept = town.api("/inbox?state=unrouted").await;
        assert_eq!(kept["items"].as_array().unwrap().len(), 1, "{kept}");
        // The first number leaves: the account's address moves to the second at its next look.
        town.removes(&portal, id(&first)).await;
        let (status, told) = town.api_post(&format!("/channels/{}/templates/sync", id(&second)), json!({})).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(line(&support).account_hook, second["webhook_url"].as_str().unwrap());
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Two portals connect one number where the provider knows one address: the one connected last has it, the other one says so, and has it
    /// back when the later one leaves. Neither sees the other.
    async fn of_two_portals_with_one_number_the_later_has_it(town) {
        let own = town.portal.member_id().to_owned();
        let other = town.neighbour().await.member_id().to_owned();
        let desk = town.network.add_line(Line::new(Vendor::GreenApi, "phone"));
        let first = town.connects(&own, "green-api", "Телефон", green(&line(&desk))).await;
        assert_eq!(line(&desk).hook, first["webhook_url"].as_str().unwrap());
        let second = town.connects(&other, "green-api", "Тот же телефон", green(&line(&desk))).await;
        assert_eq!(line(&desk).hook, second["webhook_url"].as_str().unwrap());
        town.pass(2 * HOUR).await;
        assert_eq!(line(&desk).hook, second["webhook_url"].as_str().unwrap(), "they do not take it from each other");
        let (mine, theirs) = (town.channel_of(&own, id(&first)).await, town.channel_of(&other, id(&second)).await);
        assert_eq!((&mine["state"], &theirs["state"]), (&json!("limited"), &json!("connected")), "{mine} {theirs}");
        assert!(mine["state_reason"].as_str().unwrap().contains("connected later"), "{mine}");
        town.client_tells("phone", "Кому я пишу?").await;
        assert_eq!(town.last_heard(id(&first)).await, Value::Null);
        let (_, heard) = town.request("GET", &format!("/api/v1/portals/{other}/messages?direction=in"), None).await;
        assert_eq!(heard["items"][0]["text"], "Кому я пишу?", "{heard}");
        town.removes(&other, id(&second)).await;
        town.pass(2 * HOUR).await;
        assert_eq!(line(&desk).hook, first["webhook_url"].as_str().unwrap());
        assert_eq!(town.channel_of(&own, id(&first)).await["state"], "connected");
        town.client_tells("phone", "А теперь?").await;
        assert_eq!(town.last_heard(id(&first)).await["text"], "А теперь?");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A Meta number's health and profile are shown in Meta's words, the profile can be changed; other kinds say that they have none.
    async fn health_and_profile_are_metas_own(town) {
        let portal = town.portal.member_id().to_owned();
        let desk = town.network.add_line(Line::new(Vendor::Meta, "sales"));
        let made = town.connects(&portal, "meta", "Продажи", meta(&line(&desk))).await;
        let shown = town.channel_of(&portal, id(&made)).await;
        assert_eq!((&shown["health"]["quality"], &shown["health"]["throughput"]), (&json!("GREEN"), &json!("STANDARD")), "{shown}");
        assert_eq!((&shown["daily_limit"]["limit"], &shown["daily_limit"]["source"]), (&json!(10_000), &json!("provider")), "{shown}");
        assert_eq!(shown["next_step"], Value::Null, "{shown}");
        desk.change(|line| line.state = "FLAGGED".to_owned());
        let (status, told) = town.api_post(&format!("/channels/{}/templates/sync", id(&made)), json!({})).await;
        assert_eq!(status, 200, "{told}");
        let shown = town.channel_of(&portal, id(&made)).await;
        assert_eq!((&shown["state"], &shown["state_reason"]), (&json!("limited"), &json!("FLAGGED")), "{shown}");
        assert!(shown["next_step"].as_str().unwrap().len() > 40, "{shown}");

        let path = format!("/api/v1/portals/{portal}/channels/{}/profile", id(&made));
        let change = json!({"about": "Отвечаем за час", "websites": ["https://shop.example.org"], "vertical": "RETAIL"});
        let (status, profile) = town.request("PATCH", &path, Some(change)).await;
        assert_eq!((status, &profile["about"], &profile["websites"][0]), (200, &json!("Отвечаем за час"), &json!("https://shop.example.org")), "{profile}");
        let (status, again) = town.request("GET", &path, None).await;
        assert_eq!((status, &again), (200, &profile));
        let (status, told) = town.request("PATCH", &path, Some(json!({"about": "я".repeat(140)}))).await;
        assert_eq!((status, &told["code"], &told["params"]["field"], &told["params"]["reason"]), (422, &json!("setting_invalid"), &json!("about"), &json!("too_long")), "{told}");
        desk.change(|line| line.key = "another".to_owned());
        let (status, told) = town.request("GET", &path, None).await;
        assert_eq!((status, &told["code"], &told["params"]["provider_code"]), (502, &json!("provider_refused"), &json!("190")), "{told}");
        let path = format!("/api/v1/portals/{portal}/channels/{}/profile", town.channel);
        let (status, told) = town.request("GET", &path, None).await;
        assert_eq!((status, &told["code"]), (409, &json!("profile_unsupported")), "{told}");
        let (status, _) = town.request("GET", &format!("/api/v1/portals/{portal}/channels/ch_none/profile"), None).await;
        assert_eq!(status, 404);
    }
}

story! {
    /// A removed channel still hears what becomes of its messages; what clients write goes to the channel that has its number now.
    async fn a_removed_channels_address_still_answers(town) {
        let portal = town.portal.member_id().to_owned();
        let desk = town.network.add_line(Line::new(Vendor::Waha, "old"));
        let first = town.connects(&portal, "waha", "Старый", waha(&town, &line(&desk))).await;
        town.client_tells("old", "Здравствуйте").await;
        town.advance(MINUTE);
        let step = town.fires("send_text", json!({"channel": id(&first), "text": "Заказ готов", "wait_for": "read"})).await;
        town.settle().await;
        town.removes(&portal, id(&first)).await;
        town.network.user(CLIENT).to("old").reads();
        town.settle().await;
        assert_eq!(town.told(step)["status"], "read", "its message is settled all the same");
        town.client_tells("old", "Есть кто?").await;
        assert_eq!(town.last_heard(id(&first)).await["text"], "Есть кто?", "nobody else has the number: kept where it came");
        town.refuses("send_text", json!({"channel": id(&first), "text": "Тук-тук"}), "channel_not_found").await;
        let old_address = line(&desk).hook;
        let second = town.connects(&portal, "waha", "Новый", waha(&town, &line(&desk))).await;
        desk.set_hook(&old_address);
        town.client_tells("old", "Вы вернулись?").await;
        assert_eq!(town.last_heard(id(&second)).await["text"], "Вы вернулись?");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// The second channel is another live one of the portal, by id or by its one name; follow-ups use it as well, each by the rules of the
    /// number that sends.
    async fn a_second_channel_is_checked_and_sends_follow_ups(town) {
        let portal = town.portal.member_id().to_owned();
        let desk = town.network.add_line(Line::new(Vendor::Waha, "phone"));
        let first = town.connects(&portal, "waha", "Телефон", waha(&town, &line(&desk))).await;
        let first = id(&first);
        for (named, reason) in [(first, "own_channel"), ("Телефон", "own_channel"), ("Склад", "no_such_channel")] {
            let (status, told) = town.patches(first, json!({"settings": {"failover": named}})).await;
            assert_eq!((status, &told["code"], &told["params"]["reason"]), (422, &json!("setting_invalid"), &json!(reason)), "{named}: {told}");
            assert!(told["title"].as_str().unwrap().len() > 40, "readable: {told}");
        }
        // Whoever moves a channel to another address has to know its keys: they are never shown, and not sent there unasked.
        let (status, told) = town.patches(first, json!({"settings": {"base_url": "https://gateway.example.org"}})).await;
        assert_eq!((status, &told["code"], &told["params"]["reason"]), (422, &json!("setting_invalid"), &json!("required")), "{told}");
        let (status, told) = town.patches(first, json!({"settings": {"failover": "Магазин"}})).await;
        assert_eq!((status, &told["settings"]["failover"]), (200, &json!(town.channel)), "kept by id: {told}");
        town.settle().await;
        town.client_tells("phone", "Здравствуйте").await;
        town.client_writes("И сюда напишу").await;
        town.advance(MINUTE);
        let told = town.arms(nudge(json!({"channel": first, "stop_on": []}))).await;
        assert_eq!(told["channel_id"], "");
        desk.becomes("FAILED");
        town.settle().await;
        town.pass(70 * MINUTE).await;
        assert_eq!(town.fate(&told).await.0, "sent");
        let sent = town.network.messages_to(CLIENT);
        assert_eq!(sent.len(), 1, "{sent:?}");
        let list = town.api("/messages?direction=out&limit=1").await;
        let (channel, text) = (&list["items"][0]["channel_id"], &list["items"][0]["text"]);
        assert_eq!((channel, text), (&json!(town.channel), &json!("Вы ещё с нами?")), "{list}");
        // The second number's window is closed by now: the first one speaks for itself.
        town.pass(25 * HOUR).await;
        desk.becomes("WORKING");
        town.settle().await;
        let told = town.arms(nudge(json!({"channel": first, "stop_on": []}))).await;
        desk.becomes("FAILED");
        town.settle().await;
        town.pass(70 * MINUTE).await;
        let shown = town.follow_up(&told).await;
        assert_eq!((&shown["state"], &shown["error"]["code"]), (&json!("skipped"), &json!("channel_unavailable")), "{shown}");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A phone behind a gateway writes to few strangers a day while it is new, and to a limited number of people at all; who wrote first is
    /// answered. Nothing is lost: what waits leaves by itself.
    async fn a_new_phone_warms_up(town) {
        let portal = town.portal.member_id().to_owned();
        let desk = town.network.add_line(Line::new(Vendor::Waha, "phone"));
        let mut settings = waha(&town, &line(&desk));
        settings["rate"] = json!("100");
        let made = town.connects(&portal, "waha", "Телефон", settings).await;
        let channel = id(&made);
        town.client_tells("phone", "Здравствуйте").await;
        town.advance(MINUTE);
        let mut steps = Vec::new();
        for number in 0..22 {
            let properties = json!({"channel": channel, "text": "Добрый день", "phone": [format!("+791600001{number:02}")], "wait_for": "accepted", "wait_hours": "48"});
            steps.push(town.fires("send_text", properties).await);
        }
        town.settle().await;
        town.pass(MINUTE).await;
        let waiting: Vec<_> = steps.iter().filter(|step| town.waits(**step)).copied().collect();
        assert_eq!(waiting.len(), 2, "twenty strangers in the first week");
        let held = town.api("/messages?status=held").await;
        assert_eq!(held["items"][0]["error"]["code"], "limit_reached", "{held}");
        let limit = town.channel_of(&portal, channel).await["daily_limit"].clone();
        assert_eq!((&limit["used"], &limit["limit"], &limit["source"]), (&json!(20), &json!(20), &json!("warm_up")), "{limit}");
        let step = town.fires("send_text", json!({"channel": channel, "text": "Слушаем вас", "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "delivered", "who wrote first is no stranger");
        town.pass(DAY + HOUR).await;
        assert!(waiting.iter().all(|step| town.told(*step)["ok"] == "Y"), "they left by themselves");

        let (status, told) = town.patches(channel, json!({"settings": {"daily_cap": "3", "warm_up": "off"}})).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(town.channel_of(&portal, channel).await["daily_limit"]["limit"], 200);
        let mut steps = Vec::new();
        for words in ["раз", "два"] {
            steps.push(town.fires("send_text", json!({"channel": channel, "text": words})).await);
            town.settle().await;
            town.advance(10 * SECOND);
        }
        assert_eq!(town.told(steps[0])["ok"], "Y");
        assert!(town.waits(steps[1]), "the day's messages are used up: two of the strangers and one");
        let (status, told) = town.patches(channel, json!({"settings": {"on_limit": "refuse"}})).await;
        assert_eq!(status, 200, "{told}");
        town.pass(MINUTE).await;
        let refused = town.told(steps[1]);
        assert_eq!((&refused["status"], &refused["error_code"]), (&json!("failed"), &json!("limit_reached")), "{refused:?}");
        assert!(refused["error_text"].as_str().unwrap().contains('3'), "{refused:?}");
        town.nothing_twice_nothing_lost().await;
    }
}
