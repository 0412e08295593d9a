//! Whose turn it is: a pure choice among the portals and lanes that have due jobs.

use super::Lane;
use crate::domain::clock::Ms;
use std::collections::{BTreeMap, HashMap};

/// Lanes in which a portal may have more than one group at work; all others one, so that CRM calls of a portal stay in order and
/// leave coalesced.
const PARALLEL: Lane = Lane::Deliver;

/// How many groups may be at work at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Groups of one portal in all lanes: the rest is kept for others.
    pub portal: usize,
    /// Groups of one portal in the lane of sends.
    pub deliver: usize,
}

impl Limits {
    /// For a process that handles `workers` groups at a time.
    pub fn of(workers: usize) -> Self {
        Self { portal: workers.saturating_sub(workers / 4).max(1), deliver: (workers / 4).clamp(1, 4) }
    }
}

/// Groups at work in this process, by portal and lane, and lanes that gather for their next one.
#[derive(Debug, Default, Clone)]
pub struct Busy {
    groups: HashMap<String, HashMap<Lane, usize>>,
    /// Until when.
    gathering: HashMap<(String, Lane), Ms>,
}

impl Busy {
    /// A group begins.
    pub fn begin(&mut self, portal: &str, lane: Lane, now: Ms) {
        *self.groups.entry(portal.to_owned()).or_default().entry(lane).or_default() += 1;
        self.gathering.retain(|_, until| *until > now);
        if lane.gathers() > 0 {
            self.gathering.insert((portal.to_owned(), lane), now.saturating_add(lane.gathers()));
        }
    }

    /// Whether a lane had a group a moment ago.
    pub(super) fn gathers(&self, portal: &str, lane: Lane, now: Ms) -> bool {
        lane.gathers() > 0 && self.gathering.get(&(portal.to_owned(), lane)).is_some_and(|until| *until > now)
    }

    /// Whether so few due jobs wait until they fill a group.
    pub(super) fn waits(&self, portal: &str, lane: Lane, jobs: u64, now: Ms) -> bool {
        jobs < lane.group_size() && self.gathers(portal, lane, now)
    }

    /// When the next lane has gathered long enough.
    pub fn awake_at(&self, now: Ms) -> Option<Ms> {
        self.gathering.values().copied().filter(|until| *until > now).min()
    }

    /// A group ended.
    pub fn end(&mut self, portal: &str, lane: Lane) {
        if let Some(lanes) = self.groups.get_mut(portal) {
            if let Some(count) = lanes.get_mut(&lane) {
                *count = count.saturating_sub(1);
            }
            lanes.retain(|_, count| *count > 0);
            if lanes.is_empty() {
                self.groups.remove(portal);
            }
        }
    }

    /// Portals with a group at work.
    pub fn portals(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    fn of(&self, portal: &str) -> usize {
        self.groups.get(portal).map_or(0, |lanes| lanes.values().sum())
    }

    fn in_lane(&self, portal: &str, lane: Lane) -> usize {
        self.groups.get(portal).and_then(|lanes| lanes.get(&lane)).copied().unwrap_or_default()
    }
}

/// A portal's lane that has due jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) portal: String,
    pub(super) lane: Lane,
    /// How many, at most.
    pub(super) jobs: u64,
}

/// One group to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) portal: String,
    pub(super) lane: Lane,
    pub(super) size: u64,
}

