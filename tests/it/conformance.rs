//! One table over every provider: the same story at each of them, through the binary's own surface and a simulator as strict as the vendor.

pub(crate) mod seat;

use self::seat::{Gateway, Said, gateways};
pub(crate) use self::seat::{Seat, TABLE};
use crate::support::story::story;
use crate::support::town::{CLIENT, Town, http, send};
use courier24::domain::clock::{MINUTE, SECOND};
use courier24::domain::content::{
    Button, ButtonsContent, Card, CardName, CardPhone, Content, LinkContent, ListContent, MediaContent, MediaKind, MediaRef, Place, Row,
    Section,
};
use courier24::domain::identity::Identity;
use courier24::domain::outcome::SendOutcome;
use courier24::flow::channel;
use courier24::outbound::Peer;
use courier24::provider::Outgoing;
use courier24::sim::whatsapp::fault::{EventAction, Fault, FaultRule};
use courier24::sim::whatsapp::inbound::Inbound;
use serde_json::{Value, json};

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
            let official = seat.provider().capabilities().official;
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
            let strange = (seat.strange)(&town.network.line(seat.kind).settings().unwrap());
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
        for (seat, Gateway { lost, linked: back, warned, .. }) in gateways() {
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
            let Some(warned) = warned else { continue };
            desk.becomes(warned);
            town.settle().await;
            assert_eq!(seat.state(&town, &channel).await, "paused", "{}", seat.kind);
            let step = text(&town, &channel, "Подождём", json!({"wait_for": "delivered"})).await;
            assert!(town.waits(step) && seat.taken(&town).is_empty(), "{}: nothing leaves under {warned}", seat.kind);
            desk.becomes(back);
            town.pass(MINUTE).await;
            assert_eq!(town.told(step)["status"], "delivered", "{}", seat.kind);
        }
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
            if !seat.provider().capabilities().marks_read {
                assert_eq!((status, &told["params"]["reason"]), (422, &json!("unknown_field")), "{}: {told}", seat.kind);
                continue;
            }
            assert_eq!(status, 200, "{told}");
            seat.client_writes(&town, "Есть кто?").await;
            assert_eq!(desk.read_marks().len(), 1, "{}", seat.kind);
            let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {"mark_read": "typing"}}))).await;
            if seat.provider().capabilities().typing {
                seat.client_writes(&town, "Алло").await;
                assert_eq!(desk.read_marks().len(), 2, "{}", seat.kind);
                let shown = town.network.requests().into_iter().filter(|request| (seat.writes)(&request.body)).count();
                assert_eq!(shown, 1, "{}: an answer is being written", seat.kind);
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
        for (seat, Gateway { lost, ready, scanned, linked, look, .. }) in gateways() {
            let channel = seat.connect(&mut town).await;
            let desk = town.network.line(seat.kind);
            desk.becomes(lost);
            town.settle().await;
            let path = format!("/channels/{channel}/pairing");
            let (status, begun) = town.api_post(&path, json!({})).await;
            assert_eq!((status, &begun["state"]), (200, &json!("waiting")), "{}: {begun}", seat.kind);
            assert!(begun["qr"].as_str().unwrap().starts_with("data:image/png;base64,"), "{}: {begun}", seat.kind);
            assert_eq!(desk.settings().unwrap().state, ready, "{}", seat.kind);
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
            town.network.fault_next(look, seat.answers(401, ""));
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
            let fired = async |properties: Value| {
                town.advance(MINUTE);
                let step = town.fires("check_number", properties).await;
                town.settle().await;
                town.told(step)
            };
            let yes = fired(ask("+79160000001")).await;
            if seat.provider().capabilities().number_checks.is_none() {
                assert_eq!((&yes["exists"], &yes["error_code"]), (&json!("E"), &json!("unsupported_by_channel")), "{}: {yes:?}", seat.kind);
                continue;
            }
            let Gateway { check, address, .. } = seat.gateway.as_ref().unwrap();
            let asked = || town.network.requests().iter().filter(|request| request.path.contains(check)).count();
            assert_eq!((&yes["exists"], &yes["recipient"]), (&json!("Y"), &json!(address("79160000001"))), "{}: {yes:?}", seat.kind);
            let no = fired(ask("+79160000044")).await;
            assert_eq!((&no["exists"], &no["recipient"]), (&json!("N"), &json!("")), "{}: {no:?}", seat.kind);
            assert_eq!(asked(), 2, "{}", seat.kind);
            fired(ask("+79160000001")).await;
            assert_eq!(asked(), 2, "{}: known for a month", seat.kind);
            town.network.fault_next(check, seat.answers(466, r#"{"invokeStatus":{"method":"checkwhatsapp","used":100,"total":100,"status":"QUOTE_EXCEEDED","description":"Monthly quota has been exceeded"}}"#));
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
            if !seat.provider().capabilities().groups {
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
            let words = Said { group: GROUP, by: CLIENT, text: "Есть замена?", at: town.now() };
            let said = (seat.gateway.as_ref().unwrap().in_group)(&line, &words);
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

/// A second channel stands in for one that cannot send: by the rules of its own number, only for new messages, and never past a person's pause.
async fn stands_in(town: &mut Town, (seat, gateway): (Seat, Gateway)) {
    let first = seat.connect(town).await;
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
    text(town, &first, "Первым", json!({})).await;
    assert_eq!(seat.taken(town).len(), 1, "it works, nothing stands in");
    town.network.line(seat.kind).becomes(gateway.lost);
    town.settle().await;
    let step = text(town, &first, "Вторым", json!({"wait_for": "delivered"})).await;
    let told = town.told(step);
    assert_eq!((&told["status"], &told["channel_id"]), (&json!("delivered"), &json!(town.channel)), "{told:?}");
    let call = town.last_call().await;
    assert_eq!(
        (&call["decision"]["channel"]["id"], &call["decision"]["channel"]["instead_of"]),
        (&json!(town.channel), &json!(first)),
        "{call}"
    );
    let message = town.api(&format!("/messages/{}", call["message_id"].as_str().unwrap())).await;
    assert_eq!(message["channel_id"], json!(town.channel), "the message names the channel that sent it");
    // The second number has a window of its own.
    town.advance(25 * 60 * MINUTE);
    town.settle().await;
    town.refuses("send_text", json!({"channel": first.clone(), "text": "Завтра"}), "window_closed").await;
    town.network.line(seat.kind).becomes(gateway.linked);
    town.settle().await;
    patch(json!({"paused": true})).await;
    let held = text(town, &first, "Подождём", json!({"wait_for": "delivered"})).await;
    assert!(town.waits(held), "a person's pause holds");
    patch(json!({"paused": false})).await;
    town.pass(2 * MINUTE).await;
    assert_eq!(town.told(held)["status"], "delivered");
    assert_eq!(seat.taken(town).len(), 2);
    town.nothing_twice_nothing_lost().await;
}

story! {
    async fn a_second_channel_stands_in(town) {
        stands_in(&mut town, gateways().next().unwrap()).await;
    }
}

story! {
    async fn a_second_channel_stands_in_at_the_last(town) {
        stands_in(&mut town, gateways().last().unwrap()).await;
    }
}

/// A provider that is out of order for an hour: its channel rests, one message at a time asks whether it is back, and none is lost. New
/// messages leave through the second channel, where one is named.
async fn rests(town: &mut Town, seat: &Seat) {
    let channel = seat.connect(town).await;
    let people: Vec<String> = (0..8).map(|number| format!("7916000010{number}")).collect();
    let rule = |times: u32| FaultRule { path: seat.path.to_owned(), times, skip: 0, fault: seat.answers(500, seat.broken) };
    town.network.fault(rule(100_000));
    let mut steps = Vec::new();
    for phone in &people {
        let properties =
            json!({"channel": channel, "text": format!("Заказ {phone}"), "phone": [format!("+{phone}")], "wait_for": "delivered"});
        steps.push(town.fires("send_text", properties).await);
        town.settle().await;
        town.advance(2 * SECOND);
    }
    town.settle().await;
    let asked = seat.asked(town);
    town.pass(60 * MINUTE).await;
    let probes = seat.asked(town) - asked;
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

story! {
    async fn an_outage_holds_the_queue(town) {
        rests(&mut town, &gateways().next().unwrap().0).await;
    }
}

story! {
    async fn an_outage_holds_the_queue_at_the_last(town) {
        rests(&mut town, &gateways().last().unwrap().0).await;
    }
}
