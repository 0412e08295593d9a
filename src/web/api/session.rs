//! `POST /api/v1/session`: a page renews its token with a fresh token of its viewer.

use crate::bitrix::inbound::Sender;
use crate::domain::clock::iso;
use crate::domain::document::CrmItem;
use crate::domain::secret::Secret;
use crate::flow::card::{self, NoCard};
use crate::flow::install::{self, Viewer};
use crate::flow::page_session::{self, Standing};
use crate::web::body::Incoming;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Who asks.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Portal.
    #[validate(length(max = 100))]
    member_id: String,
    /// The viewer's access token, as the portal's frame gives it.
    #[validate(length(max = 500))]
    auth_id: String,
    /// Placement code of the page.
    #[serde(default)]
    #[validate(length(max = 80))]
    placement: String,
    /// `DEAL_512`: proven readable with the viewer's token again.
    #[serde(default)]
    document: Option<String>,
}

/// A page's token.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Bearer token for `/api/v1`.
    token: String,
    expires_at: String,
    user_id: String,
    admin: bool,
}

/// Renews a page's token. The viewer's rights are looked up anew.
#[utoipa::path(post, path = "/api/v1/session", tag = "pages", request_body = SessionRequest,
    responses((status = 200, body = SessionView), (status = "4XX", body = ProblemDocument)))]
pub(crate) async fn renew(state: Data<State>, payload: Incoming) -> Result<Json<SessionView>, Problem> {
    let asked: SessionRequest = body::json(payload).await?;
    let access = Secret::new(asked.auth_id);
    let sender = Sender { member_id: asked.member_id, access_token: access.clone(), ..Sender::default() };
    let viewer = install::prove_viewer(&state.ctx, &sender).await.map_err(|refusal| Problem::of_install(&refusal))?;
    let document = match asked.document {
        Some(document) => Some(readable(&state, &viewer, &access, document).await?),
        None => None,
    };
    let standing = Standing { placement: asked.placement, document };
    let opened = page_session::open(&state.ctx, &viewer, &access, standing).await?;
    Ok(Json(SessionView { token: opened.token, expires_at: iso(opened.expires_at), user_id: viewer.user_id, admin: viewer.admin }))
}

async fn readable(state: &State, viewer: &Viewer, access: &Secret, document: String) -> Result<String, Problem> {
    if CrmItem::parse(&document).is_none() {
        return Err(Problem::new(Code::BodyInvalid).with("field", "document").with("reason", "DEAL_512"));
    }
    card::read(&state.ctx, &viewer.portal, access, &document).await.map_err(of_card)?;
    Ok(document)
}

/// Why a document is not shown, as a problem.
pub(in crate::web) fn of_card(why: NoCard) -> Problem {
    match why {
        NoCard::Hidden => Problem::new(Code::DocumentHidden),
        NoCard::Gone => Problem::not_found("document"),
        NoCard::TokenOver => Problem::new(Code::Unauthorized),
        NoCard::Later => Problem { retry_after: Some(10), ..Problem::new(Code::PortalSilent) },
    }
}
