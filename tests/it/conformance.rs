//! One table over every provider: the same story at each of them, through the binary's own surface and a simulator as strict as the vendor.

use crate::support::story::story;
use crate::support::town::{APP, CLIENT, Town, http, send};
use courier24::domain::clock::{MINUTE, SECOND};
use courier24::domain::content::{
    Button, ButtonsContent, Card, CardName, CardPhone, Content, LinkContent, ListContent, MediaContent, MediaKind, MediaRef, Place, Row,
    Section,
};
use courier24::domain::identity::Identity;
use courier24::domain::outcome::SendOutcome;
use courier24::flow::channel;
use courier24::outbound::Peer;
use courier24::provider::{Outgoing, registry};
use courier24::sim::whatsapp::fault::{EventAction, Fault, FaultRule};
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::inbound::Inbound;
use courier24::sim::whatsapp::line::{Line, Vendor};
use serde_json::{Value, json};

/// One provider of the table.
pub(crate) struct Seat {
    pub(crate) kind: &'static str,
    vendor: Option<Vendor>,
    /// Part of the path of a plain send.
    path: &'static str,
    /// The secret setting that proves us.
    key: &'static str,
    /// The vendor's own words for "too many" and "try again".
    busy: &'static str,
    broken: &'static str,
}

const GUPSHUP: Seat = Seat {
    kind: "gupshup",
    vendor: None,
    path: "/msg",
    key: "api_key",
    busy: r#"{"status":"error","message":"Too Many Requests"}"#,
    broken: r#"{"status":"error","message":"Internal Server Error"}"#,
};

pub(crate) const TABLE: [Seat; 5] = [
    GUPSHUP,
    Seat {
        kind: "meta",
        vendor: Some(Vendor::Meta),
        path: "/messages",
        key: "access_token",
        busy: r#"{"error":{"code":130429,"message":"(#130429) Rate limit hit","type":"OAuthException"}}"#,
        broken: r#"{"error":{"code":131000,"message":"(#131000) Something went wrong","type":"OAuthException"}}"#,
    },
    Seat {
        kind: "twilio",
        vendor: Some(Vendor::Twilio),
        path: "/Messages.json",
        key: "auth_token",
        busy: r#"{"code":20429,"message":"Too Many Requests","status":429}"#,
        broken: r#"{"code":20500,"message":"Internal Server Error","status":500}"#,
    },
    Seat {
        kind: "green-api",
        vendor: Some(Vendor::GreenApi),
        path: "/sendMessage/",
        key: "api_token",
        busy: r#"{"statusCode":429,"message":"Too Many Requests"}"#,
        broken: r#"{"statusCode":500,"message":"Internal server error"}"#,
    },
    Seat {
        kind: "waha",
        vendor: Some(Vendor::Waha),
        path: "/api/sendText",
        key: "api_key",
        busy: r#"{"statusCode":429,"message":"Too Many Requests"}"#,
        broken: r#"{"statusCode":500,"message":"Internal server error","exception":{"message":"page crashed"}}"#,
    },
];

impl Seat {
    /// The account's name in the network.
    fn account(&self) -> &'static str {
        if self.vendor.is_some() { self.kind } else { APP }
    }

    /// Connects the account as an administrator does; returns the channel's id.
    pub(crate) async fn connect(&self, town: &mut Town) -> String {
        let Some(vendor) = self.vendor else { return town.channel.clone() };
        let templates = [Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов.")];
        let mut line = Line::new(vendor, self.kind);
        if matches!(vendor, Vendor::Meta | Vendor::Twilio) {
            line = line.with_templates(templates);
        }
        let settings = match vendor {
            Vendor::Meta => {
                json!({"phone_number_id": line.id, "waba_id": line.account, "access_token": line.key, "app_secret": line.secret, "verify_token": "v3rify"})
            }
            Vendor::Twilio => json!({"account_sid": line.id, "auth_token": line.key, "sender": format!("whatsapp:+{}", line.phone)}),
            Vendor::GreenApi => json!({"id_instance": line.id, "api_token": line.key, "webhook_token": "hook-token-of-the-stories"}),
            Vendor::Waha => {
                json!({"base_url": town.network.url(), "session": line.id, "api_key": line.key, "hmac_key": "hmac-of-the-stories"})
            }
        };
        let desk = town.network.add_line(line);
        let (status, made) = town.api_post("/channels", json!({"kind": self.kind, "name": self.kind, "settings": settings})).await;
        assert_eq!(status, 201, "{}: {made}", self.kind);
        let url = made["webhook_url"].as_str().unwrap();
        assert!(url.contains(&format!("/hooks/{}/", self.kind)), "{url}");
        if vendor == Vendor::Twilio {
            desk.set_hook(url);
        }
        town.advance(3_000);
        town.settle().await;
        assert_eq!(desk.settings().unwrap().hook, url, "{}: registered at the provider", self.kind);
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(self.state(town, &id).await, "connected", "{}", self.kind);
        id
    }

    async fn channel(&self, town: &Town, id: &str) -> Value {
        town.api(&format!("/channels/{id}")).await
    }

    async fn state(&self, town: &Town, id: &str) -> String {
        self.channel(town, id).await["state"].as_str().unwrap().to_owned()
    }

    /// The client writes to this account.
    pub(crate) async fn client_writes(&self, town: &Town, text: &str) {
        town.network.user(CLIENT).to(self.account()).writes(text);
        town.advance(5_000);
        town.settle().await;
    }

    /// How often the provider was asked to send.
    fn asked(&self, town: &Town) -> usize {
        town.network.requests().iter().filter(|request| request.method == "POST" && request.path.contains(self.path)).count()
    }

    /// Messages that the network took for the client through this account.
    pub(crate) fn taken(&self, town: &Town) -> Vec<courier24::sim::whatsapp::Message> {
        town.network.messages_to(CLIENT).into_iter().filter(|message| message.account == self.account()).collect()
    }

    fn next(&self, town: &Town, fault: Fault) {
        town.network.fault(FaultRule { path: self.path.to_owned(), times: 1, skip: 0, fault });
    }

    /// Part of the path of a look at the session.
    fn pairing_path(&self) -> &'static str {
        if self.kind == "waha" { "/sessions/" } else { "/getWaSettings/" }
    }

    /// Part of the path of a number check.
    fn check_path(&self) -> &'static str {
        if self.kind == "waha" { "/check-exists" } else { "/checkWhatsapp/" }
    }

    fn answers(&self, status: u16, body: &str) -> Fault {
        Fault::Answer { status, headers: Vec::new(), body: body.to_owned(), content_type: "application/json".to_owned() }
    }
}

