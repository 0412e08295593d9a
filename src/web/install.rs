//! `POST /b24/install`: first contact, by the installer's frame or by the install call of an application without pages.

use super::body::Incoming;
use super::problem::{Code, Problem};
use super::{State, app, body, language, page};
use crate::bitrix::inbound::{FramePost, InstallPost};
use crate::flow::install::{self, InstallRefusal, Installed, Viewer};
use crate::i18n;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use std::collections::BTreeMap;

/// The four proofs are in `flow::install`; here only who is told what.
pub(super) async fn first_contact(state: Data<State>, request: HttpRequest, payload: Incoming) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload, body::PORTAL_CAP).await?;
    let post = InstallPost::parse(request.query_string(), &bytes).map_err(|error| Problem::unparsable(&error))?;
    if state.ctx.settings.client_id.is_empty() || state.ctx.settings.client_secret.is_empty() {
        return Err(Problem::new(Code::NotConfigured));
    }
    let outcome = install::install(&state.ctx, &post).await;
    match (&post, outcome) {
        (InstallPost::Event(_), Ok(_)) => Ok(HttpResponse::Ok().finish()),
        (InstallPost::Frame(frame), Ok(installed)) => Ok(finished(&state, frame, &installed).await?),
        (InstallPost::Frame(frame), Err(refusal)) => refused(&state, &request, frame, &refusal),
        (InstallPost::Event(_), Err(refusal)) => Err(Problem::of_install(&refusal)),
    }
}

/// The page that tells the portal it is done; its script calls `setInstallFinish`.
async fn finished(state: &State, frame: &FramePost, installed: &Installed) -> Result<HttpResponse, Problem> {
    let facts = state.ctx.portals.get(&installed.member_id).await?;
    if let Some(portal) = facts.clone() {
        let viewer = Viewer { portal, user_id: installed.user_id.clone(), admin: true, name: String::new() };
        if let Some(answer) = app::opened(state, frame, &viewer, ("install", "page-install"), None).await? {
            return Ok(answer);
        }
    }
    let endpoint = facts.as_ref().map(|facts| facts.client_endpoint.as_str()).unwrap_or_default();
    let portal = page::portal_origin(&installed.domain, endpoint);
    let boot = portal.as_deref().map(|origin| page::boot(origin, &frame.app_sid));
    let lang = i18n::language_for(&frame.lang);
    let sentences = ["page-installed-robots", "page-installed-next"];
    let args = BTreeMap::from([("domain".to_owned(), installed.domain.clone())]);
    Ok(page::Page { status: 200, lang, title: "page-installed", sentences: &sentences, args, portal, boot }.answer())
}

/// A refusal for a person when a person looks, else a problem document. A refusal by lack of rights is always a page.
pub(super) fn refused(state: &State, request: &HttpRequest, frame: &FramePost, refusal: &InstallRefusal) -> Result<HttpResponse, Problem> {
    let person = *refusal == InstallRefusal::NotAdmin || wants_html(request);
    if !person {
        return Err(Problem::of_install(refusal));
    }
    let lang = if frame.lang.is_empty() { language::of(request) } else { i18n::language_for(&frame.lang) };
    let key = Problem::of_install(refusal).text_key();
    let next = format!("{key}-next");
    // Nothing is proven here, so the frame's own word of its host is taken: the page shows no more than these sentences.
    let scheme = if state.ctx.settings.allow_private { "http://" } else { "https://" };
    let portal = page::portal_origin(&frame.domain, scheme);
    let sentences = [next.as_str()];
    Ok(page::Page { status: refusal.http_status(), lang, title: &key, sentences: &sentences, args: BTreeMap::new(), portal, boot: None }
        .answer())
}

fn wants_html(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
