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
use anyhow::{Result, bail, ensure};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(300);
/// Calls of a run, one after the other; their median is the run's time (reference/engine.md 6: "median wait").
const CALLS: usize = 5;
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
    let crowd = world.channel(&crowded, bench.scaled(80, 20)).await?;
    let own = world.channel(&single, 10).await?;
    world.quiet().await?;
    let alone = some(&world, &single, &own, SINGLE).await?;
    world.service.kill().await?;
    world.service.start("web").await?;
    world.fire_many(&crowded, calls, |index| (Document::deal(1), body::properties(&crowd, index))).await?;
    world.service.kill().await?;
    world.service.start("web,worker").await?;
    let beside = some(&world, &single, &own, SINGLE + RUNS * CALLS).await?;
    let sent = world.network.messages().len().saturating_sub(2 * RUNS * CALLS);
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
        let mut calls = Vec::new();
        for call in 0..CALLS {
            calls.push(Sent::one(world, portal, channel, first + run * CALLS + call).await?.leaves_ms());
            tokio::time::sleep(PAUSE).await;
        }
        times.push(Spread::of(&calls).median);
    }
    Ok(Spread::of(&times))
}
