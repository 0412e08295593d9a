//! Places for pages that are told news: so many in the process and so many for one viewer, so that nobody takes everybody's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pages that are told news at the same time; more of them ask by themselves.
const ALL: usize = 1_000;
/// Of one viewer: a person has a few tabs open.
const OF_VIEWER: usize = 12;

/// The places.
#[derive(Debug, Clone, Default)]
pub(super) struct Listeners(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_viewer: HashMap<String, usize>,
}

/// One place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    listeners: Listeners,
    viewer: String,
}

impl Listeners {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Counts stay whole between statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a viewer of a portal; `None` = all are taken.
    pub(super) fn take(&self, portal: &str, user: &str) -> Option<Place> {
        let viewer = format!("{portal} {user}");
        let mut taken = self.taken();
        let own = taken.by_viewer.get(&viewer).copied().unwrap_or_default();
        if taken.all >= ALL || own >= OF_VIEWER {
            return None;
        }
        taken.all += 1;
        taken.by_viewer.insert(viewer.clone(), own + 1);
        Some(Place { listeners: self.clone(), viewer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.listeners.taken();
        taken.all = taken.all.saturating_sub(1);
        let left = taken.by_viewer.get(&self.viewer).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            taken.by_viewer.remove(&self.viewer);
        } else {
            taken.by_viewer.insert(self.viewer.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_takes_no_more_than_a_few_and_gives_them_back() {
        let listeners = Listeners::default();
        let mut places: Vec<Place> = (0..OF_VIEWER).filter_map(|_| listeners.take("p", "1")).collect();
        assert_eq!((places.len(), listeners.take("p", "1").is_none()), (OF_VIEWER, true));
        assert!(listeners.take("p", "2").is_some() && listeners.take("q", "1").is_some(), "others are not concerned");
        places.pop();
        assert!(listeners.take("p", "1").is_some());
        drop(places);
        assert!(listeners.taken().by_viewer.is_empty() && listeners.taken().all == 0);
    }
}
