//! The roles of child processes: the load client, the server that does nothing, the server that commits one by one.
//!
//! A server tells its address in one line and ends when its standard input does, so that it never outlives the bench.

use super::load;
use super::process::Listening;
use crate::app::{App as Application, Parts};
use crate::bitrix::RobotCall;
use crate::config::{Config, Roles};
use crate::flow::accepter::Accepter;
use crate::flow::{Ctx, accept_call};
use actix_web::dev::Server;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

const BODY: usize = 8 * 1024 * 1024;

/// Reads a load from standard input, runs it, prints the result.
///
/// # Errors
/// No load, or it failed.
pub(super) async fn client() -> Result<()> {
    let mut told = Vec::new();
    std::io::stdin().lock().read_to_end(&mut told)?;
    let load = serde_json::from_slice(&told).context("load")?;
    // One thread without a neighbour to steal work from costs the least.
    let thread = std::thread::spawn(move || -> Result<load::Measured> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(load::run(load))
    });
    let measured = tokio::task::spawn_blocking(move || thread.join()).await?.map_err(|_| anyhow::anyhow!("the load client panicked"))??;
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// Reads each body and answers 200: the reference of accepting.
///
/// # Errors
/// No port.
pub(super) async fn noop() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?.to_string();
    let server = HttpServer::new(|| App::new().app_data(PayloadConfig::new(BODY)).default_service(web::to(nothing)))
        .workers(threads())
        .disable_signals()
        .listen(listener)?
        .run();
    serve(server, address).await
}

async fn nothing(body: Bytes) -> HttpResponse {
    std::future::ready(if body.is_empty() { HttpResponse::BadRequest().finish() } else { HttpResponse::Ok().finish() }).await
}

/// Accepts robot calls as the service does (parsing, proof, the same rows), but each in a transaction of its own. Settings come from
/// the environment as for `serve`.
///
/// # Errors
/// The application cannot be built, or no port.
pub(super) async fn one_by_one() -> Result<()> {
    let config = Config::load(None)?;
    let parts = Parts { roles: Some(Roles { web: false, worker: false }), ..Parts::default() };
    let app = Application::build(config, parts).await?;
    let ctx = app.ctx();
    let (accepter, _writer) = Accepter::one_by_one(ctx.db.clone(), Arc::clone(&ctx.ids), Arc::clone(&ctx.clock), Arc::clone(&ctx.wake));
    let ctx = Data::new(Ctx { accepter, ..ctx.clone() });
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?.to_string();
    let server =
        HttpServer::new(move || App::new().app_data(ctx.clone()).app_data(PayloadConfig::new(BODY)).default_service(web::to(accept_alone)))
            .workers(threads())
            .disable_signals()
            .listen(listener)?
            .run();
    serve(server, address).await
}

async fn accept_alone(ctx: Data<Ctx>, body: Bytes) -> HttpResponse {
    let Ok(call) = RobotCall::parse(&body) else { return HttpResponse::BadRequest().finish() };
    match ctx.portals.prove(&call.member_id, &call.application_token).await {
        Ok(Some(_)) => {}
        Ok(None) => return HttpResponse::Forbidden().finish(),
        Err(_) => return HttpResponse::ServiceUnavailable().finish(),
    }
    match accept_call::accept(&ctx, call).await {
        Ok(_) => HttpResponse::Ok().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

async fn serve(server: Server, address: String) -> Result<()> {
    let handle = server.handle();
    let (closed, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = closed.send(());
    });
    println!("{}", serde_json::to_string(&Listening { listening: address })?);
    std::io::stdout().flush()?;
    tokio::select! {
        ran = server => ran?,
        _ = ended => handle.stop(false).await,
    }
    Ok(())
}
