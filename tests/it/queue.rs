//! The queue's contract, the same on both engines.

use crate::support::database::on_both_engines;
use courier24::db::{Conn, Db};
use courier24::domain::clock::{HOUR, Ms, SECOND};
use courier24::domain::ids::RandomIds;
use courier24::queue::{self, Busy, ClaimRequest, Claimed, FinishError, Group, Job, Lane, Limits, Lost, NewJob, Release};
use sea_orm::ConnectionTrait as _;
use std::collections::{BTreeMap, BTreeSet};

const NOW: Ms = 1_750_000_000_000;
const LEASE: Ms = 10 * SECOND;

fn run_call(portal: &str, n: usize, at: Ms) -> NewJob {
    NewJob::at(portal, Job::RunCall { call_id: format!("call_{portal}_{n}") }, at)
}

async fn store(db: &Db, jobs: &[NewJob]) -> u64 {
    let tx = db.begin().await.unwrap();
    let stored = queue::enqueue(&tx, &RandomIds, NOW, jobs).await.unwrap();
    tx.commit("test").await.unwrap();
    stored
}

async fn claim(db: &Db, now: Ms, limit: u64) -> Vec<Group> {
    queue::claim(db, &RandomIds, &queue::all_shards(), now, LEASE, limit).await.unwrap()
}

async fn complete(db: &Db, jobs: &[&Claimed]) -> Result<(), FinishError> {
    let tx = db.begin().await.unwrap();
    queue::complete(&tx, jobs).await?;
    tx.commit("test").await.unwrap();
    Ok(())
}

