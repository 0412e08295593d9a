//! One process of five activities: buttons, a list, the place, a question in words. Each answer ends a step and lands in the deal.

use crate::cli::demo::dialogue::Talk;
use crate::cli::demo::dialogue::plan::{HALF, LATITUDE, LIFT, LONGITUDE, TIME};
use crate::cli::demo::dialogue::seen::told;
use anyhow::ensure;

impl Talk<'_> {
    /// What the client chooses is the next question's text.
    pub(in crate::cli::demo::dialogue) async fn delivery_is_arranged(&mut self) -> anyhow::Result<()> {
        self.phone_gets(&["send_buttons"]).await?;
        self.at(0, 10, 7).await?;
        self.client_presses("talk-button-afternoon", "talk-presses").await?;
        self.answered("send_buttons.activity", &[("reply_id", "afternoon"), ("timed_out", "N")]).await?;
        self.deal_learns(HALF, &self.word("talk-button-afternoon")).await?;
        self.phone_gets(&["send_list"]).await?;
        self.at(0, 10, 11).await?;
        self.client_presses("talk-row-middle", "talk-chooses").await?;
        self.answered("send_list.activity", &[("reply_id", "middle"), ("timed_out", "N")]).await?;
        self.deal_learns(TIME, &self.word("talk-row-middle")).await?;
        self.phone_gets(&["request_location"]).await?;
        self.at(0, 10, 20).await?;
        let (latitude, longitude) = (self.word("talk-latitude"), self.word("talk-longitude"));
        let wamid = self.client().shares_place(latitude.parse()?, longitude.parse()?, None);
        let words = self.text("talk-place", &[("latitude", &latitude), ("longitude", &longitude)]);
        self.client_did(&words, &wamid).await?;
        self.answered("request_location.activity", &[("latitude", &latitude), ("longitude", &longitude), ("timed_out", "N")]).await?;
        self.deal_learns(LATITUDE, &latitude).await?;
        self.deal_learns(LONGITUDE, &longitude).await
    }

    /// A voice note is no answer to "yes or no": the robot asks again, once more and politely.
    pub(in crate::cli::demo::dialogue) async fn words_are_asked_for(&mut self) -> anyhow::Result<()> {
        self.phone_gets(&["send_text"]).await?;
        self.at(0, 10, 24).await?;
        let wamid = self.client().speaks();
        let words = self.word("talk-voice");
        self.client_did(&words, &wamid).await?;
        self.phone_gets(&["wait_reply"]).await?;
        self.at(0, 10, 26).await?;
        let said = self.client_writes("talk-client-yes").await?;
        self.answered("wait_reply.activity", &[("reply_code", "yes"), ("attempts_used", "2"), ("timed_out", "N")]).await?;
        self.deal_learns(LIFT, &said).await
    }

    /// The process was answered with these values; they are told as the process sees them.
    pub(in crate::cli::demo::dialogue) async fn answered(&mut self, code: &str, wanted: &[(&str, &str)]) -> anyhow::Result<()> {
        let values = self.robot_answers(code).await?;
        let seen: Vec<String> = wanted.iter().map(|(name, _)| format!("{name}={}", told(&values, name))).collect();
        let as_wanted = wanted.iter().all(|(name, value)| told(&values, name) == *value);
        ensure!(as_wanted, self.text("talk-expect-values", &[("robot", code), ("values", &seen.join(", "))]));
        let robot = code.trim_end_matches(".activity");
        self.note("talk-note-process", &[("robot", robot), ("values", &seen.join(", "))]);
        Ok(())
    }
}
