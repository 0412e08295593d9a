//! Tables of known days, and properties over every day of some years in zones that jump.

use super::*;
use crate::domain::clock::{DAY, HOUR, MINUTE, Ms};
use chrono::Timelike as _;
use chrono_tz::Tz;
use proptest::prelude::*;

const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Moscow,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kolkata,
    Tz::America__Sao_Paulo,
    Tz::Africa__Cairo,
];

fn at(text: &str) -> Ms {
    parse_moment(text, Tz::UTC).unwrap()
}

fn cron(text: &str, zone: Tz, from: &str) -> Option<String> {
    Calendar::parse(text, at(from)).ok()?.next(zone, &WorkingHours::default(), at(from)).map(crate::domain::clock::iso)
}

#[test]
fn moments_are_read_as_portals_and_scripts_write_them() {
    let moscow = Tz::Europe__Moscow;
    for (text, expected) in [
        ("21.09.2026 17:30:00", Some("2026-09-21T14:30:00Z")),
        (" 21.09.2026 17:30 ", Some("2026-09-21T14:30:00Z")),
        ("21.09.2026 17:30:00 [18000]", Some("2026-09-21T12:30:00Z")),
        ("21.09.2026 17:30:00 [0]", Some("2026-09-21T17:30:00Z")),
        ("21.09.2026", Some("2026-09-20T21:00:00Z")),
        ("2026-09-21T17:30:00+03:00", Some("2026-09-21T14:30:00Z")),
        ("2026-09-21T17:30:00+0300", Some("2026-09-21T14:30:00Z")),
        ("2026-09-21T14:30:00.000Z", Some("2026-09-21T14:30:00Z")),
        ("2026-09-21T14:30Z", Some("2026-09-21T14:30:00Z")),
        ("2026-09-21 17:30", Some("2026-09-21T14:30:00Z")),
        ("09/21/2026 05:30 PM", Some("2026-09-21T14:30:00Z")),
        ("31.02.2026 10:00", None),
        ("21.09.2026 17:30:00 [x]", None),
        ("tomorrow", None),
        ("", None),
    ] {
        assert_eq!(parse_moment(text, moscow), expected.map(at), "{text}");
    }
}

#[test]
fn a_time_left_out_is_the_end_of_the_gap_and_one_that_comes_twice_is_its_first() {
    let berlin = Tz::Europe__Berlin;
    let local = |text: &str| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    assert_eq!(first_at(berlin, local("2026-03-29 02:30"), 0), at("2026-03-29T01:00:00Z"));
    assert_eq!(first_at(berlin, local("2026-10-25 02:30"), 0), at("2026-10-25T00:30:00Z"));
    assert_eq!(first_at(berlin, local("2026-10-25 02:30"), at("2026-10-25T00:31:00Z")), at("2026-10-25T01:30:00Z"));
    // A whole day that never was: Samoa, 30 December 2011.
    assert_eq!(first_at(Tz::Pacific__Apia, local("2011-12-30 12:00"), 0), at("2011-12-30T10:00:00Z"));
    // Half an hour: Lord Howe.
    assert_eq!(first_at(Tz::Australia__Lord_Howe, local("2026-10-04 02:10"), 0), at("2026-10-03T15:30:00Z"));
}