/// A free text through one channel; time passes, so that no pace of one story slows the next.
async fn text(town: &Town, channel: &str, words: &str, more: Value) -> courier24::sim::portal::StepId {
    town.advance(MINUTE);
    let mut properties = json!({"channel": channel, "text": words});
    properties.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let step = town.fires("send_text", properties).await;
    town.settle().await;
    step
}

story! {
    /// Text there and back: delivered, read, answered; a webhook told twice or before our own commit changes nothing.
    async fn text_goes_there_and_back(town) {
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            seat.client_writes(&town, "Здравствуйте").await;
            let inbound = town.api(&format!("/messages?direction=in&channel_id={channel}")).await;
            assert_eq!(inbound["items"][0]["text"], "Здравствуйте", "{}: {inbound}", seat.kind);
            assert_eq!(inbound["items"][0]["identity"]["phone"], CLIENT, "{}", seat.kind);
            town.network.event_fault("", 20, EventAction::Duplicate { copies: 1 });
            let step = text(&town, &channel, "Заказ готов 🙂", json!({"wait_for": "read"})).await;
            assert!(town.waits(step), "{}: not read yet", seat.kind);
            town.network.user(CLIENT).to(seat.account()).reads();
            town.settle().await;
            assert_eq!(town.told(step)["status"], "read", "{}", seat.kind);
            town.network.clear_faults();
            seat.next(&town, Fault::EventsFirst);
            let step = text(&town, &channel, "Ждём вас", json!({"wait_for": "delivered"})).await;
            town.advance(2 * SECOND);
            town.settle().await;
            assert_eq!(town.told(step)["status"], "delivered", "{}: the webhook came before our commit", seat.kind);
            assert_eq!(seat.taken(&town).len(), 2, "{}", seat.kind);
            assert_eq!(seat.taken(&town)[0].text, "Заказ готов 🙂", "{}", seat.kind);
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Templates of both shapes; a kind without templates says so.
    async fn templates_go_where_there_are_some(town) {
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            let official = registry::find(seat.kind).unwrap().capabilities().official;
            town.advance(MINUTE);
            let properties = json!({"channel": channel, "template": "order_ready:ru", "params": ["Анна", "118"], "wait_for": "delivered"});
            let step = town.fires("send_template", properties).await;
            town.settle().await;
            let told = town.told(step);
            if official {
                assert_eq!(told["status"], "delivered", "{}: {told:?}", seat.kind);
                assert!(seat.taken(&town)[0].text.contains("Здравствуйте, Анна! Заказ 118 готов."), "{}", seat.kind);
            } else {
                assert_eq!(told["ok"], "N", "{}: {told:?}", seat.kind);
                let (status, problem) = town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
                assert_eq!((status, &problem["code"]), (409, &json!("templates_unsupported")), "{}", seat.kind);
            }
        }
    }
}

