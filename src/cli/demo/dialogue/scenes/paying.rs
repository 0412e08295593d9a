//! The invoice, a reminder that waits for the window's last hour, and the reply that ends it.

use crate::cli::demo::dialogue::Talk;
use crate::cli::demo::dialogue::plan::{BOOKED, PAYMENT};
use crate::cli::demo::dialogue::seen::{moment, told};
use crate::cli::demo::journal::field;
use crate::cli::demo::stage::Stage;
use crate::domain::clock::{HOUR, SECOND};
use anyhow::{Context as _, ensure};

impl Talk<'_> {
    /// A file of Drive goes through the service's own address; a reminder is armed behind it.
    pub(in crate::cli::demo::dialogue) async fn invoice_goes(&mut self) -> anyhow::Result<()> {
        self.at(0, 10, 30).await?;
        self.deal_moves(PAYMENT, "talk-why-answers").await?;
        let messages = self.phone_gets(&["send_file"]).await?;
        ensure!(messages.iter().all(|message| message.kind == "document"), self.word("talk-expect-file"));
        self.answered("send_file.activity", &[("status", "delivered"), ("media_kind", "document")]).await?;
        self.reminder_is_armed().await
    }

    /// The client's own words end the reminder before its time.
    pub(in crate::cli::demo::dialogue) async fn client_pays(&mut self) -> anyhow::Result<()> {
        let armed = told(&self.robot_answers("follow_up.activity").await?, "follow_up_id");
        self.at(0, 15, 0).await?;
        self.silence("talk-silence-day", &[]);
        self.at(0, 18, 40).await?;
        self.client_writes("talk-client-paid").await?;
        let stopped = async |stage: &Stage| {
            let shown = stage.get(&format!("/follow-ups/{armed}")).await?;
            (field(&shown, "/state") == "stopped" && field(&shown, "/reason") == "reply").then_some(())
        };
        self.stage.until("talk-expect-stopped", stopped).await?;
        self.note("talk-note-stopped", &[("id", &armed)]);
        self.at(0, 18, 50).await?;
        self.deal_moves(BOOKED, "talk-why-paid").await?;
        self.phone_gets(&["send_text", "send_contact"]).await?;
        self.reminder_is_armed().await
    }

    /// The newest follow-up is due an hour before the window closes.
    pub(in crate::cli::demo::dialogue) async fn reminder_is_armed(&mut self) -> anyhow::Result<()> {
        let values = self.robot_answers("follow_up.activity").await?;
        let due = moment(&told(&values, "due_at")).with_context(|| self.word("talk-expect-due"))?;
        let until = moment(&told(&values, "window_until")).with_context(|| self.word("talk-expect-due"))?;
        // Both are told to the second.
        ensure!((until.saturating_sub(due).saturating_sub(HOUR)).abs() <= SECOND, self.word("talk-expect-due"));
        self.note(
            "talk-note-armed",
            &[("due", &self.moment_text(due)), ("until", &self.moment_text(until)), ("id", &told(&values, "follow_up_id"))],
        );
        self.due.push(due);
        Ok(())
    }
}
