//! Ctrl-C and SIGTERM end the run early, so that children and folders are cleared away by their owners.

/// Waits for a signal.
///
/// # Errors
/// The operating system refuses a signal handler.
#[cfg(unix)]
pub(super) async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits for Ctrl-C.
///
/// # Errors
/// The operating system refuses a signal handler.
#[cfg(not(unix))]
pub(super) async fn asked_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
