//! Nothing accepted is lost, nothing is sent twice: the application dies at every commit and at every wire call, once before it
//! and once after it, in stories on both databases.
//!
//! Names of crash points are read from source, so that a new commit or wire call is killed at without anybody thinking of it, and
//! one that no story reaches fails the test. A clean run of each story, on both databases, tells which points it passes. Then the
//! stories of the main job die at every point they pass, except that the machinery's own points (`EVERYWHERE`) are killed in the first of
//! them that passes them. All other stories die at the points that no story before them has died at, so that each point is died at on
//! both databases. `CRASH_STORY` plays one story at every point of its own. `moments.rs` tells the three deaths that matter most by name,
//! and kill.rs kills the real binary at random.

pub(crate) mod after;
mod moments;
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
/// Deaths of a story of the main job in one town, one after the other: a town costs more than a death.
const IN_A_TOWN: usize = 6;
/// Points of the machinery that every story passes.
const EVERYWHERE: [&str; 7] =
    ["queue.claim", "worker.beat", "worker.finish", "schedule.tick", "accept.store", "purge.tick", "run_call.facts"];
/// A series of deaths takes a few seconds; this is a hang, also on a busy machine.
const HANGS: Duration = Duration::from_secs(240);

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
    /// Of the main job: dies at every point it passes, and may be played again in the same town.
    main: bool,
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

/// What came of the plays of a story in one town.
#[derive(Default)]
struct Ended {
    passed: BTreeMap<&'static str, u64>,
    /// Sentences about what is wrong.
    wrong: Vec<String>,
    /// Deaths that a town did not come to any more, or whose point a second play did not pass: for a town of their own.
    missed: Vec<Death>,
    deaths: usize,
}

/// Plays a story in a fresh town, once without a death, or once for each death.
async fn run(engine: Engine, story: &'static Story, series: &[Death]) -> Option<Ended> {
    let mut town = scenes::town(engine).await?;
    (story.ground)(&mut town).await;
    let mut ended = Ended::default();
    if series.is_empty() {
        // A story that restarts the process goes on with another switchboard.
        let crash = town.crash.clone();
        let (_, faults) = play(&mut town, story, None).await;
        ended.passed = crash.passed();
        for (point, times) in town.crash.passed() {
            let known = ended.passed.entry(point).or_default();
            *known = times.max(*known);
        }
        ended.wrong = faults.into_iter().map(|fault| format!("{engine:?} {} (nobody dies): {fault}", story.name)).collect();
        return Some(ended);
    }
    for (at, death) in series.iter().enumerate() {
        let (died, mut faults) = play(&mut town, story, Some(*death)).await;
        ended.deaths += usize::from(died);
        if !died && death.skip == 0 {
            match at {
                0 => faults.push("the point was not reached, although a clean run reaches it".to_owned()),
                _ => ended.missed.push(*death),
            }
        }
        if !faults.is_empty() {
            // What is wrong now stays wrong in this town.
            let before = series.iter().take(at).map(|death| death.point).collect::<Vec<_>>().join(", ");
            let place = format!("{engine:?} {} dies {:?} {} (passage {})", story.name, death.moment, death.point, death.skip + 1);
            ended.wrong.extend(faults.into_iter().map(|fault| format!("{place} after [{before}]: {fault}")));
            ended.missed.extend_from_slice(&series[at + 1..]);
            break;
        }
    }
    Some(ended)
}

/// One play, to its end and to the rest after it; whether the process died in it, and what is wrong.
async fn play(town: &mut Town, story: &'static Story, death: Option<Death>) -> (bool, Vec<String>) {
    let crash = town.crash.clone();
    crash.watch();
    if let Some(Death { point, moment, skip }) = death {
        crash.arm(point, moment, skip);
    }
    let died = tokio::select! {
        biased;
        () = crash.reached() => true,
        () = (story.play)(town) => false,
    };
    if died {
        town.restart().await;
        (story.mend)(town).await;
    } else {
        crash.disarm();
    }
    after::rest(town).await;
    (story.check)(town).await;
    (died, Seen::of(town, died, story.forgets).await.faults())
}

