//! `POST …/messages/{id}/close`: an unknown outcome that somebody has looked into is no open question any more.

use super::shape::Message;
use super::{live_portal, page_send};
use crate::db::store::api_message;
use crate::flow::close_unknown::{self, NotClosed};
use crate::web::State;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path};

/// Closes an unknown outcome. Its status stays `unknown` until the provider tells another one.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/messages/{message_id}/close", tag = "journal",
    params(("member_id" = String, Path), ("message_id" = String, Path)),
    responses((status = 200, body = Message), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn close(access: Access, state: Data<State>, path: Path<(String, String)>) -> Result<Json<Message>, Problem> {
    let (member_id, message_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    let row = api_message::find(state.ctx.db.read(), &portal, &message_id).await?.ok_or_else(|| Problem::not_found("message"))?;
    page_send::acted(&state, &access, row.document_id.as_deref()).await?;
    let by = access.page().map_or("operator", |visitor| visitor.user_id.as_str());
    let row = close_unknown::close(&state.ctx, &portal, &message_id, by).await.map_err(|why| match why {
        NotClosed::NotFound => Problem::not_found("message"),
        NotClosed::NotUnknown(status) => Problem::new(Code::OutcomeKnown).with("status", status),
        NotClosed::Db(error) => error.into(),
    })?;
    Ok(Json(row.into()))
}
