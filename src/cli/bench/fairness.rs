//! A portal with one call beside a portal with ten thousand queued: the one leaves as if it were alone.
//!
//! The crowd is accepted while no worker runs, so that all of it is due at the moment at which the workers start.

use super::Bench;
use super::accept::RUNS;
use super::body;
use super::latency::Sent;
use super::table::{Row, Spread, Target};
use super::world::{Plan, World};
use crate::sim::portal::Document;
use anyhow::{Context as _, Result, bail, ensure};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(700);
/// Numbers of the single portal's phones.
const SINGLE: usize = 9_000_000;

/// Measures both portals.
pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let calls = bench.scaled(10_000, 1_000);
    let mut world = World::set(bench.folder.path(), Plan { portals: 2, ..Plan::default() })?;
    world.service.start("web,worker").await?;
    world.install().await?;
    let [crowded, single] = world.portals.as_slice() else { bail!("two portals") };
    let (crowded, single) = (crowded.clone(), single.clone());
    let channels = world.channels(&crowded, bench.scaled(10, 2)).await?;
    let own = world.channels(&single, 1).await?;
    let own = own.first().context("channel")?.clone();
    world.quiet().await?;
    let alone = some(&world, &single, &own, SINGLE).await?;
    world.service.kill().await?;
    world.service.start("web").await?;
    let channel = |index: usize| channels.get(index % channels.len().max(1)).map(String::as_str).unwrap_or_default();
    world.fire_many(&crowded, calls, |index| (Document::deal(1), body::properties(channel(index), index))).await?;
    world.service.kill().await?;
    world.service.start("web,worker").await?;
    let beside = some(&world, &single, &own, SINGLE + RUNS).await?;
    let sent = world.network.messages().len().saturating_sub(2 * RUNS);
    ensure!(sent < calls, "nothing of the crowd was left at the last call");
    println!("    {sent} of the crowd's {calls} messages had left at the last of the single calls");
    let row = |name: &str, reference, most| Row {
        name: format!("fairness: one beside {calls}, {name}"),
        unit: "ms",
        subject: beside,
        reference,
        target: Target::AtMost(most),
    };
    bench.table.add(row("leaves", None, 1_000.0));
    bench.table.add(row("/ alone", Some(alone), 3.0));
    Ok(())
}

async fn some(world: &World, portal: &crate::sim::portal::Portal, channel: &str, first: usize) -> Result<Spread> {
    let mut times = Vec::new();
    for run in 0..RUNS {
        times.push(Sent::one(world, portal, channel, first + run).await?.leaves_ms());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Spread::of(&times))
}