async fn count(db: &impl Conn, state: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM job WHERE state = '{state}'");
    let statement = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

fn only(mut groups: Vec<Group>) -> Claimed {
    assert_eq!(groups.len(), 1, "{groups:?}");
    let mut group = groups.remove(0);
    assert_eq!(group.jobs.len(), 1);
    group.jobs.remove(0)
}

on_both_engines! {
    async fn a_job_is_claimed_in_its_time_and_gone_when_complete(db: &Db) {
        assert_eq!(store(db, &[run_call("a", 1, NOW + 5)]).await, 1);
        assert!(claim(db, NOW + 4, 10).await.is_empty());
        assert_eq!(queue::next_due(db.read()).await.unwrap(), Some(NOW + 5));
        assert_eq!(queue::next_due_after(db.read(), NOW + 5).await.unwrap(), None);
        let job = only(claim(db, NOW + 5, 10).await);
        assert_eq!((job.attempt, job.max_attempts, job.run_at, job.created_at), (1, 12, NOW + 5, NOW));
        assert_eq!(job.job, Job::RunCall { call_id: "call_a_1".to_owned() });
        assert!(claim(db, NOW + 5, 10).await.is_empty(), "a claimed job is not claimed again");
        complete(db, &[&job]).await.unwrap();
        assert_eq!(count(db.read(), "running").await + count(db.read(), "ready").await, 0);
        assert_eq!(queue::next_due(db.read()).await.unwrap(), None);
    }
}

on_both_engines! {
    async fn a_group_is_of_one_portal_and_lane_oldest_first_and_never_larger_than_the_lane_allows(db: &Db) {
        let mut jobs: Vec<NewJob> = (0..60).rev().map(|n| run_call("a", n, NOW + i64::try_from(n).unwrap())).collect();
        jobs.push(NewJob::at("a", Job::Answer { call_id: "x".to_owned() }, NOW));
        jobs.push(run_call("b", 0, NOW));
        store(db, &jobs).await;
        let groups = claim(db, NOW + HOUR, 1000).await;
        let shapes: BTreeSet<(String, Lane, usize)> = groups.iter().map(|group| (group.portal.clone(), group.lane, group.jobs.len())).collect();
        let expected = [("a", Lane::Answer, 1), ("a", Lane::Run, 50), ("b", Lane::Run, 1)];
        assert_eq!(shapes, expected.into_iter().map(|(portal, lane, size)| (portal.to_owned(), lane, size)).collect());
        for group in &groups {
            let leases: BTreeSet<&str> = group.jobs.iter().map(|job| job.lease_id.as_str()).collect();
            assert_eq!(leases.len(), 1, "a group shares one lease");
            assert!(group.jobs.iter().all(|job| job.portal == group.portal && job.job.lane() == group.lane));
            assert!(group.jobs.is_sorted_by_key(|job| job.run_at));
        }
        let oldest = groups.iter().find(|group| group.portal == "a" && group.lane == Lane::Run).unwrap();
        assert_eq!(oldest.jobs.first().unwrap().run_at, NOW);
    }
}

on_both_engines! {
    async fn a_portal_with_thousands_of_jobs_does_not_hide_one_with_a_single_job(db: &Db) {
        let crowd: Vec<NewJob> = (0..3000).map(|n| run_call("a", n, NOW)).collect();
        store(db, &crowd).await;
        store(db, &[run_call("z", 0, NOW + 10), run_call("m", 0, NOW + 10)]).await;
        let groups = claim(db, NOW + 20, 125).await;
        let portals: Vec<&str> = groups.iter().map(|group| group.portal.as_str()).collect();
        assert_eq!(portals.len(), 3);
        assert!(portals.contains(&"z") && portals.contains(&"m"), "{portals:?}");
    }
}

on_both_engines! {
    async fn with_more_portals_than_places_every_portal_gets_its_turn(db: &Db) {
        let portals: Vec<String> = (0..40).map(|n| format!("p{n:02}")).collect();
        for portal in &portals {
            let jobs: Vec<NewJob> = (0..60).map(|n| run_call(portal, n, NOW)).collect();
            store(db, &jobs).await;
        }
        let mut served: BTreeMap<String, usize> = BTreeMap::new();
        let mut after = String::new();
        let shards = queue::all_shards();
        for _ in 0..20 {
            let request = ClaimRequest {
                shards: &shards, now: NOW, lease_ms: LEASE, groups: 4, jobs: 400, busy: &Busy::default(), limits: Limits::of(16), after: &after,
            };
            let turn = queue::claim_turn(db, &RandomIds, &request).await.unwrap();
            after = turn.after;
            for group in turn.groups {
                *served.entry(group.portal).or_default() += 1;
            }
        }
        assert_eq!(served.len(), portals.len());
        let (least, most) = (served.values().min().unwrap(), served.values().max().unwrap());
        assert!(most - least <= 1, "{served:?}");
    }
}

on_both_engines! {
    async fn two_workers_never_claim_one_job(db: &Db) {
        for portal in ["a", "b", "c", "d", "e"] {
            let jobs: Vec<NewJob> = (0..200).map(|n| run_call(portal, n, NOW)).collect();
            store(db, &jobs).await;
        }
        let worker = |db: Db| async move {
            let mut seen = Vec::new();
            loop {
                let groups = claim(&db, NOW, 60).await;
                if groups.is_empty() {
                    return seen;
                }
                seen.extend(groups.into_iter().flat_map(|group| group.jobs).map(|job| job.id));
            }
        };
        let workers: Vec<_> = (0..4).map(|_| tokio::spawn(worker(db.clone()))).collect();
        let mut seen = Vec::new();
        for worker in workers {
            seen.extend(worker.await.unwrap());
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(seen.len(), distinct.len(), "a job was claimed twice");
        // A worker whose rows another one holds locked may go home early; nothing is left behind for good.
        let rest: usize = claim(db, NOW, 1000).await.iter().map(|group| group.jobs.len()).sum();
        assert_eq!(seen.len() + rest, 1000);
    }
}

on_both_engines! {
    async fn whoever_lost_the_lease_finishes_nothing(db: &Db) {
        store(db, &[run_call("a", 1, NOW)]).await;
        let late = only(claim(db, NOW, 10).await);
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::reclaim(&tx, Lost::Expired, NOW + LEASE).await.unwrap(), 0, "not expired at its last moment");
        assert_eq!(queue::reclaim(&tx, Lost::Expired, NOW + LEASE + 1).await.unwrap(), 1);
        tx.commit("test").await.unwrap();
        assert!(matches!(complete(db, &[&late]).await, Err(FinishError::LeaseLost)));
        let holder = only(claim(db, NOW + LEASE + 1, 10).await);
        assert_eq!(holder.attempt, 1, "a dead process is not a failed try");
        assert_ne!(holder.lease_id, late.lease_id);
        assert!(matches!(complete(db, &[&late]).await, Err(FinishError::LeaseLost)));
        let tx = db.begin().await.unwrap();
        assert!(matches!(queue::release(&tx, &late, NOW, None, true).await, Err(FinishError::LeaseLost)));
        assert!(matches!(queue::bury(&tx, &late, "no").await, Err(FinishError::LeaseLost)));
        assert!(matches!(queue::complete(&tx, &[&holder, &late]).await, Err(FinishError::LeaseLost)));
        drop(tx);
        assert_eq!(count(db.read(), "running").await, 1, "the dropped transaction finished nothing");
        complete(db, &[&holder]).await.unwrap();
    }
}

on_both_engines! {
    async fn a_heartbeat_keeps_a_lease(db: &Db) {
        store(db, &[run_call("a", 1, NOW)]).await;
        let job = only(claim(db, NOW, 10).await);
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::extend(&tx, &[job.lease_id.clone(), "other".to_owned()], NOW + 2 * LEASE).await.unwrap(), 1);
        assert_eq!(queue::reclaim(&tx, Lost::Expired, NOW + LEASE + 1).await.unwrap(), 0);
        tx.commit("test").await.unwrap();
        complete(db, &[&job]).await.unwrap();
    }
}

