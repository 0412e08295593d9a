//! The story's calendar: the one clock is put forward to the next moment, but only while nothing is under way anywhere.
//!
//! A jump in the middle of a job would look to the service like a machine that slept: true to life, but not this story.

use super::super::stage::Stage;
use super::Talk;
use crate::domain::clock::{Clock as _, DAY, Ms, iso};
use anyhow::Context as _;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeZone as _, Weekday};
use chrono_tz::Tz;
use serde_json::Value;
use std::time::Duration;

/// The first Tuesday after today: the story begins in the middle of a working week.
pub(super) fn next_tuesday(now: Ms, zone: Tz) -> NaiveDate {
    let days = (1..=7).map(|ahead| local(now.saturating_add(ahead * DAY), zone).date_naive());
    days.into_iter().find(|day| day.weekday() == Weekday::Tue).unwrap_or_default()
}

/// A moment on the portal's wall clock.
pub(super) fn local(at: Ms, zone: Tz) -> DateTime<Tz> {
    DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone)
}

impl Talk<'_> {
    pub(super) fn now(&self) -> Ms {
        self.stage.clock.now()
    }

    /// It is that time on that day of the story (0 = its first).
    pub(super) async fn at(&mut self, day: u64, hour: u32, minute: u32) -> anyhow::Result<()> {
        let date = self.first_day.checked_add_days(Days::new(day)).context("date")?;
        let time = date.and_hms_opt(hour, minute, 0).context("time")?;
        let moment = self.zone.from_local_datetime(&time).earliest().context("moment")?;
        self.comes_to(moment.timestamp_millis()).await
    }

    /// Some time later.
    pub(super) async fn later(&mut self, by: Ms) -> anyhow::Result<()> {
        self.comes_to(self.now().saturating_add(by)).await
    }

    pub(super) async fn comes_to(&mut self, moment: Ms) -> anyhow::Result<()> {
        self.stage.until("talk-expect-rest", async |stage: &Stage| stage.rests().await).await?;
        self.stage.clock.put_forward_to(moment)?;
        // Steps whose time has passed end now, as the portal's own clock would have it.
        drop(self.stage.portal.steps());
        Ok(())
    }
}

impl Stage {
    /// Nothing is on its way, and no job is at work or due.
    async fn rests(&self) -> Option<()> {
        tokio::time::timeout(Duration::from_secs(1), self.portal.idle()).await.ok()?;
        if self.network.pending_callbacks() > 0 {
            return None;
        }
        let running = self.get("/jobs?state=running&limit=1").await?;
        let ready = self.get("/jobs?state=ready&limit=100").await?;
        let now = iso(self.clock.now());
        let due = |job: &Value| job.get("run_at").and_then(Value::as_str).is_some_and(|at| at <= now.as_str());
        let items = |list: &Value| list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        (items(&running).is_empty() && !items(&ready).iter().any(due)).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_begins_on_a_tuesday_to_come() {
        let zone = chrono_tz::Europe::Moscow;
        for (now, day) in
            [("2026-11-22T10:00:00Z", "2026-11-24"), ("2026-11-23T22:00:00Z", "2026-12-01"), ("2026-11-24T10:00:00Z", "2026-12-01")]
        {
            let now = DateTime::parse_from_rfc3339(now).unwrap().timestamp_millis();
            assert_eq!(next_tuesday(now, zone).to_string(), day);
        }
    }
}
