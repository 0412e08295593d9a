//! Scenes 6, 7 and 10–12: a deal fires `send_template`; the message is accepted, delivered, read; the deal learns it.

use crate::cli::demo::journal::field;
use crate::cli::demo::stage::{CLIENT_PHONE, STATUS_FIELD, Stage};
use crate::domain::clock::iso;
use anyhow::ensure;
use serde_json::json;

impl Stage {
    /// The deal reaches the stage with the robot; the client's phone is off for now.
    pub(in crate::cli::demo) async fn deal_fires_send_template(&mut self) -> anyhow::Result<()> {
        let name = self.narrator.text("demo-client-name", &[]);
        self.client().named(&name).goes_offline();
        self.known.deal = self.create_deal(&name, CLIENT_PHONE);
        let template = format!("order_ready:{}", self.narrator.lang());
        let properties = json!({"template": template, "params": [format!("1={name}"), "2=118"], "wait_for": "read", "wait_hours": 24,
            "write_fields": [format!("{STATUS_FIELD} = status")], "to_timeline": "Y"});
        self.known.template_call = self.fire("send_template", properties).await?;
        self.narrator.say("demo-deal-fired", &[("deal", &self.known.deal.to_string()), ("phone", CLIENT_PHONE), ("template", &template)]);
        let token = self.known.template_call.token.clone();
        let call = self.until("demo-expect-call", async |stage: &Self| stage.call_of(&token).await).await?;
        self.narrator.say("demo-call-stored", &[("call", field(&call, "/id")), ("at", field(&call, "/accepted_at"))]);
        Ok(())
    }

    /// The provider took it and named its id; WhatsApp has it; the phone does not.
    pub(in crate::cli::demo) async fn provider_accepts(&mut self) -> anyhow::Result<()> {
        let token = self.known.template_call.token.clone();
        let sent = async |stage: &Self| stage.message_in(&token, &["sent"]).await;
        let message = self.until("demo-expect-accepted", sent).await?;
        let arrived = self.network.messages_to(CLIENT_PHONE);
        ensure!(arrived.len() == 1, self.narrator.text("demo-expect-one-message", &[("count", &arrived.len().to_string())]));
        let (gs_id, wamid) = arrived.first().map(|message| (message.provider_id.clone(), message.wamid.clone())).unwrap_or_default();
        let (id, at) = (field(&message, "/id"), field(&message, "/times/accepted"));
        self.narrator.say("demo-accepted", &[("message", id), ("gs_id", &gs_id), ("at", at)]);
        self.narrator.say("demo-sent", &[("wamid", &wamid), ("at", field(&message, "/times/sent"))]);
        Ok(())
    }

    /// The callback that found nobody is repeated by the provider and counts now.
    pub(in crate::cli::demo) async fn message_is_delivered(&mut self) -> anyhow::Result<()> {
        let token = self.known.template_call.token.clone();
        let taken = async |stage: &Self| {
            let deliveries = stage.network.deliveries();
            deliveries.into_iter().find(|delivery| delivery.event == "delivered" && delivery.status.is_some_and(|status| status < 300))
        };
        let callback = self.until("demo-expect-callback", taken).await?;
        self.narrator.say("demo-callback-taken", &[("attempt", &callback.attempt.to_string()), ("at", &iso(callback.at))]);
        let delivered = async |stage: &Self| stage.message_in(&token, &["delivered"]).await;
        let message = self.until("demo-expect-delivered", delivered).await?;
        self.narrator.say("demo-delivered", &[("message", field(&message, "/id")), ("at", field(&message, "/times/delivered"))]);
        Ok(())
    }

    /// The client opens the chat.
    pub(in crate::cli::demo) async fn client_reads(&mut self) -> anyhow::Result<()> {
        let text = self.client().received().first().map(|message| message.text.clone()).unwrap_or_default();
        self.narrator.say("demo-on-the-phone", &[("text", &text)]);
        self.client().reads();
        let token = self.known.template_call.token.clone();
        let read = async |stage: &Self| stage.message_in(&token, &["read"]).await;
        let message = self.until("demo-expect-read", read).await?;
        self.narrator.say("demo-read", &[("message", field(&message, "/id")), ("at", field(&message, "/times/read"))]);
        Ok(())
    }

    /// The process was answered, the field is written, the timeline shows the text.
    pub(in crate::cli::demo) async fn deal_knows_the_truth(&mut self) -> anyhow::Result<()> {
        let answered = async |stage: &Self| stage.returned(&stage.known.template_call).filter(|values| field(values, "/status") == "read");
        let values = self.until("demo-expect-answer", answered).await?;
        self.narrator.say("demo-process-answered", &[("status", field(&values, "/status")), ("ok", field(&values, "/ok"))]);
        let written = async |stage: &Self| stage.deal_field(STATUS_FIELD).filter(|value| value == "read");
        let value = self.until("demo-expect-field", written).await?;
        self.narrator.say("demo-field-written", &[("deal", &self.known.deal.to_string()), ("field", STATUS_FIELD), ("value", &value)]);
        let shown = async |stage: &Self| stage.timeline_with("118");
        let (entry, shown) = self.until("demo-expect-timeline", shown).await?;
        self.narrator.say("demo-timeline", &[("entry", &entry), ("shown", &shown.to_string())]);
        Ok(())
    }
}
