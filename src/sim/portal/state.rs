//! Everything a portal remembers, behind one lock that is never held across an await.

use super::config::{PortalConfig, User};
use super::crm::Crm;
use super::engine::Engine;
use super::error::Refusal;
use super::faults::Faults;
use super::feed::Feed;
use super::limits::Limits;
use super::log::RequestRecord;
use super::queue::Queue;
use super::robots::Robot;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One bound event handler.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Binding {
    /// Upper-case event name.
    pub event: String,
    /// Address.
    pub handler: String,
    /// User whose tokens are delivered; 0 = who caused the event.
    pub auth_type: i64,
}

/// One bound placement.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PlacementBinding {
    /// Code such as `CRM_DEAL_DETAIL_TAB`.
    pub placement: String,
    /// Address.
    pub handler: String,
    /// Title as told.
    pub title: String,
    /// `LANG_ALL` as told.
    pub titles: Value,
    /// `OPTIONS` as told.
    pub options: Value,
}

/// One application inside this portal.
#[derive(Debug, Default)]
pub(crate) struct Installation {
    pub(crate) application_token: String,
    pub(crate) scopes: Vec<String>,
    /// `installFinish` was called, or the application has no interface.
    pub(crate) finished: bool,
    pub(crate) version: i64,
    pub(crate) status: String,
    /// Where the install callback of an application without interface goes.
    pub(crate) callback: Option<String>,
    pub(crate) robots: BTreeMap<String, Robot>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) placements: Vec<PlacementBinding>,
    /// Name by code.
    pub(crate) triggers: BTreeMap<String, String>,
}

/// A file of Drive.
#[derive(Debug, Clone)]
pub(crate) struct DriveFile {
    pub(crate) name: String,
    pub(crate) bytes: bytes::Bytes,
}

/// One notification of the messenger.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Notification {
    /// Number.
    pub id: i64,
    /// When, by the clock.
    pub at: i64,
    /// Receiver.
    pub user: i64,
    /// Text with BB codes.
    pub message: String,
    /// `TAG`; a later one with the same tag replaced this one.
    pub tag: String,
    /// Anonymous (`im.notify.system.add`).
    pub system: bool,
}

/// Standing conditions of the whole portal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switches {
    pub(crate) deleted: bool,
    pub(crate) plan_ended: bool,
    pub(crate) unpaid: bool,
    pub(crate) engine_error: Option<Refusal>,
    pub(crate) keep_waiting_robots_on_stage_change: bool,
    /// Real time that resuming a workflow takes.
    pub(crate) resume: std::time::Duration,
}

/// The memory.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) domain: String,
    pub(crate) license: String,
    pub(crate) users: BTreeMap<i64, User>,
    pub(crate) installs: BTreeMap<String, Installation>,
    /// User by secret of an incoming webhook.
    pub(crate) webhooks: BTreeMap<String, i64>,
    pub(crate) crm: Crm,
    pub(crate) feed: Feed,
    pub(crate) engine: Engine,
    pub(crate) notifications: Vec<Notification>,
    pub(crate) files: BTreeMap<i64, DriveFile>,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    pub(crate) queue: Queue,
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) missing_methods: std::collections::BTreeSet<String>,
    pub(crate) switches: Switches,
    last_id: i64,
}

impl State {
    pub(crate) fn new(config: &PortalConfig, domain: String) -> Self {
        Self {
            domain,
            license: config.license.clone(),
            users: config.users.iter().map(|user| (user.id, user.clone())).collect(),
            installs: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            crm: Crm::default(),
            feed: Feed::default(),
            engine: Engine::default(),
            notifications: Vec::new(),
            files: BTreeMap::new(),
            limits: Limits {
                bucket: config.bucket,
                operating_limit_ms: config.operating_limit_ms,
                costs_ms: config.costs_ms.clone(),
                ..Limits::default()
            },
            faults: Faults::default(),
            queue: Queue::default(),
            requests: Vec::new(),
            missing_methods: config.missing_methods.clone(),
            switches: Switches { resume: config.resume, ..Switches::default() },
            last_id: 100,
        }
    }

    /// The next number for anything that has one.
    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// The plan has automation rules and business processes.
    pub(crate) fn has_automation(&self) -> bool {
        !self.license.ends_with("_project")
    }

    /// A robot or activity by application and CODE.
    pub(crate) fn robot(&self, client_id: &str, code: &str) -> Option<&Robot> {
        self.installs.get(client_id).and_then(|install| install.robots.get(code))
    }
}

/// Shorthand for a JSON object literal.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
