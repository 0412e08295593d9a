//! Allowed moments: any, working hours, or a cron expression on the wall clock.
//!
//! Five fields are read as crontab reads them: 0 and 7 are Sunday, and a day fits when the day of the month *or* the day of the week fits
//! if both are named. Six and seven fields (with seconds and years) are the `cron` crate's own, where Sunday is 1.

use super::hours::WorkingHours;
use super::local::{first_at, wall_clock};
use crate::domain::clock::Ms;
use chrono::{DateTime, NaiveDateTime, Timelike as _, Utc};
use chrono_tz::Tz;
use cron::Schedule;
use std::str::FromStr as _;

const WORKING: &str = "working_hours";
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Longest expression read.
const LONGEST: usize = 200;
/// Candidates looked at before giving up: those that a change of time swallowed.
const TRIES: usize = 64;

/// Why an expression is no calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarFault {
    /// Neither `working_hours` nor a cron expression.
    Syntax,
    /// It fits no moment, such as 31 February.
    Never,
}

/// Allowed moments.
#[derive(Debug, Clone)]
pub enum Calendar {
    /// Always.
    Any,
    /// `working_hours`.
    Working,
    /// A cron expression.
    Cron(Cron),
}

impl Calendar {
    /// Reads the property; blank = always. `from` = the moment from which it must still fit some moment.
    ///
    /// # Errors
    /// [`CalendarFault`].
    pub fn parse(text: &str, from: Ms) -> Result<Self, CalendarFault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if text.eq_ignore_ascii_case(WORKING) {
            return Ok(Self::Working);
        }
        let cron = Cron::parse(text).ok_or(CalendarFault::Syntax)?;
        if cron.next(Tz::UTC, from).is_none() {
            return Err(CalendarFault::Never);
        }
        Ok(Self::Cron(cron))
    }

    /// The first allowed moment from `at` on.
    pub fn next(&self, zone: Tz, working: &WorkingHours, at: Ms) -> Option<Ms> {
        match self {
            Self::Any => Some(at),
            Self::Working => working.next(zone, at),
            Self::Cron(cron) => cron.next(zone, at),
        }
    }
}

/// A cron expression.
#[derive(Debug, Clone)]
pub struct Cron {
    /// More than one when crontab's "or" of its two day fields is meant.
    schedules: Vec<Schedule>,
    /// Without seconds: a minute that fits is allowed to its end.
    by_minute: bool,
}

impl Cron {
    /// Reads five, six or seven fields, or `@daily` and its like.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return None;
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            let schedules = vec![Schedule::from_str(text).ok()?];
            return Some(Self { schedules, by_minute: false });
        };
        let days = weekdays(weekday)?;
        let line = |day: &str, days: &str| Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {days}")).ok();
        let named = |field: &str| !field.starts_with(['*', '?']);
        let schedules = if named(day) && named(weekday) {
            vec![line(day, "*")?, line("*", &days)?]
        } else {
            vec![line(if named(day) { day } else { "*" }, &days)?]
        };
        Some(Self { schedules, by_minute: true })
    }

    /// The first moment from `at` on that fits.
    pub fn next(&self, zone: Tz, at: Ms) -> Option<Ms> {
        let local = wall_clock(zone, at);
        if self.fits(local) {
            return Some(at);
        }
        // The expression walks the wall clock as if it never jumped; each hit is then looked up in the zone.
        self.schedules.iter().filter_map(|schedule| next_of(schedule, zone, local, at)).min()
    }

    fn fits(&self, local: NaiveDateTime) -> bool {
        let mark = if self.by_minute { local.with_second(0) } else { Some(local) }.and_then(|mark| mark.with_nanosecond(0));
        mark.is_some_and(|mark| self.schedules.iter().any(|schedule| schedule.includes(mark.and_utc())))
    }
}

fn next_of(schedule: &Schedule, zone: Tz, local: NaiveDateTime, at: Ms) -> Option<Ms> {
    let start: DateTime<Utc> = local.and_utc();
    let moments = schedule.after(&start).take(TRIES).map(|hit| first_at(zone, hit.naive_utc(), at));
    let mut moments = moments.filter(|moment| *moment >= at);
    moments.next()
}

/// Crontab's days of the week in names: its numbers mean other days in the `cron` crate.
fn weekdays(field: &str) -> Option<String> {
    if matches!(field, "*" | "?") {
        return Some("*".to_owned());
    }
    let mut chosen = [false; 7];
    for part in field.split(',') {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match span.split_once('-') {
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None if matches!(span, "*" | "?") => (0, 6),
            // `2/2` means from Tuesday on.
            None if part.contains('/') => (weekday(span)? % 7, 6),
            None => (weekday(span)?, weekday(span)?),
        };
        // Sunday may end a span as 7, and a span may run over the end of the week (`FRI-MON`).
        let last = if last < first { last + 7 } else { last };
        for number in (first..=last).step_by(step) {
            *chosen.get_mut(number % 7)? = true;
        }
    }
    if chosen.iter().all(|day| *day) {
        return Some("*".to_owned());
    }
    let names: Vec<&str> = DAYS.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(","))
}

fn weekday(text: &str) -> Option<usize> {
    if let Ok(number) = text.parse::<usize>() {
        return (number <= 7).then_some(number);
    }
    let name = text.to_ascii_uppercase();
    DAYS.iter().position(|day| name == *day || (name.len() > 3 && name.starts_with(day)))
}
