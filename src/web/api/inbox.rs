//! Raw provider events: proof that nothing was lost, and what each was read as.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::InboxEvent;
use super::{one_of, portal_row};
use crate::db::store::api_inbox::{self, InboxFilter};
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use utoipa::IntoParams;

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// `stored done orphan unrouted`.
    state: Option<String>,
    /// `status message template account other`.
    label: Option<String>,
    /// Channel id.
    #[serde(alias = "channel")]
    channel_id: Option<String>,
    /// Dedupe key.
    event_key: Option<String>,
}

/// Newest events of a portal first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/inbox", tag = "journal", params(("member_id" = String, Path), InboxQuery, PageQuery),
    responses((status = 200, body = ListOf<InboxEvent>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    _: Operator,
    state: Data<State>,
    path: Path<String>,
    query: Query<InboxQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<InboxEvent>>, Problem> {
    let portal = portal_row(&state, &path).await?.member_id;
    let page = page.page("inbox")?;
    let query = query.into_inner();
    one_of("state", query.state.as_deref(), &["stored", "done", "orphan", "unrouted"])?;
    let filter = InboxFilter { state: query.state, label: query.label, channel_id: query.channel_id, event_key: query.event_key };
    let rows = api_inbox::list(state.ctx.db.read(), &portal, &filter, &page).await?;
    Ok(Json(close("inbox", &page, rows, |row| (row.received_at, row.id.as_str()), InboxEvent::from)))
}

/// One event.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/inbox/{inbox_id}", tag = "journal",
    params(("member_id" = String, Path), ("inbox_id" = String, Path)),
    responses((status = 200, body = InboxEvent), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<Json<InboxEvent>, Problem> {
    let (member_id, inbox_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    let row = api_inbox::find(state.ctx.db.read(), &portal, &inbox_id).await?.ok_or_else(|| Problem::not_found("inbox event"))?;
    Ok(Json(row.into()))
}
