//! The HTTP surface itself: methods, sizes and cursors, whatever stands behind them.

use crate::support::story::story;
use crate::support::town::{OPERATOR, Town, http, send};
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The answer to a head that declares a body of which nothing ever comes.
async fn declared(town: &Town, path: &str, bytes: u64) -> String {
    let mut stream = tokio::net::TcpStream::connect(town.url("").trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {OPERATOR}\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0_u8; 2_048];
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read(&mut answer)).await;
    let read = read.unwrap_or_else(|_| panic!("{path} waits for the body")).unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

story! {
    /// A monitor that asks with HEAD sees what GET would say, without the body.
    async fn head_answers_like_get(town) {
        let of_portal = format!("/api/v1/portals/{}/calls", town.portal.member_id());
        for path in ["/openapi.json", "/health/live", "/health/ready", "/ui/page.css", "/api/v1/channel-kinds", of_portal.as_str(), "/nowhere"] {
            let get = send(http().get(town.url(path)).bearer_auth(OPERATOR)).await;
            let head = send(http().head(town.url(path)).bearer_auth(OPERATOR)).await;
            assert_eq!(head.status(), get.status(), "{path}");
            for name in ["content-type", "content-security-policy", "content-length"] {
                assert_eq!(head.headers().get(name), get.headers().get(name), "{path}: {name}");
            }
            assert!(!get.bytes().await.unwrap().is_empty() && head.bytes().await.unwrap().is_empty(), "{path}");
        }
        let unproven = send(http().head(town.url(&of_portal))).await;
        assert_eq!(unproven.status().as_u16(), 401);
        let wrong = send(http().post(town.url("/openapi.json"))).await;
        assert_eq!((wrong.status().as_u16(), wrong.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
        let posted = send(http().head(town.url("/b24/robot"))).await;
        assert_eq!((posted.status().as_u16(), posted.headers()["allow"].to_str().unwrap()), (405, "POST"));
    }
}

story! {
    /// A declared length above the cap is refused at once: nobody waits for the bytes.
    async fn a_declared_oversize_is_refused_before_the_body(town) {
        let channels = format!("/api/v1/portals/{}/channels", town.portal.member_id());
        for (path, bytes) in [("/b24/robot", 8 * 1024 * 1024 + 1), ("/b24/event", 1_u64 << 40), ("/b24/install", u64::MAX), (channels.as_str(), 1024 * 1024 + 1)] {
            let answer = declared(&town, path, bytes).await;
            assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
            assert!(answer.contains("body_too_large"), "{path}: {answer}");
        }
    }
}

story! {
    /// A loop sends its cursor empty the first time; a cursor of another list is told apart.
    async fn an_empty_cursor_begins_the_list(town) {
        town.client_writes("Здравствуйте").await;
        for list in ["/messages", "/inbox", "/channels", "/conversations"] {
            let (plain, empty) = (town.api(list).await, town.api(&format!("{list}?after=")).await);
            assert_eq!(plain, empty, "{list}");
            assert!(!plain["items"].as_array().unwrap().is_empty(), "{list}");
        }
        let wrong = format!("/api/v1/portals/{}/messages?after=zzz", town.portal.member_id());
        let (status, told) = town.request("GET", &wrong, None).await;
        assert_eq!((status, &told["code"]), (400, &json!("cursor_invalid")));
    }
}

story! {
    /// What an inbound message did to the window is told as a time, as everywhere.
    async fn the_inbox_tells_the_window_as_a_time(town) {
        town.client_writes("Здравствуйте").await;
        let inbox = town.api("/inbox").await;
        let read_as = inbox["items"].as_array().unwrap().iter().find(|row| row["label"] == "message").unwrap()["read_as"].clone();
        let told = read_as["window_until"].as_str().unwrap_or_else(|| panic!("{read_as}"));
        assert_eq!(json!(told), town.api("/conversations").await["items"][0]["window_until"], "{read_as}");
        assert!(told.ends_with('Z') && told.contains('T'), "{told}");
    }
}

story! {
    /// A gateway's page in place of the template list says nothing about the keys.
    async fn a_gateways_page_is_not_blamed_on_the_keys(town) {
        for fault in [Fault::bad_gateway(), Fault::gateway_timeout()] {
            town.network.fault(FaultRule { path: "/template".to_owned(), times: 1, skip: 0, fault });
            let (status, told) = town.api_post(&format!("/channels/{}/templates/sync", town.channel), json!({})).await;
            assert_eq!((status, &told["code"]), (502, &json!("provider_unreachable")), "{told}");
            assert!(!told.to_string().contains("keys"), "{told}");
        }
        assert_eq!(town.channel_state().await, "connected");
    }
}