#[test]
fn five_fields_mean_what_crontab_means() {
    // 2026-11-22 is a Sunday.
    let from = "2026-11-22T07:00:30Z";
    for (text, expected) in [
        ("0 10 * * 1-5", Some("2026-11-23T10:00:00.000Z")),
        ("0 10 * * 0", Some("2026-11-22T10:00:00.000Z")),
        ("0 10 * * 7", Some("2026-11-22T10:00:00.000Z")),
        ("0 10 * * 5-7", Some("2026-11-22T10:00:00.000Z")),
        ("0 10 * * FRI-MON", Some("2026-11-22T10:00:00.000Z")),
        ("0 10 * * tue,thu", Some("2026-11-24T10:00:00.000Z")),
        ("0 10 * * */2", Some("2026-11-22T10:00:00.000Z")),
        ("0 10 1 * 1", Some("2026-11-23T10:00:00.000Z")),
        ("0 10 1 * *", Some("2026-12-01T10:00:00.000Z")),
        ("*/15 * * * *", Some("2026-11-22T07:00:30.000Z")),
        ("5-59 7 * * *", Some("2026-11-22T07:05:00.000Z")),
        ("0 12 29 2 *", Some("2028-02-29T12:00:00.000Z")),
        ("0 0 10 * * MON", Some("2026-11-23T10:00:00.000Z")),
        ("0 0 10 1 1 ? 2027", Some("2027-01-01T10:00:00.000Z")),
        ("@daily", Some("2026-11-23T00:00:00.000Z")),
        ("working_hours", Some("2026-11-23T09:00:00.000Z")),
        ("", Some("2026-11-22T07:00:30.000Z")),
        ("0 10 31 2 *", None),
        ("0 0 10 1 1 ? 2020", None),
        ("60 10 * * *", None),
        ("0 10 * * 8", None),
        ("0 10 * * 1/0", None),
        ("every day", None),
        ("* * * *", None),
    ] {
        assert_eq!(cron(text, Tz::UTC, from).as_deref(), expected, "{text}");
    }
    assert_eq!(Calendar::parse("0 10 31 2 *", 0).unwrap_err(), CalendarFault::Never);
    assert_eq!(Calendar::parse("0 10 30 2,4 *", at(from)).map(|_| ()), Ok(()));
    assert_eq!(Calendar::parse("whenever", 0).unwrap_err(), CalendarFault::Syntax);
}

#[test]
fn a_daily_moment_survives_both_changes_of_time() {
    let berlin = Tz::Europe__Berlin;
    assert_eq!(cron("30 2 * * *", berlin, "2026-03-28T12:00:00Z").as_deref(), Some("2026-03-29T01:00:00.000Z"));
    assert_eq!(cron("30 2 * * *", berlin, "2026-10-24T12:00:00Z").as_deref(), Some("2026-10-25T00:30:00.000Z"));
    assert_eq!(cron("0 9 * * *", berlin, "2026-03-28T12:00:00Z").as_deref(), Some("2026-03-29T07:00:00.000Z"));
    assert_eq!(cron("0 9 * * *", berlin, "2026-10-24T12:00:00Z").as_deref(), Some("2026-10-25T08:00:00.000Z"));
}

