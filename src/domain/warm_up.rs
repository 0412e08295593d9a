//! How much a phone behind a gateway may send, so that WhatsApp does not ban it (reference/whatsapp.md 6.9). Pure, days in, numbers out.
//!
//! What is dangerous is the first message to a stranger. A new number begins with a few of them a day and comes up slowly; an old one
//! has a limit too. Who has written to us is no stranger and counts for nothing here.

use super::clock::{DAY, Ms};

/// Messages of one phone in 24 hours, whoever gets them.
pub const CAP: i64 = 5_000;
/// First messages to strangers in 24 hours by a number with a history.
pub const ESTABLISHED: i64 = 200;
/// The same in a new number's first week.
const FIRST_WEEK: i64 = 20;
/// Where the daily growth ends.
const GROWN: i64 = 150;
/// After so many days a number has a history.
const HISTORY_DAYS: i64 = 28;

/// How many strangers a number may write to in 24 hours that was linked at `since`.
pub fn strangers(since: Ms, now: Ms) -> i64 {
    let days = now.saturating_sub(since).max(0) / DAY;
    if days >= HISTORY_DAYS {
        return ESTABLISHED;
    }
    // A quarter more each day after the first week.
    (7..=days).fold(FIRST_WEEK, |allowed, _| (allowed + allowed / 4).min(GROWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_number_comes_up_slowly() {
        let on = |day: i64| strangers(1_000, 1_000 + day * DAY);
        assert_eq!([on(0), on(1), on(6)], [20, 20, 20], "the first week");
        assert_eq!([on(7), on(8), on(9), on(10)], [25, 31, 38, 47], "a quarter more each day");
        assert_eq!([on(14), on(15), on(16), on(27)], [112, 140, 150, 150]);
        assert_eq!([on(28), on(400)], [ESTABLISHED, ESTABLISHED]);
        assert_eq!(strangers(DAY, 0), 20, "a clock that went back");
        let all: Vec<i64> = (0..60).map(on).collect();
        assert!(all.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] <= pair[0] + pair[0] / 3 + 50), "{all:?}");
    }
}