async fn guarded(engine: Engine, story: &'static Story, series: Vec<Death>) -> Option<Ended> {
    let place = format!("{engine:?} {} {:?}", story.name, series.iter().map(|death| (death.point, death.moment)).collect::<Vec<_>>());
    let broken = |words: String| Some(Ended { wrong: vec![format!("{place}: {words}")], ..Ended::default() });
    let running = tokio::spawn(async move { tokio::time::timeout(HANGS, run(engine, story, &series)).await });
    match running.await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => broken("the town hangs".to_owned()),
        Err(panic) => {
            let words = panic.into_panic();
            let words = words.downcast_ref::<String>().cloned().or_else(|| words.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            broken(words.unwrap_or_default())
        }
    }
}

/// The deaths of a story, from what a clean run passed, in the order in which they are died; `done` = points died at by now.
fn deaths(engine: Engine, story: &'static Story, passed: &BTreeMap<&'static str, u64>, done: &mut BTreeSet<&'static str>) -> Vec<Death> {
    let mut deaths = Vec::new();
    for (point, times) in passed.iter().filter(|(point, _)| points::is_ours(point)) {
        let first = done.insert(point);
        if !first && (!story.main || EVERYWHERE.contains(point)) {
            continue;
        }
        for moment in [Moment::Before, Moment::After] {
            deaths.push(Death { point, moment, skip: 0 });
            if *times >= OFTEN && first && engine == Engine::Sqlite {
                deaths.push(Death { point, moment, skip: times / 2 });
            }
        }
    }
    deaths
}

/// What one town plays of them.
fn series(story: &Story, deaths: &[Death]) -> Vec<Vec<Death>> {
    deaths.chunks(if story.main { IN_A_TOWN } else { 1 }).map(<[Death]>::to_vec).collect()
}

fn nothing_is_missed(reached: &BTreeSet<&'static str>, wrong: &[String]) {
    let out_of_reach = |point: &String| points::OUT_OF_REACH.iter().any(|(name, _)| name == point);
    let missed: Vec<&String> =
        points::FROM_SOURCE.iter().filter(|point| !reached.contains(point.as_str()) && !out_of_reach(point)).collect();
    assert!(missed.is_empty(), "no story reaches these points: {missed:#?}\nfaults without a crash: {wrong:#?}");
}

/// Plays them all, some towns at a time.
async fn all(engine: Engine, plan: Vec<(&'static Story, Vec<Death>)>) -> Vec<(&'static Story, Option<Ended>)> {
    futures::stream::iter(plan.into_iter().map(|(story, series)| async move { (story, guarded(engine, story, series).await) }))
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn every_story_survives(engine: Engine) {
    // `CRASH_STORY="a wait ends"`: that one alone, at every point of its own.
    let only = std::env::var("CRASH_STORY").unwrap_or_default();
    let stories: Vec<&'static Story> = scenes::ALL.iter().filter(|story| story.name.contains(&only)).collect();
    let clean = all(engine, stories.iter().map(|story| (*story, Vec::new())).collect()).await;
    let mut wrong: Vec<String> = Vec::new();
    let (mut reached, mut done) = (BTreeSet::new(), BTreeSet::new());
    let mut plan: Vec<(&'static Story, Vec<Death>)> = Vec::new();
    for (story, ended) in clean {
        // No PostgreSQL at hand.
        let Some(ended) = ended else { return };
        wrong.extend(ended.wrong);
        reached.extend(ended.passed.keys());
        let deaths = deaths(engine, story, &ended.passed, &mut done);
        plan.extend(series(story, &deaths).into_iter().map(|series| (story, series)));
    }
    if only.is_empty() {
        nothing_is_missed(&reached, &wrong);
    }
    assert!(wrong.is_empty(), "{} faults without a crash:\n{}", wrong.len(), wrong.join("\n"));
    let (mut deaths, mut alone) = (0, Vec::new());
    for (story, ended) in all(engine, plan).await {
        let ended = ended.unwrap_or_default();
        wrong.extend(ended.wrong);
        deaths += ended.deaths;
        alone.extend(ended.missed.into_iter().map(|death| (story, vec![death])));
    }
    let towns_of_their_own = alone.len();
    for (_, ended) in all(engine, alone).await {
        let ended = ended.unwrap_or_default();
        wrong.extend(ended.wrong);
        deaths += ended.deaths;
    }
    let (stories, points) = (stories.len(), done.len());
    println!("{engine:?}: {stories} stories, {deaths} deaths at {points} points, {towns_of_their_own} of them in a second town");
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
