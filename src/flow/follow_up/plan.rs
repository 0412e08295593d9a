//! When a follow-up is due: what its moment follows, then the calendar, then quiet hours. Pure.
//!
//! Due before a window's end, it comes earlier rather than too late; anything else is moved later, never earlier. A repeat follows the
//! send before it by `offset_minutes` (a day when that is 0; with a cron expression at the expression's next moment an hour later at
//! least); before a window's end it waits for the next window.

use crate::catalog::operation::{FollowUp, Plan, When};
use crate::db::entity::{channel, conversation, follow_up as row};
use crate::db::store::follow_up::Shift;
use crate::domain::clock::{DAY, HOUR, MINUTE, Ms};
use crate::domain::schedule::{Calendar, QuietHours, WorkingHours, parse_moment};
use crate::flow::portal_view::PortalView;
use crate::flow::quiet;
use chrono_tz::Tz;

/// A message that must arrive before a window's end leaves at least this long before it.
pub(super) const LEAD: Ms = 2 * MINUTE;
/// Steps in which an earlier moment is looked for.
const STEP: Ms = 15 * MINUTE;
/// Rounds of calendar against quiet hours; those that never meet end with the quiet hours' end.
const ROUNDS: usize = 32;

/// What is known when a moment is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    pub(super) now: Ms,
    /// End of the window; `None` = never opened.
    pub(super) window_until: Option<Ms>,
    /// The client's last message.
    pub(super) heard_at: Option<Ms>,
    /// When it was armed.
    pub(super) armed_at: Ms,
}

impl Ground {
    pub(super) fn of(talk: Option<&conversation::Model>, armed_at: Ms, now: Ms) -> Self {
        Self { now, armed_at, window_until: talk.and_then(|talk| talk.window_until), heard_at: talk.and_then(|talk| talk.last_inbound_at) }
    }
}

/// A chosen moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// `None` = not before the client writes again.
    pub(super) at: Option<Ms>,
    /// What it is counted from.
    pub(super) base: Ms,
}

/// Why there is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Impossible {
    /// No open window whose end could be awaited, or no allowed moment before it.
    WindowClosed,
    /// Every moment before the window's end is quiet; the end of the quiet hours.
    Quiet(Ms),
    /// `at` is no moment.
    Unreadable,
}

/// The rules of one follow-up.
#[derive(Debug, Clone)]
pub(super) struct Timing {
    pub(super) when: When,
    pub(super) offset: Ms,
    pub(super) at: Option<Ms>,
    pub(super) calendar: Calendar,
    pub(super) zone: Tz,
    pub(super) working: WorkingHours,
    pub(super) quiet: Option<QuietHours>,
}

impl Timing {
    /// The rules of a plan whose calendar was read before.
    pub(super) fn new(plan: &Plan, calendar: Calendar, zone: Tz, portal: &PortalView, quiet: Option<QuietHours>) -> Self {
        Self {
            when: plan.when,
            offset: plan.offset_minutes.max(0).saturating_mul(MINUTE),
            at: (plan.when == When::At).then(|| parse_moment(&plan.at, zone)).flatten(),
            calendar,
            zone,
            working: portal.working_hours.clone(),
            quiet,
        }
    }

    /// The rules of a stored follow-up, under the settings of today.
    pub(super) fn of(row: &row::Model, portal: &PortalView, channel: Option<&channel::Model>) -> Option<Self> {
        let follow_up: FollowUp = serde_json::from_str(&row.operation).ok()?;
        let calendar = Calendar::parse(&follow_up.plan.calendar, row.armed_at).ok()?;
        let zone: Tz = row.zone.parse().ok()?;
        let quiet = channel.map_or(portal.quiet_hours, |channel| quiet::hours(portal, channel));
        Some(Self::new(&follow_up.plan, calendar, zone, portal, quiet))
    }

    /// The moment of the first send.
    pub(super) fn first(&self, ground: Ground) -> Result<Due, Impossible> {
        let (base, wanted) = match self.when {
            When::BeforeWindowCloses => return self.before_window_closes(ground),
            When::AfterWindowClosed => {
                let base = ground.window_until.unwrap_or(ground.now);
                (base, base.saturating_add(self.offset))
            }
            When::AfterSilence => {
                let base = ground.heard_at.unwrap_or(ground.armed_at).max(ground.armed_at);
                (base, base.saturating_add(self.offset))
            }
            When::At => {
                let base = self.at.ok_or(Impossible::Unreadable)?;
                (base, base.saturating_add(self.offset))
            }
        };
        Ok(Due { at: Some(self.allowed(wanted.max(ground.now))), base })
    }

