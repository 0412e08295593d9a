//! `courier24 backup FILE`: an online copy of the SQLite database, beside a running service.

use crate::config::Config;
use crate::db::backup;
use crate::db::connect::{Access, OpenOptions, open};
use crate::domain::crash::Crash;
use std::path::PathBuf;
use std::sync::Arc;

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the copy goes; an existing file is never replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs the verb.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let options = OpenOptions { access: Access::Guest, ..OpenOptions::new(config.database_url.clone()) };
    let db = open(&options, Arc::new(Crash::default())).await?;
    let copied = backup::backup(&db, &args.file).await;
    db.close().await;
    copied?;
    println!("The copy is {}. Start it with `courier24 serve --hold-sends` first, so that nothing is sent twice.", args.file.display());
    Ok(())
}