/// Chooses up to `groups` groups and `jobs` jobs. Portals behind `after` in the alphabet come first, then the others: each portal gives its most
/// urgent lane, then each its second, and so on.
pub(super) fn pick(due: &[Due], busy: &Busy, limits: Limits, after: &str, groups: usize, jobs: u64) -> Vec<Pick> {
    let mut lanes_of: BTreeMap<&str, Vec<(Lane, u64)>> = BTreeMap::new();
    for Due { portal, lane, jobs } in due {
        let most = if *lane == PARALLEL { limits.deliver } else { 1 };
        if busy.in_lane(portal, *lane) < most {
            lanes_of.entry(portal).or_default().push((*lane, *jobs));
        }
    }
    for (portal, lanes) in &mut lanes_of {
        lanes.sort_unstable();
        lanes.truncate(limits.portal.saturating_sub(busy.of(portal)));
    }
    let (before, behind): (Vec<_>, Vec<_>) = lanes_of.iter().partition(|(portal, _)| **portal <= after);
    let turn: Vec<_> = behind.into_iter().chain(before).collect();
    let mut picks = Vec::new();
    let mut left = jobs;
    for round in 0..Lane::ALL.len() {
        for (portal, lanes) in &turn {
            let Some((lane, due)) = lanes.get(round).copied() else { continue };
            if picks.len() >= groups || left == 0 {
                return picks;
            }
            let size = lane.group_size().min(left);
            left -= size.min(due);
            picks.push(Pick { portal: (**portal).to_owned(), lane, size });
        }
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(pairs: &[(&str, Lane)]) -> Vec<Due> {
        pairs.iter().map(|(portal, lane)| Due { portal: (*portal).to_owned(), lane: *lane, jobs: u64::MAX }).collect()
    }

    fn names(picks: &[Pick]) -> Vec<(&str, Lane)> {
        picks.iter().map(|pick| (pick.portal.as_str(), pick.lane)).collect()
    }

    const WIDE: Limits = Limits { portal: 8, deliver: 2 };

    #[test]
    fn every_portal_gives_its_first_lane_before_any_gives_its_second() {
        let due = due(&[("a", Lane::Run), ("a", Lane::Answer), ("b", Lane::Timer), ("c", Lane::Create), ("c", Lane::Deliver)]);
        let picks = pick(&due, &Busy::default(), WIDE, "", 16, 1000);
        let expected = [("a", Lane::Answer), ("b", Lane::Timer), ("c", Lane::Deliver), ("a", Lane::Run), ("c", Lane::Create)];
        assert_eq!(names(&picks), expected);
    }

    #[test]
    fn the_turn_begins_behind_the_portal_served_last() {
        let due = due(&[("a", Lane::Run), ("b", Lane::Run), ("c", Lane::Run)]);
        assert_eq!(names(&pick(&due, &Busy::default(), WIDE, "a", 2, 1000)), [("b", Lane::Run), ("c", Lane::Run)]);
        assert_eq!(names(&pick(&due, &Busy::default(), WIDE, "c", 2, 1000)), [("a", Lane::Run), ("b", Lane::Run)]);
        assert_eq!(names(&pick(&due, &Busy::default(), WIDE, "aa", 9, 1000)), [("b", Lane::Run), ("c", Lane::Run), ("a", Lane::Run)]);
    }

    #[test]
    fn a_busy_outbox_lane_waits_and_sends_may_run_side_by_side() {
        let mut busy = Busy::default();
        busy.begin("a", Lane::Run, 0);
        busy.begin("a", Lane::Deliver, 0);
        let due = due(&[("a", Lane::Run), ("a", Lane::Deliver)]);
        assert_eq!(names(&pick(&due, &busy, WIDE, "", 9, 1000)), [("a", Lane::Deliver)]);
        busy.begin("a", Lane::Deliver, 0);
        assert!(pick(&due, &busy, WIDE, "", 9, 1000).is_empty());
        busy.end("a", Lane::Run);
        assert_eq!(names(&pick(&due, &busy, WIDE, "", 9, 1000)), [("a", Lane::Run)]);
    }

    #[test]
    fn what_follows_a_timeline_group_waits_until_it_fills_one() {
        let mut busy = Busy::default();
        busy.begin("a", Lane::Create, 0);
        busy.begin("a", Lane::Answer, 0);
        assert!(busy.gathers("a", Lane::Create, 999) && !busy.gathers("a", Lane::Create, 1_000));
        assert!(!busy.gathers("a", Lane::Answer, 1) && !busy.gathers("b", Lane::Create, 1));
        assert_eq!((busy.awake_at(5), busy.awake_at(1_000)), (Some(1_000), None));
        assert!(busy.waits("a", Lane::Create, 49, 999) && !busy.waits("a", Lane::Create, 50, 999));
        assert!(!busy.waits("a", Lane::Create, 1, 1_000) && !busy.waits("a", Lane::Answer, 1, 1));
    }

    #[test]
    fn one_portal_never_takes_all_places() {
        let limits = Limits::of(4);
        let all = Lane::ALL.map(|lane| ("a", lane));
        assert_eq!(pick(&due(&all), &Busy::default(), limits, "", 4, 1000).len(), 3);
        assert_eq!(Limits::of(1).portal, 1);
    }

    #[test]
    fn jobs_are_limited_and_a_group_is_cut_to_what_is_left() {
        let due = due(&[("a", Lane::Deliver), ("b", Lane::Deliver), ("c", Lane::Deliver)]);
        let sizes: Vec<u64> = pick(&due, &Busy::default(), WIDE, "", 9, 130).iter().map(|pick| pick.size).collect();
        assert_eq!(sizes, [50, 50, 30]);
    }

    #[test]
    fn a_portal_known_to_have_few_jobs_leaves_room_for_others() {
        let mut due = due(&[("a", Lane::Run), ("b", Lane::Run)]);
        due[0].jobs = 1;
        assert_eq!(names(&pick(&due, &Busy::default(), WIDE, "", 9, 10)), [("a", Lane::Run), ("b", Lane::Run)]);
    }
}
