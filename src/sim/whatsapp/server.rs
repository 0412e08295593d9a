//! The HTTP server of a network, in a thread of its own: reads a request, lets it meet its fault, records it, asks the dialects.

use super::control;
use super::delivery;
use super::dialect;
use super::fault::Fault;
use super::media;
use super::observation::Request;
use super::state::Shared;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, web};
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Shutdown, TcpListener};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const MAX_BODY: usize = 110 * 1024 * 1024;
const AUTO_TICK: Duration = Duration::from_millis(40);

/// A second handle of the connection, to close it without an answer.
struct Wire(std::net::TcpStream);

/// A complete request, as plain values.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// GET, POST, …
    pub(super) method: String,
    /// Path without query.
    pub(super) path: String,
    /// Query pairs, decoded.
    pub(super) query: Vec<(String, String)>,
    /// Header names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    /// The body.
    pub(super) body: Bytes,
}

impl Call {
    /// A header by its lower-case name.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// First query value of that name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Path parts.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    fn observed_body(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        if self.header("content-type").starts_with("application/x-www-form-urlencoded") {
            let pairs = form_urlencoded::parse(&self.body).map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())));
            return Value::Object(pairs.collect());
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&self.body).into_owned()))
    }
}

/// An answer, as plain values.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// Extra headers.
    pub(super) headers: Vec<(String, String)>,
    /// Content type.
    pub(super) content_type: String,
    /// Body.
    pub(super) body: Bytes,
}

impl Answer {
    /// A JSON answer.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), content_type: "application/json".to_owned(), body: Bytes::from(body.to_string()) }
    }

    fn response(&self) -> HttpResponse {
        let mut builder = self.builder();
        builder.body(self.body.clone())
    }

    fn builder(&self) -> HttpResponseBuilder {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut builder = HttpResponse::build(status);
        builder.content_type(self.content_type.as_str());
        for (name, value) in &self.headers {
            builder.insert_header((name.as_str(), value.as_str()));
        }
        builder
    }
}

/// Starts the server thread; the handle stops it.
///
/// # Errors
/// When no loopback port can be had.
pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<ServerHandle> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let base = format!("http://{}", listener.local_addr()?);
    shared.lock().base.clone_from(&base);
    let _ = shared.base.set(base);
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new().name("sim-whatsapp".to_owned()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = match build(Arc::clone(&shared), listener) {
                Ok(server) => server,
                Err(error) => return drop(tell.send(Err(error))),
            };
            drop(tell.send(Ok(server.handle())));
            let flow = actix_web::rt::spawn(flow_by_itself(shared));
            let _ = server.await;
            flow.abort();
        });
    })?;
    told.recv().map_err(std::io::Error::other)?
}

fn build(shared: Arc<Shared>, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let data = web::Data::from(shared);
    let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(serve)))
        .on_connect(|stream, extensions| {
            let stream = stream.downcast_ref::<TcpStream>().and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
            if let Some(stream) = stream {
                extensions.insert(Wire(std::net::TcpStream::from(stream)));
            }
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)?;
    Ok(server.run())
}

/// Real time: only when switched on.
async fn flow_by_itself(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(AUTO_TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if shared.auto.load(Ordering::SeqCst) {
            delivery::flush(&shared).await;
        }
    }
}

async fn serve(request: HttpRequest, payload: web::Payload, shared: web::Data<Shared>) -> HttpResponse {
    let vendor_path = !request.path().starts_with("/_sim/") && !request.path().starts_with("/files/");
    let fault = if vendor_path { shared.lock().take_fault(request.path()) } else { None };
    if fault == Some(Fault::CloseBeforeReading) {
        record(&shared, &call_of(&request, Bytes::new()), fault.as_ref());
        return close(&request);
    }
    let Some(body) = read(payload).await else { return HttpResponse::PayloadTooLarge().finish() };
    let call = call_of(&request, body);
    if !vendor_path {
        let answer = if call.path.starts_with("/files/") { media::serve(&shared, &call) } else { control::answer(&shared, &call).await };
        return answer.response();
    }
    let number = record(&shared, &call, fault.as_ref());
    let answer = match fault {
        None => Reply::Answer(act(&shared, &call).await),
        Some(fault) => suffer(&shared, &call, fault).await,
    };
    match answer {
        Reply::Answer(answer) => {
            note_answer(&shared, number, &answer);
            answer.response()
        }
        Reply::Hang => std::future::pending().await,
        Reply::Close => close(&request),
        Reply::Cut(answer) => cut(&answer),
    }
}

