//! The client is silent: one reminder fires, the window closes, a template goes in place of words, a wait times out.

use crate::cli::demo::dialogue::Talk;
use crate::cli::demo::dialogue::plan::{DELIVERED, SILENT};
use crate::cli::demo::dialogue::seen::told;
use crate::cli::demo::journal::field;
use crate::cli::demo::stage::Stage;
use crate::domain::clock::{HOUR, SECOND};
use anyhow::{Context as _, ensure};
use serde_json::json;

impl Talk<'_> {
    /// The stopped reminder stays away; the other one comes at its moment and not before.
    pub(in crate::cli::demo::dialogue) async fn client_is_silent(&mut self) -> anyhow::Result<()> {
        let values = self.robot_answers("follow_up.activity").await?;
        let (stopped, due) = self.due.first().copied().zip(self.due.last().copied()).with_context(|| self.word("talk-expect-due"))?;
        self.at(1, 12, 0).await?;
        self.rests_a_moment().await?;
        self.phone_is_silent()?;
        self.silence("talk-silence-stopped", &[("time", &self.clock_text(stopped))]);
        self.comes_to(due.saturating_sub(5 * SECOND)).await?;
        self.phone_is_silent()?;
        let messages = self.phone_gets(&["follow_up"]).await?;
        ensure!(messages.iter().all(|message| message.accepted_at >= due && message.window_open), self.word("talk-expect-due"));
        let id = told(&values, "follow_up_id");
        let sent = async |stage: &Stage| {
            let shown = stage.get(&format!("/follow-ups/{id}")).await?;
            (field(&shown, "/state") == "sent").then_some(())
        };
        self.stage.until("talk-expect-sent", sent).await?;
        self.note("talk-note-fired", &[("id", &id)]);
        self.at(1, 19, 0).await?;
        self.silence("talk-silence-read", &[("time", &self.clock_text(due.saturating_add(HOUR)))]);
        self.robot_fires("check_window", json!({})).await?;
        self.answered("check_window", &[("window_open", "N"), ("free_text_allowed", "N"), ("minutes_left", "0")]).await
    }

    /// Outside of the window words are not allowed: the fallback template goes. Nobody answers it, and the process learns that too.
    pub(in crate::cli::demo::dialogue) async fn nobody_answers(&mut self) -> anyhow::Result<()> {
        self.at(2, 19, 30).await?;
        self.deal_moves(DELIVERED, "talk-why-delivered").await?;
        let messages = self.phone_gets(&["send_text"]).await?;
        let by_template = messages.iter().all(|message| message.template.as_deref() == Some("how_was_it") && !message.window_open);
        ensure!(by_template, self.word("talk-expect-template"));
        self.note("talk-note-fallback", &[]);
        self.at(2, 21, 45).await?;
        self.silence("talk-silence-wait", &[]);
        self.answered("wait_reply.activity", &[("timed_out", "Y"), ("attempts_used", "0")]).await?;
        self.deal_learns(SILENT, "Y").await
    }

    /// Real time for whatever would come too early to come.
    async fn rests_a_moment(&mut self) -> anyhow::Result<()> {
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        self.later(SECOND).await
    }
}
