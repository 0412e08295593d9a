//! Printed without a target: memory at rest, start to readiness, size of the binary, and what a million pending follow-ups cost.

use super::Bench;
use super::accept::RUNS;
use super::jobs;
use super::table::{Row, Spread, Target, float};
use super::world::{Plan, World};
use anyhow::{Context as _, Result};
use std::time::Duration;

const REST: Duration = Duration::from_secs(3);

/// Measures all of it.
pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let mut world = World::set(bench.folder.path(), Plan::default())?;
    world.service.start("web,worker").await?;
    world.install().await?;
    world.channel(world.portal()?, 10).await?;
    world.quiet().await?;
    tokio::time::sleep(REST).await;
    let mut rows = Vec::new();
    if let Some(mib) = world.service.resident_mib() {
        rows.push(("idle: memory, one portal", "MiB", Spread::one(mib)));
    }
    let mut starts = Vec::new();
    for _ in 0..RUNS {
        world.service.kill().await?;
        starts.push(world.service.start("web,worker").await?.as_secs_f64() * 1_000.0);
    }
    rows.push(("idle: start to ready", "ms", Spread::of(&starts)));
    let bytes = std::fs::metadata(std::env::current_exe()?).context("own binary")?.len();
    rows.push(("idle: binary", "MiB", Spread::one(float(usize::try_from(bytes / 1024)?) / 1024.0)));
    for (name, unit, subject) in rows {
        add(bench, name.to_owned(), unit, subject);
    }
    drop(world);
    let many = bench.scaled(1_000_000, 100_000);
    jobs::both(bench, 10_000, many).await
}

/// A line without a target.
pub(super) fn add(bench: &mut Bench, name: String, unit: &'static str, subject: Spread) {
    bench.table.add(Row { name, unit, subject, reference: None, target: Target::None });
}