story! {
    /// What certainly was not sent is sent again, once; what nobody knows is never sent again.
    async fn faults_end_the_same_everywhere(town) {
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            seat.client_writes(&town, "Здравствуйте").await;
            for (number, fault) in [seat.answers(429, seat.busy), seat.answers(500, seat.broken), Fault::CloseBeforeReading].into_iter().enumerate() {
                let word = fault.word();
                if fault == Fault::CloseBeforeReading && seat.vendor.is_none() {
                    continue;
                }
                let certain = fault != Fault::CloseBeforeReading;
                let before = seat.taken(&town).len();
                seat.next(&town, fault);
                let step = text(&town, &channel, &format!("Повтор {number}"), json!({})).await;
                town.pass(2 * MINUTE).await;
                if certain {
                    assert_eq!(town.told(step)["ok"], "Y", "{} {word}", seat.kind);
                    assert_eq!(seat.taken(&town).len(), before + 1, "{} {word}: once", seat.kind);
                } else {
                    assert_eq!(seat.taken(&town).len(), before, "{} {word}", seat.kind);
                }
            }
            for (number, fault) in [Fault::Hang, Fault::CloseAfterReading, Fault::bad_gateway(), Fault::AcceptThenCut].into_iter().enumerate() {
                let word = fault.word();
                let (asked, taken) = (seat.asked(&town), seat.taken(&town).len());
                let accepted = usize::from(fault == Fault::AcceptThenCut);
                seat.next(&town, fault);
                if accepted == 1 {
                    town.network.event_fault("", 20, EventAction::Drop);
                }
                let step = text(&town, &channel, &format!("Неизвестно {number}"), json!({})).await;
                town.network.clear_faults();
                town.pass(10 * MINUTE).await;
                let told = town.told(step);
                assert_eq!((&told["status"], &told["error_code"]), (&json!("unknown"), &json!("unknown_outcome")), "{} {word}: {told:?}", seat.kind);
                assert_eq!((seat.asked(&town), seat.taken(&town).len()), (asked + 1, taken + accepted), "{} {word}: never again", seat.kind);
            }
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A key that no longer works stops the channel and holds the message; a new one lets it go.
    async fn a_wrong_key_holds_until_there_is_a_right_one(town) {
        for seat in TABLE.into_iter().filter(|seat| seat.vendor.is_some()) {
            let channel = seat.connect(&mut town).await;
            seat.client_writes(&town, "Здравствуйте").await;
            town.network.line(seat.kind).change(|line| line.key = "rotated-0123456789".to_owned());
            let step = text(&town, &channel, "Счёт", json!({"wait_for": "delivered"})).await;
            assert_eq!(seat.state(&town, &channel).await, "auth_failed", "{}", seat.kind);
            assert!(town.waits(step) && seat.taken(&town).is_empty(), "{}", seat.kind);
            let path = format!("/api/v1/portals/{}/channels/{channel}", town.portal.member_id());
            let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {seat.key: "rotated-0123456789"}}))).await;
            assert_eq!(status, 200, "{told}");
            town.pass(MINUTE).await;
            assert_eq!(town.told(step)["status"], "delivered", "{}", seat.kind);
            assert_eq!(seat.state(&town, &channel).await, "connected", "{}", seat.kind);
            assert_eq!(seat.taken(&town).len(), 1, "{}", seat.kind);
        }
    }
}

story! {
    /// Forged webhooks are refused; what nobody knows is kept and answered.
    async fn forgeries_are_refused_and_strange_events_kept(town) {
        for seat in TABLE.into_iter().filter(|seat| seat.vendor.is_some()) {
            let channel = seat.connect(&mut town).await;
            let url = seat.channel(&town, &channel).await["webhook_url"].as_str().unwrap().to_owned();
            let forged = send(http().post(&url).json(&json!({"event": "message", "typeWebhook": "x"}))).await;
            assert_eq!(forged.status().as_u16(), 403, "{}", seat.kind);
            let wrong = send(http().post(format!("{}0", &url[..url.len() - 1])).json(&json!({}))).await;
            assert!([403, 404].contains(&wrong.status().as_u16()), "{}", seat.kind);
            let strange = match seat.vendor.unwrap() {
                Vendor::Meta => json!({"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": [{"field": "telepathy", "value": {}}]}]}),
                Vendor::Twilio => json!({"Level": "WARNING", "Payload": "x"}),
                Vendor::GreenApi => json!({"typeWebhook": "telepathy", "instanceData": {}}),
                Vendor::Waha => json!({"event": "telepathy", "session": "default", "payload": {}}),
            };
            let kept = || async { town.api(&format!("/inbox?label=other&channel_id={channel}")).await["items"].as_array().unwrap().len() };
            let before = kept().await;
            town.network.line(seat.kind).tells("telepathy", strange);
            town.settle().await;
            let last = town.network.deliveries().into_iter().rev().find(|told| told.event == "telepathy" && told.account == seat.kind).unwrap();
            assert_eq!(last.status, Some(200), "{}", seat.kind);
            assert_eq!(kept().await, before + 1, "{}: kept", seat.kind);
        }
        let (status, _) = town.request("GET", "/hooks/meta/ch_none/secret", None).await;
        assert_eq!(status, 404);
    }
}

