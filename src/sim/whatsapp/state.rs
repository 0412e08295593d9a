//! Everything the network remembers, behind one lock; and what the threads of a network share.
//!
//! No await happens under the lock: dialects are plain functions over [`State`].

use super::config::{Config, Pace};
use super::delivery::Callback;
use super::fault::{EventFault, Fault, FaultRule};
use super::gupshup::app::App;
use super::inbound::InboundMessage;
use super::line::Line;
use super::media::StoredFile;
use super::message::{Content, Failure, Message, Status};
use super::observation::{Delivery, Request};
use super::person::Person;
use super::plan::Step;
use crate::domain::clock::{Clock, DAY, Ms};
use crate::domain::ids::{Ids as _, RandomIds};
use base64::Engine as _;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What handlers, the flusher and the test's hands share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Time.
    pub(super) clock: Arc<dyn Clock>,
    /// The network's own HTTP client.
    pub(super) http: reqwest::Client,
    /// `http://127.0.0.1:port`.
    pub(super) base: OnceLock<String>,
    /// Events flow by themselves.
    pub(super) auto: AtomicBool,
    /// One flush at a time, so that callbacks leave in order.
    pub(super) flushing: tokio::sync::Mutex<()>,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, config: Config, http: reqwest::Client) -> Self {
        let auto = AtomicBool::new(config.auto);
        let state = Mutex::new(State::new(config));
        Self { state, clock, http, base: OnceLock::new(), auto, flushing: tokio::sync::Mutex::new(()) }
    }

    /// The state; a panic of another holder does not take it away.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current moment.
    pub(super) fn now(&self) -> Ms {
        self.clock.now()
    }

    /// Origin of the server.
    pub(super) fn base(&self) -> &str {
        self.base.get().map(String::as_str).unwrap_or_default()
    }
}

/// The network's memory.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Gupshup apps.
    pub(super) apps: Vec<App>,
    /// Accounts of the other vendors.
    pub(super) lines: Vec<Line>,
    /// Users by phone.
    pub(super) people: BTreeMap<String, Person>,
    /// Accepted messages in order.
    pub(super) messages: Vec<Message>,
    by_wamid: HashMap<String, usize>,
    /// The business's own tags by wamid, echoed in statuses (Meta).
    pub(super) tags: HashMap<String, String>,
    /// Addresses for the statuses of single messages by wamid (Twilio).
    pub(super) callbacks: HashMap<String, String>,
    /// What people wrote.
    pub(super) inbound: Vec<InboundMessage>,
    /// Reading marks of businesses: (account, wamid of the person's message).
    pub(super) read_marks: Vec<(String, String)>,
    /// Inbound messages held at the provider because the account may not see BSUIDs.
    pub(super) parked: Vec<InboundMessage>,
    /// Last inbound by (account, phone).
    windows: HashMap<(String, String), Ms>,
    /// Steps to come.
    pub(super) plan: BTreeMap<(Ms, u64), Step>,
    /// Callbacks to come.
    pub(super) outbox: BTreeMap<(Ms, u64), Callback>,
    /// Ordered faults of answers.
    pub(super) faults: Vec<FaultRule>,
    /// Ordered faults of callbacks.
    pub(super) event_faults: Vec<EventFault>,
    /// Requests received.
    pub(super) requests: Vec<Request>,
    /// Callbacks tried.
    pub(super) deliveries: Vec<Delivery>,
    /// Files of inbound messages by id.
    pub(super) files: BTreeMap<String, StoredFile>,
    /// Recent requests by (account, limit), for rate limits.
    pub(super) recent: HashMap<(String, &'static str), Vec<Ms>>,
    /// Delays.
    pub(super) pace: Pace,
    /// Origin of the server, for links to files.
    pub(super) base: String,
    number: u64,
}

/// A message about to be taken.
#[derive(Debug)]
pub(super) struct Accepting {
    /// Account.
    pub(super) account: String,
    /// Digits or BSUID.
    pub(super) to: String,
    /// What was understood.
    pub(super) content: Content,
    /// The vendor's body.
    pub(super) body: serde_json::Value,
    /// Why it will fail.
    pub(super) failure: Option<Failure>,
}

impl State {
    fn new(config: Config) -> Self {
        Self { apps: config.apps, lines: config.lines, pace: config.pace, ..Self::default() }
    }

