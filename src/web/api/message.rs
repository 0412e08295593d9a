//! Messages in both directions.

use super::card::seen;
use super::cursor::{ListOf, PageQuery, close};
use super::shape::{Attempt, Message, MessageDetail, StatusReport};
use super::{one_of, phone_digits, portal_row};
use crate::db::store::api_call;
use crate::db::store::api_message::{self, MessageFilter};
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
pub struct MessageQuery {
    /// `out` or `in`.
    direction: Option<String>,
    /// Status word.
    status: Option<String>,
    /// Kind word.
    kind: Option<String>,
    /// Channel id.
    #[serde(alias = "channel")]
    channel_id: Option<String>,
    /// Robot call.
    call_id: Option<String>,
    /// Conversation.
    conversation_id: Option<String>,
    /// `DEAL_512`.
    #[serde(alias = "document")]
    document_id: Option<String>,
    /// Phone, however it is written.
    phone: Option<String>,
    /// Business-scoped user id.
    bsuid: Option<String>,
    /// The provider's id.
    provider_id: Option<String>,
}

/// Newest messages of a portal first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/messages", tag = "journal", params(("member_id" = String, Path), MessageQuery, PageQuery),
    responses((status = 200, body = ListOf<Message>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    access: Access,
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<MessageQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<Message>>, Problem> {
    let portal = portal_row(&state, &path).await?;
    let page = page.page("messages")?;
    let lang = language::of(&request);
    let query = query.into_inner();
    one_of("direction", query.direction.as_deref(), &["out", "in"])?;
    let recipient = query.phone.map(|phone| phone_digits(&portal, &phone)).or(query.bsuid);
    let document_id = narrowed(&state, &access, recipient.as_deref(), query.document_id).await?;
    let filter = MessageFilter {
        direction: query.direction,
        status: query.status,
        kind: query.kind,
        channel_id: query.channel_id,
        call_id: query.call_id,
        conversation_id: query.conversation_id,
        document_id,
        recipient,
        provider_id: query.provider_id,
    };
    let rows = api_message::list(state.ctx.db.read(), &portal.member_id, &filter, &page).await?;
    Ok(Json(close("messages", &page, rows, |row| (row.created_at, row.id.as_str()), |row| Message::from(row).told_in(lang))))
}

/// Whose messages a caller may list: an employee those of a number of the page's document, else those of the document itself.
async fn narrowed(state: &State, access: &Access, recipient: Option<&str>, asked: Option<String>) -> Result<Option<String>, Problem> {
    if let (false, Some(visitor), Some(recipient)) = (access.whole_portal(), access.page(), recipient) {
        let own = access.narrowed(None)?.unwrap_or_default();
        if seen(state, visitor, &own).await?.has_phone(recipient) {
            return Ok(asked);
        }
    }
    access.narrowed(asked)
}

/// One message with its attempts and status reports.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/messages/{message_id}", tag = "journal",
    params(("member_id" = String, Path), ("message_id" = String, Path)),
    responses((status = 200, body = MessageDetail), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(
    access: Access,
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<Json<MessageDetail>, Problem> {
    let lang = language::of(&request);
    let (member_id, message_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    let db = state.ctx.db.read();
    let row = api_message::find(db, &portal, &message_id).await?.ok_or_else(|| Problem::not_found("message"))?;
    access.may_see(row.document_id.as_deref())?;
    let ids = [message_id];
    let attempts = api_call::attempts(db, &portal, &ids).await?.into_iter().map(Attempt::from).collect();
    let statuses = api_call::events(db, &portal, &ids).await?.into_iter().map(StatusReport::from).collect();
    Ok(Json(MessageDetail { message: Message::from(row).told_in(lang), attempts, statuses }))
}
