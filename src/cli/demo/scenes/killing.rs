//! Scenes 8 and 9: the service dies between *accepted* and *delivered* and comes back.

use crate::cli::demo::child::Commit;
use crate::cli::demo::stage::Stage;
use crate::domain::clock::iso;
use anyhow::{Context as _, ensure};
use std::os::unix::process::ExitStatusExt as _;

const SIGKILL: i32 = 9;

impl Stage {
    /// SIGKILL; then the phone comes on, and the provider's callback finds nobody.
    pub(in crate::cli::demo) async fn service_is_killed(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("child")?;
        let pid = child.id().context("pid")?.to_string();
        child.start_kill()?;
        let signal = child.wait().await?.signal();
        ensure!(signal == Some(SIGKILL), self.narrator.text("demo-expect-sigkill", &[]));
        self.known.log_at_kill = self.service.log_length();
        self.narrator.say("demo-killed", &[("pid", &pid)]);
        let last = self.service.commits(0).pop();
        let last = last.with_context(|| self.narrator.text("demo-expect-commit", &[]))?;
        self.tell_commit("demo-last-commit", &last);
        self.client().comes_online();
        let lost = async |stage: &Self| {
            stage.network.deliveries().into_iter().find(|delivery| delivery.event == "delivered" && delivery.status.is_none())
        };
        let callback = self.until("demo-expect-lost-callback", lost).await?;
        self.narrator.say("demo-callback-lost", &[("attempt", &callback.attempt.to_string()), ("at", &iso(callback.at))]);
        Ok(())
    }

    /// A new process on the same database.
    pub(in crate::cli::demo) async fn service_comes_back(&mut self) -> anyhow::Result<()> {
        self.start_child("demo-restarted").await?;
        let first = async |stage: &Self| stage.service.commits(stage.known.log_at_kill).into_iter().next();
        let first = self.until("demo-expect-first-commit", first).await?;
        self.tell_commit("demo-first-commit", &first);
        Ok(())
    }

    fn tell_commit(&self, key: &str, commit: &Commit) {
        self.narrator.say(key, &[("point", &commit.point), ("at", &commit.at)]);
    }
}
