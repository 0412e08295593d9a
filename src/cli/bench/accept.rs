//! Durable accept: against a server that only reads the body, and against one commit for each call.
//!
//! The service runs with its web role alone on an installed portal; portal look-up, token check, parsing and cutting of `auth` are in
//! the measured path. At the end it is killed in the middle of a load, and every call answered 200 is read back from the database.

use super::Bench;
use super::body::{self, Call};
use super::folder::Folder;
use super::load::{Load, Measured};
use super::process::{self, Settings};
use super::table::{Row, Spread, Target, float};
use super::world::{Plan, World};
use crate::db::connect::{OpenOptions, open};
use crate::db::scratch;
use crate::db::store::accepted;
use crate::domain::ids::{Ids as _, RandomIds};
use anyhow::{Context as _, Result, ensure};
use std::time::Duration;

/// Runs of each.
pub(super) const RUNS: usize = 5;
const ROBOT: &str = "/b24/robot";
/// Callers at the same time that a goal is about.
const CROWD: usize = 256;
/// Numbers apart of two runs.
const RUN: u64 = 1_000_000_000;
/// Tokens asked for at once when reading back.
const CHUNK: usize = 1_000;
/// Into the last load when the service is killed.
const KILL_AFTER: Duration = Duration::from_millis(700);

/// On a SQLite file with `synchronous=FULL`.
pub(super) async fn sqlite(bench: &mut Bench) -> Result<()> {
    against_noop(bench, "accept-sqlite", None, 0.10).await
}

/// On PostgreSQL, where there is one.
pub(super) async fn postgres(bench: &mut Bench) -> Result<()> {
    let Some(server) = bench.postgres.clone() else {
        bench.table.skipped("accept-postgres", "no PostgreSQL (--postgres URL)");
        return Ok(());
    };
    let name = format!("courier24_bench_{}", RandomIds.token().get(..12).unwrap_or_default());
    let url = scratch::create_database(&server, &name).await?;
    bench.made.push(url.clone());
    against_noop(bench, "accept-postgres", Some(url), 0.08).await
}

async fn against_noop(bench: &mut Bench, name: &str, database: Option<String>, target: f64) -> Result<()> {
    let mut world = World::set(bench.folder.path(), Plan { database, ..Plan::default() })?;
    world.service.start("web").await?;
    world.install().await?;
    let form = body::form(world.portal()?, &Call { waits: true, channel: "" })?;
    let noop = process::server("noop", &Settings::new()).await?;
    let mut runs = Runs { form, seconds: bench.scaled(3.0, 1.0), next: 1 };
    let mut answered = Vec::new();
    for connections in [64, CROWD] {
        let (mut subject, mut reference) = (Vec::new(), Vec::new());
        runs.load(&noop.address, connections).await?;
        answered.extend(runs.load(&world.service.address, connections).await?.answered);
        for _ in 0..RUNS {
            reference.push(runs.load(&noop.address, connections).await?.rate);
            let before = world.service.processor().unwrap_or_default();
            let measured = runs.load(&world.service.address, connections).await?;
            let busy =
                world.service.processor().unwrap_or_default().saturating_sub(before).as_secs_f64() * 1_000_000.0 / float(measured.ok);
            println!(
                "    c={connections}: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {busy:.0} µs of processor a call",
                measured.rate, measured.p50_ms, measured.p99_ms
            );
            subject.push(measured.rate);
            answered.extend(measured.answered);
        }
        bench.table.add(Row {
            name: format!("{name} / no-op, c={connections}"),
            unit: "calls/s",
            subject: Spread::of(&subject),
            reference: Some(Spread::of(&reference)),
            // The goal is a crowd's throughput; what fewer callers get is printed beside it.
            target: if connections == CROWD { Target::AtLeast(target) } else { Target::None },
        });
    }
    answered.extend(killed_under_load(&mut world, &mut runs).await?);
    let count = read_back(&world, &answered).await?;
    println!("    killed under load; all {count} calls answered 200 are in the database");
    Ok(())
}

