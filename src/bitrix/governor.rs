//! How fast a portal may be asked: request budget, operating time of each method, pauses it asked for (reference/bitrix24.md F.2).
//!
//! One process serves a portal at a time, so the state is in memory. Nothing here waits: a call that may not leave now is told
//! when it may. Time is our clock, so that stories see every decision. Holds no tokens and sends nothing.

use crate::domain::clock::{Clock, HOUR, MINUTE, Ms, SECOND};
use governor::clock::Clock as TimeSource;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A method is left alone above this share of its operating budget: 80 % of 480 s in ten minutes.
const OPERATING_LIMIT_SECONDS: f64 = 0.8 * 480.0;
/// Shortest pause of a method after `OPERATION_TIME_LIMIT`.
const METHOD_PAUSE: Ms = 10 * SECOND;
/// Time that one batch of answers may take, since each answer runs the next robots inside the request.
const ANSWER_BATCH_MS: Ms = 5 * SECOND;
/// Answers in a batch before the first measurement.
const ANSWERS_UNMEASURED: usize = 10;
/// Durations remembered for the median.
const ANSWER_SAMPLES: usize = 31;
/// Portals remembered before idle ones are forgotten.
const REMEMBERED: usize = 10_000;

/// Our clock as the `governor` crate wants it.
#[derive(Debug, Clone)]
struct Ticks(Arc<dyn Clock>);

impl TimeSource for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::try_from(self.0.now()).unwrap_or_default().saturating_mul(1_000_000))
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, StateInformationMiddleware>;

#[derive(Debug, Default)]
struct MethodPace {
    operating_seconds: f64,
    reset_at: Ms,
    blocked_until: Ms,
}

#[derive(Debug)]
struct Pace {
    bucket: Bucket,
    paused_until: Ms,
    refusals: u32,
    methods: HashMap<String, MethodPace>,
    answers_ms: VecDeque<Ms>,
    used_at: Ms,
}

/// The paces of all portals of this process.
#[derive(Debug)]
pub(super) struct Governor {
    clock: Arc<dyn Clock>,
    rate: NonZeroU32,
    burst: NonZeroU32,
    shard_of: fn(&str) -> i64,
    portals: Mutex<HashMap<String, Pace>>,
    /// Shards taken over from another process: what it spent is not known, so their portals start with nothing.
    taken_over: Mutex<HashSet<i64>>,
    /// Start and minimum of the current ten-second window of the gauge.
    lowest: Mutex<(Ms, u32)>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The maps stay consistent between statements, so a panic elsewhere must not stop every portal.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests arrive closer together than they left whenever one before was delayed: driven to its brim the portal's bucket overflows.
fn below_the_brim(burst: NonZeroU32) -> NonZeroU32 {
    let spare = if burst.get() >= 10 { 1 } else { 0 };
    NonZeroU32::new(burst.get() - spare).unwrap_or(burst)
}

impl Governor {
    pub(super) fn new(clock: Arc<dyn Clock>, rate: u32, burst: u32, shard_of: fn(&str) -> i64) -> Self {
        Self {
            clock,
            rate: NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN),
            burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
            shard_of,
            portals: Mutex::default(),
            taken_over: Mutex::default(),
            lowest: Mutex::new((0, u32::MAX)),
        }
    }

    fn with<T>(&self, portal: &str, act: impl FnOnce(&mut Pace, Ms) -> T) -> T {
        let now = self.clock.now();
        let mut portals = locked(&self.portals);
        if !portals.contains_key(portal) && portals.len() >= REMEMBERED {
            portals.retain(|_, pace| pace.used_at > now.saturating_sub(HOUR) || pace.paused_until > now);
        }
        let pace = portals.entry(portal.to_owned()).or_insert_with(|| self.fresh(portal));
        pace.used_at = now;
        act(pace, now)
    }

    fn fresh(&self, portal: &str) -> Pace {
        let burst = below_the_brim(self.burst);
        let quota = Quota::per_second(self.rate).allow_burst(burst);
        let bucket = RateLimiter::direct_with_clock(quota, Ticks(Arc::clone(&self.clock))).with_middleware::<StateInformationMiddleware>();
        if locked(&self.taken_over).contains(&(self.shard_of)(portal)) {
            let _ = bucket.check_n(burst);
        }
        Pace { bucket, paused_until: 0, refusals: 0, methods: HashMap::new(), answers_ms: VecDeque::new(), used_at: 0 }
    }

