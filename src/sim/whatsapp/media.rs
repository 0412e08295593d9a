//! Files of inbound messages: the network keeps their bytes and serves them, as the provider's file host does.

use super::server::{Answer, Call};
use super::state::{Shared, State};
use base64::Engine as _;
use bytes::Bytes;
use serde_json::json;

/// A file a person sent.
#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    /// MIME type.
    pub(super) mime: String,
    /// Name told to the business.
    pub(super) name: Option<String>,
    /// Bytes.
    pub(super) bytes: Bytes,
}

/// A transparent pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// Bytes that begin as a file of that kind does.
pub(super) fn sample(media: &str, name: Option<&str>) -> StoredFile {
    let (mime, bytes) = match media {
        "image" => ("image/png", base64::engine::general_purpose::STANDARD.decode(PNG).unwrap_or_default()),
        "video" => ("video/mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom".to_vec()),
        "audio" => ("audio/ogg", b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00OpusHead".to_vec()),
        "sticker" => {
            ("image/webp", b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00".to_vec())
        }
        _ => ("application/pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec()),
    };
    StoredFile { mime: mime.to_owned(), name: name.map(str::to_owned), bytes: Bytes::from(bytes) }
}

/// Keeps the file of an inbound message; returns its address and type.
pub(super) fn publish(state: &mut State, wamid: &str, file: StoredFile) -> (String, String) {
    let id = hex::encode(wamid.as_bytes());
    let mime = file.mime.clone();
    state.files.insert(id.clone(), file);
    (format!("{}/files/{id}", state.base), mime)
}

/// Serves `/files/{id}`.
pub(super) fn serve(shared: &Shared, call: &Call) -> Answer {
    answer(&shared.lock(), call.path.rsplit('/').next().unwrap_or_default())
}

/// The bytes of a file.
pub(super) fn answer(state: &State, id: &str) -> Answer {
    match state.files.get(id) {
        None => Answer::json(404, &json!({"status": "error", "message": "File not found"})),
        Some(file) => {
            let name = file.name.clone().unwrap_or_else(|| "file".to_owned());
            let disposition =
                format!("attachment; filename*=UTF-8''{}", form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>());
            let headers = vec![("Content-Disposition".to_owned(), disposition)];
            Answer { status: 200, headers, content_type: file.mime.clone(), body: file.bytes.clone() }
        }
    }
}
