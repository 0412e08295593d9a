//! A circuit breaker for each channel: when several messages in a row could not be brought to a provider, one at a time asks whether it is
//! back, and all others wait without using up their tries.
//!
//! Memory of this process, as `pace`: all work of a portal runs in one. A restart begins closed, which costs a few tries.

use crate::domain::clock::{MINUTE, Ms, SECOND};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Different messages that have to fail in a row.
const AFTER: usize = 5;
/// Failures further apart than this are no row.
const ROW: Ms = 2 * MINUTE;
/// First pause before a probe; it doubles.
const FIRST_PAUSE: Ms = 30 * SECOND;
/// Longest pause: a provider that is back is noticed this late at most.
const LONGEST_PAUSE: Ms = 5 * MINUTE;
/// A probe that is never heard of again is followed by another one after this time.
const PROBE: Ms = MINUTE;

#[derive(Debug, Default)]
struct Breaker {
    failing: BTreeSet<String>,
    last_failure: Ms,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// The moment of the next probe.
    next: Ms,
    /// The pause that led to it.
    pause: Ms,
    /// A probe is out.
    probing: bool,
}

/// All channels of this process.
#[derive(Debug, Default)]
pub struct Breakers {
    state: Mutex<HashMap<String, Breaker>>,
}

impl Breakers {
    /// When the message has to come again; `None` = it may leave. While the breaker is open the first one to ask in time is the probe.
    pub fn ask(&self, channel_id: &str, now: Ms) -> Option<Ms> {
        let mut state = self.state();
        let open = state.get_mut(channel_id)?.open.as_mut()?;
        if open.next > now {
            return Some(open.next);
        }
        (open.next, open.probing) = (now.saturating_add(PROBE), true);
        None
    }

    /// Whether nothing leaves through the channel now.
    pub fn rests(&self, channel_id: &str, now: Ms) -> bool {
        self.state().get(channel_id).and_then(|breaker| breaker.open).is_some_and(|open| open.next > now)
    }

    /// The provider answered, whatever it said.
    pub fn answered(&self, channel_id: &str) {
        if self.state().remove(channel_id).is_some_and(|breaker| breaker.open.is_some()) {
            tracing::info!(channel.id = channel_id, "the provider answers again");
        }
    }

    /// A message was not brought to the provider, or nobody knows; the pause when the channel rests now.
    pub fn failed(&self, channel_id: &str, message_id: &str, now: Ms) -> Option<Ms> {
        let mut state = self.state();
        let breaker = state.entry(channel_id.to_owned()).or_default();
        if breaker.open.is_none() && now.saturating_sub(breaker.last_failure) > ROW {
            breaker.failing.clear();
        }
        breaker.last_failure = now;
        if breaker.open.is_none() {
            breaker.failing.insert(message_id.to_owned());
        }
        let pause = match breaker.open {
            // It left before the breaker opened.
            Some(open) if !open.probing => return Some(open.next.saturating_sub(now).max(SECOND)),
            Some(open) => open.pause.saturating_mul(2).min(LONGEST_PAUSE),
            None if breaker.failing.len() >= AFTER => {
                tracing::warn!(channel.id = channel_id, "the provider does not answer: the channel rests");
                FIRST_PAUSE
            }
            None => return None,
        };
        breaker.open = Some(Open { next: now.saturating_add(pause), pause, probing: false });
        Some(pause)
    }

    /// A poisoned lock means that a thread died while counting; the counts themselves are still sound.
    fn state(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_different_messages_in_a_row_open_it_and_one_answer_closes_it() {
        let breakers = Breakers::default();
        for _ in 0..9 {
            assert_eq!(breakers.failed("ch", "m1", 1_000), None, "one message is no outage");
        }
        for id in ["m2", "m3", "m4"] {
            assert_eq!(breakers.failed("ch", id, 1_000), None);
        }
        assert_eq!(breakers.failed("ch", "m5", 1_000), Some(FIRST_PAUSE));
        assert_eq!(breakers.failed("ch", "m6", 1_000), Some(FIRST_PAUSE), "it left before");
        assert_eq!((breakers.ask("ch", 2_000), breakers.ask("other", 2_000)), (Some(31_000), None));
        assert!(breakers.rests("ch", 2_000) && !breakers.rests("ch", 31_000));
        assert_eq!(breakers.ask("ch", 31_000), None, "the probe");
        assert_eq!(breakers.ask("ch", 31_001), Some(31_000 + PROBE), "one at a time");
        assert_eq!(breakers.failed("ch", "m1", 32_000), Some(2 * FIRST_PAUSE));
        assert_eq!(breakers.ask("ch", 92_000), None);
        breakers.answered("ch");
        assert_eq!(breakers.ask("ch", 92_000), None);
        assert_eq!(breakers.failed("ch", "m1", 93_000), None, "closed: counted anew");
    }

    #[test]
    fn failures_far_apart_are_no_row_and_pauses_end_at_five_minutes() {
        let breakers = Breakers::default();
        for (at, id) in [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (3 + ROW + 1, "e")] {
            assert_eq!(breakers.failed("ch", id, at), None);
        }
        let mut now = 1_000_000;
        let mut last = None;
        for number in 0..12 {
            last = breakers.failed("ch", &format!("m{number}"), now);
            if let Some(at) = breakers.ask("ch", now) {
                now = at;
                assert_eq!(breakers.ask("ch", now), None);
            }
        }
        assert_eq!(last, Some(LONGEST_PAUSE));
    }
}