enum Reply {
    Answer(Answer),
    Hang,
    Close,
    Cut(Answer),
}

async fn act(shared: &Shared, call: &Call) -> Answer {
    let answer = dialect::answer(shared, call).await;
    answer.unwrap_or_else(|| Answer::json(404, &json!({"status": "error", "message": "Not Found"})))
}

async fn suffer(shared: &Shared, call: &Call, fault: Fault) -> Reply {
    match fault {
        Fault::Answer { status, headers, body, content_type } => {
            Reply::Answer(Answer { status, headers, content_type, body: Bytes::from(body) })
        }
        Fault::Hang => Reply::Hang,
        Fault::CloseBeforeReading | Fault::CloseAfterReading => Reply::Close,
        Fault::AcceptThenHang => {
            act(shared, call).await;
            Reply::Hang
        }
        Fault::AcceptThenClose => {
            act(shared, call).await;
            Reply::Close
        }
        Fault::AcceptThenCut => Reply::Cut(act(shared, call).await),
        Fault::AcceptThenBadGateway => {
            act(shared, call).await;
            let Fault::Answer { status, headers, body, content_type } = Fault::bad_gateway() else { return Reply::Close };
            Reply::Answer(Answer { status, headers, content_type, body: Bytes::from(body) })
        }
        Fault::AcceptWithoutId => {
            let answer = act(shared, call).await;
            Reply::Answer(Answer::json(answer.status, &json!({"status": "submitted"})))
        }
        Fault::Slow { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Reply::Answer(act(shared, call).await)
        }
        Fault::EventsFirst => {
            let answer = act(shared, call).await;
            delivery::flush(shared).await;
            Reply::Answer(answer)
        }
    }
}

async fn read(mut payload: web::Payload) -> Option<Bytes> {
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if body.len() > MAX_BODY {
            return None;
        }
    }
    Some(body.freeze())
}

fn call_of(request: &HttpRequest, body: Bytes) -> Call {
    let headers =
        request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Call {
        method: request.method().as_str().to_owned(),
        path: request.path().to_owned(),
        query: form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect(),
        headers: headers.collect(),
        body,
    }
}

fn record(shared: &Shared, call: &Call, fault: Option<&Fault>) -> u64 {
    let mut state = shared.lock();
    let number = u64::try_from(state.requests.len()).unwrap_or(u64::MAX).saturating_add(1);
    state.requests.push(Request {
        number,
        at: shared.now(),
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        body: call.observed_body(),
        fault: fault.map(Fault::word),
        status: None,
        answer: None,
    });
    number
}

fn note_answer(shared: &Shared, number: u64, answer: &Answer) {
    let mut state = shared.lock();
    if let Some(request) = state.requests.iter_mut().rev().find(|request| request.number == number) {
        request.status = Some(answer.status);
        request.answer = serde_json::from_slice(&answer.body).ok();
    }
}

/// Closes the connection under the answer, so that not one byte of it leaves.
fn close(request: &HttpRequest) -> HttpResponse {
    if let Some(Wire(stream)) = request.conn_data::<Wire>() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    HttpResponse::InternalServerError().force_close().finish()
}

/// Sends the head and the first byte, then breaks off.
fn cut(answer: &Answer) -> HttpResponse {
    let first = answer.body.slice(0..answer.body.len().min(1));
    let broken = std::io::Error::other("cut by order");
    answer.builder().streaming(futures::stream::iter([Ok::<Bytes, std::io::Error>(first), Err(broken)]))
}
