//! Hours of the day: quiet ones, in which nothing leaves, and working ones, in which somebody is there.
//!
//! Written as people write them: `21:00-09:00`, `mon-fri 09:00-18:00; sat 10:00-15:00`.

use super::local::{first_at, wall_clock};
use crate::domain::clock::Ms;
use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use chrono_tz::Tz;

/// Minutes of a day.
const WHOLE_DAY: u32 = 24 * 60;
const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A part of the day on the wall clock: minutes from midnight, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from: u32,
    to: u32,
}

impl Hours {
    /// `HH:MM-HH:MM`.
    fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(['-', '–', '—'])?;
        Some(Self { from: minutes(from)?, to: minutes(to)? })
    }
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || minutes.len() != 2 || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= WHOLE_DAY).then_some(total)
}

fn minute_of(local: NaiveDateTime) -> u32 {
    local.hour() * 60 + local.minute()
}

/// A day's wall clock at so many minutes from midnight; 24:00 is the next day's midnight.
fn on(day: NaiveDate, minute: u32) -> NaiveDateTime {
    let (day, minute) = if minute >= WHOLE_DAY { (day.checked_add_days(Days::new(1)).unwrap_or(day), 0) } else { (day, minute) };
    day.and_time(NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap_or(NaiveTime::MIN))
}

/// Hours in which nothing leaves that was not asked for; they may span midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours(Hours);

impl QuietHours {
    /// Reads `21:00-09:00`; equal ends would mean a day without any hour left and are no quiet hours.
    pub fn parse(text: &str) -> Option<Self> {
        let hours = Hours::parse(text.trim())?;
        (hours.from != hours.to && hours.from < WHOLE_DAY).then_some(Self(hours))
    }

    /// Whether it is quiet.
    pub fn quiet(self, zone: Tz, at: Ms) -> bool {
        let Hours { from, to } = self.0;
        let now = minute_of(wall_clock(zone, at));
        if from < to { (from..to).contains(&now) } else { now >= from || now < to }
    }

    /// The end of the quiet hours that are on at this moment.
    pub fn end(self, zone: Tz, at: Ms) -> Option<Ms> {
        if !self.quiet(zone, at) {
            return None;
        }
        let local = wall_clock(zone, at);
        let tomorrow = local.date().checked_add_days(Days::new(1)).unwrap_or(local.date());
        let day = if minute_of(local) < self.0.to { local.date() } else { tomorrow };
        Some(first_at(zone, on(day, self.0.to), at))
    }

    /// The beginning of the quiet hours that are on at this moment.
    pub fn start(self, zone: Tz, at: Ms) -> Option<Ms> {
        if !self.quiet(zone, at) {
            return None;
        }
        let local = wall_clock(zone, at);
        let yesterday = local.date().checked_sub_days(Days::new(1)).unwrap_or(local.date());
        let day = if minute_of(local) >= self.0.from { local.date() } else { yesterday };
        Some(first_at(zone, on(day, self.0.from), Ms::MIN).min(at))
    }
}

/// When somebody is there, for each day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingHours([Vec<Hours>; 7]);

impl Default for WorkingHours {
    /// Monday to Friday, nine to six.
    fn default() -> Self {
        let weekday = vec![Hours { from: 9 * 60, to: 18 * 60 }];
        Self([weekday.clone(), weekday.clone(), weekday.clone(), weekday.clone(), weekday, Vec::new(), Vec::new()])
    }
}

impl WorkingHours {
    /// Reads `mon-fri 09:00-18:00; sat 10:00-15:00` (several spans of a day: `mon 09:00-13:00, 14:00-18:00`).
    pub fn parse(text: &str) -> Option<Self> {
        let mut week: [Vec<Hours>; 7] = Default::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (days, spans) = part.split_once(char::is_whitespace)?;
            let spans: Vec<Hours> =
                spans.split(',').map(|span| Hours::parse(span.trim()).filter(|s| s.from < s.to)).collect::<Option<_>>()?;
            for day in days_of(days)? {
                week.get_mut(day)?.extend(spans.iter().copied());
            }
        }
        week.iter_mut().for_each(|spans| spans.sort_by_key(|span| span.from));
        week.iter().any(|spans| !spans.is_empty()).then_some(Self(week))
    }

    /// Whether somebody is there.
    pub fn open(&self, zone: Tz, at: Ms) -> bool {
        self.covers(wall_clock(zone, at))
    }

    fn on_day(&self, day: NaiveDate) -> &[Hours] {
        let weekday = usize::try_from(day.weekday().num_days_from_monday()).unwrap_or_default();
        self.0.get(weekday).map(Vec::as_slice).unwrap_or_default()
    }

    fn covers(&self, local: NaiveDateTime) -> bool {
        let now = minute_of(local);
        self.on_day(local.date()).iter().any(|span| (span.from..span.to).contains(&now))
    }

    /// The first moment from `at` on at which somebody is there.
    pub fn next(&self, zone: Tz, at: Ms) -> Option<Ms> {
        if self.open(zone, at) {
            return Some(at);
        }
        let today = wall_clock(zone, at).date();
        // A span that a change of time swallows whole has its turn a week later.
        (0..=14).find_map(|ahead| {
            let day = today.checked_add_days(Days::new(ahead))?;
            let starts = self.on_day(day).iter().map(|span| first_at(zone, on(day, span.from), at));
            starts.filter(|start| *start >= at && self.open(zone, *start)).min()
        })
    }
}

fn days_of(text: &str) -> Option<Vec<usize>> {
    let day = |name: &str| DAY_NAMES.iter().position(|known| name.trim().to_ascii_lowercase().starts_with(known));
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => days.push(day(part)?),
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                let length = (last + 7 - first) % 7;
                days.extend((0..=length).map(|step| (first + step) % 7));
            }
        }
    }
    days.sort_unstable();
    days.dedup();
    Some(days)
}
