//! Follow-ups: listed, made, ended.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::{stored, time};
use super::{live_portal, one_of, page_send, phone_digits, portal_row};
use crate::db::entity::follow_up as row;
use crate::db::entity::portal::Model as PortalRow;
use crate::db::store::follow_up::{self as store, Filter, state};
use crate::flow::follow_up::api::{self, New, NotMade};
use crate::flow::run_call::order::To;
use crate::web::body::Incoming;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// A message to be sent later.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUp {
    id: String,
    /// `pending sent stopped cancelled skipped`.
    state: String,
    /// Why it ended without a send: `reply stage_change won_lost opt_out document_gone cancelled rearmed late refused uninstalled erased`.
    reason: Option<String>,
    /// `{code, class, provider_code, text, retryable}` of a refused one.
    #[schema(value_type = Option<Object>)]
    error: Value,
    /// `before_window_closes after_window_closed after_silence at`.
    when: String,
    offset_minutes: i64,
    /// Allowed moments: empty, `working_hours`, a cron expression.
    calendar: String,
    /// IANA name.
    time_zone: String,
    stop_on: Vec<String>,
    /// Empty = a chain of its own.
    chain: String,
    text: String,
    /// `name:language`; empty = none.
    template: String,
    params: Vec<String>,
    /// Its next moment; null when it ended, or waits for the client to write.
    due_at: Option<String>,
    /// Messages made so far.
    sends: i64,
    repeats_left: i64,
    channel_id: String,
    /// Phone digits, BSUID, lid or group.
    recipient: String,
    /// `{phone, bsuid, lid, username, display_name, group}`.
    #[schema(value_type = Object)]
    identity: Value,
    document: Option<FollowUpDocument>,
    call_id: Option<String>,
    /// The latest message.
    message_id: Option<String>,
    armed_at: Option<String>,
    ended_at: Option<String>,
}

/// What it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpDocument {
    /// `document_id[1]` of Bitrix24.
    r#type: String,
    /// `DEAL_512`.
    id: String,
}

