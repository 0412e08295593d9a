//! Channels: connect, change, disconnect; their templates. Secrets go in and never come out.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::{Template, stored, time};
use super::{live_portal, portal_row};
use crate::db::entity::channel::Model;
use crate::db::store;
use crate::db::store::api_channel::{self, TemplateFilter};
use crate::domain::clock::iso;
use crate::domain::outcome::ErrorClass;
use crate::flow::channel::{self, ChannelChange, ChannelError, NewChannel};
use crate::flow::reach;
use crate::flow::sync_templates::{self, SyncError};
use crate::i18n;
use crate::web::body::Incoming;
use crate::web::operator::{Access, Operator};
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body, language};
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// A channel to connect.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelRequest {
    /// Word of `GET /api/v1/channel-kinds`.
    #[validate(length(min = 1, max = 50))]
    kind: String,
    /// Name that administrators see.
    name: String,
    /// Settings of that kind.
    #[schema(value_type = Object)]
    settings: Value,
}

/// What to change; a key that is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelPatch {
    /// New name.
    name: Option<String>,
    /// Only the settings to change; null removes an optional one.
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
    /// Pauses or resumes sending.
    paused: Option<bool>,
}

/// A channel. Secret settings are left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channel {
    id: String,
    kind: String,
    name: String,
    /// The provider's name of the number.
    sender: String,
    /// `new pairing connected paused limited blocked auth_failed disconnected`.
    state: String,
    state_reason: Option<String>,
    /// What to do so that it sends, in the reader's language; null when there is nothing to do.
    next_step: Option<String>,
    /// What the provider last said of the account, in its words: `quality limit throughput verified_name name_status status account_mode`.
    #[schema(value_type = Option<Object>)]
    health: Value,
    /// The provider asked everybody to wait until then.
    held_until: Option<String>,
    #[schema(value_type = Object)]
    settings: Value,
    /// Where the provider has to report to. It contains a secret.
    webhook_url: String,
    /// People written to outside their windows in the last 24 h, for the whole portfolio.
    daily_limit: DailyLimit,
    templates_synced_at: Option<String>,
    created_at: String,
    updated_at: String,
}

/// The daily limit of new people.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyLimit {
    /// Shared by channels of this name; null = the channel is its own.
    portfolio: Option<String>,
    used: u64,
    /// Null = unlimited or not known.
    limit: Option<i64>,
    /// `typed provider warm_up none`.
    source: &'static str,
    /// When the next new person may be written to; null = now.
    next_free_at: Option<String>,
}

/// What came of reading a template list.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncReport {
    /// Rows in the provider's list.
    total: usize,
    /// Rows that were there before and are gone.
    vanished: u64,
}

/// What a list of templates is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// Element name.
    name: Option<String>,
    /// Language code.
    language: Option<String>,
    /// `APPROVED`, ….
    status: Option<String>,
    /// `MARKETING UTILITY AUTHENTICATION`.
    category: Option<String>,
}

/// What a person has to do about a state.
fn next_step(row: &Model, lang: &str) -> Option<String> {
    let state = match row.state.as_str() {
        // A pause of a person's own needs no advice.
        "connected" => return None,
        "paused" if row.state_reason.is_none() => return None,
        state => state,
    };
    Some(i18n::text(lang, &format!("channel-next-{state}"), &BTreeMap::new()))
}

async fn shown(state: &State, portal: &str, row: Model, lang: &str) -> Result<Channel, Problem> {
    let db = state.ctx.db.read();
    let channels = store::channel::list(db, portal).await?;
    let reach = reach::view(db, portal, &channels, &row, state.ctx.clock.now()).await?;
    Ok(Channel {
        daily_limit: DailyLimit {
            portfolio: reach.portfolio,
            used: reach.used,
            limit: reach.limit,
            source: reach.source,
            next_free_at: time(reach.next_free_at),
        },
        webhook_url: channel::webhook_url(&state.ctx, &row)?,
        settings: stored(Some(&row.settings)),
        next_step: next_step(&row, lang),
        health: stored(row.health.as_deref()),
        held_until: time(row.held_until),
        templates_synced_at: time(row.templates_synced_at),
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
        id: row.id,
        kind: row.kind,
        name: row.name,
        sender: row.sender,
        state: row.state,
        state_reason: row.state_reason,
    })
}

async fn row(state: &State, portal: &str, channel_id: &str) -> Result<Model, Problem> {
    api_channel::find(state.ctx.db.read(), portal, channel_id).await?.ok_or_else(|| Problem::not_found("channel"))
}

fn refused(error: ChannelError) -> Problem {
    match error {
        ChannelError::UnknownKind(kind) => Problem::new(Code::KindUnknown).with("kind", kind.chars().take(40).collect::<String>()),
        ChannelError::Settings(error) => Problem::new(Code::SettingInvalid).with("field", error.field).with("reason", error.reason),
        ChannelError::NotFound => Problem::not_found("channel"),
        ChannelError::Db(error) => error.into(),
    }
}

