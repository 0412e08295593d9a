//! `courier24 check`: judges settings, robots and locales without opening or changing anything.

use crate::catalog::Catalog;
use crate::config::Config;
use crate::db::crypto::Sealer;

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also demand what `serve` cannot do without.
    #[arg(long)]
    pub serve: bool,
}

/// Runs the verb.
///
/// # Errors
/// What is wrong, a sentence each.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    if args.serve {
        config.required_by_serve()?;
    }
    if !config.master_key.is_empty() {
        Sealer::new(&config.master_key, &config.master_key_old)?;
    }
    let catalog = Catalog::load().map_err(anyhow::Error::msg)?;
    let robots: Vec<&str> = catalog.robots().iter().map(|spec| spec.code.as_str()).collect();
    println!("Settings are fine.");
    println!("Robots with texts in ru and en: {}.", robots.join(", "));
    super::serve::warn_of_gaps(config);
    Ok(())
}
