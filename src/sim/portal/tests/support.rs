//! A portal with a handler beside it that remembers what it was sent.

use crate::domain::clock::{Clock, ManualClock};
use crate::sim::portal::server::{self, Incoming, Listening, Outgoing, Site};
use crate::sim::portal::{Portal, PortalConfig, form};
use crate::sim::wire;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 21 September 2026.
pub(super) const START: i64 = 1_790_000_000_000;

#[derive(Clone, Default)]
pub(super) struct Handler(Arc<Mutex<Vec<Incoming>>>);

impl Site for Handler {
    fn answer(&self, incoming: Incoming) -> LocalBoxFuture<'static, Outgoing> {
        self.0.lock().unwrap().push(incoming);
        async { Outgoing::json(200, &json!({})) }.boxed_local()
    }
}

async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
    wire::send(request.timeout(Duration::from_secs(10))).await
}

pub(super) struct World {
    pub(super) portal: Portal,
    pub(super) clock: Arc<ManualClock>,
    pub(super) handler: Handler,
    pub(super) handler_url: String,
    _listening: Listening,
    client: reqwest::Client,
}

impl World {
    pub(super) async fn start() -> Self {
        let world = Self::with(PortalConfig { bucket: None, ..PortalConfig::default() });
        world.portal.install_app();
        tokio::task::yield_now().await;
        world
    }

    pub(super) fn with(config: PortalConfig) -> Self {
        let clock = Arc::new(ManualClock::starting_at(START));
        let as_clock: Arc<dyn Clock> = clock.clone();
        let handler = Handler::default();
        let (listener, port) = server::listen(0).unwrap();
        Self {
            portal: Portal::start(as_clock, config).unwrap(),
            clock,
            _listening: server::serve(listener, port, handler.clone()).unwrap(),
            handler,
            handler_url: format!("http://127.0.0.1:{port}/b24"),
            client: wire::client().unwrap(),
        }
    }

    pub(super) async fn call_as(&self, token: Option<&str>, path: &str, mut body: Value) -> (u16, Value) {
        if let Some(token) = token {
            body["auth"] = json!(token);
        }
        self.raw(&format!("{}/rest/{path}", self.portal.origin()), body).await
    }

    pub(super) async fn raw(&self, url: &str, body: Value) -> (u16, Value) {
        let response = send(self.client.post(url).json(&body)).await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(super) async fn try_raw(&self, url: &str, body: Value) -> reqwest::Result<reqwest::Response> {
        send(self.client.post(url).json(&body)).await
    }

    pub(super) async fn form(&self, url: &str, body: &str) -> (u16, Value) {
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
        let response = send(request).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(super) async fn get(&self, url: &str) -> (u16, Vec<u8>) {
        let response = send(self.client.get(url)).await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    /// Only the client is left: the portal ends.
    pub(super) fn into_client(self) -> reqwest::Client {
        self.client
    }

    /// As administrator; the result of a call that must succeed.
    pub(super) async fn ok(&self, method: &str, body: Value) -> Value {
        let (status, answer) = self.call_as(Some(&self.portal.tokens(1).access), method, body).await;
        assert_eq!(status, 200, "{method}: {answer}");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// As administrator; status and code of a call that must fail.
    pub(super) async fn refused(&self, method: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call_as(Some(&self.portal.tokens(1).access), method, body).await;
        (status, answer["error"].as_str().unwrap_or("(no error)").to_owned())
    }

    /// A robot that waits and one that does not, with a text, a list and a return value.
    pub(super) async fn register(&self) {
        for (code, waits) in [("send_text", "Y"), ("note", "N")] {
            let body = json!({
                "CODE": code, "HANDLER": format!("{}/robot", self.handler_url), "AUTH_USER_ID": 1, "USE_SUBSCRIPTION": waits, "NAME": {"ru": "Т", "en": "T"},
                "PROPERTIES": {
                    "text": {"Name": "Text", "Type": "text", "Required": "Y"},
                    "phone": {"Name": "Phone", "Type": "string", "Multiple": "Y"},
                    "urgent": {"Name": "Urgent", "Type": "bool"},
                    "deal_title": {"Name": "Title of the deal", "Default": "{=Document:TITLE}"},
                },
                "RETURN_PROPERTIES": {"status": {"Name": "Status"}, "message_id": {"Name": "Id"}},
            });
            self.ok("bizproc.robot.add", body).await;
        }
    }

    /// Bodies the handler received, decoded as PHP would.
    pub(super) fn received(&self) -> Vec<Map<String, Value>> {
        self.handler.0.lock().unwrap().iter().map(|incoming| form::decode(&incoming.body)).collect()
    }

    /// Requests the handler received.
    pub(super) fn incoming(&self) -> Vec<Incoming> {
        self.handler.0.lock().unwrap().clone()
    }
}
