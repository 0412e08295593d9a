//! Child processes: this very binary in another role. They die with their owner, and a server also when its input ends.

use super::load::{Load, Measured};
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

/// Longest start of a server.
const START: Duration = Duration::from_secs(30);
/// Longest end of a client behind its own time.
const GRACE: Duration = Duration::from_secs(60);

/// Settings without their prefix.
pub(super) type Settings = Vec<(&'static str, String)>;

/// What a server in another role tells about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Listening {
    /// `127.0.0.1:port`.
    pub(super) listening: String,
}

/// A server in another role; dropping it ends it.
#[derive(Debug)]
pub(super) struct Server {
    _child: Child,
    /// `127.0.0.1:port`.
    pub(super) address: String,
}

/// This binary with these arguments and no setting but these.
pub(super) fn command(arguments: &[&str], settings: &Settings) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COURIER24_") {
            command.env_remove(name);
        }
    }
    for (name, value) in settings {
        command.env(format!("COURIER24_{name}"), value);
    }
    Ok(command)
}

/// Starts a server and waits until it listens.
pub(super) async fn server(role: &str, settings: &Settings) -> Result<Server> {
    let mut command = command(&["bench", "--role", role], settings)?;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context(role.to_owned())?;
    let mut out = BufReader::new(child.stdout.take().context("no output")?);
    let mut line = String::new();
    tokio::time::timeout(START, out.read_line(&mut line)).await.with_context(|| format!("{role} does not start"))??;
    let told: Listening = serde_json::from_str(&line).with_context(|| format!("{role} does not listen"))?;
    Ok(Server { _child: child, address: told.listening })
}

/// Loads a server from a process of its own.
pub(super) async fn client(load: &Load) -> Result<Measured> {
    let mut child = command(&["bench", "--role", "client"], &Settings::new())?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("load client")?;
    let mut input = child.stdin.take().context("no input")?;
    input.write_all(&serde_json::to_vec(load)?).await?;
    drop(input);
    let most = Duration::try_from_secs_f64(load.seconds)?.saturating_add(GRACE);
    let ended = tokio::time::timeout(most, child.wait_with_output()).await.context("the load client does not end")??;
    if !ended.status.success() {
        bail!("the load client failed");
    }
    serde_json::from_slice(&ended.stdout).context("the load client's result")
}
