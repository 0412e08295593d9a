//! Between moments and the wall clock of a zone.

use crate::domain::clock::{DAY, Ms, SECOND};
use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;

/// What the clock on the wall shows.
pub fn wall_clock(zone: Tz, at: Ms) -> NaiveDateTime {
    DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).naive_local()
}

/// The first moment, not before `from` where it comes twice, at which the wall clock shows `local`, or has jumped over it.
pub fn first_at(zone: Tz, local: NaiveDateTime, from: Ms) -> Ms {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(only) => only.timestamp_millis(),
        MappedLocalTime::Ambiguous(first, second) => {
            let first = first.timestamp_millis();
            if first >= from { first } else { second.timestamp_millis() }
        }
        MappedLocalTime::None => end_of_gap(zone, local),
    }
}

/// The beginning of the day that a moment lies in.
pub fn day_begins(at: Ms, zone: Tz) -> Ms {
    first_at(zone, wall_clock(zone, at).date().and_time(chrono::NaiveTime::MIN), 0)
}

fn offset(zone: Tz, at: Ms) -> i32 {
    let utc = DateTime::from_timestamp_millis(at).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

/// The jump itself, found between a moment certainly before it and one behind it.
fn end_of_gap(zone: Tz, local: NaiveDateTime) -> Ms {
    let naive = local.and_utc().timestamp_millis();
    // Read with the offset of the day before, a left-out time lies behind the jump by less than the gap; gaps of a whole day exist.
    let before = offset(zone, naive.saturating_sub(2 * DAY));
    let mut high = naive.saturating_sub(i64::from(before).saturating_mul(SECOND));
    let mut low = high.saturating_sub(2 * DAY);
    while high.saturating_sub(low) > SECOND {
        let middle = low + (high - low) / 2;
        if offset(zone, middle) == before { low = middle } else { high = middle }
    }
    // Jumps happen at whole seconds; the search ends on the second that begins one.
    (high / SECOND) * SECOND
}
