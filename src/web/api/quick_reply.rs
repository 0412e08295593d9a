//! Quick replies: stored patterns by name.

use super::cursor::ListOf;
use super::{live_portal, portal_row};
use crate::flow::quick_replies::{self as flow, Edit, QuickReplyError, Sample};
use crate::web::body::Incoming;
use crate::web::operator::{Access, Operator};
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// A quick reply.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuickReply {
    /// Robots and settings name it `pattern:NAME`.
    name: String,
    /// Pattern: text with paths into facts.
    text: String,
    updated_at: Option<String>,
}

impl From<flow::QuickReply> for QuickReply {
    fn from(reply: flow::QuickReply) -> Self {
        Self { name: reply.name, text: reply.text, updated_at: reply.updated_at }
    }
}

/// A new quick reply.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuickReply {
    name: String,
    text: String,
}

/// A changed quick reply.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuickReplyText {
    text: String,
}

/// What to render: a stored one by `name`, or a `text`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    name: Option<String>,
    text: Option<String>,
    /// `DEAL_512`: whose facts.
    document: Option<String>,
}

/// What the client would get.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    text: String,
}

fn refused(error: QuickReplyError, name: &str) -> Problem {
    match error {
        QuickReplyError::Invalid { field, reason } => Problem::new(Code::BodyInvalid).with("field", field).with("reason", reason),
        QuickReplyError::Refused(refusal) => Problem::of_refusal(*refusal),
        QuickReplyError::Exists => Problem::new(Code::QuickReplyExists).with("name", name),
        QuickReplyError::Used(settings) => Problem::new(Code::QuickReplyUsed).with("name", name).with("settings", settings.join(", ")),
        QuickReplyError::NotFound => Problem::not_found("quick reply"),
        QuickReplyError::PortalGone => Problem::new(Code::PortalUnknown),
        QuickReplyError::Later => Problem { retry_after: Some(30), ..Problem::new(Code::PortalUnreachable) },
        QuickReplyError::Db(error) => error.into(),
    }
}

async fn change(state: &State, member_id: &str, name: &str, edit: Edit) -> Result<Option<QuickReply>, Problem> {
    let portal = live_portal(state, member_id).await?.member_id;
    let changed = flow::change(&state.ctx, &portal, name, edit).await.map_err(|error| refused(error, name))?;
    state.ctx.portals.forget(&portal).await;
    Ok(changed.map(QuickReply::from))
}

/// Quick replies of a portal by name.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/quick-replies", tag = "quick replies", params(("member_id" = String, Path)),
    responses((status = 200, body = ListOf<QuickReply>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(access: Access, state: Data<State>, path: Path<String>) -> Result<Json<ListOf<QuickReply>>, Problem> {
    // A page that stands in a document writes to its client; what it says stands here.
    access.narrowed(None)?;
    let row = portal_row(&state, &path).await?;
    Ok(Json(ListOf { items: flow::list(&row.settings).into_iter().map(QuickReply::from).collect(), next: None }))
}

/// Adds one.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/quick-replies", tag = "quick replies", params(("member_id" = String, Path)),
    request_body = NewQuickReply,
    responses((status = 201, body = QuickReply), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn add(_: Operator, state: Data<State>, path: Path<String>, payload: Incoming) -> Result<HttpResponse, Problem> {
    let asked: NewQuickReply = body::json(payload).await?;
    let added = change(&state, &path, &asked.name, Edit::Add(asked.text)).await?;
    Ok(HttpResponse::Created().json(added))
}

/// Changes one.
#[utoipa::path(put, path = "/api/v1/portals/{member_id}/quick-replies/{name}", tag = "quick replies",
    params(("member_id" = String, Path), ("name" = String, Path)), request_body = QuickReplyText,
    responses((status = 200, body = QuickReply), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn replace(
    _: Operator,
    state: Data<State>,
    path: Path<(String, String)>,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    let asked: QuickReplyText = body::json(payload).await?;
    let (member_id, name) = path.into_inner();
    let changed = change(&state, &member_id, &name, Edit::Replace(asked.text)).await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Removes one that nothing names.
#[utoipa::path(delete, path = "/api/v1/portals/{member_id}/quick-replies/{name}", tag = "quick replies",
    params(("member_id" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn remove(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (member_id, name) = path.into_inner();
    change(&state, &member_id, &name, Edit::Remove).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Renders one with the facts of a document; nothing is sent or stored.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/quick-replies/preview", tag = "quick replies", params(("member_id" = String, Path)),
    request_body = PreviewRequest,
    responses((status = 200, body = Preview), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn preview(_: Operator, state: Data<State>, path: Path<String>, payload: Incoming) -> Result<Json<Preview>, Problem> {
    let asked: PreviewRequest = body::json(payload).await?;
    let portal = live_portal(&state, &path).await?.member_id;
    let name = asked.name.clone().unwrap_or_default();
    let sample = match (asked.name, asked.text) {
        (Some(name), None) => Sample::Name(name),
        (None, Some(text)) => Sample::Text(text),
        _ => return Err(Problem::new(Code::BodyInvalid).with("field", "text").with("reason", "exactly one of name, text")),
    };
    let text = flow::preview(&state.ctx, &portal, sample, asked.document.as_deref()).await.map_err(|error| refused(error, &name))?;
    Ok(Json(Preview { text }))
}
