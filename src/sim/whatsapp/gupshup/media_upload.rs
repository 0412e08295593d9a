//! `POST /partner/app/{appId}/media`: a file for sending, multipart `file` and `file_type` (reference 4.6).

use super::super::server::{Answer, Call};
use super::super::state::{State, new_uuid};
use super::super::wire;
use super::envelope::{self, PartnerLimit};
use super::form::Refusal;
use crate::domain::clock::Ms;
use serde_json::json;

/// One part of a multipart body.
#[derive(Debug, Default, PartialEq, Eq)]
struct Part<'a> {
    name: String,
    file_name: Option<String>,
    bytes: &'a [u8],
}

/// Takes a file; the answer names its id.
///
/// # Errors
/// 401, 429, 415 for another content type, 400 for missing parts, an unknown type, an empty or a too large file.
pub(super) fn upload(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    envelope::partner_app(state, call, app_id, PartnerLimit::Ordinary, now)?;
    let boundary = boundary(call).ok_or_else(|| Refusal::new(415, "Unsupported Media Type"))?;
    let parts = parts(&call.body, &boundary);
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let file = part("file").filter(|file| file.file_name.is_some()).ok_or_else(|| Refusal::bad("Missing parameter: file"))?;
    let mime = part("file_type").map(|part| String::from_utf8_lossy(part.bytes).into_owned()).unwrap_or_default();
    let kind = kind_of(&mime).ok_or_else(|| Refusal::bad("Invalid file_type"))?;
    if file.bytes.is_empty() || file.bytes.len() > wire::size_limit(kind) {
        return Err(Refusal::bad("Invalid Media Size"));
    }
    let id = new_uuid(now);
    if let Some(app) = state.apps.iter_mut().find(|app| app.app_id == app_id) {
        app.uploads.insert(id.clone(), kind.to_owned());
    }
    Ok(Answer::json(200, &json!({"status": "success", "mediaId": id})))
}

fn kind_of(mime: &str) -> Option<&'static str> {
    ["image", "video", "audio", "sticker"].into_iter().find(|kind| wire::plausible(kind, mime)).or_else(|| {
        let document = mime.starts_with("application/") || mime == "text/plain";
        document.then_some("document")
    })
}

fn boundary(call: &Call) -> Option<String> {
    let kind = call.header("content-type");
    let rest = kind.strip_prefix("multipart/form-data")?;
    let (_, boundary) = rest.split_once("boundary=")?;
    Some(boundary.trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Part<'a>> {
    let mark = format!("--{boundary}");
    let mut found = Vec::new();
    let mut rest = after(body, mark.as_bytes()).unwrap_or_default();
    // Each round stands behind a mark; the last mark is followed by two dashes.
    while let Some(inside) = rest.strip_prefix(b"\r\n") {
        let Some(end) = position(inside, format!("\r\n{mark}").as_bytes()) else { break };
        let (part, next) = inside.split_at_checked(end).unwrap_or((inside, &[]));
        found.extend(read(part));
        rest = after(next, mark.as_bytes()).unwrap_or_default();
    }
    found
}

fn read(part: &[u8]) -> Option<Part<'_>> {
    let at = position(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(part.get(..at)?).into_owned();
    let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let value =
        |key: &str| disposition.split(';').find_map(|item| item.trim().strip_prefix(key)).map(|value| value.trim_matches('"').to_owned());
    Some(Part {
        name: value("name=")?,
        file_name: value("filename=").or_else(|| value("filename*=")),
        bytes: part.get(at.saturating_add(4)..)?,
    })
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn after<'a>(haystack: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    haystack.get(position(haystack, needle)?.saturating_add(needle.len())..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_bytes_and_line_ends() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"file_type\"\r\n\r\nimage/png\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n\x01\r\n--b--\r\n";
        let found = parts(body, "b");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].bytes), ("file_type", b"image/png".as_slice()));
        assert_eq!((found[1].file_name.as_deref(), found[1].bytes), (Some("a.png"), b"\x00\r\n\x01".as_slice()));
        assert!(parts(b"--other\r\n", "b").is_empty());
    }
}
