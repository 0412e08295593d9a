//! A portal's own settings.

use super::{live_portal, portal_row};
use crate::flow::portal_settings::{self, Change, Refused, Settings};
use crate::web::body::Incoming;
use crate::web::operator::Operator;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::Validate;

/// Settings as shown. What is null follows the portal's language.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsView {
    /// Channel that an empty `channel` property means.
    default_channel: Option<String>,
    /// Stands for an empty template value.
    filler: Option<String>,
    /// Country of phones without a country code.
    region: Option<String>,
    /// IANA name.
    time_zone: Option<String>,
    /// Whether the trigger `message_read` fires.
    message_read: bool,
    /// Days that ended things are kept.
    retention_days: i64,
    /// `keep` = files that clients send are copied, `leave` = not.
    inbound_media: String,
    /// `leave` = a client whom nothing in CRM knows stays in the journal, `lead` = a lead is made.
    unknown_client: String,
    /// `21:00-09:00`: nothing leaves then that the client has not just asked for; null = none.
    quiet_hours: Option<String>,
    /// `mon-fri 09:00-18:00; sat 10:00-15:00`; null = Monday to Friday, nine to six.
    working_hours: Option<String>,
    /// How long before a window's end the trigger `window_closing` fires.
    window_closing_minutes: i64,
    /// A follow-up later than this after its moment is skipped.
    follow_up_late_hours: i64,
    /// Words that refuse, each the whole message; null = the usual ones.
    #[schema(value_type = Option<Vec<String>>)]
    opt_out_words: Value,
    /// Words that take a refusal back; null = the usual ones.
    #[schema(value_type = Option<Vec<String>>)]
    opt_in_words: Value,
    /// What a word of refusal is about: `marketing` (default) or `all`.
    #[schema(value_type = Option<String>)]
    opt_out_scope: Value,
    /// Answer to a refusal: a pattern or `pattern:NAME`; null = none.
    #[schema(value_type = Option<String>)]
    opt_out_answer: Value,
    /// Answer to a return: a pattern or `pattern:NAME`; null = none.
    #[schema(value_type = Option<String>)]
    opt_in_answer: Value,
    /// By channel id: `{greeting, greeting_after_days, away, away_every_hours}`.
    #[schema(value_type = Option<Object>)]
    automatic_replies: Value,
}

/// New settings: a key that is absent stays, null goes back to the default.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    default_channel: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    filler: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    region: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    message_read: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    retention_days: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    inbound_media: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    unknown_client: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    quiet_hours: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    working_hours: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    window_closing_minutes: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    follow_up_late_hours: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    opt_out_words: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    opt_in_words: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    opt_out_scope: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    opt_out_answer: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    opt_in_answer: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    automatic_replies: Option<Option<Value>>,
}

/// Tells null apart from absent.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(reader).map(Some)
}

impl SettingsView {
    fn of(settings: Settings, stored: &str) -> Self {
        let map: Map<String, Value> = serde_json::from_str(stored).unwrap_or_default();
        let area = |key: &str| map.get(key).cloned().unwrap_or(Value::Null);
        Self {
            default_channel: settings.default_channel,
            filler: settings.filler,
            region: settings.region,
            time_zone: settings.time_zone,
            message_read: settings.message_read,
            retention_days: settings.retention_days,
            inbound_media: settings.inbound_media,
            unknown_client: settings.unknown_client,
            quiet_hours: settings.quiet_hours,
            working_hours: settings.working_hours,
            window_closing_minutes: settings.window_closing_minutes,
            follow_up_late_hours: settings.follow_up_late_hours,
            opt_out_words: area("opt_out_words"),
            opt_in_words: area("opt_in_words"),
            opt_out_scope: area("opt_out_scope"),
            opt_out_answer: area("opt_out_answer"),
            opt_in_answer: area("opt_in_answer"),
            automatic_replies: area("automatic_replies"),
        }
    }
}

/// The portal's settings.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/settings", tag = "portals", params(("member_id" = String, Path)),
    responses((status = 200, body = SettingsView), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(_: Operator, state: Data<State>, path: Path<String>) -> Result<Json<SettingsView>, Problem> {
    let row = portal_row(&state, &path).await?;
    Ok(Json(SettingsView::of(portal_settings::read(&row.settings), &row.settings)))
}

/// Changes the portal's settings.
#[utoipa::path(put, path = "/api/v1/portals/{member_id}/settings", tag = "portals", params(("member_id" = String, Path)),
    request_body = SettingsChange,
    responses((status = 200, body = SettingsView), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn put(_: Operator, state: Data<State>, path: Path<String>, payload: Incoming) -> Result<Json<SettingsView>, Problem> {
    let asked: SettingsChange = body::json(payload).await?;
    let portal = live_portal(&state, &path).await?.member_id;
    let areas = [
        ("opt_out_words", asked.opt_out_words),
        ("opt_in_words", asked.opt_in_words),
        ("opt_out_scope", asked.opt_out_scope),
        ("opt_out_answer", asked.opt_out_answer),
        ("opt_in_answer", asked.opt_in_answer),
        ("automatic_replies", asked.automatic_replies),
    ];
    let areas = areas.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let change = Change {
        default_channel: asked.default_channel,
        filler: asked.filler,
        region: asked.region,
        time_zone: asked.time_zone,
        message_read: asked.message_read,
        retention_days: asked.retention_days,
        inbound_media: asked.inbound_media,
        unknown_client: asked.unknown_client,
        quiet_hours: asked.quiet_hours,
        working_hours: asked.working_hours,
        window_closing_minutes: asked.window_closing_minutes,
        follow_up_late_hours: asked.follow_up_late_hours,
        areas,
    };
    match portal_settings::put(&state.ctx, &portal, change).await {
        Ok(settings) => {
            state.ctx.portals.forget(&portal).await;
            let row = portal_row(&state, &portal).await?;
            Ok(Json(SettingsView::of(settings, &row.settings)))
        }
        Err(Refused::Invalid { field, reason }) => Err(Problem::new(Code::SettingInvalid).with("field", field).with("reason", reason)),
        Err(Refused::PortalGone) => Err(Problem::new(Code::PortalUnknown)),
        Err(Refused::Db(error)) => Err(error.into()),
    }
}
