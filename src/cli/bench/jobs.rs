//! The queue with many pending follow-ups in it: an empty look, a claim of one hundred, a follow-up ended by a client's reply. On a SQLite
//! file. A hundred times as many may cost three times as much at most; a cancel stays under a millisecond.

use super::Bench;
use super::commit::commit;
use super::folder::Folder;
use super::idle::add;
use super::table::{Row, Spread, Target};
use crate::db::connect::{OpenOptions, open};
use crate::db::entity::follow_up;
use crate::db::store::follow_up_stop::{self, Cause, Way, Whose};
use crate::db::{Db, migrate, store};
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

/// What a few follow-ups cost, and most that many may: times of the look and of the claim.
pub(super) async fn both(bench: &mut Bench, few: usize, many: usize) -> Result<()> {
    let small = measure(bench, few).await?;
    let large = measure(bench, many).await?;
    for ((name, limit), (small, large)) in JUDGED.into_iter().zip(small.into_iter().zip(large)) {
        let (reference, target) = match limit {
            Some(micros) => (None, Target::AtMost(micros)),
            None => (Some(small), Target::AtMost(GROWTH)),
        };
        let name = format!("follow-ups: {name}, {many} pending");
        bench.table.add(Row { name, unit: "µs", subject: Spread::one(large.median), reference, target });
    }
    Ok(())
}

/// Measured, and its own limit in µs; else it may grow by [`GROWTH`] against the smaller number.
const JUDGED: [(&str, Option<f64>); 3] = [("empty look", None), ("claim of 100", None), ("ended by a reply", Some(1_000.0))];
const GROWTH: f64 = 3.0;

/// Measures with this many follow-ups that are due tomorrow: look, claim, end.
async fn measure(bench: &mut Bench, future: usize) -> Result<[Spread; 3]> {
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
        let (recipients, tx) = ([recipient(round)], db.begin().await?);
        let whose = Whose { recipients: Some(&recipients), ..Whose::default() };
        let way = Way { cause: Cause::Reply, state: "stopped", reason: "reply", error: None };
        let started = Instant::now();
        let gone = follow_up_stop::stop(&tx, &portal(round), &whose, way, SystemClock.now()).await?;
        let timers = queue::cancel_many(&tx, &portal(round), &gone.follow_ups.iter().map(|id| key(id)).collect::<Vec<_>>()).await?;
        // The commit is a synced write like any other; what is judged is finding and ending them.
        cancels.push(micros(started));
        commit(tx).await?;
        ensure!((gone.follow_ups.len(), timers) == (1, 1), "{gone:?} and {timers} timers ended by one reply");
    }
    db.close().await;
    let spreads = [Spread::of(&looks), Spread::of(&claims), Spread::of(&cancels)];
    for ((name, _), spread) in JUDGED.into_iter().zip(&spreads) {
        add(bench, format!("follow-ups: {name}, {future} pending (alone)"), "µs", *spread);
    }
    Ok(spreads)
}

fn recipient(number: usize) -> String {
    format!("7{number:010}")
}

fn key(id: &str) -> String {
    format!("follow-up:{id}")
}

fn row(number: usize, due: Ms, now: Ms) -> follow_up::Model {
    follow_up::Model {
        id: format!("fu_{number:09}"),
        portal: portal(number),
        call_id: None,
        chain: "nudges".to_owned(),
        step: String::new(),
        channel_id: "ch".to_owned(),
        conversation_id: format!("conv_{number}"),
        document_entity: Some("CCrmDocumentDeal".to_owned()),
        document_id: Some(format!("DEAL_{number}")),
        identity: "{}".to_owned(),
        recipient: recipient(number),
        operation: "{}".to_owned(),
        kind: "after_silence".to_owned(),
        zone: "UTC".to_owned(),
        state: "pending".to_owned(),
        reason: None,
        error: None,
        due_at: Some(due),
        base_at: now,
        armed_at: now,
        sends: 0,
        repeats_left: 0,
        on_reply: 1,
        on_stage: 1,
        on_won_lost: 1,
        on_opt_out: 1,
        watch: Some("ONCRMDEALUPDATE".to_owned()),
        stage: Some("NEW".to_owned()),
        moved: None,
        message_id: None,
        created_at: now,
        updated_at: now,
        ended_at: None,
    }
}

fn portal(number: usize) -> String {
    format!("portal{}", number % PORTALS)
}

async fn fill(db: &Db, future: usize) -> Result<()> {
    let (now, started) = (SystemClock.now(), Instant::now());
    for first in (0..future).step_by(CHUNK) {
        let rows: Vec<follow_up::Model> = (first..future.min(first + CHUNK))
            .map(|number| row(number, now + DAY + Ms::try_from(number).unwrap_or_default(), now))
            .collect();
        let timer = |row: &follow_up::Model| {
            let job = Job::FollowUp { follow_up_id: row.id.clone() };
            NewJob::at(&row.portal, job, row.due_at.unwrap_or(now)).once(row.id.clone()).cancelled_by(key(&row.id))
        };
        let jobs: Vec<NewJob> = rows.iter().map(timer).collect();
        let tx = db.begin().await?;
        for number in 0..PORTALS {
            let own: Vec<follow_up::Model> = rows.iter().filter(|row| row.portal == portal(number)).cloned().collect();
            store::follow_up::insert_many(&tx, &portal(number), &own).await?;
        }
        queue::enqueue(&tx, &RandomIds, now, &jobs).await?;
        commit(tx).await?;
    }
    println!("    {future} follow-ups stored in {:.1} s", started.elapsed().as_secs_f64());
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
