//! What people do in the portal, and what they see there. All of the story's words about Bitrix24 pass through here.

use super::stage::{STATUS_FIELD, Stage};
use crate::sim::portal::{DEAL, Kind, StepId};
use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Administrator of a simulated portal.
const ADMIN: i64 = 1;
const CONTACT_ID: i64 = 7;
const DEAL_ID: i64 = 118;

/// One firing of a robot: the portal's number and the service's key of it.
#[derive(Debug, Default, Clone)]
pub(super) struct Fired {
    /// Number in the portal.
    step: Option<StepId>,
    /// `event_token`.
    pub(super) token: String,
}

impl Stage {
    /// The administrator opens the installer; the page finishes the installation as its script does.
    pub(super) async fn install(&self) -> anyhow::Result<()> {
        let page = self.portal.open_installer(&format!("{}/b24/install", self.service.origin()), ADMIN).await?;
        ensure!(page.status == 200, "POST /b24/install: {}", page.status);
        self.portal.finish_install();
        Ok(())
    }

    /// Codes of the robots the portal knows.
    pub(super) fn robot_codes(&self) -> Vec<String> {
        self.portal.robots().into_iter().filter(|robot| robot.kind == Kind::Robot).map(|robot| robot.code).collect()
    }

    /// A deal with a contact; returns the deal's number.
    pub(super) fn create_deal(&self, name: &str, phone: &str) -> i64 {
        self.portal.user_field(DEAL, STATUS_FIELD, "string");
        self.portal.contact(CONTACT_ID).name(name, "").phone(&format!("+{phone}"));
        self.portal.deal(DEAL_ID).title("118").contact(CONTACT_ID);
        DEAL_ID
    }

    /// A robot of the deal's stage fires.
    pub(super) async fn fire(&self, code: &str, properties: Value) -> anyhow::Result<Fired> {
        let deal = self.portal.deal(self.known.deal);
        let step = self.portal.fires(code, deal.document(), properties).await?;
        let token = self.portal.step(step).context("step")?.event_token;
        Ok(Fired { step: Some(step), token })
    }

    /// What the process got back, once the robot answered.
    pub(super) fn returned(&self, fired: &Fired) -> Option<Value> {
        let step = self.portal.step(fired.step?)?;
        step.answers.last().map(|_| Value::Object(step.returned))
    }

    /// A field of the deal.
    pub(super) fn deal_field(&self, name: &str) -> Option<String> {
        self.portal.deal(self.known.deal).get(name).as_str().map(str::to_owned)
    }

    /// The deal's timeline entry that contains these words: its text, and how often it was shown anew.
    pub(super) fn timeline_with(&self, words: &str) -> Option<(String, usize)> {
        let deal = self.portal.deal(self.known.deal);
        let in_activity = self.portal.activities(deal.document()).into_iter().find_map(|activity| {
            let layout = activity.layouts.last()?;
            Some((text_with(layout, words)?, activity.layouts.len()))
        });
        let entries = self.portal.timeline(deal.document());
        let in_entry = || {
            entries.into_iter().find(|entry| entry.text.contains(words)).map(|entry| (entry.text, entry.earlier.len().saturating_add(1)))
        };
        in_activity.or_else(in_entry)
    }
}

/// The first text inside a layout that contains these words.
fn text_with(layout: &Value, words: &str) -> Option<String> {
    match layout {
        Value::String(text) => text.contains(words).then(|| text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Value::Array(items) => items.iter().find_map(|item| text_with(item, words)),
        Value::Object(fields) => fields.values().find_map(|field| text_with(field, words)),
        _ => None,
    }
}
