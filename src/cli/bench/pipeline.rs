//! The whole way of a message (accept → claim → render → send → settle) against the bound of its parts measured alone in the same run.
//!
//! Calls of four portals arrive as fast as the service takes them. The channels' providers take more a second than one run holds, so
//! that their pace is not what is measured.

use super::Bench;
use super::accept::RUNS;
use super::body::{self, Call};
use super::load::Load;
use super::parts::{self, Parts};
use super::process;
use super::table::{Row, Spread, Target, float};
use super::world::{Plan, World};
use crate::db::Db;
use crate::db::connect::{Access, OpenOptions, open};
use crate::queue::{self, Lane};
use anyhow::{Context as _, Result, ensure};
use std::time::{Duration, Instant};

const PORTALS: usize = 4;
/// Of one run, all portals together.
const MESSAGES: usize = 2_000;
/// Messages a second that a channel may be set to at most.
const FASTEST: usize = 1_000;
const CONNECTIONS: usize = 64;
/// Until the channels' bursts are full again.
const REST: Duration = Duration::from_millis(2_500);
const LOOK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures parts and whole.
pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let mut world = World::set(bench.folder.path(), Plan { portals: PORTALS, ..Plan::default() })?;
    world.service.start("web,worker").await?;
    world.install().await?;
    let mut bodies = Vec::new();
    for portal in &world.portals {
        let channel = world.channel(portal, FASTEST).await?;
        bodies.push(body::form(portal, &Call { waits: false, channel: &channel })?);
    }
    world.quiet().await?;
    let url = world.service.settings.iter().find(|(name, _)| *name == "DATABASE_URL").map(|(_, url)| url.clone());
    let db =
        open(&OpenOptions { access: Access::Guest, ..OpenOptions::new(url.context("DATABASE_URL")?) }, std::sync::Arc::default()).await?;
    let mut whole = Vec::new();
    for run in 0..RUNS {
        whole.push(one(&world, &db, &bodies, run).await?);
        tokio::time::sleep(REST).await;
    }
    db.close().await;
    let accept = accept_alone(&mut world, &bodies).await?;
    world.service.kill().await?;
    let parts = parts::measure(bench.folder.path(), &world.network).await?;
    show(bench, Spread::of(&whole), accept, parts);
    Ok(())
}

fn load(world: &World, bodies: &[String], requests: usize, run: usize) -> Load {
    Load {
        address: world.service.address.clone(),
        path: "/b24/robot".to_owned(),
        bodies: bodies.to_vec(),
        connections: CONNECTIONS,
        seconds: PATIENCE.as_secs_f64(),
        requests,
        // Phones end in the last seven digits: no two messages of a channel have the same, or a recipient's own pace would be measured.
        first: 1_000_000_000 * u64::try_from(run + 1).unwrap_or(1) + u64::try_from(run * MESSAGES).unwrap_or_default(),
        may_break: false,
    }
}

/// Messages a second from the first call to the last settlement.
async fn one(world: &World, db: &Db, bodies: &[String], run: usize) -> Result<f64> {
    let load = load(world, bodies, MESSAGES, run);
    let started = Instant::now();
    let measured = process::client(&load).await?;
    ensure!(measured.other == 0 && measured.ok == MESSAGES, "{} of {MESSAGES} calls were answered 200", measured.ok);
    // All calls are stored now, each with its job.
    while queue::unfinished(db.read(), &[Lane::Run, Lane::Deliver]).await? {
        ensure!(started.elapsed() < PATIENCE, "not all of {MESSAGES} messages were settled in {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let (sent, expected) = (world.network.messages().len(), MESSAGES * (run + 1));
    ensure!(sent == expected && queue::dead_count(db.read()).await? == 0, "{sent} messages left instead of {expected}");
    println!("    {MESSAGES} messages in {seconds:.2} s, accepted at {:.0}/s", measured.rate);
    Ok(float(MESSAGES) / seconds)
}

/// Accepting alone: the same service without workers.
async fn accept_alone(world: &mut World, bodies: &[String]) -> Result<Spread> {
    world.service.kill().await?;
    world.service.start("web").await?;
    let mut rates = Vec::new();
    for run in RUNS..RUNS * 2 {
        rates.push(process::client(&load(world, bodies, MESSAGES * 5, run)).await?.rate);
    }
    Ok(Spread::of(&rates))
}

fn show(bench: &mut Bench, whole: Spread, accept: Spread, parts: Parts) {
    let named = [("accept", accept), ("claim", parts.claim), ("render", parts.render), ("send", parts.send), ("settle", parts.settle)];
    for (name, spread) in named {
        super::idle::add(bench, format!("pipeline: {name} alone"), "per s", spread);
    }
    let bound = |of: fn(&Spread) -> f64| 1.0 / named.iter().map(|(_, spread)| 1.0 / of(spread).max(f64::MIN_POSITIVE)).sum::<f64>();
    let reference = Spread { min: bound(|s| s.min), median: bound(|s| s.median), max: bound(|s| s.max) };
    bench.table.add(Row {
        name: "pipeline / harmonic bound of its parts".to_owned(),
        unit: "msg/s",
        subject: whole,
        reference: Some(reference),
        target: Target::AtLeast(0.3),
    });
}
