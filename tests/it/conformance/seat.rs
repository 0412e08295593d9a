//! The rows of the table: one seat a provider. What differs between them is told here, in the vendor's own words; no story asks which it is.

use crate::support::town::{APP, CLIENT, Town};
use courier24::provider::{Capabilities, Provider, registry};
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::line::{Line, Vendor};
use serde_json::{Value, json};

/// One provider of the table.
pub(crate) struct Seat {
    pub(crate) kind: &'static str,
    pub(crate) vendor: Option<Vendor>,
    /// Part of the path of a plain send.
    pub(crate) path: &'static str,
    /// The secret setting that proves us.
    pub(crate) key: &'static str,
    /// The vendor's own words for "too many" and "try again".
    pub(crate) busy: &'static str,
    pub(crate) broken: &'static str,
    /// The settings that connect an account.
    settings: fn(&Town, &Line) -> Value,
    /// People enter the webhook's address at the vendor.
    by_hand: bool,
    /// An event that no contract names.
    pub(crate) strange: fn(&Line) -> Value,
    /// Whether the body of a request shows a client that an answer is being written.
    pub(crate) writes: fn(&Value) -> bool,
    pub(crate) gateway: Option<Gateway>,
}

/// What only phones behind gateways have.
pub(crate) struct Gateway {
    /// States of the session in the vendor's words: lost; ready to be linked; scanned; linked.
    pub(crate) lost: &'static str,
    pub(crate) ready: &'static str,
    pub(crate) scanned: &'static str,
    pub(crate) linked: &'static str,
    /// A state in which sending on would get the number banned.
    pub(crate) warned: Option<&'static str>,
    /// Part of the path of a look at the session.
    pub(crate) look: &'static str,
    /// Part of the path of a number check.
    pub(crate) check: &'static str,
    /// How the vendor addresses a number.
    pub(crate) address: fn(&str) -> String,
    /// A client's text in a group, at a moment.
    pub(crate) in_group: fn(&Line, &Said<'_>) -> Value,
}

/// A text in a group.
pub(crate) struct Said<'a> {
    pub(crate) group: &'a str,
    pub(crate) by: &'a str,
    pub(crate) text: &'a str,
    /// Epoch ms.
    pub(crate) at: i64,
}

const GUPSHUP: Seat = Seat {
    kind: "gupshup",
    vendor: None,
    path: "/msg",
    key: "api_key",
    busy: r#"{"status":"error","message":"Too Many Requests"}"#,
    broken: r#"{"status":"error","message":"Internal Server Error"}"#,
    settings: |_, _| Value::Null,
    by_hand: true,
    strange: |_| Value::Null,
    writes: |_| false,
    gateway: None,
};