    /// An account of another vendor than Gupshup.
    pub(super) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// A business shows a person that their message was read.
    pub(super) fn marked_read(&mut self, account: &str, wamid: String) {
        self.read_marks.push((account.to_owned(), wamid));
    }

    /// The next running number.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number = self.number.saturating_add(1);
        self.number
    }

    /// The person of that number; made on first mention.
    pub(super) fn person(&mut self, phone: &str) -> &mut Person {
        self.people.entry(phone.to_owned()).or_insert_with(|| Person::new(phone))
    }

    /// A person by digits or by BSUID; unknown digits are a new person.
    pub(super) fn addressee(&mut self, to: &str) -> Person {
        if let Some(person) = self.people.values().find(|person| person.bsuid.as_deref() == Some(to)) {
            return person.clone();
        }
        self.person(to).clone()
    }

    /// When the person last wrote to the account.
    pub(super) fn last_inbound(&self, account: &str, phone: &str) -> Option<Ms> {
        self.windows.get(&(account.to_owned(), phone.to_owned())).copied()
    }

    /// Whether the 24 h window is open (reference 2.1).
    pub(super) fn window_open(&self, account: &str, phone: &str, now: Ms) -> bool {
        self.last_inbound(account, phone).is_some_and(|at| now.saturating_sub(at) < DAY)
    }

    /// A user message restarts the window.
    pub(super) fn open_window(&mut self, account: &str, phone: &str, at: Ms) {
        self.windows.insert((account.to_owned(), phone.to_owned()), at);
    }

    /// Takes a message: from here on it exists for the network, whatever our answer becomes.
    pub(super) fn accept(&mut self, message: Accepting, now: Ms) -> Message {
        let person = self.addressee(&message.to);
        let window_open = self.window_open(&message.account, &person.phone, now);
        let (wamid, provider_id) = (new_wamid(&person.phone, now), new_uuid(now));
        let Accepting { account, to, content, body, failure } = message;
        let at = self.messages.len();
        let message = Message {
            wamid: wamid.clone(),
            provider_id,
            account,
            to,
            kind: content.kind,
            text: content.text,
            body,
            template: content.template,
            category: content.category,
            buttons: content.buttons,
            media: content.media,
            window_open,
            accepted_at: now,
            status: Status::Accepted,
            history: vec![(Status::Accepted, now)],
            failure,
        };
        self.messages.push(message.clone());
        self.by_wamid.insert(wamid.clone(), at);
        self.schedule(now, Step::Check { wamid });
        message
    }

    /// A message by wamid.
    pub(super) fn message(&self, wamid: &str) -> Option<&Message> {
        self.by_wamid.get(wamid).and_then(|at| self.messages.get(*at))
    }

    /// A message by wamid, to be changed.
    pub(super) fn message_mut(&mut self, wamid: &str) -> Option<&mut Message> {
        self.by_wamid.get(wamid).and_then(|at| self.messages.get_mut(*at))
    }

    /// Plans a step.
    pub(super) fn schedule(&mut self, due_at: Ms, step: Step) {
        let number = self.next_number();
        self.plan.insert((due_at, number), step);
    }

    /// Puts a callback into the outbox.
    pub(super) fn post(&mut self, due_at: Ms, callback: Callback) {
        let number = self.next_number();
        self.outbox.insert((due_at, number), callback);
    }

    /// The fault this request meets, used up by one.
    pub(super) fn take_fault(&mut self, path: &str) -> Option<Fault> {
        let rule = self.faults.iter_mut().find(|rule| rule.times > 0 && path.contains(&rule.path))?;
        if rule.skip > 0 {
            rule.skip = rule.skip.saturating_sub(1);
            return None;
        }
        rule.times = rule.times.saturating_sub(1);
        Some(rule.fault.clone())
    }
}

/// A time-ordered UUID in the hyphenated form vendors use.
pub(super) fn new_uuid(now: Ms) -> String {
    let id = RandomIds.id("x", now);
    id.strip_prefix("x_").and_then(|hex| uuid::Uuid::parse_str(hex).ok()).map(|uuid| uuid.to_string()).unwrap_or(id)
}

/// An id in WhatsApp's look.
pub(super) fn new_wamid(phone: &str, now: Ms) -> String {
    let raw = format!("{phone}\u{2}{}", RandomIds.id("w", now));
    format!("wamid.HBgL{}", base64::engine::general_purpose::STANDARD.encode(raw))
}