fn samples() -> Vec<Content> {
    let media = |kind: MediaKind| {
        let link = "https://cdn.example.org/file".to_owned();
        MediaContent {
            media: MediaRef { media_kind: kind, link, file_name: Some("file.pdf".to_owned()), mime: None, size_bytes: None },
            caption: None,
        }
    };
    let row = |id: &str| Row { id: id.to_owned(), title: format!("Склад {id}"), description: Some("ул. А".to_owned()) };
    let card = Card {
        name: CardName { formatted: "Инна Ким".to_owned(), first: Some("Инна".to_owned()), ..CardName::default() },
        phones: vec![CardPhone { phone: "+7 916 000-00-02".to_owned(), kind: "WORK".to_owned(), wa_id: Some("79160000002".to_owned()) }],
        ..Card::default()
    };
    let kinds = [MediaKind::Image, MediaKind::Video, MediaKind::Audio, MediaKind::Voice, MediaKind::Document, MediaKind::Sticker];
    let mut all: Vec<Content> = kinds.into_iter().map(|kind| Content::of_media(media(kind))).collect();
    let section = |rows: Vec<Row>| Section { title: Some("Центр".to_owned()), rows };
    all.extend([
        Content::Text { body: "Привет".to_owned(), preview_link: true },
        Content::Buttons(ButtonsContent {
            header: None,
            body: "Удобно?".to_owned(),
            footer: None,
            buttons: vec![Button { id: "y".to_owned(), title: "Да".to_owned() }],
        }),
        Content::List(ListContent {
            header: None,
            body: "Куда?".to_owned(),
            footer: None,
            button: "Открыть".to_owned(),
            sections: vec![section(vec![row("1"), row("2")])],
        }),
        Content::CtaUrl(LinkContent {
            header: None,
            body: "Счёт".to_owned(),
            footer: None,
            title: "Оплатить".to_owned(),
            url: "https://example.org/pay".to_owned(),
        }),
        Content::Location(Place { latitude: 55.75, longitude: 37.61, name: Some("Склад".to_owned()), address: None }),
        Content::LocationRequest { body: "Где вы?".to_owned() },
        Content::Contacts { cards: vec![card] },
        Content::Reaction { to_message_id: "wamid.X".to_owned(), emoji: "👍".to_owned() },
    ]);
    all
}

story! {
    /// Every kind that a channel says it can send is taken by its strict vendor; every other one is refused before the wire.
    async fn every_promised_kind_is_taken(town) {
        for seat in TABLE.into_iter().filter(|seat| seat.vendor.is_some()) {
            let id = seat.connect(&mut town).await;
            let loaded = channel::load(town.ctx(), town.portal.member_id(), &id).await.unwrap().unwrap();
            let promised = loaded.provider.capabilities().kinds;
            for content in samples() {
                let kind = content.kind();
                let message = Outgoing { message_id: format!("msg_{kind}"), to: Identity::phone(CLIENT), content };
                let built = loaded.provider.build_send(&loaded.config, &message);
                if !promised.contains(&kind) {
                    assert!(built.is_err(), "{} {kind}: not promised", seat.kind);
                    continue;
                }
                let answer = town.ctx().outbound.send("test.kind", Peer::Provider, built.unwrap()).await.unwrap();
                let outcome = loaded.provider.read_send(&answer);
                let words = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{} {kind}: {} {words}", seat.kind, answer.status);
            }
        }
        let (status, kinds) = town.request("GET", "/api/v1/channel-kinds", None).await;
        assert_eq!(status, 200);
        for seat in TABLE {
            let shown = kinds["items"].as_array().unwrap().iter().find(|item| item["kind"] == seat.kind).unwrap_or_else(|| panic!("{kinds}"));
            assert!(shown["connect_steps"].as_array().unwrap().len() >= 3 && !shown["settings"].as_array().unwrap().is_empty(), "{shown}");
            assert!(shown["capabilities"]["kinds"].as_array().unwrap().contains(&json!("text")), "{shown}");
        }
    }
}

