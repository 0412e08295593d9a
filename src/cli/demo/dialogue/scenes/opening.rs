//! The template, its statuses, the pressed quick reply: the window opens and the deal moves by a trigger.

use crate::cli::demo::dialogue::Talk;
use crate::cli::demo::dialogue::plan::{ARRANGING, PACKED};
use crate::cli::demo::dialogue::seen::told;
use crate::cli::demo::stage::STATUS_FIELD;
use anyhow::ensure;

impl Talk<'_> {
    /// A robot of the stage writes first: by template, since no window is open.
    pub(in crate::cli::demo::dialogue) async fn deal_is_packed(&mut self) -> anyhow::Result<()> {
        self.at(0, 10, 0).await?;
        self.deal_moves(PACKED, "talk-why-warehouse").await?;
        let messages = self.phone_gets(&["send_template"]).await?;
        ensure!(messages.iter().all(|message| message.template.is_some() && !message.window_open), self.word("talk-expect-template"));
        let values = self.robot_answers("send_template").await?;
        ensure!(told(&values, "ok") == "Y", self.word("talk-expect-well"));
        self.note("talk-note-process", &[("robot", "send_template"), ("values", &format!("status={}, ok=Y", told(&values, "status")))]);
        self.deal_learns(STATUS_FIELD, "read").await?;
        self.at(0, 10, 4).await?;
        self.client_presses("talk-button-arrange", "talk-presses").await?;
        let until = self.window_until().await?;
        self.note("talk-note-window", &[("until", &self.moment_text(until))]);
        self.deal_comes_to(ARRANGING, "talk-why-button").await
    }
}
