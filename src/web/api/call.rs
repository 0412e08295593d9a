//! Robot calls: the list, and the whole story of one.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::{Call, CallDetail};
use super::{one_of, portal_row};
use crate::db::store::api_call::{self, CallFilter};
use crate::web::operator::Access;
use crate::web::problem::{Problem, ProblemDocument};
use crate::web::{State, language};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use utoipa::IntoParams;

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// `accepted waiting answered done refused dead`.
    state: Option<String>,
    /// CODE as called.
    code: Option<String>,
    /// `DEAL_512`.
    #[serde(alias = "document")]
    document_id: Option<String>,
    /// The step's token.
    event_token: Option<String>,
    /// The process.
    workflow_id: Option<String>,
}

const STATES: &[&str] = &["accepted", "waiting", "answered", "done", "refused", "dead"];

/// Newest robot calls of a portal first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/calls", tag = "journal", params(("member_id" = String, Path), CallQuery, PageQuery),
    responses((status = 200, body = ListOf<Call>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    access: Access,
    state: Data<State>,
    path: Path<String>,
    query: Query<CallQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<Call>>, Problem> {
    let portal = portal_row(&state, &path).await?.member_id;
    let page = page.page("calls")?;
    let query = query.into_inner();
    one_of("state", query.state.as_deref(), STATES)?;
    let filter = CallFilter {
        state: query.state,
        code: query.code,
        document_id: access.narrowed(query.document_id)?,
        event_token: query.event_token,
        workflow_id: query.workflow_id,
    };
    let rows = api_call::list(state.ctx.db.read(), &portal, &filter, &page).await?;
    Ok(Json(close("calls", &page, rows, |row| (row.accepted_at, row.id.as_str()), |row| Call::from(&row))))
}

/// Who fired, what was read and rendered, what was decided by which rule, each attempt, each status, the answer, each write-back.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/calls/{call_id}", tag = "journal",
    params(("member_id" = String, Path), ("call_id" = String, Path)),
    responses((status = 200, body = CallDetail), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(
    access: Access,
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<Json<CallDetail>, Problem> {
    let lang = language::of(&request);
    let (member_id, call_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    let story = api_call::story(state.ctx.db.read(), &portal, &call_id).await?.ok_or_else(|| Problem::not_found("call"))?;
    access.may_see(Some(&story.call.document_id))?;
    let detail = CallDetail::from(story).told_in(lang);
    Ok(Json(if access.whole_portal() { detail } else { detail.without_facts() }))
}
