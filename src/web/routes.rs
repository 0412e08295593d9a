//! Every route of the service, in one list.

use super::{api, app, assets, event, health, hook, install, media, metrics, observe, page, qr, robot, sms};
use crate::web::problem::{Code, Problem};
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, put};
use actix_web::{HttpRequest, HttpResponse, Resource};

/// The service's own address.
#[rustfmt::skip]
pub(super) fn service(config: &mut ServiceConfig) {
    const P: &str = "/api/v1/portals/{member_id}";
    let under = |rest: &str| format!("{P}{rest}");
    config
        // Bitrix24
        .service(at("/b24/robot",            "POST").route(post().to(robot::call)))
        .service(at("/b24/event",            "POST").route(post().to(event::happened)))
        .service(at("/b24/install",          "POST").route(post().to(install::first_contact)))
        .service(at("/b24/app",              "POST").route(post().to(app::main_page)))
        .service(at("/b24/placement/{name}", "POST").route(post().to(app::placement)))
        .service(at("/b24/sms/{secret}",     "POST").route(post().to(sms::unknown)))
        .service(at("/ui/install.js",        "GET").route(get().to(page::install_js)))
        .service(at("/ui/page.css",          "GET").route(get().to(page::page_css)))
        .service(at("/ui/{file:.*}",         "GET").route(get().to(assets::file)))
        // Providers
        .service(at("/hooks/{provider}/{channel_id}/{secret}", "GET, POST").route(get().to(hook::called)).route(post().to(hook::called)))
        .service(at("/media/{token}",        "GET, HEAD").route(get().to(media::file)).route(web::head().to(media::file)))
        .service(at("/qr",                   "GET").route(get().to(qr::draw)))
        // Operator API
        .service(at("/openapi.json",         "GET").route(get().to(api::openapi::document)))
        .service(at("/api/v1/channel-kinds", "GET").route(get().to(api::kind::list)))
        .service(at("/api/v1/portals",       "GET").route(get().to(api::portal::list)))
        .service(at(P,                       "GET").route(get().to(api::portal::get)))
        .service(at(&under("/settings"),     "GET, PUT").route(get().to(api::settings::get)).route(put().to(api::settings::put)))
        .service(at(&under("/robots"),       "GET").route(get().to(api::robot::list)))
        .service(at(&under("/robots/register"), "POST").route(post().to(api::robot::register)))
        .service(at(&under("/channels"),     "GET, POST").route(get().to(api::channel::list)).route(post().to(api::channel::create)))
        .service(at(&under("/channels/{channel_id}"), "GET, PATCH, DELETE")
            .route(get().to(api::channel::get)).route(patch().to(api::channel::change)).route(delete().to(api::channel::remove)))
        .service(at(&under("/channels/{channel_id}/templates"),      "GET").route(get().to(api::channel::templates)))
        .service(at(&under("/channels/{channel_id}/templates/sync"), "POST").route(post().to(api::channel::sync_templates)))
        .service(at(&under("/channels/{channel_id}/pairing"), "GET, POST, DELETE")
            .route(get().to(api::pairing::look)).route(post().to(api::pairing::start)).route(delete().to(api::pairing::unlink)))
        .service(at(&under("/channels/{channel_id}/profile"), "GET, PATCH")
            .route(get().to(api::profile::get)).route(patch().to(api::profile::change)))
        .service(at(&under("/calls"),                    "GET").route(get().to(api::call::list)))
        .service(at(&under("/calls/{call_id}"),          "GET").route(get().to(api::call::get)))
        .service(at(&under("/messages"),                 "GET, POST").route(get().to(api::message::list)).route(post().to(api::send::send)))
        .service(at(&under("/messages/{message_id}"),    "GET").route(get().to(api::message::get)))
        .service(at(&under("/follow-ups"),               "GET, POST").route(get().to(api::follow_up::list)).route(post().to(api::follow_up::create)))
        .service(at(&under("/follow-ups/{follow_up_id}"), "GET, DELETE")
            .route(get().to(api::follow_up::get)).route(delete().to(api::follow_up::cancel)))
        .service(at(&under("/messages/{message_id}/resend"), "POST").route(post().to(api::send::resend)))
        .service(at(&under("/messages/{message_id}/close"), "POST").route(post().to(api::close::close)))
        .service(at(&under("/consents"),                 "GET, PUT").route(get().to(api::consent::list)).route(put().to(api::consent::put)))
        .service(at(&under("/quick-replies"),            "GET, POST").route(get().to(api::quick_reply::list)).route(post().to(api::quick_reply::add)))
        .service(at(&under("/quick-replies/preview"),    "POST").route(post().to(api::quick_reply::preview)))
        .service(at(&under("/quick-replies/{name}"),     "PUT, DELETE")
            .route(put().to(api::quick_reply::replace)).route(delete().to(api::quick_reply::remove)))
        .service(at(&under("/conversations"),            "GET").route(get().to(api::conversation::list)))
        .service(at(&under("/inbox"),                    "GET").route(get().to(api::inbox::list)))
        .service(at(&under("/inbox/{inbox_id}"),         "GET").route(get().to(api::inbox::get)))
        .service(at(&under("/jobs"),                     "GET").route(get().to(api::job::list)))
        .service(at(&under("/jobs/redrive"),             "POST").route(post().to(api::job::redrive)))
        .service(at(&under("/erase"),                    "POST").route(post().to(api::erase::person)))
        // Pages
        .service(at("/api/v1/session",                   "POST").route(post().to(api::session::renew)))
        .service(at(&under("/installation"),             "GET").route(get().to(api::installation::get)))
        .service(at(&under("/overview"),                 "GET").route(get().to(api::overview::get)))
        .service(at(&under("/documents/{document_id}"),  "GET").route(get().to(api::card::get)))
        .service(at(&under("/files"),                    "POST").route(post().to(api::file::take)))
        .service(at(&under("/events"),                   "GET").route(get().to(api::events::listen)))
        .service(at(&under("/theme"),                    "PUT").route(put().to(api::theme::put)))
        .service(at(&under("/preview"),                  "POST").route(post().to(api::preview::show)))
        // Operating
        .service(at("/health/live",  "GET, HEAD").route(get().to(health::live)).route(web::head().to(health::live)))
        .service(at("/health/ready", "GET, HEAD").route(get().to(health::ready)).route(web::head().to(health::ready)))
        .service(at("/metrics",      "GET").route(get().to(metrics::show)))
        .default_service(web::to(observe::unknown_route));
}

/// Paths that the listener of `METRICS_LISTEN` shows; everything else is unknown there.
pub(super) const ON_METRICS_LISTENER: &[&str] = &["/metrics", "/health/live", "/health/ready"];

/// A path whose other methods are answered 405 with `Allow`.
fn at(path: &str, methods: &'static str) -> Resource {
    let allow = match methods {
        "GET" => "GET, HEAD",
        "GET, POST" => "GET, HEAD, POST",
        "GET, POST, DELETE" => "GET, HEAD, POST, DELETE",
        "GET, PATCH" => "GET, HEAD, PATCH",
        "GET, PUT" => "GET, HEAD, PUT",
        "GET, PATCH, DELETE" => "GET, HEAD, PATCH, DELETE",
        other => other,
    };
    let refuse = move |_: HttpRequest| {
        std::future::ready(Err::<HttpResponse, _>(Problem { allow: Some(allow), ..Problem::new(Code::MethodNotAllowed) }))
    };
    web::resource(path).default_service(web::to(refuse))
}
