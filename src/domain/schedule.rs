//! When something may be sent: calendars, working hours and quiet hours in somebody's own time. Arithmetic only, no clock.
//!
//! Days are counted on the wall clock of a zone: a moment that a change of time leaves out becomes the first one after the gap, one that
//! comes twice counts at its first coming that is not over yet. So "every day at 02:30" is once a day all year, 29 February included.

mod calendar;
mod hours;
mod local;
mod moment;
mod zone;

pub use calendar::{Calendar, CalendarFault, Cron};
pub use hours::{Hours, QuietHours, WorkingHours};
pub use local::{day_begins, first_at, wall_clock};
pub use moment::parse_moment;
pub use zone::zone_of_phone;

#[cfg(test)]
mod tests;
