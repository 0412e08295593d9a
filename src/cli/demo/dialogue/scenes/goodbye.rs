//! "Stop": kept with its evidence, answered once, and obeyed by the next robot; what is no advertising still goes.

use crate::cli::demo::dialogue::Talk;
use crate::cli::demo::dialogue::plan::{PROMO, WHY_NOT};
use crate::cli::demo::dialogue::seen::told;
use crate::cli::demo::journal::field;
use crate::cli::demo::stage::Stage;
use anyhow::ensure;
use serde_json::Value;

impl Talk<'_> {
    /// The client refuses advertising with one word.
    pub(in crate::cli::demo::dialogue) async fn client_says_stop(&mut self) -> anyhow::Result<()> {
        self.at(28, 12, 0).await?;
        let sale = self.sale();
        self.note("talk-note-sale", &[]);
        self.robot_fires("send_template", sale).await?;
        let messages = self.phone_gets(&["send_template"]).await?;
        ensure!(messages.iter().all(|message| message.category.as_deref() == Some("MARKETING")), self.word("talk-expect-template"));
        self.at(28, 12, 6).await?;
        let word = self.word("talk-client-stop");
        let offer = messages.first().map(|message| message.wamid.clone()).unwrap_or_default();
        let wamid = self.client().answers(&offer, &word);
        let words = self.text("talk-quotes", &[("text", &word)]);
        self.client_did(&words, &wamid).await?;
        let phone = self.phone.clone();
        let kept = async |stage: &Stage| {
            let list = stage.get(&format!("/consents?phone={phone}")).await?;
            let row = list.pointer("/items/0").cloned()?;
            (field(&row, "/marketing") == "opted_out" && field(&row, "/history/0/text") == word).then_some(row)
        };
        let row: Value = self.stage.until("talk-expect-consent", kept).await?;
        let (all, evidence) = (field(&row, "/all").to_owned(), field(&row, "/history/0/message_id").to_owned());
        ensure!(all != "opted_out", self.word("talk-expect-consent"));
        self.note("talk-note-consent", &[("word", &word), ("message", &evidence)]);
        self.phone_gets(&["talk-by-answer"]).await.map(drop)
    }

    /// The next advertising is refused before the wire, in words that say what to do; the warranty card goes.
    pub(in crate::cli::demo::dialogue) async fn advertising_is_refused(&mut self) -> anyhow::Result<()> {
        self.at(35, 12, 0).await?;
        let sale = self.sale();
        self.note("talk-note-sale", &[]);
        self.robot_fires("send_template", sale).await?;
        let values = self.robot_answers("send_template").await?;
        let refused = told(&values, "ok") == "N" && told(&values, "error_code") == "opted_out" && told(&values, "message_id").is_empty();
        ensure!(refused, self.word("talk-expect-refused"));
        self.phone_is_silent()?;
        self.note("talk-note-refused", &[("text", &told(&values, "error_text"))]);
        self.deal_learns(PROMO, "failed").await?;
        self.deal_learns(WHY_NOT, "opted_out").await?;
        self.at(35, 12, 15).await?;
        let warranty = self.warranty();
        self.note("talk-note-warranty", &[]);
        self.robot_fires("send_template", warranty).await?;
        self.phone_gets(&["send_template"]).await.map(drop)
    }
}
