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