    /// The moment of a repeat after a send.
    pub(super) fn repeat(&self, sent_at: Ms) -> Due {
        if self.when == When::BeforeWindowCloses {
            return Due { at: None, base: sent_at };
        }
        let pause = match (&self.calendar, self.offset) {
            (Calendar::Cron(_), 0) => HOUR,
            (_, 0) => DAY,
            (_, offset) => offset,
        };
        Due { at: Some(self.allowed(sent_at.saturating_add(pause))), base: sent_at }
    }

    /// The first moment from `from` on that calendar and quiet hours allow.
    fn allowed(&self, from: Ms) -> Ms {
        let mut at = from;
        for _ in 0..ROUNDS {
            at = self.calendar.next(self.zone, &self.working, at).unwrap_or(at);
            match self.quiet.and_then(|quiet| quiet.end(self.zone, at)) {
                None => return at,
                Some(end) => at = end,
            }
        }
        let first = self.calendar.next(self.zone, &self.working, from).unwrap_or(from);
        self.quiet.and_then(|quiet| quiet.end(self.zone, first)).unwrap_or(first)
    }

    fn before_window_closes(&self, ground: Ground) -> Result<Due, Impossible> {
        let base = ground.window_until.filter(|end| *end > ground.now).ok_or(Impossible::WindowClosed)?;
        let latest = base.saturating_sub(LEAD);
        let wanted = base.saturating_sub(self.offset.max(LEAD)).max(ground.now);
        if let Some(at) = self.within(wanted, ground.now, latest, self.quiet) {
            return Ok(Due { at: Some(at), base });
        }
        match self.quiet.and_then(|quiet| quiet.end(self.zone, wanted)) {
            Some(end) if self.within(wanted, ground.now, latest, None).is_some() => Err(Impossible::Quiet(end)),
            _ => Err(Impossible::WindowClosed),
        }
    }

    /// An allowed moment up to `latest`: the first from `wanted` on, else the nearest one before it.
    fn within(&self, wanted: Ms, now: Ms, latest: Ms, quiet: Option<QuietHours>) -> Option<Ms> {
        let fits = |from: Ms| {
            let at = self.calendar.next(self.zone, &self.working, from)?;
            (at >= now && at <= latest && quiet.is_none_or(|quiet| !quiet.quiet(self.zone, at))).then_some(at)
        };
        if let Some(at) = fits(wanted) {
            return Some(at);
        }
        // Right before the quiet hours is nearer than a whole step.
        let eve =
            quiet.and_then(|quiet| quiet.start(self.zone, wanted)).map(|start| start.saturating_sub(MINUTE)).filter(|eve| *eve >= now);
        let mut from = eve.unwrap_or(wanted);
        loop {
            if let Some(at) = fits(from) {
                return Some(at);
            }
            if from <= now {
                return None;
            }
            from = from.saturating_sub(STEP).max(now);
        }
    }
}

