//! The binary itself, as an operator runs it: exit codes, what it says, signals; in real time, beside simulators of its own.

use super::town::{OPERATOR, ask, http};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A finished run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn command(folder: &Path, args: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_courier24"));
    // Any free port unless a story names one: the default may be somebody else's.
    command.args(args).current_dir(folder).env_clear().env("COURIER24_LISTEN", "127.0.0.1:0");
    for (name, value) in settings {
        command.env(format!("COURIER24_{name}"), value);
    }
    command
}

/// Runs a verb to its end.
pub(crate) fn run(folder: &Path, args: &[&str], settings: &[(&str, &str)]) -> Ran {
    let output = command(folder, args, settings).output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A serving process; killed when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

impl Serving {
    /// Starts `serve --create` on a free port; `settings` come on top of what serving needs.
    pub(crate) async fn start(folder: &Path, args: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut serving = Self::launch(folder, args, settings);
        let give_up = Instant::now() + Duration::from_secs(20);
        while Instant::now() < give_up {
            if let Some(code) = serving.ended() {
                panic!("ended with {code:?}: {}", serving.log());
            }
            if serving.try_get("/health/ready").await.is_some_and(|(status, _)| status == 200) {
                return serving;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never ready: {}", serving.log());
    }

    /// The same without waiting.
    pub(crate) fn launch(folder: &Path, args: &[&str], settings: &[(&str, &str)]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (listen, public) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
        let mut all = vec![
            ("LISTEN", listen.as_str()),
            ("PUBLIC_URL", public.as_str()),
            ("MASTER_KEY", KEY),
            ("OPERATOR_TOKEN", OPERATOR),
            ("ALLOW_PRIVATE_NETWORK", "true"),
        ];
        all.extend_from_slice(settings);
        let log = folder.join(format!("log-{port}"));
        let file = std::fs::File::create(&log).unwrap();
        let mut words = vec!["serve"];
        words.extend_from_slice(args);
        let child = command(folder, &words, &all).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { child, port, log }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) async fn try_get(&self, path: &str) -> Option<(u16, String)> {
        #[expect(clippy::disallowed_methods, reason = "the tests' own client")]
        let answer = http().get(self.url(path)).bearer_auth(OPERATOR).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.unwrap_or_default()))
    }

    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        ask(method, &self.url(path), body).await
    }

    fn ended(&mut self) -> Option<Option<i32>> {
        self.child.try_wait().unwrap().map(|status| status.code())
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
    }

    /// Waits for its end; returns its exit code.
    pub(crate) async fn end(&mut self, within: Duration) -> Option<i32> {
        let give_up = Instant::now() + within;
        while Instant::now() < give_up {
            if let Some(code) = self.ended() {
                return code;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still running: {}", self.log());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks every 100 ms until something is so.
pub(crate) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut so: F) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while Instant::now() < give_up {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never happened: {what}");
}
