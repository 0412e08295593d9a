//! The deal's timeline as the manager sees it; and the count: nothing lost, nothing twice, nothing dead.

use crate::cli::demo::dialogue::{DEAL_ID, Talk};
use crate::cli::demo::stage::Stage;
use crate::domain::clock::MINUTE;
use crate::sim::portal::{Activity, Document};
use anyhow::ensure;
use serde_json::Value;

impl Talk<'_> {
    /// The whole conversation stands in the deal, in order, with the statuses of now.
    pub(in crate::cli::demo::dialogue) async fn manager_looks_back(&mut self) -> anyhow::Result<()> {
        self.later(MINUTE).await?;
        let wanted = self.heard.saturating_add(self.said);
        let whole = async |stage: &Stage| {
            let entries = stage.portal.activities(Document::deal(DEAL_ID));
            (entries.len() >= wanted).then_some(entries)
        };
        let entries = self.stage.until("talk-expect-timeline", whole).await?;
        ensure!(entries.len() == wanted, self.text("talk-expect-entries", &[("count", &entries.len().to_string())]));
        self.stage.narrator.print("");
        for entry in &entries {
            let (title, text) = (in_layout(entry, "/header/title"), in_layout(entry, "/body/blocks/text/properties/value"));
            let incoming = entry.fields.get("isIncomingChannel").and_then(Value::as_str) == Some("Y");
            self.timeline_line(entry.at, incoming, &title, &text);
        }
        self.nothing_is_left_over().await
    }

    async fn nothing_is_left_over(&mut self) -> anyhow::Result<()> {
        let twice = self.stage.network.duplicates().len();
        let dead = async |stage: &Stage| stage.get("/jobs?state=dead&limit=100").await?.get("items")?.as_array().map(Vec::len);
        let dead = self.stage.until("talk-expect-rest", dead).await?;
        let pending = async |stage: &Stage| stage.get("/follow-ups?state=pending").await?.get("items")?.as_array().map(Vec::len);
        let pending = self.stage.until("talk-expect-rest", pending).await?;
        let counts = [("twice", twice.to_string()), ("dead", dead.to_string()), ("pending", pending.to_string())];
        let counts: Vec<(&str, &str)> = counts.iter().map(|(name, count)| (*name, count.as_str())).collect();
        ensure!(twice == 0 && dead == 0 && pending == 0, self.text("talk-expect-clean", &counts));
        self.stage.narrator.print("");
        let counts = [("out", self.heard.to_string()), ("in", self.said.to_string())];
        let counts: Vec<(&str, &str)> = counts.iter().map(|(name, count)| (*name, count.as_str())).collect();
        self.note("talk-note-proof", &counts);
        Ok(())
    }
}

fn in_layout(entry: &Activity, pointer: &str) -> String {
    entry.layouts.last().and_then(|layout| layout.pointer(pointer)).and_then(Value::as_str).unwrap_or_default().to_owned()
}
