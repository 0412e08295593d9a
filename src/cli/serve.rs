//! `courier24 serve`: HTTP and workers until a signal, or until a part of it ends by itself.

use crate::app::{App, Parts};
use crate::config::{Config, Roles};
use crate::domain::clock::{Clock, SystemClock};
use std::sync::Arc;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What this process does, instead of COURIER24_ROLES: web, worker or web,worker.
    #[arg(long, value_name = "ROLES", value_parser = Roles::parse)]
    pub roles: Option<Roles>,
    /// Make the SQLite file when it is missing.
    #[arg(long)]
    pub create: bool,
    /// Do not migrate the schema; refuse to start when it is outdated.
    #[arg(long)]
    pub no_migrate: bool,
    /// Start with sending paused: after restoring a backup, look first, so that nothing is sent twice.
    #[arg(long)]
    pub hold_sends: bool,
    /// Clock of a demo, which is put forward by what stands in this file.
    #[cfg(feature = "demo")]
    #[arg(long, hide = true, value_name = "FILE")]
    pub demo_clock: Option<std::path::PathBuf>,
}

/// Runs the verb.
///
/// # Errors
/// A sentence for the operator; a crashed part of the service.
pub async fn run(args: Args, config: Config) -> anyhow::Result<()> {
    config.required_by_serve()?;
    warn_of_gaps(&config);
    tracing::debug!(?config, "settings");
    let parts = Parts {
        clock: clock(&args, &config)?,
        roles: args.roles,
        create: args.create,
        migrate: !args.no_migrate,
        hold_sends: args.hold_sends,
        ..Parts::default()
    };
    let public_url = config.public_url.clone();
    let app = App::build(config, parts).await?;
    app.stopper().obey_signals()?;
    tracing::info!(port = app.port(), public_url, hold_sends = args.hold_sends, version = env!("CARGO_PKG_VERSION"), "courier24 serves");
    app.run_until_stopped().await?;
    tracing::info!("stopped");
    Ok(())
}

/// The system's clock, or the demo's.
#[cfg(feature = "demo")]
fn clock(args: &Args, config: &Config) -> anyhow::Result<Arc<dyn Clock>> {
    let Some(file) = &args.demo_clock else { return Ok(Arc::new(SystemClock)) };
    // With a foreign clock nothing that leaves would be true; such a setting is refused beside an https PUBLIC_URL.
    anyhow::ensure!(config.allow_private_network, "--demo-clock is for `courier24 demo`: it needs COURIER24_ALLOW_PRIVATE_NETWORK=true");
    tracing::warn!(file = %file.display(), "the clock is the demo's");
    Ok(Arc::new(super::demo::clock::DemoClock::of(file)))
}

/// The system's clock.
#[cfg(not(feature = "demo"))]
fn clock(_: &Args, _: &Config) -> anyhow::Result<Arc<dyn Clock>> {
    Ok(Arc::new(SystemClock))
}

/// What starts but will not do everything.
pub(super) fn warn_of_gaps(config: &Config) {
    if !config.has_application_keys() {
        tracing::warn!("COURIER24_BITRIX_CLIENT_ID and COURIER24_BITRIX_CLIENT_SECRET are not set: no portal can be installed");
    }
    if config.operator_token.is_empty() {
        tracing::warn!("COURIER24_OPERATOR_TOKEN is not set: the operator API is off");
    }
    if config.database_url.starts_with("sqlite") && config.roles.web != config.roles.worker {
        tracing::warn!("COURIER24_ROLES names one role only, but an SQLite file serves one process: nobody does the other half");
    }
}
