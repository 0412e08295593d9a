//! `GET /openapi.json`: the description of `/api/v1`, made from the handlers themselves.

use super::{
    call, card, channel, close, consent, conversation, erase, events, file, follow_up, inbox, installation, job, kind, message, overview,
    pairing, portal, preview, profile, quick_reply, robot, send, session, settings, theme,
};
use actix_web::HttpResponse;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "courier24", description = "Operator API of courier24: WhatsApp robots and activities for Bitrix24."),
    paths(
        portal::list, portal::get, settings::get, settings::put, robot::list, robot::register,
        kind::list, channel::list, channel::create, channel::get, channel::change, channel::remove, channel::templates, channel::sync_templates,
        pairing::look, pairing::start, pairing::unlink, profile::get, profile::change,
        call::list, call::get, message::list, message::get, send::send, send::resend, conversation::list, consent::list, consent::put,
        quick_reply::list, quick_reply::add, quick_reply::replace, quick_reply::remove, quick_reply::preview, inbox::list, inbox::get,
        follow_up::list, follow_up::get, follow_up::create, follow_up::cancel,
        job::list, job::redrive, erase::person,
        session::renew, installation::get, overview::get, card::get, preview::show, theme::put, events::listen, close::close, file::take,
    ),
    modifiers(&Bearer),
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("operator", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The document.
pub(crate) async fn document() -> HttpResponse {
    std::future::ready(HttpResponse::Ok().json(Description::openapi())).await
}
