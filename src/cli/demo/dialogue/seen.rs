//! What is waited for and asserted before it is told: messages on the phone, the client's words in the journal, robots' answers, the deal.

use super::super::journal::field;
use super::super::stage::Stage;
use super::plan::stage_key;
use super::{DEAL_ID, Talk};
use crate::domain::clock::{HOUR, MINUTE, Ms, SECOND};
use crate::sim::portal::{Document, Step, StepState};
use crate::sim::whatsapp::{Message, Status};
use anyhow::{Context as _, ensure};
use serde_json::{Map, Value};

/// Longer than the provider holds inbound messages back.
const HOLD: Ms = 6 * SECOND;

impl Stage {
    /// A message of the network as the service's journal has it.
    async fn stored(&self, direction: &str, ids: &[&str]) -> Option<Value> {
        let list = self.get(&format!("/messages?direction={direction}&limit=50")).await?;
        let ours = |row: &&Value| row.get("provider_id").and_then(Value::as_str).is_some_and(|id| ids.contains(&id));
        list.get("items")?.as_array()?.iter().find(ours).cloned()
    }
}

impl Talk<'_> {
    /// These robots' messages, in this order and no others, come to the phone; the client opens them after a minute.
    pub(super) async fn phone_gets(&mut self, robots: &[&str]) -> anyhow::Result<Vec<Message>> {
        self.phone_gets_after(robots, MINUTE).await
    }

    pub(super) async fn phone_gets_after(&mut self, robots: &[&str], opened_after: Ms) -> anyhow::Result<Vec<Message>> {
        let (phone, before) = (self.phone.clone(), self.heard);
        let wanted = before.saturating_add(robots.len());
        let arrived = async |stage: &Stage| {
            let all = stage.network.messages_to(&phone);
            let here = all.iter().all(|message| matches!(message.status, Status::Delivered | Status::Read));
            (all.len() >= wanted && here).then_some(all)
        };
        let all = self.stage.until("talk-expect-phone", arrived).await?;
        let fresh: Vec<Message> = all.into_iter().skip(before).collect();
        ensure!(fresh.len() == robots.len(), self.text("talk-expect-count", &[("count", &fresh.len().to_string())]));
        self.later(opened_after).await?;
        self.client().reads();
        let (mut shown, mut ids) = (Vec::new(), Vec::new());
        for message in fresh {
            let wire = [message.wamid.as_str(), message.provider_id.as_str()];
            let read = async |stage: &Stage| stage.stored("out", &wire).await.filter(|row| field(row, "/status") == "read");
            let row = self.stage.until("talk-expect-read", read).await?;
            ids.push(field(&row, "/id").to_owned());
            let now = self.stage.network.messages_to(&self.phone).into_iter().find(|one| one.wamid == message.wamid);
            shown.push(now.context("message")?);
        }
        for ((message, id), robot) in shown.iter().zip(&ids).zip(robots) {
            let robot = if robot.starts_with("talk-") { self.word(robot) } else { (*robot).to_owned() };
            self.business(message, id, &robot);
        }
        self.heard = wanted;
        Ok(shown)
    }

    /// Nothing has come to the phone since the last message that was shown.
    pub(super) fn phone_is_silent(&self) -> anyhow::Result<()> {
        let count = self.stage.network.messages_to(&self.phone).len().saturating_sub(self.heard);
        ensure!(count == 0, self.text("talk-expect-silence", &[("count", &count.to_string())]));
        Ok(())
    }

    /// The client did something on the phone (`wamid`); the service has it in its journal.
    pub(super) async fn client_did(&mut self, words: &str, wamid: &str) -> anyhow::Result<Value> {
        let at = self.now();
        self.later(HOLD).await?;
        let row = self.stage.until("talk-expect-heard", async |stage: &Stage| stage.stored("in", &[wamid]).await).await?;
        self.client_side(at, words, field(&row, "/id"));
        self.said = self.said.saturating_add(1);
        Ok(row)
    }

    /// Presses the newest button or row of that title.
    pub(super) async fn client_presses(&mut self, key: &str, shown: &str) -> anyhow::Result<()> {
        let title = self.word(key);
        let wamid = self.client().presses(&title).with_context(|| self.text("talk-expect-button", &[("title", &title)]))?;
        let words = self.text(shown, &[("title", &title)]);
        self.client_did(&words, &wamid).await.map(drop)
    }

    pub(super) async fn client_writes(&mut self, key: &str) -> anyhow::Result<String> {
        let text = self.word(key);
        let wamid = self.client().writes(&text);
        self.client_did(&text, &wamid).await?;
        Ok(text)
    }

    /// A manager, or a rule of the portal's own, moves the deal; the new stage's robots start.
    pub(super) async fn deal_moves(&mut self, stage: &str, why: &str) -> anyhow::Result<()> {
        let name = self.word(stage_key(stage));
        self.note("talk-note-moved", &[("stage", &name), ("why", &self.word(why))]);
        self.since = self.now();
        self.stage.portal.move_item(Document::deal(DEAL_ID), stage).await;
        Ok(())
    }

    /// The deal came to this stage by itself.
    pub(super) async fn deal_comes_to(&mut self, stage: &str, why: &str) -> anyhow::Result<()> {
        let there = async |town: &Stage| {
            let now = town.portal.deal(DEAL_ID).get("stageId");
            (now.as_str() == Some(stage)).then_some(())
        };
        self.stage.until("talk-expect-stage", there).await?;
        let name = self.word(stage_key(stage));
        self.note("talk-note-moved", &[("stage", &name), ("why", &self.word(why))]);
        Ok(())
    }

    /// What the process got back from the newest step of this code.
    pub(super) async fn robot_answers(&self, code: &str) -> anyhow::Result<Map<String, Value>> {
        let since = self.since;
        let answered = async |stage: &Stage| {
            let fresh = |step: &Step| step.code == code && step.started_at >= since;
            let step = stage.portal.steps().into_iter().rev().find(fresh)?;
            (step.state == StepState::Answered).then_some(step.returned)
        };
        let expected = self.text("talk-expect-answer", &[("robot", code), ("seconds", "30")]);
        self.stage.until("talk-expect-any-answer", answered).await.context(expected)
    }

    /// A robot of the main list fires in the deal, outside of stages.
    pub(super) async fn robot_fires(&mut self, code: &str, properties: Value) -> anyhow::Result<()> {
        self.since = self.now();
        self.stage.fire(code, properties).await.map(drop)
    }

    /// The deal learnt something: its field has this value, and is told.
    pub(super) async fn deal_learns(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let written = async |stage: &Stage| stage.deal_field(name).filter(|now| now == value);
        self.stage.until("talk-expect-field", written).await?;
        self.field_note(name, value);
        Ok(())
    }

    /// When the window closes, as the service has it.
    pub(super) async fn window_until(&self) -> anyhow::Result<Ms> {
        let phone = self.phone.clone();
        let since = self.now();
        // The newest message of the client moved it: it is almost a day away.
        let open = async |stage: &Stage| {
            let until = moment(&stage.window_until(&phone).await?)?;
            (until > since.saturating_add(23 * HOUR)).then_some(until)
        };
        Ok(self.stage.until("talk-expect-window", open).await?)
    }
}

/// A result of a robot as a text; numbers too.
pub(super) fn told(values: &Map<String, Value>, name: &str) -> String {
    match values.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Reads an ISO moment with an offset.
pub(super) fn moment(text: &str) -> Option<Ms> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis())
}
