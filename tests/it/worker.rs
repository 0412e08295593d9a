//! The worker's promises, with handlers of the test's own.

use crate::support::application::{START, build, number};
use crate::support::database::on_both_databases;
use courier24::domain::clock::{Clock as _, HOUR, ManualClock, SECOND};
use courier24::flow::{Ctx, JobError, Leftover};
use courier24::queue::{self, Group, Job, Lane, NewJob};
use courier24::worker::{self, Pulse, Stop, run_due_with};
use futures::future::BoxFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn run_call(portal: &str, name: &str) -> NewJob {
    NewJob::at(portal, Job::RunCall { call_id: name.to_owned() }, START)
}

async fn store(ctx: &Ctx, jobs: &[NewJob]) {
    let tx = ctx.db.begin().await.unwrap();
    queue::enqueue(&tx, ctx.ids.as_ref(), ctx.clock.now(), jobs).await.unwrap();
    tx.commit("test").await.unwrap();
    ctx.wake.notify_waiters();
}

/// Does what the call's name says.
fn obedient(ctx: &Ctx, group: Group) -> BoxFuture<'_, Leftover> {
    Box::pin(async move {
        let mut leftover = Leftover::new();
        let tx = ctx.db.begin().await.unwrap();
        for job in group.jobs {
            let Job::RunCall { call_id } = &job.job else { continue };
            let why = "told so".to_owned();
            match call_id.as_str() {
                "retry" => leftover.push((job, JobError::Retry { after_ms: None, why })),
                "defer" => leftover.push((job, JobError::Defer { at: START + HOUR, why })),
                "fail" => leftover.push((job, JobError::Fail { why })),
                "panic" => panic!("told so"),
                "forget" => {}
                _ => queue::complete(&tx, &[&job]).await.unwrap(),
            }
        }
        tx.commit("test").await.unwrap();
        leftover
    })
}

async fn ready_at(ctx: &Ctx) -> Option<i64> {
    queue::next_due(ctx.db.read()).await.unwrap().map(|at| at - START)
}

on_both_databases! {
    async fn leftovers_come_back_in_their_time(test: &TestDb) {
        let clock = Arc::new(ManualClock::starting_at(START));
        let app = build(test, &clock).await;
        let ctx = app.ctx();
        store(ctx, &[run_call("a", "done"), run_call("b", "defer"), run_call("c", "fail")]).await;
        assert_eq!(run_due_with(ctx, obedient).await, 3);
        assert_eq!(ready_at(ctx).await, Some(HOUR));
        assert_eq!(queue::dead_count(ctx.db.read()).await.unwrap(), 1);
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM job").await, 2);
        clock.advance(HOUR);
        assert_eq!(run_due_with(ctx, obedient).await, 1);
        assert_eq!(number(&ctx.db, "SELECT attempt FROM job WHERE state = 'ready'").await, 0, "a deferral is no failure");
    }
}

on_both_databases! {
    async fn a_failing_job_is_tried_twelve_times_and_then_buried(test: &TestDb) {
        let clock = Arc::new(ManualClock::starting_at(START));
        let app = build(test, &clock).await;
        let ctx = app.ctx();
        for name in ["retry", "panic"] {
            store(ctx, &[NewJob::at(name, Job::RunCall { call_id: name.to_owned() }, clock.now())]).await;
            let mut tries = 0;
            while let Some(due) = ready_at(ctx).await {
                clock.set(clock.now().max(START + due));
                tries += run_due_with(ctx, obedient).await;
            }
            assert_eq!(tries, 12, "{name}");
        }
        assert_eq!(queue::dead_count(ctx.db.read()).await.unwrap(), 2);
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM job WHERE last_error LIKE '%panicked: told so%'").await, 1);
    }
}