story! {
    /// A gateway that is logged out, limited or paired to another phone stops sending and says so; back again, it sends what waited.
    async fn a_gateways_session_rules_the_channel(town) {
        for (seat, lost, back) in [(&TABLE[3], "notAuthorized", "authorized"), (&TABLE[4], "FAILED", "WORKING")] {
            let channel = seat.connect(&mut town).await;
            let desk = town.network.line(seat.kind);
            desk.becomes(lost);
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "disconnected", "{}", seat.kind);
            town.advance(1);
            town.refuses("send_text", json!({"channel": channel, "text": "Есть кто?"}), "channel_unavailable").await;
            desk.becomes(back);
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "connected", "{}", seat.kind);
            desk.change(|line| line.phone = "74950000009".to_owned());
            desk.becomes(back);
            town.settle().await;
            let shown = seat.channel(&town, &channel).await;
            assert_eq!(shown["state"], "disconnected", "{}: another phone: {shown}", seat.kind);
            let path = format!("/api/v1/portals/{}/channels/{channel}", town.portal.member_id());
            let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {"phone": "74950000009"}}))).await;
            assert_eq!(status, 200, "{told}");
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "connected", "{}: a person agreed", seat.kind);
        }
        let green = &TABLE[3];
        let list = town.api("/channels").await;
        let channel = list["items"].as_array().unwrap().iter().find(|item| item["kind"] == "green-api").unwrap()["id"].as_str().unwrap().to_owned();
        town.network.line("green-api").becomes("yellowCard");
        town.settle().await;
        assert_eq!(green.state(&town, &channel).await, "paused");
        let step = text(&town, &channel, "Подождём", json!({"wait_for": "delivered"})).await;
        assert!(town.waits(step) && green.taken(&town).is_empty(), "nothing leaves under a yellow card");
        town.network.line("green-api").becomes("authorized");
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["status"], "delivered");
    }
}

/// The newest message from the client through a channel.
async fn heard(town: &Town, channel: &str) -> Value {
    let list = town.api(&format!("/messages?direction=in&channel_id={channel}&limit=1")).await;
    list["items"][0].clone()
}

story! {
    /// What people send is read as what it is, at every provider; a strange kind is kept, never an error.
    async fn every_kind_of_answer_is_read(town) {
        for seat in TABLE.into_iter().filter(|seat| seat.vendor.is_some()) {
            let channel = seat.connect(&mut town).await;
            seat.client_writes(&town, "Здравствуйте").await;
            text(&town, &channel, "Ждём вас", json!({})).await;
            let ours = seat.taken(&town)[0].wamid.clone();
            let client = || town.network.user(CLIENT).to(seat.account());
            let kinds = [
                (Inbound::Location { latitude: 55.75, longitude: 37.61, name: Some("Склад".to_owned()), address: None }, None, "location"),
                (Inbound::Contact { name: "Инна Ким".to_owned(), phone: "79160000002".to_owned() }, None, "contacts"),
                (Inbound::Reaction { emoji: "👍".to_owned(), to: ours.clone() }, None, "reaction"),
                (Inbound::Text { text: "Буду".to_owned() }, Some(ours.as_str()), "text"),
            ];
            for (sent, context, kind) in kinds {
                client().sends(sent, context);
                town.advance(5 * SECOND);
                town.settle().await;
                let message = heard(&town, &channel).await;
                assert_eq!((&message["kind"], &message["identity"]["phone"]), (&json!(kind), &json!(CLIENT)), "{}: {message}", seat.kind);
                match kind {
                    "location" => assert_eq!((&message["location"]["latitude"], &message["location"]["name"]), (&json!(55.75), &json!("Склад")), "{}", seat.kind),
                    "reaction" => assert_eq!(message["reaction"]["emoji"], "👍", "{}: {message}", seat.kind),
                    "text" => assert!(!message["reply"]["to_message_id"].is_null(), "{}: a quote names the message: {message}", seat.kind),
                    _ => {}
                }
            }
            client().sends(Inbound::Unknown { type_word: "hologram".to_owned(), payload: json!({"beam": 1}) }, None);
            town.advance(5 * SECOND);
            town.settle().await;
            let rows = town.api(&format!("/inbox?channel_id={channel}&limit=100")).await;
            assert!(rows["items"].as_array().unwrap().iter().all(|row| row["state"] == "done"), "{}: {rows}", seat.kind);
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Where the channel's owner wants it and the provider can, clients see that they were read; a provider that cannot has no such setting.
    async fn clients_see_that_they_were_read(town) {
        for seat in TABLE.into_iter().filter(|seat| seat.vendor.is_some()) {
            let channel = seat.connect(&mut town).await;
            let desk = town.network.line(seat.kind);
            seat.client_writes(&town, "Здравствуйте").await;
            assert!(desk.read_marks().is_empty(), "{}: off unless wanted", seat.kind);
            let path = format!("/api/v1/portals/{}/channels/{channel}", town.portal.member_id());
            let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {"mark_read": "read"}}))).await;
            if !registry::find(seat.kind).unwrap().capabilities().marks_read {
                assert_eq!((status, &told["params"]["reason"]), (422, &json!("unknown_field")), "{}: {told}", seat.kind);
                continue;
            }
            assert_eq!(status, 200, "{told}");
            seat.client_writes(&town, "Есть кто?").await;
            assert_eq!(desk.read_marks().len(), 1, "{}", seat.kind);
            let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {"mark_read": "typing"}}))).await;
            if registry::find(seat.kind).unwrap().capabilities().typing {
                seat.client_writes(&town, "Алло").await;
                assert_eq!(desk.read_marks().len(), 2, "{}", seat.kind);
                let last = town.network.requests().into_iter().rev().find(|request| request.path.contains(seat.path)).unwrap();
                assert_eq!(last.body["typing_indicator"]["type"], "text", "{}: {}", seat.kind, last.body);
            } else {
                assert_eq!((status, &told["params"]["reason"]), (422, &json!("unknown_choice")), "{}: {told}", seat.kind);
            }
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Clients' files are copied in each provider's own way: by id, behind its key, or asked for first.
    async fn clients_files_are_kept(town) {
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            for (media, kind) in [("image", "image"), ("file", "document")] {
                let file = Inbound::Media { media: media.to_owned(), caption: Some("Смотрите".to_owned()), name: Some("act.pdf".to_owned()), voice: false };
                town.network.user(CLIENT).to(seat.account()).sends(file, None);
                town.advance(5 * SECOND);
                town.settle().await;
                let message = heard(&town, &channel).await;
                assert_eq!((&message["kind"], &message["caption"]), (&json!(kind), &json!("Смотрите")), "{}: {message}", seat.kind);
                let url = message["media"]["url"].as_str().unwrap_or_else(|| panic!("{}: {message}", seat.kind));
                assert!(url.starts_with(&town.url("/media/")), "{}: {url}", seat.kind);
                let answer = send(http().get(url)).await;
                assert_eq!(answer.status().as_u16(), 200, "{}", seat.kind);
                assert_eq!(Some(i64::try_from(answer.bytes().await.unwrap().len()).unwrap()), message["media"]["size"].as_i64(), "{}", seat.kind);
            }
        }
    }
}

