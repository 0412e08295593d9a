//! The service under test as a child process with real settings: started, killed without warning, started again.

use super::process::{self, Settings};
use crate::sim::caller::Caller;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Child;

/// Longest start.
const START: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(2);

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    /// The same at each start.
    pub(super) settings: Settings,
    /// Folder of its log.
    pub(super) home: PathBuf,
    /// `127.0.0.1:port`.
    pub(super) address: String,
    /// Its operator.
    pub(super) operator: Caller,
    child: Option<Child>,
}

impl Service {
    /// Nothing runs yet.
    pub(super) fn new(home: &Path, address: &str, operator_token: &str, settings: Settings) -> Result<Self> {
        let operator = Caller::new(&format!("http://{address}"), operator_token)?;
        Ok(Self { settings, home: home.to_path_buf(), address: address.to_owned(), operator, child: None })
    }

    /// Origin.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts it with these roles and waits until it is ready; returns how long that took.
    pub(super) async fn start(&mut self, roles: &str) -> Result<Duration> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.home.join("service.log")).context("service.log")?;
        let mut command = process::command(&["serve", "--create", "--roles", roles], &self.settings)?;
        command.current_dir(&self.home).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        self.child = Some(command.spawn().context("serve")?);
        while started.elapsed() < START {
            if let Some(ended) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the service does not start ({ended}): {}", self.last_lines());
            }
            if self.operator.get("/health/ready").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(started.elapsed());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the service is not ready: {}", self.last_lines())
    }

    /// SIGKILL.
    pub(super) async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Memory in use, MiB; nothing where the operating system does not tell it in Linux's way.
    pub(super) fn resident_mib(&self) -> Option<f64> {
        let pid = self.child.as_ref()?.id()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let kib: f64 = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib / 1024.0)
    }

    /// The end of its log, for a measure that could not be taken.
    pub(super) fn last_lines(&self) -> String {
        let log = std::fs::read_to_string(self.home.join("service.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join(" | ")
    }
}
