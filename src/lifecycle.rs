//! When a process stops: signals, and how long what is under way may take.
//!
//! The first SIGTERM or SIGINT asks for an ordered stop, a second one for a quick one. What is stopped in which order stands in `app`.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Asks a running application to stop. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stopper {
    ordered: CancellationToken,
    quick: CancellationToken,
}

impl Stopper {
    /// Stop accepting, drain, release leases.
    pub fn stop(&self) {
        self.ordered.cancel();
    }

    /// Break off what is under way, release leases.
    pub fn hurry(&self) {
        self.ordered.cancel();
        self.quick.cancel();
    }

    /// Cancelled when a stop is asked for.
    pub fn token(&self) -> CancellationToken {
        self.ordered.clone()
    }

    /// Waits until a stop is asked for.
    pub async fn stopped(&self) {
        self.ordered.cancelled().await;
    }

    /// Waits until a quick stop is asked for.
    pub async fn hurried(&self) {
        self.quick.cancelled().await;
    }

    /// Lets the signals of this process stop it; ends with the runtime.
    ///
    /// # Errors
    /// The operating system refuses a signal handler.
    pub fn obey_signals(&self) -> std::io::Result<()> {
        let stopper = self.clone();
        let mut signals = Signals::new()?;
        tokio::spawn(async move {
            signals.next().await;
            tracing::info!("stopping: no new requests, finishing what is under way; a second signal breaks it off");
            stopper.stop();
            signals.next().await;
            tracing::warn!("stopping at once");
            stopper.hurry();
        });
        Ok(())
    }
}

/// How long the parts of an ordered stop may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Requests being answered.
    pub requests: Duration,
    /// Jobs under way.
    pub jobs: Duration,
    /// Giving leases back and closing the database.
    pub last: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // Together below the 60 s that a process supervisor usually grants; a send takes at most 30 s.
        Self { requests: Duration::from_secs(10), jobs: Duration::from_secs(35), last: Duration::from_secs(10) }
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
