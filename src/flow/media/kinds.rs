//! What each kind of file may be (reference/whatsapp.md 5.6), and names for files that have none.

use crate::domain::content::MediaKind;

const KB: u64 = 1024;
const MB: u64 = 1024 * KB;

/// Types and size of a kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Most bytes.
    pub(super) bytes: u64,
    mimes: &'static [&'static str],
}

/// The limit of a kind.
pub(super) fn limit(kind: MediaKind) -> Limit {
    match kind {
        MediaKind::Image => Limit { bytes: 5 * MB, mimes: &["image/jpeg", "image/png"] },
        MediaKind::Video => Limit { bytes: 16 * MB, mimes: &["video/mp4", "video/3gpp"] },
        MediaKind::Gif => Limit { bytes: 16 * MB, mimes: &["video/mp4"] },
        MediaKind::Audio => Limit { bytes: 16 * MB, mimes: &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"] },
        MediaKind::Voice => Limit { bytes: 16 * MB, mimes: &["audio/ogg"] },
        MediaKind::Document => Limit { bytes: 100 * MB, mimes: &[] },
        // An animated one; a still one may have 100 KB.
        MediaKind::Sticker => Limit { bytes: 500 * KB, mimes: &["image/webp"] },
    }
}

impl Limit {
    /// Whether the kind takes the type. A document may be anything known but a web page, which is a login form more often than a file.
    pub(super) fn takes(&self, mime: &str) -> bool {
        if self.mimes.is_empty() { mime != "text/html" } else { self.mimes.contains(&mime) }
    }
}

/// A name for people: the told one, else the last part of the address, else one made of the type.
pub(super) fn file_name(told: Option<&str>, url: &str, mime: Option<&str>) -> String {
    let from_url = || {
        let url = url::Url::parse(url).ok()?;
        let last = url.path_segments()?.next_back()?.to_owned();
        let decoded = form_urlencoded::parse(last.replace('+', "%2B").as_bytes()).next()?.0.into_owned();
        (decoded.contains('.') && !decoded.contains(['/', '\\']) && !decoded.chars().any(char::is_control)).then_some(decoded)
    };
    let named = told.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).or_else(from_url);
    let name = named.unwrap_or_else(|| format!("file.{}", extension(mime.unwrap_or_default())));
    name.chars().take(240).collect()
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "application/zip" => "zip",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_always_has_a_name() {
        assert_eq!(file_name(Some("Акт.pdf"), "https://x/y", None), "Акт.pdf");
        assert_eq!(file_name(None, "https://x/a/%D0%90%D0%BA%D1%82%201+2.pdf?t=1", None), "Акт 1+2.pdf");
        assert_eq!(file_name(Some(" "), "https://x/rest/download", Some("image/png")), "file.png");
        assert_eq!(file_name(None, "https://x/..%2F..%2Fpasswd.txt", Some("text/plain")), "file.txt");
    }
}
