//! The two brakes of a cloud portal (reference/bitrix24.md F.2): a leaky bucket per portal and time used per method.
//!
//! Both look at the portal's clock only, so a story under virtual time sees them exactly.

use crate::domain::clock::{MINUTE, Ms};
use std::collections::{BTreeMap, VecDeque};

/// Size and drain of the request bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Requests that flow out per second.
    pub drain_per_second: u32,
    /// Requests the bucket holds.
    pub burst: u32,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { drain_per_second: 2, burst: 50 }
    }
}

const WINDOW_MINUTES: i64 = 10;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) bucket: Option<Bucket>,
    /// Budget of one method in ten minutes.
    pub(crate) operating_limit_ms: Option<i64>,
    /// Declared cost of one call by method; what is missing costs the default.
    pub(crate) costs_ms: BTreeMap<String, i64>,
    /// Highest level the bucket had, in whole requests.
    pub(crate) peak: i64,
    /// Requests that overflowed.
    pub(crate) overflows: u64,
    pub(crate) level_milli: i64,
    pub(crate) level_at: Ms,
    pub(crate) used: BTreeMap<(String, String), VecDeque<(i64, i64)>>,
}

/// What one call of an ordinary method costs when nothing else is declared.
const DEFAULT_COST_MS: i64 = 10;

impl Limits {
    /// Lets one request in, or says that the bucket is full.
    pub(crate) fn admit(&mut self, now: Ms) -> bool {
        let bucket = self.bucket.unwrap_or(Bucket { drain_per_second: 0, burst: 0 });
        let leaked = (now - self.level_at).max(0).saturating_mul(i64::from(bucket.drain_per_second));
        self.level_milli = (self.level_milli - leaked).max(0);
        self.level_at = now;
        if self.bucket.is_some() && self.level_milli + 1_000 > i64::from(bucket.burst) * 1_000 {
            self.overflows += 1;
            return false;
        }
        if self.bucket.is_some() {
            self.level_milli += 1_000;
            self.peak = self.peak.max((self.level_milli + 999) / 1_000);
        }
        true
    }

    /// Declared cost of one call.
    pub(crate) fn cost(&self, method: &str) -> i64 {
        self.costs_ms.get(method).copied().unwrap_or(DEFAULT_COST_MS)
    }

    /// Time this application spent in the method during the last ten minutes, and when the oldest part leaves.
    pub(crate) fn operating(&mut self, client: &str, method: &str, now: Ms) -> (i64, Ms) {
        let minute = now.div_euclid(MINUTE);
        let Some(window) = self.used.get_mut(&(client.to_owned(), method.to_owned())) else { return (0, now + WINDOW_MINUTES * MINUTE) };
        while window.front().is_some_and(|(at, _)| *at <= minute - WINDOW_MINUTES) {
            window.pop_front();
        }
        let reset_at = window.front().map_or(now, |(at, _)| at * MINUTE) + WINDOW_MINUTES * MINUTE;
        (window.iter().map(|(_, used)| used).sum(), reset_at)
    }

    /// Whether the method may run.
    pub(crate) fn method_free(&mut self, client: &str, method: &str, now: Ms) -> bool {
        let Some(limit) = self.operating_limit_ms else { return true };
        self.operating(client, method, now).0 < limit
    }

    /// Books time of a call that ran.
    pub(crate) fn book(&mut self, client: &str, method: &str, now: Ms, used_ms: i64) {
        let minute = now.div_euclid(MINUTE);
        let window = self.used.entry((client.to_owned(), method.to_owned())).or_default();
        match window.back_mut() {
            Some((at, sum)) if *at == minute => *sum += used_ms,
            _ => window.push_back((minute, used_ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_at_once_then_two_a_second() {
        let mut limits = Limits { bucket: Some(Bucket::default()), ..Limits::default() };
        assert_eq!((0..60).filter(|_| limits.admit(1_000)).count(), 50);
        assert!(!limits.admit(1_499));
        assert!(limits.admit(1_500));
        assert!(!limits.admit(1_999));
        assert!(limits.admit(2_000));
        assert_eq!(limits.peak, 50);
    }

    #[test]
    fn a_method_rests_until_its_oldest_minute_leaves() {
        let mut limits = Limits { operating_limit_ms: Some(480_000), ..Limits::default() };
        limits.book("app", "m", 0, 480_000);
        assert!(!limits.method_free("app", "m", 9 * MINUTE));
        assert!(limits.method_free("other", "m", 9 * MINUTE));
        assert_eq!(limits.operating("app", "m", 9 * MINUTE).1, 10 * MINUTE);
        assert!(limits.method_free("app", "m", 10 * MINUTE));
    }
}
