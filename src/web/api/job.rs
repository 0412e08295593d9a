//! The queue as an operator needs it: what is dead, and starting it again.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::Job;
use super::{live_portal, one_of, portal_row};
use crate::db::store::api_job;
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// `dead` when absent; else `ready`, `running`.
    state: Option<String>,
    /// Kind of job.
    kind: Option<String>,
}

/// How many jobs were started again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redriven {
    /// Jobs that are ready again, with fresh attempts.
    redriven: u64,
}

/// Jobs of a portal in one state, the latest change first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/jobs", tag = "operating", params(("member_id" = String, Path), JobQuery, PageQuery),
    responses((status = 200, body = ListOf<Job>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    _: Operator,
    state: Data<State>,
    path: Path<String>,
    query: Query<JobQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<Job>>, Problem> {
    let portal = portal_row(&state, &path).await?.member_id;
    let page = page.page("jobs")?;
    one_of("state", query.state.as_deref(), &["dead", "ready", "running"])?;
    let wanted = query.state.as_deref().unwrap_or("dead");
    let rows = api_job::list(state.ctx.db.read(), &portal, wanted, query.kind.as_deref(), &page).await?;
    Ok(Json(close("jobs", &page, rows, |row| (row.updated_at, row.id.as_str()), Job::from)))
}

/// Starts all dead jobs of a portal again.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/jobs/redrive", tag = "operating", params(("member_id" = String, Path)),
    responses((status = 200, body = Redriven), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn redrive(_: Operator, state: Data<State>, path: Path<String>) -> Result<Json<Redriven>, Problem> {
    let portal = live_portal(&state, &path).await?.member_id;
    let redriven = crate::flow::redrive::portal(&state.ctx, &portal).await?;
    Ok(Json(Redriven { redriven }))
}
