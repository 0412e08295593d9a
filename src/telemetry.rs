//! Logs and metrics: one subscriber and one recorder for a process.
//!
//! Dependencies stay at `warn` unless the filter names them. Log fields are dotted and the same everywhere
//! (`portal.id channel.id message.id job.id job.kind http.status duration_ms`); never a phone, text, token or body.

use crate::config::{LogFormat, log_filter};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Mutex, PoisonError};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::FmtSpan;

/// Buckets of every duration histogram, seconds.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Installs the subscriber; a second call (tests) changes nothing. Logs go to standard error, so that commands own standard output.
///
/// # Errors
/// The text is not a tracing filter.
pub fn init_logs(log: &str, format: LogFormat) -> Result<(), ParseError> {
    let builder = tracing_subscriber::fmt().with_env_filter(log_filter(log)?).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    let installed = match format {
        LogFormat::Human => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    if installed.is_err() {
        tracing::debug!("a subscriber is installed already");
    }
    Ok(())
}

/// The process's metrics recorder; the same handle at every call, since the facade knows only one.
///
/// # Errors
/// A sentence: another recorder was installed before.
pub fn metrics() -> Result<PrometheusHandle, String> {
    static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut kept = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = kept.as_ref() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS).map_err(|error| error.to_string())?;
    let handle = builder.install_recorder().map_err(|error| format!("metrics recorder: {error}"))?;
    *kept = Some(handle.clone());
    Ok(handle)
}
