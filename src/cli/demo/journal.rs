//! What the operator API tells: the journal of calls, messages, channels, templates, windows.

use super::stage::Stage;
use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

impl Stage {
    /// `…/portals/{member_id}` + path.
    pub(super) async fn get(&self, path: &str) -> Option<Value> {
        let answer = self.operator.get(&format!("/api/v1/portals/{}{path}", self.portal.member_id())).await.ok()?;
        (answer.status == 200).then_some(answer.body)
    }

    /// Changes settings of the portal, or says how the API refused.
    pub(super) async fn put_settings(&self, settings: &Value) -> anyhow::Result<()> {
        let path = format!("/api/v1/portals/{}/settings", self.portal.member_id());
        let answer = self.operator.put(&path, settings).await.context("operator API")?;
        ensure!(answer.status == 200, "PUT {path}: {} {}", answer.status, answer.body);
        Ok(())
    }

    /// Creates something, or says how the API refused.
    async fn create(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer =
            self.operator.post(&format!("/api/v1/portals/{}{path}", self.portal.member_id()), body).await.context("operator API")?;
        if !(200..300).contains(&answer.status) {
            bail!("POST {path}: {} {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    /// The service answers readiness.
    pub(super) async fn ready(&self) -> Option<()> {
        let answer = self.operator.get("/health/ready").await.ok()?;
        (answer.status == 200).then_some(())
    }

    /// Our portal as the service knows it.
    pub(super) async fn portal_row(&self) -> Option<Value> {
        let answer = self.operator.get("/api/v1/portals?limit=100").await.ok()?;
        let own = |row: &&Value| row.get("member_id").and_then(Value::as_str) == Some(self.portal.member_id());
        answer.body.get("items")?.as_array()?.iter().find(own).cloned()
    }

    /// Creates the Gupshup channel; returns id and webhook address. `more` settings come on top of the account's keys.
    pub(super) async fn create_channel(&self, name: &str, more: &Value) -> anyhow::Result<(String, String)> {
        let app = self.network.app(super::stage::APP).settings();
        let mut settings = json!({"app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key});
        if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
            settings.extend(more.clone());
        }
        let made = self.create("/channels", &json!({"kind": "gupshup", "name": name, "settings": settings})).await?;
        let text = |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned);
        text("id").zip(text("webhook_url")).with_context(|| format!("id and webhook_url expected: {made}"))
    }

    /// Orders the template list to be read again.
    pub(super) async fn sync_templates(&self, channel: &str) -> anyhow::Result<()> {
        self.create(&format!("/channels/{channel}/templates/sync"), &json!({})).await.map(drop)
    }

    /// Approved templates of the channel.
    pub(super) async fn approved_templates(&self, channel: &str) -> Option<usize> {
        let list = self.get(&format!("/channels/{channel}/templates")).await?;
        let approved = |row: &&Value| row.get("status").and_then(Value::as_str) == Some("APPROVED");
        Some(list.get("items")?.as_array()?.iter().filter(approved).count())
    }

    /// The call of a step with its whole story, once it is accepted.
    pub(super) async fn call_of(&self, event_token: &str) -> Option<Value> {
        let token: String = form_urlencoded::byte_serialize(event_token.as_bytes()).collect();
        let list = self.get(&format!("/calls?event_token={token}")).await?;
        let id = list.get("items")?.as_array()?.first()?.get("id")?.as_str()?.to_owned();
        self.get(&format!("/calls/{id}")).await
    }

    /// The first message of a call.
    pub(super) async fn message_of(&self, event_token: &str) -> Option<Value> {
        let call = self.call_of(event_token).await?;
        call.get("messages")?.as_array()?.first().cloned()
    }

    /// The message of a call, once its status is one of these words.
    pub(super) async fn message_in(&self, event_token: &str, words: &[&str]) -> Option<Value> {
        let message = self.message_of(event_token).await?;
        let status = message.get("status").and_then(Value::as_str)?;
        words.contains(&status).then_some(message)
    }

    /// When the window of this phone closes, once it is open.
    pub(super) async fn window_until(&self, phone: &str) -> Option<String> {
        let list = self.get(&format!("/conversations?phone={phone}")).await?;
        let until = list.get("items")?.as_array()?.iter().find_map(|row| row.get("window_until").and_then(Value::as_str));
        until.map(str::to_owned)
    }
}

/// A text field of a JSON object, a dash when absent.
pub(super) fn field<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("—")
}
