//! `courier24 reseal`: seals every secret again under the current master key. Works beside a running service that has both keys.

use crate::config::Config;
use crate::db::connect::{Access, OpenOptions, open};
use crate::db::crypto::Sealer;
use crate::db::{canary, migrate, reseal};
use crate::domain::crash::Crash;
use crate::domain::ids::RandomIds;
use anyhow::{Context as _, bail};
use std::sync::Arc;

/// `reseal` has no options.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the verb.
///
/// # Errors
/// A sentence for the operator; also when some values could not be opened.
pub async fn run(_args: Args, config: &Config) -> anyhow::Result<()> {
    config.required_by_secrets()?;
    let sealer = Sealer::new(&config.master_key, &config.master_key_old)
        .context("COURIER24_MASTER_KEY or COURIER24_MASTER_KEY_OLD is wrong; make a key with `openssl rand -base64 32`")?;
    let options = OpenOptions { access: Access::Guest, ..OpenOptions::new(config.database_url.clone()) };
    let db = open(&options, Arc::new(Crash::default())).await?;
    migrate::check(&db).await?;
    canary::unlock(&db, &sealer, &RandomIds).await?;
    let done = reseal::reseal(&db, &sealer).await?;
    db.close().await;
    println!("{} secrets are sealed under the current key now.", done.changed);
    if !done.unreadable.is_empty() {
        bail!(
            "{} secrets open under none of the keys and were left as they are; keep their key in COURIER24_MASTER_KEY_OLD:\n{}",
            done.unreadable.len(),
            done.unreadable.join("\n")
        );
    }
    println!("COURIER24_MASTER_KEY_OLD is not needed any more.");
    Ok(())
}