/// The shift that a window or a message newer than the row's base means for it; `None` = its moment stands.
pub(super) fn shifted(
    row: &row::Model,
    portal: &PortalView,
    channel: Option<&channel::Model>,
    talk: Option<&conversation::Model>,
    now: Ms,
) -> Option<Shift> {
    let ground = Ground::of(talk, row.armed_at, now);
    let fresh = match When::parse(&row.kind)? {
        When::At => return None,
        When::AfterSilence => ground.heard_at?,
        // One that closed meanwhile has its moment already.
        When::BeforeWindowCloses | When::AfterWindowClosed => ground.window_until.filter(|end| *end > now)?,
    };
    if fresh <= row.base_at {
        return None;
    }
    let due = match Timing::of(row, portal, channel)?.first(ground) {
        Ok(due) => due,
        // No allowed moment in this window: the next one may have.
        Err(_) => Due { at: None, base: fresh },
    };
    Some(Shift { id: row.id.clone(), was: row.due_at, due_at: due.at, base_at: due.base })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ms = 1_795_330_800_000; // 2026-11-22 10:00 in Moscow, a Sunday

    fn timing(when: When, offset: Ms, calendar: &str, quiet: Option<&str>) -> Timing {
        Timing {
            when,
            offset,
            at: Some(NOW + DAY),
            calendar: Calendar::parse(calendar, NOW).unwrap(),
            zone: Tz::Europe__Moscow,
            working: WorkingHours::default(),
            quiet: quiet.and_then(QuietHours::parse),
        }
    }

    fn ground(window_until: Option<Ms>) -> Ground {
        Ground { now: NOW, window_until, heard_at: window_until.map(|until| until - DAY), armed_at: NOW }
    }

    fn due(timing: &Timing, window_until: Option<Ms>) -> Result<Ms, Impossible> {
        timing.first(ground(window_until)).map(|due| due.at.unwrap() - NOW)
    }

    #[test]
    fn each_when_has_its_moment() {
        use When::{AfterSilence, AfterWindowClosed, At, BeforeWindowCloses};
        let open = Some(NOW + 5 * HOUR);
        assert_eq!(due(&timing(BeforeWindowCloses, HOUR, "", None), open), Ok(4 * HOUR));
        assert_eq!(due(&timing(BeforeWindowCloses, 0, "", None), open), Ok(5 * HOUR - LEAD));
        assert_eq!(due(&timing(BeforeWindowCloses, 9 * HOUR, "", None), open), Ok(0), "less is left than asked for: at once");
        assert_eq!(due(&timing(BeforeWindowCloses, HOUR, "", None), None), Err(Impossible::WindowClosed));
        assert_eq!(due(&timing(BeforeWindowCloses, HOUR, "", None), Some(NOW - HOUR)), Err(Impossible::WindowClosed));
        assert_eq!(due(&timing(AfterWindowClosed, HOUR, "", None), open), Ok(6 * HOUR));
        assert_eq!(due(&timing(AfterWindowClosed, 0, "", None), open), Ok(5 * HOUR));
        assert_eq!(due(&timing(AfterWindowClosed, HOUR, "", None), None), Ok(HOUR));
        assert_eq!(due(&timing(AfterWindowClosed, HOUR, "", None), Some(NOW - DAY)), Ok(0));
        assert_eq!(due(&timing(AfterSilence, HOUR, "", None), Some(NOW - DAY)), Ok(HOUR), "counted from the arming at the earliest");
        assert_eq!(due(&timing(At, HOUR, "", None), None), Ok(DAY + HOUR));
        assert_eq!(due(&timing(At, 0, "", None), None), Ok(DAY));
    }

    #[test]
    fn calendars_and_quiet_hours_move_it_later_but_never_over_a_windows_end() {
        use When::{AfterSilence, BeforeWindowCloses};
        assert_eq!(due(&timing(AfterSilence, HOUR, "working_hours", None), None), Ok(23 * HOUR), "Monday, nine");
        assert_eq!(due(&timing(AfterSilence, 12 * HOUR, "", Some("21:00-09:00")), None), Ok(23 * HOUR));
        assert_eq!(due(&timing(AfterSilence, 0, "0 3 * * *", Some("21:00-09:00")), None), Ok(23 * HOUR), "never both: quiet wins");
        assert_eq!(due(&timing(AfterSilence, 0, "0 12 * * 1", Some("11:00-12:30")), None), Ok(26 * HOUR + 30 * MINUTE));
        // The window ends at four in the night: before the quiet hours begin.
        let night = Some(NOW + 18 * HOUR);
        assert_eq!(due(&timing(BeforeWindowCloses, HOUR, "", Some("21:00-09:00")), night), Ok(11 * HOUR - MINUTE));
        assert_eq!(due(&timing(BeforeWindowCloses, HOUR, "0 18 * * *", None), night), Ok(8 * HOUR));
        assert_eq!(due(&timing(BeforeWindowCloses, HOUR, "0 18 * * *", None), Some(NOW + HOUR)), Err(Impossible::WindowClosed));
        let late = timing(BeforeWindowCloses, HOUR, "", Some("09:30-20:00"));
        assert_eq!(due(&late, Some(NOW + 3 * HOUR)), Err(Impossible::Quiet(NOW + 10 * HOUR)));
    }

    #[test]
    fn a_repeat_follows_the_send_before_it() {
        use When::{AfterSilence, At, BeforeWindowCloses};
        let after = |timing: Timing| timing.repeat(NOW).at.map(|at| at - NOW);
        assert_eq!(after(timing(AfterSilence, 3 * HOUR, "", None)), Some(3 * HOUR));
        assert_eq!(after(timing(At, 0, "", None)), Some(DAY));
        assert_eq!(after(timing(At, 0, "0 10 * * *", None)), Some(DAY));
        assert_eq!(after(timing(At, 0, "0 12 * * *", None)), Some(2 * HOUR));
        assert_eq!(after(timing(BeforeWindowCloses, HOUR, "", None)), None, "not before the client opens another window");
    }
}
