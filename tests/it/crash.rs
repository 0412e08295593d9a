//! Nothing accepted is lost, nothing is sent twice: the application dies at every commit and at every wire call, once before it
//! and once after it, in each of a set of stories, on both databases.
//!
//! Names of crash points are read from source, so that a new commit or wire call is killed at without anybody thinking of it, and
//! one that no story reaches fails the test. A clean run of each story tells which points it passes.

pub(crate) mod after;
mod points;
mod scenes;

use crate::support::story::Engine;
use crate::support::town::Town;
use after::Seen;
use courier24::domain::crash::Moment;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Towns that live at the same time.
const AT_ONCE: usize = 4;
/// A story that comes so often through a point is also killed in the middle of it.
const OFTEN: u64 = 3;
/// Stories in which a point is killed at, in their order.
const IN_STORIES: u32 = 3;
/// Points of the machinery that every story passes: killed at in the first one only.
const EVERYWHERE: [&str; 7] =
    ["queue.claim", "worker.beat", "worker.finish", "schedule.tick", "accept.store", "purge.tick", "run_call.facts"];

/// What somebody does in a town.
type Act = for<'a> fn(&'a mut Town) -> BoxFuture<'a, ()>;

/// One story: the ground it stands on, what is played while a crash point is armed, what people do after a crash, and what must be
/// true in the end, crash or not.
struct Story {
    name: &'static str,
    ground: Act,
    play: Act,
    mend: Act,
    check: Act,
    /// Its own points only: what other stories kill at as well is not killed at once more.
    special: bool,
    /// Retention or an erasure takes rows away.
    forgets: bool,
}

/// Where one run dies.
#[derive(Debug, Clone, Copy)]
struct Death {
    point: &'static str,
    moment: Moment,
    skip: u64,
}

/// Plays a story, dying where told; what is wrong afterwards is returned as sentences.
async fn run(engine: Engine, story: &'static Story, death: Option<Death>) -> Option<(BTreeMap<&'static str, u64>, Vec<String>)> {
    let mut town = scenes::town(engine).await?;
    (story.ground)(&mut town).await;
    let crash = town.crash.clone();
    crash.watch();
    if let Some(Death { point, moment, skip }) = death {
        crash.arm(point, moment, skip);
    }
    let died = tokio::select! {
        biased;
        () = crash.reached() => true,
        () = (story.play)(&mut town) => false,
    };
    let mut wrong = Vec::new();
    if let Some(death) = death
        && !died
        && death.skip == 0
    {
        wrong.push("the point was not reached, although a clean run reaches it".to_owned());
    }
    if died {
        town.restart().await;
        (story.mend)(&mut town).await;
    } else {
        crash.disarm();
    }
    after::rest(&mut town).await;
    (story.check)(&mut town).await;
    wrong.extend(Seen::of(&town, died, story.forgets).await.faults());
    Some((crash.passed(), wrong))
}

async fn guarded(engine: Engine, story: &'static Story, death: Option<Death>) -> Option<(BTreeMap<&'static str, u64>, Vec<String>)> {
    let running = tokio::spawn(async move { tokio::time::timeout(Duration::from_secs(120), run(engine, story, death)).await });
    match running.await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Some((BTreeMap::new(), vec!["the town hangs".to_owned()])),
        Err(panic) => {
            let words = panic.into_panic();
            let words = words.downcast_ref::<String>().cloned().or_else(|| words.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some((BTreeMap::new(), vec![words.unwrap_or_default()]))
        }
    }
}

/// The deaths of a story, from what a clean run passed.
fn deaths(story: &'static Story, passed: &BTreeMap<&'static str, u64>, done: &mut BTreeMap<&'static str, u32>) -> Vec<Death> {
    let mut deaths = Vec::new();
    for (point, times) in passed {
        let killed = done.entry(point).or_default();
        let most = match story.special {
            true => 1,
            false if EVERYWHERE.contains(point) => 1,
            false => IN_STORIES,
        };
        if *killed >= most || !points::is_ours(point) {
            continue;
        }
        *killed += 1;
        for moment in [Moment::Before, Moment::After] {
            deaths.push(Death { point, moment, skip: 0 });
            if *times >= OFTEN && *killed == 1 {
                deaths.push(Death { point, moment, skip: times / 2 });
            }
        }
    }
    deaths
}

fn nothing_is_missed(reached: &BTreeSet<&'static str>, wrong: &[String]) {
    let out_of_reach = |point: &String| points::OUT_OF_REACH.iter().any(|(name, _)| name == point);
    let missed: Vec<&String> =
        points::FROM_SOURCE.iter().filter(|point| !reached.contains(point.as_str()) && !out_of_reach(point)).collect();
    assert!(missed.is_empty(), "no story reaches these points: {missed:#?}\nfaults without a crash: {wrong:#?}");
}

async fn every_story_survives(engine: Engine) {
    let only = std::env::var("CRASH_STORY").unwrap_or_default();
    let stories: Vec<&'static Story> = scenes::ALL.iter().filter(|story| story.name.contains(&only)).collect();
    let clean: Vec<_> = futures::stream::iter(stories.iter().map(|story| async move { (*story, guarded(engine, story, None).await) }))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut wrong: Vec<String> = Vec::new();
    let mut reached: BTreeSet<&'static str> = BTreeSet::new();
    let mut done = BTreeMap::new();
    let mut plan: Vec<(&'static Story, Death)> = Vec::new();
    for (story, ended) in clean {
        // No PostgreSQL at hand.
        let Some((passed, faults)) = ended else { return };
        wrong.extend(faults.into_iter().map(|fault| format!("{engine:?} {} (nobody dies): {fault}", story.name)));
        reached.extend(passed.keys());
        plan.extend(deaths(story, &passed, &mut done).into_iter().map(|death| (story, death)));
    }
    if only.is_empty() {
        nothing_is_missed(&reached, &wrong);
    }
    assert!(wrong.is_empty(), "{} faults without a crash:\n{}", wrong.len(), wrong.join("\n"));
    let runs = plan.len();
    let mut ended = futures::stream::iter(
        plan.into_iter().map(|(story, death)| async move { (story, death, guarded(engine, story, Some(death)).await) }),
    )
    .buffered(AT_ONCE);
    while let Some((story, death, outcome)) = ended.next().await {
        let faults = outcome.map(|(_, faults)| faults).unwrap_or_default();
        let place = format!("{engine:?} {} dies {:?} {} (passage {})", story.name, death.moment, death.point, death.skip + 1);
        wrong.extend(faults.into_iter().map(|fault| format!("{place}: {fault}")));
    }
    drop(ended);
    println!("{engine:?}: {} stories, {runs} deaths, {} points", stories.len(), reached.len());
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_survives_a_death_at_every_point_sqlite() {
    every_story_survives(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_survives_a_death_at_every_point_postgres() {
    every_story_survives(Engine::Postgres).await;
}