/// One row a provider.
pub(crate) const TABLE: [Seat; 6] = [
    GUPSHUP,
    Seat {
        kind: "meta",
        vendor: Some(Vendor::Meta),
        path: "/messages",
        key: "access_token",
        busy: r#"{"error":{"code":130429,"message":"(#130429) Rate limit hit","type":"OAuthException"}}"#,
        broken: r#"{"error":{"code":131000,"message":"(#131000) Something went wrong","type":"OAuthException"}}"#,
        settings: |_, line| json!({"phone_number_id": line.id, "waba_id": line.account, "access_token": line.key, "app_secret": line.secret, "verify_token": "v3rify"}),
        by_hand: false,
        strange: |_| json!({"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": [{"field": "telepathy", "value": {}}]}]}),
        writes: |body| body["typing_indicator"]["type"] == "text",
        gateway: None,
    },
    Seat {
        kind: "twilio",
        vendor: Some(Vendor::Twilio),
        path: "/Messages.json",
        key: "auth_token",
        busy: r#"{"code":20429,"message":"Too Many Requests","status":429}"#,
        broken: r#"{"code":20500,"message":"Internal Server Error","status":500}"#,
        settings: |_, line| json!({"account_sid": line.id, "auth_token": line.key, "sender": format!("whatsapp:+{}", line.phone)}),
        by_hand: true,
        strange: |_| json!({"Level": "WARNING", "Payload": "x"}),
        writes: |_| false,
        gateway: None,
    },
    Seat {
        kind: "green-api",
        vendor: Some(Vendor::GreenApi),
        path: "/sendMessage/",
        key: "api_token",
        busy: r#"{"statusCode":429,"message":"Too Many Requests"}"#,
        broken: r#"{"statusCode":500,"message":"Internal server error"}"#,
        settings: |_, line| json!({"id_instance": line.id, "api_token": line.key, "webhook_token": "hook-token-of-the-stories"}),
        by_hand: false,
        strange: |_| json!({"typeWebhook": "telepathy", "instanceData": {}}),
        writes: |_| false,
        gateway: Some(Gateway {
            lost: "notAuthorized",
            ready: "notAuthorized",
            scanned: "starting",
            linked: "authorized",
            warned: Some("yellowCard"),
            look: "/getWaSettings/",
            check: "/checkWhatsapp/",
            address: |digits| format!("{digits}@c.us"),
            in_group: |line, said| {
                json!({"typeWebhook": "incomingMessageReceived", "timestamp": said.at / 1_000, "idMessage": "3EB0AA01",
                    "instanceData": {"idInstance": line.id.parse::<u64>().unwrap(), "wid": format!("{}@c.us", line.phone), "typeInstance": "whatsapp"},
                    "senderData": {"chatId": format!("{}@g.us", said.group), "chatName": "Опт Тверь", "sender": format!("{}@c.us", said.by), "senderName": "Инна"},
                    "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": said.text}}})
            },
        }),
    },
    Seat {
        kind: "waha",
        vendor: Some(Vendor::Waha),
        path: "/api/sendText",
        key: "api_key",
        busy: r#"{"statusCode":429,"message":"Too Many Requests"}"#,
        broken: r#"{"statusCode":500,"message":"Internal server error","exception":{"message":"page crashed"}}"#,
        settings: |town, line| json!({"base_url": town.network.url(), "session": line.id, "api_key": line.key, "hmac_key": "hmac-of-the-stories"}),
        by_hand: false,
        strange: |_| json!({"event": "telepathy", "session": "default", "payload": {}}),
        writes: |_| false,
        gateway: Some(Gateway {
            lost: "FAILED",
            ready: "SCAN_QR_CODE",
            scanned: "STARTING",
            linked: "WORKING",
            warned: None,
            look: "/sessions/",
            check: "/check-exists",
            address: |digits| format!("{digits}@c.us"),
            in_group: |line, said| {
                json!({"event": "message", "session": line.id, "engine": "NOWEB", "payload": {
                    "id": format!("false_{}@g.us_3EB0AA01_{}@c.us", said.group, said.by), "timestamp": said.at / 1_000,
                    "from": format!("{}@g.us", said.group), "fromMe": false, "to": format!("{}@c.us", line.phone),
                    "participant": format!("{}@c.us", said.by), "body": said.text, "hasMedia": false, "vCards": [], "replyTo": null}})
            },
        }),
    },
    // The sixth exists for the tests alone.
    Seat {
        kind: "heliograph",
        vendor: Some(Vendor::Heliograph),
        path: "/dispatches",
        key: "station_key",
        busy: r#"{"fault":{"word":"too-many","say":"Too many dispatches"}}"#,
        broken: r#"{"fault":{"word":"smoke","say":"The mirror is covered with smoke"}}"#,
        settings: |town, line| json!({"base_url": town.network.url(), "station": line.id, "station_key": line.key, "seal_key": "seal-of-the-stories"}),
        by_hand: false,
        strange: |line| json!({"station": line.id, "sealed_at": 1, "beams": [{"beam": "bm_x", "what": "telepathy", "at": "2026-10-03T08:00:00Z"}]}),
        writes: |body| body["writing"] == true,
        gateway: Some(Gateway {
            lost: "dark",
            ready: "aligning",
            scanned: "warming",
            linked: "lit",
            warned: Some("dimmed"),
            look: "/v2/stations/",
            check: "/tels/",
            address: |digits| format!("+{digits}"),
            in_group: |line, said| {
                let at = chrono::DateTime::from_timestamp_millis(said.at).unwrap().to_rfc3339();
                json!({"station": line.id, "sealed_at": said.at / 1_000, "beams": [{"beam": "bm_group", "what": "letter", "at": at,
                    "letter": "lt_group", "from": {"tel": format!("+{}", said.by), "name": "Инна"},
                    "room": {"id": said.group, "name": "Опт Тверь"}, "say": {"as": "words", "words": said.text}}]})
            },
        }),
    },
];

