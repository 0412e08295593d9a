//! The service as a child process: started, killed without warning, started again. Its log goes to a file that the story reads.

use anyhow::Context as _;
use base64::Engine as _;
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// What the service is started with; the same at each start.
#[derive(Debug, Clone)]
pub(super) struct Service {
    /// Folder of database, media and log.
    pub(super) home: PathBuf,
    /// How far the demo's clock is ahead.
    pub(super) clock: PathBuf,
    /// `127.0.0.1:port`.
    pub(super) listen: String,
    /// Settings without the prefix.
    pub(super) settings: Vec<(&'static str, String)>,
}

/// A commit as the service's log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    /// Time as logged.
    pub(super) at: String,
    /// Name of the commit site.
    pub(super) point: String,
}

impl Service {
    /// Origin of the service.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// The log file.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("service.log")
    }

    /// Starts the service; its end with ours is seen to by `kill_on_drop`.
    pub(super) fn start(&self) -> anyhow::Result<Child> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).context("service.log")?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", "--create", "--demo-clock"])
            .arg(&self.clock)
            .current_dir(&self.home)
            .kill_on_drop(true)
            .stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COURIER24_") {
                command.env_remove(name);
            }
        }
        for (name, value) in &self.settings {
            command.env(format!("COURIER24_{name}"), value);
        }
        command.spawn().context("serve")
    }

    /// Length of the log, to read on from there.
    pub(super) fn log_length(&self) -> usize {
        std::fs::read(self.log()).map(|log| log.len()).unwrap_or_default()
    }

    /// Commits told by the log from that position on.
    pub(super) fn commits(&self, from: usize) -> Vec<Commit> {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(log.get(from..).unwrap_or_default()).into_owned();
        log.lines().filter_map(commit).collect()
    }

    /// The last lines of the log, for a failed demo.
    pub(super) fn last_lines(&self, count: usize) -> Vec<String> {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(count)).map(|line| (*line).to_owned()).collect()
    }
}

fn commit(line: &str) -> Option<Commit> {
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Commit { at: text("timestamp")?, point: text("commit.point")? })
}

/// A loopback address nobody listens on right now.
pub(super) fn free_address() -> std::io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.to_string())
}

/// The master key of a folder: made once, so that a kept database can be opened again.
pub(super) fn master_key(home: &Path, fresh_hex: &str) -> anyhow::Result<String> {
    let file = home.join("demo.key");
    if let Ok(key) = std::fs::read_to_string(&file) {
        return Ok(key.trim().to_owned());
    }
    let key = base64::engine::general_purpose::STANDARD.encode(hex::decode(fresh_hex)?);
    std::fs::write(&file, &key).context("demo.key")?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_read_from_json_lines_and_nothing_else() {
        let line = r#"{"timestamp":"2026-11-22T05:00:00.1Z","level":"DEBUG","message":"committed","commit.point":"deliver.sending","target":"courier24::commit"}"#;
        let expected = Commit { at: "2026-11-22T05:00:00.1Z".to_owned(), point: "deliver.sending".to_owned() };
        assert_eq!(commit(line), Some(expected));
        assert_eq!(commit(r#"{"timestamp":"x","message":"ready"}"#), None);
        assert_eq!(commit("panicked at"), None);
    }
}