/// Channels of a portal, the newest first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/channels", tag = "channels", params(("member_id" = String, Path), PageQuery),
    responses((status = 200, body = ListOf<Channel>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    _: Operator,
    state: Data<State>,
    path: Path<String>,
    page: Query<PageQuery>,
    request: HttpRequest,
) -> Result<Json<ListOf<Channel>>, Problem> {
    let portal = portal_row(&state, &path).await?.member_id;
    let page = page.page("channels")?;
    let rows = api_channel::list(state.ctx.db.read(), &portal, &page).await?;
    let list = close("channels", &page, rows, |row| (row.created_at, row.id.as_str()), |row| row);
    let mut items = Vec::new();
    for row in list.items {
        items.push(shown(&state, &portal, row, language::of(&request)).await?);
    }
    Ok(Json(ListOf { items, next: list.next }))
}

/// One channel.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/channels/{channel_id}", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)),
    responses((status = 200, body = Channel), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(
    _: Operator,
    state: Data<State>,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<Channel>, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    Ok(Json(shown(&state, &portal, row(&state, &portal, &channel_id).await?, language::of(&request)).await?))
}

/// Connects a channel. Its template list and, where the provider's API can, its webhook follow by themselves.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/channels", tag = "channels", params(("member_id" = String, Path)),
    request_body = ChannelRequest,
    responses((status = 201, body = Channel), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn create(
    _: Operator,
    state: Data<State>,
    path: Path<String>,
    request: HttpRequest,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    let asked: ChannelRequest = body::json(payload).await?;
    let portal = live_portal(&state, &path).await?.member_id;
    let new = NewChannel { kind: asked.kind, name: asked.name, settings: asked.settings };
    let created = channel::create(&state.ctx, &portal, new).await.map_err(refused)?;
    let channel = shown(&state, &portal, row(&state, &portal, &created.id).await?, language::of(&request)).await?;
    Ok(HttpResponse::Created().json(channel))
}

/// Changes a channel.
#[utoipa::path(patch, path = "/api/v1/portals/{member_id}/channels/{channel_id}", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)), request_body = ChannelPatch,
    responses((status = 200, body = Channel), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn change(
    _: Operator,
    state: Data<State>,
    path: Path<(String, String)>,
    request: HttpRequest,
    payload: Incoming,
) -> Result<Json<Channel>, Problem> {
    let asked: ChannelPatch = body::json(payload).await?;
    let (member_id, channel_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    let change = ChannelChange { name: asked.name, settings: asked.settings, paused: asked.paused };
    channel::update(&state.ctx, &portal, &channel_id, change).await.map_err(refused)?;
    Ok(Json(shown(&state, &portal, row(&state, &portal, &channel_id).await?, language::of(&request)).await?))
}

/// Disconnects a channel. It stays in the journal; steps that name it are refused from now on.
#[utoipa::path(delete, path = "/api/v1/portals/{member_id}/channels/{channel_id}", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn remove(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    channel::disconnect(&state.ctx, &portal, &channel_id).await.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Templates of a channel as last read.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/channels/{channel_id}/templates", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path), TemplateQuery, PageQuery),
    responses((status = 200, body = ListOf<Template>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn templates(
    _: Access,
    state: Data<State>,
    path: Path<(String, String)>,
    query: Query<TemplateQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<Template>>, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    let channel = row(&state, &portal, &channel_id).await?;
    let page = page.page("templates")?;
    let query = query.into_inner();
    let filter = TemplateFilter { name: query.name, language: query.language, status: query.status, category: query.category };
    let rows = api_channel::templates(state.ctx.db.read(), &portal, &channel.id, &filter, &page).await?;
    Ok(Json(close("templates", &page, rows, |row| (row.synced_at, row.provider_id.as_str()), Template::from)))
}

/// Reads the provider's template list now.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/channels/{channel_id}/templates/sync", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)),
    responses((status = 200, body = SyncReport), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn sync_templates(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<Json<SyncReport>, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    match sync_templates::sync(&state.ctx, &portal, &channel_id).await {
        Ok(synced) => Ok(Json(SyncReport { total: synced.total, vanished: synced.vanished })),
        Err(SyncError::NotFound) => Err(Problem::not_found("channel")),
        Err(SyncError::Unsupported) => Err(Problem::new(Code::TemplatesUnsupported)),
        // A gateway's page, a limit or an outage says nothing about the keys.
        Err(SyncError::Provider { error, .. }) if error.class == ErrorClass::Transient => {
            tracing::warn!(text = error.text, "the provider gave no usable answer");
            Err(Problem::new(Code::ProviderUnreachable))
        }
        Err(SyncError::Provider { error, .. }) => {
            Err(Problem::new(Code::ProviderRefused).with("provider_code", error.provider_code.unwrap_or_default()).with("text", error.text))
        }
        Err(SyncError::Outbound(error)) => {
            tracing::warn!(channel.id = channel_id, error = %error, "the provider's template list was not read");
            Err(Problem::new(Code::ProviderUnreachable))
        }
        Err(SyncError::Db(error)) => Err(error.into()),
        Err(SyncError::LeaseLost) => Err(Problem::new(Code::Internal)),
    }
}