on_both_databases! {
    async fn a_forgotten_job_comes_back_when_its_lease_ends(test: &TestDb) {
        let clock = Arc::new(ManualClock::starting_at(START));
        let app = build(test, &clock).await;
        let ctx = app.ctx();
        store(ctx, &[run_call("a", "forget")]).await;
        assert_eq!(run_due_with(ctx, obedient).await, 1);
        assert_eq!(run_due_with(ctx, obedient).await, 0);
        clock.advance(10 * SECOND + 1);
        assert_eq!(run_due_with(ctx, obedient).await, 1);
    }
}

static AT_WORK: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
static MOST: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
static DONE: AtomicUsize = AtomicUsize::new(0);

/// Notes how many groups of a lane are at work at the same time.
fn counting(ctx: &Ctx, group: Group) -> BoxFuture<'_, Leftover> {
    Box::pin(async move {
        let lane = usize::from(group.lane == Lane::Deliver);
        MOST[lane].fetch_max(AT_WORK[lane].fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        AT_WORK[lane].fetch_sub(1, Ordering::SeqCst);
        let tx = ctx.db.begin().await.unwrap();
        queue::complete(&tx, &group.jobs.iter().collect::<Vec<_>>()).await.unwrap();
        tx.commit("test").await.unwrap();
        DONE.fetch_add(group.jobs.len(), Ordering::SeqCst);
        Leftover::new()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pump_works_everything_off_one_outbox_group_at_a_time_and_stops_in_order() {
    let test = crate::support::database::TestDb::sqlite().await;
    let clock = Arc::new(ManualClock::starting_at(START));
    let app = build(&test, &clock).await;
    let ctx = app.ctx().clone();
    let (stop, pulse) = (Stop::default(), Pulse::default());
    assert!(!pulse.alive());
    let running = tokio::spawn(worker::run_with(ctx.clone(), 16, stop.clone(), pulse.clone(), counting));
    let mut jobs: Vec<NewJob> = (0..100).map(|n| run_call("a", &format!("{n}"))).collect();
    jobs.extend((0..350).map(|n| NewJob::at("a", Job::Deliver { message_id: format!("{n}") }, START)));
    store(&ctx, &jobs).await;
    let all = async {
        while DONE.load(Ordering::SeqCst) < 450 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    assert!(pulse.alive());
    assert_eq!(MOST[0].load(Ordering::SeqCst), 1, "robot calls of a portal are decided one group after the other");
    assert!((2..=4).contains(&MOST[1].load(Ordering::SeqCst)), "sends run side by side");
    stop.soft.cancel();
    tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap().unwrap();
    assert_eq!(number(&ctx.db, "SELECT count(*) FROM job").await, 0);
}

fn endless(_ctx: &Ctx, _group: Group) -> BoxFuture<'_, Leftover> {
    Box::pin(std::future::pending())
}

on_both_databases! {
    async fn what_is_broken_off_at_the_hard_stop_is_given_back_at_once(test: &TestDb) {
        let clock = Arc::new(ManualClock::starting_at(START));
        let app = build(test, &clock).await;
        let ctx = app.ctx().clone();
        store(&ctx, &[run_call("a", "x")]).await;
        let stop = Stop::default();
        let running = tokio::spawn(worker::run_with(ctx.clone(), 4, stop.clone(), Pulse::default(), endless));
        while number(&ctx.db, "SELECT count(*) FROM job WHERE state = 'running'").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.soft.cancel();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM job WHERE state = 'running'").await, 1, "the soft stop waits");
        stop.hard.cancel();
        tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap().unwrap();
        assert_eq!(number(&ctx.db, "SELECT attempt FROM job WHERE state = 'ready'").await, 0);
        assert_eq!(number(&ctx.db, "SELECT count(*) FROM shard_lease").await, 0);
        assert_eq!(run_due_with(&ctx, obedient).await, 1);
    }
}

static HANDLED: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Notes which replica worked which call; a call named `stuck` never ends.
fn noting(ctx: &Ctx, group: Group) -> BoxFuture<'_, Leftover> {
    Box::pin(async move {
        for job in &group.jobs {
            let Job::RunCall { call_id } = &job.job else { continue };
            HANDLED.lock().unwrap().push((ctx.settings.boot_id.clone(), call_id.clone()));
            if call_id == "stuck" && HANDLED.lock().unwrap().iter().filter(|(_, name)| name == "stuck").count() == 1 {
                std::future::pending::<()>().await;
            }
        }
        let tx = ctx.db.begin().await.unwrap();
        queue::complete(&tx, &group.jobs.iter().collect::<Vec<_>>()).await.unwrap();
        tx.commit("test").await.unwrap();
        Leftover::new()
    })
}

async fn until(enough: impl Fn() -> bool) {
    let wait = async {
        while !enough() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_the_portals_and_one_takes_over_from_the_other() {
    let Some(test) = crate::support::database::TestDb::postgres().await else { return };
    let clock = Arc::new(ManualClock::starting_at(START));
    let apps = [build(&test, &clock).await, build(&test, &clock).await];
    let replica =
        |app: &courier24::app::App| tokio::spawn(worker::run_with(app.ctx().clone(), 8, Stop::default(), Pulse::default(), noting));
    let mut running: Vec<_> = apps.iter().map(replica).collect();
    let jobs: Vec<NewJob> = (0..64).map(|n| run_call(&format!("p{n}"), &format!("first {n}"))).collect();
    store(apps[0].ctx(), &jobs).await;
    until(|| HANDLED.lock().unwrap().len() >= 64).await;
    // Shares are even after at most two heartbeats of each.
    tokio::time::sleep(Duration::from_secs(5)).await;
    HANDLED.lock().unwrap().clear();
    let jobs: Vec<NewJob> = (0..64).map(|n| run_call(&format!("p{n}"), &format!("second {n}"))).collect();
    store(apps[1].ctx(), &jobs).await;
    until(|| HANDLED.lock().unwrap().len() >= 64).await;
    let by_replica = |boot: &str| HANDLED.lock().unwrap().iter().filter(|(by, _)| by == boot).count();
    let boots = apps.each_ref().map(|app| app.ctx().settings.boot_id.clone());
    assert_eq!(by_replica(&boots[0]) + by_replica(&boots[1]), 64, "nothing is worked twice");
    assert!(boots.iter().all(|boot| by_replica(boot) > 10), "both work");

    HANDLED.lock().unwrap().clear();
    store(apps[0].ctx(), &[run_call("p1", "stuck")]).await;
    until(|| !HANDLED.lock().unwrap().is_empty()).await;
    let holder = HANDLED.lock().unwrap()[0].0.clone();
    running.remove(usize::from(holder == boots[1])).abort();
    clock.advance(7 * SECOND);
    until(|| HANDLED.lock().unwrap().len() >= 2).await;
    assert_ne!(HANDLED.lock().unwrap()[1].0, holder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_of_an_earlier_boot_are_void_at_start() {
    let test = crate::support::database::TestDb::sqlite().await;
    let clock = Arc::new(ManualClock::starting_at(START));
    let app = build(&test, &clock).await;
    let ctx = app.ctx().clone();
    store(&ctx, &[run_call("a", "forget")]).await;
    assert_eq!(run_due_with(&ctx, obedient).await, 1);
    let stop = Stop::default();
    stop.soft.cancel();
    worker::run_with(ctx.clone(), 4, stop, Pulse::default(), obedient).await.unwrap();
    assert_eq!(number(&ctx.db, "SELECT count(*) FROM job WHERE state = 'ready' AND attempt = 0 AND lost = 1").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_serves_until_it_is_stopped() {
    let test = crate::support::database::TestDb::sqlite().await;
    let app = build(&test, &Arc::new(ManualClock::starting_at(START))).await;
    let (port, stopper, db) = (app.port(), app.stopper(), app.ctx().db.clone());
    assert_ne!(port, 0);
    let running = tokio::spawn(app.run_until_stopped());
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stopper.stop();
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap().unwrap();
    assert!(db.begin().await.is_err(), "the connections are closed");
    let again = build(&test, &Arc::new(ManualClock::starting_at(START))).await;
    assert_eq!(number(&again.ctx().db, "SELECT count(*) FROM job").await, 0, "the lock was free");
}