on_both_engines! {
    async fn a_release_waits_for_its_time_and_counts_only_failures(db: &Db) {
        store(db, &[run_call("a", 1, NOW)]).await;
        let first = only(claim(db, NOW, 10).await);
        let tx = db.begin().await.unwrap();
        queue::release(&tx, &first, NOW + HOUR, None, false).await.unwrap();
        tx.commit("test").await.unwrap();
        assert!(claim(db, NOW + HOUR - 1, 10).await.is_empty());
        let second = only(claim(db, NOW + HOUR, 10).await);
        assert_eq!(second.attempt, 1);
        let tx = db.begin().await.unwrap();
        queue::release(&tx, &second, NOW + HOUR, Some("portal said 503"), true).await.unwrap();
        tx.commit("test").await.unwrap();
        let third = only(claim(db, NOW + HOUR, 10).await);
        assert_eq!(third.attempt, 2);
        let tx = db.begin().await.unwrap();
        queue::bury(&tx, &third, "gave up").await.unwrap();
        tx.commit("test").await.unwrap();
        assert_eq!(queue::dead_count(db.read()).await.unwrap(), 1);
        assert!(claim(db, NOW + 9 * HOUR, 10).await.is_empty());
    }
}

on_both_engines! {
    async fn many_jobs_are_released_in_one_go_each_to_its_own_time(db: &Db) {
        let jobs: Vec<NewJob> = (0..20).map(|n| run_call("a", n, NOW)).collect();
        store(db, &jobs).await;
        let group = claim(db, NOW, 25).await.remove(0);
        let releases: Vec<Release<'_>> = (0_i64..)
            .zip(&group.jobs)
            .map(|(n, job)| Release { job, run_at: NOW + n, error: (n % 2 == 0).then_some("odd \"quotes\", {braces} \\"), counted: n % 2 == 0 })
            .collect();
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::release_all(&tx, &releases).await.unwrap(), 20);
        tx.commit("test").await.unwrap();
        let again = claim(db, NOW + 9, 25).await.remove(0);
        assert_eq!(again.jobs.iter().map(|job| (job.run_at - NOW, job.attempt)).collect::<Vec<_>>(), (0..10).map(|n| (n, 1 + i64::from(n % 2 == 0))).collect::<Vec<_>>());
    }
}