#[test]
fn quiet_hours_span_midnight() {
    let quiet = QuietHours::parse("21:00-09:00").unwrap();
    let moscow = Tz::Europe__Moscow;
    assert_eq!(quiet.end(moscow, at("2026-11-22T18:00:00Z")), Some(at("2026-11-23T06:00:00Z")));
    assert_eq!(quiet.start(moscow, at("2026-11-23T01:00:00Z")), Some(at("2026-11-22T18:00:00Z")));
    assert_eq!(quiet.end(moscow, at("2026-11-23T05:59:59Z")), Some(at("2026-11-23T06:00:00Z")));
    assert_eq!(quiet.end(moscow, at("2026-11-23T06:00:00Z")), None);
    assert_eq!(quiet.end(moscow, at("2026-11-22T17:59:59Z")), None);
    for wrong in ["", "21-9", "21:00", "25:00-09:00", "09:00-09:00", "9:60-10:00", "a:00-b:00", "+9:00-10:00"] {
        assert_eq!(QuietHours::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn working_hours_are_read_as_people_write_them() {
    let week = WorkingHours::parse("mon-fri 09:00-13:00, 14:00-18:00; sat 10:00-15:00").unwrap();
    for (from, expected) in [
        ("2026-11-20T12:59:00Z", "2026-11-20T12:59:00Z"),
        ("2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z"),
        ("2026-11-20T18:00:00Z", "2026-11-21T10:00:00Z"),
        ("2026-11-21T15:00:00Z", "2026-11-23T09:00:00Z"),
    ] {
        assert_eq!(week.next(Tz::UTC, at(from)), Some(at(expected)), "{from}");
    }
    assert_eq!(
        WorkingHours::parse("fri-mon 00:00-24:00").unwrap().next(Tz::UTC, at("2026-11-24T10:00:00Z")),
        Some(at("2026-11-27T00:00:00Z"))
    );
    for wrong in ["", "mon", "09:00-18:00", "mon 18:00-09:00", "xyz 09:00-18:00", "mon 09:00"] {
        assert_eq!(WorkingHours::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_number_tells_its_zone_only_where_there_is_one() {
    for (digits, expected) in [
        ("491511234567", Some(Tz::Europe__Berlin)),
        ("375291234567", Some(Tz::Europe__Minsk)),
        ("77011234567", Some(Tz::Asia__Almaty)),
        ("79160000001", None),
        ("12025550123", None),
        ("group", None),
        ("", None),
    ] {
        assert_eq!(zone_of_phone(digits), expected, "{digits}");
    }
}

fn moments() -> impl Strategy<Value = Ms> {
    // 2024 (a leap year) to the end of 2032 (another one after two).
    1_704_067_200_000_i64..1_988_150_400_000
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn quiet_hours_end_and_what_ends_is_not_quiet(at in moments(), zone in 0_usize..8, from in 0_u32..1_440, length in 1_u32..1_440) {
        let (zone, to) = (ZONES[zone], (from + length) % 1_440);
        let text = format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60);
        let quiet = QuietHours::parse(&text).unwrap();
        prop_assert_eq!(quiet.end(zone, at).is_some(), quiet.quiet(zone, at));
        if let (Some(start), Some(end)) = (quiet.start(zone, at), quiet.end(zone, at)) {
            prop_assert!(start <= at && at < end && end - start <= DAY + 2 * HOUR, "{} {start} {at} {end}", text);
            prop_assert!(!quiet.quiet(zone, end), "{} {zone} {end}", text);
        }
    }

    #[test]
    fn the_next_working_moment_is_one_and_none_lies_between(at in moments(), zone in 0_usize..8, from in 0_u32..1_380, length in 15_u32..60) {
        let zone = ZONES[zone];
        let to = from + length;
        let week = WorkingHours::parse(&format!("tue,sun {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)).unwrap();
        let next = week.next(zone, at).unwrap();
        prop_assert!(next >= at && week.open(zone, next));
        let mut between = at;
        while between < next - MINUTE {
            prop_assert!(!week.open(zone, between), "{between} of {at}..{next}");
            between += 10 * MINUTE;
        }
    }

    #[test]
    fn a_daily_cron_fires_once_a_day_whatever_the_clock_does(at in moments(), zone in 0_usize..8, minute in 0_u32..1_440) {
        let zone = ZONES[zone];
        let cron = Cron::parse(&format!("{} {} * * *", minute % 60, minute / 60)).unwrap();
        let first = cron.next(zone, at).unwrap();
        let second = cron.next(zone, first + HOUR).unwrap();
        prop_assert!(first >= at && first - at <= DAY + HOUR);
        prop_assert!((DAY - HOUR..=DAY + HOUR).contains(&(second - first)), "{first} {second}");
        let shown = wall_clock(zone, first);
        let exact = shown.hour() * 60 + shown.minute() == minute;
        let jumped = wall_clock(zone, first - 1).date() != shown.date() || shown.hour() * 60 + shown.minute() > minute;
        prop_assert!(exact || jumped, "{shown} for {minute}");
    }

    #[test]
    fn a_wall_clock_leads_back_to_its_moment(at in moments(), zone in 0_usize..8) {
        let at = at / 1_000 * 1_000;
        prop_assert_eq!(first_at(ZONES[zone], wall_clock(ZONES[zone], at), at), at);
    }
}
