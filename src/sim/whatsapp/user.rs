//! A person of the network in the verbs of a story: writes, presses, reads, blocks, hides the phone.

use super::dialect;
use super::inbound::{Inbound, InboundMessage};
use super::message::{Message, Status};
use super::person::Person;
use super::plan::{self, Step};
use super::press;
use super::state::{Shared, new_wamid};
use std::sync::Arc;

/// A hand on one person; talks to the first account unless [`User::to`] says otherwise.
#[derive(Debug, Clone)]
pub struct User {
    shared: Arc<Shared>,
    phone: String,
    account: Option<String>,
}

impl User {
    pub(super) fn new(shared: Arc<Shared>, phone: &str) -> Self {
        shared.lock().person(phone);
        Self { shared, phone: phone.to_owned(), account: None }
    }

    fn change(self, change: impl FnOnce(&mut Person)) -> Self {
        change(self.shared.lock().person(&self.phone));
        self
    }

    /// Talks to this account from here on.
    pub fn to(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// Has this name in WhatsApp.
    pub fn named(self, name: &str) -> Self {
        self.change(|person| person.name = Some(name.to_owned()))
    }

    /// Has this business-scoped id.
    pub fn with_bsuid(self, bsuid: &str) -> Self {
        self.change(|person| person.bsuid = Some(bsuid.to_owned()))
    }

    /// Has this username.
    pub fn with_username(self, username: &str) -> Self {
        self.change(|person| person.username = Some(username.to_owned()))
    }

    /// Businesses see the BSUID only from now on.
    pub fn hides_phone(self) -> Self {
        self.change(|person| {
            person.phone_hidden = true;
            if person.bsuid.is_none() {
                person.bsuid = Some(format!("RU.{}", person.phone.chars().rev().collect::<String>()));
            }
        })
    }

    /// The number has no WhatsApp.
    pub fn not_on_whatsapp(self) -> Self {
        self.change(|person| person.on_whatsapp = false)
    }

    /// Opens every message as it comes.
    pub fn reads_at_once(self) -> Self {
        self.change(|person| person.reads_at_once = true)
    }

    /// Turns read receipts off.
    pub fn hides_receipts(self) -> Self {
        self.change(|person| person.read_receipts = false)
    }

    /// Presses "stop marketing" in WhatsApp.
    pub fn stops_marketing(self) -> Self {
        self.prefers(true)
    }

    /// Takes "stop marketing" back.
    pub fn resumes_marketing(self) -> Self {
        self.prefers(false)
    }

    fn prefers(self, stop: bool) -> Self {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let person = state.person(&self.phone);
        person.stopped_marketing = stop;
        let person = person.clone();
        dialect::tell_preference(&mut state, &person, stop, now);
        drop(state);
        self
    }

    /// Meta holds marketing to this person back.
    pub fn capped_for_marketing(self, capped: bool) -> Self {
        self.change(|person| person.marketing_capped = capped)
    }

    /// The phone is off: messages stay at `sent`.
    pub fn goes_offline(self) -> Self {
        self.change(|person| person.online = false)
    }

    /// The phone is on again: what waited is delivered.
    pub fn comes_online(self) -> Self {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        state.person(&self.phone).online = true;
        plan::resume_deliveries(&mut state, &self.phone, now);
        drop(state);
        self
    }

    /// Blocks the account: its messages stay at `sent`.
    pub fn blocks(self) -> Self {
        let account = self.account_name();
        self.change(|person| {
            person.blocked.insert(account);
        })
    }

    /// Unblocks the account. What was sent meanwhile never comes.
    pub fn unblocks(self) -> Self {
        let account = self.account_name();
        self.change(|person| {
            person.blocked.remove(&account);
        })
    }

    /// Writes a text; returns its wamid. The business hears of it after the provider's hold.
    pub fn writes(&self, text: &str) -> String {
        self.sends(Inbound::Text { text: text.to_owned() }, None)
    }

    /// Writes a text as a quote of a message.
    pub fn answers(&self, wamid: &str, text: &str) -> String {
        self.sends(Inbound::Text { text: text.to_owned() }, Some(wamid))
    }

    /// Says something into the microphone: a voice note; returns its wamid.
    pub fn speaks(&self) -> String {
        self.sends(Inbound::Media { media: "audio".to_owned(), caption: None, name: None, voice: true }, None)
    }

    /// Answers a request for the place; returns the wamid.
    pub fn shares_place(&self, latitude: f64, longitude: f64, address: Option<&str>) -> String {
        self.sends(Inbound::Location { latitude, longitude, name: None, address: address.map(str::to_owned) }, None)
    }

    /// Sends anything; returns its wamid.
    pub fn sends(&self, content: Inbound, context: Option<&str>) -> String {
        let account = self.account_name();
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let wamid = new_wamid(&self.phone, now);
        let message = InboundMessage {
            wamid: wamid.clone(),
            phone: self.phone.clone(),
            account: account.clone(),
            at: now,
            content,
            context: context.map(str::to_owned),
        };
        // The provider knows of the message at once; only its callback is held back.
        if !matches!(message.content, Inbound::Reaction { .. }) {
            state.open_window(&account, &self.phone, now);
        }
        state.inbound.push(message.clone());
        let due_at = now.saturating_add(state.pace.inbound_hold_ms);
        state.schedule(due_at, Step::Inbound(Box::new(message)));
        wamid
    }

    /// Presses the newest button, list row or quick reply with that title; `None` when there is none in the chat.
    pub fn presses(&self, title: &str) -> Option<String> {
        let account = self.account_name();
        let found = {
            let mut state = self.shared.lock();
            let person = state.person(&self.phone).clone();
            press::tap(&state.messages, &account, &person, title)
        };
        found.map(|(content, context)| self.sends(content, Some(&context)))
    }

    /// Puts an emoji on a message; an empty one removes it.
    pub fn reacts(&self, wamid: &str, emoji: &str) -> String {
        self.sends(Inbound::Reaction { emoji: emoji.to_owned(), to: wamid.to_owned() }, None)
    }

    /// Opens every delivered message; returns how many.
    pub fn reads(&self) -> usize {
        self.step_all(Status::Delivered, |wamid| Step::Read { wamid })
    }

    /// Removes every delivered or read message from the phone; returns how many.
    pub fn deletes(&self) -> usize {
        let delivered = self.step_all(Status::Delivered, |wamid| Step::Delete { wamid });
        delivered.saturating_add(self.step_all(Status::Read, |wamid| Step::Delete { wamid }))
    }

    fn step_all(&self, status: Status, step: impl Fn(String) -> Step) -> usize {
        let account = self.account_name();
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let person = state.person(&self.phone).clone();
        let found: Vec<String> = press::chat(&state.messages, &account, &person)
            .filter(|message| message.status == status)
            .map(|message| message.wamid.clone())
            .collect();
        for wamid in found.iter().rev() {
            state.schedule(now, step(wamid.clone()));
        }
        found.len()
    }

    /// Messages on the phone, oldest first: delivered or read.
    pub fn received(&self) -> Vec<Message> {
        let mut state = self.shared.lock();
        let person = state.person(&self.phone).clone();
        let on_phone = |message: &&Message| matches!(message.status, Status::Delivered | Status::Read);
        let mine = |message: &&Message| message.to == person.phone || Some(&message.to) == person.bsuid.as_ref();
        state.messages.iter().filter(on_phone).filter(mine).cloned().collect()
    }

    fn account_name(&self) -> String {
        self.account.clone().or_else(|| self.shared.lock().apps.first().map(|app| app.name.clone())).unwrap_or_default()
    }
}