story! {
    /// A phone is linked by scanning or typing a code; how far it is can be asked at any moment. The channel sends when the phone is there.
    async fn a_phone_is_linked_by_a_code(town) {
        for (seat, lost, shown, scanned, linked) in [
            (&TABLE[3], "notAuthorized", "notAuthorized", "starting", "authorized"),
            (&TABLE[4], "FAILED", "SCAN_QR_CODE", "STARTING", "WORKING"),
        ] {
            let channel = seat.connect(&mut town).await;
            let desk = town.network.line(seat.kind);
            desk.becomes(lost);
            town.settle().await;
            let path = format!("/channels/{channel}/pairing");
            let (status, begun) = town.api_post(&path, json!({})).await;
            assert_eq!((status, &begun["state"]), (200, &json!("waiting")), "{}: {begun}", seat.kind);
            assert!(begun["qr"].as_str().unwrap().starts_with("data:image/png;base64,"), "{}: {begun}", seat.kind);
            assert_eq!(desk.settings().unwrap().state, shown, "{}", seat.kind);
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "pairing", "{}", seat.kind);
            let (status, typed) = town.api_post(&path, json!({"phone": "+7 916 000-00-77"})).await;
            assert_eq!((status, typed["code"].as_str().map(|code| code.len() >= 8)), (200, Some(true)), "{}: {typed}", seat.kind);
            let (status, wrong) = town.api_post(&path, json!({"phone": "семь"})).await;
            assert_eq!((status, &wrong["code"]), (422, &json!("setting_invalid")), "{}", seat.kind);
            assert_eq!(town.api(&path).await["state"], "waiting", "{}", seat.kind);
            desk.becomes(scanned);
            assert_eq!(town.api(&path).await["state"], "scanned", "{}", seat.kind);
            desk.becomes(linked);
            let done = town.api(&path).await;
            assert_eq!((&done["state"], &done["qr"], &done["phone"]), (&json!("connected"), &Value::Null, &json!(desk.settings().unwrap().phone)), "{}: {done}", seat.kind);
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "connected", "{}", seat.kind);
            let step = text(&town, &channel, "Мы снова на связи", json!({"wait_for": "delivered"})).await;
            assert_eq!(town.told(step)["status"], "delivered", "{}", seat.kind);
            let whole = format!("/api/v1/portals/{}{path}", town.portal.member_id());
            let (status, ended) = town.request("DELETE", &whole, None).await;
            assert_eq!((status, &ended["state"]), (200, &json!("expired")), "{}: {ended}", seat.kind);
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "disconnected", "{}", seat.kind);
            town.network.fault_next(seat.pairing_path(), seat.answers(401, ""));
            let (status, refused) = town.request("GET", &whole, None).await;
            assert_eq!((status, &refused["code"]), (502, &json!("provider_refused")), "{}: {refused}", seat.kind);
        }
        let (status, refused) = town.api_post(&format!("/channels/{}/pairing", town.channel), json!({})).await;
        assert_eq!((status, &refused["code"]), (409, &json!("pairing_unsupported")));
        let (status, _) = town.api_post("/channels/ch_none/pairing", json!({})).await;
        assert_eq!(status, 404);
    }
}

