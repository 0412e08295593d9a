//! Moments as people read them: helpers `date`, `time`, `datetime`.
//!
//! Values come as REST writes them (ISO 8601 with an offset) or as robots do (site format, with an optional ` [offset]`).
//! A value without an offset is taken as local time of the zone shown.

use super::Fault;
use super::helpers::Env;
use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Timelike as _};
use chrono_tz::Tz;

const RU_MONTHS: [&str; 12] =
    ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"];
const EN_MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const RU_DAYS: [&str; 7] = ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"];
const EN_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Format names: `short` (21.09.2026), `long` (21 сентября 2026), `day` (21 сентября), `weekday` (понедельник, 21 сентября), `iso`.
pub(super) fn show(helper: &str, value: &str, format: Option<&str>, zone: Option<&str>, env: &Env<'_>) -> Result<String, Fault> {
    let zone: Tz = match zone {
        Some(named) => named.parse().map_err(|_| Fault::invalid("zone", named))?,
        // An unknown zone of the portal must not stop messages; its times are then UTC.
        None => env.zone.parse().unwrap_or(Tz::UTC),
    };
    let local =
        read(value, zone).ok_or_else(|| Fault::invalid("value", format!("{helper}: {}", value.chars().take(40).collect::<String>())))?;
    let clock = format!("{:02}:{:02}", local.hour(), local.minute());
    let format = format.unwrap_or("short");
    let day = day(local.date(), format, env.lang).ok_or_else(|| Fault::invalid("value", format!("{helper}: {format}")))?;
    Ok(match helper {
        "time" => clock,
        "date" => day,
        _ if format == "iso" => format!("{day}T{clock}"),
        _ if format == "short" || env.lang == "ru" => format!("{day} {clock}"),
        _ => format!("{day}, {clock}"),
    })
}

fn day(date: NaiveDate, format: &str, lang: &str) -> Option<String> {
    let ru = lang == "ru";
    let month = usize::try_from(date.month0()).ok()?;
    let weekday = usize::try_from(date.weekday().num_days_from_monday()).ok()?;
    let (day, year) = (date.day(), date.year());
    let month = if ru { RU_MONTHS } else { EN_MONTHS }.get(month)?.to_owned();
    let weekday = if ru { RU_DAYS } else { EN_DAYS }.get(weekday)?.to_owned();
    Some(match (format, ru) {
        // Day first in both languages: 09/10 would be read in two ways.
        ("short", _) => format!("{day:02}.{:02}.{year}", date.month()),
        ("long", true) => format!("{day} {month} {year}"),
        ("long", false) => format!("{month} {day}, {year}"),
        ("day", true) => format!("{day} {month}"),
        ("day", false) => format!("{month} {day}"),
        ("weekday", true) => format!("{weekday}, {day} {month}"),
        ("weekday", false) => format!("{weekday}, {month} {day}"),
        ("iso", _) => format!("{year:04}-{:02}-{day:02}", date.month()),
        _ => return None,
    })
}

fn read(value: &str, zone: Tz) -> Option<NaiveDateTime> {
    let value = value.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(value) {
        return Some(moment.with_timezone(&zone).naive_local());
    }
    let (text, offset) = match value.split_once('[') {
        Some((text, offset)) => (text.trim(), Some(offset.trim_end_matches(']').trim())),
        None => (value, None),
    };
    let local = naive(text)?;
    match offset {
        None => Some(local),
        Some(offset) => {
            let offset = FixedOffset::east_opt(offset.parse().ok()?)?;
            Some(offset.from_local_datetime(&local).single()?.with_timezone(&zone).naive_local())
        }
    }
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    let with_time = ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let days = ["%d.%m.%Y", "%Y-%m-%d"];
    let moment = with_time.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    moment.or_else(|| Some(days.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())?.and_time(NaiveTime::MIN)))
}
