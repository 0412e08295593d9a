//! The command line: one verb per file. Errors are sentences on standard error.
//!
//! Exit codes: 0 done, 1 it failed, 2 the command line or a setting is wrong. Settings come from the environment and `courier24.toml`;
//! options only say what to do this once.

pub mod backup;
#[cfg(feature = "demo")]
pub mod bench;
pub mod check;
#[cfg(feature = "demo")]
pub mod demo;
pub mod migrate;
pub mod redrive;
pub mod reseal;
pub mod serve;
#[cfg(feature = "demo")]
pub mod sim;

use crate::config::{Config, ConfigError, LogFormat};
use crate::telemetry;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A setting or the command line is wrong.
const WRONG_SETTING: u8 = 2;

/// WhatsApp robots and business-process activities for Bitrix24.
#[derive(Debug, Parser)]
#[command(name = "courier24", version, about, arg_required_else_help = true)]
struct Cli {
    /// Settings file instead of courier24.toml in the working directory.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve HTTP and work jobs off.
    Serve(serve::Args),
    /// Play the main story against simulators on loopback.
    #[cfg(feature = "demo")]
    Demo(demo::DemoArgs),
    /// Run the simulators alone.
    #[cfg(feature = "demo")]
    Sim(sim::SimArgs),
    /// Measure ratios against references of the same run; exit 1 under a target.
    #[cfg(feature = "demo")]
    Bench(bench::BenchArgs),
    /// Bring the schema up to date.
    Migrate(migrate::Args),
    /// Check settings, robots and locales.
    Check(check::Args),
    /// Start dead jobs again.
    Redrive(redrive::Args),
    /// Seal secrets under the current master key.
    Reseal(reseal::Args),
    /// Copy the SQLite database while the service runs.
    Backup(backup::Args),
}

/// Parses the command line and runs the chosen verb.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("courier24: {error:#}");
            if error.is::<ConfigError>() { ExitCode::from(WRONG_SETTING) } else { ExitCode::FAILURE }
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<()> {
    match cli.verb {
        // These bring their own settings: nothing of the surroundings may reach a real portal from here.
        #[cfg(feature = "demo")]
        Verb::Demo(args) => {
            logs("warn", LogFormat::Human)?;
            block_on(demo::run(args))
        }
        #[cfg(feature = "demo")]
        Verb::Sim(args) => {
            logs("warn", LogFormat::Human)?;
            block_on(sim::run(args))
        }
        #[cfg(feature = "demo")]
        Verb::Bench(args) => {
            logs("warn", LogFormat::Human)?;
            block_on(bench::run(args))
        }
        verb => configured(verb, Config::load(cli.config.as_deref())?),
    }
}

fn configured(verb: Verb, config: Config) -> anyhow::Result<()> {
    logs(&config.log, config.log_format)?;
    match verb {
        Verb::Serve(args) => block_on(serve::run(args, config)),
        Verb::Migrate(args) => block_on(migrate::run(args, &config)),
        Verb::Check(args) => check::run(&args, &config),
        Verb::Redrive(args) => block_on(redrive::run(args, &config)),
        Verb::Reseal(args) => {
            config.required_by_secrets()?;
            block_on(reseal::run(args, &config))
        }
        Verb::Backup(args) => block_on(backup::run(args, &config)),
        #[cfg(feature = "demo")]
        Verb::Demo(_) | Verb::Sim(_) | Verb::Bench(_) => Ok(()),
    }
}

fn logs(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    telemetry::init_logs(filter, format)?;
    Ok(())
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
