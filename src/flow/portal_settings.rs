//! A portal's own settings: JSON in the portal's row, judged before it is stored. Keys of other features are left alone.
//!
//! Settings with a shape of their own stand in `areas`, one struct for an area.

pub mod areas;

use super::Ctx;
use super::portal_view::{FOLLOW_UP_LATE_HOURS, WINDOW_CLOSING_MINUTES};
use super::purge::{RETENTION_DAYS, RETENTION_RANGE};
use super::register;
use crate::db::DbError;
use crate::db::store::{self, api_channel, api_portal};
use crate::domain::schedule::{QuietHours, WorkingHours};
use serde_json::{Map, Value};

/// Longest filler, in characters.
const FILLER_MOST: usize = 60;

/// Settings as read; `None` = follows the portal's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Channel that an empty `channel` property means.
    pub default_channel: Option<String>,
    /// Stands for an empty template value.
    pub filler: Option<String>,
    /// Country of phones without a country code, two letters.
    pub region: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// Whether the trigger `message_read` fires.
    pub message_read: bool,
    /// Days that ended things are kept.
    pub retention_days: i64,
    /// `keep` = files that clients send are copied, `leave` = not.
    pub inbound_media: String,
    /// `leave` = a client whom nothing in CRM knows stays in the journal, `lead` = a lead is made.
    pub unknown_client: String,
    /// `21:00-09:00`.
    pub quiet_hours: Option<String>,
    /// `mon-fri 09:00-18:00; sat 10:00-15:00`.
    pub working_hours: Option<String>,
    /// How long before a window's end the trigger `window_closing` fires.
    pub window_closing_minutes: i64,
    /// A follow-up later than this after its moment is skipped.
    pub follow_up_late_hours: i64,
}

