//! What a simulated portal is made of: its people, its plan, its application, its limits.

use super::auth_server::AuthServer;
use super::limits::Bucket;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Everything the product asks for; a portal of the tests grants it all.
pub const ALL_SCOPES: &[&str] = &[
    "bizproc",
    "crm",
    "placement",
    "user_brief",
    "user",
    "user_basic",
    "im",
    "disk",
    "imopenlines",
    "imconnector",
    "messageservice",
    "userconsent",
    "contact_center",
    "userfieldconfig",
];

/// One employee.
#[derive(Debug, Clone)]
pub struct User {
    /// Number in the portal.
    pub id: i64,
    /// First name.
    pub name: String,
    /// Last name.
    pub last_name: String,
    /// Mobile number, as people type it; empty = none told.
    pub mobile: String,
    /// Position; empty = none told.
    pub position: String,
    /// Portal administrator.
    pub admin: bool,
    /// False once dismissed: his tokens answer `authorization_error`.
    pub active: bool,
    /// False: every CRM method answers `ACCESS_DENIED`.
    pub crm: bool,
    /// False: an administrator did not let him use the application (`user_access_error`).
    pub may_use_app: bool,
}

impl User {
    /// An active employee with CRM access.
    pub fn new(id: i64, name: &str, last_name: &str) -> Self {
        let (mobile, position) = (String::new(), String::new());
        Self {
            id,
            name: name.into(),
            last_name: last_name.into(),
            mobile,
            position,
            admin: false,
            active: true,
            crm: true,
            may_use_app: true,
        }
    }

    /// The same person with a mobile number and a position.
    pub fn reachable(mut self, mobile: &str, position: &str) -> Self {
        (self.mobile, self.position) = (mobile.into(), position.into());
        self
    }

    /// The same person as an administrator.
    pub fn administrator(mut self) -> Self {
        self.admin = true;
        self
    }
}

/// How a portal starts. `Default` is a paid cloud portal with administrator 1, employee 5, and one local application.
#[derive(Debug, Clone)]
pub struct PortalConfig {
    /// 32 hex digits; random when absent.
    pub member_id: Option<String>,
    /// Authorization server shared with other portals; an own one when absent.
    pub auth: Option<AuthServer>,
    /// Keys of the main application, created on the authorization server when it does not know them.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Scopes the portal grants it.
    pub scopes: Vec<String>,
    /// `L F D T P`.
    pub app_status: String,
    /// Employees.
    pub users: Vec<User>,
    /// Licence as in `app.info`, such as `ru_pro100`; `ru_project` is the free plan, which has no automation.
    pub license: String,
    /// Interface language of the portal.
    pub language: String,
    /// Languages it knows; texts for others are refused in layouts.
    pub languages: Vec<String>,
    /// Request bucket; `None` switches it off (self-hosted).
    pub bucket: Option<Bucket>,
    /// Ten-minute budget of one method in milliseconds; `None` switches it off and leaves `operating` out of answers.
    pub operating_limit_ms: Option<i64>,
    /// Declared time of one call by method, booked on the budget.
    pub costs_ms: BTreeMap<String, i64>,
    /// Real time that resuming a workflow takes inside `bizproc.event.send`.
    pub resume: Duration,
    /// Methods this (older) portal does not have.
    pub missing_methods: BTreeSet<String>,
    /// An older self-hosted portal: iframes without `SERVER_ENDPOINT`, `APPLICATION_TOKEN`, `APPLICATION_SCOPE`; robot calls without
    /// refresh token and without null properties.
    pub old_edition: bool,
    /// How long the queue waits for a handler.
    pub delivery_timeout: Duration,
    /// Host in the portal's domain: `127.0.0.1`, or `localhost` so that a browser takes the application for a third party.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            member_id: None,
            auth: None,
            client_id: "local.6511f0a2c3d4e5.10000001".into(),
            client_secret: "sEcReTsEcReTsEcReTsEcReTsEcReTsEcReTsEcReTsEcReT12".into(),
            scopes: ALL_SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            app_status: "L".into(),
            users: vec![
                User::new(1, "Анна", "Админова").administrator(),
                User::new(5, "Ольга", "Тестова").reachable("+7 916 000-00-55", "Менеджер"),
            ],
            license: "ru_pro100".into(),
            language: "ru".into(),
            languages: ["ru", "en", "de", "ua", "br", "la", "tr", "pl", "fr", "it"].map(str::to_owned).to_vec(),
            bucket: Some(Bucket::default()),
            operating_limit_ms: Some(480_000),
            costs_ms: BTreeMap::new(),
            resume: Duration::ZERO,
            missing_methods: BTreeSet::new(),
            old_edition: false,
            delivery_timeout: Duration::from_secs(20),
            host: "127.0.0.1".into(),
            port: 0,
        }
    }
}

impl PortalConfig {
    /// The same application in another portal of the same authorization server.
    pub fn beside(auth: &AuthServer) -> Self {
        Self { auth: Some(auth.clone()), ..Self::default() }
    }

    /// Takes methods away, as an older self-hosted edition lacks them.
    pub fn without_methods(mut self, methods: &[&str]) -> Self {
        self.missing_methods.extend(methods.iter().map(|method| (*method).to_lowercase()));
        self
    }

    /// Grants only these scopes.
    pub fn with_scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// Switches both limits off.
    pub fn unlimited(mut self) -> Self {
        self.bucket = None;
        self.operating_limit_ms = None;
        self
    }
}
