//! The pump: claims as many groups as there are free places, hands each to a task, waits for the next reason to look again.
//!
//! Reasons are: a place became free, somebody stored jobs here (`wake`), a hint of another process, the next timer, one second.
//! Claims and heartbeats take turns in this one task, so a shard is never left between its last claim and its release.

use super::{Handler, LEASE, Pulse, Stop, beat, group};
use crate::db::{DbResult, Engine, PUMP};
use crate::domain::clock::Ms;
use crate::flow::Ctx;
use crate::queue::{self, Busy, ClaimRequest, Group, Lane, Limits, Lost, SHARD_LEASE};
use futures::FutureExt as _;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// Between heartbeats: three fit into the lease of a shard.
const BEAT: Duration = Duration::from_secs(2);
/// Longest sleep.
const POLL: Duration = Duration::from_secs(1);
/// After a wake-up that found nothing to claim, so that a burst of accepted calls is met by few looks.
const GATHER: Duration = Duration::from_millis(2);
/// After a fault of the database.
const FAULT: Duration = Duration::from_secs(1);
/// Most jobs in one claim: a claim holds the writer.
const CLAIM_JOBS: u64 = 400;

struct UnderWay {
    portal: String,
    lane: Lane,
    lease: String,
}

/// State of the loop.
pub(super) struct Pump {
    ctx: Ctx,
    workers: usize,
    pulse: Pulse,
    leader: watch::Sender<bool>,
    handler: Handler,
    shards: Vec<i64>,
    owned_until: Ms,
    /// Moment of the last look for due jobs.
    looked_at: Ms,
    next_beat: Instant,
    busy: Busy,
    under_way: HashMap<Id, UnderWay>,
    tasks: JoinSet<()>,
    after: String,
}

impl Pump {
    pub(super) fn new(ctx: Ctx, workers: usize, pulse: Pulse, leader: watch::Sender<bool>, handler: Handler) -> Self {
        Self {
            ctx: ctx.on_behalf_of(PUMP),
            workers: workers.max(1),
            pulse,
            leader,
            handler,
            shards: Vec::new(),
            owned_until: Ms::MIN,
            looked_at: Ms::MIN,
            next_beat: Instant::now(),
            busy: Busy::default(),
            under_way: HashMap::new(),
            tasks: JoinSet::new(),
            after: String::new(),
        }
    }