    /// Another process served this shard until now: its portals start with an empty bucket.
    pub(super) fn start_empty(&self, shard: i64) {
        locked(&self.taken_over).insert(shard);
        locked(&self.portals).retain(|portal, _| (self.shard_of)(portal) != shard);
    }

    /// Takes one request out of the portal's budget, or says when to come again.
    pub(super) fn admit<'m>(&self, portal: &str, methods: impl Iterator<Item = &'m str>) -> Result<(), Ms> {
        let admitted = self.with(portal, |pace, now| {
            let mut until = pace.paused_until;
            for method in methods {
                if let Some(method) = pace.methods.get(method) {
                    until = until.max(method.blocked_until);
                    if method.operating_seconds >= OPERATING_LIMIT_SECONDS {
                        until = until.max(method.reset_at);
                    }
                }
            }
            if until > now {
                return Err(until);
            }
            match pace.bucket.check() {
                Ok(state) => Ok(state.remaining_burst_capacity()),
                Err(not_until) => {
                    let at = not_until.earliest_possible().as_u64().div_ceil(1_000_000);
                    Err(i64::try_from(at).unwrap_or(i64::MAX).max(now.saturating_add(1)))
                }
            }
        });
        self.show(admitted.as_ref().map_or(0, |left| *left));
        admitted.map(|_| ())
    }

    /// Takes one request if there is one: for the few calls that may not wait (proofs, a repeat after a refresh or redirect).
    pub(super) fn admit_anyway(&self, portal: &str) {
        self.with(portal, |pace, _| {
            let _ = pace.bucket.check();
        });
    }

    /// `courier24_portal_budget`: the least that any portal had left in the last ten seconds; no portal in the label.
    fn show(&self, left: u32) {
        let now = self.clock.now();
        let mut lowest = locked(&self.lowest);
        if now.saturating_sub(lowest.0) >= 10 * SECOND {
            *lowest = (now, u32::MAX);
        }
        lowest.1 = lowest.1.min(left);
        metrics::gauge!("courier24_portal_budget").set(f64::from(lowest.1));
        if left == 0 {
            metrics::counter!("courier24_portal_budget_empty_total").increment(1);
        }
    }

    /// The portal said "too many requests": 1 s × 1.5ⁿ, at least what it asks for. Returns the end of the pause.
    pub(super) fn limited(&self, portal: &str, retry_after_ms: Option<Ms>) -> Ms {
        self.pause(portal, SECOND, retry_after_ms)
    }

    /// The portal shows a maintenance page or fails: 5 s × 1.5ⁿ.
    pub(super) fn failing(&self, portal: &str, retry_after_ms: Option<Ms>) -> Ms {
        self.pause(portal, 5 * SECOND, retry_after_ms)
    }

    fn pause(&self, portal: &str, base: Ms, retry_after_ms: Option<Ms>) -> Ms {
        self.with(portal, |pace, now| {
            let mut own = base;
            for _ in 0..pace.refusals.min(12) {
                own = own.saturating_add(own / 2);
            }
            pace.refusals = pace.refusals.saturating_add(1);
            let wait = own.min(5 * MINUTE).max(retry_after_ms.unwrap_or(0).min(HOUR));
            pace.paused_until = pace.paused_until.max(now.saturating_add(wait));
            pace.paused_until
        })
    }

    /// `OPERATION_TIME_LIMIT`: this method rests at least ten seconds and until its reset. Returns the end.
    pub(super) fn method_blocked(&self, portal: &str, method: &str, reset_at: Option<Ms>) -> Ms {
        self.with(portal, |pace, now| {
            let known = pace.methods.entry(method.to_owned()).or_default();
            // A reset told as hours away would be a mistake: the window is ten minutes.
            let reset = reset_at.unwrap_or(known.reset_at).min(now.saturating_add(10 * MINUTE));
            known.blocked_until = now.saturating_add(METHOD_PAUSE).max(reset);
            known.blocked_until
        })
    }

    /// What an answer's `time` says of a method.
    pub(super) fn spent(&self, portal: &str, method: &str, operating_seconds: f64, reset_at: Ms) {
        self.with(portal, |pace, now| {
            pace.methods.retain(|_, method| method.reset_at > now || method.blocked_until > now);
            let known = pace.methods.entry(method.to_owned()).or_default();
            known.operating_seconds = operating_seconds;
            known.reset_at = reset_at.min(now.saturating_add(10 * MINUTE));
        });
    }

    /// The portal answered: the next pause starts small again.
    pub(super) fn answered(&self, portal: &str) {
        self.with(portal, |pace, _| pace.refusals = 0);
    }

    /// One `bizproc.event.send` took this long there.
    pub(super) fn answer_took(&self, portal: &str, duration_ms: Ms) {
        self.with(portal, |pace, _| {
            if pace.answers_ms.len() >= ANSWER_SAMPLES {
                pace.answers_ms.pop_front();
            }
            pace.answers_ms.push_back(duration_ms.max(1));
        });
    }

    /// Time in which so many requests are earned, at most those of a burst.
    pub(super) fn time_of(&self, requests: usize) -> Ms {
        let requests = i64::try_from(requests).unwrap_or(i64::MAX).min(i64::from(self.burst.get()));
        requests.saturating_mul(SECOND) / i64::from(self.rate.get())
    }

    /// How many answers fit into one batch: clamp(5 s / median, 1, 50).
    pub(super) fn answer_batch_size(&self, portal: &str) -> usize {
        self.with(portal, |pace, _| {
            let mut sorted: Vec<Ms> = pace.answers_ms.iter().copied().collect();
            sorted.sort_unstable();
            match sorted.get(sorted.len() / 2) {
                Some(median) => usize::try_from(ANSWER_BATCH_MS / (*median).max(1)).unwrap_or(1).clamp(1, super::batch::MAX_COMMANDS),
                None => ANSWERS_UNMEASURED,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::ManualClock;

    const NOW: Ms = 1_790_000_000_000;

    fn governor(rate: u32, burst: u32) -> (Arc<ManualClock>, Governor) {
        let clock = Arc::new(ManualClock::starting_at(NOW));
        (Arc::clone(&clock), Governor::new(clock, rate, burst, |portal| i64::try_from(portal.len()).unwrap()))
    }

    fn admit(governor: &Governor, method: &str) -> Result<(), Ms> {
        governor.admit("p", std::iter::once(method))
    }

    #[test]
    fn a_burst_leaves_and_then_two_a_second() {
        let (clock, governor) = governor(2, 50);
        for _ in 0..49 {
            assert_eq!(admit(&governor, "m"), Ok(()));
        }
        assert_eq!(admit(&governor, "m"), Err(NOW + 500));
        clock.advance(500);
        assert_eq!(admit(&governor, "m"), Ok(()));
        assert_eq!(admit(&governor, "m"), Err(NOW + 1_000));
        assert_eq!(governor.admit("other", std::iter::empty()), Ok(()));
    }

    #[test]
    fn a_shard_taken_over_starts_empty() {
        let (_, governor) = governor(2, 50);
        assert_eq!(admit(&governor, "m"), Ok(()));
        governor.start_empty(1);
        assert_eq!(admit(&governor, "m"), Err(NOW + 500));
        assert_eq!(governor.admit("other", std::iter::empty()), Ok(()));
    }

    #[test]
    fn refusals_lengthen_the_pause_until_an_answer() {
        let (clock, governor) = governor(2, 50);
        assert_eq!(governor.limited("p", None), NOW + 1_000);
        assert_eq!(admit(&governor, "m"), Err(NOW + 1_000));
        clock.advance(1_000);
        assert_eq!(governor.limited("p", None), NOW + 2_500);
        governor.answered("p");
        clock.advance(1_500);
        assert_eq!(governor.limited("p", Some(7_000)), NOW + 2_500 + 7_000);
    }

    #[test]
    fn a_method_rests_below_its_operating_limit() {
        let (clock, governor) = governor(2, 50);
        governor.spent("p", "crm.item.update", 383.9, NOW + 60_000);
        assert_eq!(admit(&governor, "crm.item.update"), Ok(()));
        governor.spent("p", "crm.item.update", 384.0, NOW + 60_000);
        assert_eq!(admit(&governor, "crm.item.update"), Err(NOW + 60_000));
        assert_eq!(admit(&governor, "crm.item.get"), Ok(()));
        clock.advance(60_000);
        assert_eq!(admit(&governor, "crm.item.update"), Ok(()));
        assert_eq!(governor.method_blocked("p", "crm.item.get", None), NOW + 70_000);
        assert_eq!(admit(&governor, "crm.item.get"), Err(NOW + 70_000));
    }

    #[test]
    fn the_answer_batch_follows_the_median() {
        let (_, governor) = governor(2, 50);
        assert_eq!(governor.answer_batch_size("p"), ANSWERS_UNMEASURED);
        for (duration, expected) in [(20, 50), (500, 10), (9_000, 1)] {
            for _ in 0..ANSWER_SAMPLES {
                governor.answer_took("p", duration);
            }
            assert_eq!(governor.answer_batch_size("p"), expected);
        }
    }
}
