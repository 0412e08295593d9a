//! The three endings against real listeners on loopback: the classification is a promise about duplicates, so it is not mocked.

use super::*;
use crate::domain::http::{Body, Method};
use crate::domain::secret::Secret;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn outbound(settings: OutboundSettings) -> Outbound {
    Outbound::new(settings, Arc::new(Crash::default())).unwrap()
}

/// Patient, so that a busy machine is no fault.
fn open() -> Outbound {
    outbound(OutboundSettings { allow_private: true, answer_cap_bytes: 1_000, ..OutboundSettings::default() })
}

/// For peers that never answer.
fn hasty() -> Outbound {
    let (connect_timeout, total_timeout) = (Duration::from_millis(400), Duration::from_millis(900));
    outbound(OutboundSettings { allow_private: true, connect_timeout, total_timeout, ..OutboundSettings::default() })
}

/// Serves every connection with `then`, which gets the request's head and what came with it. The body is read to its end first:
/// a connection closed with unread bytes is reset, and the reset may overtake the answer.
async fn listener<F, Fut>(then: F) -> SocketAddr
where
    F: Fn(TcpStream, String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let then = Arc::new(then);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let then = Arc::clone(&then);
            tokio::spawn(async move {
                let (mut head, mut buffer) = (Vec::new(), [0_u8; 1_024]);
                while !complete(&head) {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => break,
                        Ok(read) => head.extend_from_slice(&buffer[..read]),
                    }
                }
                then(stream, String::from_utf8_lossy(&head).into_owned()).await;
            });
        }
    });
    address
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let announced = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= head.len() + 4 + announced.unwrap_or_default()
}

/// A whole answer that announces the end of the connection: without it the next request may take a pooled connection that is closed
/// just now, and that is a lost answer.
fn last(answer: &str) -> String {
    answer.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
}

async fn answering(answer: &'static str) -> SocketAddr {
    listener(move |mut stream, _| async move {
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

fn post(address: SocketAddr) -> HttpRequest {
    let mut request = HttpRequest::new(Method::Post, format!("http://{address}/msg?token=s3cret"));
    request.body = Body::Form(vec![("a b".to_owned(), "ж&=".to_owned())]);
    request.secret_headers.push(("apikey".to_owned(), Secret::new("k3y")));
    request
}

async fn send(outbound: &Outbound, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
    outbound.send("test.send", Peer::Provider, request).await
}

#[tokio::test]
async fn a_complete_answer_of_any_status_is_an_answer() {
    let address = answering("HTTP/1.1 503 X\r\nContent-Length: 2\r\nRetry-After: 3\r\nX-A: b\r\n\r\n{}").await;
    let answer = send(&open(), post(address)).await.unwrap();
    assert_eq!((answer.status, answer.header("x-a"), answer.body.as_ref()), (503, Some("b"), b"{}".as_slice()));
    assert_eq!(retry_after_ms(&answer, 0), Some(3_000));
}

#[tokio::test]
async fn body_headers_and_query_leave_as_given() {
    let address = listener(|mut stream, head| async move {
        let echo = head.replace("\r\n", "|");
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{echo}", echo.len()).as_bytes()).await;
    })
    .await;
    let mut request = post(address);
    request.query.push(("q".to_owned(), "1 2".to_owned()));
    let echo = String::from_utf8(send(&open(), request).await.unwrap().body.to_vec()).unwrap();
    for part in [
        "POST /msg?token=s3cret&q=1+2 HTTP/1.1",
        "apikey: k3y",
        "content-type: application/x-www-form-urlencoded",
        "user-agent: courier24/",
    ] {
        assert!(echo.to_lowercase().contains(&part.to_lowercase()), "{part} not in {echo}");
    }
}

#[tokio::test]
async fn refused_and_unresolvable_and_mute_tls_are_not_sent() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = socket.local_addr().unwrap();
    drop(socket);
    assert!(matches!(send(&hasty(), post(gone)).await, Err(OutboundError::NotSent(_))));
    let nowhere = HttpRequest::new(Method::Get, "http://no-such-name.invalid/");
    assert!(matches!(send(&hasty(), nowhere).await, Err(OutboundError::NotSent(_))));
    // Accepts the connection and never says a word of TLS.
    let mute = listener(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
    })
    .await;
    let hello = HttpRequest::new(Method::Get, format!("https://{mute}/"));
    assert!(matches!(send(&hasty(), hello).await, Err(OutboundError::NotSent(_))));
    // Speaks something else than TLS.
    let plain = answering("HTTP/1.1 400 Bad\r\n\r\n").await;
    let hello = HttpRequest::new(Method::Get, format!("https://{plain}/"));
    let refused = send(&hasty(), hello).await;
    assert!(matches!(refused, Err(OutboundError::NotSent(_))), "{refused:?}");
}

#[tokio::test]
async fn anything_after_the_request_may_have_left_is_no_answer() {
    let hang = listener(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
    })
    .await;
    let closes = listener(|stream, _| async move { drop(stream) }).await;
    let half_head = answering("HTTP/1.1 200 OK\r\nContent-Le").await;
    let half_body = answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"messageId\":\"x\"}").await;
    let half_chunks = answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
    let rubbish = answering("SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
    for address in [hang, closes, half_head, half_body, half_chunks, rubbish] {
        let result = send(&hasty(), post(address)).await;
        assert!(matches!(&result, Err(OutboundError::NoAnswer(text)) if !text.contains("s3cret")), "{result:?}");
    }
}

