//! `courier24 bench`: what the service can do as ratios of references measured in the same run, on the same machine and disk.
//!
//! A ratio is the worst run of the subject over the median of its reference, so that it says something on any machine. The service under
//! test and the servers it is compared with are child processes, the load client is a process of its own, everything stays on
//! loopback, and children and folders are gone when the command ends, whichever way it ends.

mod accept;
mod body;
mod commit;
mod fairness;
mod folder;
mod idle;
mod jobs;
mod latency;
mod load;
mod parts;
mod pipeline;
mod process;
mod rest;
mod servers;
mod service;
mod signals;
mod table;
mod world;

use crate::db::scratch;
use folder::Folder;
use futures::future::LocalBoxFuture;
use std::path::PathBuf;
use std::time::Instant;
use table::Table;

/// Options of `courier24 bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct BenchArgs {
    /// Shorter runs and smaller counts; the targets stay.
    #[arg(long)]
    pub quick: bool,
    /// Only these measures, a comma list.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = names())]
    pub only: Vec<String>,
    /// A PostgreSQL server to measure as well; a database of its own is made there and removed (else `COURIER24_TEST_POSTGRES`).
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// Make the databases in this folder: its disk is what is measured.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What a child process of the command does.
    #[arg(long, hide = true)]
    pub role: Option<Role>,
}

/// What a child process of the command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Loads a server.
    Client,
    /// Reads a body and answers 200.
    Noop,
    /// Accepts calls, each in a transaction of its own.
    OneByOne,
}

type Measure = for<'a> fn(&'a mut Bench) -> LocalBoxFuture<'a, anyhow::Result<()>>;

const MEASURES: &[(&str, Measure)] = &[
    ("accept-sqlite", |bench| Box::pin(accept::sqlite(bench))),
    ("accept-postgres", |bench| Box::pin(accept::postgres(bench))),
    ("accept-vs-single", |bench| Box::pin(accept::against_single(bench))),
    ("rest-per-message", |bench| Box::pin(rest::measure(bench))),
    ("pipeline", |bench| Box::pin(pipeline::measure(bench))),
    ("latency", |bench| Box::pin(latency::measure(bench))),
    ("fairness", |bench| Box::pin(fairness::measure(bench))),
    ("idle", |bench| Box::pin(idle::measure(bench))),
];

fn names() -> clap::builder::PossibleValuesParser {
    MEASURES.iter().map(|(name, _)| *name).collect::<Vec<_>>().into()
}

/// One run of the command.
#[derive(Debug)]
struct Bench {
    quick: bool,
    folder: Folder,
    postgres: Option<String>,
    /// Databases made on the PostgreSQL server.
    made: Vec<String>,
    table: Table,
}

impl Bench {
    /// One number for a full run, another for a quick one.
    fn scaled<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// Runs the measures and prints them.
///
/// # Errors
/// A measure under its target, or one that could not be taken; the table says which.
pub async fn run(args: BenchArgs) -> anyhow::Result<()> {
    match args.role {
        Some(Role::Client) => servers::client().await,
        Some(Role::Noop) => servers::noop().await,
        Some(Role::OneByOne) => servers::one_by_one().await,
        None => measure(args).await,
    }
}

async fn measure(args: BenchArgs) -> anyhow::Result<()> {
    crate::sim::install_tls();
    let postgres = args.postgres.or_else(|| std::env::var("COURIER24_TEST_POSTGRES").ok()).filter(|url| !url.is_empty());
    let folder = Folder::make(args.data.as_deref())?;
    let mut bench = Bench { quick: args.quick, folder, postgres, made: Vec::new(), table: Table::default() };
    say_where(&bench)?;
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let interrupted = tokio::select! {
        () = take(&mut bench, wanted) => false,
        asked = signals::asked_to_stop() => { asked?; true }
    };
    for url in std::mem::take(&mut bench.made) {
        if let Err(error) = scratch::drop_database(bench.postgres.as_deref().unwrap_or_default(), &url).await {
            eprintln!("a database of the bench stays on the PostgreSQL server: {error}");
        }
    }
    anyhow::ensure!(!interrupted, "interrupted");
    bench.table.finish()
}

/// One measure after the other; one that cannot be taken fails alone.
async fn take(bench: &mut Bench, wanted: impl Fn(&str) -> bool) {
    for (name, measure) in MEASURES.iter().filter(|(name, _)| wanted(name)) {
        let started = Instant::now();
        println!("\n{name}");
        if let Err(error) = measure(bench).await {
            bench.table.broken(name, &error);
        }
        println!("  took {:.0} s", started.elapsed().as_secs_f64());
    }
}

/// What the numbers were measured with.
fn say_where(bench: &Bench) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (median_us, folder) = (folder::sync_us(bench.folder.path())?, bench.folder.path().display());
    println!(
        "courier24 {} bench{}: {cores} cores, {folder}, a synced write of 4 KB takes {median_us:.0} µs",
        env!("CARGO_PKG_VERSION"),
        bench.scaled("", " --quick")
    );
    if cfg!(debug_assertions) {
        println!("THIS BINARY WAS BUILT WITHOUT OPTIMISATION: the numbers below mean little. Build it with --release.");
    }
    println!("ratio = worst run of the subject / median of the reference");
    Ok(())
}
