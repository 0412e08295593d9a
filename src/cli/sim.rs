//! `courier24 sim`: the simulators alone, for other processes. Each has a control API under `/_sim/`.
//!
//! Prints one JSON line for each address and runs until Ctrl-C.

use crate::domain::clock::{Clock, SystemClock};
use crate::sim::portal::{Portal, PortalConfig};
use crate::sim::whatsapp::gupshup::app::App;
use crate::sim::whatsapp::gupshup::template::Template;
use crate::sim::whatsapp::line::{Line, Vendor};
use crate::sim::whatsapp::{Config, Network};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::Arc;

/// Options of `courier24 sim`.
#[derive(Debug, Clone, clap::Args)]
pub struct SimArgs {
    /// Name of the simulated Gupshup app.
    #[arg(long, default_value = "TorgBot")]
    pub app: String,
    /// Callbacks leave only when `/_sim/deliver` is called.
    #[arg(long)]
    pub manual: bool,
}

/// Runs until Ctrl-C.
///
/// # Errors
/// No loopback port, or standard output is closed.
pub async fn run(args: SimArgs) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let portal = Portal::start(Arc::clone(&clock), PortalConfig::default())?;
    let app = App::new(&args.app).with_templates(sample_templates());
    let lines: Vec<Line> = Vendor::ALL.iter().map(|vendor| Line::new(*vendor, vendor.word()).with_templates(sample_templates())).collect();
    let config = Config { apps: vec![app.clone()], lines: lines.clone(), ..Config::default() };
    let network = Network::start(clock, if args.manual { config } else { config.lifelike() })?;
    let (client_id, client_secret) = portal.app_keys();
    print_line(
        &json!({"what": "portal", "url": portal.origin(), "control": format!("{}/_sim", portal.origin()), "member_id": portal.member_id(),
        "client_id": client_id, "client_secret": client_secret}),
    )?;
    print_line(&json!({"what": "auth", "url": portal.auth().origin()}))?;
    print_line(&json!({"what": "whatsapp", "GUPSHUP_URL": network.gupshup_url(), "GUPSHUP_PARTNER_URL": network.gupshup_partner_url(),
        "control": format!("{}/_sim", network.gupshup_url()), "app_name": app.name, "app_id": app.app_id, "source": app.source,
        "api_key": app.api_key, "partner_token": app.partner_token}))?;
    for line in lines {
        print_line(&json!({"what": "whatsapp line", "url": network.url(), "line": line}))?;
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn print_line(line: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Templates of the simulated business; the demo's story uses the first.
pub(super) fn sample_templates() -> Vec<Template> {
    vec![
        Template::new("order_ready", "ru", "Здравствуйте, {{1}}! Заказ {{2}} собран и ждёт вас.")
            .footer("Ответьте на это сообщение")
            .quick_reply("Спасибо"),
        Template::new("order_ready", "en", "Hello {{1}}! Your order {{2}} is ready.")
            .footer("Reply to this message")
            .quick_reply("Thank you"),
        Template::new("spring_sale", "ru", "{{1}}, весенние скидки до 30 %!").category("MARKETING"),
        Template::new("invoice", "ru", "Счёт по заказу {{1}}.")
            .header_media("DOCUMENT")
            .url_button("Оплатить", "https://example.org/pay/{{1}}"),
    ]
}
