//! Listeners: one thread with its own runtime per origin, one catch-all route, answers that may also be a cut connection.
//!
//! The thread makes a portal usable from any runtime (a story's, the demo's) and lets its queue deliver on its own.

use actix_web::http::StatusCode;
use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use futures::future::LocalBoxFuture;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::Arc;

const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// A request as the simulators look at it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Port of the listener that took it.
    pub(crate) port: u16,
}

impl Incoming {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    /// A complete one.
    Reply { status: u16, headers: Vec<(String, String)>, body: Bytes },
    /// The connection ends without a byte.
    Cut,
}

impl Outgoing {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers =
            vec![("content-type".into(), "application/json; charset=utf-8".into()), ("access-control-allow-origin".into(), "*".into())];
        Self::Reply { status, headers, body: body.to_string().into() }
    }

    pub(crate) fn html(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Reply { status, headers: vec![("content-type".into(), "text/html; charset=utf-8".into())], body: body.into() }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        let headers = vec![("location".into(), location.to_owned()), ("content-type".into(), "text/html".into())];
        Self::Reply { status: 302, headers, body: Bytes::from_static(b"<html><body>Moved</body></html>") }
    }
}

/// What answers on a listener.
pub(crate) trait Site: Clone + Send + Sync + 'static {
    fn answer(&self, incoming: Incoming) -> LocalBoxFuture<'static, Outgoing>;
}

/// A running listener; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Listening {
    handle: actix_web::dev::ServerHandle,
    /// The thread's runtime: deliveries of the queue run there.
    pub(crate) runtime: tokio::runtime::Handle,
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// A listener on loopback. Port 0 takes a free one.
pub(crate) fn listen(port: u16) -> std::io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Serves a site from a thread of its own.
pub(crate) fn serve<S: Site>(listener: TcpListener, port: u16, site: S) -> std::io::Result<Listening> {
    let (started, ready) = std::sync::mpsc::channel();
    std::thread::Builder::new().name(format!("sim-portal-{port}")).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(web::PayloadConfig::new(BODY_LIMIT))
                    .app_data(web::Data::new((site.clone(), port)))
                    .default_service(web::to(route::<S>))
            })
            .on_connect(|connection, extensions| {
                let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
                if let Some(copy) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) {
                    extensions.insert(Arc::new(TcpStream::from(copy)));
                }
            })
            .workers(1)
            .disable_signals()
            .listen(listener);
            match server {
                Ok(server) => {
                    let server = server.run();
                    let listening = Listening { handle: server.handle(), runtime: tokio::runtime::Handle::current() };
                    if started.send(Ok(listening)).is_ok() {
                        server.await.ok();
                    }
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    })?;
    ready.recv().unwrap_or_else(|_| Err(std::io::Error::other("the simulator's thread ended at its start")))
}

async fn route<S: Site>(request: HttpRequest, body: Bytes, site: web::Data<(S, u16)>) -> HttpResponse {
    let (site, port) = site.get_ref();
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(key, value)| (key.as_str().to_lowercase(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let incoming = Incoming {
        method: request.method().as_str().to_owned(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        content_type: request.content_type().to_lowercase(),
        headers,
        body,
        port: *port,
    };
    match site.answer(incoming).await {
        Outgoing::Reply { status, headers, body } => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            for (name, value) in headers {
                response.insert_header((name, value));
            }
            response.body(body)
        }
        Outgoing::Cut => {
            if let Some(stream) = request.conn_data::<Arc<TcpStream>>() {
                stream.shutdown(Shutdown::Both).ok();
            }
            HttpResponse::InternalServerError().finish()
        }
    }
}
