//! `POST /b24/app` and `POST /b24/placement/{name}`: pages opened inside the portal. Nothing of the request is believed before the
//! viewer's token is proven at the stored address, and a document not before it was read with that token.

use super::api::card::SenderView;
use super::body::Incoming;
use super::install::refused;
use super::problem::{Code, Problem};
use super::shell::Shell;
use super::{State, body, boot, page};
use crate::bitrix::inbound::FramePost;
use crate::db::store::channel;
use crate::db::store::portal::PortalStatus;
use crate::flow::install::{self, Viewer};
use crate::flow::page_session::{self, Standing};
use crate::i18n;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::collections::BTreeMap;

/// Placements that exist and the pages they open; any other name is no route.
const PLACEMENTS: &[(&str, &str, &str)] = &[
    ("robot-settings", "robot", ""),
    ("deal-tab", "tab", "DEAL"),
    ("lead-tab", "tab", "LEAD"),
    ("contact-tab", "tab", "CONTACT"),
    ("company-tab", "tab", "COMPANY"),
    ("setting-connector", "", ""),
];

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
    // An employee has nothing to manage: the sentence says who has.
    if viewer.admin
        && let Some(answer) = opened(&state, &frame, &viewer, ("app", "page-app"), None).await?
    {
        return Ok(answer);
    }
    Ok(shown(&frame, &viewer, "page-app", &[status, who]))
}

/// A page inside a card or a settings dialog.
pub(super) async fn placement(
    state: Data<State>,
    request: HttpRequest,
    name: Path<String>,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    let Some((_, page, entity)) = PLACEMENTS.iter().find(|(known, ..)| *known == name.as_str()).copied() else {
        return Err(Problem::new(Code::RouteUnknown));
    };
    let frame = frame(&request, payload).await?;
    let viewer = match install::prove_viewer(&state.ctx, &frame.sender).await {
        Ok(viewer) => viewer,
        Err(refusal) => return refused(&state, &request, &frame, &refusal),
    };
    if page.is_empty() {
        return Ok(shown(&frame, &viewer, "page-placement", &["page-placement-later"]));
    }
    let title = if page == "robot" { "page-robot" } else { "page-tab" };
    let document = (!entity.is_empty()).then(|| boot::document_of(&frame, entity)).flatten();
    match opened(&state, &frame, &viewer, (page, title), document).await? {
        Some(answer) => Ok(answer),
        None => Ok(shown(&frame, &viewer, "page-placement", &["page-ui-missing"])),
    }
}

async fn frame(request: &HttpRequest, payload: Incoming) -> Result<FramePost, Problem> {
    let bytes = body::read(payload, body::PORTAL_CAP).await?;
    FramePost::parse(request.query_string(), &bytes).map_err(|error| Problem::unparsable(&error))
}

/// Language of the viewer, else of the portal.
fn language<'a>(frame: &'a FramePost, viewer: &'a Viewer) -> &'static str {
    i18n::language_for(if frame.lang.is_empty() { &viewer.portal.lang } else { &frame.lang })
}

/// A built page with a session of its own; `None` when the pages were not built.
///
/// # Errors
/// The session cannot be stored.
pub(super) async fn opened(
    state: &State,
    frame: &FramePost,
    viewer: &Viewer,
    (page, title): (&'static str, &str),
    document: Option<String>,
) -> Result<Option<HttpResponse>, Problem> {
    if !state.ctx.settings.pages {
        return Ok(None);
    }
    let access = &frame.sender.access_token;
    let lang = language(frame, viewer);
    let standing = boot::standing(state, frame, viewer, document).await;
    let session = Standing { placement: frame.placement.clone(), document: standing.document.clone() };
    let session = page_session::open(&state.ctx, viewer, access, session).await?;
    let theme = boot::theme(viewer);
    let living = channel::list(state.ctx.db.read(), &viewer.portal.member_id).await?;
    let channels: Vec<SenderView> = living.iter().map(SenderView::of).collect();
    let boot = boot::json(state, &boot::Told { frame, viewer, session: &session, standing: &standing, lang, page }, &channels);
    let portal = page::portal_origin(&viewer.portal.domain, &viewer.portal.client_endpoint);
    Ok(Shell { page, lang, theme, title: i18n::word(lang, title), portal, boot }.answer())
}

fn shown(frame: &FramePost, viewer: &Viewer, title: &str, sentences: &[&str]) -> HttpResponse {
    let portal = page::portal_origin(&viewer.portal.domain, &viewer.portal.client_endpoint);
    let args = BTreeMap::from([("domain".to_owned(), viewer.portal.domain.clone())]);
    page::Page { status: 200, lang: language(frame, viewer), title, sentences, args, portal, boot: None }.answer()
}
