//! Conversations and their windows.

use super::cursor::{ListOf, PageQuery, close};
use super::shape::Conversation;
use super::{phone_digits, portal_row};
use crate::db::store::api_conversation::{self, ConversationFilter};
use crate::flow::consent;
use crate::web::State;
use crate::web::operator::Operator;
use crate::web::problem::{Problem, ProblemDocument};
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use utoipa::IntoParams;

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConversationQuery {
    /// Phone, however it is written.
    phone: Option<String>,
    /// Business-scoped user id.
    bsuid: Option<String>,
    /// Channel id.
    #[serde(alias = "channel_id")]
    channel: Option<String>,
}

/// Conversations that moved last first.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/conversations", tag = "journal",
    params(("member_id" = String, Path), ConversationQuery, PageQuery),
    responses((status = 200, body = ListOf<Conversation>), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn list(
    _: Operator,
    state: Data<State>,
    path: Path<String>,
    query: Query<ConversationQuery>,
    page: Query<PageQuery>,
) -> Result<Json<ListOf<Conversation>>, Problem> {
    let portal = portal_row(&state, &path).await?;
    let page = page.page("conversations")?;
    let query = query.into_inner();
    let filter =
        ConversationFilter { phone: query.phone.map(|phone| phone_digits(&portal, &phone)), bsuid: query.bsuid, channel_id: query.channel };
    let rows = api_conversation::list(state.ctx.db.read(), &portal.member_id, &filter, &page).await?;
    let standings = consent::of_conversations(&state.ctx, &portal.member_id, &rows).await?;
    let mut list = close("conversations", &page, rows, |row| (row.updated_at, row.id.as_str()), Conversation::from);
    for (one, standing) in list.items.iter_mut().zip(standings) {
        one.stand(&standing);
    }
    Ok(Json(list))
}
