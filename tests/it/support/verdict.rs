//! What a story asks after something went wrong: what the process was told, what the journal says, what left and how often.

use super::town::{APP, CLIENT, Town, http, send};
use courier24::sim::portal::{Document, Effect, StepId, StepState};
use serde_json::{Map, Value, json};

/// Properties of `order_ready` for the client, with these on top.
pub(crate) fn order_ready(more: Value) -> Value {
    let mut all = json!({"template": "order_ready:ru", "params": ["Анна", "118"]});
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

impl Town {
    /// What the process was told; it must have been told, once with effect.
    pub(crate) fn told(&self, step: StepId) -> Map<String, Value> {
        let step = self.portal.step(step).unwrap();
        assert_eq!(step.state, StepState::Answered, "{:?} {:?}", step.answers, step.log);
        assert_eq!(step.answers.iter().filter(|answer| answer.effect == Effect::Resumed).count(), 1);
        step.returned
    }

    /// The process still waits.
    pub(crate) fn waits(&self, step: StepId) -> bool {
        self.portal.step(step).unwrap().state == StepState::Waiting
    }

    /// The robot refuses in deal 512; see [`Self::refuses_in`].
    pub(crate) async fn refuses(&self, code: &str, properties: Value, error: &str) -> String {
        self.refuses_in(Document::deal(512), code, properties, error).await
    }

    /// The robot refuses with this code before the wire: the process is told with words, the journal keeps the call, nothing is sent.
    pub(crate) async fn refuses_in(&self, document: Document, code: &str, properties: Value, error: &str) -> String {
        let before = self.sends();
        let shown = properties.to_string().chars().take(200).collect::<String>();
        // A moment of its own, so that the newest call is this one, and long refusals' tables stay within the portal's budget.
        self.advance(2_000);
        let step = self.portal.fires(code, document, properties).await.unwrap();
        self.settle().await;
        let values = self.told(step);
        assert_eq!(values["error_code"], error, "{shown}: {values:?}");
        assert_eq!(values["ok"], "N", "{shown}");
        assert_eq!(values.get("status").map_or("failed", |status| status.as_str().unwrap()), "failed", "{shown}");
        let text = values["error_text"].as_str().unwrap().to_owned();
        assert!(text.chars().count() > 30 && !text.contains("{ $"), "says what to do: {text}");
        assert_eq!(self.sends(), before, "{shown}: nothing leaves");
        let call = self.last_call().await;
        assert_eq!(call["decision"]["code"], error, "{shown}: {call}");
        assert_eq!(call["decision"]["verdict"], "refuse");
        assert!(!call["decision"]["rule"].as_str().unwrap().is_empty());
        assert_eq!(call["answer"]["end"], "delivered");
        assert_eq!(call["answer"]["values"]["error_code"], error);
        assert_eq!(call["attempts"], json!([]));
        text
    }

    /// `order_ready` to the client.
    pub(crate) async fn sends_template(&self, more: Value) -> StepId {
        self.advance(1);
        self.fires("send_template", order_ready(more)).await
    }

    /// Requests that asked the provider to send.
    pub(crate) fn sends(&self) -> usize {
        self.network.requests().iter().filter(|request| request.method == "POST" && request.path.ends_with("/msg")).count()
    }

    /// Messages that the network took for the client.
    pub(crate) fn got(&self) -> usize {
        self.network.messages_to(CLIENT).len()
    }

    /// The newest outgoing message as the API shows it.
    pub(crate) async fn last_message(&self) -> Value {
        self.api("/messages?limit=1&direction=out").await["items"][0].clone()
    }

    pub(crate) fn channel_path(&self) -> String {
        format!("/api/v1/portals/{}/channels/{}", self.portal.member_id(), self.channel)
    }

    /// Changes the channel as an administrator does.
    pub(crate) async fn patches_channel(&self, change: Value) {
        let (status, body) = self.request("PATCH", &self.channel_path(), Some(change)).await;
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) async fn channel_state(&self) -> String {
        let (_, channel) = self.request("GET", &self.channel_path(), None).await;
        channel["state"].as_str().unwrap_or_else(|| panic!("{channel}")).to_owned()
    }

    /// Tells our webhook something in the provider's own words; returns the status of our answer.
    pub(crate) async fn hears(&self, event: &Value) -> u16 {
        let (_, channel) = self.request("GET", &self.channel_path(), None).await;
        send(http().post(channel["webhook_url"].as_str().unwrap()).json(event)).await.status().as_u16()
    }

    /// A V2 status event of a message.
    pub(crate) fn status_event(&self, gs: &str, kind: &str, at: i64) -> Value {
        json!({"app": APP, "timestamp": at, "version": 2, "type": "message-event", "payload": {
            "id": format!("wamid.{gs}"), "gsId": gs, "type": kind, "destination": CLIENT, "payload": {"ts": at / 1_000}}})
    }

    /// A V2 failure of a message, before WhatsApp saw it.
    pub(crate) fn failure_event(&self, gs: &str, code: i64, reason: &str) -> Value {
        json!({"app": APP, "timestamp": self.now(), "version": 2, "type": "message-event", "payload": {
            "id": gs, "type": "failed", "destination": CLIENT, "payload": {"code": code, "reason": reason}}})
    }

    /// Nothing went twice, and no job is left that failed for good.
    pub(crate) async fn nothing_twice_nothing_lost(&self) {
        assert!(self.network.duplicates().is_empty(), "{:?}", self.network.duplicates());
        let dead = self.api("/jobs?state=dead").await;
        assert_eq!(dead["items"], json!([]), "dead jobs");
    }
}
