//! Files named by tenants: streamed to disk with a cap, redirects followed by hand and checked one by one, credentials dropped when
//! the host changes. The type comes from the first bytes; the header only lends a name.

use super::exchange::{after_head, ending, head};
use super::{Outbound, OutboundError, Peer, build, measure, sniff, status_label};
use crate::domain::crash::Moment;
use crate::domain::http::{HttpRequest, Method};
use bytes::{Bytes, BytesMut};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use url::Url;

/// Redirects followed at most.
const HOPS: usize = 3;
/// Bytes kept for telling the type.
const HEAD_BYTES: usize = 4_096;
/// Time for a whole file; each piece has the exchange's own time.
const WHOLE_FILE: Duration = Duration::from_secs(600);
/// Headers that prove who we are, beside the secret ones.
const CREDENTIALS: [&str; 4] = ["authorization", "cookie", "referer", "proxy-authorization"];

/// A file, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Type told by the content.
    pub mime: Option<&'static str>,
    /// Type told by `Content-Type`, in lower case and without parameters: a claim, not a proof.
    pub told_mime: Option<String>,
    /// Name told by `Content-Disposition`, without any path.
    pub file_name: Option<String>,
    /// Bytes written, or the length told when only the beginning was read.
    pub size_bytes: Option<u64>,
    /// The first bytes, at most 4 KB.
    pub head: Bytes,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The exchange itself.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// Any answer but 200.
    #[error("answered {0}")]
    Status(u16),
    /// More than three redirects, or one that leads nowhere.
    #[error("redirected too often")]
    Redirects,
    /// Above the cap.
    #[error("file too large")]
    TooLarge,
    /// Our own disk.
    #[error("cannot be stored: {0}")]
    Disk(String),
}

impl FetchError {
    fn label(&self) -> &'static str {
        match self {
            Self::Outbound(error) => error.label(),
            Self::Status(status) => status_label(*status),
            Self::Redirects => "3xx",
            Self::TooLarge => "too_large",
            Self::Disk(_) => "disk",
        }
    }
}

impl Outbound {
    /// Streams a file to `path` (created, synced), at most `cap_bytes`; an unfinished file is removed. Only GET.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn download(
        &self,
        point: &'static str,
        peer: Peer,
        request: HttpRequest,
        path: &Path,
        cap_bytes: u64,
    ) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        self.crash.reach(point, Moment::Before).await;
        let work = async {
            let response = self.follow(request).await?;
            self.store(response, path, cap_bytes).await
        };
        let result = tokio::time::timeout(WHOLE_FILE, work).await;
        let result = result.unwrap_or_else(|_| Err(OutboundError::NoAnswer("file took too long".to_owned()).into()));
        if result.is_err() {
            // What was written so far is of no use; that it may not exist is no fault.
            let _ = tokio::fs::remove_file(path).await;
        }
        self.crash.reach(point, Moment::After).await;
        measure(peer, result.as_ref().map_or_else(FetchError::label, |_| "2xx"), started);
        result
    }

    /// Reads only the beginning of a file: is it there, what is it, how large.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn peek(&self, point: &'static str, peer: Peer, request: HttpRequest) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        self.crash.reach(point, Moment::Before).await;
        let work = async {
            let response = self.follow(request).await?;
            self.beginning(response).await
        };
        let result = tokio::time::timeout(self.settings.total_timeout, work).await;
        let result = result.unwrap_or_else(|_| Err(OutboundError::NoAnswer("file took too long".to_owned()).into()));
        self.crash.reach(point, Moment::After).await;
        measure(peer, result.as_ref().map_or_else(FetchError::label, |_| "2xx"), started);
        result
    }

    /// The response at the end of at most three redirects.
    async fn follow(&self, mut request: HttpRequest) -> Result<reqwest::Response, FetchError> {
        request.method = Method::Get;
        let mut url = build::url(&request)?;
        request.query.clear();
        for _ in 0..=HOPS {
            self.pins.admit(&url).await?;
            let built = build::request(&self.client, url.clone(), request.clone()).await?;
            let executed = tokio::time::timeout(self.settings.total_timeout, self.client.execute(built)).await;
            let response = executed.map_err(|_| OutboundError::NoAnswer("no answer in time".to_owned()))?.map_err(ending)?;
            match response.status().as_u16() {
                200 => return Ok(response),
                301 | 302 | 303 | 307 | 308 => {
                    let next = location(&response, &url).ok_or(FetchError::Redirects)?;
                    if next.origin() != url.origin() {
                        drop_credentials(&mut request);
                    }
                    url = next;
                }
                status => return Err(FetchError::Status(status)),
            }
        }
        Err(FetchError::Redirects)
    }

    async fn store(&self, mut response: reqwest::Response, path: &Path, cap_bytes: u64) -> Result<Fetched, FetchError> {
        if response.content_length().is_some_and(|told| told > cap_bytes) {
            return Err(FetchError::TooLarge);
        }
        let (file_name, told_mime) = (told_name(&response), told_mime(&response));
        let mut file = tokio::fs::File::create(path).await.map_err(disk)?;
        let (mut size, mut beginning) = (0_u64, BytesMut::new());
        while let Some(chunk) = self.piece(&mut response).await? {
            size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if size > cap_bytes {
                return Err(FetchError::TooLarge);
            }
            keep_head(&mut beginning, &chunk);
            file.write_all(&chunk).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        file.sync_all().await.map_err(disk)?;
        let mime = sniff::named(&beginning, file_name.as_deref().unwrap_or_default());
        Ok(Fetched { mime, told_mime, file_name, size_bytes: Some(size), head: beginning.freeze() })
    }

    async fn beginning(&self, mut response: reqwest::Response) -> Result<Fetched, FetchError> {
        let (file_name, told_mime) = (told_name(&response), told_mime(&response));
        let told = response.content_length();
        let (mut beginning, mut whole) = (BytesMut::new(), false);
        while beginning.len() < HEAD_BYTES {
            match self.piece(&mut response).await? {
                Some(chunk) => keep_head(&mut beginning, &chunk),
                None => {
                    whole = true;
                    break;
                }
            }
        }
        let size_bytes = if whole { u64::try_from(beginning.len()).ok() } else { told };
        let mime = sniff::named(&beginning, file_name.as_deref().unwrap_or_default());
        Ok(Fetched { mime, told_mime, file_name, size_bytes, head: beginning.freeze() })
    }

    async fn piece(&self, response: &mut reqwest::Response) -> Result<Option<Bytes>, FetchError> {
        match tokio::time::timeout(self.settings.total_timeout, response.chunk()).await {
            Ok(chunk) => Ok(chunk.map_err(after_head)?),
            Err(_) => Err(OutboundError::NoAnswer("file stopped coming".to_owned()).into()),
        }
    }
}

