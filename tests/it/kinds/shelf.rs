//! A public file server as the internet has them: honest, lying, slow, endless; and files of every kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n";
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
pub(crate) const OPUS: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\x02\x03\x04\0\0\0\0OpusHead\x01\x01";
pub(crate) const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0";
pub(crate) const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41";

/// A still sticker of these measures.
pub(crate) fn webp(side: u16, bytes: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
    for _ in 0..2 {
        file.extend([(side - 1).to_le_bytes()[0], (side - 1).to_le_bytes()[1], 0]);
    }
    file.resize(bytes.max(file.len()), 0);
    file
}

/// A file of so many bytes that begins like this.
pub(crate) fn padded(head: &[u8], bytes: usize) -> Vec<u8> {
    let mut file = head.to_vec();
    file.resize(bytes, 0);
    file
}

/// How an address answers.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Type as claimed, length told.
    Plain(&'static str, Vec<u8>),
    /// The same without a length.
    Chunked(&'static str, Vec<u8>),
    /// The head, and then nothing more.
    Silent,
    /// Another address.
    Moved(String),
    /// As much as anybody takes.
    Endless(&'static [u8]),
    Status(u16),
}

/// The server; `hits` counts requests.
pub(crate) struct Shelf {
    pub(crate) base: String,
    pub(crate) hits: Arc<AtomicUsize>,
}

impl Shelf {
    pub(crate) async fn open(files: Vec<(&'static str, Manner)>) -> Self {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", socket.local_addr().unwrap());
        let hits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&hits);
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, files.clone()));
            }
        });
        Self { base, hits }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

async fn serve(mut stream: tokio::net::TcpStream, files: Vec<(&'static str, Manner)>) {
    let mut asked = vec![0_u8; 8_192];
    let Ok(read) = stream.read(&mut asked).await else { return };
    let head = String::from_utf8_lossy(&asked[..read]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    let manner = files.iter().find(|(name, _)| *name == path).map_or(Manner::Status(404), |(_, manner)| manner.clone());
    let begin = |mime: &str, more: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\nConnection: close\r\n{more}\r\n");
    let bytes = match manner {
        Manner::Plain(mime, body) => [begin(mime, &format!("Content-Length: {}\r\n", body.len())).as_bytes(), &body].concat(),
        Manner::Chunked(mime, body) => {
            let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
            [begin(mime, "Transfer-Encoding: chunked\r\n").as_bytes(), &chunk].concat()
        }
        Manner::Moved(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes(),
        Manner::Status(status) => format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes(),
        Manner::Silent => {
            let _ = stream.write_all(begin("image/png", "Content-Length: 100\r\n").as_bytes()).await;
            tokio::time::sleep(Duration::from_secs(30)).await;
            return;
        }
        Manner::Endless(head) => return endless(stream, head).await,
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn endless(mut stream: tokio::net::TcpStream, head: &[u8]) {
    let begin = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let chunk = |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
    if stream.write_all(&[begin.as_bytes(), &chunk(head)].concat()).await.is_err() {
        return;
    }
    let rest = chunk(&vec![0_u8; 256 * 1024]);
    // Ends when nobody listens any more.
    while stream.write_all(&rest).await.is_ok() {}
}
