//! `courier24 migrate`: brings the schema up to this binary.

use crate::config::Config;
use crate::db::connect::{OpenOptions, open};
use crate::db::migrate;
use crate::domain::crash::Crash;
use std::sync::Arc;

/// Options of `migrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make a missing SQLite file.
    #[arg(long)]
    pub create: bool,
}

/// Runs the verb.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let options = OpenOptions { create: args.create, ..OpenOptions::new(config.database_url.clone()) };
    let db = open(&options, Arc::new(Crash::default())).await?;
    let migrated = migrate::up(&db).await;
    db.close().await;
    migrated?;
    println!("The schema is up to date.");
    Ok(())
}