#[tokio::test]
async fn an_answer_above_the_cap_is_too_large() {
    let long = listener(|mut stream, _| async move {
        let body = "x".repeat(2_000);
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
    })
    .await;
    assert_eq!(send(&open(), post(long)).await.unwrap_err(), OutboundError::TooLarge);
}

#[tokio::test]
async fn a_connection_closed_between_two_requests_is_not_a_lost_message() {
    // One answer a connection, closed without saying so: the pooled connection is stale for the second request.
    let address = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let outbound = open();
    for _ in 0..3 {
        assert_eq!(send(&outbound, post(address)).await.unwrap().status, 200);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

#[tokio::test]
async fn redirects_are_answers_and_the_guard_speaks_before_the_wire() {
    let address = answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(send(&open(), post(address)).await.unwrap().status, 302);
    let strict = outbound(OutboundSettings::default());
    for url in [
        format!("http://{address}/"),
        format!("https://localhost:{}/", address.port()),
        "https://u:p@example.org/".to_owned(),
        "ftp://example.org/".to_owned(),
        "https://0x7f000001/".to_owned(),
        "https://[::ffff:127.0.0.1]/".to_owned(),
        "https://169.254.169.254/latest".to_owned(),
        "nonsense".to_owned(),
    ] {
        let result = send(&strict, HttpRequest::new(Method::Get, url.clone())).await;
        assert!(matches!(result, Err(OutboundError::Blocked(_))), "{url}: {result:?}");
    }
    let own = outbound(OutboundSettings { allow_private: true, own_port: Some(address.port()), ..OutboundSettings::default() });
    assert!(matches!(send(&own, post(address)).await, Err(OutboundError::Blocked(_))));
    assert_eq!(own.reach("http://127.0.0.1:9/").await, Ok(Reach::Open));
}

#[tokio::test]
async fn files_follow_three_redirects_and_stop_at_the_cap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let address = listener(|mut stream, head| async move {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let other = host.replace("127.0.0.1", "localhost");
        let secret = head.contains("authorization: token") || head.contains("apikey:");
        let answer = match head.split(' ').nth(1).unwrap_or_default() {
            "/start" => "HTTP/1.1 302 F\r\nLocation: /same\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "/same" if secret => format!("HTTP/1.1 307 F\r\nLocation: http://{other}/other\r\nContent-Length: 0\r\n\r\n"),
            "/other" if !secret => "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=a.png\r\nContent-Length: 12\r\n\r\n%PDF-1.7xxxx".to_owned(),
            "/loop" => "HTTP/1.1 302 F\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "/long" => format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(50_000)),
            _ => "HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        let _ = stream.write_all(last(&answer).as_bytes()).await;
    })
    .await;
    let outbound = open();
    let get = |path: &str| {
        let mut request = HttpRequest::new(Method::Get, format!("http://{address}{path}"));
        request.secret_headers.push(("authorization".to_owned(), Secret::new("token")));
        request
    };
    let fetched = outbound.download("test.download", Peer::File, get("/start"), &path, 1_000).await.unwrap();
    assert_eq!((fetched.mime, fetched.file_name.as_deref(), fetched.size_bytes), (Some("application/pdf"), Some("a.png"), Some(12)));
    assert_eq!(fetched.head.len(), 12);
    assert_eq!(std::fs::read(&path).unwrap(), b"%PDF-1.7xxxx");
    let peeked = outbound.peek("test.peek", Peer::File, get("/start")).await.unwrap();
    assert_eq!((peeked.mime, peeked.size_bytes), (Some("application/pdf"), Some(12)));
    assert_eq!(outbound.download("test.download", Peer::File, get("/loop"), &path, 1_000).await, Err(FetchError::Redirects));
    assert_eq!(outbound.download("test.download", Peer::File, get("/long"), &path, 1_000).await, Err(FetchError::TooLarge));
    assert!(!path.exists(), "an unfinished file is removed");
    assert_eq!(outbound.peek("test.peek", Peer::File, get("/none")).await, Err(FetchError::Status(404)));
}

#[tokio::test]
async fn a_crash_point_holds_the_wire_call_on_both_sides() {
    let address = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    for moment in [crate::domain::crash::Moment::Before, crate::domain::crash::Moment::After] {
        let crash = Arc::new(Crash::default());
        let settings = OutboundSettings { allow_private: true, ..OutboundSettings::default() };
        let outbound = Outbound::new(settings, Arc::clone(&crash)).unwrap();
        crash.arm("test.send", moment, 0);
        let held = tokio::time::timeout(Duration::from_millis(300), send(&outbound, post(address))).await;
        assert!(held.is_err() && crash.hits() == 1);
    }
}