/// What to change: outer `None` = leave, inner `None` = back to the default.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields are those of `Settings`")]
pub struct Change {
    pub default_channel: Option<Option<String>>,
    pub filler: Option<Option<String>>,
    pub region: Option<Option<String>>,
    pub time_zone: Option<Option<String>>,
    pub message_read: Option<Option<bool>>,
    pub retention_days: Option<Option<i64>>,
    pub inbound_media: Option<Option<String>>,
    pub unknown_client: Option<Option<String>>,
    pub quiet_hours: Option<Option<String>>,
    pub working_hours: Option<Option<String>>,
    pub window_closing_minutes: Option<Option<i64>>,
    pub follow_up_late_hours: Option<Option<i64>>,
    /// Keys of `areas` with their new values; `None` = back to the default.
    pub areas: Vec<(&'static str, Option<Value>)>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A value is not possible.
    #[error("{field}: {reason}")]
    Invalid {
        /// The setting.
        field: &'static str,
        /// A stable word.
        reason: &'static str,
    },
    /// No such portal.
    #[error("no such portal")]
    PortalGone,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Reads the stored JSON; a value of a wrong shape counts as absent.
pub fn read(stored: &str) -> Settings {
    let map: Map<String, Value> = serde_json::from_str(stored).unwrap_or_default();
    let text = |key: &str| map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let number = |key: &str, default: i64| map.get(key).and_then(Value::as_i64).filter(|value| *value > 0).unwrap_or(default);
    Settings {
        quiet_hours: text("quiet_hours"),
        working_hours: text("working_hours"),
        window_closing_minutes: number("window_closing_minutes", WINDOW_CLOSING_MINUTES),
        follow_up_late_hours: number("follow_up_late_hours", FOLLOW_UP_LATE_HOURS),
        default_channel: text("default_channel"),
        filler: text("filler"),
        region: text("region"),
        time_zone: text("time_zone"),
        message_read: map.get("message_read").and_then(Value::as_bool).unwrap_or(false),
        retention_days: map
            .get("retention_days")
            .and_then(Value::as_i64)
            .filter(|days| RETENTION_RANGE.contains(days))
            .unwrap_or(RETENTION_DAYS),
        inbound_media: text("inbound_media").unwrap_or_else(|| "keep".to_owned()),
        unknown_client: text("unknown_client").unwrap_or_else(|| "leave".to_owned()),
    }
}

/// Judges and stores a change. A new default channel is shown by robots, so they are registered again.
///
/// # Errors
/// [`Refused`]; nothing was changed.
pub async fn put(ctx: &Ctx, portal: &str, change: Change) -> Result<Settings, Refused> {
    judge(&change)?;
    if let Some(Some(channel)) = &change.default_channel
        && api_channel::find(ctx.db.read(), portal, channel).await?.is_none()
    {
        return Err(Refused::Invalid { field: "default_channel", reason: "unknown_channel" });
    }
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let row = api_portal::find(&*tx, portal).await?.ok_or(Refused::PortalGone)?;
    let before = read(&row.settings);
    let mut map: Map<String, Value> = serde_json::from_str(&row.settings).unwrap_or_default();
    set(&mut map, "default_channel", change.default_channel);
    set(&mut map, "filler", change.filler);
    set(&mut map, "region", change.region.map(|region| region.map(|region| region.to_ascii_uppercase())));
    set(&mut map, "time_zone", change.time_zone);
    set(&mut map, "message_read", change.message_read);
    set(&mut map, "retention_days", change.retention_days);
    set(&mut map, "inbound_media", change.inbound_media);
    set(&mut map, "unknown_client", change.unknown_client);
    set(&mut map, "quiet_hours", change.quiet_hours);
    set(&mut map, "working_hours", change.working_hours);
    set(&mut map, "window_closing_minutes", change.window_closing_minutes);
    set(&mut map, "follow_up_late_hours", change.follow_up_late_hours);
    if !change.areas.is_empty() {
        let channels = store::channel::list(&*tx, portal).await?;
        for (key, value) in change.areas {
            let ground = areas::Ground { catalog: &ctx.catalog, channels: &channels, settings: &map };
            let judged = value.map(|value| areas::judge(key, &value, ground)).transpose()?;
            set(&mut map, key, Some(judged));
        }
    }
    let stored = Value::Object(map).to_string();
    let after = read(&stored);
    api_portal::put_settings(&*tx, portal, &stored, now).await?;
    if before.default_channel != after.default_channel || before.message_read != after.message_read {
        register::schedule(&tx, ctx.ids.as_ref(), portal, "settings changed", (now, now)).await?;
    }
    tx.commit("portal_settings.put").await?;
    ctx.wake.notify_waiters();
    Ok(after)
}

fn set<T: Into<Value>>(map: &mut Map<String, Value>, key: &str, change: Option<Option<T>>) {
    match change {
        None => {}
        Some(None) => {
            map.remove(key);
        }
        Some(Some(value)) => {
            map.insert(key.to_owned(), value.into());
        }
    }
}

fn judge(change: &Change) -> Result<(), Refused> {
    let invalid = |field, reason| Err(Refused::Invalid { field, reason });
    if let Some(Some(filler)) = &change.filler {
        // WhatsApp refuses empty values and line breaks in parameters (reference/whatsapp.md 4.4).
        if filler.trim().is_empty() {
            return invalid("filler", "empty");
        }
        if filler.chars().count() > FILLER_MOST || filler.chars().any(char::is_control) {
            return invalid("filler", "too_long_or_not_one_line");
        }
    }
    if let Some(Some(region)) = &change.region
        && !(region.len() == 2 && region.chars().all(|c| c.is_ascii_alphabetic()))
    {
        return invalid("region", "not_two_letters");
    }
    if let Some(Some(zone)) = &change.time_zone
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        return invalid("time_zone", "unknown_time_zone");
    }
    if let Some(Some(days)) = change.retention_days
        && !RETENTION_RANGE.contains(&days)
    {
        return invalid("retention_days", "not_31_to_3650");
    }
    if change.inbound_media.as_ref().is_some_and(|policy| policy.as_deref().is_some_and(|word| !matches!(word, "keep" | "leave"))) {
        return invalid("inbound_media", "not_keep_or_leave");
    }
    if change.unknown_client.as_ref().is_some_and(|policy| policy.as_deref().is_some_and(|word| !matches!(word, "leave" | "lead"))) {
        return invalid("unknown_client", "not_leave_or_lead");
    }
    judge_hours(change)
}

fn judge_hours(change: &Change) -> Result<(), Refused> {
    let invalid = |field, reason| Err(Refused::Invalid { field, reason });
    if let Some(Some(hours)) = &change.quiet_hours
        && QuietHours::parse(hours).is_none()
    {
        return invalid("quiet_hours", "not_hh_mm_hh_mm");
    }
    if let Some(Some(hours)) = &change.working_hours
        && WorkingHours::parse(hours).is_none()
    {
        return invalid("working_hours", "not_days_and_hours");
    }
    // Timers of windows look for the first time half a day before the end.
    if let Some(Some(minutes)) = change.window_closing_minutes
        && !(1..=720).contains(&minutes)
    {
        return invalid("window_closing_minutes", "not_1_to_720");
    }
    if let Some(Some(hours)) = change.follow_up_late_hours
        && !(1..=168).contains(&hours)
    {
        return invalid("follow_up_late_hours", "not_1_to_168");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_values_are_refused_by_name() {
        let change = |edit: fn(&mut Change)| {
            let mut change = Change::default();
            edit(&mut change);
            judge(&change).err().map(|refused| refused.to_string())
        };
        assert_eq!(change(|c| c.filler = Some(Some(" ".into()))).as_deref(), Some("filler: empty"));
        assert_eq!(change(|c| c.filler = Some(Some("a\nb".into()))).as_deref(), Some("filler: too_long_or_not_one_line"));
        assert_eq!(change(|c| c.region = Some(Some("RUS".into()))).as_deref(), Some("region: not_two_letters"));
        assert_eq!(change(|c| c.time_zone = Some(Some("Moscow".into()))).as_deref(), Some("time_zone: unknown_time_zone"));
        assert_eq!(change(|c| c.retention_days = Some(Some(7))).as_deref(), Some("retention_days: not_31_to_3650"));
        assert_eq!(change(|c| c.time_zone = Some(Some("Europe/Moscow".into()))), None);
    }

    #[test]
    fn wrong_shapes_in_the_row_count_as_absent() {
        let settings = read(r#"{"filler":7,"region":"","message_read":"yes","retention_days":2,"patterns":{}}"#);
        assert_eq!(settings, read("not json"));
    }
}
