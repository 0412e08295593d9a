//! A moment as portals and scripts write it: ISO 8601, or the site's format with or without `[offset]` (reference/bitrix24.md C.9).

use super::local::first_at;
use crate::domain::clock::Ms;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Tz;

const WITH_TIME: [&str; 8] = [
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
];
const DAYS: [&str; 3] = ["%d.%m.%Y", "%Y-%m-%d", "%m/%d/%Y"];

/// Reads a moment; one without an offset is on the wall clock of `zone`.
pub fn parse_moment(text: &str, zone: Tz) -> Option<Ms> {
    let text = text.trim();
    for iso in [text.to_owned(), text.replacen(' ', "T", 1)] {
        let told = DateTime::parse_from_rfc3339(&iso).or_else(|_| DateTime::parse_from_str(&iso, "%Y-%m-%dT%H:%M:%S%.f%z"));
        let told = told.or_else(|_| DateTime::parse_from_str(&iso, "%Y-%m-%dT%H:%M%:z"));
        if let Ok(moment) = told {
            return Some(moment.timestamp_millis());
        }
    }
    let (local, offset) = match text.split_once('[') {
        Some((local, offset)) => (local.trim(), Some(offset.trim_end_matches(']').trim())),
        None => (text, None),
    };
    // Without seconds but with `Z`.
    let (local, utc) = match local.strip_suffix(['Z', 'z']) {
        Some(bare) => (bare, true),
        None => (local, false),
    };
    let naive = naive(local)?;
    match offset {
        _ if utc => Some(naive.and_utc().timestamp_millis()),
        None => Some(first_at(zone, naive, Ms::MIN)),
        Some(offset) => {
            let offset = FixedOffset::east_opt(offset.parse().ok()?)?;
            Some(offset.from_local_datetime(&naive).single()?.timestamp_millis())
        }
    }
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    let moment = WITH_TIME.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    moment.or_else(|| Some(DAYS.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())?.and_time(NaiveTime::MIN)))
}