on_both_engines! {
    async fn one_ready_job_of_a_key(db: &Db) {
        let job = |at| run_call("a", 1, at).once("k");
        assert_eq!(store(db, &[job(NOW), job(NOW), run_call("b", 1, NOW).once("k")]).await, 2, "the key belongs to a portal");
        assert_eq!(store(db, &[job(NOW)]).await, 0);
        assert_eq!(store(db, &[NewJob::at("a", Job::Answer { call_id: "1".to_owned() }, NOW).once("k")]).await, 1, "and to a kind");
        let running = claim(db, NOW, 10).await.into_iter().find(|group| group.portal == "a" && group.lane == Lane::Run).unwrap().jobs.remove(0);
        assert_eq!(store(db, &[job(NOW + HOUR)]).await, 1, "a running job does not hold its key");
        let tx = db.begin().await.unwrap();
        queue::release(&tx, &running, NOW + SECOND, Some("again"), true).await.unwrap();
        tx.commit("test").await.unwrap();
        let survivor = only(claim(db, NOW + SECOND, 10).await);
        assert_ne!(survivor.id, running.id, "the newer one stays, at the earlier time");
        assert!(claim(db, NOW + 9 * HOUR, 10).await.is_empty());
    }
}

on_both_engines! {
    async fn lost_twins_come_back_as_one(db: &Db) {
        let job = |at| run_call("a", 1, at).once("k");
        for _ in 0..3 {
            store(db, &[job(NOW)]).await;
            only(claim(db, NOW, 10).await);
        }
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::reclaim(&tx, Lost::Boot, NOW).await.unwrap(), 1);
        tx.commit("test").await.unwrap();
        only(claim(db, NOW, 10).await);
        store(db, &[job(NOW)]).await;
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::reclaim(&tx, Lost::Boot, NOW).await.unwrap(), 0, "the ready one is there already");
        tx.commit("test").await.unwrap();
        only(claim(db, NOW, 10).await);
    }
}

on_both_engines! {
    async fn cancel_takes_ready_jobs_of_one_key_and_portal(db: &Db) {
        let jobs = [
            run_call("a", 1, NOW).cancelled_by("deal:7"),
            run_call("a", 2, NOW + HOUR).cancelled_by("deal:7"),
            run_call("a", 3, NOW).cancelled_by("deal:8"),
            run_call("b", 1, NOW).cancelled_by("deal:7"),
        ];
        store(db, &jobs).await;
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::cancel(&tx, "a", "deal:7").await.unwrap(), 2);
        assert_eq!(queue::cancel(&tx, "a", "deal:7").await.unwrap(), 0);
        tx.commit("test").await.unwrap();
        assert_eq!(count(db.read(), "ready").await, 2);
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::cancel_portal(&tx, "b").await.unwrap(), 1);
        tx.commit("test").await.unwrap();
        assert_eq!(only(claim(db, NOW, 10).await).job, Job::RunCall { call_id: "call_a_3".to_owned() });
    }
}

on_both_engines! {
    async fn redrive_raises_the_dead_with_fresh_tries(db: &Db) {
        for portal in ["a", "b"] {
            store(db, &[run_call(portal, 1, NOW).once("k")]).await;
        }
        for group in claim(db, NOW, 10).await {
            let tx = db.begin().await.unwrap();
            queue::bury(&tx, &group.jobs[0], "bad").await.unwrap();
            tx.commit("test").await.unwrap();
        }
        store(db, &[run_call("b", 1, NOW).once("k")]).await;
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::redrive(&tx, Some("a"), NOW + 1).await.unwrap(), 1);
        assert_eq!(queue::redrive(&tx, None, NOW + 1).await.unwrap(), 0, "b has a ready one of that key");
        tx.commit("test").await.unwrap();
        let jobs: Vec<Claimed> = claim(db, NOW + 1, 10).await.into_iter().flat_map(|group| group.jobs).collect();
        assert_eq!(jobs.iter().map(|job| (job.portal.as_str(), job.attempt)).collect::<BTreeSet<_>>(), BTreeSet::from([("a", 1), ("b", 1)]));
        assert_eq!(queue::dead_count(db.read()).await.unwrap(), 0);
    }
}

