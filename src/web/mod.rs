//! HTTP in: portals, providers, operators. Parses, proves, hands over to `flow`, answers; decides nothing about messages.
//!
//! Any 2xx to Bitrix24 or a provider means: committed. Errors of every route are problem documents (`problem`).

pub mod api;
mod app;
mod assets;
mod body;
mod boot;
mod event;
mod health;
mod hook;
mod install;
mod language;
mod listeners;
mod media;
mod metrics;
mod observe;
mod operator;
mod page;
pub mod problem;
mod qr;
mod robot;
mod routes;
mod shell;
mod sms;
mod state;

use state::State;
pub use state::{Alive, Parts};

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use std::net::TcpListener;
use std::time::Duration;

/// Whether the pages were built into this binary.
pub fn has_pages() -> bool {
    assets::entry("robot").is_some()
}

/// A peer sends its whole head within this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// An idle connection is kept this long; above the usual minute of a proxy in front, so that the proxy closes first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections of one server thread.
const CONNECTIONS: usize = 10_000;
/// Requests under way are answered within this time at shutdown.
const DRAIN_SECONDS: u64 = 20;

/// Starts the service on bound listeners; `metrics` shows metrics and health without a token, and nothing else. The caller drives the
/// returned server and stops it; signals are not touched here.
///
/// # Errors
/// A listener cannot be used.
pub fn serve(parts: Parts, listener: TcpListener, metrics: Option<TcpListener>) -> std::io::Result<Server> {
    let metrics_port = metrics.as_ref().map(TcpListener::local_addr).transpose()?.map(|address| address.port());
    let state = Data::new(State::new(parts, metrics_port));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).wrap(Compress::default()).wrap(from_fn(observe::request)).configure(routes::service)
    });
    let server = server.workers(threads).client_request_timeout(HEAD_TIMEOUT).keep_alive(KEEP_ALIVE);
    let server = server.max_connections(CONNECTIONS).shutdown_timeout(DRAIN_SECONDS).disable_signals().listen(listener)?;
    let server = metrics.into_iter().try_fold(server, HttpServer::listen)?;
    Ok(server.run())
}
