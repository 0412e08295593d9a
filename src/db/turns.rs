//! Who writes next on SQLite, whose one writer connection serves everybody: whoever was served longest ago, so that a portal with ten
//! thousand messages makes another portal's one message wait for a single transaction of its own, not for all it has in line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Owners remembered; when nobody waits and there are more, everybody is new again.
const REMEMBERED: usize = 1_000;

/// Whoever wrote within this may write again at any moment.
const RECENT: Duration = Duration::from_secs(1);
/// How long it takes until a use of the writer counts for half.
const HALF: Duration = Duration::from_secs(1);
/// So many times less is far less.
const FAR: f64 = 4.0;

/// The line in front of the writer.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    taken: bool,
    /// Counts arrivals and turns: a logical clock.
    tick: u64,
    served: HashMap<Arc<str>, Served>,
    waiting: Vec<Waiter>,
}

/// An owner's last turn and its use of the writer.
#[derive(Debug)]
struct Served {
    /// By the logical clock.
    tick: u64,
    /// When `used` was true.
    at: Instant,
    /// Seconds, older ones counting less.
    used: f64,
}

impl Served {
    fn used(&self, now: Instant) -> f64 {
        let halves = now.saturating_duration_since(self.at).as_secs_f64() / HALF.as_secs_f64();
        self.used * 0.5_f64.powf(halves)
    }
}

#[derive(Debug)]
struct Waiter {
    owner: Arc<str>,
    arrived: u64,
    give: oneshot::Sender<Turn>,
}

/// The right to write; dropped, it passes to the next.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    owner: Arc<str>,
    since: Instant,
}

impl Turns {
    fn line(&self) -> MutexGuard<'_, Line> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody of `among` who uses the writer far less than this owner wrote a moment ago.
    pub(super) fn lighter(&self, owner: &Arc<str>, among: impl Fn(&str) -> bool) -> bool {
        let line = self.line();
        let now = Instant::now();
        let Some(own) = line.served.get(owner).map(|own| own.used(now)) else { return false };
        let light = |one: &Served| now.saturating_duration_since(one.at) < RECENT && one.used(now) * FAR < own;
        line.served.iter().any(|(other, one)| other != owner && among(other) && light(one))
    }

    fn turn(&self, owner: &Arc<str>) -> Turn {
        Turn { turns: self.clone(), owner: Arc::clone(owner), since: Instant::now() }
    }

    /// Waits for the owner's turn.
    pub(super) async fn take(&self, owner: &Arc<str>) -> Turn {
        loop {
            let given = {
                let mut line = self.line();
                line.tick += 1;
                if !line.taken {
                    line.taken = true;
                    line.serve(owner);
                    return self.turn(owner);
                }
                let (give, given) = oneshot::channel();
                let arrived = line.tick;
                line.waiting.push(Waiter { owner: Arc::clone(owner), arrived, give });
                given
            };
            // A line that forgot somebody is joined again.
            if let Ok(turn) = given.await {
                return turn;
            }
        }
    }
}

impl Line {
    fn serve(&mut self, owner: &Arc<str>) {
        if self.waiting.is_empty() && self.served.len() > REMEMBERED {
            self.served.clear();
        }
        let tick = self.tick;
        let served = self.served.entry(Arc::clone(owner)).or_insert_with(|| Served { tick, at: Instant::now(), used: 0.0 });
        served.tick = tick;
    }

    /// The owner held the writer from then to now.
    fn note(&mut self, owner: &Arc<str>, since: Instant) {
        let now = Instant::now();
        if let Some(served) = self.served.get_mut(owner) {
            served.used = served.used(now) + now.saturating_duration_since(since).as_secs_f64();
            served.at = now;
        }
    }

    /// Takes the next out of the line, those who gave up left out.
    fn next(&mut self) -> Option<Waiter> {
        self.waiting.retain(|waiter| !waiter.give.is_closed());
        let last = |waiter: &Waiter| self.served.get(&waiter.owner).map(|served| served.tick).unwrap_or_default();
        let (at, _) = self.waiting.iter().enumerate().min_by_key(|(_, waiter)| (last(waiter), waiter.arrived))?;
        let waiter = self.waiting.swap_remove(at);
        self.tick += 1;
        self.serve(&waiter.owner);
        Some(waiter)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut line = self.turns.line();
            line.note(&self.owner, self.since);
            let next = line.next();
            line.taken = next.is_some();
            next
        };
        if let Some(waiter) = next {
            // Who gave up just now drops the turn, which passes it on.
            let _ = waiter.give.send(self.turns.turn(&waiter.owner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;
    use futures::future::BoxFuture;

    fn wait<'a>(turns: &'a Turns, owner: &'a Arc<str>) -> BoxFuture<'a, Turn> {
        let mut waiting = turns.take(owner).boxed();
        assert!(waiting.as_mut().now_or_never().is_none(), "somebody writes");
        waiting
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_one_turn_of_a_crowd() {
        let (crowd, single): (Arc<str>, Arc<str>) = (Arc::from("crowd"), Arc::from("single"));
        let turns = Turns::default();
        let first = turns.take(&crowd).await;
        let mut second = wait(&turns, &crowd);
        let mut third = wait(&turns, &crowd);
        let newcomer = wait(&turns, &single);
        drop(first);
        let turn = newcomer.now_or_never().expect("served longest ago");
        assert!(second.as_mut().now_or_never().is_none());
        drop(turn);
        let turn = second.now_or_never().expect("in the order of arrival among themselves");
        assert!(third.as_mut().now_or_never().is_none());
        drop(turn);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_writes_far_more_is_told_of_a_lighter_one() {
        let [crowd, single, pump] = ["crowd", "single", "pump"].map(Arc::<str>::from);
        let turns = Turns::default();
        let portals = |owner: &str| owner != "pump";
        let ago = |ms| Instant::now().checked_sub(Duration::from_millis(ms)).expect("the machine runs longer");
        let hold = async |owner: &Arc<str>, ms| {
            let mut turn = turns.take(owner).await;
            turn.since = ago(ms);
        };
        hold(&pump, 1).await;
        hold(&crowd, 500).await;
        assert!(!turns.lighter(&crowd, portals), "alone beside the pump");
        hold(&single, 10).await;
        assert!(turns.lighter(&crowd, portals) && !turns.lighter(&single, portals));
        hold(&single, 300).await;
        assert!(!turns.lighter(&crowd, portals) && !turns.lighter(&single, portals), "two crowds");
    }

    #[tokio::test]
    async fn who_gives_up_keeps_nobody_waiting() {
        let owner: Arc<str> = Arc::from("portal");
        let turns = Turns::default();
        let first = turns.take(&owner).await;
        let gone = wait(&turns, &owner);
        let patient = wait(&turns, &owner);
        drop(gone);
        drop(first);
        drop(patient.now_or_never().expect("the turn passed by"));
        let late = {
            let held = turns.take(&owner).await;
            let late = wait(&turns, &owner);
            drop(held);
            late
        };
        // The turn was given and not fetched.
        drop(late);
        assert!(turns.take(&owner).now_or_never().is_some());
    }
}