on_both_engines! {
    async fn a_hastened_outbox_leaves_now(db: &Db) {
        store(db, &[
            NewJob::at("a", Job::Answer { call_id: "1".to_owned() }, NOW + HOUR),
            NewJob::at("a", Job::Deadline { call_id: "1".to_owned() }, NOW + HOUR),
            NewJob::at("b", Job::Answer { call_id: "1".to_owned() }, NOW + HOUR),
        ]).await;
        let tx = db.begin().await.unwrap();
        assert_eq!(queue::hasten(&tx, "a", &[Lane::Answer, Lane::Update], NOW).await.unwrap(), 1);
        tx.commit("test").await.unwrap();
        assert_eq!(only(claim(db, NOW, 10).await).job.lane(), Lane::Answer);
    }
}

on_both_engines! {
    async fn jobs_of_other_shards_are_left_alone(db: &Db) {
        store(db, &[run_call("a", 1, NOW), run_call("b", 1, NOW)]).await;
        assert_ne!(queue::shard_of("a"), queue::shard_of("b"));
        let groups = queue::claim(db, &RandomIds, &[queue::shard_of("b")], NOW, LEASE, 10).await.unwrap();
        assert_eq!(only(groups).portal, "b");
        assert!(queue::claim(db, &RandomIds, &[], NOW, LEASE, 10).await.unwrap().is_empty());
    }
}

on_both_engines! {
    async fn a_job_no_one_can_read_is_buried_and_its_neighbours_run(db: &Db) {
        store(db, &[run_call("a", 1, NOW), run_call("a", 2, NOW)]).await;
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("UPDATE job SET payload = '{\"kind\":\"teleport\"}' WHERE payload LIKE '%call_a_1%'").await.unwrap();
        tx.commit("test").await.unwrap();
        assert_eq!(only(claim(db, NOW, 10).await).job, Job::RunCall { call_id: "call_a_2".to_owned() });
        assert_eq!(queue::dead_count(db.read()).await.unwrap(), 1);
    }
}

on_both_engines! {
    async fn depth_and_age_are_told_by_lane(db: &Db) {
        store(db, &[run_call("a", 1, NOW - 5 * SECOND), run_call("b", 1, NOW), run_call("b", 2, NOW + 1)]).await;
        let depths = queue::depths(db.read(), NOW).await.unwrap();
        assert_eq!(depths.len(), Lane::ALL.len());
        let run = depths.iter().find(|depth| depth.lane == Lane::Run).unwrap();
        assert_eq!((run.due, run.age_ms), (2, 5 * SECOND));
        assert_eq!(depths.iter().map(|depth| depth.due).sum::<i64>(), 2);
    }
}

/// Shard leases exist on PostgreSQL only.
mod shards {
    use super::*;
    use crate::support::database::TestDb;
    use courier24::queue::{Held, SHARD_LEASE};

    async fn hold(db: &Db, replica: &str, now: Ms, busy: &[i64]) -> Held {
        let tx = db.begin().await.unwrap();
        let held = queue::hold_shards(&tx, replica, now, &busy.iter().copied().collect()).await.unwrap();
        tx.commit("test").await.unwrap();
        held
    }

    #[tokio::test]
    async fn sqlite_owns_all() {
        let test = TestDb::sqlite().await;
        assert_eq!(hold(&test.db, "one", NOW, &[]).await.shards, queue::all_shards());
    }