fn disk(error: std::io::Error) -> FetchError {
    FetchError::Disk(error.kind().to_string())
}

fn keep_head(beginning: &mut BytesMut, chunk: &[u8]) {
    let room = HEAD_BYTES.saturating_sub(beginning.len());
    beginning.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
}

fn location(response: &reqwest::Response, base: &Url) -> Option<Url> {
    let told = response.headers().get("location")?.to_str().ok()?;
    base.join(told).ok()
}

fn drop_credentials(request: &mut HttpRequest) {
    request.secret_headers.clear();
    request.headers.retain(|(name, _)| !CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()));
}

fn told_mime(response: &reqwest::Response) -> Option<String> {
    let told = response.headers().get("content-type")?.to_str().ok()?;
    let essence = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!essence.is_empty()).then_some(essence)
}

/// The name of `Content-Disposition`: `filename*` first, then `filename`; no path, no control characters.
fn told_name(response: &reqwest::Response) -> Option<String> {
    let (_, headers) = head(response);
    let told = headers.into_iter().find(|(name, _)| name == "content-disposition").map(|(_, value)| value)?;
    disposition_name(&told)
}

fn disposition_name(told: &str) -> Option<String> {
    let part = |wanted: &str| {
        told.split(';')
            .filter_map(|part| part.trim().split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
            .map(|(_, v)| v.trim())
    };
    let extended = part("filename*").and_then(|value| value.splitn(3, '\'').nth(2)).map(|encoded| {
        // Percent-decoding as in a form, where a plus would be a space: names keep theirs.
        let escaped = encoded.replace('+', "%2B");
        form_urlencoded::parse(escaped.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
    });
    let name = extended.or_else(|| part("filename").map(|value| value.trim_matches('"').to_owned()))?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = name.chars().filter(|symbol| !symbol.is_control()).take(240).collect();
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::disposition_name;

    #[test]
    fn a_told_name_has_no_path_and_may_be_encoded() {
        let table = [
            ("attachment; filename=\"act.pdf\"", Some("act.pdf")),
            ("attachment; filename=act.pdf; filename*=UTF-8''%D0%B0%D0%BA%D1%82%2B1.pdf", Some("акт+1.pdf")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\\\x\\\\y.doc\"", Some("y.doc")),
            ("inline", None),
            ("attachment; filename=\"\"", None),
        ];
        for (told, name) in table {
            assert_eq!(disposition_name(told).as_deref(), name, "{told}");
        }
    }
}
