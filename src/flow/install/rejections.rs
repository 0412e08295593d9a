//! Tokens that portals did not accept, counted: whoever knows no more than a portal's id may not use its request budget up with questions
//! about invented ones.

use crate::domain::clock::{MINUTE, Ms};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rejections of a portal's viewers in a minute; then nobody is asked about until the minute is over. Renewed pages and mistakes stay
/// far below.
const MOST: u32 = 20;
/// Portals remembered.
const CAPACITY: usize = 10_000;

/// Rejections by portal: how many, since when.
#[derive(Debug, Default)]
pub struct Rejections(Mutex<HashMap<String, (u32, Ms)>>);

impl Rejections {
    fn counts(&self) -> MutexGuard<'_, HashMap<String, (u32, Ms)>> {
        // Each entry is whole by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a portal had so many that it is not asked now.
    pub(super) fn too_many(&self, portal: &str, now: Ms) -> bool {
        self.counts().get(portal).is_some_and(|(count, since)| *count >= MOST && now.saturating_sub(*since) < MINUTE)
    }

    /// One more.
    pub(super) fn note(&self, portal: &str, now: Ms) {
        let mut counts = self.counts();
        if counts.len() >= CAPACITY {
            counts.retain(|_, (_, since)| now.saturating_sub(*since) < MINUTE);
        }
        let known = counts.entry(portal.to_owned()).or_insert((0, now));
        if now.saturating_sub(known.1) >= MINUTE {
            *known = (0, now);
        }
        known.0 = known.0.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portal_is_left_alone_for_the_rest_of_a_minute() {
        let rejections = Rejections::default();
        (0..MOST).for_each(|at| rejections.note("p", Ms::from(at)));
        assert!(rejections.too_many("p", 30_000) && !rejections.too_many("q", 30_000));
        assert!(!rejections.too_many("p", MINUTE));
        rejections.note("p", MINUTE);
        assert!(!rejections.too_many("p", MINUTE + 1), "a new minute");
    }
}
