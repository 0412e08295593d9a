//! Scenes 1–5: the service starts, the portal installs the application, robots, channel and templates appear.

use crate::cli::demo::journal::field;
use crate::cli::demo::stage::{APP, Stage};
use anyhow::{Context as _, bail};
use serde_json::{Value, json};

impl Stage {
    /// The service runs as a process of its own.
    pub(in crate::cli::demo) async fn service_starts(&mut self) -> anyhow::Result<()> {
        self.start_child("demo-service-started").await?;
        self.narrator.say("demo-service-ready", &[]);
        Ok(())
    }

    /// Starts the service and waits until it is ready; a service that ends instead is told at once.
    pub(super) async fn start_child(&mut self, told: &str) -> anyhow::Result<()> {
        let mut child = self.service.start()?;
        let pid = child.id().context("pid")?.to_string();
        self.narrator.say(told, &[("pid", &pid), ("url", &self.service.origin())]);
        tokio::select! {
            ready = self.until("demo-expect-ready", async |stage: &Self| stage.ready().await) => ready?,
            ended = child.wait() => bail!(self.narrator.text("demo-service-ended", &[("status", &ended?.to_string())])),
        }
        self.child = Some(child);
        Ok(())
    }

    /// An administrator installs; the service proves who he is before it stores anything.
    pub(in crate::cli::demo) async fn portal_installs_the_application(&mut self) -> anyhow::Result<()> {
        self.install().await?;
        let active = async |stage: &Self| stage.portal_row().await.filter(|row| field(row, "/status") == "active");
        let row = self.until("demo-expect-installed", active).await?;
        let (member_id, domain) = (field(&row, "/member_id"), field(&row, "/domain"));
        self.narrator.say("demo-installed", &[("member_id", member_id), ("domain", domain)]);
        Ok(())
    }

    /// The portal knows the robots, and the service knows that it does.
    pub(in crate::cli::demo) async fn robots_are_registered(&mut self) -> anyhow::Result<()> {
        let done = async |stage: &Self| {
            let row = stage.portal_row().await?;
            let count = |name: &str| row.pointer(name).and_then(Value::as_u64).unwrap_or_default();
            let codes = stage.robot_codes();
            let both = codes.iter().any(|code| code == "send_template") && codes.iter().any(|code| code == "send_text");
            (both && count("/robots/registered") > 0 && count("/robots/failed") == 0).then_some(codes)
        };
        let codes = self.until("demo-expect-robots", done).await?;
        self.narrator.say("demo-robots", &[("count", &codes.len().to_string()), ("codes", &codes.join(", "))]);
        Ok(())
    }

    /// The operator connects Gupshup and puts the address of callbacks into its dashboard.
    pub(in crate::cli::demo) async fn operator_connects_a_channel(&mut self) -> anyhow::Result<()> {
        let (id, webhook_url) = self.create_channel(APP, &json!({})).await?;
        self.network.app(APP).set_callback(&webhook_url).greet_callback();
        let source = self.network.app(APP).settings().source;
        self.narrator.say("demo-channel", &[("id", &id), ("phone", &source)]);
        self.known.channel = id;
        Ok(())
    }

    /// Templates come from the provider's list.
    pub(in crate::cli::demo) async fn templates_are_synced(&mut self) -> anyhow::Result<()> {
        let channel = self.known.channel.clone();
        self.sync_templates(&channel).await?;
        let all = self.network.app(APP).settings().templates.len();
        let synced = async |stage: &Self| stage.approved_templates(&channel).await.filter(|count| *count == all);
        let count = self.until("demo-expect-templates", synced).await?;
        self.narrator.say("demo-templates", &[("count", &count.to_string())]);
        Ok(())
    }
}
