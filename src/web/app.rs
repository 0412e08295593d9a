//! `POST /b24/app` and `POST /b24/placement/{name}`: pages opened inside the portal. Nothing of the request is believed before the
//! viewer's token is proven at the stored address.

use super::body::Incoming;
use super::install::refused;
use super::problem::{Code, Problem};
use super::{State, body, page};
use crate::bitrix::inbound::FramePost;
use crate::db::store::portal::PortalStatus;
use crate::flow::install::{self, Viewer};
use crate::i18n;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::collections::BTreeMap;

/// Placements that exist; any other name is no route.
const PLACEMENTS: &[&str] = &["robot-settings", "deal-tab", "lead-tab", "contact-tab", "company-tab", "setting-connector"];

/// The application's own page. Opened by an administrator it brings a lost authorization back.
pub(super) async fn main_page(state: Data<State>, request: HttpRequest, payload: Incoming) -> Result<HttpResponse, Problem> {
    let frame = frame(&request, payload).await?;
    if install::reseed(&state.ctx, &frame).await? {
        tracing::info!(portal.id = frame.sender.member_id, "authorization restored by an administrator's visit");
    }
    let viewer = match install::prove_viewer(&state.ctx, &frame.sender).await {
        Ok(viewer) => viewer,
        Err(refusal) => return refused(&state, &request, &frame, &refusal),
    };
    let status = match viewer.portal.status {
        PortalStatus::Active => "page-app-active",
        PortalStatus::AuthLost => "page-app-auth-lost",
        PortalStatus::Paused => "page-app-paused",
        PortalStatus::Uninstalled => return Err(Problem::new(Code::PortalUninstalled)),
    };
    let who = if viewer.admin { "page-app-administrator" } else { "page-app-employee" };
    Ok(shown(&frame, &viewer, "page-app", &[status, who]))
}

/// A page inside a card or a settings dialog.
pub(super) async fn placement(
    state: Data<State>,
    request: HttpRequest,
    name: Path<String>,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    if !PLACEMENTS.contains(&name.as_str()) {
        return Err(Problem::new(Code::RouteUnknown));
    }
    let frame = frame(&request, payload).await?;
    match install::prove_viewer(&state.ctx, &frame.sender).await {
        Ok(viewer) => Ok(shown(&frame, &viewer, "page-placement", &["page-placement-later"])),
        Err(refusal) => refused(&state, &request, &frame, &refusal),
    }
}

async fn frame(request: &HttpRequest, payload: Incoming) -> Result<FramePost, Problem> {
    let bytes = body::read(payload, body::PORTAL_CAP).await?;
    FramePost::parse(request.query_string(), &bytes).map_err(|error| Problem::unparsable(&error))
}

fn shown(frame: &FramePost, viewer: &Viewer, title: &str, sentences: &[&str]) -> HttpResponse {
    let portal = page::portal_origin(&viewer.portal.domain, &viewer.portal.client_endpoint);
    let told = if frame.lang.is_empty() { &viewer.portal.lang } else { &frame.lang };
    let args = BTreeMap::from([("domain".to_owned(), viewer.portal.domain.clone())]);
    page::Page { status: 200, lang: i18n::language_for(told), title, sentences, args, portal, boot: None }.answer()
}
