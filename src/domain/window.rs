//! The 24-hour customer service window (reference/whatsapp.md 2.1): arithmetic only.

use super::clock::{DAY, MINUTE, Ms};

/// Kept free before the end, so that a message does not arrive at WhatsApp too late.
pub const SAFETY: Ms = MINUTE;

/// End of the window that a user message of that (provider) moment opens.
pub fn until(message_at: Ms) -> Ms {
    message_at.saturating_add(DAY)
}

/// Whether free-form messages may leave now.
pub fn is_open(window_until: Option<Ms>, now: Ms) -> bool {
    window_until.is_some_and(|end| now < end.saturating_sub(SAFETY))
}

/// The later of the stored end and the end opened by a message; a message more than 24 h old opens nothing.
pub fn extend(stored: Option<Ms>, message_at: Ms, now: Ms) -> Option<Ms> {
    // A clock that runs ahead at the provider must not make the window longer than 24 h from now.
    let end = until(message_at.min(now));
    if end <= now {
        return stored;
    }
    Some(stored.map_or(end, |have| have.max(end)))
}

/// Whole minutes left, 0 when closed.
pub fn minutes_left(window_until: Option<Ms>, now: Ms) -> i64 {
    window_until.map_or(0, |end| (end.saturating_sub(now).max(0)) / MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{HOUR, SECOND};
    use chrono::{TimeZone as _, Timelike as _};
    use chrono_tz::Tz;
    use proptest::prelude::*;

    fn at(text: &str) -> Ms {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn a_window_is_a_day_long_whatever_the_clocks_on_the_wall_do() {
        let table = [
            // The night that summer time takes an hour of, and the one that gives it back.
            (Tz::Europe__Berlin, "2026-03-28T19:00:00+01:00", "2026-03-29T20:00:00+02:00"),
            (Tz::Europe__Berlin, "2026-10-24T19:00:00+02:00", "2026-10-25T18:00:00+01:00"),
            (Tz::America__New_York, "2026-03-07T23:30:00-05:00", "2026-03-09T00:30:00-04:00"),
            // No change of time in Moscow; the days around 29 February are as long as any.
            (Tz::Europe__Moscow, "2028-02-28T12:00:00+03:00", "2028-02-29T12:00:00+03:00"),
            (Tz::Europe__Moscow, "2028-02-29T12:00:00+03:00", "2028-03-01T12:00:00+03:00"),
            (Tz::Europe__Moscow, "2026-12-31T23:59:59+03:00", "2027-01-01T23:59:59+03:00"),
        ];
        for (zone, written, ends) in table {
            let (written, ends) = (at(written), at(ends));
            assert_eq!(until(written), ends, "{zone}");
            assert!(is_open(Some(ends), ends - SAFETY - 1) && !is_open(Some(ends), ends - SAFETY), "{zone}");
            let wall = |moment| zone.timestamp_millis_opt(moment).single().map(|moment| moment.hour());
            assert_eq!(extend(None, written, ends - SECOND), Some(ends), "{:?} {:?}", wall(written), wall(ends));
            assert_eq!(extend(None, written, ends), None, "a day old opens nothing");
        }
        assert_eq!((minutes_left(Some(90_000), 0), minutes_left(Some(0), 5), minutes_left(None, 0)), (1, 0, 0));
    }

    proptest! {
        #[test]
        fn messages_in_any_order_end_in_one_window(told in proptest::collection::vec(0_i64..(3 * DAY / SECOND), 1..6), seed in 0_usize..6) {
            let now = 3 * DAY;
            let read = |order: &[i64]| order.iter().fold(None, |stored, second| extend(stored, second * SECOND, now));
            let mut other = told.clone();
            other.rotate_left(seed % told.len());
            if seed % 2 == 1 {
                other.reverse();
            }
            let end = read(&told);
            prop_assert_eq!(end, read(&other));
            let last = told.iter().copied().max().unwrap_or(0) * SECOND;
            prop_assert_eq!(end, (until(last) > now).then(|| until(last)), "the last message alone decides");
            prop_assert!(end.is_none_or(|end| end <= now + DAY));
        }

        #[test]
        fn a_clock_that_runs_ahead_makes_no_longer_window(ahead in 0_i64..(48 * HOUR)) {
            prop_assert_eq!(extend(None, DAY + ahead, DAY), Some(2 * DAY));
        }
    }
}
