//! Scenes 13–16: the client answers, the window opens, a free text goes, another one through a second channel; and nothing went twice.

use crate::cli::demo::journal::field;
use crate::cli::demo::stage::{CLIENT_PHONE, GATEWAY, Stage};
use anyhow::ensure;
use serde_json::json;

impl Stage {
    /// Gupshup holds inbound messages for 5 s; then the window is open.
    pub(in crate::cli::demo) async fn client_answers(&mut self) -> anyhow::Result<()> {
        let text = self.narrator.text("demo-client-text", &[]);
        let wamid = self.client().writes(&text);
        self.narrator.say("demo-client-wrote", &[("text", &text), ("wamid", &wamid)]);
        let open = async |stage: &Self| stage.window_until(CLIENT_PHONE).await;
        let until = self.until("demo-expect-window", open).await?;
        self.narrator.say("demo-window-open", &[("until", &until)]);
        Ok(())
    }

    /// Free text is allowed now.
    pub(in crate::cli::demo) async fn deal_fires_send_text(&mut self) -> anyhow::Result<()> {
        let text = self.narrator.text("demo-business-text", &[]);
        self.known.text_call = self.fire("send_text", json!({"text": text, "wait_for": "delivered", "wait_hours": 1})).await?;
        let arrived = async |stage: &Self| stage.client().received().into_iter().find(|message| message.text == text);
        let message = self.until("demo-expect-text", arrived).await?;
        self.narrator.say("demo-on-the-phone", &[("text", &message.text)]);
        let answered = async |stage: &Self| stage.returned(&stage.known.text_call).filter(|values| field(values, "/ok") == "Y");
        let values = self.until("demo-expect-answer", answered).await?;
        self.narrator.say("demo-process-answered", &[("status", field(&values, "/status")), ("ok", field(&values, "/ok"))]);
        Ok(())
    }

    /// The same robot through a phone of the shop's own: another provider, another number, no window.
    pub(in crate::cli::demo) async fn second_channel_sends(&mut self) -> anyhow::Result<()> {
        let channel = self.create_gateway().await?;
        let connected = async |stage: &Self| stage.connected_number(&channel).await;
        let phone = self.until("demo-expect-second", connected).await?;
        self.narrator.say("demo-second-channel", &[("id", &channel), ("phone", &phone)]);
        let text = self.narrator.text("demo-second-text", &[]);
        let properties = json!({"text": text, "channel": channel, "wait_for": "delivered", "wait_hours": 1});
        let fired = self.fire("send_text", properties).await?;
        let arrived =
            async |stage: &Self| stage.client().received().into_iter().find(|message| message.text == text && message.account == GATEWAY);
        let message = self.until("demo-expect-text", arrived).await?;
        self.narrator.say("demo-on-the-phone", &[("text", &message.text)]);
        let answered = async |stage: &Self| stage.returned(&fired).filter(|values| field(values, "/ok") == "Y");
        let values = self.until("demo-expect-answer", answered).await?;
        self.narrator.say("demo-process-answered", &[("status", field(&values, "/status")), ("ok", field(&values, "/ok"))]);
        Ok(())
    }

    /// Three robots, three messages, although the service died in between.
    pub(in crate::cli::demo) async fn nothing_went_twice(&mut self) -> anyhow::Result<()> {
        // Whatever is still on its way must arrive before the count.
        self.network.deliver_events().await;
        let count = self.network.messages_to(CLIENT_PHONE).len();
        let twice = self.network.duplicates().len();
        ensure!(count == 3 && twice == 0, self.narrator.text("demo-expect-three-messages", &[("count", &count.to_string())]));
        self.narrator.say("demo-proof", &[("count", &count.to_string())]);
        Ok(())
    }
}
