//! The queue alone with many timers in it: an empty look, a claim of one hundred, a cancel by key. On a SQLite file.

use super::Bench;
use super::commit::commit;
use super::folder::Folder;
use super::idle::add;
use super::table::Spread;
use crate::db::connect::{OpenOptions, open};
use crate::db::{Db, migrate};
use crate::domain::clock::{Clock as _, DAY, Ms, SECOND, SystemClock};
use crate::domain::ids::RandomIds;
use crate::queue::{self, Job, NewJob};
use anyhow::{Result, ensure};
use std::time::Instant;

/// Rows in one statement while filling.
const CHUNK: usize = 5_000;
/// Portals the timers belong to.
const PORTALS: usize = 50;
const LOOKS: usize = 200;
const CLAIMS: usize = 21;
const LEASE: Ms = 10 * SECOND;

/// Measures with this many jobs that are due tomorrow.
pub(super) async fn measure(bench: &mut Bench, future: usize) -> Result<()> {
    let folder = Folder::make(Some(bench.folder.path()))?;
    let url = format!("sqlite://{}", folder.path().join("queue.db").display());
    let db = open(&OpenOptions { create: true, ..OpenOptions::new(url) }, std::sync::Arc::default()).await?;
    migrate::up(&db).await?;
    fill(&db, future).await?;
    let shards = queue::all_shards();
    let (mut looks, mut claims, mut cancels) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let started = Instant::now();
        let found = queue::claim(&db, &RandomIds, &shards, SystemClock.now(), LEASE, 100).await?;
        looks.push(micros(started));
        ensure!(found.is_empty(), "a job of tomorrow was claimed");
    }
    for round in 0..CLAIMS {
        claims.push(claim(&db, &shards, round).await?);
        let tx = db.begin().await?;
        let started = Instant::now();
        let gone = queue::cancel(&tx, &portal(round), &format!("key{round}")).await?;
        commit(tx).await?;
        cancels.push(micros(started));
        ensure!(gone == 1, "{gone} jobs were cancelled by one key");
    }
    db.close().await;
    for (name, times) in [("empty look", looks), ("claim of 100", claims), ("cancel by key", cancels)] {
        add(bench, format!("queue: {name}, {future} timers"), "µs", Spread::of(&times));
    }
    Ok(())
}

fn portal(number: usize) -> String {
    format!("portal{}", number % PORTALS)
}

async fn fill(db: &Db, future: usize) -> Result<()> {
    let (now, started) = (SystemClock.now(), Instant::now());
    for first in (0..future).step_by(CHUNK) {
        let jobs: Vec<NewJob> = (first..future.min(first + CHUNK))
            .map(|number| {
                let due = now + DAY + Ms::try_from(number).unwrap_or_default();
                NewJob::at(&portal(number), Job::Deliver { message_id: format!("msg_{number}") }, due).cancelled_by(format!("key{number}"))
            })
            .collect();
        let tx = db.begin().await?;
        queue::enqueue(&tx, &RandomIds, now, &jobs).await?;
        commit(tx).await?;
    }
    println!("    {future} timers stored in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Time of claiming one hundred due jobs, µs.
async fn claim(db: &Db, shards: &[i64], round: usize) -> Result<f64> {
    let now = SystemClock.now();
    let due: Vec<NewJob> =
        (0..100).map(|number| NewJob::at(&portal(round + number % 2), Job::Deliver { message_id: format!("due_{number}") }, now)).collect();
    let tx = db.begin().await?;
    queue::enqueue(&tx, &RandomIds, now, &due).await?;
    commit(tx).await?;
    let started = Instant::now();
    let groups = queue::claim(db, &RandomIds, shards, now, LEASE, 100).await?;
    let took = micros(started);
    let claimed: Vec<&queue::Claimed> = groups.iter().flat_map(|group| &group.jobs).collect();
    ensure!(claimed.len() == 100, "{} of 100 due jobs were claimed", claimed.len());
    let tx = db.begin().await?;
    queue::complete(&tx, &claimed).await?;
    commit(tx).await?;
    Ok(took)
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000_000.0
}
