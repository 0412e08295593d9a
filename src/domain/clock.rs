//! Time as a parameter. No decision in the program looks at anything but `Clock::now` and a stored `run_at`.

use std::sync::atomic::{AtomicI64, Ordering};

/// Milliseconds since the Unix epoch, UTC. Every stored and compared moment has this shape.
pub type Ms = i64;

/// One second, minute, hour, day in [`Ms`].
pub const SECOND: Ms = 1_000;
/// One minute in [`Ms`].
pub const MINUTE: Ms = 60 * SECOND;
/// One hour in [`Ms`].
pub const HOUR: Ms = 60 * MINUTE;
/// One day in [`Ms`].
pub const DAY: Ms = 24 * HOUR;

/// The only source of the current moment.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current moment.
    fn now(&self) -> Ms;
}

/// The operating system's clock; used by the binary.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the ambient clock")]
    fn now(&self) -> Ms {
        chrono::Utc::now().timestamp_millis()
    }
}

/// A clock that moves only when told; used by the stories and the simulators beside them.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at the given moment.
    pub fn starting_at(now: Ms) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Moves forward by `by` milliseconds.
    pub fn advance(&self, by: Ms) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// Jumps to a moment.
    pub fn set(&self, now: Ms) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Ms {
        self.0.load(Ordering::SeqCst)
    }
}

/// ISO 8601 in UTC with milliseconds and `Z`, the shape of every time in the API.
pub fn iso(at: Ms) -> String {
    chrono::DateTime::from_timestamp_millis(at).map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)).unwrap_or_default()
}

/// A provider's timestamp: values above 10^11 are milliseconds, others seconds (reference/whatsapp.md 10, intake 6).
pub fn from_wire_time(value: i64) -> Ms {
    if value > 100_000_000_000 { value } else { value.saturating_mul(1_000) }
}
