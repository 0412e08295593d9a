//! When to try again: max(own schedule, the server's Retry-After), capped (reference/whatsapp.md 10.7).

use super::clock::{HOUR, Ms, SECOND};

/// Delay before attempt `attempt + 1`, in milliseconds: 1, 4, 16, 64, 256 s, never above an hour.
pub fn delay(attempt: u32, retry_after_ms: Option<Ms>) -> Ms {
    let own = SECOND.saturating_mul(4_i64.saturating_pow(attempt.saturating_sub(1).min(6)));
    // A server may ask for any pause; we obey up to an hour so that a mistake there cannot freeze us for days.
    own.max(retry_after_ms.unwrap_or(0)).min(HOUR)
}

/// Adds up to 10 % so that many jobs do not come back at one instant. `seed` is any varying number.
pub fn jitter(delay: Ms, seed: u64) -> Ms {
    let tenth = u64::try_from(delay / 10).unwrap_or(0);
    if tenth == 0 {
        return delay;
    }
    delay.saturating_add(i64::try_from(seed % tenth).unwrap_or(0))
}
