//! `courier24 redrive`: dead jobs run again with fresh tries. Works beside a running service, which sees them within a second.

use crate::config::Config;
use crate::db::connect::{Access, OpenOptions, open};
use crate::db::{Db, DbResult, migrate};
use crate::domain::clock::{Clock as _, Ms, SystemClock};
use crate::domain::crash::Crash;
use crate::queue;
use std::sync::Arc;

/// Options of `redrive`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this portal (its member_id); else all portals.
    #[arg(long, value_name = "MEMBER_ID")]
    pub portal: Option<String>,
}

/// Runs the verb.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let options = OpenOptions { access: Access::Guest, ..OpenOptions::new(config.database_url.clone()) };
    let db = open(&options, Arc::new(Crash::default())).await?;
    migrate::check(&db).await?;
    let raised = raise(&db, args.portal.as_deref(), SystemClock.now()).await?;
    db.close().await;
    println!("{raised} dead jobs are ready again.");
    Ok(())
}

/// All of it in one transaction: a command that was killed is repeated. Returns how many jobs are ready again.
///
/// # Errors
/// The database failed.
pub async fn raise(db: &Db, portal: Option<&str>, now: Ms) -> DbResult<u64> {
    let tx = db.begin().await?;
    let raised = queue::redrive(&tx, portal, now).await?;
    tx.commit("redrive.command").await?;
    Ok(raised)
}