story! {
    /// Whether a number is on WhatsApp is asked where the provider can say, once; the plan's end is told and asked again later.
    async fn numbers_are_checked_where_the_provider_can(town) {
        town.network.user("79160000044").not_on_whatsapp();
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            let ask = |phone: &str| json!({"channel": channel, "phone": [phone]});
            let asked = || town.network.requests().iter().filter(|request| request.path.contains(seat.check_path())).count();
            let fired = async |properties: Value| {
                town.advance(MINUTE);
                let step = town.fires("check_number", properties).await;
                town.settle().await;
                town.told(step)
            };
            let yes = fired(ask("+79160000001")).await;
            if registry::find(seat.kind).unwrap().capabilities().number_checks.is_none() {
                assert_eq!((&yes["exists"], &yes["error_code"]), (&json!("E"), &json!("unsupported_by_channel")), "{}: {yes:?}", seat.kind);
                continue;
            }
            assert_eq!((&yes["exists"], &yes["recipient"]), (&json!("Y"), &json!("79160000001@c.us")), "{}: {yes:?}", seat.kind);
            let no = fired(ask("+79160000044")).await;
            assert_eq!((&no["exists"], &no["recipient"]), (&json!("N"), &json!("")), "{}: {no:?}", seat.kind);
            assert_eq!(asked(), 2, "{}", seat.kind);
            fired(ask("+79160000001")).await;
            assert_eq!(asked(), 2, "{}: known for a month", seat.kind);
            town.network.fault_next(seat.check_path(), seat.answers(466, r#"{"invokeStatus":{"method":"checkwhatsapp","used":100,"total":100,"status":"QUOTE_EXCEEDED","description":"Monthly quota has been exceeded"}}"#));
            let spent = fired(ask("+79160000055")).await;
            assert_eq!((&spent["exists"], &spent["error_code"]), (&json!("E"), &json!("provider_rejected")), "{}: {spent:?}", seat.kind);
            assert_eq!(seat.state(&town, &channel).await, "connected", "{}: checks are not messages", seat.kind);
            let later = fired(ask("+79160000055")).await;
            assert_eq!(later["exists"], "Y", "{}: a refusal is not remembered", seat.kind);
        }
    }
}

story! {
    /// A gateway's groups: written to by id, heard apart from the conversation with each of their people. Elsewhere a group is refused.
    async fn groups_are_kept_apart(town) {
        const GROUP: &str = "120363000000000001";
        for seat in TABLE {
            let channel = seat.connect(&mut town).await;
            let to_group = json!({"channel": channel, "text": "Всем привет", "phone": [format!("group:{GROUP}")], "wait_for": "delivered"});
            if !registry::find(seat.kind).unwrap().capabilities().groups {
                town.advance(MINUTE);
                town.refuses("send_text", to_group, "unsupported_by_channel").await;
                continue;
            }
            town.advance(MINUTE);
            let step = town.fires("send_text", to_group).await;
            town.settle().await;
            assert_eq!(town.told(step)["status"], "delivered", "{}", seat.kind);
            let taken = town.network.messages_to(&format!("{GROUP}@g.us"));
            assert_eq!(taken.iter().filter(|message| message.account == seat.account()).count(), 1, "{}", seat.kind);
            let line = town.network.line(seat.kind).settings().unwrap();
            let said = match seat.vendor.unwrap() {
                Vendor::GreenApi => json!({"typeWebhook": "incomingMessageReceived", "timestamp": town.now() / 1_000, "idMessage": "3EB0AA01",
                    "instanceData": {"idInstance": line.id.parse::<u64>().unwrap(), "wid": format!("{}@c.us", line.phone), "typeInstance": "whatsapp"},
                    "senderData": {"chatId": format!("{GROUP}@g.us"), "chatName": "Опт Тверь", "sender": format!("{CLIENT}@c.us"), "senderName": "Инна"},
                    "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Есть замена?"}}}),
                _ => json!({"event": "message", "session": line.id, "engine": "NOWEB", "payload": {"id": format!("false_{GROUP}@g.us_3EB0AA01_{CLIENT}@c.us"),
                    "timestamp": town.now() / 1_000, "from": format!("{GROUP}@g.us"), "fromMe": false, "to": format!("{}@c.us", line.phone),
                    "participant": format!("{CLIENT}@c.us"), "body": "Есть замена?", "hasMedia": false, "vCards": [], "replyTo": null}}),
            };
            town.network.line(seat.kind).tells("message", said);
            town.settle().await;
            let message = heard(&town, &channel).await;
            assert_eq!((&message["text"], &message["identity"]["group"]), (&json!("Есть замена?"), &json!(GROUP)), "{}: {message}", seat.kind);
            seat.client_writes(&town, "А это лично").await;
            let personal = heard(&town, &channel).await;
            assert_eq!(personal["identity"]["group"], Value::Null, "{}: {personal}", seat.kind);
            let talks = town.api(&format!("/conversations?channel={channel}&limit=100")).await;
            assert_eq!(talks["items"].as_array().unwrap().len(), 2, "{}: the group and the person: {talks}", seat.kind);
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A second channel stands in for one that cannot send: by the rules of its own number, only for new messages, and never past a person's pause.
    async fn a_second_channel_stands_in(town) {
        let seat = &TABLE[4];
        let first = seat.connect(&mut town).await;
        let patch = async |settings: Value| {
            let path = format!("/api/v1/portals/{}/channels/{first}", town.portal.member_id());
            let (status, told) = town.request("PATCH", &path, Some(settings)).await;
            assert_eq!(status, 200, "{told}");
            town.settle().await;
        };
        patch(json!({"settings": {"failover": town.channel.clone()}})).await;
        town.network.user(CLIENT).writes("Здравствуйте");
        town.advance(5 * SECOND);
        town.settle().await;
        text(&town, &first, "Первым", json!({})).await;
        assert_eq!(seat.taken(&town).len(), 1, "it works, nothing stands in");
        town.network.line(seat.kind).becomes("FAILED");
        town.settle().await;
        let step = text(&town, &first, "Вторым", json!({"wait_for": "delivered"})).await;
        let told = town.told(step);
        assert_eq!((&told["status"], &told["channel_id"]), (&json!("delivered"), &json!(town.channel)), "{told:?}");
        let call = town.last_call().await;
        assert_eq!((&call["decision"]["channel"]["id"], &call["decision"]["channel"]["instead_of"]), (&json!(town.channel), &json!(first)), "{call}");
        let message = town.api(&format!("/messages/{}", call["message_id"].as_str().unwrap())).await;
        assert_eq!(message["channel_id"], json!(town.channel), "the message names the channel that sent it");
        // The second number has a window of its own.
        town.advance(25 * 60 * MINUTE);
        town.settle().await;
        town.refuses("send_text", json!({"channel": first.clone(), "text": "Завтра"}), "window_closed").await;
        town.network.line(seat.kind).becomes("WORKING");
        town.settle().await;
        patch(json!({"paused": true})).await;
        let held = text(&town, &first, "Подождём", json!({"wait_for": "delivered"})).await;
        assert!(town.waits(held), "a person's pause holds");
        patch(json!({"paused": false})).await;
        town.pass(2 * MINUTE).await;
        assert_eq!(town.told(held)["status"], "delivered");
        assert_eq!(seat.taken(&town).len(), 2);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A provider that is out of order for an hour: its channel rests, one message at a time asks whether it is back, and none is lost. New
    /// messages leave through the second channel, where one is named.
    async fn an_outage_holds_the_queue(town) {
        let seat = &TABLE[4];
        let channel = seat.connect(&mut town).await;
        let people: Vec<String> = (0..8).map(|number| format!("7916000010{number}")).collect();
        let rule = |times: u32| FaultRule { path: seat.path.to_owned(), times, skip: 0, fault: seat.answers(500, seat.broken) };
        town.network.fault(rule(100_000));
        let mut steps = Vec::new();
        for phone in &people {
            let properties = json!({"channel": channel, "text": format!("Заказ {phone}"), "phone": [format!("+{phone}")], "wait_for": "delivered"});
            steps.push(town.fires("send_text", properties).await);
            town.settle().await;
            town.advance(2 * SECOND);
        }
        town.settle().await;
        let asked = seat.asked(&town);
        town.pass(60 * MINUTE).await;
        let probes = seat.asked(&town) - asked;
        assert!((5..=40).contains(&probes), "it is asked now and then: {probes}");
        assert!(steps.iter().all(|step| town.waits(*step)), "nothing is lost");
        let path = format!("/api/v1/portals/{}/channels/{channel}", town.portal.member_id());
        let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {"failover": town.channel.clone()}}))).await;
        assert_eq!(status, 200, "{told}");
        town.network.user(CLIENT).writes("Здравствуйте");
        town.advance(5 * SECOND);
        town.settle().await;
        let step = town.fires("send_text", json!({"channel": channel, "text": "Другим путём", "wait_for": "delivered"})).await;
        town.settle().await;
        assert_eq!(town.told(step)["status"], "delivered");
        assert_eq!(town.last_call().await["decision"]["channel"]["instead_of"], json!(channel));
        town.network.clear_faults();
        town.pass(20 * MINUTE).await;
        for (step, phone) in steps.iter().zip(&people) {
            assert_eq!(town.told(*step)["status"], "delivered", "{phone}");
            assert_eq!(town.network.messages_to(phone).len(), 1, "{phone}");
        }
        town.nothing_twice_nothing_lost().await;
    }
}
