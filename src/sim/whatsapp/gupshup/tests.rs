//! The simulator refuses what the vendor refuses, and tells what the vendor tells. All over real HTTP.
//!
//! Here: the little world of the tests. The tests themselves stand in the files below.

mod delivery;
pub(in crate::sim) mod refusals;
mod stories;

use super::super::{Config, Network};
use super::app::App;
use super::template::Template;
use crate::domain::clock::{Clock, ManualClock};
use actix_web::{App as Web, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const NOW: i64 = 1_791_000_000_000;
const CLIENT: &str = "79160000001";

struct World {
    network: Network,
    clock: Arc<ManualClock>,
    http: reqwest::Client,
    app: App,
    business: Business,
}

/// A callback and its `X-Secret`.
type Got = (Value, Option<String>);

/// Our side: an address that takes callbacks and serves files.
#[derive(Clone)]
struct Business {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    refuse: Arc<Mutex<u32>>,
}

impl Business {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let business = Self { url, got: Arc::default(), refuse: Arc::default() };
        let data = web::Data::new(business.clone());
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || Web::new().app_data(data.clone()).default_service(web::to(Self::answer));
                HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run().await.unwrap();
            });
        });
        business
    }

    #[expect(clippy::unused_async, reason = "handlers are async")]
    async fn answer(request: HttpRequest, body: web::Bytes, own: web::Data<Self>) -> HttpResponse {
        match request.path() {
            "/image.png" => HttpResponse::Ok().content_type("image/png").body("png"),
            "/page.html" => HttpResponse::Ok().content_type("text/html").body("<html>"),
            "/hook" => {
                let mut refuse = own.refuse.lock().unwrap();
                if *refuse > 0 {
                    *refuse -= 1;
                    return HttpResponse::ServiceUnavailable().finish();
                }
                let secret = request.headers().get("x-secret").map(|value| value.to_str().unwrap().to_owned());
                own.got.lock().unwrap().push((serde_json::from_slice(&body).unwrap(), secret));
                HttpResponse::Ok().finish()
            }
            _ => HttpResponse::NotFound().finish(),
        }
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.got.lock().unwrap()).into_iter().map(|(body, _)| body).collect()
    }
}

fn templates() -> Vec<Template> {
    vec![
        Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} готов.")
            .header_text("Заказ {{1}}")
            .url_button("Отследить", "https://example.org/t/{{1}}")
            .quick_reply("Спасибо"),
        Template::new("paused_one", "ru", "Текст").status("PAUSED"),
        Template::new("picture", "ru", "Фото для {{1}}").header_media("IMAGE"),
        Template::new("sale", "ru", "Скидки").category("MARKETING"),
    ]
}

fn world() -> World {
    let clock = Arc::new(ManualClock::starting_at(NOW));
    let app = App::new("TorgBot").with_templates(templates());
    let config = Config { apps: vec![app.clone()], ..Config::default() };
    let shared_clock: Arc<dyn Clock> = clock.clone();
    let network = Network::start(shared_clock, config).unwrap();
    let business = Business::start();
    network.app("TorgBot").set_callback(&format!("{}/hook", business.url));
    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    World { network, clock, http, app, business }
}

impl World {
    fn id(&self, name: &str) -> String {
        self.app.templates.iter().find(|template| template.element_name == name).unwrap().id.clone()
    }

    /// The form of a good session text, with fields replaced (or removed by an empty value).
    fn form(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let good = [
            ("channel", "whatsapp"),
            ("source", self.app.source.as_str()),
            ("destination", CLIENT),
            ("src.name", "TorgBot"),
            ("message", r#"{"type":"text","text":"Привет"}"#),
        ];
        let mut form: Vec<(String, String)> = good.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, value) in changes {
            form.retain(|(own, _)| own != name);
            if !value.is_empty() {
                form.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        form
    }

    async fn post(&self, path: &str, key: &str, form: &[(String, String)]) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.network.gupshup_url())).header("apikey", key).form(form);
        Self::read(request).await
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn say(&self, message: &Value) -> (u16, Value) {
        let form = self.form(&[("message", &message.to_string())]);
        self.post("/wa/api/v1/msg", &self.app.api_key, &form).await
    }

    async fn template(&self, name: &str, params: &[&str], message: Option<Value>) -> (u16, Value) {
        let template = json!({"id": self.id(name), "params": params}).to_string();
        let message = message.map(|message| message.to_string()).unwrap_or_default();
        let form = self.form(&[("template", &template), ("message", &message)]);
        self.post("/wa/api/v1/template/msg", &self.app.api_key, &form).await
    }

    async fn partner(&self, method: reqwest::Method, path: &str, token: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let url = format!("{}/partner{path}", self.network.gupshup_partner_url());
        Self::read(self.http.request(method, url).header("Authorization", token).form(form)).await
    }

    async fn v3(&self, body: &Value) -> (u16, Value) {
        let url = format!("{}/partner/app/{}/v3/message", self.network.gupshup_partner_url(), self.app.app_id);
        Self::read(self.http.post(url).header("Authorization", &self.app.partner_token).json(body)).await
    }

    /// Flushes and returns (type, payload.type or version 3 status, code) of every callback.
    async fn events(&self) -> Vec<Value> {
        self.network.deliver_events().await;
        self.business.take()
    }

    async fn failure_code(&self) -> Value {
        let events = self.events().await;
        let failed = events.iter().find(|event| event.pointer("/payload/type") == Some(&json!("failed")));
        failed.and_then(|event| event.pointer("/payload/payload/code")).cloned().unwrap_or_default()
    }
}