impl From<row::Model> for FollowUp {
    fn from(row: row::Model) -> Self {
        let operation = stored(Some(&row.operation));
        let text = |path: &str| operation.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |path: &str| {
            let items = operation.pointer(path).and_then(Value::as_array);
            items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            offset_minutes: operation.pointer("/plan/offset_minutes").and_then(Value::as_i64).unwrap_or_default(),
            calendar: text("/plan/calendar"),
            stop_on: list("/plan/stop_on"),
            text: text("/text"),
            template: text("/template/template"),
            params: list("/template/params"),
            error: stored(row.error.as_deref()),
            due_at: time(row.due_at.filter(|_| row.state == state::PENDING)),
            identity: stored(Some(&row.identity)),
            document: row.document_id.map(|id| FollowUpDocument { r#type: row.document_entity.unwrap_or_default(), id }),
            armed_at: time(Some(row.armed_at)),
            ended_at: time(row.ended_at),
            id: row.id,
            state: row.state,
            reason: row.reason,
            when: row.kind,
            time_zone: row.zone,
            chain: row.chain,
            sends: row.sends,
            repeats_left: row.repeats_left,
            channel_id: row.channel_id,
            recipient: row.recipient,
            call_id: row.call_id,
            message_id: row.message_id,
        }
    }
}

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FollowUpQuery {
    /// `pending sent stopped cancelled skipped`.
    state: Option<String>,
    /// `DEAL_512`.
    #[serde(alias = "document")]
    document_id: Option<String>,
    /// Phone, however it is written.
    phone: Option<String>,
    /// Business-scoped user id.
    bsuid: Option<String>,
    /// Chain.
    chain: Option<String>,
    /// Robot call.
    call_id: Option<String>,
}

/// Properties that say what is sent, not when.
const CONTENT: [&str; 6] = ["text", "template", "params", "header", "button_params", "channel"];

/// Follow-ups of a portal, newest first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/follow-ups", tag = "follow-ups",
    params(("member_id" = String, Path), FollowUpQuery, PageQuery),
    responses((status = 200, body = ListOf<FollowUp>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    access: Access,
    state: Data<State>,
    path: Path<String>,
    query: Query<FollowUpQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<FollowUp>>, Problem> {
    let portal = portal_row(&state, &path).await?;
    let page = page.page("follow-ups")?;
    let query = query.into_inner();
    one_of("state", query.state.as_deref(), &state::ALL)?;
    let filter = Filter {
        state: query.state,
        document_id: access.narrowed(query.document_id)?,
        recipient: query.phone.map(|phone| phone_digits(&portal, &phone)).or(query.bsuid),
        chain: query.chain,
        call_id: query.call_id,
    };
    let rows = store::page(state.ctx.db.read(), &portal.member_id, &filter, &page).await?;
    Ok(Json(close("follow-ups", &page, rows, |row| (row.created_at, row.id.as_str()), FollowUp::from)))
}

/// One follow-up.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/follow-ups/{follow_up_id}", tag = "follow-ups",
    params(("member_id" = String, Path), ("follow_up_id" = String, Path)),
    responses((status = 200, body = FollowUp), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(access: Access, state: Data<State>, path: Path<(String, String)>) -> Result<Json<FollowUp>, Problem> {
    let (member_id, id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    let row = store::find(state.ctx.db.read(), &portal, &id).await?.ok_or_else(|| Problem::not_found("follow-up"))?;
    access.may_see(row.document_id.as_deref())?;
    Ok(Json(row.into()))
}

/// Whom for: exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowUpTo {
    /// Phone, however it is written.
    phone: Option<String>,
    /// Business-scoped user id.
    bsuid: Option<String>,
    /// The client of this document: `DEAL_512`.
    document: Option<String>,
}

/// A follow-up to make: the robot's properties by their ids.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowUpRequest {
    to: FollowUpTo,
    /// The document it is about; that of `to` when absent.
    document: Option<String>,
    /// Empty = the default channel.
    channel_id: Option<String>,
    /// `before_window_closes after_window_closed after_silence at`.
    when: String,
    offset_minutes: Option<i64>,
    /// ISO 8601 or `21.09.2026 17:30:00`.
    at: Option<String>,
    calendar: Option<String>,
    time_zone: Option<String>,
    text: Option<String>,
    template: Option<String>,
    params: Option<Vec<String>>,
    header: Option<String>,
    button_params: Option<Vec<String>>,
    /// `reply stage_change won_lost opt_out`; all when absent.
    stop_on: Option<Vec<String>>,
    chain: Option<String>,
    repeat: Option<i64>,
    /// Whether its messages stand in the document's timeline; they do when absent.
    to_timeline: Option<bool>,
}

impl FollowUpRequest {
    fn into_new(self) -> Result<New, Problem> {
        let wrong = |field: &str, reason: &str| Problem::new(Code::BodyInvalid).with("field", field).with("reason", reason);
        let to = match (self.to.phone, self.to.bsuid, self.to.document) {
            (Some(phone), None, None) => To::Phone(phone),
            (None, Some(bsuid), None) if !bsuid.trim().is_empty() => To::Bsuid(bsuid.trim().to_owned()),
            (None, None, Some(document)) => To::Document(document),
            _ => return Err(wrong("to", "give exactly one of phone, bsuid and document")),
        };
        if self.stop_on.as_ref().is_some_and(Vec::is_empty) {
            return Err(wrong("stop_on", "name at least one, or leave it out for all"));
        }
        let mut properties = Map::new();
        let mut put = |id: &str, value: Option<Value>| drop(value.and_then(|value| properties.insert(id.to_owned(), value)));
        put("when", Some(self.when.into()));
        put("channel", self.channel_id.map(Value::from));
        put("offset_minutes", self.offset_minutes.map(Value::from));
        put("at", self.at.map(Value::from));
        put("calendar", self.calendar.map(Value::from));
        put("time_zone", self.time_zone.map(Value::from));
        put("text", self.text.map(Value::from));
        put("template", self.template.map(Value::from));
        put("params", self.params.map(Value::from));
        put("header", self.header.map(Value::from));
        put("button_params", self.button_params.map(Value::from));
        put("stop_on", self.stop_on.map(Value::from));
        put("chain", self.chain.map(Value::from));
        put("repeat", self.repeat.map(Value::from));
        put("to_timeline", self.to_timeline.map(|shown| Value::from(if shown { "Y" } else { "N" })));
        Ok(New { to, document_id: self.document, properties })
    }
}

/// A page's follow-up is a message like its others: to whom and what it may send, about the document it stands in.
async fn of_page(state: &State, access: &Access, portal: &PortalRow, new: New) -> Result<New, Problem> {
    if access.page().is_none() {
        return Ok(new);
    }
    let content = new.properties.iter().filter(|(name, _)| CONTENT.contains(&name.as_str()));
    let content: Map<String, Value> = content.map(|(name, value)| (name.clone(), value.clone())).collect();
    let kind = if content.contains_key("template") { "template" } else { "text" };
    page_send::content(state, access, portal, kind, &content).await?;
    let addressed = page_send::addressed(state, access, portal, new.to).await?;
    let document_id = if access.whole_portal() { new.document_id.or(addressed.document) } else { addressed.document };
    Ok(New { to: addressed.to, document_id, properties: new.properties })
}

/// Makes a follow-up under the rules of the robot.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/follow-ups", tag = "follow-ups", params(("member_id" = String, Path)),
    request_body = FollowUpRequest,
    responses((status = 201, body = FollowUp), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn create(access: Access, state: Data<State>, path: Path<String>, incoming: Incoming) -> Result<HttpResponse, Problem> {
    let request: FollowUpRequest = body::json(incoming).await?;
    let row = live_portal(&state, &path).await?;
    let new = of_page(&state, &access, &row, request.into_new()?).await?;
    let portal = row.member_id;
    let made = api::create(&state.ctx, &portal, new).await.map_err(|error| match error {
        NotMade::Refused { code, text } => Problem::new(Code::FollowUpRefused).with("code", code).with("text", text),
        NotMade::Later(why) => {
            tracing::warn!(portal.id = portal, error = why, "a follow-up could not be made now");
            Problem { retry_after: Some(10), ..Problem::new(Code::NotReady) }
        }
        NotMade::PortalGone => Problem::new(Code::PortalUnknown),
        NotMade::Db(error) => error.into(),
    })?;
    let row = made.into_iter().next().ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Created().json(FollowUp::from(row)))
}

/// Ends a follow-up that has not left yet; one that ended before stays as it ended.
#[utoipa::path(delete, path = "/api/v1/portals/{member_id}/follow-ups/{follow_up_id}", tag = "follow-ups",
    params(("member_id" = String, Path), ("follow_up_id" = String, Path)),
    responses((status = 200, body = FollowUp), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn cancel(access: Access, state: Data<State>, path: Path<(String, String)>) -> Result<Json<FollowUp>, Problem> {
    let (member_id, id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    let row = store::find(state.ctx.db.read(), &portal, &id).await?.ok_or_else(|| Problem::not_found("follow-up"))?;
    page_send::acted(&state, &access, row.document_id.as_deref()).await?;
    let row = api::cancel(&state.ctx, &portal, &id).await?.ok_or_else(|| Problem::not_found("follow-up"))?;
    Ok(Json(row.into()))
}
