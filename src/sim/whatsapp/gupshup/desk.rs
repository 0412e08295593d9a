//! The dashboard of one app: what its owner does by hand, and what a test sets.

use super::super::state::{Shared, new_uuid};
use super::app::{App, OptIn, Subscription};
use super::events;
use super::template::Template;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A hand on one app.
#[derive(Debug, Clone)]
pub struct AppDesk {
    shared: Arc<Shared>,
    name: String,
}

impl AppDesk {
    pub(in crate::sim::whatsapp) fn new(shared: Arc<Shared>, name: String) -> Self {
        Self { shared, name }
    }

    /// The app as it is; an app that does not exist shows its defaults.
    pub fn settings(&self) -> App {
        self.shared.lock().apps.iter().find(|app| app.name == self.name).cloned().unwrap_or_default()
    }

    /// Changes the app.
    pub fn change(&self, change: impl FnOnce(&mut App)) -> &Self {
        let mut state = self.shared.lock();
        if let Some(app) = state.apps.iter_mut().find(|app| app.name == self.name) {
            change(app);
        }
        drop(state);
        self
    }

    /// Sets the self-serve callback URL (V2 events, all modes).
    pub fn set_callback(&self, url: &str) -> &Self {
        self.put_subscription(Subscription { url: url.to_owned(), ..Subscription::default() })
    }

    /// Sets the self-serve callback URL with V3 events.
    pub fn set_callback_v3(&self, url: &str) -> &Self {
        self.put_subscription(Subscription { url: url.to_owned(), version: 3, ..Subscription::default() })
    }

    /// Tells the addresses what Gupshup tells when one is saved in the dashboard: `sandbox-start` of `callbackSetPhone`.
    pub fn greet_callback(&self) -> &Self {
        let now = self.shared.now();
        let payload = json!({"phone": "callbackSetPhone", "type": "sandbox-start"});
        events::other(&mut self.shared.lock(), &self.name, "OTHERS", "user-event", &payload, now);
        self
    }

    /// Adds a subscription or replaces the one with its id.
    pub fn put_subscription(&self, subscription: Subscription) -> &Self {
        self.change(|app| {
            app.subscriptions.retain(|old| old.id != subscription.id);
            app.subscriptions.push(subscription);
        })
    }

    /// Adds a template; returns its id.
    pub fn add_template(&self, template: Template) -> String {
        let mut id = String::new();
        self.change(|app| id = app.add_template(template));
        id
    }

    /// Changes a template's status; the business hears of it.
    pub fn set_template_status(&self, id: &str, status: &str) -> &Self {
        let now = self.shared.now();
        let mut told = None;
        self.change(|app| {
            if let Some(template) = app.templates.iter_mut().find(|template| template.id == id) {
                status.clone_into(&mut template.status);
                template.modified_on = now;
                told = Some(template.clone());
            }
        });
        if let Some(template) = told {
            let payload = json!({"type": "status-update", "id": template.id, "status": status.to_ascii_lowercase(),
                "elementName": template.element_name, "languageCode": template.language_code});
            events::other(&mut self.shared.lock(), &self.name, "TEMPLATE", "template-event", &payload, now);
        }
        self
    }

    /// Tells the business about its account, such as `{"type":"tier-event",…}`.
    pub fn account_event(&self, payload: &serde_json::Value) -> &Self {
        let now = self.shared.now();
        events::other(&mut self.shared.lock(), &self.name, "ACCOUNT", "account-event", payload, now);
        self
    }

    /// The opt-in list.
    pub fn opt_ins(&self) -> BTreeMap<String, OptIn> {
        self.settings().opt_ins
    }

    /// Puts a number on the list by hand; false = opted out.
    pub fn set_opt_in(&self, phone: &str, opted_in: bool) -> &Self {
        let at = self.shared.now();
        self.change(|app| {
            app.opt_ins.insert(phone.to_owned(), OptIn { opted_in, source: "SELF".to_owned(), at });
        })
    }

    /// A fresh id as Gupshup makes them, for tests that write events by hand.
    pub fn fresh_id(&self) -> String {
        new_uuid(self.shared.now())
    }
}