    /// Runs until stopped and drained.
    pub(super) async fn run(&mut self, stop: &Stop) {
        let ctx = self.ctx.clone();
        while !stop.soft.is_cancelled() {
            let woken = ctx.wake.notified();
            tokio::pin!(woken);
            // Registered before the look, so that what is stored during it is not missed.
            woken.as_mut().enable();
            self.beat_if_due().await;
            while let Some(ended) = self.tasks.try_join_next_with_id() {
                self.ended(&ended.map(|(id, ())| id));
            }
            let looked = Instant::now();
            let pause = match self.claim().await {
                // A look that took its time has let enough come together.
                Ok(0) if looked.elapsed() >= GATHER && woken.as_mut().now_or_never().is_some() => continue,
                Ok(0) => self.pause().await,
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(error = %error, "no claim");
                    FAULT
                }
            };
            tokio::select! {
                () = stop.soft.cancelled() => {}
                Some(ended) = self.tasks.join_next_with_id() => self.ended(&ended.map(|(id, ())| id)),
                () = &mut woken => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.drain(stop).await;
    }

    async fn beat_if_due(&mut self) {
        // A clock that jumped (tests, a suspended machine) ends our shards early.
        let expired = self.ctx.db.engine() == Engine::Postgres && self.ctx.clock.now() >= self.owned_until;
        if Instant::now() < self.next_beat && !expired {
            return;
        }
        let leases: Vec<String> = self.under_way.values().map(|group| group.lease.clone()).collect();
        let busy: BTreeSet<i64> = self.busy.portals().map(queue::shard_of).collect();
        let asked_at = self.ctx.clock.now();
        self.next_beat = Instant::now() + BEAT;
        match beat::beat(&self.ctx, &leases, &busy).await {
            Ok(held) => {
                self.owned_until = asked_at.saturating_add(SHARD_LEASE);
                self.leader.send_replace(held.shards.contains(&0));
                self.shards = held.shards;
                self.pulse.beat();
            }
            Err(error) => {
                tracing::error!(error = %error, "no heartbeat");
                self.next_beat = Instant::now() + FAULT;
            }
        }
    }

    /// Whether our shards are certainly still ours.
    fn owns(&self) -> bool {
        self.ctx.db.engine() == Engine::Sqlite || self.ctx.clock.now() < self.owned_until
    }

    async fn claim(&mut self) -> DbResult<usize> {
        self.looked_at = self.ctx.clock.now();
        let free = self.workers.saturating_sub(self.under_way.len());
        if free == 0 || self.shards.is_empty() || !self.owns() {
            return Ok(0);
        }
        let request = ClaimRequest {
            shards: &self.shards,
            now: self.looked_at,
            lease_ms: LEASE,
            groups: free,
            jobs: CLAIM_JOBS,
            busy: &self.busy,
            limits: Limits::of(self.workers),
            after: &self.after,
        };
        let turn = queue::claim_turn(&self.ctx.db, self.ctx.ids.as_ref(), &request).await?;
        self.after = turn.after;
        let claimed = turn.groups.len();
        for group in turn.groups {
            self.begin(group);
        }
        Ok(claimed)
    }

    fn begin(&mut self, group: Group) {
        let lease = group.jobs.first().map(|job| job.lease_id.clone()).unwrap_or_default();
        let under_way = UnderWay { portal: group.portal.clone(), lane: group.lane, lease };
        self.busy.begin(&under_way.portal, under_way.lane, self.looked_at);
        let (ctx, handler) = (self.ctx.clone(), self.handler);
        let task = self.tasks.spawn(async move { group::work(&ctx, group, handler).await });
        self.under_way.insert(task.id(), under_way);
    }

    fn ended(&mut self, ended: &Result<Id, JoinError>) {
        let id = match ended {
            Ok(id) => *id,
            Err(broken) => broken.id(),
        };
        if let Some(group) = self.under_way.remove(&id) {
            self.busy.end(&group.portal, group.lane);
        }
    }

    /// How long nothing can become due.
    async fn pause(&self) -> Duration {
        let now = self.ctx.clock.now();
        let until_beat = self.next_beat.saturating_duration_since(Instant::now());
        // Seen from the look: what became due since then is due at once.
        let until_due = match queue::next_due_after(self.ctx.db.read(), self.looked_at).await {
            Ok(Some(due)) => Duration::from_millis(u64::try_from(due.saturating_sub(now)).unwrap_or_default()),
            Ok(None) | Err(_) => POLL,
        };
        let awake = self.busy.awake_at(now).map_or(POLL, |at| Duration::from_millis(u64::try_from(at - now).unwrap_or_default()));
        until_due.min(awake).min(POLL).min(until_beat)
    }

    /// Lets what is under way come to its end, its leases kept; at the hard stop breaks it off and gives the leases back.
    async fn drain(&mut self, stop: &Stop) {
        while !self.tasks.is_empty() {
            self.beat_if_due().await;
            tokio::select! {
                () = stop.hard.cancelled() => break,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(&ended.map(|(id, ())| id)),
                () = tokio::time::sleep_until(self.next_beat) => {}
            }
        }
        let broken_off: Vec<String> = self.under_way.values().map(|group| group.lease.clone()).collect();
        self.tasks.shutdown().await;
        if let Err(error) = self.leave(&broken_off).await {
            tracing::error!(error = %error, "leases were not given back; they will run out");
        }
    }

    async fn leave(&self, broken_off: &[String]) -> DbResult<()> {
        let tx = self.ctx.db.begin().await?;
        if !broken_off.is_empty() {
            let back = queue::reclaim(&tx, Lost::Given(broken_off), self.ctx.clock.now()).await?;
            tracing::warn!(jobs = back, "jobs broken off at the end of the time to drain");
        }
        queue::leave_shards(&tx, &self.ctx.settings.boot_id).await?;
        tx.commit("worker.leave").await
    }
}