/// The first seat that can this.
pub(crate) fn that(can: impl Fn(&Capabilities) -> bool) -> Seat {
    TABLE.into_iter().find(|seat| can(seat.provider().capabilities())).unwrap()
}

/// The seats at which phones are linked.
pub(crate) fn gateways() -> impl Iterator<Item = (Seat, Gateway)> {
    TABLE.into_iter().filter_map(|mut seat| seat.gateway.take().map(|gateway| (seat, gateway)))
}

impl Seat {
    pub(crate) fn provider(&self) -> &'static dyn Provider {
        registry::find(self.kind).unwrap()
    }

    /// The account's name in the network.
    pub(crate) fn account(&self) -> &'static str {
        if self.vendor.is_some() { self.kind } else { APP }
    }

    /// Connects the account as an administrator does; returns the channel's id.
    pub(crate) async fn connect(&self, town: &mut Town) -> String {
        let Some(vendor) = self.vendor else { return town.channel.clone() };
        let templates = [Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов.")];
        let mut line = Line::new(vendor, self.kind);
        if self.provider().capabilities().official {
            line = line.with_templates(templates);
        }
        let settings = (self.settings)(town, &line);
        let desk = town.network.add_line(line);
        let (status, made) = town.api_post("/channels", json!({"kind": self.kind, "name": self.kind, "settings": settings})).await;
        assert_eq!(status, 201, "{}: {made}", self.kind);
        let url = made["webhook_url"].as_str().unwrap();
        assert!(url.contains(&format!("/hooks/{}/", self.kind)), "{url}");
        if self.by_hand {
            desk.set_hook(url);
        }
        town.advance(3_000);
        town.settle().await;
        assert_eq!(desk.settings().unwrap().hook, url, "{}: registered at the provider", self.kind);
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(self.state(town, &id).await, "connected", "{}", self.kind);
        id
    }

    /// Connects an account that the vendor does not know, under this name: nothing can be learned about it.
    pub(crate) async fn connects_a_stranger(&self, town: &Town, name: &str) {
        let line = Line::new(self.vendor.unwrap(), "stranger");
        let settings = (self.settings)(town, &line);
        let (status, made) = town.api_post("/channels", json!({"kind": self.kind, "name": name, "settings": settings})).await;
        assert_eq!(status, 201, "{}: {made}", self.kind);
        town.settle().await;
    }

    pub(crate) async fn channel(&self, town: &Town, id: &str) -> Value {
        town.api(&format!("/channels/{id}")).await
    }

    pub(crate) async fn state(&self, town: &Town, id: &str) -> String {
        self.channel(town, id).await["state"].as_str().unwrap().to_owned()
    }

    /// The client writes to this account.
    pub(crate) async fn client_writes(&self, town: &Town, text: &str) {
        town.network.user(CLIENT).to(self.account()).writes(text);
        town.advance(5_000);
        town.settle().await;
    }

    /// How often the provider was asked to send.
    pub(crate) fn asked(&self, town: &Town) -> usize {
        town.network.requests().iter().filter(|request| request.method == "POST" && request.path.contains(self.path)).count()
    }

    /// Messages that the network took for the client through this account.
    pub(crate) fn taken(&self, town: &Town) -> Vec<courier24::sim::whatsapp::Message> {
        town.network.messages_to(CLIENT).into_iter().filter(|message| message.account == self.account()).collect()
    }

    pub(crate) fn next(&self, town: &Town, fault: Fault) {
        town.network.fault(FaultRule { path: self.path.to_owned(), times: 1, skip: 0, fault });
    }

    pub(crate) fn answers(&self, status: u16, body: &str) -> Fault {
        Fault::Answer { status, headers: Vec::new(), body: body.to_owned(), content_type: "application/json".to_owned() }
    }
}
