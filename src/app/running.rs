//! Running and stopping: the server, the workers and the group commit side by side; when one of them ends by itself, all end.
//!
//! Order of a stop: no new requests and those under way answered; jobs under way finished, then broken off; leases and shards given
//! back; connections closed and the process lock freed.

use super::App;
use crate::db::Db;
use crate::flow::{Ctx, register};
use crate::lifecycle::{Patience, Stopper};
use crate::web;
use crate::worker::{self, Stop};
use actix_web::dev::ServerHandle;
use futures::future::{BoxFuture, FutureExt as _};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

/// A part that must not end has ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The HTTP server could not start.
    #[error("the HTTP server does not start: {0}")]
    Server(String),
    /// A task panicked, or ended without being asked to.
    #[error("{part} has ended: {why}")]
    Crashed {
        /// Which.
        part: &'static str,
        /// How.
        why: String,
    },
}

/// Tasks of a running application; dropping it stops them as a kill would.
struct Running {
    server: Option<Serving>,
    workers: Option<(AbortOnDropHandle<Result<(), String>>, Stop)>,
    accepter: AbortOnDropHandle<()>,
}

/// The server works in threads of its own, which end when it is told to.
///
/// Its task is not aborted: it is what carries an order to stop out to those threads, and then ends by itself.
struct Serving {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The order is given by the call itself; its future only waits for the end.
        drop(self.handle.stop(false));
    }
}

pub(super) async fn run(app: App) -> Result<(), RunError> {
    let (stopper, patience, ctx) = (app.stopper.clone(), app.patience, app.ctx.clone());
    let mut running = begin(app)?;
    let ended = tokio::select! {
        () = stopper.stopped() => Ok(()),
        crashed = running.crashed() => Err(crashed),
    };
    if let Err(crashed) = &ended {
        tracing::error!(error = %crashed, "a part of the service has ended; stopping");
        metrics::counter!("courier24_crashed_parts_total").increment(1);
    }
    running.stop(&stopper, patience).await;
    close(&ctx.db, patience.last).await;
    ended
}

fn begin(app: App) -> Result<Running, RunError> {
    let failed = |error: std::io::Error| RunError::Server(error.to_string());
    let (pulse, works) = (app.pulse.clone(), app.roles.worker);
    let parts = web::Parts {
        ctx: app.ctx.clone(),
        operator_token: app.config.operator_token.clone(),
        metrics: Some(app.metrics),
        workers_alive: std::sync::Arc::new(move || !works || pulse.alive()),
        stopping: app.stopper.token(),
    };
    let server = match app.listener.filter(|_| app.roles.web) {
        None => None,
        Some(listener) => {
            let server = web::serve(parts, listener, app.metrics_listener).map_err(failed)?;
            let handle = server.handle();
            Some(Serving { handle, task: tokio::spawn(server) })
        }
    };
    let workers = works.then(|| {
        let stop = Stop::default();
        let task = tokio::spawn(work(app.ctx.clone(), app.config.workers, stop.clone(), app.pulse));
        (AbortOnDropHandle::new(task), stop)
    });
    Ok(Running { server, workers, accepter: app.accepter })
}

async fn work(ctx: Ctx, workers: usize, stop: Stop, pulse: worker::Pulse) -> Result<(), String> {
    // Another address or another set of robots since the last start; a fault here is no reason not to send.
    if let Err(error) = register::notice_changes(&ctx).await {
        tracing::error!(error = %error, "changed robots were not looked for");
    }
    worker::run(ctx, workers, stop, pulse).await.map_err(|error| error.to_string())
}

impl Running {
    /// Waits for the first part that ends.
    async fn crashed(&mut self) -> RunError {
        let never = || std::future::pending::<String>().boxed();
        let server: BoxFuture<'_, String> = match &mut self.server {
            Some(serving) => async { (&mut serving.task).await.map_or_else(|error| error.to_string(), how) }.boxed(),
            None => never(),
        };
        let workers: BoxFuture<'_, String> = match &mut self.workers {
            Some((task, _)) => async { task.await.map_or_else(|error| error.to_string(), how) }.boxed(),
            None => never(),
        };
        let accepter = async { (&mut self.accepter).await.map_or_else(|error| error.to_string(), |()| "without an error".to_owned()) };
        let (part, why) = tokio::select! {
            why = server => ("the HTTP server", why),
            why = workers => ("the worker", why),
            why = accepter => ("the group commit", why),
        };
        RunError::Crashed { part, why }
    }

    async fn stop(self, stopper: &Stopper, patience: Patience) {
        if let Some(serving) = &self.server {
            let graceful = tokio::time::timeout(patience.requests, serving.handle.stop(true));
            tokio::select! {
                _ = graceful => {}
                () = stopper.hurried() => {}
            }
        }
        drop(self.server);
        // A crashed worker has told its end already; a handle must not be asked twice.
        if let Some((mut task, stop)) = self.workers.filter(|(task, _)| !task.is_finished()) {
            stop.soft.cancel();
            tokio::select! {
                _ = &mut task => return,
                () = tokio::time::sleep(patience.jobs) => {}
                () = stopper.hurried() => {}
            }
            stop.hard.cancel();
            let _ = tokio::time::timeout(patience.last, task).await;
        }
    }
}

fn how<E: std::fmt::Display>(ended: Result<(), E>) -> String {
    ended.map_or_else(|error| error.to_string(), |()| "without an error".to_owned())
}

async fn close(db: &Db, patience: Duration) {
    if tokio::time::timeout(patience, db.close()).await.is_err() {
        tracing::warn!("connections to the database were cut");
    }
    db.release_lock();
}