    #[tokio::test]
    async fn replicas_share_fairly_and_take_over_from_the_dead() {
        let Some(test) = TestDb::postgres().await else { return };
        let db = &test.db;
        assert_eq!(hold(db, "one", NOW, &[]).await.shards.len(), 64);
        assert!(hold(db, "two", NOW, &[]).await.shards.is_empty(), "all are held");
        let busy = queue::all_shards().split_off(40);
        let one = hold(db, "one", NOW + 1, &busy).await;
        assert_eq!(one.shards.len(), 32);
        assert!(busy.iter().all(|shard| one.shards.contains(shard)), "a shard at work is not left");
        let two = hold(db, "two", NOW + 2, &[]).await;
        assert_eq!(two.taken.len(), 32);
        assert!(two.shards.iter().all(|shard| !one.shards.contains(shard)));

        store(db, &[run_call("a", 1, NOW)]).await;
        let (owner, heir) = if one.shards.contains(&queue::shard_of("a")) { ("one", "two") } else { ("two", "one") };
        let dead = only(claim(db, NOW, 1).await);
        let later = NOW + SHARD_LEASE + 3;
        let held = hold(db, heir, later, &[]).await;
        assert_eq!((held.shards.len(), held.voided), (64, 1), "{owner} is gone, its leases are void at takeover");
        assert_ne!(only(claim(db, later, 1).await).lease_id, dead.lease_id);
    }

    #[tokio::test]
    async fn an_ordered_shutdown_frees_the_shards_at_once() {
        let Some(test) = TestDb::postgres().await else { return };
        hold(&test.db, "one", NOW, &[]).await;
        let tx = test.db.begin().await.unwrap();
        queue::leave_shards(&tx, "one").await.unwrap();
        tx.commit("test").await.unwrap();
        assert_eq!(hold(&test.db, "two", NOW + 1, &[]).await.shards.len(), 64);
    }

    #[tokio::test]
    async fn a_hint_crosses_processes_only_for_foreign_shards() {
        let Some(test) = TestDb::postgres().await else { return };
        let mut hints = queue::Hints::open(&test.db).await.unwrap().unwrap();
        store(&test.db, &[run_call("a", 1, NOW)]).await;
        tokio::time::timeout(std::time::Duration::from_secs(5), hints.next()).await.unwrap().unwrap();
        test.db.set_owned_shards(queue::shard_bits(&queue::all_shards()));
        store(&test.db, &[run_call("a", 2, NOW)]).await;
        let silence = tokio::time::timeout(std::time::Duration::from_millis(200), hints.next()).await;
        assert!(silence.is_err(), "nobody else works that shard off");
    }
}

/// The cost of a poll must not depend on how many jobs wait for later: every plan has to go through the partial indexes.
#[tokio::test]
async fn polls_never_scan_the_table() {
    let test = crate::support::database::TestDb::sqlite().await;
    let plan = |sql: &'static str| {
        let db = test.db.clone();
        async move {
            let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = sea_orm::ConnectionTrait::query_all_raw(db.read(), statement).await.unwrap();
            rows.iter().map(|row| row.try_get_by_index::<String>(3).unwrap()).collect::<Vec<_>>().join("\n")
        }
    };
    let due = plan("SELECT portal FROM job WHERE state = 'ready' AND run_at <= 5 ORDER BY run_at LIMIT 10").await;
    assert!(due.contains("USING INDEX job_due") && !due.contains("TEMP B-TREE"), "{due}");
    let group =
        plan("SELECT id FROM job WHERE state = 'ready' AND portal = 'a' AND lane = 1 AND run_at <= 5 ORDER BY run_at, id LIMIT 10").await;
    assert!(group.contains("job_fair") && !group.contains("TEMP B-TREE"), "{group}");
    let lost = plan("UPDATE job SET state = 'ready' WHERE job.state = 'running' AND job.lease_until >= 0 AND job.lease_id IN ('x')").await;
    assert!(lost.contains("job_leased"), "{lost}");
    let key = plan("DELETE FROM job WHERE state = 'ready' AND portal = 'a' AND cancel_key = 'k'").await;
    assert!(key.contains("job_cancel"), "{key}");
}
