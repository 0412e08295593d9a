//! The handle of a running network: start it, lay hands on it, look at what it saw. Cheap to clone; the last clone stops the server.

use super::config::Config;
use super::delivery;
use super::fault::{EventAction, EventFault, Fault, FaultRule};
use super::gupshup::app::App;
use super::gupshup::desk::AppDesk;
use super::inbound::InboundMessage;
use super::line::{Line, LineDesk};
use super::message::Message;
use super::observation::{Delivery, Duplicate, Request};
use super::person::Person;
use super::server;
use super::state::Shared;
use super::user::User;
use super::wire;
use crate::domain::clock::Clock;
use actix_web::dev::ServerHandle;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A simulated WhatsApp network.
#[derive(Debug, Clone)]
pub struct Network {
    shared: Arc<Shared>,
    _running: Arc<Running>,
}

struct Running(ServerHandle);

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The order to stop leaves at once; nobody has to wait for it.
        drop(self.0.stop(false));
    }
}

impl Network {
    /// Starts a server on a free loopback port, in a thread of its own.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(clock: Arc<dyn Clock>, config: Config) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(clock, config, wire::client()?));
        let running = Arc::new(Running(server::start(Arc::clone(&shared))?));
        Ok(Self { shared, _running: running })
    }

    /// Origin that stands for `https://api.gupshup.io` (setting `GUPSHUP_URL`).
    pub fn gupshup_url(&self) -> String {
        self.shared.base().to_owned()
    }

    /// Origin that stands for `https://partner.gupshup.io` (setting `GUPSHUP_PARTNER_URL`).
    pub fn gupshup_partner_url(&self) -> String {
        self.shared.base().to_owned()
    }

    /// Adds a Gupshup app.
    pub fn add_app(&self, app: App) -> AppDesk {
        let name = app.name.clone();
        self.shared.lock().apps.push(app);
        AppDesk::new(Arc::clone(&self.shared), name)
    }

    /// The dashboard of a Gupshup app.
    pub fn app(&self, name: &str) -> AppDesk {
        AppDesk::new(Arc::clone(&self.shared), name.to_owned())
    }

    /// Origin of the simulated network, for any vendor's base address.
    pub fn url(&self) -> String {
        self.shared.base().to_owned()
    }

    /// Adds an account of another vendor.
    pub fn add_line(&self, line: Line) -> LineDesk {
        let name = line.name.clone();
        self.shared.lock().lines.push(line);
        LineDesk::new(Arc::clone(&self.shared), name)
    }

    /// The console of an account of another vendor.
    pub fn line(&self, name: &str) -> LineDesk {
        LineDesk::new(Arc::clone(&self.shared), name.to_owned())
    }

    /// A person by number; made on first mention.
    pub fn user(&self, phone: &str) -> User {
        User::new(Arc::clone(&self.shared), phone)
    }

    /// Adds or replaces a person.
    pub fn put_person(&self, person: Person) {
        self.shared.lock().people.insert(person.phone.clone(), person);
    }

    /// Does every due step and delivers every due callback, until nothing is due. Returns the number of callbacks tried.
    pub async fn deliver_events(&self) -> usize {
        delivery::flush(&self.shared).await
    }

    /// Delivers the earliest due callback; false when none is due.
    pub async fn deliver_next_event(&self) -> bool {
        delivery::flush_one(&self.shared).await
    }

    /// Lets events flow by real time, or stops them.
    pub fn set_auto(&self, auto: bool) {
        self.shared.auto.store(auto, Ordering::SeqCst);
    }

    /// Orders a fault for the next request whose path contains `path`.
    pub fn fault_next(&self, path: &str, fault: Fault) {
        self.fault(FaultRule { path: path.to_owned(), times: 1, skip: 0, fault });
    }

    /// Orders a fault.
    pub fn fault(&self, rule: FaultRule) {
        self.shared.lock().faults.push(rule);
    }

    /// Orders a fault of callbacks: `event` empty = all, `times` uses.
    pub fn event_fault(&self, event: &str, times: u32, action: EventAction) {
        self.shared.lock().event_faults.push(EventFault { event: event.to_owned(), times, action });
    }

    /// Takes all ordered faults back.
    pub fn clear_faults(&self) {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.event_faults.clear();
    }

    /// Every request to a vendor path, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Every accepted message, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.lock().messages.clone()
    }

    /// Accepted messages to one destination, in order.
    pub fn messages_to(&self, to: &str) -> Vec<Message> {
        self.shared.lock().messages.iter().filter(|message| message.to == to).cloned().collect()
    }

    /// Everything people wrote.
    pub fn inbound(&self) -> Vec<InboundMessage> {
        self.shared.lock().inbound.clone()
    }

    /// Every callback tried, in order.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.lock().deliveries.clone()
    }

    /// Callbacks not yet delivered, due or not.
    pub fn pending_callbacks(&self) -> usize {
        self.shared.lock().outbox.len()
    }

    /// Messages that were accepted more than once: same destination, same body.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        duplicates(&self.shared.lock().messages)
    }
}

/// Groups messages by destination and body; groups of one are no duplicates.
pub(super) fn duplicates(messages: &[Message]) -> Vec<Duplicate> {
    let mut counts: std::collections::BTreeMap<(String, String), Duplicate> = std::collections::BTreeMap::new();
    for message in messages {
        let key = (message.to.clone(), message.body.to_string());
        let fresh = || Duplicate { to: message.to.clone(), body: message.body.clone(), count: 0 };
        let group = counts.entry(key).or_insert_with(fresh);
        group.count = group.count.saturating_add(1);
    }
    counts.into_values().filter(|group| group.count > 1).collect()
}
