//! A portal as the outgoing path sees it: its state, its language, and the settings that decide how things are read and written.

use crate::db::entity::portal;
use crate::db::store;
use crate::db::store::portal::PortalStatus;
use crate::db::{Conn, DbResult};
use crate::domain::clock::{HOUR, MINUTE, Ms};
use crate::domain::schedule::{QuietHours, WorkingHours};
use crate::i18n;
use chrono_tz::Tz;
use serde_json::{Map, Value};

/// What a missing template value becomes when `on_missing` is `empty` and the portal names no filler.
const FILLER: &str = "-";
/// `window_closing_minutes` when the portal does not say.
pub const WINDOW_CLOSING_MINUTES: i64 = 60;
/// `follow_up_late_hours` when the portal does not say.
pub const FOLLOW_UP_LATE_HOURS: i64 = 6;

/// One portal.
#[derive(Debug, Clone)]
pub struct PortalView {
    /// `member_id`.
    pub id: String,
    /// Host name.
    pub domain: String,
    /// State.
    pub status: PortalStatus,
    /// `ru` or `en`.
    pub lang: &'static str,
    /// IANA time zone.
    pub time_zone: Tz,
    /// Default region of phones, ISO country.
    pub region: String,
    /// Default channel's id.
    pub default_channel: Option<String>,
    /// Stands for an empty template value.
    pub filler: String,
    /// Whether the trigger `message_read` fires.
    pub message_read: bool,
    /// Whether files that clients send are copied.
    pub keeps_media: bool,
    /// Whether a lead is made for a client whom nothing in CRM knows.
    pub makes_leads: bool,
    /// Stored patterns by name.
    pub patterns: Map<String, Value>,
    /// Nothing leaves then that the client did not just ask for.
    pub quiet_hours: Option<QuietHours>,
    /// When somebody is there.
    pub working_hours: WorkingHours,
    /// How long before a window's end the trigger `window_closing` fires.
    pub window_closing: Ms,
    /// A follow-up later than this after its moment is skipped.
    pub follow_up_late: Ms,
    /// All settings as stored, for the areas that read their own (`flow/portal_settings/areas`).
    pub settings: Map<String, Value>,
}

impl PortalView {
    /// Reads the row; settings of a wrong shape count as absent.
    pub fn of(row: &portal::Model) -> Self {
        let settings: Map<String, Value> = serde_json::from_str(&row.settings).unwrap_or_default();
        let text = |key: &str| settings.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let number = |key: &str, default: i64| settings.get(key).and_then(Value::as_i64).filter(|value| *value > 0).unwrap_or(default);
        let (region, time_zone) = home(&row.lang);
        Self {
            id: row.member_id.clone(),
            domain: row.domain.clone(),
            status: PortalStatus::parse(&row.status).unwrap_or(PortalStatus::Paused),
            lang: i18n::language_for(&row.lang),
            time_zone: text("time_zone").and_then(|name| name.parse().ok()).unwrap_or(time_zone),
            region: text("region").map_or_else(|| region.to_owned(), str::to_owned),
            default_channel: text("default_channel").map(str::to_owned),
            filler: text("filler").unwrap_or(FILLER).to_owned(),
            message_read: settings.get("message_read").and_then(Value::as_bool).unwrap_or(false),
            keeps_media: text("inbound_media").is_none_or(|policy| policy == "keep"),
            makes_leads: text("unknown_client").is_some_and(|policy| policy == "lead"),
            patterns: settings.get("patterns").and_then(Value::as_object).cloned().unwrap_or_default(),
            quiet_hours: text("quiet_hours").and_then(QuietHours::parse),
            working_hours: text("working_hours").and_then(WorkingHours::parse).unwrap_or_default(),
            window_closing: number("window_closing_minutes", WINDOW_CLOSING_MINUTES).saturating_mul(MINUTE),
            follow_up_late: number("follow_up_late_hours", FOLLOW_UP_LATE_HOURS).saturating_mul(HOUR),
            settings,
        }
    }

    /// Reads a portal; `None` when there is no such portal.
    pub async fn find(db: &impl Conn, portal: &str) -> DbResult<Option<Self>> {
        Ok(store::portal::find(db, portal).await?.as_ref().map(Self::of))
    }
}

/// Region and time zone of a portal that has not been told: by the language it was made in.
fn home(lang: &str) -> (&'static str, Tz) {
    match lang {
        "ru" => ("RU", chrono_tz::Europe::Moscow),
        "by" | "be" => ("BY", chrono_tz::Europe::Minsk),
        "kz" | "kk" => ("KZ", chrono_tz::Asia::Almaty),
        "ua" | "uk" => ("UA", chrono_tz::Europe::Kyiv),
        "de" => ("DE", chrono_tz::Europe::Berlin),
        "fr" => ("FR", chrono_tz::Europe::Paris),
        "it" => ("IT", chrono_tz::Europe::Rome),
        "pl" => ("PL", chrono_tz::Europe::Warsaw),
        "br" => ("BR", chrono_tz::America::Sao_Paulo),
        "la" => ("MX", chrono_tz::America::Mexico_City),
        "tr" => ("TR", chrono_tz::Europe::Istanbul),
        "in" => ("IN", chrono_tz::Asia::Kolkata),
        "vn" => ("VN", chrono_tz::Asia::Ho_Chi_Minh),
        "id" => ("ID", chrono_tz::Asia::Jakarta),
        "ja" => ("JP", chrono_tz::Asia::Tokyo),
        _ => ("US", chrono_tz::UTC),
    }
}
