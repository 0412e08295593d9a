//! `PUT …/theme`: the viewer of a page chooses how our pages look to them.

use super::live_portal;
use crate::flow::theme::{self, THEMES};
use crate::web::body::Incoming;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// A theme.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThemeChoice {
    /// `light dark system`.
    #[validate(length(max = 20))]
    theme: String,
}

/// Keeps the theme of the page's viewer.
#[utoipa::path(put, path = "/api/v1/portals/{member_id}/theme", tag = "pages", params(("member_id" = String, Path)),
    request_body = ThemeChoice, responses((status = 204), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn put(access: Access, state: Data<State>, path: Path<String>, payload: Incoming) -> Result<HttpResponse, Problem> {
    let asked: ThemeChoice = body::json(payload).await?;
    // The operator's token has no viewer.
    let visitor = access.page().ok_or_else(|| Problem::new(Code::RightsMissing))?;
    if !THEMES.contains(&asked.theme.as_str()) {
        return Err(Problem::new(Code::BodyInvalid).with("field", "theme").with("reason", THEMES.join(", ")));
    }
    let portal = live_portal(&state, &path).await?.member_id;
    theme::choose(&state.ctx, &portal, &visitor.user_id, &asked.theme).await?;
    Ok(HttpResponse::NoContent().finish())
}
