//! Everything the story plays with: the two simulators, the service, the operator's client, and what was learnt on the way.

use super::child::{self, Service};
use super::clock::DemoClock;
use super::crm::Fired;
use super::narrator::Narrator;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::ids::{Ids as _, RandomIds};
use crate::sim::caller::Caller;
use crate::sim::portal::{Portal, PortalConfig};
use crate::sim::whatsapp::gupshup::app::App;
use crate::sim::whatsapp::line::{Line, Vendor};
use crate::sim::whatsapp::{Config, Network};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::process::Child;

/// Name of the simulated Gupshup app.
pub(super) const APP: &str = "TorgBot";
/// Name of the simulated gateway's phone.
pub(super) const GATEWAY: &str = "Gateway";
/// The client's phone.
pub(super) const CLIENT_PHONE: &str = "79160000001";
/// The deal's field that shows the status.
pub(super) const STATUS_FIELD: &str = "UF_CRM_WA_STATUS";

/// The stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) narrator: Narrator,
    pub(super) portal: Portal,
    pub(super) network: Network,
    pub(super) service: Service,
    pub(super) operator: Caller,
    pub(super) child: Option<Child>,
    pub(super) known: Known,
    pub(super) clock: Arc<DemoClock>,
    home: PathBuf,
    keep_home: bool,
}

/// What the story learnt on its way.
#[derive(Debug, Default, Clone)]
pub(super) struct Known {
    pub(super) channel: String,
    pub(super) deal: i64,
    /// The template's robot.
    pub(super) template_call: Fired,
    /// The text's robot.
    pub(super) text_call: Fired,
    /// Position of the log at the kill.
    pub(super) log_at_kill: usize,
}

impl Stage {
    /// Starts the simulators and prepares the service; nothing is running of ours yet.
    ///
    /// # Errors
    /// No port, or no folder to write to.
    pub(super) fn set(lang: &str, data: Option<&Path>, app: App) -> anyhow::Result<Self> {
        let temporary = || std::env::temp_dir().join(RandomIds.id("courier24-demo", SystemClock.now()));
        let home = data.map_or_else(temporary, Path::to_path_buf);
        std::fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
        let home = home.canonicalize()?;
        let own = Arc::new(DemoClock::of(&home.join("demo.clock")));
        let clock: Arc<dyn Clock> = own.clone();
        let narrator = Narrator::new(lang, Arc::clone(&clock));
        // Another site than the service's, so that the rules for foreign frames bite in the pages.
        let config = PortalConfig { language: lang.to_owned(), host: "localhost".to_owned(), ..PortalConfig::default() };
        let portal = Portal::start(Arc::clone(&clock), config)?;
        let network = Network::start(
            clock,
            Config { apps: vec![app], lines: vec![Line::new(Vendor::Waha, GATEWAY)], ..Config::default() }.lifelike(),
        )?;
        let operator_token = RandomIds.token();
        let service = service(&portal, &network, &own, &operator_token)?;
        let operator = Caller::new(&service.origin(), &operator_token)?;
        let (known, keep_home) = (Known::default(), data.is_some());
        Ok(Self { narrator, portal, network, service, operator, child: None, known, clock: own, home, keep_home })
    }

    /// The story's person.
    pub(super) fn client(&self) -> crate::sim::whatsapp::User {
        self.network.user(CLIENT_PHONE)
    }

    /// Says which step was not seen and shows the end of the service's log.
    pub(super) fn tell_failure(&mut self, missed: &anyhow::Error) {
        self.narrator.quiet = false;
        self.narrator.print("");
        self.narrator.say("demo-missed", &[("expected", &format!("{missed:#}"))]);
        for line in self.service.last_lines(15) {
            self.narrator.print(&format!("    {line}"));
        }
        self.narrator.say("demo-log-kept", &[("file", &self.service.log().display().to_string())]);
    }

    /// Names the addresses that stay open.
    pub(super) fn stay_open(&self) {
        self.narrator.print("");
        let application: String = form_urlencoded::byte_serialize(format!("{}/b24/app", self.service.origin()).as_bytes()).collect();
        let page = format!("{}/_sim/page?url={application}", self.portal.origin());
        self.narrator.say("demo-stays-open", &[("page", &page), ("service", &self.service.origin())]);
    }

    /// Stops the service and removes what was made for this run only.
    pub(super) async fn strike(mut self, clean: bool) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().await;
        }
        if clean && !self.keep_home {
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

fn service(portal: &Portal, network: &Network, clock: &DemoClock, operator_token: &str) -> anyhow::Result<Service> {
    let home = clock.file().parent().unwrap_or(Path::new("."));
    let listen = child::free_address()?;
    let (client_id, client_secret) = portal.app_keys();
    let settings = vec![
        ("DATABASE_URL", format!("sqlite://{}", home.join("courier24.db").display())),
        ("LISTEN", listen.clone()),
        ("PUBLIC_URL", format!("http://{listen}")),
        ("MASTER_KEY", child::master_key(home, &RandomIds.token())?),
        ("OPERATOR_TOKEN", operator_token.to_owned()),
        ("BITRIX_CLIENT_ID", client_id.to_owned()),
        ("BITRIX_CLIENT_SECRET", client_secret.to_owned()),
        ("BITRIX_AUTH_HOSTS", portal.auth().origin()),
        ("GUPSHUP_URL", network.gupshup_url()),
        ("GUPSHUP_PARTNER_URL", network.gupshup_partner_url()),
        ("ALLOW_PRIVATE_NETWORK", "true".to_owned()),
        ("MEDIA_DIR", home.join("media").display().to_string()),
        ("LOG", "info,courier24::commit=debug".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
    ];
    Ok(Service { home: home.to_path_buf(), clock: clock.file().to_path_buf(), listen, settings })
}
