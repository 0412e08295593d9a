//! An account at one of the vendors beside Gupshup: one number with its keys, templates, address for callbacks and session state.
//!
//! One shape for all: what a vendor does not have stays empty. `LineDesk` is its owner's hand in the vendor's console.

use super::delivery::{Callback, Proof};
pub use super::dialect::Vendor;
use super::dialect::{Fresh, Seed};
use super::gupshup::app::App;
use super::gupshup::template::Template;
use super::state::{Shared, State};
use crate::domain::clock::Ms;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Word of callbacks that are about the business account, not a number.
pub const ACCOUNT_NEWS: &str = "account";

/// One account; every field can be set by a test.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Vendor.
    pub vendor: Vendor,
    /// Our name for it; what people of the network write to.
    pub name: String,
    /// Its number, digits.
    pub phone: String,
    /// `phone_number_id`, `AccountSid`, `idInstance`, session name.
    pub id: String,
    /// Business account (Meta).
    #[serde(default)]
    pub account: String,
    /// Access token, auth token, `apiTokenInstance`, API key.
    pub key: String,
    /// App secret (Meta), HMAC key (WAHA), webhook token with its prefix (Green-API).
    #[serde(default)]
    pub secret: String,
    /// Where callbacks go; empty = nowhere.
    #[serde(default)]
    pub hook: String,
    /// Where callbacks of the whole business account go (Meta), unless the number has an address of its own.
    #[serde(default)]
    pub account_hook: String,
    /// `verify_token` that Meta was given with the address.
    #[serde(default)]
    pub verify_token: String,
    /// Session state in the vendor's word.
    #[serde(default)]
    pub state: String,
    /// Templates (Meta, Twilio).
    #[serde(default)]
    pub templates: Vec<Template>,
    /// Settings of a gateway as last set by API.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
}

impl Line {
    /// An account of that name; ids, keys and number follow from the name, the same each time.
    pub fn new(vendor: Vendor, name: &str) -> Self {
        let digest = sha2::Sha256::digest(format!("{vendor:?}|{name}").as_bytes());
        let digits = digest.iter().map(|byte| char::from(b'0'.saturating_add(byte % 10))).collect();
        let seed = Seed { digits, hex: hex::encode(digest) };
        let Fresh { id, account, state } = vendor.dialect().fresh(&seed);
        Self {
            vendor,
            name: name.to_owned(),
            phone: format!("7495{}", seed.number(0, 7)),
            id,
            account,
            key: format!("key{}", seed.part(0, 40)),
            secret: seed.part(32, 64).to_owned(),
            hook: String::new(),
            account_hook: String::new(),
            verify_token: String::new(),
            state: state.to_owned(),
            templates: Vec::new(),
            settings: BTreeMap::new(),
        }
    }

    /// With these templates.
    pub fn with_templates(mut self, templates: impl IntoIterator<Item = Template>) -> Self {
        for (index, mut template) in templates.into_iter().enumerate() {
            if template.id.is_empty() {
                let digest = hex::encode(sha2::Sha256::digest(format!("{}|{}|{index}", self.name, template.element_name)));
                template.id = self.vendor.dialect().template_id(&digest);
            }
            self.templates.push(template);
        }
        self
    }

    /// The same number as WhatsApp's own platform sees it: its rules are those of an app hosted there.
    pub(super) fn hosted(&self) -> App {
        App {
            name: self.name.clone(),
            source: self.phone.clone(),
            waba_id: self.account.clone(),
            phone_number_id: self.id.clone(),
            templates: self.templates.clone(),
            bsuid_v2: true,
            bsuid_v3: true,
            ..App::default()
        }
    }
}

/// Puts a callback of an account into the outbox.
pub(super) fn publish(state: &mut State, line: &Line, event: &str, wamid: Option<&str>, proof: Proof, body: Value, now: Ms) {
    let headers = line.vendor.dialect().headers(state, line, now);
    publish_at(
        state,
        line,
        line.vendor.dialect().address(line, event),
        Callback {
            event: event.to_owned(),
            account: line.name.clone(),
            url: String::new(),
            headers,
            wamid: wamid.map(str::to_owned),
            body,
            proof,
            failures: 0,
            touched: false,
        },
        now,
    );
}

/// The same to another address (Twilio's `StatusCallback`).
pub(super) fn publish_at(state: &mut State, _line: &Line, url: &str, callback: Callback, now: Ms) {
    if !url.is_empty() {
        state.post(now, Callback { url: url.to_owned(), ..callback });
    }
}

/// A hand on one account.
#[derive(Debug, Clone)]
pub struct LineDesk {
    shared: Arc<Shared>,
    name: String,
}

impl LineDesk {
    pub(super) fn new(shared: Arc<Shared>, name: String) -> Self {
        Self { shared, name }
    }

    /// The account as it is; `None` when there is none of that name.
    pub fn settings(&self) -> Option<Line> {
        self.shared.lock().line(&self.name).cloned()
    }

    /// People's messages that the business marked as read, in order.
    pub fn read_marks(&self) -> Vec<String> {
        let state = self.shared.lock();
        state.read_marks.iter().filter(|(account, _)| *account == self.name).map(|(_, wamid)| wamid.clone()).collect()
    }

    /// Changes the account.
    pub fn change(&self, change: impl FnOnce(&mut Line)) -> &Self {
        let mut state = self.shared.lock();
        if let Some(line) = state.lines.iter_mut().find(|line| line.name == self.name) {
            change(line);
        }
        drop(state);
        self
    }

    /// Sets the address of callbacks by hand.
    pub fn set_hook(&self, url: &str) -> &Self {
        self.change(|line| url.clone_into(&mut line.hook))
    }

    /// The session gets into another state; the business hears of it where the vendor tells.
    pub fn becomes(&self, word: &str) -> &Self {
        self.change(|line| word.clone_into(&mut line.state));
        let now = self.shared.now();
        let mut state = self.shared.lock();
        if let Some(line) = state.line(&self.name).cloned() {
            line.vendor.dialect().session(&mut state, &line, now);
        }
        drop(state);
        self
    }

    /// Tells the business something in the vendor's own words, proven as the vendor proves it.
    pub fn tells(&self, event: &str, body: Value) -> &Self {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        if let Some(line) = state.line(&self.name).cloned() {
            let proof = proof(&line);
            publish(&mut state, &line, event, None, proof, body, now);
        }
        drop(state);
        self
    }
}

/// How the vendor of an account proves its callbacks.
pub(super) fn proof(line: &Line) -> Proof {
    line.vendor.dialect().proof(line)
}