/// Against a server that accepts the same calls with the same proof, but commits them one by one.
pub(super) async fn against_single(bench: &mut Bench) -> Result<()> {
    let mut world = World::set(bench.folder.path(), Plan::default())?;
    world.service.start("web").await?;
    world.install().await?;
    world.service.kill().await?;
    let (copy, settings) = copied(&world)?;
    world.service.start("web").await?;
    let single = process::server("one-by-one", &settings).await?;
    let mut runs =
        Runs { form: body::form(world.portal()?, &Call { waits: true, channel: "" })?, seconds: bench.scaled(3.0, 1.0), next: 1 };
    let (mut subject, mut reference) = (Vec::new(), Vec::new());
    for address in [&single.address, &world.service.address] {
        runs.load(address, 64).await?;
    }
    for _ in 0..RUNS {
        reference.push(runs.load(&single.address, 64).await?.rate);
        subject.push(runs.load(&world.service.address, 64).await?.rate);
    }
    bench.table.add(Row {
        name: "accept-vs-single: group / single commits, c=64".to_owned(),
        unit: "calls/s",
        subject: Spread::of(&subject),
        reference: Some(Spread::of(&reference)),
        target: Target::AtLeast(4.0),
    });
    drop(copy);
    Ok(())
}

/// The installed portal's database once more on the same disk, and the settings that lead to it.
fn copied(world: &World) -> Result<(Folder, Settings)> {
    let copy = Folder::make(Some(world.folder.path()))?;
    for name in ["courier24.db", "courier24.db-wal"] {
        let from = world.folder.path().join(name);
        if from.exists() {
            std::fs::copy(&from, copy.path().join(name)).with_context(|| from.display().to_string())?;
        }
    }
    let settings = world.service.settings.iter().map(|(name, value)| match *name {
        "DATABASE_URL" => (*name, format!("sqlite://{}", copy.path().join("courier24.db").display())),
        _ => (*name, value.clone()),
    });
    let settings = settings.collect();
    Ok((copy, settings))
}

/// Loads with ever new numbers.
struct Runs {
    form: String,
    seconds: f64,
    next: u64,
}

impl Runs {
    fn plan(&mut self, address: &str, connections: usize) -> Load {
        let first = self.next * RUN;
        self.next += 1;
        Load {
            address: address.to_owned(),
            path: ROBOT.to_owned(),
            bodies: vec![self.form.clone()],
            connections,
            seconds: self.seconds,
            requests: 1_000_000,
            first,
            may_break: false,
        }
    }

    async fn load(&mut self, address: &str, connections: usize) -> Result<Measured> {
        let measured = process::client(&self.plan(address, connections)).await?;
        ensure!(measured.other == 0 && measured.ok > 0, "{} calls were not answered 200, {} were", measured.other, measured.ok);
        Ok(measured)
    }
}

/// Kills the service while it is loaded; returns what had been answered 200.
async fn killed_under_load(world: &mut World, runs: &mut Runs) -> Result<Vec<(u64, u64)>> {
    let load = Load { may_break: true, ..runs.plan(&world.service.address, 64) };
    let kill = async {
        tokio::time::sleep(KILL_AFTER).await;
        world.service.kill().await
    };
    let (measured, killed) = futures::join!(process::client(&load), kill);
    killed?;
    let measured = measured?;
    ensure!(measured.broken > 0, "the service was to be killed in the middle of the load");
    Ok(measured.answered)
}

/// Looks for every call answered 200; returns how many there are.
async fn read_back(world: &World, answered: &[(u64, u64)]) -> Result<usize> {
    let url = world.service.settings.iter().find(|(name, _)| *name == "DATABASE_URL").map(|(_, url)| url.clone());
    let db = open(&OpenOptions::new(url.context("DATABASE_URL")?), std::sync::Arc::default()).await?;
    let portal = world.portal()?.member_id();
    let tokens: Vec<String> =
        answered.iter().flat_map(|(first, end)| *first..*end).map(|number| body::event_token(&format!("{number:012}"))).collect();
    let mut found = 0;
    for chunk in tokens.chunks(CHUNK) {
        found += accepted::known_tokens(db.read(), portal, chunk).await?.len();
    }
    db.close().await;
    ensure!(found == tokens.len(), "{} calls answered 200 are not in the database", tokens.len() - found);
    Ok(found)
}
